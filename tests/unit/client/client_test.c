/* The client against a scripted peer on a Unix socket: what is asked, and what is made of the answers. */
#include "gateway/client/client.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/str.h"

struct world {
    char dir[64];
    int listener;
    pthread_t thread;
    const char *answer;
    const char *until; /* the request is whole when it ends with this */
    struct sp_str request;
    struct sp_client *client;
};

static void
path_in(const struct world *w, const char *name, char path[100])
{
    snprintf(path, 100, "%s/%s", w->dir, name);
}

static int
setup_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct sp_err err = { 0 };
    if (w == NULL)
        return -1;
    strcpy(w->dir, "/tmp/client_test_XXXXXX");
    w->listener = -1;
    *state = w;
    return mkdtemp(w->dir) != NULL && sp_client_new(w->dir, &w->client, &err) == SP_OK ? 0 : -1;
}

static int
teardown_world(void **state)
{
    static const char *const names[] = { "scanpost.sock", "scan.pdf" };
    struct world *w = *state;
    char path[100];
    if (w->listener >= 0)
        close(w->listener);
    for (size_t i = 0; i < SP_LEN(names); i++) {
        path_in(w, names[i], path);
        unlink(path);
    }
    sp_client_free(&w->client);
    sp_str_free(&w->request);
    int rc = rmdir(w->dir);
    free(w);
    return rc;
}

/* One connection, one request, one answer. */
static void *
serve(void *context)
{
    struct world *w = context;
    char bytes[4096];
    int fd = accept(w->listener, NULL, NULL);
    ssize_t got = 0;
    while (!(w->request.len >= strlen(w->until) &&
             strcmp(w->request.text + w->request.len - strlen(w->until), w->until) == 0) &&
           (got = read(fd, bytes, sizeof bytes)) > 0)
        sp_str_add_n(&w->request, bytes, (size_t)got);
    (void)!write(fd, w->answer, strlen(w->answer));
    close(fd);
    return NULL;
}

static void
expect(struct world *w, const char *until, const char *answer)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    char path[100];
    path_in(w, "scanpost.sock", path);
    strcpy(at.sun_path, path);
    w->answer = answer;
    w->until = until;
    w->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(w->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(w->listener, 1), 0);
    assert_int_equal(pthread_create(&w->thread, NULL, serve, w), 0);
}

#define CLOSES "Connection: close\r\n\r\n"

static void
test_answer_comes_back_as_json(void **state)
{
    struct world *w = *state;
    struct sp_err err = { 0 };
    json_t *got = NULL;
    expect(w, "\r\n\r\n", "HTTP/1.1 200 OK\r\n" CLOSES "{\"jobs\":[]}");
    assert_int_equal(sp_client_call(w->client, "GET", "/api/v1/jobs?limit=3", NULL, &got, &err), SP_OK);
    pthread_join(w->thread, NULL);
    assert_true(json_is_array(json_object_get(got, "jobs")));
    json_decref(got);
    assert_memory_equal(w->request.text, "GET /api/v1/jobs?limit=3 HTTP/1.1\r\n", 35);
}

static void
test_refusal_comes_back_in_the_daemons_words_without_control_characters(void **state)
{
    struct world *w = *state;
    struct sp_err err = { 0 };
    json_t *got = NULL;
    expect(w, "\r\n\r\n",
           "HTTP/1.1 409 Conflict\r\nContent-Type: application/problem+json\r\n" CLOSES
           "{\"title\":\"Conflict\",\"detail\":\"the job is \\u001b[1msent\"}");
    assert_int_equal(sp_client_call(w->client, "POST", "/api/v1/jobs/X/retry", NULL, &got, &err), SP_E_CONFLICT);
    pthread_join(w->thread, NULL);
    assert_null(got);
    assert_string_equal(err.text, "the job is  [1msent");
}

