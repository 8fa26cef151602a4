/* conn.c - lines in, bytes out, over a socket that never blocks.
 *
 * Whoever writes also reads: while the socket takes no more, what the peer says is taken in (up to the buffer). That
 * keeps two full pipes from waiting for each other (RFC 2920 section 3.1), and saves the "552 too large" that comes in
 * the middle of a body from being lost when the connection breaks next. */
#include "backend/net/conn_inside.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend/net/wait.h"
#include "base/secret.h"

static enum sp_io
plain_verdict(ssize_t result, size_t *ret, enum sp_io wants)
{
    if (result >= 0) {
        *ret = (size_t)result;
        return SP_IO_DONE;
    }
    if (errno == EAGAIN || errno == EINTR)
        return wants;
    return SP_IO_HUNG_UP;
}

static enum sp_io
read_some(struct sp_conn *conn, void *bytes, size_t room, size_t *ret_got)
{
    if (conn->ssl != NULL)
        return sp_conn_tls_read(conn, bytes, room, ret_got);
    enum sp_io io = plain_verdict(recv(conn->fd, bytes, room, 0), ret_got, SP_IO_WANTS_READ);
    return io == SP_IO_DONE && *ret_got == 0 ? SP_IO_HUNG_UP : io;
}

static enum sp_io
write_some(struct sp_conn *conn, const void *bytes, size_t size, size_t *ret_done)
{
    if (conn->ssl != NULL)
        return sp_conn_tls_write(conn, bytes, size, ret_done);
    return plain_verdict(send(conn->fd, bytes, size, MSG_NOSIGNAL), ret_done, SP_IO_WANTS_WRITE);
}

/* Takes in what is there without waiting, as far as there is room. Returns what would be needed for more. */
static enum sp_io
take_in(struct sp_conn *conn)
{
    if (conn->in_start > 0) {
        memmove(conn->in, conn->in + conn->in_start, conn->in_end - conn->in_start);
        conn->in_end -= conn->in_start;
        conn->in_start = 0;
    }
    enum sp_io io = SP_IO_DONE;
    while (!conn->hung_up && conn->in_end < IN_SIZE && io == SP_IO_DONE) {
        size_t got = 0;
        io = read_some(conn, conn->in + conn->in_end, IN_SIZE - conn->in_end, &got);
        conn->in_end += got;
        if (io == SP_IO_HUNG_UP || io == SP_IO_FAILED)
            conn->hung_up = true;
    }
    return io;
}

static enum sp_trouble
gone(struct sp_err *err)
{
    sp_fail(err, SP_E_CLOSED, "the connection was closed");
    return SP_TROUBLE_CLOSED;
}

static enum sp_trouble
wait_for(struct sp_conn *conn, short events, int64_t deadline, struct sp_err *err)
{
    switch (sp_net_wait(conn->fd, events, conn->clock, deadline)) {
    case SP_WAIT_READY:
        return SP_TROUBLE_NONE;
    case SP_WAIT_PASSED:
        sp_fail(err, SP_E_TIMEOUT, "no answer in time");
        return SP_TROUBLE_TIMEOUT;
    case SP_WAIT_FAILED:
        break;
    }
    sp_fail_errno(err, "cannot wait for the network");
    return SP_TROUBLE_LOCAL;
}

/* Cuts the first `len` bytes and their LF out of the buffer into conn->line. */
static enum sp_trouble
take_line(struct sp_conn *conn, size_t len, const char **ret, size_t *ret_len, struct sp_err *err)
{
    const char *start = conn->in + conn->in_start;
    conn->in_start += len + 1;
    if (len > 0 && start[len - 1] == '\r')
        len--;
    if (len > SP_CONN_LINE_MAX || memchr(start, '\0', len) != NULL) {
        sp_fail(err, SP_E_PROTO, "what came is not a line of text");
        return SP_TROUBLE_GARBAGE;
    }
    memcpy(conn->line, start, len);
    conn->line[len] = '\0';
    *ret = conn->line;
    *ret_len = len;
    return SP_TROUBLE_NONE;
}

