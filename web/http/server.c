/* server.c - libmicrohttpd, and the only file that knows it.
 *
 * Threads: one for each listening descriptor, which libmicrohttpd runs (epoll; without a connection it waits without a
 * timeout, and connections add only the moment at which they will have been idle too long), and the workers of pool.c.
 *
 *   event loop    on_target -> on_request ... -> suspend ------------> on_request -> MHD_queue_response -> on_completed
 *   worker                                          `-> work -> resume -'
 *
 * An exchange belongs to the event loop, except between suspend and resume, when it belongs to the worker. While a
 * connection is suspended libmicrohttpd neither reads from it nor looks whether it is still there: what a client began
 * and a worker has in hand comes to its end in any case. MHD_stop_daemon may not see a suspended connection, so stop
 * waits for the workers first and lets nobody be suspended after that.
 *
 * A stream (stream.h) is an answer whose connection is suspended whenever there is nothing to send, and resumed by
 * whoever adds something. Locks are taken in this order: the server's, the stream's, libmicrohttpd's.
 *
 * A stop with time to spare also waits a moment for those who have connected and not asked yet: they would find the
 * connection closed, although a successor, or we, could have answered. Connections that were answered before are not
 * waited for: whoever reuses one has to expect its end (RFC 9112 section 9.3.1).
 *
 * Known limits: a request refused before a body of more than SP_DROP_MAX is answered at once and the connection
 * closed; a client that neither asks first (Expect: 100-continue) nor listens while it sends may see the reset and not
 * the answer. A document that an admin downloads is read from the page cache by the event loop (sendfile); answers that
 * libmicrohttpd gives itself to what is not HTTP are not problem+json.
 *
 * HSTS (RFC 6797) binds all services under this host's name to TLS, not only ours; so it is for a month, and renewed.
 */
#include "web/http/server.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"
#include "web/http/crowd.h"
#include "web/http/exchange.h"
#include "web/http/peer.h"
#include "web/http/pool.h"
#include "web/http/stream.h"

enum {
    HEADER_ROOM = 32 * 1024, /* a connection's memory in libmicrohttpd: its headers, then its read buffer */
    STACK_SIZE = 256 * 1024,
    LISTENERS_MAX = 16,
    CERTIFICATE_MAX = 256 * 1024,
    LEAVING_ROOM = 64, /* connections that were shown out and are not closed yet */
    /* How long a stop waits for the request of a new connection. */
    FIRST_REQUEST_MS = 2000,
    /* libmicrohttpd does not say when it has left accept(2) for good; a connection it has just taken shows up in this
     * time. */
    ACCEPT_MS = 50,
    STREAM_PIECE = 4 * 1024,
};

struct listener {
    struct sp_http_server *server;
    struct MHD_Daemon *daemon;
    int fd;
    bool local, tls;
    struct sp_crowd crowd;
};

struct live { /* a stream that is being sent */
    struct live *previous, *next;
    struct sp_http_server *server;
    struct MHD_Connection *connection;
    struct sp_stream *stream; /* a reference */
};

struct sp_http_server {
    struct sp_http_options options;
    struct sp_exchange_rules rules;
    struct sp_pool *pool;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned silent;    /* connections that have not asked for anything yet */
    unsigned calls;     /* requests under way */
    unsigned handed;    /* of them, with a worker */
    bool closing;       /* answers end their connections */
    bool hands_no_more; /* nobody is suspended any more */
    struct live *lives;
    size_t n_listeners;
    struct listener listeners[LISTENERS_MAX];
};

struct call { /* a request as libmicrohttpd knows it */
    struct sp_task task;
    struct listener *listener;
    struct MHD_Connection *connection;
    struct sp_exchange *exchange;
    bool begun;
    size_t head_size; /* what the head would have if we wrote it */
    bool odd;         /* it has another: the connection is not used again */
};

static struct call *
call_of(struct sp_task *task)
{
    return (struct call *)(void *)task; /* its first member */
}