static void
test_answer_that_is_no_json_is_refused(void **state)
{
    struct world *w = *state;
    struct sp_err err = { 0 };
    json_t *got = NULL;
    expect(w, "\r\n\r\n", "HTTP/1.1 200 OK\r\n" CLOSES "<html>");
    assert_int_equal(sp_client_call(w->client, "GET", "/", NULL, &got, &err), SP_E_PROTO);
    pthread_join(w->thread, NULL);
}

static void
test_empty_answer_is_no_answer_and_fine(void **state)
{
    struct world *w = *state;
    struct sp_err err = { 0 };
    json_t *got = NULL, *body = json_pack("{s:s}", "password", "secret");
    expect(w, "{\"password\":\"secret\"}", "HTTP/1.1 204 No Content\r\n" CLOSES);
    assert_int_equal(sp_client_call(w->client, "PUT", "/api/v1/users/a/password", body, &got, &err), SP_OK);
    pthread_join(w->thread, NULL);
    json_decref(body);
    assert_null(got);
    assert_memory_equal(w->request.text, "PUT ", 4);
}

static void
test_peer_that_hangs_up_is_told(void **state)
{
    struct world *w = *state;
    struct sp_err err = { 0 };
    json_t *got = NULL;
    expect(w, "\r\n\r\n", "");
    assert_int_equal(sp_client_call(w->client, "GET", "/", NULL, &got, &err), SP_E_CLOSED);
    pthread_join(w->thread, NULL);
    assert_non_null(strstr(err.text, "scanpostd did not answer"));
}

static void
test_missing_socket_says_how_to_start_the_daemon(void **state)
{
    struct world *w = *state;
    struct sp_err err = { 0 };
    json_t *got = NULL;
    assert_int_equal(sp_client_call(w->client, "GET", "/", NULL, &got, &err), SP_E_CLOSED);
    assert_non_null(strstr(err.text, "scanpostd is not running: there is no socket"));
    assert_non_null(strstr(err.text, "systemctl start"));
}

static void
test_scan_is_posted_with_its_recipients_and_file(void **state)
{
    static const char *const expected[] = {
        "POST /api/v1/scans HTTP/1.1\r\n",          "name=\"to\"\r\n\r\na@contoso.com\r\n",
        "name=\"to\"\r\n\r\nb@contoso.com\r\n",     "name=\"route\"\r\n\r\nr\r\n",
        "name=\"document\"; filename=\"scan.pdf\"", "%PDF-1.7 and so on"
    };
    struct world *w = *state;
    char path[100];
    struct sp_err err = { 0 };
    json_t *got = NULL;
    path_in(w, "scan.pdf", path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("%PDF-1.7 and so on", file);
    fclose(file);
    const char *const to[] = { "a@contoso.com", "b@contoso.com" };
    const char *const files[] = { path };
    const struct sp_form form = { .files = files, .n_files = 1, .to = to, .n_to = 2, .route = "r" };
    expect(w, "--\r\n", "HTTP/1.1 201 Created\r\n" CLOSES "{\"id\":\"01JDX\"}");
    assert_int_equal(sp_client_send(w->client, &form, &got, &err), SP_OK);
    pthread_join(w->thread, NULL);
    assert_string_equal(json_string_value(json_object_get(got, "id")), "01JDX");
    json_decref(got);
    for (size_t i = 0; i < SP_LEN(expected); i++)
        if (strstr(w->request.text, expected[i]) == NULL)
            fail_msg("'%s' is missing in\n%s", expected[i], w->request.text);
}

int
main(void)
{
#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, setup_world, teardown_world)
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_answer_comes_back_as_json),
        IN_WORLD(test_refusal_comes_back_in_the_daemons_words_without_control_characters),
        IN_WORLD(test_answer_that_is_no_json_is_refused),
        IN_WORLD(test_empty_answer_is_no_answer_and_fine),
        IN_WORLD(test_peer_that_hangs_up_is_told),
        IN_WORLD(test_missing_socket_says_how_to_start_the_daemon),
        IN_WORLD(test_scan_is_posted_with_its_recipients_and_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
