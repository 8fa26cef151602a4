#include "unit/delivery/fake_graph.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAILBOX "/v1.0/users/scanner@contoso.com"

enum { STEPS_MAX = 64, REQUESTS_MAX = 64, PEERS_MAX = 64, HEAD_MAX = 16 * 1024, PATIENCE_MS = 20 * 1000 };

struct request {
    char head[HEAD_MAX];
    char *body;
    size_t size, got;
};

struct peer {
    struct fake_graph *server;
    pthread_t thread;
    int fd;
    SSL *ssl;
};

struct fake_graph {
    struct fake_ca *ca;
    SSL_CTX *tls;
    int listen_fd, stop_fd;
    unsigned port;
    pthread_t thread;
    pthread_mutex_t lock; /* for what follows */
    const char *steps[STEPS_MAX];
    size_t n_steps, at;
    struct request *requests[REQUESTS_MAX];
    size_t n_requests;
    struct peer peers[PEERS_MAX];
    size_t n_peers;
    unsigned tokens;
    const char *token_answer;
    char wrong[512];
};

static void
must(int fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "fake_graph: %s: %s\n", what, strerror(errno));
    abort();
}

static void
complain(struct fake_graph *server, const char *what, const char *got)
{
    pthread_mutex_lock(&server->lock);
    if (server->wrong[0] == '\0')
        snprintf(server->wrong, sizeof server->wrong, "%s: %.200s", what, got);
    pthread_mutex_unlock(&server->lock);
}

/* --- bytes: a descriptor that does not block, and nobody waits for longer than a test may last --- */

static bool
wait_for(const struct peer *peer, int error)
{
    struct pollfd what[] = {
        { .fd = peer->fd, .events = error == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN },
        { .fd = peer->server->stop_fd, .events = POLLIN },
    };
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
        return false;
    return poll(what, 2, PATIENCE_MS) > 0 && what[1].revents == 0;
}

/* 0: the end. */
static size_t
read_some(struct peer *peer, char *buffer, size_t room)
{
    for (;;) {
        int got = SSL_read(peer->ssl, buffer, room < 65536 ? (int)room : 65536);
        if (got > 0)
            return (size_t)got;
        if (!wait_for(peer, SSL_get_error(peer->ssl, got)))
            return 0;
    }
}

static bool
write_all(struct peer *peer, const char *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        int put = SSL_write(peer->ssl, bytes + at, (int)(size - at));
        if (put > 0)
            at += (size_t)put;
        else if (!wait_for(peer, SSL_get_error(peer->ssl, put)))
            return false;
    }
    return true;
}

static bool
read_head(struct peer *peer, struct request *request)
{
    size_t len = 0;
    while (len < HEAD_MAX - 1) {
        if (read_some(peer, request->head + len, 1) == 0)
            return false;
        request->head[++len] = '\0';
        if (len >= 4 && memcmp(request->head + len - 4, "\r\n\r\n", 4) == 0) {
            const char *length = strcasestr(request->head, "\r\nContent-Length:");
            request->size = length != NULL ? strtoul(length + 17, NULL, 10) : 0;
            return true;
        }
    }
    return false;
}

static bool
read_body(struct peer *peer, struct request *request, size_t size)
{
    request->body = malloc(request->size + 1);
    must(request->body != NULL, "memory");
    while (request->got < size) {
        size_t got = read_some(peer, request->body + request->got, size - request->got);
        if (got == 0)
            return false;
        request->got += got;
    }
    request->body[request->got] = '\0';
    return true;
}

/* --- answers --- */

static void
put_here(const struct fake_graph *server, const char *body, char *to, size_t room)
{
    size_t len = 0;
    for (; *body != '\0' && len < room - 1; body++) {
        if (*body == '^')
            len += (size_t)snprintf(to + len, room - len, "https://localhost:%u", server->port);
        else
            to[len++] = *body;
    }
    must(len < room, "an answer that is too long");
    to[len] = '\0';
}

/* "202\nName: value\n\nbody" */
static bool
answer(struct peer *peer, const char *plan)
{
    char body[4096] = "", head[1024] = "", all[6000];
    const char *end = strstr(plan, "\n\n");
    size_t head_len = end != NULL ? (size_t)(end - plan) : strlen(plan);
    if (end != NULL)
        put_here(peer->server, end + 2, body, sizeof body);
    size_t len = 0;
    for (size_t i = 0; i < head_len && len < sizeof head - 3; i++) {
        if (plan[i] == '\n')
            head[len++] = '\r';
        head[len++] = plan[i];
    }
    if (strchr(plan, '\n') == NULL || end == strchr(plan, '\n'))
        snprintf(head + len, sizeof head - len, " Status");
    int size = snprintf(all, sizeof all, "HTTP/1.1 %s\r\nrequest-id: 0a1b2c\r\nContent-Length: %zu\r\n\r\n%s", head,
                        strlen(body), body);
    return write_all(peer, all, (size_t)size);
}