static void
count(struct sp_http_server *server, int calls, int silent)
{
    pthread_mutex_lock(&server->lock);
    server->calls = (unsigned)((int)server->calls + calls);
    server->silent = (unsigned)((int)server->silent + silent);
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

static void
call_free(struct call *call)
{
    struct sp_http_server *server = call->listener->server;
    sp_exchange_free(&call->exchange);
    free(call);
    count(server, -1, 0);
}

static void
run_free(struct sp_task *task, struct sp_db *db)
{
    (void)db;
    call_free(call_of(task));
}

static struct sp_guest *
guest_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

static int
fd_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info == NULL ? -1 : info->connect_fd;
}

static const struct sockaddr *
address_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info == NULL ? NULL : info->client_addr;
}

/* The request line is there. NULL makes on_request hang up. */
static void *
on_target(void *context, const char *target, struct MHD_Connection *connection)
{
    struct listener *listener = context;
    struct call *call = calloc(1, sizeof(*call));
    if (call == NULL)
        return NULL;
    call->listener = listener;
    call->connection = connection;
    call->head_size = strlen(target) + strlen("  HTTP/1.1\r\n\r\n");
    call->exchange = sp_exchange_new(&listener->server->rules, target);
    if (call->exchange == NULL) {
        free(call);
        return NULL;
    }
    struct sp_guest *guest = guest_of(connection);
    bool first = guest != NULL && !guest->has_asked;
    if (first)
        guest->has_asked = true;
    count(listener->server, 1, first ? -1 : 0);
    return call;
}

static enum MHD_Result
on_header(void *context, enum MHD_ValueKind kind, const char *name, size_t name_len, const char *value,
          size_t value_len)
{
    struct call *call = context;
    (void)kind;
    sp_exchange_header(call->exchange, name, name_len, value, value_len);
    call->head_size += name_len + value_len + strlen(": \r\n");
    return MHD_YES;
}

/* libmicrohttpd forgives much: bare line feeds, folded lines, lines without a name, what follows a zero byte. A proxy
 * may have read such a head otherwise, and taken a part of it for the next request; so there is none. A client that
 * only writes a head in another style than most loses its connection, and nothing else. */
static bool
is_odd(const struct call *call)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info == NULL || info->header_size != call->head_size;
}

static void
set_busy(struct listener *listener, struct MHD_Connection *connection, bool busy)
{
    struct sp_guest *guest = guest_of(connection);
    if (guest != NULL)
        sp_crowd_busy(&listener->crowd, guest, busy);
}

/* A stranger who sends a body, or takes an answer, a byte at a time keeps nobody else out. */
static bool
is_known(const struct call *call)
{
    return sp_exchange_request(call->exchange)->caller.kind != SP_CALLER_NONE;
}

static bool
begin(struct call *call, const char *method)
{
    struct sp_request *req = sp_exchange_request(call->exchange);
    struct sp_err err = { 0 };
    if (!call->listener->local) {
        sp_peer_remote(address_of(call->connection), call->listener->tls, &req->peer);
    } else if (sp_peer_local(fd_of(call->connection), req->arena, &req->peer, &err) != SP_OK) {
        sp_warn(call->listener->server->options.log, "%s", err.text);
        return false;
    }
    sp_exchange_method(call->exchange, method);
    call->head_size += strlen(method);
    MHD_get_connection_values_n(call->connection, MHD_HEADER_KIND, on_header, call);
    call->odd = is_odd(call);
    call->begun = true;
    return true;
}

