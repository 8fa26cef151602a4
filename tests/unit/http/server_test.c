/* server_test.c - what clients of every kind say over a real socket, and what they hear. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/secret.h"
#include "base/str.h"
#include "client.h"
#include "web/http/exchange.h"
#include "web/http/server.h"
#include "web/http/stream.h"

enum { MAX_UPLOAD = 300 * 1024 };

struct sp_api { /* what our routes work on */
    sem_t hold; /* GET /wait answers when it is posted */
    atomic_int begun, ended, freed, waiting;
    atomic_ulong bytes;
    pthread_t last_thread;
    struct sp_stream *stream; /* of GET /live */
};

struct sp_upload {
    struct sp_api *api;
};

struct world {
    struct sp_api api;
    struct sp_http_server *server;
    char dir[64], path[96];
    int port;
};

static void
get_hello(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    (void)req;
    api->last_thread = pthread_self();
    sp_respond_json_steal(res, 200, json_pack("{s:s}", "hello", "you"));
}

static void
get_peer(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    (void)api;
    sp_respond_json_steal(res, 200,
                          json_pack("{s:b, s:I, s:s}", "local", req->peer.local, "uid", (json_int_t)req->peer.uid,
                                    "address", req->peer.address));
}

static void
get_wait(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    (void)req;
    api->waiting++;
    while (sem_wait(&api->hold) < 0)
        ;
    sp_respond_empty(res, 204);
}

static void
post_echo(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    (void)api;
    sp_respond_json_steal(res, 200, json_pack("{s:I}", "size", (json_int_t)req->body_size));
}

static struct sp_upload *
upload_begin(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    if (sp_request_header(req, "X-Refuse") != NULL) {
        sp_respond_problem(res, 415, "type", "not this");
        return NULL;
    }
    struct sp_upload *upload = calloc(1, sizeof(*upload));
    upload->api = api;
    api->begun++;
    return upload;
}

static bool
upload_take(struct sp_upload *upload, const void *bytes, size_t size, struct sp_response *res)
{
    upload->api->bytes += size;
    if (memchr(bytes, '!', size) == NULL)
        return true;
    sp_respond_problem(res, 400, "invalid", "no shouting");
    return false;
}

static void
upload_end(struct sp_upload *upload, const struct sp_request *req, struct sp_response *res)
{
    (void)req;
    upload->api->ended++;
    sp_respond_empty(res, 201);
}

static void
upload_free(struct sp_upload *upload)
{
    upload->api->freed++;
    free(upload);
}

/* A stream that says "one", and then what the test adds. */
static void
get_live(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    (void)req;
    struct sp_stream *stream = sp_stream_new();
    sp_stream_add(stream, "one ", 4);
    api->stream = sp_stream_share(stream);
    sp_respond_stream_steal(res, "text/plain", stream);
}

static const struct sp_receiver receiver = { upload_begin, upload_take, upload_end, upload_free };
static const struct sp_route routes[] = {
    { "GET", "/hello", SP_MAY_ANYONE, get_hello, NULL },
    { "GET", "/peer", SP_MAY_ANYONE, get_peer, NULL },
    { "GET", "/wait", SP_MAY_ANYONE, get_wait, NULL },
    { "GET", "/secret", SP_MAY_ADMIN, get_hello, NULL },
    { "POST", "/echo", SP_MAY_ANYONE, post_echo, NULL },
    { "POST", "/up", SP_MAY_ANYONE, NULL, &receiver },
    { "POST", "/mine", SP_MAY_SUBMIT, NULL, &receiver },
    { "GET", "/live", SP_MAY_ANYONE, get_live, NULL },
    { 0 },
};
static const struct sp_route *const tables[] = { routes, NULL };

static int
set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    sem_init(&w->api.hold, 0, 0);
    strcpy(w->dir, "/tmp/sp-http-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof(w->path), "%s/socket", w->dir);
    struct sp_http_listener listeners[] = { { listen_local(w->path), true }, { listen_tcp(&w->port), false } };
    struct sp_http_options options = { .listeners = listeners,
                                       .n_listeners = SP_LEN(listeners),
                                       .router = { .tables = tables, .api = &w->api },
                                       .max_upload = MAX_UPLOAD,
                                       .workers = 2,
                                       .connections = 40,
                                       .uploads = 8,
                                       .clock = &sp_clock_system };
    struct sp_err err = { 0 };
    assert_int_equal(sp_http_start(&options, &w->server, &err), SP_OK);
    *state = w;
    return 0;
}

