#include "unit/net/fake_https.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"

enum { CONNECTIONS_MAX = 64, REQUESTS_MAX = 64, REQUEST_MAX = 512 * 1024 };

struct guest {
    struct fake_https *server;
    pthread_t thread;
    int fd;
    SSL *ssl; /* NULL without TLS */
    struct sp_str heard;
};

struct fake_https {
    SSL_CTX *context;
    const struct fake_https_answer *answers;
    size_t n_answers;
    int listener;
    unsigned port;
    char url[300];
    pthread_t thread;
    pthread_mutex_t lock; /* for what follows */
    struct guest guests[CONNECTIONS_MAX];
    size_t n_guests;
    char *requests[REQUESTS_MAX];
    size_t n_requests;
};

static void
must(bool fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "fake_https: %s\n", what);
    abort();
}

static int
hear(struct guest *guest, void *bytes, size_t room)
{
    return guest->ssl != NULL ? SSL_read(guest->ssl, bytes, (int)room) : (int)recv(guest->fd, bytes, room, 0);
}

static void
say(struct guest *guest, const char *text, size_t len)
{
    if (len == 0)
        return;
    if (guest->ssl != NULL)
        (void)SSL_write(guest->ssl, text, (int)len);
    else
        (void)send(guest->fd, text, len, MSG_NOSIGNAL);
}

/* The length of the request at the start of what was heard; 0: it is not whole yet. */
static size_t
whole_request(const struct sp_str *heard)
{
    const char *text = sp_str_text(heard), *end = strstr(text, "\r\n\r\n");
    if (end == NULL)
        return 0;
    const char *length = strcasestr(text, "\r\nContent-Length:");
    size_t body = length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0;
    size_t all = (size_t)(end - text) + 4 + body;
    return heard->len >= all ? all : 0;
}

/* Reads one request and writes it down. false: the other side went. */
static bool
hear_request(struct guest *guest, const struct fake_https_answer **ret)
{
    struct fake_https *server = guest->server;
    size_t size;
    while ((size = whole_request(&guest->heard)) == 0) {
        char piece[4096];
        int got = hear(guest, piece, sizeof piece);
        if (got <= 0 || guest->heard.len > REQUEST_MAX)
            return false;
        sp_str_add_n(&guest->heard, piece, (size_t)got);
    }
    pthread_mutex_lock(&server->lock);
    must(server->n_requests < REQUESTS_MAX, "too many requests");
    size_t index = server->n_requests++;
    server->requests[index] = strndup(guest->heard.text, size);
    *ret = &server->answers[index < server->n_answers ? index : server->n_answers - 1];
    pthread_mutex_unlock(&server->lock);
    memmove(guest->heard.text, guest->heard.text + size, guest->heard.len - size + 1);
    guest->heard.len -= size;
    return true;
}

static bool
answer(struct guest *guest, const struct fake_https_answer *what)
{
    char byte;
    struct sp_str text = { 0 };
    const char *body = what->body != NULL ? what->body : "";
    if (what->manner == HTTPS_SILENT)
        (void)hear(guest, &byte, 1);
    if (what->manner == HTTPS_SILENT || what->manner == HTTPS_HANGS_UP)
        return false;
    sp_str_addf(&text, "HTTP/1.1 %d Fine\r\n%sContent-Length: %zu\r\n\r\n%s", what->status,
                what->headers != NULL ? what->headers : "", strlen(body), body);
    say(guest, text.text, text.len);
    sp_str_free(&text);
    return what->manner == HTTPS_KEEPS;
}

static void *
serve(void *context)
{
    struct guest *guest = context;
    const struct fake_https_answer *what = NULL;
    bool ready = guest->ssl == NULL || SSL_accept(guest->ssl) == 1;
    while (ready && hear_request(guest, &what) && answer(guest, what))
        continue;
    if (guest->ssl != NULL)
        SSL_shutdown(guest->ssl);
    shutdown(guest->fd, SHUT_RDWR);
    return NULL;
}

static void
welcome(struct fake_https *server, int fd)
{
    pthread_mutex_lock(&server->lock);
    must(server->n_guests < CONNECTIONS_MAX, "too many connections");
    struct guest *guest = &server->guests[server->n_guests++];
    *guest = (struct guest){ .server = server, .fd = fd };
    if (server->context != NULL) {
        guest->ssl = SSL_new(server->context);
        must(guest->ssl != NULL && SSL_set_fd(guest->ssl, fd) == 1, "TLS");
    }
    must(pthread_create(&guest->thread, NULL, serve, guest) == 0, "thread");
    pthread_mutex_unlock(&server->lock);
}

static void *
listen_on(void *context)
{
    struct fake_https *server = context;
    int fd;
    while ((fd = accept(server->listener, NULL, NULL)) >= 0)
        welcome(server, fd);
    return NULL;
}

struct fake_https *
fake_https_new(const struct fake_ca *ca, enum fake_certificate kind, const struct fake_https_answer *answers, size_t n)
{
    struct fake_https *server = calloc(1, sizeof *server);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    must(server != NULL, "memory");
    signal(SIGPIPE, SIG_IGN); /* OpenSSL's socket BIO on this side would end the test */
    server->context = ca != NULL ? fake_ca_server(ca, kind, "localhost") : NULL;
    server->answers = answers;
    server->n_answers = n;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(server->listener >= 0 && bind(server->listener, (struct sockaddr *)&at, sizeof at) == 0 &&
             listen(server->listener, 16) == 0 && getsockname(server->listener, (struct sockaddr *)&at, &size) == 0,
         "port");
    server->port = ntohs(at.sin_port);
    pthread_mutex_init(&server->lock, NULL);
    must(pthread_create(&server->thread, NULL, listen_on, server) == 0, "thread");
    return server;
}

void
fake_https_free(struct fake_https **server)
{
    struct fake_https *s = *server;
    *server = NULL;
    if (s == NULL)
        return;
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
    for (size_t i = 0; i < s->n_guests; i++) {
        shutdown(s->guests[i].fd, SHUT_RDWR);
        pthread_join(s->guests[i].thread, NULL);
        SSL_free(s->guests[i].ssl);
        close(s->guests[i].fd);
        sp_str_free(&s->guests[i].heard);
    }
    for (size_t i = 0; i < s->n_requests; i++)
        free(s->requests[i]);
    SSL_CTX_free(s->context);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

const char *
fake_https_url(struct fake_https *server, const char *path)
{
    snprintf(server->url, sizeof server->url, "%s://localhost:%u%s", server->context != NULL ? "https" : "http",
             server->port, path);
    return server->url;
}

unsigned
fake_https_port(const struct fake_https *server)
{
    return server->port;
}

size_t
fake_https_connections(struct fake_https *server)
{
    pthread_mutex_lock(&server->lock);
    size_t n = server->n_guests;
    pthread_mutex_unlock(&server->lock);
    return n;
}

size_t
fake_https_requests(struct fake_https *server)
{
    pthread_mutex_lock(&server->lock);
    size_t n = server->n_requests;
    pthread_mutex_unlock(&server->lock);
    return n;
}

const char *
fake_https_request(struct fake_https *server, size_t index)
{
    pthread_mutex_lock(&server->lock);
    must(index < server->n_requests, "no such request");
    const char *text = server->requests[index];
    pthread_mutex_unlock(&server->lock);
    return text;
}
