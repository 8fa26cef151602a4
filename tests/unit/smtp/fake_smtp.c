#include "unit/smtp/fake_smtp.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "backend/net/dns.h"
#include "base/str.h"

enum { STEPS_MAX = 256, BODIES_MAX = 16, PATIENCE_SECONDS = 20, QUIET_MS = 40 };

struct fake_smtp {
    struct fake_ca *ca;
    SSL_CTX *context;
    int listener;
    unsigned port;
    pthread_t thread;
    bool running;
    const char *steps[STEPS_MAX];
    size_t n_steps;
    pthread_mutex_t lock; /* guards peer and stopping, which fake_smtp_free looks at */
    int peer;
    bool stopping;
    int end[2]; /* a pipe: closed by the test when the client has left */
    SSL *ssl;
    struct sp_str clear, lines, bodies[BODIES_MAX];
    size_t n_bodies;
    char fault[300]; /* "": by the plan */
};

static void
fault(struct fake_smtp *s, const char *step, const char *what)
{
    if (s->fault[0] == '\0')
        snprintf(s->fault, sizeof s->fault, "at '%s': %.200s", step, what);
}

/* More than 0, or the client is gone or silent. */
static int
hear(struct fake_smtp *s, void *bytes, size_t room)
{
    if (s->ssl != NULL) {
        ERR_clear_error();
        return SSL_read(s->ssl, bytes, (int)room);
    }
    ssize_t got = recv(s->peer, bytes, room, 0);
    if (got > 0)
        sp_str_add_n(&s->clear, bytes, (size_t)got);
    return (int)got;
}

static bool
say(struct fake_smtp *s, const void *bytes, size_t size)
{
    if (size == 0)
        return true;
    if (s->ssl != NULL) {
        ERR_clear_error();
        return SSL_write(s->ssl, bytes, (int)size) == (int)size;
    }
    return send(s->peer, bytes, size, MSG_NOSIGNAL) == (ssize_t)size;
}

/* In one piece, so that leaving right after it does not cut it in two. */
static void
say_line(struct fake_smtp *s, const char *text)
{
    struct sp_str line = { 0 };
    sp_str_addf(&line, "%s\r\n", text);
    say(s, line.text, line.len);
    sp_str_free(&line);
}

static bool
hear_line(struct fake_smtp *s, struct sp_str *line)
{
    char c = 0;
    while (c != '\n') {
        if (hear(s, &c, 1) <= 0)
            return false;
        sp_str_add_char(line, c);
    }
    return true;
}

static void
expect_line(struct fake_smtp *s, const char *step)
{
    struct sp_str line = { 0 };
    if (!hear_line(s, &line))
        fault(s, step, "the client left, or said nothing");
    else if (strncasecmp(line.text, step + 1, strlen(step + 1)) != 0)
        fault(s, step, line.text);
    sp_str_add(&s->lines, sp_str_text(&line));
    sp_str_free(&line);
}

static void
start_tls(struct fake_smtp *s, const char *step)
{
    SSL *ssl = SSL_new(s->context);
    SSL_set_fd(ssl, s->peer);
    if (SSL_accept(ssl) == 1) {
        s->ssl = ssl;
        return;
    }
    fault(s, step, "no handshake");
    SSL_free(ssl);
}

static void
hear_octets(struct fake_smtp *s, const char *step, size_t size, struct sp_str *body)
{
    char bytes[16384];
    while (size > 0) {
        int got = hear(s, bytes, size < sizeof bytes ? size : sizeof bytes);
        if (got <= 0) {
            fault(s, step, "the body ends early");
            return;
        }
        size -= (size_t)got;
        if (body != NULL)
            sp_str_add_n(body, bytes, (size_t)got);
    }
}

static void
hear_dots(struct fake_smtp *s, const char *step, struct sp_str *body)
{
    for (;;) {
        struct sp_str line = { 0 };
        bool fine = hear_line(s, &line);
        bool end = fine && strcmp(line.text, ".\r\n") == 0;
        if (!fine)
            fault(s, step, "the body does not end");
        else if (!end)
            sp_str_add_n(body, line.text, line.len);
        sp_str_free(&line);
        if (!fine || end)
            return;
    }
}

