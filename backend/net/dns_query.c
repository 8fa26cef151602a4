/* dns_query.c - a question over UDP, again over TCP when the answer was cut (RFC 1035 section 4.2, RFC 7766).
 *
 * libresolv makes the question and takes the answer apart, but does not send: its own sending counts whole seconds,
 * knows no deadline, and takes no port for an IPv6 server. A connected UDP socket with a port of the kernel's choice
 * and a random id is what a stub resolver has against forged answers. */
#include "backend/net/dns_query.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <poll.h>
#include <resolv.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend/net/wait.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/digest.h"

/* The first wait for a server's answer; it doubles with each round. */
enum { PATIENCE_MS = 1000, ROUNDS_MAX = 6 };

struct question {
    const struct sp_clock *clock;
    int64_t deadline;
    unsigned char query[NS_PACKETSZ];
    size_t query_size;
    unsigned char *reply;
    size_t reply_size;
};

enum sp_rc
sp_dns_system_servers(struct sp_dns_servers *ret, struct sp_err *err)
{
    struct __res_state state = { 0 };
    if (res_ninit(&state) != 0)
        return sp_fail(err, SP_E_IO, "dns: cannot read the system's resolver configuration");
    *ret = (struct sp_dns_servers){ 0 };
    for (int i = 0; i < state.nscount && ret->n < SP_DNS_SERVERS_MAX; i++) {
        struct sp_net_address *server = &ret->list[ret->n];
        const struct sockaddr_in6 *v6 = state._u._ext.nsaddrs[i];
        if (state.nsaddr_list[i].sin_family == AF_INET) {
            memcpy(&server->sock, &state.nsaddr_list[i], sizeof state.nsaddr_list[i]);
            server->size = sizeof(struct sockaddr_in);
            ret->n++;
        } else if (v6 != NULL && v6->sin6_family == AF_INET6) {
            memcpy(&server->sock, v6, sizeof *v6);
            server->size = sizeof *v6;
            ret->n++;
        }
    }
    res_nclose(&state);
    return ret->n > 0 ? SP_OK : sp_fail(err, SP_E_IO, "dns: the system has no name server configured");
}

static enum sp_rc
make_query(struct question *q, const char *name, enum sp_dns_type type, struct sp_err *err)
{
    struct __res_state state = { 0 };
    if (res_ninit(&state) != 0)
        return sp_fail(err, SP_E_IO, "dns: cannot read the system's resolver configuration");
    state.options |= RES_RECURSE;
    int size = res_nmkquery(&state, ns_o_query, name, ns_c_in, (int)type, NULL, 0, NULL, q->query, sizeof q->query);
    res_nclose(&state);
    if (size < NS_HFIXEDSZ)
        return sp_fail(err, SP_E_INVALID, "dns: '%s' cannot be a name", name);
    q->query_size = (size_t)size;
    sp_random_bytes(q->query, 2); /* the id; the library's comes from the clock */
    return SP_OK;
}

static int
open_socket(const struct sp_net_address *server, int type)
{
    int fd = socket(server->sock.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (const struct sockaddr *)&server->sock, server->size) == 0 || errno == EINPROGRESS)
        return fd;
    close(fd);
    return -1;
}

/* Waits for a datagram that answers; others are passed over. */
static enum sp_rc
hear_datagram(struct question *q, int fd, int64_t until)
{
    for (;;) {
        ssize_t got = recv(fd, q->reply, SP_DNS_ANSWER_MAX, 0);
        if (got > 0 && sp_dns_answers(q->reply, (size_t)got, q->query, q->query_size)) {
            q->reply_size = (size_t)got;
            return SP_OK;
        }
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return SP_E_IO; /* ECONNREFUSED: nobody listens there */
        if (got < 0 && sp_net_wait(fd, POLLIN, q->clock, until) != SP_WAIT_READY)
            return SP_E_TIMEOUT;
        if (sp_ms_left(q->clock, until) == 0)
            return SP_E_TIMEOUT; /* a flood of wrong answers must not hold us */
    }
}

static enum sp_rc
tcp_send(const struct question *q, int fd)
{
    unsigned char frame[2 + NS_PACKETSZ] = { (unsigned char)(q->query_size >> 8), (unsigned char)q->query_size };
    memcpy(frame + 2, q->query, q->query_size);
    /* A few hundred bytes fit any fresh socket's buffer. */
    ssize_t sent = send(fd, frame, q->query_size + 2, MSG_NOSIGNAL);
    return sent == (ssize_t)(q->query_size + 2) ? SP_OK : SP_E_IO;
}

