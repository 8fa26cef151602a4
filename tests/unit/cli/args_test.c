/* Command lines, taken apart. */
#include "gateway/cli/args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"

static const struct sp_option options[] = {
    { "-c", "FILE", false },
    { "--json", NULL, true },
    { "--to", "ADDRESS", true },
    { "--route", "ROUTE", false },
    { 0 },
};

struct line {
    char *argv[8];
    int argc;
};

static struct line
line_of(const char *const words[8])
{
    struct line line = { 0 };
    while (line.argc < 8 && words[line.argc] != NULL) {
        line.argv[line.argc] = strdup(words[line.argc]);
        line.argc++;
    }
    return line;
}

static void
free_line(struct line *line)
{
    for (int i = 0; i < line->argc; i++)
        free(line->argv[i]);
}

#define LINE(...)                                                                                                      \
    SP_AUTO(free_line) struct line line = line_of((const char *const[8]){ __VA_ARGS__ });                              \
    SP_AUTO(sp_args_free) struct sp_args args = { 0 };                                                                 \
    struct sp_err err = { 0 };                                                                                         \
    int used = 0

static void
test_options_and_words_mix(void **state)
{
    (void)state;
    LINE("a.pdf", "--to", "x@contoso.com", "b.pdf", "--to=y@contoso.com", "--json");
    assert_int_equal(sp_args_parse(&args, options, line.argc, line.argv, false, &used, &err), SP_OK);
    assert_int_equal(args.n_words, 2);
    assert_string_equal(args.words[1], "b.pdf");
    assert_string_equal(sp_args_value(&args, "--to"), "x@contoso.com");
    assert_string_equal(sp_args_value_at(&args, "--to", 1), "y@contoso.com");
    assert_null(sp_args_value_at(&args, "--to", 2));
    assert_true(sp_args_has(&args, "--json"));
    assert_false(sp_args_has(&args, "--route"));
    assert_int_equal(used, 6);
}

static void
test_globals_end_at_the_command(void **state)
{
    (void)state;
    LINE("-c", "x.conf", "send", "--to", "a@contoso.com");
    assert_int_equal(sp_args_parse(&args, options, line.argc, line.argv, true, &used, &err), SP_OK);
    assert_int_equal(used, 2);
    assert_int_equal(args.n_words, 0);
}

static void
test_all_is_a_word_after_two_dashes(void **state)
{
    (void)state;
    LINE("--json", "--", "--to", "-");
    assert_int_equal(sp_args_parse(&args, options, line.argc, line.argv, false, &used, &err), SP_OK);
    assert_int_equal(args.n_words, 2);
    assert_string_equal(args.words[0], "--to");
    assert_false(sp_args_has(&args, "--to"));
}

static void
test_wrong_options_are_told_by_name(void **state)
{
    static const struct {
        const char *words[8];
        const char *said;
    } wrong[] = {
        { { "--tu", "x" }, "there is no option '--tu' here" },
        { { "--t", "x" }, "there is no option '--t' here" },
        { { "a", "--to" }, "'--to' needs a value: --to ADDRESS" },
        { { "--json=yes" }, "'--json' takes no value" },
        { { "--route", "a", "--route=b" }, "'--route' is given twice" },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(wrong); i++) {
        SP_AUTO(free_line) struct line line = line_of(wrong[i].words);
        SP_AUTO(sp_args_free) struct sp_args args = { 0 };
        struct sp_err err = { 0 };
        int used = 0;
        assert_int_equal(sp_args_parse(&args, options, line.argc, line.argv, false, &used, &err), SP_E_INVALID);
        assert_string_equal(err.text, wrong[i].said);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_and_words_mix),
        cmocka_unit_test(test_globals_end_at_the_command),
        cmocka_unit_test(test_all_is_a_word_after_two_dashes),
        cmocka_unit_test(test_wrong_options_are_told_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
