#include "gateway/setup/wrap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/str.h"

static void
test_lines_fit(void **state)
{
    static const struct {
        const char *text;
        int indent, width;
        const char *out;
    } rows[] = {
        { "one two three", 0, 8, "one two\nthree\n" },
        { "one two three", 2, 9, "  one two\n  three\n" },
        { "one two three", 2, 0, "  one two three\n" },
        { "a\nb\n", 1, 20, " a\n b\n" },
        { "toolongforthis x", 0, 5, "toolongforthis\nx\n" },
        { "Größe über", 0, 10, "Größe über\n" },
        { "   x y", 0, 20, "   x y\n" },
        { "", 4, 20, "\n" },
        { "a   b", 0, 0, "a   b\n" },
        { "a   b", 0, 9, "a   b\n" },
        { "1. one twoo\n12. three four", 1, 10, " 1. one\n    twoo\n 12. three\n     four\n" },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        SP_AUTO(sp_str_free) struct sp_str out = { 0 };
        sp_wrap(&out, rows[i].text, rows[i].indent, rows[i].width);
        assert_string_equal(sp_str_text(&out), rows[i].out);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines_fit) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
