/* check_hints_test.c - small things a check hears, and what they mean. */
#include "backend/delivery/check_hints.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/clock.h"

static void
test_certificates_of_microsoft_and_of_those_in_between(void **state)
{
    static const struct {
        const char *issuer;
        enum sp_issuer judged;
        const char *product;
    } rows[] = {
        { "CN=DigiCert Cloud Services CA-1, O=DigiCert Inc, C=US", SP_ISSUER_USUAL, "" },
        { "CN=Microsoft Azure RSA TLS Issuing CA 03, O=Microsoft Corporation, C=US", SP_ISSUER_USUAL, "" },
        { "CN=FGT60F, OU=Certificate Authority, O=Fortinet, C=US", SP_ISSUER_FIREWALL, "Fortinet" },
        { "CN=Zscaler Intermediate Root CA (zscalertwo.net), O=Zscaler Inc.", SP_ISSUER_FIREWALL, "Zscaler" },
        { "CN=Sophos SSL CA_C123, O=Sophos", SP_ISSUER_FIREWALL, "Sophos" },
        { "CN=Contoso Root CA", SP_ISSUER_UNUSUAL, "" },
        { "CN=Microsoft Corporation look-alike", SP_ISSUER_UNUSUAL, "" },
        { "", SP_ISSUER_UNUSUAL, "" },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        const char *product = NULL;
        assert_int_equal(sp_issuer_judge(rows[i].issuer, &product), rows[i].judged);
        assert_string_equal(product, rows[i].product);
    }
}

static void
test_the_time_in_a_banner(void **state)
{
    static const struct {
        const char *banner, *time; /* NULL: none */
    } rows[] = {
        { "x.mail.protection.outlook.com Microsoft ESMTP MAIL Service ready at Mon, 23 Nov 2026 12:00:05 +0000 [08DE]",
          "2026-11-23T12:00:05.000Z" },
        { "x ready at Mon, 5 Jan 2026 01:02:03 -0330", "2026-01-05T04:32:03.000Z" },
        { "x ready at Mon, 23 Nov 2026 12:00:05 +0100", "2026-11-23T11:00:05.000Z" },
        { "x ready", NULL },
        { "x ready at noon, tomorrow", NULL },
        { "x ready at Mon, 23 Foo 2026 12:00:05 +0000", NULL },
        { "x ready at Mon, 23 anF 2026 12:00:05 +0000", NULL },
        { "x ready at Mon, 23 Nov 2026 12:00:05 GMT", NULL },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        int64_t got = 0;
        char iso[SP_ISO_TIME_SIZE];
        assert_int_equal(sp_banner_date(rows[i].banner, &got), rows[i].time != NULL);
        if (rows[i].time == NULL)
            continue;
        sp_time_iso(got, iso);
        assert_string_equal(iso, rows[i].time);
    }
}

static void
test_addresses_that_a_list_could_know(void **state)
{
    static const char *const outside[] = { "20.190.128.1", "100.128.0.1", "172.32.0.1", "2a01:111:f400::1",
                                           "127.0.0.1" };
    static const char *const inside[] = { "10.1.2.3",    "100.64.0.1", "172.31.255.255", "192.168.1.1", "::1",
                                          "2001:db8::1", "fe80::1",    "203.0.113.7",    "nonsense" };
    (void)state;
    for (size_t i = 0; i < SP_LEN(outside); i++)
        assert_true(sp_ip_is_listable(outside[i]));
    for (size_t i = 0; i < SP_LEN(inside); i++)
        assert_false(sp_ip_is_listable(inside[i]));
}

static void
test_names_that_block_lists_are_asked_for(void **state)
{
    char name[128];
    (void)state;
    assert_true(sp_dnsbl_name("20.190.128.7", "zen.spamhaus.org", name, sizeof name));
    assert_string_equal(name, "7.128.190.20.zen.spamhaus.org");
    assert_true(sp_dnsbl_name("2001:db8::1", "x.test", name, sizeof name));
    assert_string_equal(name, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.x.test");
    assert_false(sp_dnsbl_name("nonsense", "x.test", name, sizeof name));
    assert_false(sp_dnsbl_name("20.190.128.7", "zen.spamhaus.org", name, 10));
}

static void
test_what_block_lists_answer(void **state)
{
    static const struct {
        const char *answer;
        enum sp_dnsbl_answer means;
    } rows[] = {
        { "127.0.0.2", SP_DNSBL_LISTED },        { "127.0.0.4", SP_DNSBL_LISTED },
        { "127.0.0.10", SP_DNSBL_POLICY },       { "127.0.0.11", SP_DNSBL_POLICY },
        { "127.255.255.254", SP_DNSBL_REFUSED }, { "203.0.113.1", SP_DNSBL_REFUSED }, /* a provider's search page */
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        struct in_addr answer;
        assert_int_equal(inet_pton(AF_INET, rows[i].answer, &answer), 1);
        assert_int_equal(sp_dnsbl_judge(answer), rows[i].means);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certificates_of_microsoft_and_of_those_in_between),
        cmocka_unit_test(test_the_time_in_a_banner),
        cmocka_unit_test(test_addresses_that_a_list_could_know),
        cmocka_unit_test(test_names_that_block_lists_are_asked_for),
        cmocka_unit_test(test_what_block_lists_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
