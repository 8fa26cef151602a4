/* metrics_test.c - what Prometheus reads, who may, and that the dashboard asks for what there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/settings.h"
#include "base/str.h"
#include "house.h"

static int
set_up(void **state)
{
    struct house *house = house_open();
    char id[27];
    for (int i = 0; i < 3; i++) {
        house_job(house, "Counted", id);
        house_settle(house, id, i < 2 ? SP_JOB_SENT : SP_JOB_FAILED, i < 2 ? "ok" : "quota");
    }
    *state = house;
    return 0;
}

static int
tear_down(void **state)
{
    house_close(*state);
    return 0;
}

/* The settings are const everywhere but here. */
static void
set_access(struct house *house, enum sp_metrics_access access)
{
    ((struct sp_settings *)(uintptr_t)house->api.settings)->http.metrics = access;
}

static char *
scrape(struct house *house)
{
    struct sp_response res;
    set_access(house, SP_METRICS_OPEN);
    assert_int_equal(house_get(house, &nobody, "/metrics", &res), 200);
    assert_string_equal(sp_response_header(&res, "Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
    char *text = strndup(res.body, res.body_size);
    sp_response_free(&res);
    return text;
}

static void
test_it_counts(void **state)
{
    static const char *const lines[] = {
        "\nscanpost_jobs{state=\"sent\"} 2\n",
        "\nscanpost_jobs{state=\"failed\"} 1\n",
        "\nscanpost_jobs{state=\"held\"} 0\n",
        "\nscanpost_oldest_waiting_seconds 0\n",
        "\nscanpost_scans_received_total{source=\"cli\"} 3\n",
        "\nscanpost_jobs_finished_total{state=\"sent\"} 2\n",
        "\nscanpost_delivery_seconds_count 2\n",
        "\nscanpost_delivery_seconds_bucket{le=\"+Inf\"} 2\n",
        "class=\"quota\"} 1\n",
        "\nscanpost_disk_reserve_bytes ",
        "\nscanpost_spool_bytes ",
        "scanpost_build_info{version=\"",
    };
    SP_AUTO_FREE char *text = scrape(*state);
    for (size_t i = 0; i < SP_LEN(lines); i++)
        if (strstr(text, lines[i]) == NULL)
            fail_msg("%s is not in\n%s", lines[i], text);
}

/* Every sample belongs to a family that was described before it, once. */
static void
test_it_is_well_formed(void **state)
{
    SP_AUTO_FREE char *text = scrape(*state);
    char family[128] = "";
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line != NULL && *line != '\0'; line = strsep(&rest, "\n")) {
        char name[128] = "";
        if (sscanf(line, "# TYPE %127s", family) == 1 || strncmp(line, "# HELP ", 7) == 0)
            continue;
        assert_int_equal(sscanf(line, "%127[a-z_]", name), 1);
        if (strncmp(name, family, strlen(family)) != 0)
            fail_msg("%s below %s", line, family);
        assert_non_null(strrchr(line, ' '));
        assert_true(isdigit((unsigned char)strrchr(line, ' ')[1]));
    }
}

static void
test_who_may_read_it(void **state)
{
    struct house *house = *state;
    set_access(house, SP_METRICS_VIEWER);
    assert_int_equal(status_get(house, &nobody, "/metrics"), 401);
    assert_int_equal(status_get(house, &admin, "/metrics"), 200);
    SP_AUTO_FREE char *token = house_token(house, "{\"name\":\"mfp\",\"to\":[\"*\"]}");
    const struct asker device = { .authorization = token };
    assert_int_equal(status_get(house, &device, "/metrics"), 403);
    set_access(house, SP_METRICS_OFF);
    assert_int_equal(status_get(house, &admin, "/metrics"), 404);
}

static void
read_dashboard(struct sp_str *out)
{
    char bytes[4096];
    FILE *file = fopen(SP_DASHBOARD, "r");
    assert_non_null(file);
    for (size_t n = fread(bytes, 1, sizeof(bytes), file); n > 0; n = fread(bytes, 1, sizeof(bytes), file))
        sp_str_add_n(out, bytes, n);
    assert_int_equal(fclose(file), 0);
}

/* The name of the family that a series belongs to. */
static void
take_name(const char *at, char name[128])
{
    static const char *const tails[] = { "_bucket", "_sum", "_count" };
    (void)snprintf(name, 128, "%.*s", (int)strspn(at, "abcdefghijklmnopqrstuvwxyz_"), at);
    for (size_t i = 0; i < SP_LEN(tails); i++) {
        size_t size = strlen(name), tail = strlen(tails[i]);
        if (strncmp(name, "scanpost_delivery_seconds", 25) == 0 && size > tail &&
            strcmp(name + size - tail, tails[i]) == 0)
            name[size - tail] = '\0';
    }
}

static void
test_the_dashboard_asks_for_all_there_is(void **state)
{
    SP_AUTO_FREE char *text = scrape(*state);
    SP_AUTO(sp_str_free) struct sp_str dashboard = { 0 };
    char name[128], line[160];
    size_t asked = 0, described = 0;
    read_dashboard(&dashboard);
    json_t *json = json_loads(sp_str_text(&dashboard), JSON_REJECT_DUPLICATES, NULL);
    assert_true(json_is_object(json));
    json_decref(json);
    for (const char *at = sp_str_text(&dashboard); (at = strstr(at, "scanpost_")) != NULL; at++, asked++) {
        take_name(at, name);
        snprintf(line, sizeof(line), "# TYPE %s ", name);
        if (strstr(text, line) == NULL)
            fail_msg("the dashboard asks for %s, which there is not", name);
    }
    for (const char *at = text; (at = strstr(at, "# TYPE ")) != NULL; at++, described++) {
        take_name(at + strlen("# TYPE "), name);
        if (strstr(sp_str_text(&dashboard), name) == NULL)
            fail_msg("the dashboard does not show %s", name);
    }
    assert_true(asked > 10 && described > 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_it_counts),
        TEST(test_it_is_well_formed),
        TEST(test_who_may_read_it),
        TEST(test_the_dashboard_asks_for_all_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