enum sp_trouble
sp_conn_line(struct sp_conn *conn, int64_t deadline, const char **ret, size_t *ret_len, struct sp_err *err)
{
    for (;;) {
        const char *start = conn->in + conn->in_start;
        size_t have = conn->in_end - conn->in_start;
        const char *end = memchr(start, '\n', have);
        if (end != NULL)
            return take_line(conn, (size_t)(end - start), ret, ret_len, err);
        if (have > SP_CONN_LINE_MAX + 1) {
            sp_fail(err, SP_E_PROTO, "a line of more than %d bytes came", SP_CONN_LINE_MAX);
            return SP_TROUBLE_GARBAGE;
        }
        if (conn->hung_up)
            return gone(err);
        enum sp_io io = take_in(conn);
        if (conn->in_end > have || conn->hung_up)
            continue;
        enum sp_trouble trouble = wait_for(conn, io == SP_IO_WANTS_WRITE ? POLLOUT : POLLIN, deadline, err);
        if (trouble != SP_TROUBLE_NONE)
            return trouble;
    }
}

/* The socket takes no more for now: listen meanwhile, then wait for either direction. */
static enum sp_trouble
wait_to_write(struct sp_conn *conn, enum sp_io wants, int64_t deadline, struct sp_err *err)
{
    take_in(conn);
    bool listening = !conn->hung_up && conn->in_end < IN_SIZE;
    short events = wants == SP_IO_WANTS_WRITE ? POLLOUT : 0;
    if (listening || wants == SP_IO_WANTS_READ)
        events |= POLLIN;
    return wait_for(conn, events, deadline, err);
}

static enum sp_trouble
send_all(struct sp_conn *conn, const char *bytes, size_t size, int64_t deadline, struct sp_err *err)
{
    enum sp_trouble trouble = conn->broken ? gone(err) : SP_TROUBLE_NONE;
    while (size > 0 && trouble == SP_TROUBLE_NONE) {
        size_t done = 0;
        enum sp_io io = write_some(conn, bytes, size, &done);
        bytes += done;
        size -= done;
        if (io == SP_IO_WANTS_READ || io == SP_IO_WANTS_WRITE)
            trouble = wait_to_write(conn, io, deadline, err);
        else if (io != SP_IO_DONE)
            trouble = gone(err);
    }
    if (trouble != SP_TROUBLE_NONE) {
        conn->broken = true; /* half a command, or half a TLS record, is on its way */
        take_in(conn);       /* the peer's last words */
    }
    return trouble;
}

enum sp_trouble
sp_conn_flush(struct sp_conn *conn, int64_t deadline, struct sp_err *err)
{
    size_t len = conn->out_len;
    conn->out_len = 0;
    enum sp_trouble trouble = send_all(conn, conn->out, len, deadline, err);
    sp_wipe(conn->out, len); /* passwords go through here */
    return trouble;
}

enum sp_trouble
sp_conn_write(struct sp_conn *conn, const void *bytes, size_t size, int64_t deadline, struct sp_err *err)
{
    if (size > OUT_SIZE - conn->out_len) {
        enum sp_trouble trouble = sp_conn_flush(conn, deadline, err);
        if (trouble != SP_TROUBLE_NONE)
            return trouble;
    }
    if (size > OUT_SIZE)
        return send_all(conn, bytes, size, deadline, err);
    if (conn->broken)
        return gone(err);
    memcpy(conn->out + conn->out_len, bytes, size);
    conn->out_len += size;
    return SP_TROUBLE_NONE;
}

bool
sp_conn_readable(struct sp_conn *conn)
{
    /* Asking the socket alone would not do: a TLS 1.3 ticket makes it readable and says nothing. */
    take_in(conn);
    return sp_conn_pending(conn) || conn->hung_up;
}

bool
sp_conn_pending(const struct sp_conn *conn)
{
    return conn->in_end > conn->in_start;
}

void
sp_conn_close(struct sp_conn **conn)
{
    struct sp_conn *c = *conn;
    *conn = NULL;
    if (c == NULL)
        return;
    sp_conn_tls_end(c);
    close(c->fd);
    sp_wipe(c->out, c->out_len);
    free(c);
}

const char *
sp_conn_peer_ip(const struct sp_conn *conn)
{
    return conn->ip;
}

int
sp_conn_peer_port(const struct sp_conn *conn)
{
    return conn->port;
}

const char *
sp_conn_tls_version(const struct sp_conn *conn)
{
    return conn->tls_version;
}

bool
sp_conn_tls_resumed(const struct sp_conn *conn)
{
    return conn->resumed;
}

const char *
sp_conn_tls_issuer(const struct sp_conn *conn)
{
    return conn->issuer;
}
