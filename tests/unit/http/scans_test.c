/* scans_test.c - forms that become jobs, and forms that leave nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/auto.h"
#include "client.h"
#include "house.h"
#include "web/http/server.h"

static int
set_up(void **state)
{
    *state = house_open();
    return 0;
}

static int
tear_down(void **state)
{
    house_close(*state);
    return 0;
}

static const char *
text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text == NULL ? "(none)" : text;
}

/* Nothing came of it: no job, and nothing in the spool. */
static void
expect_nothing(struct house *house)
{
    assert_int_equal(world_jobs(house->w, NULL), 0);
    assert_int_equal(world_spool_count(house->w), 0);
    char unfinished[128];
    snprintf(unfinished, sizeof(unfinished), "%s/spool/.new", house->w->state);
    SP_AUTO_FREE char *command = NULL;
    assert_true(asprintf(&command, "test -z \"$(ls -A %s 2>/dev/null)\"", unfinished) > 0);
    assert_int_equal(system(command), 0);
}

static void
expect_refused(struct house *house, const struct asker *asker, struct sp_str *form, int status, const char *words)
{
    struct sp_response res;
    int got = house_submit(house, asker, "/api/v1/scans", form, &res);
    if (got != status || strstr(res.body, words) == NULL)
        fail_msg("%d instead of %d: %s", got, status, res.body);
    sp_response_free(&res);
    expect_nothing(house);
}

static void
test_a_scan_becomes_a_job(void **state)
{
    struct house *house = *state;
    SP_AUTO_FREE char *token = house_token(house, "{\"name\":\"copier\",\"to\":[\"*@contoso.com\"]}");
    struct asker asker = { .authorization = token };
    struct sample pdf = sample_pdf("one");
    struct sample png = sample_png();
    struct sp_str form = { 0 };
    struct sp_response res;
    form_file(&form, "../../first \xC3\xBC.pdf", pdf.bytes, pdf.size); /* before the fields, and after */
    form_field(&form, "to", " a@contoso.com ");
    form_field(&form, "subject", "Bill");
    form_field(&form, "to", "b@contoso.com");
    form_field(&form, "body", "Hello\r\nthere");
    form_file(&form, "second.png", png.bytes, png.size);
    assert_int_equal(house_submit(house, &asker, "/api/v1/scans", &form, &res), 201);
    json_t *job = body_of(&res);
    const char *id = text_of(job, "id");
    assert_string_equal(sp_response_header(&res, "Location") + strlen("/api/v1/jobs/"), id);
    assert_null(sp_response_header(&res, "Idempotent-Replayed"));
    assert_string_equal(text_of(job, "state"), "queued");
    assert_string_equal(text_of(job, "source"), "http");
    assert_string_equal(text_of(job, "source_name"), "copier");
    assert_string_equal(text_of(job, "subject"), "Bill");
    assert_true(json_is_null(json_object_get(job, "finished")));
    const json_t *documents = json_object_get(job, "documents");
    assert_int_equal(json_array_size(documents), 2);
    assert_string_equal(text_of(json_array_get(documents, 0), "type"), "application/pdf");
    assert_null(strchr(text_of(json_array_get(documents, 0), "name"), '/'));
    assert_int_equal(json_integer_value(json_object_get(json_array_get(documents, 1), "n")), 2);
    assert_int_equal(json_array_size(json_object_get(job, "recipients")), 2);
    assert_string_equal(text_of(json_array_get(json_object_get(job, "recipients"), 0), "address"), "a@contoso.com");
    assert_true(world_document_is(house->w, id, 1, pdf.bytes, pdf.size));
    assert_true(world_document_is(house->w, id, 2, png.bytes, png.size));
    eventfd_t woken = 0;
    assert_int_equal(eventfd_read(house->w->wake, &woken), 0);
    json_decref(job);
    sp_response_free(&res);
}

static void
test_400_without_a_document(void **state)
{
    struct house *house = *state;
    struct sp_str form = { 0 };
    form_field(&form, "to", "a@contoso.com");
    expect_refused(house, &admin, &form, 400, "no file");
}

