/* inject.c - hands the same mail to an SMTP server many times over a few kept connections, as fast as it takes them.
 *
 *   bench-inject PORT CONNECTIONS COUNT MAIL FROM TO
 *
 * MAIL is a file with CRLF line ends and no line that begins with a dot. MAIL, RCPT and DATA go in one flight, the body
 * and its end in one write. Ends when every one was taken. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 64, LINE_SIZE = 1024 };

struct work {
    uint16_t port;
    int left; /* mails to be begun; atomic */
    char *mail;
    size_t mail_size; /* with the final dot */
    const char *from, *to;
};

static void
die(const char *what)
{
    perror(what);
    exit(1);
}

static void
put(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n <= 0)
            die("write");
        bytes += n;
        size -= (size_t)n;
    }
}

/* One reply, of however many lines; it begins with `wanted`. */
static void
expect(FILE *from, char wanted)
{
    char line[LINE_SIZE];
    do {
        if (fgets(line, sizeof line, from) == NULL)
            die("the server left");
    } while (line[3] == '-');
    if (line[0] == wanted)
        return;
    fprintf(stderr, "refused: %s", line);
    exit(1);
}

static int
connect_to(uint16_t port)
{
    const struct sockaddr_in there = { .sin_family = AF_INET,
                                       .sin_port = htons(port),
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&there, sizeof there) != 0)
        die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    return fd;
}

static void *
hand_in(void *context)
{
    struct work *work = context;
    char envelope[LINE_SIZE];
    int fd = connect_to(work->port);
    FILE *replies = fdopen(dup(fd), "r");
    if (replies == NULL)
        die("fdopen");
    expect(replies, '2');
    put(fd, "EHLO bench\r\n", 12);
    expect(replies, '2');
    int len = snprintf(envelope, sizeof envelope, "MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n", work->from, work->to);
    while (__atomic_fetch_sub(&work->left, 1, __ATOMIC_RELAXED) > 0) {
        put(fd, envelope, (size_t)len);
        expect(replies, '2');
        expect(replies, '2');
        expect(replies, '3');
        put(fd, work->mail, work->mail_size);
        expect(replies, '2');
    }
    put(fd, "QUIT\r\n", 6);
    expect(replies, '2');
    fclose(replies);
    close(fd);
    return NULL;
}

static void
load_mail(struct work *work, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        die(path);
    work->mail_size = (size_t)st.st_size + 3;
    work->mail = malloc(work->mail_size);
    if (work->mail == NULL || read(fd, work->mail, (size_t)st.st_size) != st.st_size)
        die(path);
    memcpy(work->mail + st.st_size, ".\r\n", 3);
    close(fd);
}

int
main(int argc, char **argv)
{
    pthread_t threads[CONNECTIONS_MAX];
    if (argc != 7)
        return 2;
    struct work work = { .port = (uint16_t)atoi(argv[1]), .left = atoi(argv[3]), .from = argv[5], .to = argv[6] };
    int n = atoi(argv[2]);
    load_mail(&work, argv[4]);
    if (n < 1 || n > CONNECTIONS_MAX)
        return 2;
    for (int i = 0; i < n; i++)
        if (pthread_create(&threads[i], NULL, hand_in, &work) != 0)
            die("thread");
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    free(work.mail);
    return 0;
}
