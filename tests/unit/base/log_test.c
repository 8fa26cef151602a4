/* Log lines, read back through a pipe: whole, one write each, and never two lines out of one event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/text.h"

struct world {
    int read_end;
    struct sp_log log;
    char got[4096];
};

static int
setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    int ends[2];
    if (w == NULL || pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return -1;
    w->read_end = ends[0];
    w->log = (struct sp_log){ .level = SP_LOG_INFO, .who = "gateway", .fd = ends[1] };
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;
    close(w->read_end);
    close(w->log.fd);
    free(w);
    return 0;
}

/* What was written since the last time, "" when nothing was. */
static const char *
written(struct world *w)
{
    ssize_t n = read(w->read_end, w->got, sizeof w->got - 1);
    w->got[n < 0 ? 0 : n] = '\0';
    return w->got;
}

static void
test_line_has_priority_and_name(void **state)
{
    struct world *w = *state;
    sp_warn(&w->log, "job %s: later", "7f3a");
    assert_string_equal(written(w), "<4>gateway: job 7f3a: later\n");
    sp_error(&w->log, "x");
    assert_string_equal(written(w), "<3>gateway: x\n");
}

static void
test_finer_levels_are_swallowed(void **state)
{
    struct world *w = *state;
    sp_debug(&w->log, "x");
    assert_string_equal(written(w), "");
    w->log.level = SP_LOG_DEBUG;
    sp_debug(&w->log, "x");
    assert_string_equal(written(w), "<7>gateway: x\n");
    sp_error(NULL, "nobody listens");
}

static void
test_event_with_line_breaks_is_one_line(void **state)
{
    struct world *w = *state;
    sp_info(&w->log, "%s", "a\n<0>forged: b\r\n");
    assert_string_equal(written(w), "<6>gateway: a?<0>forged: b??\n");
}

static void
test_long_event_is_one_line_of_two_kilobytes(void **state)
{
    struct world *w = *state;
    char text[5000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    sp_info(&w->log, "%s", text);
    const char *line = written(w);
    size_t len = strlen(line);
    assert_int_equal(len, 2047);
    assert_string_equal(line + len - 4, "...\n");
    assert_ptr_equal(strchr(line, '\n'), line + len - 1);
}

static void
test_longest_event_that_fits_is_not_cut(void **state)
{
    struct world *w = *state;
    char text[2048];
    size_t size = 2047 - strlen("<6>gateway: \n");
    memset(text, 'x', size);
    text[size] = '\0';
    sp_info(&w->log, "%s", text);
    const char *line = written(w);
    assert_int_equal(strlen(line), 2047);
    assert_string_equal(line + 2047 - 4, "xxx\n");
}

static void
test_errno_is_left_alone(void **state)
{
    struct world *w = *state;
    struct sp_log broken = { .level = SP_LOG_INFO, .who = "x", .fd = -1 };
    errno = ENOENT;
    sp_info(&broken, "nowhere to go");
    assert_int_equal(errno, ENOENT);
    sp_info(&w->log, "fine");
    assert_int_equal(errno, ENOENT);
}

static void
test_cleaning_keeps_text_and_marks_the_rest(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "", "" },
        { "plain text", "plain text" },
        { "Gr\xc3\xbc\xc3\x9f"
          "e \xf0\x9f\x96\xa8",
          "Gr\xc3\xbc\xc3\x9f"
          "e \xf0\x9f\x96\xa8" },
        { "a\r\nb\tc\x7f"
          "d\x1b[31m",
          "a??b?c?d?[31m" },
        { "c1 \xc2\x9b"
          "31m",
          "c1 ?31m" },
        { "latin \xfc half \xe2\x82", "latin ? half ??" },
        { "overlong \xc0\xaf surrogate \xed\xa0\x80", "overlong ?? surrogate ???" },
    };
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        char buffer[64];
        assert_ptr_equal(sp_log_clean(buffer, sizeof buffer, rows[i][0]), buffer);
        assert_string_equal(buffer, rows[i][1]);
    }
}

static void
test_cleaning_cuts_between_characters_at_every_size(void **state)
{
    (void)state;
    static const char text[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x96\xa8\xff"
                               "bc\xc3\xa4";
    for (size_t size = 1; size < sizeof text + 4; size++) {
        char *buffer = malloc(size); /* exactly so large, for ASan */
        sp_log_clean(buffer, size, text);
        size_t len = strlen(buffer);
        assert_true(len < size);
        assert_true(sp_utf8_valid(buffer, len));
        if (size >= sizeof text)
            assert_string_equal(buffer + len - 2, "\xc3\xa4");
        else if (size >= 4)
            assert_string_equal(buffer + len - 3, "...");
        free(buffer);
    }
    char untouched = 'x';
    sp_log_clean(&untouched, 0, text);
    assert_int_equal(untouched, 'x');
}

static void
test_level_words_are_those_of_the_manual(void **state)
{
    (void)state;
    assert_int_equal(sp_log_level_parse("error"), SP_LOG_ERROR);
    assert_int_equal(sp_log_level_parse("warning"), SP_LOG_WARN);
    assert_int_equal(sp_log_level_parse("notice"), SP_LOG_NOTICE);
    assert_int_equal(sp_log_level_parse("info"), SP_LOG_INFO);
    assert_int_equal(sp_log_level_parse("debug"), SP_LOG_DEBUG);
    assert_int_equal(sp_log_level_parse("Info"), -1);
    assert_int_equal(sp_log_level_parse(""), -1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_line_has_priority_and_name),
        TEST(test_finer_levels_are_swallowed),
        TEST(test_event_with_line_breaks_is_one_line),
        TEST(test_long_event_is_one_line_of_two_kilobytes),
        TEST(test_longest_event_that_fits_is_not_cut),
        TEST(test_errno_is_left_alone),
        cmocka_unit_test(test_cleaning_keeps_text_and_marks_the_rest),
        cmocka_unit_test(test_cleaning_cuts_between_characters_at_every_size),
        cmocka_unit_test(test_level_words_are_those_of_the_manual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