static void
test_400_for_a_field_that_is_not_known(void **state)
{
    struct house *house = *state;
    struct sp_str form = { 0 };
    form_field(&form, "recipient", "a@contoso.com");
    expect_refused(house, &admin, &form, 400, "not known");
}

static void
test_400_for_words_that_are_no_good(void **state)
{
    static const struct {
        const char *name, *value;
    } table[] = {
        { "to", "not an address" },
        { "to", "a@contoso.com\r\nBcc: evil@example.com" },
        { "subject", "Hi\r\nBcc: evil@example.com" },
        { "subject", "\xff\xfe" },
        { "route", "nowhere" },
        { "body", "\xc3" },
    };
    struct house *house = *state;
    struct sample pdf = sample_pdf("x");
    for (size_t i = 0; i < SP_LEN(table); i++) {
        struct sp_str form = { 0 };
        form_field(&form, "to", "a@contoso.com");
        form_field(&form, table[i].name, table[i].value);
        form_file(&form, "x.pdf", pdf.bytes, pdf.size);
        expect_refused(house, &admin, &form, 400, "invalid");
    }
}

static void
test_400_for_a_field_that_is_there_twice_or_too_long(void **state)
{
    struct house *house = *state;
    SP_AUTO_FREE char *endless = malloc(40001);
    struct sp_str form = { 0 };
    form_field(&form, "subject", "a");
    form_field(&form, "subject", "b");
    expect_refused(house, &admin, &form, 400, "twice");
    memset(endless, 'x', 40000);
    endless[40000] = '\0';
    form_field(&form, "body", endless);
    expect_refused(house, &admin, &form, 400, "too long");
    for (int i = 0; i < 501; i++)
        form_field(&form, "to", "a@contoso.com");
    expect_refused(house, &admin, &form, 400, "more than 500");
}

static void
test_415_for_what_is_no_document(void **state)
{
    struct house *house = *state;
    struct sp_str form = { 0 };
    form_field(&form, "to", "a@contoso.com");
    form_file(&form, "virus.exe", "MZ\x90\x00hello", 9);
    expect_refused(house, &admin, &form, 415, "type");
    form_field(&form, "to", "a@contoso.com");
    form_file(&form, "", "", 0);
    expect_refused(house, &admin, &form, 415, "type");
    struct sp_response res;
    assert_int_equal(house_post(house, &admin, "POST", "/api/v1/scans", "{}", &res), 415);
    sp_response_free(&res);
    expect_nothing(house);
}

static void
test_413_beyond_max_document(void **state)
{
    struct house *house = *state;
    size_t size = (size_t)house->w->settings.gateway.max_document + 1;
    SP_AUTO_FREE char *big = calloc(1, size);
    struct sp_str form = { 0 };
    form_file(&form, "big.pdf", big, size);
    expect_refused(house, &admin, &form, 413, "too_large");
}

static void
test_507_when_the_disk_is_nearly_full(void **state)
{
    struct house *house = *state;
    struct sample pdf = sample_pdf("x");
    struct sp_str form = { 0 };
    house->w->settings.gateway.reserve = UINT64_MAX / 4;
    form_field(&form, "to", "a@contoso.com");
    form_file(&form, "x.pdf", pdf.bytes, pdf.size);
    expect_refused(house, &admin, &form, 507, "no_room");
    struct sp_response res;
    assert_int_equal(house_get(house, &nobody, "/healthz", &res), 503);
    assert_non_null(strstr(res.body, "less room than the reserve"));
    sp_response_free(&res);
}