static void
run_work(struct sp_task *task, struct sp_db *db)
{
    struct call *call = call_of(task);
    struct sp_http_server *server = call->listener->server;
    sp_exchange_work(call->exchange, db);
    MHD_resume_connection(call->connection); /* from here on the call is the event loop's, and may be gone */
    pthread_mutex_lock(&server->lock);
    server->handed--;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

static enum MHD_Result
hand_over(struct call *call)
{
    struct sp_http_server *server = call->listener->server;
    pthread_mutex_lock(&server->lock);
    bool may = !server->hands_no_more;
    server->handed += may;
    pthread_mutex_unlock(&server->lock);
    if (!may)
        return MHD_NO;
    set_busy(call->listener, call->connection, true);
    MHD_suspend_connection(call->connection);
    call->task.run = run_work;
    sp_pool_add(server->pool, &call->task);
    return MHD_YES;
}

/* ---- streams ---- */

static void
live_sleep(void *context)
{
    const struct live *live = context;
    MHD_suspend_connection(live->connection);
}

static void
live_wake(void *context)
{
    const struct live *live = context;
    MHD_resume_connection(live->connection);
}

static ssize_t
live_read(void *context, uint64_t position, char *to, size_t room)
{
    const struct live *live = context;
    (void)position;
    ssize_t size = sp_stream_take(live->stream, to, room);
    return size < 0 ? MHD_CONTENT_READER_END_OF_STREAM : size;
}

/* libmicrohttpd has done with the answer: it was sent, or the client went away. */
static void
live_free(void *context)
{
    struct live *live = context;
    struct sp_http_server *server = live->server;
    sp_stream_detach(live->stream);
    pthread_mutex_lock(&server->lock);
    if (live->previous != NULL)
        live->previous->next = live->next;
    else
        server->lives = live->next;
    if (live->next != NULL)
        live->next->previous = live->previous;
    pthread_mutex_unlock(&server->lock);
    sp_stream_drop(&live->stream);
    free(live);
}

/* A server that stops ends its streams; one that comes too late for that has ended before it began. */
static void
live_enter(struct sp_http_server *server, struct live *live)
{
    pthread_mutex_lock(&server->lock);
    live->next = server->lives;
    if (live->next != NULL)
        live->next->previous = live;
    server->lives = live;
    if (server->closing)
        sp_stream_end(live->stream);
    pthread_mutex_unlock(&server->lock);
}

static struct MHD_Response *
make_stream(struct call *call, struct sp_response *res)
{
    struct live *live = calloc(1, sizeof(*live));
    if (live == NULL)
        return NULL;
    *live = (struct live){ .server = call->listener->server, .connection = call->connection, .stream = res->stream };
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_PIECE, live_read, live, live_free);
    if (response == NULL) {
        free(live);
        return NULL;
    }
    const struct sp_stream_ops ops = { live_sleep, live_wake, live };
    set_busy(call->listener, call->connection, true); /* it may be suspended */
    sp_stream_attach(live->stream, &ops);
    live_enter(live->server, live);
    res->stream = NULL;
    return response;
}

static struct MHD_Response *
make_response(struct call *call, struct sp_response *res)
{
    if (res->stream != NULL)
        return make_stream(call, res);
    if (res->fd >= 0) {
        struct MHD_Response *response = MHD_create_response_from_fd64(res->fd_size, res->fd);
        if (response != NULL)
            res->fd = -1; /* libmicrohttpd closes it */
        return response;
    }
    if (res->fixed != NULL)
        return MHD_create_response_from_buffer(res->body_size, (void *)(uintptr_t)res->fixed, MHD_RESPMEM_PERSISTENT);
    if (res->body == NULL)
        return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback(res->body_size, res->body, free);
    if (response != NULL)
        res->body = NULL;
    return response;
}

/* What keeps browsers from guessing, framing, leaking and remembering; a handler's own word goes first. */
static void
add_headers(struct MHD_Response *response, const struct sp_response *res, bool tls, bool close)
{
    static const struct {
        const char *name, *value;
    } always[] = {
        { "X-Content-Type-Options", "nosniff" },
        { "X-Frame-Options", "DENY" },
        { "Referrer-Policy", "no-referrer" },
        { "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'" },
        { "Cross-Origin-Resource-Policy", "same-origin" },
        { "Cache-Control", "no-store" },
    };
    for (size_t i = 0; i < res->n_headers; i++)
        MHD_add_response_header(response, res->headers[i].name, res->headers[i].value);
    for (size_t i = 0; i < SP_LEN(always); i++)
        if (sp_response_header(res, always[i].name) == NULL)
            MHD_add_response_header(response, always[i].name, always[i].value);
    if (tls)
        MHD_add_response_header(response, "Strict-Transport-Security", "max-age=2592000");
    if (close)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
}

