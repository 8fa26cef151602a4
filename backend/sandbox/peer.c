#include "backend/sandbox/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

enum {
    BUFFER_SIZE = 65536,
    IDLE_MS = 300 * 1000, /* Exchange's ConnectionInactivityTimeout */
    HANDSHAKE_MS = 60 * 1000,
    OUT_MAX = 65536, /* said and not yet sent: a client that never reads must not fill the memory */
};

struct sp_box_peer {
    int fd, stop_fd;
    SSL *tls;
    size_t start, end; /* of what was read and not taken */
    struct sp_str out;
    char buffer[BUFFER_SIZE];
};

struct sp_box_peer *
sp_box_peer_new(int fd, int stop_fd)
{
    struct sp_box_peer *peer = calloc(1, sizeof(*peer));
    if (peer == NULL || fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        close(fd);
        free(peer);
        return NULL;
    }
    peer->fd = fd;
    peer->stop_fd = stop_fd;
    return peer;
}

void
sp_box_peer_free(struct sp_box_peer **peer, bool politely)
{
    struct sp_box_peer *p = *peer;
    *peer = NULL;
    if (p == NULL)
        return;
    if (politely && p->tls != NULL)
        (void)SSL_shutdown(p->tls);
    SSL_free(p->tls);
    close(p->fd);
    sp_str_free(&p->out);
    free(p);
}

/* Waits for the socket. false: the time is over, or the sandbox stops. */
static bool
wait_for(const struct sp_box_peer *peer, short events, int64_t deadline)
{
    struct pollfd fds[] = { { .fd = peer->fd, .events = events }, { .fd = peer->stop_fd, .events = POLLIN } };
    int n;
    do
        n = poll(fds, 2, sp_ms_left(&sp_clock_system, deadline));
    while (n < 0 && errno == EINTR);
    return n > 0 && fds[1].revents == 0;
}

/* What OpenSSL wants before it goes on; 0: it failed. */
static short
tls_wants(SSL *tls, int result)
{
    int want = SSL_get_error(tls, result);
    if (want == SSL_ERROR_WANT_READ)
        return POLLIN;
    return want == SSL_ERROR_WANT_WRITE ? POLLOUT : 0;
}