static int
tear_down(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 16; i++)
        sem_post(&w->api.hold);
    sp_http_stop(&w->server, 0);
    assert_int_equal(w->api.begun, w->api.freed);
    unlink(w->path);
    rmdir(w->dir);
    sem_destroy(&w->api.hold);
    free(w);
    return 0;
}

static void
expect(const struct world *w, const char *request, int status)
{
    SP_AUTO_FREE char *answer = ask(w->port, request);
    if (status_of(answer) != status)
        fail_msg("%d expected, got: %s\nfor: %.200s", status, answer, request);
}

/* Waits for something that a worker does; the limit only ends a broken test. */
static void
until(const atomic_int *value, int wanted)
{
    for (int i = 0; i < 30000 && *value != wanted; i++)
        poll(NULL, 0, 1);
    assert_int_equal(*value, wanted);
}

static void
test_answers_with_security_headers_from_a_worker(void **state)
{
    struct world *w = *state;
    SP_AUTO_FREE char *answer = ask(w->port, "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_int_equal(status_of(answer), 200);
    assert_non_null(strstr(answer, "{\"hello\":\"you\"}"));
    assert_non_null(strstr(answer, "X-Content-Type-Options: nosniff"));
    assert_non_null(strstr(answer, "Content-Security-Policy: default-src 'none'"));
    assert_non_null(strstr(answer, "Cache-Control: no-store"));
    assert_false(pthread_equal(w->api.last_thread, pthread_self()));
}

static void
test_head_is_get_without_a_body(void **state)
{
    const struct world *w = *state;
    SP_AUTO_FREE char *answer = ask(w->port, "HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_int_equal(status_of(answer), 200);
    assert_non_null(strstr(answer, "Content-Length: 15"));
    assert_null(strstr(answer, "hello"));
}

static void
test_two_requests_on_one_connection(void **state)
{
    const struct world *w = *state;
    SP_AUTO_CLOSE int fd = dial_tcp(w->port);
    say(fd, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    SP_AUTO_FREE char *first = hear(fd, "you\"}");
    assert_int_equal(status_of(first), 200);
    say(fd, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
    SP_AUTO_FREE char *second = hear(fd, "not_found\"}");
    assert_int_equal(status_of(second), 404);
    say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
    SP_AUTO_FREE char *third = hear(fd, NULL);
    assert_int_equal(status_of(third), 200);
}

static void
test_errors_are_problem_json(void **state)
{
    const struct world *w = *state;
    SP_AUTO_FREE char *answer = ask(w->port, "POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
                                             "Connection: close\r\n\r\n");
    assert_int_equal(status_of(answer), 405);
    assert_non_null(strstr(answer, "Content-Type: application/problem+json"));
    assert_non_null(strstr(answer, "Allow: GET, HEAD"));
    expect(w, "GET /secret HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 401);
    expect(w, "GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400);
    expect(w, "GET /..%2fetc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400);
    expect(w, "GET /%68ello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200);
    expect(w, "GET /%2568ello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404);
}

/* Each of them is how a request is hidden behind another; none may be answered with anything but 400, once. */
static void
test_400_and_the_end_when_the_length_is_said_twice(void **state)
{
    static const char *const framings[] = {
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length : 5\r\n",
        "Transfer-Encoding : chunked\r\nContent-Length: 5\r\n",
    };
    const struct world *w = *state;
    for (size_t i = 0; i < SP_LEN(framings); i++) {
        char request[512];
        snprintf(request, sizeof(request),
                 "POST /echo HTTP/1.1\r\nHost: x\r\n%s\r\n0\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n",
                 framings[i]);
        SP_AUTO_FREE char *answer = ask(w->port, request);
        if (status_of(answer) != 400 && answer[0] != '\0')
            fail_msg("%s got: %s", framings[i], answer);
        assert_null(strstr(answer, "hello"));
    }
}

static void
test_413_before_a_byte_of_a_body_that_is_too_large(void **state)
{
    const struct world *w = *state;
    expect(w, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\nExpect: 100-continue\r\n\r\n", 413);
    expect(w, "POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", 413);
    assert_int_equal(w->api.begun, 0);
}

static void
test_413_when_a_chunked_body_grows_too_large(void **state)
{
    static const char *const targets[] = { "/echo", "/up" };
    const struct world *w = *state;
    for (size_t i = 0; i < SP_LEN(targets); i++) {
        SP_AUTO_CLOSE int fd = dial_tcp(w->port);
        char head[200];
        snprintf(head, sizeof(head),
                 "POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                 "Connection: close\r\n\r\n",
                 targets[i]);
        say(fd, head);
        SP_AUTO_FREE char *chunk = malloc(0x8000 + 16);
        int at = sprintf(chunk, "8000\r\n");
        memset(chunk + at, 'a', 0x8000);
        chunk[at + 0x8000] = '\r';
        chunk[at + 0x8001] = '\n';
        for (int n = 0; n < 12; n++)
            assert_true(try_to_say(fd, chunk, (size_t)at + 0x8002));
        say(fd, "0\r\n\r\n");
        SP_AUTO_FREE char *answer = hear(fd, NULL);
        assert_int_equal(status_of(answer), 413);
    }
    assert_int_equal(w->api.ended, 0);
}

static void
test_100_continue_only_after_the_sender_was_admitted(void **state)
{
    const struct world *w = *state;
    SP_AUTO_CLOSE int fd = dial_tcp(w->port);
    say(fd, "POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
    SP_AUTO_FREE char *first = hear(fd, "\r\n\r\n");
    assert_int_equal(status_of(first), 100);
    assert_int_equal(w->api.begun, 1);
    say(fd, "12345");
    SP_AUTO_FREE char *second = hear(fd, NULL);
    assert_int_equal(status_of(second), 201);
    expect(w, "POST /mine HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", 401);
    expect(w, "POST /up HTTP/1.1\r\nHost: x\r\nX-Refuse: 1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", 415);
    assert_int_equal(w->api.begun, 1);
}

static void
send_upload(int fd, size_t size, char letter)
{
    char head[200];
    snprintf(head, sizeof(head), "POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
             size);
    say(fd, head);
    SP_AUTO_FREE char *body = malloc(size);
    memset(body, letter, size);
    assert_true(try_to_say(fd, body, size));
}

/* Sends all of its body and only then listens, as many copiers do. */
static void
expect_deaf(const struct world *w, const char *target, const char *header, size_t size, int status)
{
    SP_AUTO_CLOSE int fd = dial_tcp(w->port);
    char head[200];
    snprintf(head, sizeof(head), "POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n", target, header, size);
    say(fd, head);
    SP_AUTO_FREE char *body = calloc(1, size);
    assert_true(try_to_say(fd, body, size));
    SP_AUTO_FREE char *answer = hear(fd, "\r\n\r\n");
    assert_int_equal(status_of(answer), status);
    say(fd, "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    SP_AUTO_FREE char *next = hear(fd, NULL);
    assert_non_null(strstr(next, "HTTP/1.1 200"));
}

static void
test_refused_before_its_body_is_said_after_it_to_who_does_not_listen(void **state)
{
    const struct world *w = *state;
    enum { LARGE = 20 * 1024 * 1024 };
    expect_deaf(w, "/up", "", LARGE, 413);
    expect_deaf(w, "/echo", "", LARGE, 413);
    expect_deaf(w, "/mine", "", MAX_UPLOAD, 401);
    expect_deaf(w, "/up", "X-Refuse: 1\r\n", MAX_UPLOAD, 415);
    expect_deaf(w, "/nothing", "", LARGE, 404);
    assert_int_equal(w->api.begun, 0);
}

static void
test_a_large_upload_arrives_whole(void **state)
{
    static const size_t sizes[] = {
        1, SP_PIECE_MAX - 1, SP_PIECE_MAX, SP_PIECE_MAX + 1, (size_t)2 * SP_PIECE_MAX, MAX_UPLOAD
    };
    struct world *w = *state;
    for (size_t i = 0; i < SP_LEN(sizes); i++) {
        w->api.bytes = 0;
        SP_AUTO_CLOSE int fd = dial_tcp(w->port);
        send_upload(fd, sizes[i], 'a');
        SP_AUTO_FREE char *answer = hear(fd, NULL);
        assert_int_equal(status_of(answer), 201);
        assert_int_equal(w->api.bytes, sizes[i]);
    }
}

/* Many chunks lie in libmicrohttpd's buffer at once, while the worker still has the last piece. */
static void
test_a_chunked_upload_arrives_whole(void **state)
{
    static const size_t chunks[] = { 1, 1000, 4093, 30000 };
    struct world *w = *state;
    for (size_t i = 0; i < SP_LEN(chunks); i++) {
        size_t count = (chunks[i] == 1 ? 20000 : 280000) / chunks[i];
        SP_AUTO(sp_str_free) struct sp_str body = { 0 };
        for (size_t n = 0; n < count; n++) {
            sp_str_addf(&body, "%zx\r\n", chunks[i]);
            for (size_t k = 0; k < chunks[i]; k++)
                sp_str_add_char(&body, 'a');
            sp_str_add(&body, "\r\n");
        }
        sp_str_add(&body, "0\r\n\r\n");
        w->api.bytes = 0;
        SP_AUTO_CLOSE int fd = dial_tcp(w->port);
        say(fd, "POST /up HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
        assert_true(try_to_say(fd, body.text, body.len));
        SP_AUTO_FREE char *answer = hear(fd, NULL);
        assert_int_equal(status_of(answer), 201);
        assert_int_equal(w->api.bytes, count * chunks[i]);
    }
}

static void
test_refused_in_the_middle_is_said_at_the_end(void **state)
{
    struct world *w = *state;
    SP_AUTO_CLOSE int fd = dial_tcp(w->port);
    send_upload(fd, MAX_UPLOAD, '!');
    SP_AUTO_FREE char *answer = hear(fd, NULL);
    assert_int_equal(status_of(answer), 400);
    assert_non_null(strstr(answer, "no shouting"));
    until(&w->api.freed, 1);
    assert_int_equal(w->api.ended, 0);
    assert_int_equal(w->api.bytes, SP_PIECE_MAX);
}

static void
test_a_client_that_leaves_in_the_middle_ends_its_upload(void **state)
{
    struct world *w = *state;
    int fd = dial_tcp(w->port);
    say(fd, "POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc");
    until(&w->api.begun, 1);
    close(fd);
    until(&w->api.freed, 1);
    assert_int_equal(w->api.ended, 0);
}

static void
test_silent_uploads_hold_no_worker(void **state)
{
    const struct world *w = *state;
    int fds[6];
    for (size_t i = 0; i < SP_LEN(fds); i++) {
        fds[i] = dial_tcp(w->port);
        say(fds[i], "POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\na");
    }
    until(&w->api.begun, (int)SP_LEN(fds)); /* three times as many as there are workers */
    expect(w, "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200);
    for (size_t i = 0; i < SP_LEN(fds); i++)
        close(fds[i]);
}

static void
test_503_when_too_many_uploads_come_at_once(void **state)
{
    const struct world *w = *state;
    int fds[8];
    for (size_t i = 0; i < SP_LEN(fds); i++) {
        fds[i] = dial_tcp(w->port);
        say(fds[i], "POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\na");
    }
    until(&w->api.begun, (int)SP_LEN(fds));
    SP_AUTO_FREE char *answer =
        ask(w->port, "POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nConnection: close\r\n\r\na");
    assert_int_equal(status_of(answer), 503);
    assert_non_null(strstr(answer, "Retry-After:"));
    for (size_t i = 0; i < SP_LEN(fds); i++)
        close(fds[i]);
    until(&w->api.freed, (int)SP_LEN(fds));
    expect(w, "POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nConnection: close\r\n\r\na", 201);
}

static void
test_silent_connections_make_room_for_a_new_one(void **state)
{
    const struct world *w = *state;
    int fds[100]; /* more than twice of what is let in */
    for (size_t i = 0; i < SP_LEN(fds); i++) {
        fds[i] = dial_tcp(w->port);
        say(fds[i], i % 2 == 0 ? "GET /he" : "GET /hello HTTP/1.1\r\nHo");
    }
    expect(w, "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200);
    for (size_t i = 0; i < SP_LEN(fds); i++)
        close(fds[i]);
}

/* As many as are let in, and more, each with a body that does not come: nobody knows them. */
static void
test_strangers_with_slow_bodies_make_room_too(void **state)
{
    const struct world *w = *state;
    int fds[60];
    for (size_t i = 0; i < SP_LEN(fds); i++) {
        fds[i] = dial_tcp(w->port);
        say(fds[i], "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\na");
        expect(w, "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200);
    }
    for (size_t i = 0; i < SP_LEN(fds); i++)
        close(fds[i]);
}

static void
test_the_unix_socket_knows_who_is_there(void **state)
{
    const struct world *w = *state;
    SP_AUTO_CLOSE int fd = dial_local(w->path);
    say(fd, "GET /peer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    SP_AUTO_FREE char *answer = hear(fd, NULL);
    char uid[64];
    snprintf(uid, sizeof(uid), "\"local\":true,\"uid\":%u", (unsigned)getuid());
    assert_non_null(strstr(answer, uid));
    SP_AUTO_FREE char *other = ask(w->port, "GET /peer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_non_null(strstr(other, "\"local\":false"));
    assert_non_null(strstr(other, "127.0.0.1"));
}

static void
test_garbage_and_endless_headers_are_ended(void **state)
{
    const struct world *w = *state;
    SP_AUTO_FREE char *garbage = ask(w->port, "\x16\x03\x01\x02\r\n\r\n");
    assert_int_not_equal(status_of(garbage), 200);
    SP_AUTO_CLOSE int fd = dial_tcp(w->port);
    say(fd, "GET /hello HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 2000 && try_to_say(fd, "X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", 55); i++)
        ;
    SP_AUTO_FREE char *answer = hear(fd, NULL);
    assert_int_not_equal(status_of(answer), 200);
    SP_AUTO_CLOSE int many = dial_tcp(w->port);
    say(many, "GET /hello HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < SP_HEADERS_MAX + 1; i++)
        say(many, "A: b\r\n");
    say(many, "\r\n");
    SP_AUTO_FREE char *refused = hear(many, NULL);
    assert_int_equal(status_of(refused), 400);
}

static void *
stop_server(void *context)
{
    struct world *w = context;
    sp_http_stop(&w->server, 60000);
    return NULL;
}

static void
test_stop_lets_an_upload_finish(void **state)
{
    struct world *w = *state;
    SP_AUTO_CLOSE int fd = dial_tcp(w->port);
    say(fd, "POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc");
    until(&w->api.begun, 1);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, stop_server, w), 0);
    say(fd, "def");
    SP_AUTO_FREE char *answer = hear(fd, NULL);
    assert_int_equal(status_of(answer), 201);
    pthread_join(thread, NULL);
    assert_null(w->server);
}

static void
until_stopping(struct world *w)
{
    for (int i = 0; i < 10000 && __atomic_load_n(&w->server, __ATOMIC_ACQUIRE) != NULL; i++)
        (void)poll(NULL, 0, 1);
    assert_null(__atomic_load_n(&w->server, __ATOMIC_ACQUIRE));
}

static void
test_stop_answers_who_had_just_connected(void **state)
{
    struct world *w = *state;
    SP_AUTO_CLOSE int early = dial_tcp(w->port);
    SP_AUTO_CLOSE int local = dial_local(w->path);
    SP_AUTO_CLOSE int busy = dial_tcp(w->port);
    say(busy, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"); /* accepted in order: so the first is taken too */
    until(&w->api.waiting, 1);
    SP_AUTO_CLOSE int local_busy = dial_local(w->path);
    say(local_busy, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    until(&w->api.waiting, 2);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, stop_server, w), 0);
    until_stopping(w);
    sem_post(&w->api.hold);
    SP_AUTO_FREE char *waited = hear(busy, NULL); /* to the end: its connection is closed */
    assert_non_null(strstr(waited, "Connection: close"));
    say(early, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    say(local, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    SP_AUTO_FREE char *answer = hear(early, NULL);
    SP_AUTO_FREE char *local_answer = hear(local, NULL);
    assert_int_equal(status_of(answer), 200);
    assert_non_null(strstr(answer, "Connection: close"));
    assert_int_equal(status_of(local_answer), 200);
    sem_post(&w->api.hold);
    pthread_join(thread, NULL);
}

static void
test_stop_ends_what_does_not_finish(void **state)
{
    struct world *w = *state;
    SP_AUTO_CLOSE int slow = dial_tcp(w->port);
    SP_AUTO_CLOSE int idle = dial_tcp(w->port);
    SP_AUTO_CLOSE int busy = dial_tcp(w->port);
    say(slow, "POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc");
    say(busy, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    until(&w->api.begun, 1);
    until(&w->api.waiting, 1);
    sem_post(&w->api.hold);
    sp_http_stop(&w->server, 0);
    assert_int_equal(w->api.freed, 1);
    SP_AUTO_FREE char *answer = hear(idle, NULL);
    assert_string_equal(answer, "");
}

/* ---- streams ---- */

static int
begin_live(struct world *w)
{
    int fd = dial_tcp(w->port);
    say(fd, "GET /live HTTP/1.1\r\nHost: x\r\n\r\n");
    SP_AUTO_FREE char *first = hear(fd, "one ");
    assert_int_equal(status_of(first), 200);
    assert_non_null(strstr(first, "chunked"));
    return fd;
}

static void
test_a_stream_says_what_is_added_to_it(void **state)
{
    struct world *w = *state;
    SP_AUTO_CLOSE int fd = begin_live(w);
    assert_true(sp_stream_add(w->api.stream, "two ", 4));
    SP_AUTO_FREE char *second = hear(fd, "two ");
    assert_non_null(strstr(second, "two "));
    assert_true(sp_stream_add(w->api.stream, "three ", 6));
    sp_stream_end(w->api.stream);
    SP_AUTO_FREE char *rest = hear(fd, NULL);
    assert_non_null(strstr(rest, "three "));
    assert_non_null(strstr(rest, "\r\n0\r\n")); /* whole, as chunks say it */
    sp_stream_drop(&w->api.stream);
}

static void
test_many_streams_need_no_threads(void **state)
{
    struct world *w = *state;
    int fds[20];
    struct sp_stream *streams[SP_LEN(fds)];
    for (size_t i = 0; i < SP_LEN(fds); i++) {
        fds[i] = begin_live(w);
        streams[i] = w->api.stream;
    }
    SP_AUTO_FREE char *hello = ask(w->port, "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_int_equal(status_of(hello), 200);
    for (size_t i = 0; i < SP_LEN(fds); i++) {
        sp_stream_add(streams[i], "two ", 4);
        SP_AUTO_FREE char *second = hear(fds[i], "two ");
        assert_non_null(strstr(second, "two "));
        sp_stream_end(streams[i]);
        sp_stream_drop(&streams[i]);
        close(fds[i]);
    }
}

static void
test_a_client_that_went_away_ends_its_stream(void **state)
{
    struct world *w = *state;
    int fd = begin_live(w);
    close(fd);
    for (int i = 0; i < 10000 && sp_stream_add(w->api.stream, "more ", 5); i++)
        (void)poll(NULL, 0, 1);
    assert_true(sp_stream_ended(w->api.stream));
    sp_stream_drop(&w->api.stream);
}

static void
test_a_client_that_does_not_read_is_dropped(void **state)
{
    struct world *w = *state;
    SP_AUTO_CLOSE int fd = begin_live(w);
    char text[4096];
    memset(text, 'x', sizeof(text));
    for (int i = 0; i < 100000 && sp_stream_add(w->api.stream, text, sizeof(text)); i++)
        ;
    assert_true(sp_stream_ended(w->api.stream));
    sp_stream_drop(&w->api.stream);
}

static void
test_stop_ends_streams_at_once(void **state)
{
    struct world *w = *state;
    SP_AUTO_CLOSE int fd = begin_live(w);
    sp_http_stop(&w->server, 3600000); /* would be the test's end if it waited for that */
    SP_AUTO_FREE char *rest = hear(fd, NULL);
    assert_non_null(strstr(rest, "0\r\n"));
    assert_false(sp_stream_add(w->api.stream, "late", 4));
    sp_stream_drop(&w->api.stream);
}

/* ---- TLS, with the client that every Debian has ---- */

static void
run_command(const char *command, char *output, size_t size)
{
    FILE *pipe = popen(command, "r"); /* NOLINT(cert-env33-c): a test's own words */
    assert_non_null(pipe);
    size_t got = fread(output, 1, size - 1, pipe);
    output[got] = '\0';
    pclose(pipe);
}

static void
make_certificate(const char *dir)
{
    char command[400];
    char output[4096];
    snprintf(command, sizeof(command),
             "cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost"
             " -keyout key.pem -out cert.pem 2>&1 && chmod 600 key.pem",
             dir);
    run_command(command, output, sizeof(output));
}

static void
test_tls_with_the_certificate_given(void **state)
{
    const struct world *w = *state;
    char output[4096];
    char command[300];
    char certificate[96];
    char key_file[96];
    int port = 0;
    make_certificate(w->dir);
    snprintf(certificate, sizeof(certificate), "%s/cert.pem", w->dir);
    snprintf(key_file, sizeof(key_file), "%s/key.pem", w->dir);
    SP_AUTO(sp_secret_free) struct sp_secret *key = NULL;
    assert_int_equal(sp_secret_from_file(key_file, &key, NULL), SP_OK);
    struct sp_http_listener listener = { listen_tcp(&port), false };
    struct sp_http_options options = { .listeners = &listener,
                                       .n_listeners = 1,
                                       .tls_certificate = certificate,
                                       .tls_key = key,
                                       .router = { .tables = tables },
                                       .max_upload = MAX_UPLOAD,
                                       .clock = &sp_clock_system };
    struct sp_http_server *server = NULL;
    assert_int_equal(sp_http_start(&options, &server, NULL), SP_OK);
    snprintf(command, sizeof(command),
             "(printf 'GET /peer HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n'; sleep 1)"
             " | openssl s_client -quiet -connect 127.0.0.1:%d 2>/dev/null",
             port);
    run_command(command, output, sizeof(output));
    sp_http_stop(&server, 1000);
    assert_int_equal(status_of(output), 200);
    options.tls_certificate = key_file; /* not a certificate */
    options.listeners = &(struct sp_http_listener){ listen_tcp(&port), false };
    struct sp_err err = { 0 };
    assert_int_equal(sp_http_start(&options, &server, &err), SP_E_INVALID);
    assert_null(server);
    close(options.listeners[0].fd);
    unlink(certificate);
    unlink(key_file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_answers_with_security_headers_from_a_worker),
        TEST(test_head_is_get_without_a_body),
        TEST(test_two_requests_on_one_connection),
        TEST(test_errors_are_problem_json),
        TEST(test_400_and_the_end_when_the_length_is_said_twice),
        TEST(test_413_before_a_byte_of_a_body_that_is_too_large),
        TEST(test_413_when_a_chunked_body_grows_too_large),
        TEST(test_100_continue_only_after_the_sender_was_admitted),
        TEST(test_refused_before_its_body_is_said_after_it_to_who_does_not_listen),
        TEST(test_a_large_upload_arrives_whole),
        TEST(test_a_chunked_upload_arrives_whole),
        TEST(test_refused_in_the_middle_is_said_at_the_end),
        TEST(test_a_client_that_leaves_in_the_middle_ends_its_upload),
        TEST(test_silent_uploads_hold_no_worker),
        TEST(test_503_when_too_many_uploads_come_at_once),
        TEST(test_silent_connections_make_room_for_a_new_one),
        TEST(test_strangers_with_slow_bodies_make_room_too),
        TEST(test_the_unix_socket_knows_who_is_there),
        TEST(test_garbage_and_endless_headers_are_ended),
        TEST(test_stop_lets_an_upload_finish),
        TEST(test_stop_answers_who_had_just_connected),
        TEST(test_stop_ends_what_does_not_finish),
        TEST(test_a_stream_says_what_is_added_to_it),
        TEST(test_many_streams_need_no_threads),
        TEST(test_a_client_that_went_away_ends_its_stream),
        TEST(test_a_client_that_does_not_read_is_dropped),
        TEST(test_stop_ends_streams_at_once),
        TEST(test_tls_with_the_certificate_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
