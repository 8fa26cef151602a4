/* delay.c - a wire: passes TCP on, later, and not faster than it is told.
 *
 *   bench-delay PORT ONE_WAY_MS KILOBITS [slow]
 *
 * Prints its port on 127.0.0.1 and passes every connection on to PORT. Each direction takes ONE_WAY_MS, and KILOBITS a
 * second where that is not 0 (to PORT only). connect() succeeds at once, as on loopback, but the server's greeting
 * comes a whole round trip later, which is when it would come over a wire. With `slow` each direction begins as TCP
 * does (RFC 5681 section 3.1, RFC 6928): ten segments may be under way, and as many more as were acknowledged, for as
 * long as the connection lives. Serves until its standard input ends. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 16 * 1024, PIECES = 1024, FIRST_WINDOW = 10 * 1448 };

struct wire {
    uint16_t port;
    int64_t delay_ns;
    double ns_per_octet; /* 0: as fast as can be */
    bool slow_start;
};

/* A direction: pieces on their way, each with the moment at which it arrives. */
struct lane {
    int from, to;
    int64_t delay_ns;
    double ns_per_octet;
    int64_t free_at; /* when the wire has carried what was sent so far */
    size_t first, count;
    bool ended, slow_start;
    size_t window, under_way; /* octets, with slow start */
    size_t first_ack, acks;   /* of those under way */
    struct ack {
        int64_t at;
        size_t size;
    } ack[PIECES];
    struct piece {
        int64_t at;
        size_t size;
        char bytes[PIECE];
    } pieces[PIECES];
};

static int64_t
now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* How much may be sent now. */
static size_t
room_in(struct lane *lane, int64_t now)
{
    if (lane->count == PIECES || lane->ended)
        return 0;
    if (!lane->slow_start)
        return PIECE;
    for (; lane->acks > 0 && lane->ack[lane->first_ack].at <= now; lane->acks--) {
        lane->window += lane->ack[lane->first_ack].size;
        lane->under_way -= lane->ack[lane->first_ack].size;
        lane->first_ack = (lane->first_ack + 1) % PIECES;
    }
    size_t room = lane->acks < PIECES ? lane->window - lane->under_way : 0;
    return room < PIECE ? room : PIECE;
}

static void
expect_ack(struct lane *lane, const struct piece *piece)
{
    lane->ack[(lane->first_ack + lane->acks++) % PIECES] = (struct ack){ piece->at + lane->delay_ns, piece->size };
    lane->under_way += piece->size;
}

static void
take_piece(struct lane *lane, size_t room, int64_t now)
{
    struct piece *piece = &lane->pieces[(lane->first + lane->count) % PIECES];
    ssize_t n = recv(lane->from, piece->bytes, room, 0);
    if (n <= 0)
        lane->ended = true;
    piece->size = n > 0 ? (size_t)n : 0;
    if (lane->free_at < now)
        lane->free_at = now;
    lane->free_at += (int64_t)((double)piece->size * lane->ns_per_octet);
    piece->at = lane->free_at + lane->delay_ns;
    lane->count++;
    if (lane->slow_start)
        expect_ack(lane, piece);
}

static bool
pass_on(struct lane *lane)
{
    struct piece *piece = &lane->pieces[lane->first];
    lane->first = (lane->first + 1) % PIECES;
    lane->count--;
    if (piece->size == 0)
        return shutdown(lane->to, SHUT_WR), false;
    for (size_t done = 0; done < piece->size;) {
        ssize_t n = send(lane->to, piece->bytes + done, piece->size - done, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

static void *
run_lane(void *context)
{
    struct lane *lane = context;
    for (bool alive = true; alive;) {
        int64_t now = now_ns();
        if (lane->count > 0 && lane->pieces[lane->first].at <= now) {
            alive = pass_on(lane);
            continue;
        }
        size_t room = room_in(lane, now);
        int64_t wait = lane->count > 0 ? lane->pieces[lane->first].at - now : 3600000000000;
        if (room == 0 && lane->acks > 0 && lane->ack[lane->first_ack].at - now < wait)
            wait = lane->ack[lane->first_ack].at - now;
        const struct timespec limit = { wait / 1000000000, wait % 1000000000 };
        struct pollfd fd = { .fd = lane->from, .events = POLLIN };
        if (ppoll(&fd, room > 0 ? 1 : 0, &limit, NULL) > 0)
            take_piece(lane, room, now_ns());
    }
    return NULL;
}

static struct lane *
make_lane(const struct wire *wire, int from, int to, bool up)
{
    struct lane *lane = calloc(1, sizeof *lane);
    if (lane == NULL)
        exit(1);
    lane->from = from;
    lane->to = to;
    lane->delay_ns = wire->delay_ns;
    lane->ns_per_octet = up ? wire->ns_per_octet : 0;
    lane->free_at = now_ns();
    lane->slow_start = wire->slow_start;
    lane->window = FIRST_WINDOW;
    return lane;
}

struct pair {
    const struct wire *wire;
    int fd;
};

static void *
run_pair(void *context)
{
    struct pair *pair = context;
    pthread_t up_thread;
    const struct sockaddr_in there = { .sin_family = AF_INET,
                                       .sin_port = htons(pair->wire->port),
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&there, sizeof there) == 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
        setsockopt(pair->fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
        struct lane *up = make_lane(pair->wire, pair->fd, fd, true), *down = make_lane(pair->wire, fd, pair->fd, false);
        down->free_at += pair->wire->delay_ns; /* the greeting leaves when the client's SYN came, and travels as long */
        if (pthread_create(&up_thread, NULL, run_lane, up) == 0) {
            run_lane(down);
            shutdown(pair->fd, SHUT_RDWR);
            pthread_join(up_thread, NULL);
        }
        free(up);
        free(down);
    }
    if (fd >= 0)
        close(fd);
    close(pair->fd);
    free(pair);
    return NULL;
}

static int
listen_somewhere(void)
{
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof any;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&any, len) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&any, &len) != 0)
        exit(1);
    printf("%u\n", ntohs(any.sin_port));
    fflush(stdout);
    return fd;
}

static void *
end_with_stdin(void *context)
{
    char octet;
    (void)context;
    while (read(STDIN_FILENO, &octet, 1) > 0)
        ;
    exit(0);
}

int
main(int argc, char **argv)
{
    pthread_t thread;
    if (argc < 4 || argc > 5)
        return 2;
    const struct wire wire = {
        .port = (uint16_t)atoi(argv[1]),
        .delay_ns = (int64_t)atoi(argv[2]) * 1000000,
        .ns_per_octet = atoi(argv[3]) > 0 ? 8e6 / atoi(argv[3]) : 0,
        .slow_start = argc == 5,
    };
    signal(SIGPIPE, SIG_IGN); /* whoever hangs up while we answer ends his own connection only */
    int fd = listen_somewhere();
    if (pthread_create(&thread, NULL, end_with_stdin, NULL) != 0)
        return 1;
    for (;;) {
        struct pair *pair = malloc(sizeof *pair);
        if (pair == NULL)
            return 1;
        *pair = (struct pair){ &wire, accept(fd, NULL, NULL) };
        if (pair->fd < 0 || pthread_create(&thread, NULL, run_pair, pair) != 0)
            return 1;
        pthread_detach(thread);
    }
}
