/* sink.c - the other side of every measurement: an SMTP server with STARTTLS that takes everything as fast as it can
 * and keeps nothing.
 *
 *   bench-sink CERTIFICATE KEY COUNTERS
 *
 * Prints its port on 127.0.0.1, then serves until its standard input ends; a "d" there hangs up on everybody. COUNTERS
 * is a file that is mapped: four 64-bit numbers in the machine's order (messages, octets of bodies, turnarounds,
 * connections) and the moment of the last acceptance (CLOCK_MONOTONIC, ns). A turnaround is whenever the client had to
 * wait for an answer: answers left, and it was not in the middle of a body. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

enum { IN_SIZE = 256 * 1024, OUT_SIZE = 4096, LINE_SIZE = 2048, PEERS_MAX = 1024 };

struct counters {
    uint64_t messages, octets, turnarounds, connections, last_ns;
};

struct sink {
    SSL_CTX *tls;
    struct counters *counters;
    pthread_mutex_t lock; /* for what follows */
    int fds[PEERS_MAX];   /* of those who are here; -1: free */
};

struct peer {
    struct sink *sink;
    int fd;
    SSL *ssl;     /* NULL before STARTTLS */
    bool in_body; /* it talks on, whatever is answered */
    size_t at, end, n_out;
    char out[OUT_SIZE];
    char in[IN_SIZE];
};

/* --- octets --- */

static bool
flush_out(struct peer *p)
{
    size_t done = 0;
    while (done < p->n_out) {
        int left = (int)(p->n_out - done);
        ssize_t n = p->ssl != NULL ? SSL_write(p->ssl, p->out + done, left) : write(p->fd, p->out + done, (size_t)left);
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    if (p->n_out > 0 && !p->in_body)
        __atomic_add_fetch(&p->sink->counters->turnarounds, 1, __ATOMIC_RELAXED);
    p->n_out = 0;
    return true;
}

static void
say(struct peer *p, const char *text)
{
    size_t len = strlen(text);
    if (p->n_out + len > sizeof p->out && !flush_out(p))
        return;
    memcpy(p->out + p->n_out, text, len);
    p->n_out += len;
}

/* Answers leave only when there is nothing left to read, as pipelining wants it. */
static bool
fill(struct peer *p)
{
    if (p->at == p->end)
        p->at = p->end = 0;
    if (p->end == sizeof p->in) {
        memmove(p->in, p->in + p->at, p->end - p->at);
        p->end -= p->at;
        p->at = 0;
    }
    if (p->end == sizeof p->in || !flush_out(p))
        return false;
    int room = (int)(sizeof p->in - p->end);
    ssize_t n = p->ssl != NULL ? SSL_read(p->ssl, p->in + p->end, room) : read(p->fd, p->in + p->end, (size_t)room);
    if (n <= 0)
        return false;
    p->end += (size_t)n;
    return true;
}

static bool
read_line(struct peer *p, char line[LINE_SIZE])
{
    for (;;) {
        const char *end = memchr(p->in + p->at, '\n', p->end - p->at);
        if (end != NULL) {
            size_t len = (size_t)(end - (p->in + p->at));
            snprintf(line, LINE_SIZE, "%.*s", (int)(len < LINE_SIZE ? len : LINE_SIZE - 1), p->in + p->at);
            line[strcspn(line, "\r")] = '\0';
            p->at += len + 1;
            return true;
        }
        if (!fill(p))
            return false;
    }
}

static bool
swallow(struct peer *p, uint64_t octets)
{
    p->in_body = true;
    while (octets > 0) {
        size_t there = p->end - p->at;
        size_t take = octets < there ? (size_t)octets : there;
        p->at += take;
        octets -= take;
        __atomic_add_fetch(&p->sink->counters->octets, take, __ATOMIC_RELAXED);
        if (octets > 0 && !fill(p))
            return false;
    }
    p->in_body = false;
    return true;
}

/* Until CRLF.CRLF; the body is never only a dot. */
static bool
swallow_data(struct peer *p)
{
    static const char end[] = "\r\n.\r\n";
    for (;;) {
        const char *found = memmem(p->in + p->at, p->end - p->at, end, 5);
        if (found != NULL)
            return swallow(p, (uint64_t)(found - (p->in + p->at)) + 5);
        size_t keep = p->end - p->at < 4 ? p->end - p->at : 4;
        if (!swallow(p, p->end - p->at - keep) || !fill(p))
            return false;
    }
}

/* --- SMTP --- */

static void
accepted(struct peer *p)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    __atomic_store_n(&p->sink->counters->last_ns, (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
                     __ATOMIC_RELAXED);
    __atomic_add_fetch(&p->sink->counters->messages, 1, __ATOMIC_RELEASE);
    say(p, "250 2.0.0 taken\r\n");
}

static bool
start_tls(struct peer *p)
{
    say(p, "220 2.0.0 go\r\n");
    if (!flush_out(p))
        return false;
    SSL *ssl = SSL_new(p->sink->tls);
    if (ssl == NULL)
        return false;
    p->at = p->end = 0;
    SSL_set_fd(ssl, p->fd);
    p->ssl = ssl;
    __atomic_add_fetch(&p->sink->counters->turnarounds, 1, __ATOMIC_RELAXED); /* TLS 1.3, with or without a session */
    return SSL_accept(ssl) == 1;
}

static bool
bdat(struct peer *p, const char *arguments)
{
    if (!swallow(p, strtoull(arguments, NULL, 10)))
        return false;
    if (strcasestr(arguments, "LAST") != NULL)
        accepted(p);
    else
        say(p, "250 2.0.0 more\r\n");
    return true;
}

static bool
data(struct peer *p)
{
    say(p, "354 go\r\n");
    if (!swallow_data(p))
        return false;
    accepted(p);
    return true;
}

static bool
is(const char *line, const char *verb)
{
    return strncasecmp(line, verb, strlen(verb)) == 0;
}

/* false: it is over. */
static bool
command(struct peer *p, const char *line)
{
    if (is(line, "BDAT "))
        return bdat(p, line + 5);
    if (is(line, "DATA"))
        return data(p);
    if (is(line, "STARTTLS"))
        return start_tls(p);
    if (is(line, "EHLO"))
        say(p, p->ssl != NULL ? "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 200000000\r\n"
                                "250-ENHANCEDSTATUSCODES\r\n250-BINARYMIME\r\n250 CHUNKING\r\n"
                              : "250-sink\r\n250-PIPELINING\r\n250-SIZE 200000000\r\n250 STARTTLS\r\n");
    else if (is(line, "QUIT"))
        return say(p, "221 2.0.0 bye\r\n"), (void)flush_out(p), false;
    else
        say(p, "250 2.1.0 fine\r\n");
    return true;
}

/* Puts `to` in the place of `from`. */
static void
swap_fd(struct sink *sink, int from, int to)
{
    pthread_mutex_lock(&sink->lock);
    for (size_t i = 0; i < PEERS_MAX; i++)
        if (sink->fds[i] == from) {
            sink->fds[i] = to;
            break;
        }
    pthread_mutex_unlock(&sink->lock);
}

static void *
serve(void *context)
{
    struct peer *p = context;
    char line[LINE_SIZE];
    say(p, "220 sink ESMTP\r\n");
    while (read_line(p, line) && command(p, line))
        ;
    if (p->ssl != NULL) {
        (void)SSL_shutdown(p->ssl);
        SSL_free(p->ssl);
    }
    swap_fd(p->sink, p->fd, -1);
    close(p->fd);
    free(p);
    return NULL;
}

/* --- start --- */

static void
die(const char *what)
{
    perror(what);
    exit(1);
}

static int
listen_somewhere(void)
{
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof any;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&any, len) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&any, &len) != 0)
        die("listen");
    printf("%u\n", ntohs(any.sin_port));
    fflush(stdout);
    return fd;
}