static enum MHD_Result
answer(struct call *call)
{
    struct sp_http_server *server = call->listener->server;
    struct sp_response *res = sp_exchange_response(call->exchange);
    struct MHD_Response *response = make_response(call, res);
    if (response == NULL)
        return MHD_NO;
    pthread_mutex_lock(&server->lock);
    bool close = server->closing || res->close || call->odd;
    pthread_mutex_unlock(&server->lock);
    add_headers(response, res, call->listener->tls, close);
    enum MHD_Result result = MHD_queue_response(call->connection, (unsigned)res->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result
on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
           const char *bytes, size_t *size, void **place)
{
    struct call *call = *place;
    (void)context;
    (void)url; /* decoded by libmicrohttpd before it was cut at its slashes: on_target has the true one */
    (void)version;
    if (call == NULL || (!call->begun && !begin(call, method)))
        return MHD_NO;
    set_busy(call->listener, connection, is_known(call));
    switch (sp_exchange_step(call->exchange, bytes, size)) {
    case SP_NEXT_READ:
        return MHD_YES;
    case SP_NEXT_WAIT:
        return hand_over(call);
    case SP_NEXT_ANSWER:
        return answer(call);
    case SP_NEXT_CLOSE:
        break;
    }
    return MHD_NO;
}

static void
on_completed(void *context, struct MHD_Connection *connection, void **place, enum MHD_RequestTerminationCode why)
{
    struct listener *listener = context;
    struct call *call = *place;
    (void)why;
    *place = NULL;
    set_busy(listener, connection, false);
    if (call == NULL)
        return;
    if (!sp_exchange_holds_upload(call->exchange)) {
        call_free(call);
        return;
    }
    call->task.run = run_free; /* removes what was written so far */
    sp_pool_add(listener->server->pool, &call->task);
}

static enum MHD_Result
on_accept(void *context, const struct sockaddr *address, socklen_t size)
{
    struct listener *listener = context;
    (void)size;
    return sp_crowd_admit(&listener->crowd, listener->local ? NULL : address) ? MHD_YES : MHD_NO;
}

static void
on_connection(void *context, struct MHD_Connection *connection, void **place, enum MHD_ConnectionNotificationCode code)
{
    struct listener *listener = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        struct sp_guest *guest = calloc(1, sizeof(*guest));
        if (guest != NULL) {
            sp_crowd_enter(&listener->crowd, guest, listener->local ? NULL : address_of(connection), fd_of(connection));
            count(listener->server, 0, 1);
        }
        *place = guest;
    } else if (*place != NULL) {
        struct sp_guest *guest = *place;
        if (!guest->has_asked)
            count(listener->server, 0, -1);
        sp_crowd_leave(&listener->crowd, guest);
        free(guest);
        *place = NULL;
    }
}

static void on_words(void *context, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

static void
on_words(void *context, const char *format, va_list args)
{
    const struct sp_http_server *server = context;
    char raw[256];
    char clean[256];
    vsnprintf(raw, sizeof(raw), format, args);
    raw[strcspn(raw, "\n")] = '\0';
    sp_debug(server->options.log, "http: %s", sp_log_clean(clean, sizeof(clean), raw));
}

/* Two processes may wait for the same listening socket, the old gateway and the new: accept must not block. */
static enum sp_rc
set_nonblocking(int fd, struct sp_err *err)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return sp_fail_errno(err, "http: cannot use the listening descriptor");
    return SP_OK;
}