static struct sp_str *
new_body(struct fake_smtp *s, const char *step)
{
    if (s->n_bodies == BODIES_MAX) {
        fault(s, step, "too many bodies for this server");
        return &s->bodies[0];
    }
    struct sp_str *body = &s->bodies[s->n_bodies++];
    sp_str_add(body, "");
    return body;
}

static void
flood(struct fake_smtp *s)
{
    while (say(s, "250-x\r\n", 7))
        ;
}

static void
fill(struct fake_smtp *s, size_t size)
{
    char letters[1024];
    memset(letters, 'x', sizeof letters);
    for (; size > 0; size -= size < sizeof letters ? size : sizeof letters)
        if (!say(s, letters, size < sizeof letters ? size : sizeof letters))
            return;
}

static bool
silent(struct fake_smtp *s)
{
    struct pollfd peer = { .fd = s->peer, .events = POLLIN };
    return (s->ssl == NULL || SSL_pending(s->ssl) == 0) && poll(&peer, 1, QUIET_MS) == 0;
}

static void
hang_up(struct fake_smtp *s, bool reset)
{
    if (s->peer < 0)
        return;
    SSL_free(s->ssl); /* without a farewell */
    s->ssl = NULL;
    if (reset)
        setsockopt(s->peer, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
    pthread_mutex_lock(&s->lock);
    close(s->peer);
    s->peer = -1;
    pthread_mutex_unlock(&s->lock);
}

static void
hang(struct fake_smtp *s)
{
    char bytes[4096];
    while (hear(s, bytes, sizeof bytes) > 0)
        ;
}

/* Until the client hangs up, not reading. Behind what is not read its goodbye may never come: the test's end tells. */
static void
deaf(struct fake_smtp *s)
{
    struct pollfd fds[] = { { s->peer, POLLRDHUP, 0 }, { s->end[0], POLLIN, 0 } };
    poll(fds, 2, PATIENCE_SECONDS * 1000);
}

static void
do_special(struct fake_smtp *s, const char *step)
{
    size_t number = strtoul(step + strcspn(step, " "), NULL, 10);
    char word[16] = "";
    sscanf(step, "!%15[a-z]", word);
    if (strcmp(word, "tls") == 0)
        start_tls(s, step);
    else if (strcmp(word, "octets") == 0)
        hear_octets(s, step, number, new_body(s, step));
    else if (strcmp(word, "some") == 0)
        hear_octets(s, step, number, NULL);
    else if (strcmp(word, "dots") == 0)
        hear_dots(s, step, new_body(s, step));
    else if (strcmp(word, "raw") == 0)
        say(s, step + 5, strlen(step + 5));
    else if (strcmp(word, "zero") == 0)
        say(s, "250 a\0b\r\n", 9);
    else if (strcmp(word, "fill") == 0)
        fill(s, number);
    else if (strcmp(word, "flood") == 0)
        flood(s);
    else if (strcmp(word, "quiet") == 0 && !silent(s))
        fault(s, step, "the client went on");
    else if (strcmp(word, "hang") == 0)
        hang(s);
    else if (strcmp(word, "deaf") == 0)
        deaf(s);
    else if (strcmp(word, "hello") == 0 && recv(s->peer, word, 1, MSG_PEEK) != 1)
        fault(s, step, "no handshake");
    else if (strcmp(word, "eof") == 0 && hear(s, word, 1) > 0)
        fault(s, step, "the client said more");
    else if (strcmp(word, "close") == 0 || strcmp(word, "reset") == 0)
        hang_up(s, word[0] == 'r');
}

static void
meet(struct fake_smtp *s, const char *step)
{
    int peer = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
    if (peer < 0) {
        fault(s, step, "nobody connects");
        return;
    }
    const struct timeval patience = { .tv_sec = PATIENCE_SECONDS };
    setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(peer, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    pthread_mutex_lock(&s->lock);
    s->peer = peer;
    if (s->stopping)
        shutdown(peer, SHUT_RDWR);
    pthread_mutex_unlock(&s->lock);
}

static void *
serve(void *context)
{
    struct fake_smtp *s = context;
    for (size_t i = 0; i < s->n_steps && s->fault[0] == '\0'; i++) {
        const char *step = s->steps[i];
        if (s->peer < 0)
            meet(s, step);
        if (s->peer < 0)
            break;
        if (*step == '<') {
            say_line(s, step + 1);
        } else if (*step == '>') {
            expect_line(s, step);
        } else {
            do_special(s, step);
        }
    }
    hang_up(s, false);
    return NULL;
}

struct fake_smtp *
fake_smtp_new(enum fake_certificate kind)
{
    struct fake_smtp *s = calloc(1, sizeof *s);
    if (s == NULL || pipe(s->end) != 0)
        abort();
    signal(SIGPIPE, SIG_IGN); /* OpenSSL's socket BIO on this side would end the test */
    s->ca = fake_ca_new();
    s->context = fake_ca_server(s->ca, kind, FAKE_SMTP_HOST);
    s->peer = -1;
    pthread_mutex_init(&s->lock, NULL);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->listener < 0 || bind(s->listener, (struct sockaddr *)&address, size) != 0 || listen(s->listener, 8) != 0 ||
        getsockname(s->listener, (struct sockaddr *)&address, &size) != 0)
        abort();
    const struct timeval patience = { .tv_sec = PATIENCE_SECONDS };
    setsockopt(s->listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    s->port = ntohs(address.sin_port);
    return s;
}

void
fake_smtp_plan(struct fake_smtp *s, ...)
{
    va_list args;
    va_start(args, s);
    for (const char *step; (step = va_arg(args, const char *)) != NULL && s->n_steps < STEPS_MAX;)
        s->steps[s->n_steps++] = step;
    va_end(args);
    s->running = pthread_create(&s->thread, NULL, serve, s) == 0;
    if (!s->running)
        abort();
}

/* Each line in clear must be EHLO or STARTTLS. A TLS handshake is not seen here: OpenSSL reads it. */
static void
judge_clear(struct fake_smtp *s)
{
    for (const char *line = sp_str_text(&s->clear); *line != '\0';) {
        if (strncasecmp(line, "EHLO ", 5) != 0 && strncasecmp(line, "STARTTLS\r\n", 10) != 0)
            fault(s, "in clear", line);
        size_t len = strcspn(line, "\n");
        line += line[len] == '\n' ? len + 1 : len;
    }
}

const char *
fake_smtp_end(struct fake_smtp *s)
{
    if (s->end[1] >= 0)
        close(s->end[1]);
    s->end[1] = -1;
    if (s->running)
        pthread_join(s->thread, NULL);
    s->running = false;
    judge_clear(s);
    return s->fault[0] != '\0' ? s->fault : NULL;
}

void
fake_smtp_free(struct fake_smtp **server)
{
    struct fake_smtp *s = *server;
    *server = NULL;
    if (s == NULL)
        return;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    shutdown(s->listener, SHUT_RDWR);
    if (s->peer >= 0)
        shutdown(s->peer, SHUT_RDWR);
    pthread_mutex_unlock(&s->lock);
    fake_smtp_end(s);
    close(s->end[0]);
    close(s->listener);
    SSL_CTX_free(s->context);
    fake_ca_free(&s->ca);
    pthread_mutex_destroy(&s->lock);
    sp_str_free(&s->clear);
    sp_str_free(&s->lines);
    for (size_t i = 0; i < BODIES_MAX; i++)
        sp_str_free(&s->bodies[i]);
    free(s);
}

const char *
fake_smtp_ca_file(const struct fake_smtp *s)
{
    return fake_ca_file(s->ca);
}

unsigned
fake_smtp_port(const struct fake_smtp *s)
{
    return s->port;
}

void
fake_smtp_address(const struct fake_smtp *s, struct sp_net_address *ret)
{
    *ret = (struct sp_net_address){ .size = sizeof(struct sockaddr_in) };
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)s->port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    memcpy(&ret->sock, &address, sizeof address);
}

const char *
fake_smtp_clear(const struct fake_smtp *s)
{
    return sp_str_text(&s->clear);
}

const char *
fake_smtp_lines(const struct fake_smtp *s)
{
    return sp_str_text(&s->lines);
}

const char *
fake_smtp_body(const struct fake_smtp *s, size_t number, size_t *ret_size)
{
    if (number >= s->n_bodies)
        return NULL;
    *ret_size = s->bodies[number].len;
    return s->bodies[number].text;
}