static void
take(struct sink *sink, int fd)
{
    pthread_t thread;
    struct peer *p = calloc(1, sizeof *p);
    if (p == NULL)
        die("memory");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    p->sink = sink;
    p->fd = fd;
    swap_fd(sink, -1, fd);
    __atomic_add_fetch(&sink->counters->connections, 1, __ATOMIC_RELAXED);
    if (pthread_create(&thread, NULL, serve, p) != 0)
        die("thread");
    pthread_detach(thread);
}

static void
hang_up(struct sink *sink)
{
    pthread_mutex_lock(&sink->lock);
    for (size_t i = 0; i < PEERS_MAX; i++)
        if (sink->fds[i] >= 0)
            shutdown(sink->fds[i], SHUT_RDWR);
    pthread_mutex_unlock(&sink->lock);
}

static void *
obey_stdin(void *context)
{
    char octet;
    while (read(STDIN_FILENO, &octet, 1) > 0)
        if (octet == 'd')
            hang_up(context);
    exit(0);
}

int
main(int argc, char **argv)
{
    struct sink sink = { .tls = SSL_CTX_new(TLS_server_method()), .lock = PTHREAD_MUTEX_INITIALIZER };
    pthread_t watcher;
    if (argc != 4)
        return 2;
    if (sink.tls == NULL || SSL_CTX_use_certificate_chain_file(sink.tls, argv[1]) != 1 ||
        SSL_CTX_use_PrivateKey_file(sink.tls, argv[2], SSL_FILETYPE_PEM) != 1)
        die("certificate");
    int file = open(argv[3], O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0 || ftruncate(file, sizeof *sink.counters) != 0)
        die(argv[3]);
    sink.counters = mmap(NULL, sizeof *sink.counters, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (sink.counters == MAP_FAILED)
        die("mmap");
    signal(SIGPIPE, SIG_IGN); /* whoever hangs up while we answer ends his own connection only */
    memset(sink.fds, 0xff, sizeof sink.fds);
    int fd = listen_somewhere();
    if (pthread_create(&watcher, NULL, obey_stdin, &sink) != 0)
        die("thread");
    for (;;) {
        int peer = accept(fd, NULL, NULL);
        if (peer >= 0)
            take(&sink, peer);
    }
}