static void
test_a_token_keeps_to_its_route_and_its_recipients(void **state)
{
    struct house *house = *state;
    SP_AUTO_FREE char *bound = house_token(house, "{\"name\":\"bound\",\"route\":\"accounting\"}");
    struct asker asker = { .authorization = bound };
    struct sample pdf = sample_pdf("x");
    struct sp_str form = { 0 };
    form_field(&form, "route", "partners");
    form_file(&form, "x.pdf", pdf.bytes, pdf.size);
    expect_refused(house, &asker, &form, 403, "another route");
    form_field(&form, "to", "boss@contoso.com");
    form_file(&form, "x.pdf", pdf.bytes, pdf.size);
    expect_refused(house, &asker, &form, 403, "denied");
    form_field(&form, "user", "boss");
    form_file(&form, "x.pdf", pdf.bytes, pdf.size);
    expect_refused(house, &asker, &form, 403, "not yours");
    struct sp_response res;
    form_file(&form, "x.pdf", pdf.bytes, pdf.size);
    assert_int_equal(house_submit(house, &asker, "/api/v1/scans?route=accounting", &form, &res), 201);
    json_t *job = body_of(&res);
    assert_string_equal(text_of(job, "route"), "accounting");
    json_decref(job);
    sp_response_free(&res);
}

static void
test_the_print_system_names_queue_and_user(void **state)
{
    struct house *house = *state;
    const struct passwd *lp = getpwnam("lp");
    if (lp == NULL) {
        skip();
        return; /* skip has left already, which an analyzer cannot know */
    }
    struct asker asker = { .local = true, .uid = lp->pw_uid };
    struct sample pdf = sample_pdf("x");
    struct sp_str form = { 0 };
    struct sp_response res;
    form_field(&form, "route", "accounting");
    form_field(&form, "queue", "Scan-to-Mail");
    form_field(&form, "user", "alice");
    form_file(&form, "x.pdf", pdf.bytes, pdf.size);
    assert_int_equal(house_submit(house, &asker, "/api/v1/scans", &form, &res), 201);
    json_t *job = body_of(&res);
    assert_string_equal(text_of(job, "source"), "cups");
    assert_string_equal(text_of(job, "source_name"), "Scan-to-Mail");
    assert_string_equal(text_of(job, "user"), "alice");
    json_decref(job);
    sp_response_free(&res);
    assert_int_equal(status_get(house, &asker, "/api/v1/jobs"), 403);
}

static int
submit_with_key(struct house *house, const struct asker *asker, const char *words, char ret_id[27], bool *ret_replayed)
{
    struct sample pdf = sample_pdf(words);
    struct sp_str form = { 0 };
    struct sp_response res;
    form_field(&form, "route", "accounting");
    form_file(&form, "x.pdf", pdf.bytes, pdf.size);
    int status = house_submit(house, asker, "/api/v1/scans", &form, &res);
    json_t *job = body_of(&res);
    snprintf(ret_id, 27, "%s", text_of(job, "id"));
    *ret_replayed = sp_response_header(&res, "Idempotent-Replayed") != NULL;
    json_decref(job);
    sp_response_free(&res);
    return status;
}

static void
test_the_same_key_makes_one_job(void **state)
{
    struct house *house = *state;
    SP_AUTO_FREE char *one = house_token(house, "{\"name\":\"one\"}");
    SP_AUTO_FREE char *two = house_token(house, "{\"name\":\"two\"}");
    struct asker first = { .authorization = one, .key = "k-1" };
    struct asker second = { .authorization = two, .key = "k-1" };
    char id[27];
    char again[27];
    bool replayed = false;
    assert_int_equal(submit_with_key(house, &first, "a", id, &replayed), 201);
    assert_false(replayed);
    assert_int_equal(submit_with_key(house, &first, "a", again, &replayed), 201);
    assert_true(replayed);
    assert_string_equal(id, again);
    assert_int_equal(submit_with_key(house, &first, "b", again, &replayed), 409);
    assert_int_equal(submit_with_key(house, &second, "a", again, &replayed), 201); /* a key belongs to its token */
    assert_false(replayed);
    assert_int_equal(world_jobs(house->w, NULL), 2);
    assert_int_equal(world_spool_count(house->w), 2);
    struct asker bad = { .authorization = one, .key = "" };
    assert_int_equal(submit_with_key(house, &bad, "a", again, &replayed), 400);
}

/* ---- over a socket: what only a socket can do ---- */

struct served {
    struct sp_http_server *server;
    int port;
    char *token;
};