/* extra: options for TLS, or none. */
static enum sp_rc
start_daemon(struct listener *listener, const struct MHD_OptionItem *extra, struct sp_err *err)
{
    unsigned mode = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_ERROR_LOG |
                    (listener->tls ? MHD_USE_TLS : 0U);
    /* clang-format off: an option a line */
    listener->daemon = MHD_start_daemon(
        mode, 0, on_accept, listener, on_request, listener, MHD_OPTION_EXTERNAL_LOGGER, on_words, listener->server,
        MHD_OPTION_LISTEN_SOCKET, listener->fd, MHD_OPTION_URI_LOG_CALLBACK, on_target, listener,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, listener, MHD_OPTION_NOTIFY_CONNECTION, on_connection, listener,
        MHD_OPTION_CONNECTION_TIMEOUT, listener->server->options.idle_seconds, MHD_OPTION_CONNECTION_LIMIT,
        listener->crowd.max + LEAVING_ROOM, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_ROOM,
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_SIZE, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, extra,
        MHD_OPTION_END);
    /* clang-format on */
    if (listener->daemon != NULL)
        return SP_OK;
    if (listener->tls)
        return sp_fail(err, SP_E_INVALID, "http: the certificate and its key have to be PEM and belong together");
    return sp_fail(err, SP_E_IO, "http: cannot start libmicrohttpd");
}

/* libmicrohttpd reads certificate and key at once and keeps neither pointer. */
static enum sp_rc
start_tls(struct listener *listener, struct sp_err *err)
{
    const struct sp_http_options *options = &listener->server->options;
    SP_AUTO(sp_str_free) struct sp_str certificate = { 0 };
    if (options->tls_key == NULL)
        return sp_fail(err, SP_E_INVALID, "http: a certificate without its key");
    if (sp_io_read_file(AT_FDCWD, options->tls_certificate, CERTIFICATE_MAX, &certificate, err) != SP_OK)
        return sp_err_prefix(err, "http: the certificate");
    const struct MHD_OptionItem extra[] = {
        { MHD_OPTION_HTTPS_MEM_CERT, 0, certificate.text },
        { MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)sp_secret_bytes(options->tls_key) },
        { MHD_OPTION_END, 0, NULL },
    };
    return start_daemon(listener, extra, err);
}

static enum sp_rc
listener_start(struct listener *listener, struct sp_err *err)
{
    static const struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };
    enum sp_rc rc = set_nonblocking(listener->fd, err);
    if (rc != SP_OK)
        return rc;
    return listener->tls ? start_tls(listener, err) : start_daemon(listener, none, err);
}

static unsigned
or_else(unsigned value, unsigned otherwise)
{
    return value == 0 ? otherwise : value;
}

/* Half of what the process may open, so that documents and the database always find a descriptor. */
static unsigned
connections_that_fit(unsigned wanted)
{
    struct rlimit limit = { 0 };
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur / 2 >= wanted)
        return wanted;
    return (unsigned)(limit.rlim_cur / 2);
}

static struct sp_http_server *
server_new(const struct sp_http_options *options)
{
    struct sp_http_server *server = calloc(1, sizeof(*server));
    if (server == NULL)
        return NULL;
    server->options = *options;
    server->options.workers = or_else(options->workers, 4);
    server->options.idle_seconds = or_else(options->idle_seconds, 30);
    server->rules.router = &server->options.router;
    server->rules.max_upload = options->max_upload;
    server->rules.max_uploads = or_else(options->uploads, 64);
    server->rules.needs_db = options->state_dir != NULL;
    server->rules.clock = options->clock;
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&server->changed, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&server->lock, NULL);
    return server;
}

static enum sp_rc
start_listeners(struct sp_http_server *server, struct sp_err *err)
{
    const struct sp_http_options *options = &server->options;
    bool tls = options->tls_certificate != NULL && options->tls_certificate[0] != '\0';
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; i < options->n_listeners && rc == SP_OK; i++) {
        struct listener *listener = &server->listeners[server->n_listeners++];
        listener->server = server;
        listener->fd = options->listeners[i].fd;
        listener->local = options->listeners[i].local;
        listener->tls = tls && !listener->local;
        listener->crowd.max = connections_that_fit(or_else(options->connections, 1000));
        listener->crowd.per_address = or_else(options->per_address, 200);
        rc = listener_start(listener, err);
    }
    return rc;
}

