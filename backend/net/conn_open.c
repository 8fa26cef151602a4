/* conn_open.c - the race to a connected socket (RFC 8305 section 5): an address gets a quarter of a second before the
 * next one is tried beside it, at once when it is refused; the first that answers wins. So a bad IPv6 path costs 250
 * ms, not minutes. */
#include "backend/net/conn_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend/net/dns.h"
#include "base/auto.h"
#include "base/clock.h"

enum { HEAD_START_MS = 250 }; /* RFC 8305 section 8: Connection Attempt Delay */

struct race {
    const struct sp_net_address *addresses;
    size_t n, begun, running;
    int64_t next_start; /* when the next address may be tried beside the others */
    struct pollfd runners[SP_DNS_ADDRESSES_MAX];
    enum sp_trouble trouble; /* the most telling so far, with its address and errno */
    size_t troubled;
    int why;
};

static void
peer_text(const struct sp_net_address *address, char ip[INET6_ADDRSTRLEN], int *ret_port)
{
    ip[0] = '\0';
    *ret_port = 0;
    if (address->sock.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)&address->sock;
        inet_ntop(AF_INET, &v4->sin_addr, ip, INET6_ADDRSTRLEN);
        *ret_port = ntohs(v4->sin_port);
    } else if (address->sock.ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)&address->sock;
        inet_ntop(AF_INET6, &v6->sin6_addr, ip, INET6_ADDRSTRLEN);
        *ret_port = ntohs(v6->sin6_port);
    }
}

static enum sp_trouble
trouble_of(int why)
{
    switch (why) {
    case ECONNREFUSED:
    case ECONNRESET:
        return SP_TROUBLE_REFUSED;
    case ETIMEDOUT:
        return SP_TROUBLE_TIMEOUT;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT: /* a kernel without IPv6 */
    case EACCES:       /* a firewall of this machine */
    case EPERM:
        return SP_TROUBLE_UNREACHABLE;
    default: /* any errno: descriptors, memory */
        return SP_TROUBLE_LOCAL;
    }
}

/* An IPv6 address without a route says little when the IPv4 one was refused, or silent. */
static int
telling(enum sp_trouble trouble)
{
    return trouble == SP_TROUBLE_REFUSED       ? 4
           : trouble == SP_TROUBLE_TIMEOUT     ? 3
           : trouble == SP_TROUBLE_UNREACHABLE ? 2
           : trouble == SP_TROUBLE_LOCAL       ? 1
                                               : 0;
}

static void
lost(struct race *race, size_t index, int why)
{
    enum sp_trouble trouble = trouble_of(why);
    if (telling(trouble) < telling(race->trouble))
        return;
    race->trouble = trouble;
    race->troubled = index;
    race->why = why;
}

static void
drop(struct race *race, size_t index, int why)
{
    close(race->runners[index].fd);
    race->runners[index].fd = -1;
    race->running--;
    lost(race, index, why);
}

static void
start(struct race *race)
{
    size_t index = race->begun++;
    const struct sp_net_address *address = &race->addresses[index];
    struct pollfd *runner = &race->runners[index];
    *runner = (struct pollfd){ .events = POLLOUT };
    runner->fd = socket(address->sock.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (runner->fd < 0) {
        lost(race, index, errno);
        return;
    }
    race->running++;
    if (connect(runner->fd, (const struct sockaddr *)&address->sock, address->size) != 0 && errno != EINPROGRESS)
        drop(race, index, errno);
}

/* The number of an address that answered, or -1. */
static int
look(struct race *race)
{
    for (size_t i = 0; i < race->begun; i++) {
        if (race->runners[i].fd < 0 || race->runners[i].revents == 0)
            continue;
        int why = 0;
        socklen_t size = sizeof why;
        if (getsockopt(race->runners[i].fd, SOL_SOCKET, SO_ERROR, &why, &size) != 0)
            why = errno;
        if (why == 0)
            return (int)i;
        drop(race, i, why);
    }
    return -1;
}

static void
start_those_due(struct race *race, const struct sp_clock *clock)
{
    while (race->begun < race->n && (race->running == 0 || sp_ms_left(clock, race->next_start) == 0)) {
        start(race);
        race->next_start = sp_mono_ms(clock) + HEAD_START_MS;
    }
}

/* Runs until one has answered (its number), all have failed, or the time has passed (-1). */
static int
run(struct race *race, const struct sp_clock *clock, int64_t deadline)
{
    for (;;) {
        start_those_due(race, clock);
        if (race->running == 0)
            return -1;
        bool more = race->begun < race->n && race->next_start < deadline;
        int ready = poll(race->runners, race->begun, sp_ms_left(clock, more ? race->next_start : deadline));
        if (ready == 0 && !more) {
            lost(race, race->begun - 1, ETIMEDOUT);
            return -1;
        }
        if (ready == 0)
            race->next_start = sp_mono_ms(clock);
        int winner = ready > 0 ? look(race) : -1;
        if (winner >= 0)
            return winner;
    }
}

static enum sp_trouble
explain(const struct race *race, struct sp_err *err)
{
    if (race->n == 0) {
        sp_fail(err, SP_E_INVALID, "there is no address to connect to");
        return SP_TROUBLE_LOCAL;
    }
    char ip[INET6_ADDRSTRLEN];
    int port = 0;
    peer_text(&race->addresses[race->troubled], ip, &port);
    sp_fail(err, race->trouble == SP_TROUBLE_TIMEOUT ? SP_E_TIMEOUT : SP_E_IO, "cannot connect to %s port %d: %s", ip,
            port, strerror(race->why));
    return race->trouble;
}

enum sp_trouble
sp_conn_open(const struct sp_net_address *addresses, size_t n, const struct sp_clock *clock, int64_t deadline,
             struct sp_conn **ret, struct sp_err *err)
{
    struct race race = { .addresses = addresses, .n = n < SP_DNS_ADDRESSES_MAX ? n : SP_DNS_ADDRESSES_MAX };
    int winner = run(&race, clock, deadline);
    SP_AUTO_CLOSE int fd = winner >= 0 ? race.runners[winner].fd : -1;
    for (size_t i = 0; i < race.begun; i++)
        if ((int)i != winner && race.runners[i].fd >= 0)
            close(race.runners[i].fd);
    if (winner < 0)
        return explain(&race, err);
    *ret = sp_conn_adopt(sp_steal_fd(&fd), clock);
    if (*ret != NULL)
        return SP_TROUBLE_NONE;
    sp_fail(err, SP_E_NOMEM, "out of memory");
    return SP_TROUBLE_LOCAL;
}

struct sp_conn *
sp_conn_adopt(int fd, const struct sp_clock *clock)
{
    struct sp_conn *conn = calloc(1, sizeof *conn);
    if (conn == NULL) {
        close(fd);
        return NULL;
    }
    conn->fd = fd;
    conn->clock = clock;
    /* Neither can fail on a socket in a way that matters: a socketpair has no Nagle, an open one takes flags. */
    int yes = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    struct sp_net_address peer = { .size = sizeof peer.sock };
    if (getpeername(fd, (struct sockaddr *)&peer.sock, &peer.size) == 0)
        peer_text(&peer, conn->ip, &conn->port);
    return conn;
}