static enum sp_rc
tcp_read(const struct question *q, int fd, unsigned char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t got = recv(fd, bytes, size, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            return SP_E_IO;
        if (got < 0 && sp_net_wait(fd, POLLIN, q->clock, q->deadline) != SP_WAIT_READY)
            return SP_E_TIMEOUT;
        if (got > 0) {
            bytes += got;
            size -= (size_t)got;
        }
    }
    return SP_OK;
}

static enum sp_rc
ask_by_tcp(struct question *q, const struct sp_net_address *server)
{
    SP_AUTO_CLOSE int fd = open_socket(server, SOCK_STREAM);
    if (fd < 0)
        return SP_E_IO;
    if (sp_net_wait(fd, POLLOUT, q->clock, q->deadline) != SP_WAIT_READY)
        return SP_E_TIMEOUT;
    enum sp_rc rc = tcp_send(q, fd);
    unsigned char frame[2] = { 0 };
    if (rc == SP_OK)
        rc = tcp_read(q, fd, frame, sizeof frame);
    size_t size = (size_t)(frame[0] << 8 | frame[1]);
    if (rc == SP_OK && size > SP_DNS_ANSWER_MAX)
        rc = SP_E_PROTO;
    if (rc == SP_OK)
        rc = tcp_read(q, fd, q->reply, size);
    if (rc == SP_OK && !sp_dns_answers(q->reply, size, q->query, q->query_size))
        rc = SP_E_PROTO;
    if (rc == SP_OK)
        q->reply_size = size;
    return rc;
}

static enum sp_rc
ask_one(struct question *q, const struct sp_net_address *server, int64_t until)
{
    SP_AUTO_CLOSE int fd = open_socket(server, SOCK_DGRAM);
    if (fd < 0 || send(fd, q->query, q->query_size, MSG_NOSIGNAL) < 0)
        return SP_E_IO;
    enum sp_rc rc = hear_datagram(q, fd, until);
    if (rc == SP_OK && (q->reply[2] & 0x02) != 0) /* TC: truncated */
        rc = ask_by_tcp(q, server);
    if (rc != SP_OK)
        return rc;
    int rcode = q->reply[3] & 0x0f;
    return rcode == ns_r_noerror || rcode == ns_r_nxdomain ? SP_OK : SP_E_BUSY; /* SERVFAIL and the like */
}

static enum sp_rc
no_answer(enum sp_rc last, const char *name, struct sp_err *err)
{
    if (last == SP_E_TIMEOUT)
        return sp_fail(err, SP_E_TIMEOUT, "dns: no answer in time for '%s'", name);
    if (last == SP_E_BUSY)
        return sp_fail(err, SP_E_IO, "dns: the name server could not find out about '%s'", name);
    if (last == SP_E_PROTO)
        return sp_fail(err, SP_E_PROTO, "dns: the name server's answer for '%s' makes no sense", name);
    return sp_fail(err, SP_E_IO, "dns: no name server can be reached to ask for '%s'", name);
}

/* One question to each server. Stops at the first answer; *heard tells whether anybody is worth another round. */
static enum sp_rc
ask_round(struct question *q, const struct sp_dns_servers *servers, int64_t patience, bool *heard)
{
    enum sp_rc last = SP_E_IO;
    *heard = false;
    for (size_t i = 0; i < servers->n; i++) {
        int64_t until = sp_mono_ms(q->clock) + patience;
        enum sp_rc rc = ask_one(q, &servers->list[i], until < q->deadline ? until : q->deadline);
        if (rc == SP_OK)
            return SP_OK;
        if (rc != SP_E_IO)
            last = rc;
        *heard = *heard || rc == SP_E_TIMEOUT;
    }
    return last;
}

enum sp_rc
sp_dns_ask(const struct sp_dns_servers *servers, const struct sp_clock *clock, int64_t deadline, const char *name,
           enum sp_dns_type type, unsigned char *reply, size_t *ret_size, struct sp_err *err)
{
    struct question q = { .clock = clock, .deadline = deadline };
    q.reply = reply;
    enum sp_rc rc = make_query(&q, name, type, err);
    if (rc != SP_OK)
        return rc;
    int64_t patience = PATIENCE_MS;
    bool again = true;
    for (int round = 0; round < ROUNDS_MAX && again; round++, patience *= 2) {
        rc = ask_round(&q, servers, patience, &again);
        if (rc == SP_OK) {
            *ret_size = q.reply_size;
            return SP_OK;
        }
        again = again && sp_ms_left(clock, deadline) > 0;
    }
    return no_answer(rc, name, err);
}
