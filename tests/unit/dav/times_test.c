/* times_test.c - what depends on time: how long things are seen, and when the same bytes are a new scan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"

#include "base/settings.h"
#include "db/query.h"
#include "unit/http/house.h"
#include "web/dav/dav.h"

static const int64_t minute = 60000, hour = 3600000;
static const char scan[] = "%PDF-1.4\n%a scan\nstartxref\n0\n%%EOF\n";

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

/* As our own user on the Unix socket. */
static int
ask(struct house *house, const char *method, const char *target, const char *body, const struct sp_field *header)
{
    static const struct sp_route *const tables[] = { sp_routes_dav, NULL };
    const struct sp_router router = {
        .tables = tables, .api = &house->api, .identify = sp_auth_identify, .auth = house->auth
    };
    struct sp_request req = { .arena = sp_arena_new(),
                              .method = method,
                              .headers = { header, header != NULL },
                              .body = body,
                              .body_size = body == NULL ? 0 : strlen(body),
                              .peer = { .local = true, .uid = geteuid() },
                              .db = house->w->db };
    struct sp_response res;
    sp_response_init(&res);
    assert_int_equal(sp_request_target(&req, target, NULL), SP_OK);
    sp_router_run(&router, &req, &res);
    int status = res.status;
    sp_response_free(&res);
    sp_arena_free(&req.arena);
    return status;
}

static int64_t
count_jobs(struct house *house)
{
    struct sp_job_list list = { 0 };
    struct sp_query query;
    assert_int_equal(sp_query_parse("source:webdav", 0, 0, &query, NULL), SP_OK);
    const struct sp_job_filter filter = { .query = &query, .limit = 100 };
    assert_int_equal(sp_job_list(house->w->db, &filter, &list, NULL), SP_OK);
    int64_t count = (int64_t)list.count;
    sp_job_list_free(&list);
    return count;
}

static int
count_waiting(const struct house *house)
{
    char path[512];
    int count = 0;
    snprintf(path, sizeof(path), "%s/dav-waiting", house->w->settings.gateway.state_dir);
    DIR *list = opendir(path);
    for (const struct dirent *entry = list == NULL ? NULL : readdir(list); entry != NULL; entry = readdir(list))
        count += entry->d_name[0] != '.';
    if (list != NULL)
        closedir(list);
    return count;
}

static void
test_a_scan_is_seen_for_a_day(void **state)
{
    struct house *house = *state;
    assert_int_equal(ask(house, "PUT", "/dav/accounting/a.pdf", scan, NULL), 201);
    house->later_ms = 23 * hour;
    assert_int_equal(ask(house, "GET", "/dav/accounting/a.pdf", NULL, NULL), 200);
    sp_dav_sweep(&house->api);
    assert_int_equal(ask(house, "GET", "/dav/accounting/a.pdf", NULL, NULL), 200);
    house->later_ms = 25 * hour;
    assert_int_equal(ask(house, "GET", "/dav/accounting/a.pdf", NULL, NULL), 404);
    assert_int_equal(count_jobs(house), 1);
}

static void
test_the_same_bytes_again_are_one_scan_unless_deleted_later(void **state)
{
    struct house *house = *state;
    assert_int_equal(ask(house, "PUT", "/dav/accounting/a.pdf", scan, NULL), 201);
    house->later_ms = 5 * minute;
    assert_int_equal(ask(house, "DELETE", "/dav/accounting/a.pdf", NULL, NULL), 204);
    assert_int_equal(ask(house, "PUT", "/dav/accounting/a.pdf", scan, NULL), 201);
    assert_int_equal(count_jobs(house), 1);
    house->later_ms += 11 * minute;
    assert_int_equal(ask(house, "PUT", "/dav/accounting/a.pdf", scan, NULL), 204);
    assert_int_equal(count_jobs(house), 1);
    house->later_ms += 11 * minute;
    assert_int_equal(ask(house, "DELETE", "/dav/accounting/a.pdf", NULL, NULL), 204);
    assert_int_equal(ask(house, "PUT", "/dav/accounting/a.pdf", scan, NULL), 201);
    assert_int_equal(count_jobs(house), 2);
    assert_int_equal(ask(house, "PUT", "/dav/accounting/b.pdf", scan, NULL), 201); /* another name */
    assert_int_equal(count_jobs(house), 3);
}

static void
test_what_waits_is_gone_after_an_hour(void **state)
{
    struct house *house = *state;
    const struct sp_field to = { "Destination", "/dav/accounting/a.pdf" };
    assert_int_equal(ask(house, "PUT", "/dav/accounting/a.part", scan, NULL), 201);
    assert_int_equal(count_waiting(house), 1);
    sp_dav_sweep(&house->api);
    assert_int_equal(count_waiting(house), 1);
    house->later_ms = hour + minute;
    assert_int_equal(ask(house, "MOVE", "/dav/accounting/a.part", NULL, &to), 404);
    sp_dav_sweep(&house->api);
    assert_int_equal(count_waiting(house), 0);
    assert_int_equal(count_jobs(house), 0);
}

static void
test_bytes_that_waited_go_with_their_name(void **state)
{
    struct house *house = *state;
    const struct sp_field to = { "Destination", "/dav/accounting/a.pdf" };
    assert_int_equal(ask(house, "PUT", "/dav/accounting/a.part", scan, NULL), 201);
    assert_int_equal(ask(house, "PUT", "/dav/accounting/a.part", scan, NULL), 204); /* in place of the first */
    assert_int_equal(count_waiting(house), 1);
    assert_int_equal(ask(house, "MOVE", "/dav/accounting/a.part", NULL, &to), 201);
    assert_int_equal(count_waiting(house), 0);
    assert_int_equal(count_jobs(house), 1);
    assert_int_equal(ask(house, "MKCOL", "/dav/accounting/sub", NULL, NULL), 201);
    assert_int_equal(ask(house, "PUT", "/dav/accounting/sub/b.tmp", scan, NULL), 201);
    assert_int_equal(ask(house, "DELETE", "/dav/accounting/sub", NULL, NULL), 204);
    assert_int_equal(count_waiting(house), 0);
}

static void
test_a_lock_ends_with_its_time(void **state)
{
    struct house *house = *state;
    const struct sp_field minutes = { "Timeout", "Second-600" };
    static const char body[] = "<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope><locktype><write/></locktype>"
                               "</lockinfo>";
    assert_int_equal(ask(house, "LOCK", "/dav/accounting/a.pdf", body, &minutes), 201);
    assert_int_equal(ask(house, "LOCK", "/dav/accounting/a.pdf", body, &minutes), 423);
    assert_int_equal(ask(house, "PUT", "/dav/accounting/a.pdf", scan, NULL), 423);
    house->later_ms = 11 * minute;
    assert_int_equal(ask(house, "PUT", "/dav/accounting/a.pdf", scan, NULL), 204);
    assert_int_equal(count_jobs(house), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_scan_is_seen_for_a_day),         TEST(test_the_same_bytes_again_are_one_scan_unless_deleted_later),
        TEST(test_what_waits_is_gone_after_an_hour), TEST(test_bytes_that_waited_go_with_their_name),
        TEST(test_a_lock_ends_with_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
