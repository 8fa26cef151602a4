/* if_test.c - the If header, with the examples of RFC 4918 section 10.4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "web/dav/dav_if.h"

/* In these tests true is what is named "yes", by token, entity tag or resource. */
static bool
holds(void *context, const struct sp_dav_condition *condition)
{
    (void)context;
    if (condition->resource != NULL && strcmp(condition->resource, "/yes") != 0)
        return false;
    return strcmp(condition->text, condition->is_etag ? "\"yes\"" : "urn:yes") == 0;
}

static void
test_true_when_all_of_one_list_is(void **state)
{
    static const struct {
        const char *header;
        bool is_true;
    } table[] = {
        { "(<urn:yes>)", true },
        { "(<urn:no>)", false },
        { "(<urn:yes> [\"yes\"])", true },
        { "(<urn:yes> [\"no\"])", false },
        { "([\"no\"] <urn:yes>)", false },
        { "(<urn:no>) (<urn:yes>)", true },
        { "(<urn:yes>) (<urn:no>)", true },
        { "(<urn:no> <urn:yes>) ([\"no\"])", false },
        { "(Not <urn:no>)", true },
        { "(not <urn:yes>)", false },
        { "(<urn:no>) (Not <DAV:no-lock>)", true },
        { "(<urn:yes> Not <DAV:no-lock>)", true },
        { "</yes> (<urn:yes>)", true },
        { "</no> (<urn:yes>)", false },
        { "</no> (<urn:yes>) </yes> (<urn:no>) (<urn:yes>)", true },
        { "  (<urn:yes>)  ", true },
        { "(<urn:no>)(<urn:yes>)", true },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(table); i++) {
        SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
        struct sp_dav_if what;
        assert_int_equal(sp_dav_if_read(table[i].header, arena, &what, NULL), SP_OK);
        if (sp_dav_if_true(&what, holds, NULL) != table[i].is_true)
            fail_msg("wrong: %s", table[i].header);
    }
}

static void
test_refused_when_it_is_not_well_formed(void **state)
{
    static const char *const headers[] = { "",         "x",        "()",           "(",
                                           "(<urn:a>", "(<urn:a)", "<x>",          "(abc)",
                                           "(<a>) x",  "(Not)",    "([\"a\")",     "(<a>) </b> (<c>)",
                                           "<a",       "</a> x",   "</a> (<b>) <", "(Not Not <a>)" };
    (void)state;
    for (size_t i = 0; i < SP_LEN(headers); i++) {
        SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
        struct sp_dav_if what;
        if (sp_dav_if_read(headers[i], arena, &what, NULL) != SP_E_INVALID)
            fail_msg("not refused: %s", headers[i]);
    }
}

static void
test_more_conditions_than_anybody_needs(void **state)
{
    char header[8 * (SP_DAV_CONDITIONS_MAX + 1) + 1] = "";
    (void)state;
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    struct sp_dav_if what;
    for (int i = 0; i < SP_DAV_CONDITIONS_MAX; i++)
        strcat(header, "(<a>)");
    assert_int_equal(sp_dav_if_read(header, arena, &what, NULL), SP_OK);
    strcat(header, "(<a>)");
    assert_int_equal(sp_dav_if_read(header, arena, &what, NULL), SP_E_INVALID);
}

static void
test_shows_a_token_wherever_it_stands(void **state)
{
    (void)state;
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    struct sp_dav_if what;
    assert_int_equal(sp_dav_if_read("</a> (<urn:x>) (Not <urn:y> [\"z\"])", arena, &what, NULL), SP_OK);
    assert_true(sp_dav_if_shows(&what, "urn:x"));
    assert_true(sp_dav_if_shows(&what, "urn:y"));
    assert_false(sp_dav_if_shows(&what, "\"z\""));
    const struct sp_dav_if none = { .count = 0 };
    assert_true(sp_dav_if_true(&none, holds, NULL));
    assert_false(sp_dav_if_shows(&none, "urn:x"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_true_when_all_of_one_list_is),
        cmocka_unit_test(test_refused_when_it_is_not_well_formed),
        cmocka_unit_test(test_more_conditions_than_anybody_needs),
        cmocka_unit_test(test_shows_a_token_wherever_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
