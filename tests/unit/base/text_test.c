#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/text.h"

/* Every code point in its shortest form is a character, and a byte less of it is none. */
static void
test_every_code_point_is_a_character(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 0x110000; c++) {
        char b[4];
        size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        for (size_t i = n; i-- > 1;)
            b[i] = (char)(0x80 | (c >> (6 * (n - 1 - i)) & 0x3f));
        static const unsigned heads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
        b[0] = (char)(n == 1 ? c : heads[n] | c >> (6 * (n - 1)));
        bool surrogate = c >= 0xd800 && c < 0xe000;
        if (sp_utf8_char(b, n) != (surrogate ? 0 : n) || sp_utf8_char(b, n - 1) != 0)
            fail_msg("U+%04X", c);
    }
}

static void
test_bytes_that_are_no_character(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc3(",
        "\xe0\x9f\xbf",
        "\xe2\x82(",
        "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "\xfe",
        "\xff",
        "\xf0\x9f\x96(",
    };
    for (size_t i = 0; i < SP_LEN(bad); i++) {
        assert_int_equal(sp_utf8_char(bad[i], strlen(bad[i])), 0);
        assert_false(sp_utf8_valid(bad[i], strlen(bad[i])));
    }
    assert_int_equal(sp_utf8_char("a", 0), 0);
    assert_true(sp_utf8_valid("", 0));
    assert_true(sp_utf8_valid("a\xc3\xa4\xe2\x82\xac", 6));
}

static void
assert_repaired(const char *bytes, size_t size, bool flat, const char *wanted)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    sp_utf8_repair(&out, bytes, size, flat);
    assert_string_equal(sp_str_text(&out), wanted);
}

static void
test_repair_replaces_what_is_broken(void **state)
{
    (void)state;
    assert_repaired("", 0, false, "");
    assert_repaired("Gr\xc3\xbc\xc3\x9f", 6, false, "Gr\xc3\xbc\xc3\x9f");
    assert_repaired("a\xfc"
                    "b",
                    3, false,
                    "a\xef\xbf\xbd"
                    "b");
    assert_repaired("\xe2\x82", 2, false, "\xef\xbf\xbd\xef\xbf\xbd");
    assert_repaired("a\r\n", 3, false, "a\r\n");
}

static void
test_repair_flattens_control_characters(void **state)
{
    (void)state;
    assert_repaired("a\r\nb\tc\x7f"
                    "d",
                    8, true, "a  b c d");
    assert_repaired("a\0b", 3, true, "a b");
    assert_repaired("a\xc2\x85"
                    "b",
                    4, true, "a b");
    assert_repaired("a\xc2\xa0"
                    "b",
                    4, true,
                    "a\xc2\xa0"
                    "b");
}

