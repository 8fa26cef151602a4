#include "backend/smtp/capabilities.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "backend/smtp/session.h"
#include "base/auto.h"

static void
test_keywords_are_read_without_regard_to_case(void **state)
{
    (void)state;
    struct sp_smtp_facts facts = { 0 };
    bool starttls = false;
    sp_capabilities_read("mx.example\nsize 100\npipelining\nChunking\nBINARYMIME\nstarttls\nauth xoauth2", &facts,
                         &starttls);
    assert_true(starttls && facts.size && facts.pipelining && facts.chunking && facts.binarymime && facts.auth_xoauth2);
    assert_false(facts.auth_login || facts.eightbit || facts.smtputf8);
    assert_int_equal(facts.max_size, 100);
}

static void
test_a_domain_called_starttls_offers_nothing(void **state)
{
    (void)state;
    struct sp_smtp_facts facts = { .chunking = true };
    bool starttls = true;
    sp_capabilities_read("STARTTLS", &facts, &starttls);
    assert_false(starttls || facts.chunking);
}

static void
test_nonsense_is_passed_over(void **state)
{
    (void)state;
    struct sp_smtp_facts facts = { 0 };
    bool starttls = false;
    sp_capabilities_read("mx\n\n   \n=\nSIZE x\nSIZE -5\nXSTARTTLS\nSTARTTLSX\nAUTH", &facts, &starttls);
    assert_false(starttls || facts.auth_login);
    assert_int_equal(facts.max_size, 0);
}

static void
test_auth_with_an_equals_sign(void **state)
{
    (void)state;
    struct sp_smtp_facts facts = { 0 };
    bool starttls = false;
    sp_capabilities_read("mx\nAUTH=LOGIN PLAIN", &facts, &starttls);
    assert_true(facts.auth_login);
}

static void
test_public_ip_is_found_or_not(void **state)
{
    (void)state;
    static const struct {
        const char *text, *ip;
    } cases[] = {
        { "mx.example Hello [192.0.2.1]\nSIZE", "192.0.2.1" },
        { "mx.example Hello [2001:db8::1]", "2001:db8::1" },
        { "mx.example Hello [IPv6:2001:db8::1]", "2001:db8::1" },
        { "mx.example Hello", "" },
        { "mx.example\nHello [192.0.2.1]", "" },
        { "mx.example [not an address]", "" },
        { "mx.example ]192.0.2.1[", "" },
        { "mx.example [192.0.2.1", "" },
        { "mx.example []", "" },
        { "mx.example [aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]", "" },
        { "", "" },
    };
    for (size_t i = 0; i < SP_LEN(cases); i++) {
        char ip[48];
        sp_capabilities_public_ip(cases[i].text, ip, sizeof ip);
        assert_string_equal(ip, cases[i].ip);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keywords_are_read_without_regard_to_case),
        cmocka_unit_test(test_a_domain_called_starttls_offers_nothing),
        cmocka_unit_test(test_nonsense_is_passed_over),
        cmocka_unit_test(test_auth_with_an_equals_sign),
        cmocka_unit_test(test_public_ip_is_found_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
