/* rights_test.c - every route there is, asked by everybody: nobody gets further than the table of routes says, and
 * nothing changes on the word of a cookie alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "house.h"
#include "web/dav/dav.h"
#include "web/page/page.h"

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

enum who { STRANGER, VIEWER, OPERATOR, ADMIN, DEVICE, WRONG_TOKEN, OTHER_USER, OLD_SESSION, CALLERS };

static const char *const names[CALLERS] = { "nobody", "viewer",      "operator",           "admin",
                                            "device", "wrong token", "another local user", "a session that ended" };

struct callers {
    struct session sessions[CALLERS];
    char *token;
    struct asker askers[CALLERS];
};

/* A session without the second that a password takes. */
static void
begin(struct house *house, const char *name, enum sp_role role, struct session *ret)
{
    const struct sp_user_row user = { .name = name, .role = role };
    struct sp_session session;
    sp_auth_begin_session(house->auth, &user, &session);
    snprintf(ret->cookie, sizeof(ret->cookie), "%s=%s", SP_SESSION_COOKIE, session.token);
    snprintf(ret->csrf, sizeof(ret->csrf), "%s", session.csrf);
}

/* Anew for each request: one of them signs out. */
static void
renew(struct house *house, struct callers *c)
{
    begin(house, "vera", SP_ROLE_VIEWER, &c->sessions[VIEWER]);
    begin(house, "otto", SP_ROLE_OPERATOR, &c->sessions[OPERATOR]);
    begin(house, "ada", SP_ROLE_ADMIN, &c->sessions[ADMIN]);
    begin(house, "gone", SP_ROLE_ADMIN, &c->sessions[OLD_SESSION]); /* of a user that was removed */
    for (size_t i = 0; i < CALLERS; i++)
        c->askers[i] = as_session(&c->sessions[i]);
    c->askers[STRANGER] = nobody;
    c->askers[DEVICE] = (struct asker){ .authorization = c->token };
    c->askers[WRONG_TOKEN] = (struct asker){ .authorization = "Bearer sp_wrong" };
    c->askers[OTHER_USER] = (struct asker){ .local = true, .uid = 4242 };
}

static void
gather(struct house *house, struct callers *c)
{
    add_user(house, "vera", "viewer");
    add_user(house, "otto", "operator");
    add_user(house, "ada", "admin");
    c->token = house_token(house, "{\"name\":\"copier\",\"to\":[\"*\"]}");
    renew(house, c);
}

static bool
may(enum sp_may right, enum who who)
{
    switch (right) {
    case SP_MAY_ANYONE:
        return true;
    case SP_MAY_SUBMIT:
        return who == DEVICE || who == ADMIN;
    case SP_MAY_READ:
        return who == VIEWER || who == OPERATOR || who == ADMIN;
    case SP_MAY_OPERATE:
        return who == OPERATOR || who == ADMIN;
    case SP_MAY_ADMIN:
        return who == ADMIN;
    }
    return false;
}

/* What stands for a part of a route's path, and does not exist. */
static const char *
stand_in(const char *part)
{
    if (part[0] == '*')
        return "accounting/scan.pdf";
    if (part[1] == 'i')
        return "01ARZ3NDEKTSV4RRFFQ69G5FAV"; /* :id */
    return part[2] == 'a' ? "none" : "1";    /* :name, :n */
}

static void
fill_path(const char *path, char *ret, size_t size)
{
    SP_AUTO(sp_str_free) struct sp_str full = { 0 };
    while (*path != '\0') {
        size_t len = strcspn(path, ":*");
        sp_str_add_n(&full, path, len);
        path += len;
        if (*path != '\0')
            sp_str_add(&full, stand_in(path));
        path += strcspn(path, "/");
    }
    snprintf(ret, size, "%s", sp_str_text(&full));
}

static int
ask_route(struct house *house, const struct asker *asker, const struct sp_route *route)
{
    char path[256];
    fill_path(route->path, path, sizeof(path));
    return status_send(house, asker, route->method, path, strcmp(route->method, "GET") == 0 ? NULL : "{}");
}

typedef void check_fn(struct house *house, struct callers *callers, const struct sp_route *route);

enum { TABLES_MAX = 48 };

static size_t
for_each_route(struct house *house, struct callers *callers, check_fn *check)
{
    const struct sp_route *tables[TABLES_MAX] = { sp_routes_dav, sp_routes_page };
    size_t n_tables = 2, count = 0;
    for (const struct sp_route *const *table = sp_api_routes(); *table != NULL; table++) {
        assert_true(n_tables < TABLES_MAX - 1);
        tables[n_tables++] = *table;
    }
    house->tables = tables;
    for (size_t i = 0; i < n_tables; i++)
        for (const struct sp_route *route = tables[i]; route->method != NULL; route++, count++)
            check(house, callers, route);
    house->tables = sp_api_routes();
    return count;
}

static void
check_rights(struct house *house, struct callers *c, const struct sp_route *route)
{
    for (enum who who = STRANGER; who < CALLERS; who++) {
        renew(house, c);
        int status = ask_route(house, &c->askers[who], route);
        bool known = who != STRANGER && who != WRONG_TOKEN && who != OLD_SESSION;
        int refusal = known ? 403 : 401;
        if (strcmp(route->method, "COPY") == 0 && may(route->may, who))
            continue; /* refused to everybody, in its own words */
        if (may(route->may, who) ? status == 403 || (status == 401 && route->may != SP_MAY_ANYONE) : status != refusal)
            fail_msg("%s %s by %s: %d", route->method, route->path, names[who], status);
    }
}

static void
test_nobody_gets_further_than_the_table_says(void **state)
{
    struct callers c = { 0 };
    gather(*state, &c);
    assert_true(for_each_route(*state, &c, check_rights) > 40);
    free(c.token);
}

static void
check_csrf(struct house *house, struct callers *c, const struct sp_route *route)
{
    if (strcmp(route->method, "GET") == 0 || route->may == SP_MAY_ANYONE)
        return;
    renew(house, c);
    struct asker forged = { .cookie = c->sessions[ADMIN].cookie };
    struct asker mixed = { .cookie = c->sessions[ADMIN].cookie, .csrf = c->sessions[VIEWER].csrf };
    if (ask_route(house, &forged, route) != 403 || ask_route(house, &mixed, route) != 403)
        fail_msg("%s %s is done on the word of a cookie", route->method, route->path);
}

static void
test_no_route_changes_anything_on_the_word_of_a_cookie(void **state)
{
    struct callers c = { 0 };
    gather(*state, &c);
    for_each_route(*state, &c, check_csrf);
    free(c.token);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nobody_gets_further_than_the_table_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_route_changes_anything_on_the_word_of_a_cookie, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
