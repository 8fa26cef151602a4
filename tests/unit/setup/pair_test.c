/* Certificates made on the spot are what they should be, by openssl's own word. */
#include "gateway/setup/pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/str.h"

static void
make(struct sp_str *certificate, struct sp_str *key)
{
    static const char *const names[] = { "scan.contoso.com", "192.0.2.1", "2001:db8::1" };
    const struct sp_pair_wish wish = { "scan.contoso.com", names, SP_LEN(names), 825 };
    struct sp_err err = { 0 };
    assert_int_equal(sp_pair_make(&wish, certificate, key, &err), SP_OK);
}

static void
test_certificate_and_key_belong_together(void **state)
{
    SP_AUTO(sp_str_free) struct sp_str certificate = { 0 }, key = { 0 }, other = { 0 }, other_key = { 0 };
    struct sp_str nothing = { 0 };
    (void)state;
    make(&certificate, &key);
    make(&other, &other_key);
    assert_int_equal(sp_pair_check(&certificate, &key, NULL), SP_OK);
    assert_int_equal(sp_pair_check(&certificate, &other_key, NULL), SP_E_INVALID);
    assert_int_equal(sp_pair_check(&nothing, &key, NULL), SP_E_INVALID);
    assert_int_equal(sp_pair_check(&certificate, &nothing, NULL), SP_E_INVALID);
}

static void
test_der_is_the_certificate_itself(void **state)
{
    SP_AUTO(sp_str_free) struct sp_str certificate = { 0 }, key = { 0 }, der = { 0 }, bytes = { 0 };
    (void)state;
    make(&certificate, &key);
    assert_int_equal(sp_pair_der_base64(&certificate, &der, NULL), SP_OK);
    assert_true(sp_base64_decode(&bytes, sp_str_text(&der), der.len));
    assert_non_null(memmem(bytes.text, bytes.len, "scan.contoso.com", strlen("scan.contoso.com")));
    assert_int_equal(sp_pair_der_base64(&key, &der, NULL), SP_E_INVALID);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certificate_and_key_belong_together),
        cmocka_unit_test(test_der_is_the_certificate_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