static void
test_prefix_ends_between_characters(void **state)
{
    (void)state;
    static const char text[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x96\xa8";
    static const size_t wanted[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10 };
    for (size_t max = 0; max < SP_LEN(wanted); max++)
        assert_int_equal(sp_utf8_prefix(text, 10, max), wanted[max]);
    assert_int_equal(sp_utf8_prefix("\x80\x80\x80\x80\x80\x80\x80\x80", 8, 6), 6);
}

static void
test_control_characters_are_found(void **state)
{
    (void)state;
    assert_false(sp_text_has_control("a b \xc3\xa4"));
    assert_true(sp_text_has_control("a\n"));
    assert_true(sp_text_has_control("\tb"));
    assert_true(sp_text_has_control("a\x7f"));
}

static void
test_trimming_leaves_the_inside(void **state)
{
    (void)state;
    char text[] = " \t a b\t ";
    assert_string_equal(sp_text_trim(text), "a b");
    char blank[] = "  ";
    assert_string_equal(sp_text_trim(blank), "");
    char line[] = "a\n";
    assert_string_equal(sp_text_trim(line), "a\n");
}

static void
test_case_is_ascii_only(void **state)
{
    (void)state;
    char text[] = "AZ az \xc3\x84 [@`{";
    sp_text_lower(text);
    assert_string_equal(text, "az az \xc3\x84 [@`{");
    assert_true(sp_text_equal_nocase("STARTTLS", "StartTLS"));
    assert_false(sp_text_equal_nocase("a", "ab"));
    assert_false(sp_text_equal_nocase("ab", "a"));
    assert_false(sp_text_equal_nocase("@", "`"));
}

static void
test_starts_ends_and_finds(void **state)
{
    (void)state;
    assert_true(sp_text_starts("250 ok", "250"));
    assert_true(sp_text_starts("x", ""));
    assert_false(sp_text_starts("25", "250"));
    assert_false(sp_text_starts("ehlo", "EHLO"));
    assert_true(sp_text_starts_nocase("ehlo x", "EHLO"));
    assert_false(sp_text_starts_nocase("ehl", "EHLO"));
    assert_true(sp_text_ends_nocase("SCAN.PDF", ".pdf"));
    assert_true(sp_text_ends_nocase("x", ""));
    assert_false(sp_text_ends_nocase("pdf", ".pdf"));
    static const char text[] = "550 Service unavailable, Client host blocked using Spamhaus";
    assert_ptr_equal(sp_text_find_nocase(text, "SPAMHAUS"), text + strlen(text) - 8);
    assert_ptr_equal(sp_text_find_nocase(text, ""), text);
    assert_null(sp_text_find_nocase(text, "spamhaus."));
    assert_null(sp_text_find_nocase("", "x"));
}

static void
test_copy_is_cut_and_says_so(void **state)
{
    (void)state;
    char to[5] = "xxxx";
    assert_true(sp_text_copy(to, sizeof to, "scan"));
    assert_string_equal(to, "scan");
    assert_false(sp_text_copy(to, sizeof to, "scans"));
    assert_string_equal(to, "scan");
    assert_false(sp_text_copy(to, 1, "s"));
    assert_string_equal(to, "");
    assert_false(sp_text_copy(to, 0, ""));
}

static void
test_sizes(void **state)
{
    (void)state;
    uint64_t size;
    assert_true(sp_parse_size("1024", &size) && size == 1024);
    assert_true(sp_parse_size("0", &size) && size == 0);
    assert_true(sp_parse_size("35M", &size) && size == UINT64_C(35) << 20);
    assert_true(sp_parse_size("150k", &size) && size == 150 << 10);
    assert_true(sp_parse_size("1g", &size) && size == 1 << 30);
    assert_true(sp_parse_size("18446744073709551615", &size) && size == UINT64_MAX);
    static const char *const bad[] = {
        "", "M", "-1", "+1", " 1", "1 ", "1.5M", "1MB", "1x", "0x10", "18446744073709551616", "18014398509481984k"
    };
    for (size_t i = 0; i < SP_LEN(bad); i++) {
        size = 7;
        if (sp_parse_size(bad[i], &size))
            fail_msg("taken: '%s'", bad[i]);
    }
}

static void
test_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        { "250ms", 250 },      { "90s", 90000 },     { "5m", 300000 }, { "24h", 86400000 },
        { "30d", 2592000000 }, { "2w", 1209600000 }, { "0s", 0 },
    };
    int64_t ms;
    for (size_t i = 0; i < SP_LEN(good); i++)
        assert_true(sp_parse_duration(good[i].text, &ms) && ms == good[i].ms);
    static const char *const bad[] = {
        "", "s", "5", "5 m", "-5s", "5M", "5min", "1h30m", "9223372036854775808ms", "9223372036854775807s"
    };
    for (size_t i = 0; i < SP_LEN(bad); i++)
        if (sp_parse_duration(bad[i], &ms))
            fail_msg("taken: '%s'", bad[i]);
}

static void
test_whole_numbers_in_a_range(void **state)
{
    (void)state;
    int64_t n;
    assert_true(sp_parse_int("25", 1, 65535, &n) && n == 25);
    assert_true(sp_parse_int("-5", -5, 5, &n) && n == -5);
    assert_true(sp_parse_int("9223372036854775807", 0, INT64_MAX, &n) && n == INT64_MAX);
    static const char *const bad[] = {
        "", "-", "0", "65536", "2x", " 25", "25 ", "+25", "0x19", "--5", "99999999999999999999"
    };
    for (size_t i = 0; i < SP_LEN(bad); i++)
        if (sp_parse_int(bad[i], 1, 65535, &n))
            fail_msg("taken: '%s'", bad[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_point_is_a_character),
        cmocka_unit_test(test_bytes_that_are_no_character),
        cmocka_unit_test(test_repair_replaces_what_is_broken),
        cmocka_unit_test(test_repair_flattens_control_characters),
        cmocka_unit_test(test_prefix_ends_between_characters),
        cmocka_unit_test(test_control_characters_are_found),
        cmocka_unit_test(test_trimming_leaves_the_inside),
        cmocka_unit_test(test_case_is_ascii_only),
        cmocka_unit_test(test_starts_ends_and_finds),
        cmocka_unit_test(test_copy_is_cut_and_says_so),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_whole_numbers_in_a_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