static struct served
serve(struct house *house)
{
    struct served s = { .token = house_token(house, "{\"name\":\"net\"}") };
    struct sp_http_listener listener = { listen_tcp(&s.port), false };
    struct sp_http_options options = {
        .listeners = &listener,
        .n_listeners = 1,
        .router = { .tables = sp_api_routes(), .api = &house->api, .identify = sp_auth_identify, .auth = house->auth },
        .state_dir = house->w->state,
        .max_upload = house->w->settings.gateway.max_document + (1 << 20),
        .clock = &sp_clock_system,
    };
    assert_int_equal(sp_http_start(&options, &s.server, NULL), SP_OK);
    return s;
}

static void
send_head(int fd, const struct served *s, const char *header, size_t length)
{
    char head[400];
    snprintf(head, sizeof(head),
             "POST /api/v1/scans?route=accounting HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nConnection: close\r\n"
             "Content-Type: multipart/form-data; boundary=XX\r\n%sContent-Length: %zu\r\n\r\n",
             s->token, header, length);
    say(fd, head);
}

static void
test_a_scan_over_a_socket_byte_by_byte(void **state)
{
    struct house *house = *state;
    struct served s = serve(house);
    struct sample pdf = sample_pdf("trickle");
    struct sp_str form = { 0 };
    form_file(&form, "x.pdf", pdf.bytes, pdf.size);
    sp_str_add(&form, "--XX--\r\n");
    SP_AUTO_CLOSE int fd = dial_tcp(s.port);
    send_head(fd, &s, "", form.len);
    for (size_t i = 0; i < form.len; i++)
        assert_true(try_to_say(fd, form.text + i, 1));
    SP_AUTO_FREE char *answer = hear(fd, NULL);
    assert_int_equal(status_of(answer), 201);
    sp_http_stop(&s.server, 1000);
    assert_int_equal(world_jobs(house->w, NULL), 1);
    sp_str_free(&form);
    free(s.token);
}

static void
test_a_body_cut_off_leaves_nothing(void **state)
{
    struct house *house = *state;
    struct served s = serve(house);
    size_t size = 300000; /* some of it is on the disk already */
    SP_AUTO_FREE char *bytes = malloc(size);
    struct sp_str form = { 0 };
    memset(bytes, 'a', size);
    form_file(&form, "x.pdf", bytes, size);
    int fd = dial_tcp(s.port);
    send_head(fd, &s, "", form.len + 8);
    assert_true(try_to_say(fd, form.text, form.len));
    close(fd);
    sp_http_stop(&s.server, 30000); /* until nothing is under way */
    expect_nothing(house);
    sp_str_free(&form);
    free(s.token);
}

static void
test_401_before_the_body(void **state)
{
    struct house *house = *state;
    struct served s = serve(house);
    strcpy(s.token + strlen(s.token) - 3, "xxx");
    SP_AUTO_CLOSE int fd = dial_tcp(s.port);
    send_head(fd, &s, "Expect: 100-continue\r\n", 1000000);
    SP_AUTO_FREE char *answer = hear(fd, NULL);
    assert_int_equal(status_of(answer), 401);
    assert_non_null(strstr(answer, "WWW-Authenticate: Bearer"));
    sp_http_stop(&s.server, 1000);
    expect_nothing(house);
    free(s.token);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_scan_becomes_a_job),
        TEST(test_400_without_a_document),
        TEST(test_400_for_a_field_that_is_not_known),
        TEST(test_400_for_words_that_are_no_good),
        TEST(test_400_for_a_field_that_is_there_twice_or_too_long),
        TEST(test_415_for_what_is_no_document),
        TEST(test_413_beyond_max_document),
        TEST(test_507_when_the_disk_is_nearly_full),
        TEST(test_a_token_keeps_to_its_route_and_its_recipients),
        TEST(test_the_print_system_names_queue_and_user),
        TEST(test_the_same_key_makes_one_job),
        TEST(test_a_scan_over_a_socket_byte_by_byte),
        TEST(test_a_body_cut_off_leaves_nothing),
        TEST(test_401_before_the_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