/* One try to move bytes. > 0: how many; 0: wait for *events first; -1: the client is gone. */
static ssize_t
try_read(struct sp_box_peer *peer, void *bytes, size_t size, short *events)
{
    if (peer->tls != NULL) {
        ERR_clear_error();
        int n = SSL_read(peer->tls, bytes, (int)size);
        if (n > 0)
            return n;
        *events = tls_wants(peer->tls, n);
        return *events == 0 ? -1 : 0;
    }
    ssize_t n = recv(peer->fd, bytes, size, 0);
    *events = POLLIN;
    if (n > 0)
        return n;
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static ssize_t
try_write(struct sp_box_peer *peer, const void *bytes, size_t size, short *events)
{
    if (peer->tls != NULL) {
        ERR_clear_error();
        int n = SSL_write(peer->tls, bytes, (int)size);
        if (n > 0)
            return n;
        *events = tls_wants(peer->tls, n);
        return *events == 0 ? -1 : 0;
    }
    ssize_t n = send(peer->fd, bytes, size, MSG_NOSIGNAL);
    *events = POLLOUT;
    if (n > 0)
        return n;
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

bool
sp_box_peer_flush(struct sp_box_peer *peer)
{
    int64_t deadline = sp_mono_ms(&sp_clock_system) + IDLE_MS;
    size_t sent = 0;
    while (sent < peer->out.len) {
        short events = 0;
        ssize_t n = try_write(peer, peer->out.text + sent, peer->out.len - sent, &events);
        if (n < 0 || (n == 0 && !wait_for(peer, events, deadline)))
            return false;
        sent += (size_t)n;
    }
    sp_str_cut(&peer->out, 0);
    return true;
}

bool
sp_box_peer_say(struct sp_box_peer *peer, const void *bytes, size_t size)
{
    sp_str_add_n(&peer->out, bytes, size);
    if (peer->out.failed)
        return false;
    return peer->out.len < OUT_MAX || sp_box_peer_flush(peer);
}

/* Reads more behind what is there. */
static bool
fill(struct sp_box_peer *peer)
{
    int64_t deadline = sp_mono_ms(&sp_clock_system) + IDLE_MS;
    if (peer->start > 0) {
        memmove(peer->buffer, peer->buffer + peer->start, peer->end - peer->start);
        peer->end -= peer->start;
        peer->start = 0;
    }
    for (;;) {
        short events = 0;
        ssize_t n = try_read(peer, peer->buffer + peer->end, BUFFER_SIZE - peer->end, &events);
        if (n < 0)
            return false;
        if (n > 0) {
            peer->end += (size_t)n;
            return true;
        }
        if (!sp_box_peer_flush(peer) || !wait_for(peer, events, deadline))
            return false;
    }
}

bool
sp_box_peer_view(struct sp_box_peer *peer, const char **ret, size_t *ret_size)
{
    if (peer->start == peer->end && !fill(peer))
        return false;
    *ret = peer->buffer + peer->start;
    *ret_size = peer->end - peer->start;
    return true;
}

void
sp_box_peer_take(struct sp_box_peer *peer, size_t size)
{
    peer->start += size;
}

/* Moves a line of len bytes and its '\n' out of the buffer. */
static enum sp_box_line
take_line(struct sp_box_peer *peer, size_t len, char *line)
{
    const char *from = peer->buffer + peer->start;
    peer->start += len + 1;
    if (len > 0 && from[len - 1] == '\r')
        len--;
    if (len >= SP_BOX_LINE_MAX)
        return SP_BOX_LINE_TOO_LONG;
    memcpy(line, from, len);
    line[len] = '\0';
    return SP_BOX_LINE;
}

enum sp_box_line
sp_box_peer_line(struct sp_box_peer *peer, char line[SP_BOX_LINE_MAX])
{
    bool too_long = false;
    for (;;) {
        size_t size = peer->end - peer->start;
        const char *from = peer->buffer + peer->start, *end = memchr(from, '\n', size);
        if (end != NULL) {
            enum sp_box_line got = take_line(peer, (size_t)(end - from), line);
            return too_long ? SP_BOX_LINE_TOO_LONG : got;
        }
        if (size > SP_BOX_LINE_MAX) {
            too_long = true;
            peer->start = peer->end;
        }
        if (!fill(peer))
            return SP_BOX_GONE;
    }
}

bool
sp_box_peer_starttls(struct sp_box_peer *peer, SSL_CTX *context)
{
    int64_t deadline = sp_mono_ms(&sp_clock_system) + HANDSHAKE_MS;
    peer->start = peer->end = 0;
    SSL *tls = SSL_new(context);
    if (tls == NULL || SSL_set_fd(tls, peer->fd) != 1) {
        SSL_free(tls);
        return false;
    }
    peer->tls = tls;
    for (;;) {
        ERR_clear_error();
        int result = SSL_accept(tls);
        if (result == 1)
            return true;
        short events = tls_wants(tls, result);
        if (events == 0 || !wait_for(peer, events, deadline))
            return false;
    }
}

const char *
sp_box_peer_tls_version(const struct sp_box_peer *peer)
{
    return peer->tls != NULL ? SSL_get_version(peer->tls) : "";
}

const char *
sp_box_peer_cipher(const struct sp_box_peer *peer)
{
    return peer->tls != NULL ? SSL_get_cipher_name(peer->tls) : "";
}

bool
sp_box_peer_is(const struct sp_box_peer *peer, const char *name)
{
    X509 *shown = peer->tls != NULL ? SSL_get1_peer_certificate(peer->tls) : NULL;
    bool is =
        shown != NULL && SSL_get_verify_result(peer->tls) == X509_V_OK && X509_check_host(shown, name, 0, 0, NULL) == 1;
    X509_free(shown);
    return is;
}

void
sp_box_peer_hang(struct sp_box_peer *peer)
{
    struct pollfd fds[] = { { .fd = peer->fd, .events = POLLRDHUP }, { .fd = peer->stop_fd, .events = POLLIN } };
    while (poll(fds, 2, -1) < 0 && errno == EINTR) /* no deadline: hanging is what was asked for; stop_fd ends it */
        continue;
}

bool
sp_box_peer_sleep(struct sp_box_peer *peer, int ms)
{
    struct pollfd stop = { .fd = peer->stop_fd, .events = POLLIN };
    int64_t deadline = sp_mono_ms(&sp_clock_system) + ms;
    int n;
    do
        n = poll(&stop, 1, sp_ms_left(&sp_clock_system, deadline));
    while (n < 0 && errno == EINTR);
    return n == 0;
}