enum sp_rc
sp_http_start(const struct sp_http_options *options, struct sp_http_server **ret, struct sp_err *err)
{
    if (options->n_listeners > LISTENERS_MAX)
        return sp_fail(err, SP_E_INVALID, "http: more than %d addresses to listen on", LISTENERS_MAX);
    struct sp_http_server *server = server_new(options);
    if (server == NULL)
        return sp_fail(err, SP_E_NOMEM, "http: out of memory");
    enum sp_rc rc = sp_pool_start(server->options.workers, options->state_dir, options->log, &server->pool, err);
    if (rc == SP_OK)
        rc = start_listeners(server, err);
    if (rc != SP_OK) {
        for (size_t i = 0; i < server->n_listeners; i++)
            if (server->listeners[i].daemon != NULL)
                MHD_quiesce_daemon(server->listeners[i].daemon); /* the descriptors stay the caller's */
        for (size_t i = 0; i < server->n_listeners; i++)
            server->listeners[i].fd = -1;
        sp_http_stop(&server, 0);
        return rc;
    }
    *ret = server;
    return SP_OK;
}

static struct timespec
moment_in(int64_t ms)
{
    struct timespec at = { 0 };
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += ms % 1000 * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

/* Who has just connected may still ask. */
static void
wait_for_first_requests(struct sp_http_server *server, int64_t wait_ms)
{
    struct timespec until = moment_in(ACCEPT_MS);
    pthread_mutex_lock(&server->lock);
    while (pthread_cond_timedwait(&server->changed, &server->lock, &until) != ETIMEDOUT)
        ;
    until = moment_in(wait_ms < FIRST_REQUEST_MS ? wait_ms : FIRST_REQUEST_MS);
    while (server->silent > 0 && pthread_cond_timedwait(&server->changed, &server->lock, &until) != ETIMEDOUT)
        ;
    pthread_mutex_unlock(&server->lock);
}

/* Requests under way may finish until then; what a worker has in hand finishes in any case. */
static void
wait_for_calls(struct sp_http_server *server, const struct timespec *until)
{
    pthread_mutex_lock(&server->lock);
    while (server->calls > 0 && pthread_cond_timedwait(&server->changed, &server->lock, until) != ETIMEDOUT)
        ;
    server->hands_no_more = true;
    while (server->handed > 0)
        pthread_cond_wait(&server->changed, &server->lock);
    pthread_mutex_unlock(&server->lock);
}

void
sp_http_stop(struct sp_http_server **server, int64_t wait_ms)
{
    struct sp_http_server *s = *server;
    if (s == NULL)
        return;
    struct timespec until = moment_in(wait_ms);
    pthread_mutex_lock(&s->lock);
    s->closing = true;
    for (struct live *live = s->lives; live != NULL; live = live->next)
        sp_stream_end(live->stream);
    pthread_mutex_unlock(&s->lock);
    __atomic_store_n(server, NULL,
                     __ATOMIC_RELEASE); /* whoever sees it knows that every answer from here on says close */
    for (size_t i = 0; i < s->n_listeners; i++)
        if (s->listeners[i].daemon != NULL && s->listeners[i].fd >= 0)
            MHD_quiesce_daemon(s->listeners[i].daemon);
    if (wait_ms > 0)
        wait_for_first_requests(s, wait_ms);
    wait_for_calls(s, &until);
    for (size_t i = 0; i < s->n_listeners; i++) {
        if (s->listeners[i].daemon != NULL)
            MHD_stop_daemon(s->listeners[i].daemon);
        if (s->listeners[i].fd >= 0)
            close(s->listeners[i].fd);
    }
    sp_pool_stop(&s->pool);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