static void
answer_endlessly(struct peer *peer)
{
    static const char head[] = "HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n";
    static const char chunk[] = "10\r\nxxxxxxxxxxxxxxxx\r\n";
    enum { AT_ONCE = 10000, PAUSE_MS = 20 }; /* far more than anybody keeps, then as a trickle */
    struct pollfd stop = { .fd = peer->server->stop_fd, .events = POLLIN };
    bool listens = write_all(peer, head, sizeof head - 1);
    for (int i = 0; listens; i++)
        listens = write_all(peer, chunk, sizeof chunk - 1) && (i < AT_ONCE || poll(&stop, 1, PAUSE_MS) == 0);
}

/* Until the client leaves. */
static void
say_nothing(struct peer *peer)
{
    char c;
    while (read_some(peer, &c, 1) > 0) {
    }
}

/* --- one request --- */

static bool
give_token(struct peer *peer, struct request *request)
{
    struct fake_graph *server = peer->server;
    char plan[256];
    if (!read_body(peer, request, request->size))
        return false;
    pthread_mutex_lock(&server->lock);
    const char *refusal = server->token_answer;
    if (refusal == NULL)
        snprintf(plan, sizeof plan,
                 "200\nContent-Type: application/json\n\n"
                 "{\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":\"token-%u\"}",
                 ++server->tokens);
    pthread_mutex_unlock(&server->lock);
    return answer(peer, refusal != NULL ? refusal + 1 : plan);
}

static void
check_token(struct fake_graph *server, const struct request *request)
{
    char wanted[64];
    bool is_signed = strncmp(strchr(request->head, ' ') + 1, "/upload", 7) == 0;
    snprintf(wanted, sizeof wanted, "\r\nAuthorization: Bearer token-%u\r\n", fake_graph_tokens(server));
    if (is_signed && strcasestr(request->head, "\r\nAuthorization:") != NULL)
        complain(server, "a token at the upload session's own URL", request->head);
    else if (!is_signed && strstr(request->head, wanted) == NULL)
        complain(server, "no token, or an old one", request->head);
}

/* Whether the line is the one of the plan: ">POST /sendMail" stands for "POST /v1.0/users/.../sendMail". */
static bool
fits(const char *step, const char *head)
{
    char wanted[256];
    const char *path = strchr(step, ' ') + 1;
    bool is_signed = strncmp(path, "/upload", 7) == 0;
    snprintf(wanted, sizeof wanted, "%.*s%s%s", (int)(path - step), step, is_signed ? "" : MAILBOX, path);
    return strncmp(head, wanted, strlen(wanted)) == 0;
}

/* What is to be done with this request; NULL: it is not in the plan. Keeps the request. */
static const char *
next_step(struct fake_graph *server, struct request *request)
{
    const char *step = NULL, *wanted = NULL;
    pthread_mutex_lock(&server->lock);
    if (server->at + 1 < server->n_steps) {
        wanted = server->steps[server->at];
        step = server->steps[server->at + 1];
        server->at += 2;
    }
    if (server->n_requests < REQUESTS_MAX)
        server->requests[server->n_requests++] = request;
    pthread_mutex_unlock(&server->lock);
    if (wanted == NULL || !fits(wanted + 1, request->head)) {
        complain(server, wanted != NULL ? wanted : "nothing more was wanted", request->head);
        return NULL;
    }
    return step;
}

/* false: this connection ends here. */
static bool
do_step(struct peer *peer, struct request *request, const char *step)
{
    size_t size = strncmp(step, "!cut ", 5) == 0 ? strtoul(step + 5, NULL, 10) : request->size;
    if (!read_body(peer, request, size)) {
        complain(peer->server, "the body ended too early", request->head);
        return false;
    }
    if (step[0] == '<')
        return answer(peer, step + 1);
    if (strcmp(step, "!endless") == 0)
        answer_endlessly(peer);
    else if (strcmp(step, "!garbage") == 0)
        (void)write_all(peer, "220 mail.example.test ESMTP\r\n", 29);
    else if (strcmp(step, "!hang") == 0)
        say_nothing(peer);
    return false;
}

static bool
serve_request(struct peer *peer)
{
    struct fake_graph *server = peer->server;
    struct request *request = calloc(1, sizeof *request);
    must(request != NULL, "memory");
    if (!read_head(peer, request)) {
        free(request);
        return false;
    }
    if (strncmp(request->head, "POST /token", 11) == 0) {
        bool goes_on = give_token(peer, request);
        free(request->body);
        free(request);
        return goes_on;
    }
    check_token(server, request);
    const char *step = next_step(server, request);
    return step != NULL && do_step(peer, request, step);
}

/* --- connections --- */

static bool
shake_hands(struct peer *peer)
{
    for (;;) {
        int done = SSL_accept(peer->ssl);
        if (done == 1)
            return true;
        if (!wait_for(peer, SSL_get_error(peer->ssl, done)))
            return false;
    }
}

static void *
serve_peer(void *context)
{
    struct peer *peer = context;
    peer->ssl = SSL_new(peer->server->tls);
    must(peer->ssl != NULL && SSL_set_fd(peer->ssl, peer->fd) == 1, "ssl");
    bool goes_on = shake_hands(peer);
    while (goes_on)
        goes_on = serve_request(peer);
    SSL_free(peer->ssl);
    shutdown(peer->fd, SHUT_RDWR);
    close(peer->fd);
    return NULL;
}

