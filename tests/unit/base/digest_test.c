#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/digest.h"

static void
test_sha256_of_the_vectors_of_fips_180(void **state)
{
    (void)state;
    char hex[SP_SHA256_HEX_SIZE];
    sp_sha256_hex("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sp_sha256_hex("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void
test_sha256_in_pieces_is_the_same(void **state)
{
    (void)state;
    SP_AUTO(sp_sha256_free) struct sp_sha256 *sum = sp_sha256_new();
    assert_non_null(sum);
    sp_sha256_add(sum, "a", 1);
    sp_sha256_add(sum, "", 0);
    sp_sha256_add(sum, "bc", 2);
    char hex[SP_SHA256_HEX_SIZE];
    sp_sha256_end_hex(sum, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void
test_sha256_free_accepts_nothing(void **state)
{
    (void)state;
    struct sp_sha256 *none = NULL;
    sp_sha256_free(&none);
    assert_null(none);
}

static void
test_base64_of_the_vectors_of_rfc_4648(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "", "" },
        { "f", "Zg==" },
        { "fo", "Zm8=" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" },
        { "fooba", "Zm9vYmE=" },
        { "foobar", "Zm9vYmFy" },
    };
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        SP_AUTO(sp_str_free) struct sp_str text = { 0 };
        sp_base64_add(&text, rows[i][0], strlen(rows[i][0]));
        assert_string_equal(sp_str_text(&text), rows[i][1]);
        SP_AUTO(sp_str_free) struct sp_str back = { 0 };
        assert_true(sp_base64_decode(&back, text.text, text.len));
        assert_string_equal(sp_str_text(&back), rows[i][0]);
    }
}

/* A digit at a time, as slow as it is plain. */
static void
plain_base64(struct sp_str *out, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t bit = 0; bit < size * 8; bit += 6) {
        unsigned value = 0;
        for (size_t i = bit; i < bit + 6; i++)
            value = value << 1 | (i < size * 8 ? (unsigned)bytes[i / 8] >> (7 - i % 8) & 1U : 0U);
        sp_str_add_char(out, digits[value]);
    }
    while (out->len % 4 != 0)
        sp_str_add_char(out, '=');
}

static void
test_base64_of_every_length_agrees_with_the_plain_way(void **state)
{
    (void)state;
    unsigned char bytes[600];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 167 + i / 256 * 31);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        SP_AUTO(sp_str_free) struct sp_str fast = { 0 }, plain = { 0 }, back = { 0 };
        /* from the end of the array, so that ASan sees a byte too many */
        const unsigned char *from = bytes + sizeof bytes - size;
        sp_base64_add(&fast, from, size);
        plain_base64(&plain, from, size);
        assert_string_equal(sp_str_text(&fast), sp_str_text(&plain));
        assert_int_equal(fast.len, SP_BASE64_LEN(size));
        assert_true(sp_base64_decode(&back, sp_str_text(&fast), fast.len));
        assert_int_equal(back.len, size);
        if (size > 0)
            assert_memory_equal(back.text, from, size);
    }
}

static void
test_every_twelve_bits_have_their_digits(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 4096; bits++) {
        const unsigned char bytes[3] = { (unsigned char)(bits >> 4), (unsigned char)(bits << 4), 0 };
        SP_AUTO(sp_str_free) struct sp_str fast = { 0 }, plain = { 0 };
        sp_base64_add(&fast, bytes, sizeof bytes);
        plain_base64(&plain, bytes, sizeof bytes);
        assert_string_equal(fast.text, plain.text);
    }
}

static void
test_base64_that_is_none_leaves_the_text_alone(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Z",      "Zg",   "Zg=",       "Zg==Zg==",    "Zh==", "Zm9=",  "Z===",     "====",     "=Zg=",
        "Zm9v\n", "Zm 9", "Zm9v Zm9v", "Zm9v\r\nZm9", "Zm-_", "Zm9v=", "Zm9v====", "Zm9vZ=g=",
    };
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    sp_str_add(&out, "kept");
    for (size_t i = 0; i < SP_LEN(bad); i++) {
        if (sp_base64_decode(&out, bad[i], strlen(bad[i])))
            fail_msg("taken: %s", bad[i]);
        assert_string_equal(out.text, "kept");
        assert_int_equal(out.len, 4);
    }
}

static void
test_random_bytes_reach_the_last_byte(void **state)
{
    (void)state;
    unsigned char bytes[64] = { 0 }, seen[64] = { 0 };
    for (int round = 0; round < 20; round++) {
        sp_random_bytes(bytes, sizeof bytes);
        for (size_t i = 0; i < sizeof bytes; i++)
            seen[i] |= bytes[i];
    }
    for (size_t i = 0; i < sizeof seen; i++)
        assert_int_not_equal(seen[i], 0);
}

static void
test_random_number_stays_below_its_limit(void **state)
{
    (void)state;
    bool seen[7] = { false };
    for (int i = 0; i < 2000; i++) {
        unsigned number = sp_random_below(7);
        assert_true(number < 7);
        seen[number] = true;
    }
    for (size_t i = 0; i < SP_LEN(seen); i++)
        assert_true(seen[i]);
    assert_int_equal(sp_random_below(1), 0);
    assert_int_equal(sp_random_below(0), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256_of_the_vectors_of_fips_180),
        cmocka_unit_test(test_sha256_in_pieces_is_the_same),
        cmocka_unit_test(test_sha256_free_accepts_nothing),
        cmocka_unit_test(test_base64_of_the_vectors_of_rfc_4648),
        cmocka_unit_test(test_base64_of_every_length_agrees_with_the_plain_way),
        cmocka_unit_test(test_every_twelve_bits_have_their_digits),
        cmocka_unit_test(test_base64_that_is_none_leaves_the_text_alone),
        cmocka_unit_test(test_random_bytes_reach_the_last_byte),
        cmocka_unit_test(test_random_number_stays_below_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
