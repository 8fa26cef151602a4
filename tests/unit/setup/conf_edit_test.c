/* A configuration is changed where it is asked for, and stays as its author wrote it everywhere else. */
#include "gateway/setup/conf_edit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/str.h"

struct row {
    const char *before, *section, *title, *key, *value, *after;
};

static const struct row sets[] = {
    /* missing sections and keys */
    { "", "gateway", "", "hostname", "a.b", "\ngateway {\n    hostname = a.b\n}\n" },
    { "# mine", "tenant", "x", "domain", "a.b", "# mine\n\ntenant x {\n    domain = a.b\n}\n" },
    { "http { }\n", "http", "", "listen", "{ 1:2 }", "http { listen = { 1:2 } }\n" },
    { "http { a = b }\n", "http", "", "c", "d", "http { a = b  c = d }\n" },
    { "http {\n    a = b   # why\n}\n", "http", "", "c", "d", "http {\n    a = b   # why\n    c = d\n}\n" },
    { "http {\n    a = b\n    # the end\n}\n", "http", "", "c", "d",
      "http {\n    a = b\n    # the end\n    c = d\n}\n" },
    /* there already */
    { "http { a = b }", "http", "", "a", "c", "http { a = c }" },
    { "http { a = { x, \"}\" } b = 1 }", "http", "", "a", "c", "http { a = c b = 1 }" },
    { "http { a=\"q\\\"}\" /* a = z */ }", "http", "", "a", "c", "http { a=c /* a = z */ }" },
    /* what only looks like it */
    { "# http { a = b }\nhttp { a = c }", "http", "", "a", "d", "# http { a = b }\nhttp { a = d }" },
    { "// http { a = b }\nhttp { a = c }", "http", "", "a", "d", "// http { a = b }\nhttp { a = d }" },
    { "route a { to = 1 }\nroute b { to = 2 }", "route", "b", "to", "3", "route a { to = 1 }\nroute b { to = 3 }" },
    { "route \"a\" { to = 1 }", "route", "a", "to", "3", "route \"a\" { to = 3 }" },
    { "x { b = a }", "x", "", "a", "1", "x { b = a  a = 1 }" },
    { "include(\"f\")\nx { }", "x", "", "a", "1", "include(\"f\")\nx { a = 1 }" },
    { "x { y = 'a = 5' }", "x", "", "a", "1", "x { y = 'a = 5'  a = 1 }" },
};

static void
test_sets_one_key_and_nothing_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_LEN(sets); i++) {
        SP_AUTO(sp_str_free) struct sp_str text = { 0 };
        sp_str_add(&text, sets[i].before);
        sp_conf_set(&text, sets[i].section, sets[i].title, sets[i].key, sets[i].value);
        assert_string_equal(sp_str_text(&text), sets[i].after);
        sp_conf_set(&text, sets[i].section, sets[i].title, sets[i].key, sets[i].value); /* the same once more */
        assert_string_equal(sp_str_text(&text), sets[i].after);
    }
}

static void
test_removes_a_key_with_its_line(void **state)
{
    static const struct row rows[] = {
        { "x {\n    a = 1\n    b = 2\n}\n", "x", "", "a", "", "x {\n    b = 2\n}\n" },
        { "x { a = 1  b = 2 }", "x", "", "b", "", "x { a = 1 }" },
        { "x {\n    a = { 1, 2 }  # why\n}\n", "x", "", "a", "", "x {\n  # why\n}\n" },
        { "x { a = 1 }", "x", "", "z", "", "x { a = 1 }" },
        { "x { a = 1 }", "y", "", "a", "", "x { a = 1 }" },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        SP_AUTO(sp_str_free) struct sp_str text = { 0 };
        sp_str_add(&text, rows[i].before);
        sp_conf_remove(&text, rows[i].section, rows[i].title, rows[i].key);
        assert_string_equal(sp_str_text(&text), rows[i].after);
    }
}

static void
test_broken_texts_end(void **state)
{
    static const char *const broken[] = {
        "x {", "x { a = ", "x { a = {", "\"", "/*", "x { a = \"b }", "}", "= = {", "{"
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(broken); i++) {
        SP_AUTO(sp_str_free) struct sp_str text = { 0 };
        sp_str_add(&text, broken[i]);
        sp_conf_set(&text, "x", "", "a", "1");
        sp_conf_remove(&text, "x", "", "a");
        assert_false(text.failed);
    }
}

static void
test_quotes_what_has_to_be_quoted(void **state)
{
    static const char *const rows[][2] = {
        { "scanner@contoso.com", "scanner@contoso.com" },
        { "127.0.0.1:8631", "127.0.0.1:8631" },
        { "[::1]:8631", "\"[::1]:8631\"" },
        { "a b", "\"a b\"" },
        { "https://x/y", "\"https://x/y\"" },
        { "say \"hi\"\\", "\"say \\\"hi\\\"\\\\\"" },
        { "", "\"\"" },
        { "${HOME}", "'${HOME}'" },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        SP_AUTO(sp_str_free) struct sp_str out = { 0 };
        sp_conf_value(&out, rows[i][0]);
        assert_string_equal(sp_str_text(&out), rows[i][1]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets_one_key_and_nothing_else),
        cmocka_unit_test(test_removes_a_key_with_its_line),
        cmocka_unit_test(test_broken_texts_end),
        cmocka_unit_test(test_quotes_what_has_to_be_quoted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