static void
add_peer(struct fake_graph *server, int fd)
{
    pthread_mutex_lock(&server->lock);
    must(server->n_peers < PEERS_MAX, "too many connections");
    struct peer *peer = &server->peers[server->n_peers++];
    *peer = (struct peer){ .server = server, .fd = fd };
    must(pthread_create(&peer->thread, NULL, serve_peer, peer) == 0, "thread");
    pthread_mutex_unlock(&server->lock);
}

static void *
serve(void *context)
{
    struct fake_graph *server = context;
    struct pollfd what[] = { { .fd = server->listen_fd, .events = POLLIN },
                             { .fd = server->stop_fd, .events = POLLIN } };
    while (poll(what, 2, -1) > 0 && what[1].revents == 0) {
        int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0)
            add_peer(server, fd);
    }
    return NULL;
}

struct fake_graph *
fake_graph_new(enum fake_certificate kind)
{
    struct fake_graph *server = calloc(1, sizeof *server);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    must(server != NULL, "memory");
    signal(SIGPIPE, SIG_IGN); /* OpenSSL's socket BIO on this side would end the test */
    server->ca = fake_ca_new();
    server->tls = fake_ca_server(server->ca, kind, "localhost");
    SSL_CTX_set_mode(server->tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    server->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* A client that is cut off must notice while it writes, however late we are: what the kernel would take from it
     * meanwhile has to be less than a request. */
    static const int window = 32 * 1024;
    must(setsockopt(server->listen_fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof window) == 0, "window");
    must(server->listen_fd >= 0 && bind(server->listen_fd, (struct sockaddr *)&address, sizeof address) == 0 &&
             listen(server->listen_fd, 16) == 0 &&
             getsockname(server->listen_fd, (struct sockaddr *)&address, &size) == 0,
         "listen");
    server->port = ntohs(address.sin_port);
    server->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&server->lock, NULL);
    must(pthread_create(&server->thread, NULL, serve, server) == 0, "thread");
    return server;
}

void
fake_graph_free(struct fake_graph **server)
{
    struct fake_graph *s = *server;
    *server = NULL;
    if (s == NULL)
        return;
    must(eventfd_write(s->stop_fd, 1) == 0, "eventfd");
    pthread_join(s->thread, NULL);
    for (size_t i = 0; i < s->n_peers; i++)
        pthread_join(s->peers[i].thread, NULL);
    for (size_t i = 0; i < s->n_requests; i++) {
        free(s->requests[i]->body);
        free(s->requests[i]);
    }
    close(s->listen_fd);
    close(s->stop_fd);
    SSL_CTX_free(s->tls);
    fake_ca_free(&s->ca);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

const char *
fake_graph_ca_file(const struct fake_graph *server)
{
    return fake_ca_file(server->ca);
}

unsigned
fake_graph_port(const struct fake_graph *server)
{
    return server->port;
}

void
fake_graph_plan(struct fake_graph *server, ...)
{
    va_list args;
    va_start(args, server);
    pthread_mutex_lock(&server->lock);
    server->n_steps = server->at = 0;
    for (const char *step = va_arg(args, const char *); step != NULL; step = va_arg(args, const char *)) {
        must(server->n_steps < STEPS_MAX, "a plan that is too long");
        server->steps[server->n_steps++] = step;
    }
    pthread_mutex_unlock(&server->lock);
    va_end(args);
}

void
fake_graph_token_answer(struct fake_graph *server, const char *said)
{
    pthread_mutex_lock(&server->lock);
    server->token_answer = said;
    pthread_mutex_unlock(&server->lock);
}

const char *
fake_graph_end(struct fake_graph *server)
{
    pthread_mutex_lock(&server->lock);
    if (server->wrong[0] == '\0' && server->at < server->n_steps)
        snprintf(server->wrong, sizeof server->wrong, "nobody asked for %s", server->steps[server->at]);
    const char *wrong = server->wrong[0] != '\0' ? server->wrong : NULL;
    pthread_mutex_unlock(&server->lock);
    return wrong;
}

unsigned
fake_graph_tokens(struct fake_graph *server)
{
    pthread_mutex_lock(&server->lock);
    unsigned tokens = server->tokens;
    pthread_mutex_unlock(&server->lock);
    return tokens;
}

static const struct request *
request_at(struct fake_graph *server, size_t number)
{
    pthread_mutex_lock(&server->lock);
    const struct request *request = number < server->n_requests ? server->requests[number] : NULL;
    pthread_mutex_unlock(&server->lock);
    return request;
}

const char *
fake_graph_head(struct fake_graph *server, size_t number)
{
    const struct request *request = request_at(server, number);
    return request != NULL ? request->head : NULL;
}

const char *
fake_graph_body(struct fake_graph *server, size_t number, size_t *ret_size)
{
    const struct request *request = request_at(server, number);
    *ret_size = request != NULL ? request->got : 0;
    return request != NULL ? request->body : NULL;
}
