/* Addresses: what Exchange Online gives to people is taken, what could become a second header or command is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/address.h"
#include "base/auto.h"

static void
test_address_is_taken(void **state)
{
    (void)state;
    static const char *const good[] = {
        "a@contoso.com",
        "scanner.2nd-floor@scan.contoso.com",
        "o'brien+scans@contoso.com",
        "!#$%&'*+-/=?^_`{|}~@contoso.com",
        "j\xc3\xb6rg@contoso.com",
        "\xe7\x94\xb0\xe4\xb8\xad@contoso.com",
        "1@1.de",
        "a@xn--bcher-kva.example",
    };
    for (size_t i = 0; i < SP_LEN(good); i++)
        if (!sp_address_valid(good[i]))
            fail_msg("refused: %s", good[i]);
}

static void
test_address_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "@",
        "a",
        "a@",
        "@contoso.com",
        "a@contoso",
        ".a@contoso.com",
        "a.@contoso.com",
        "a..b@contoso.com",
        "a b@contoso.com",
        "a@b@contoso.com",
        "\"a b\"@contoso.com",
        "a(comment)@contoso.com",
        "a@[192.0.2.1]",
        "a@192.0.2.1",
        "a@contoso.com.",
        "a@.contoso.com",
        "a@con..toso.com",
        "a@-contoso.com",
        "a@contoso-.com",
        "a@con_toso.com",
        "a@c\xc3\xb6ntoso.com",
        "<a@contoso.com>",
        "a@contoso.com>",
        "a@contoso.com\r\nRCPT TO:<b@contoso.com>",
        "a\r\n@contoso.com",
        "a\x7f@contoso.com",
        "a\xc2\x85@contoso.com",
        "a\xff@contoso.com",
        "a\xc0\xae@contoso.com",
        "a,b@contoso.com",
        "a@contoso.com,b@contoso.com",
        " a@contoso.com",
        "a@contoso.com ",
    };
    for (size_t i = 0; i < SP_LEN(bad); i++)
        if (sp_address_valid(bad[i]))
            fail_msg("taken: %s", bad[i]);
}

static void
test_limits_of_rfc_5321_hold_to_the_byte(void **state)
{
    (void)state;
    char address[400];
    memset(address, 'a', sizeof address);
    strcpy(address + SP_LOCAL_PART_MAX, "@contoso.com");
    assert_true(sp_address_valid(address));
    memset(address, 'a', sizeof address);
    strcpy(address + SP_LOCAL_PART_MAX + 1, "@contoso.com");
    assert_false(sp_address_valid(address));

    char domain[300];
    memset(domain, 'a', sizeof domain);
    strcpy(domain + 63, ".com");
    assert_true(sp_domain_valid(domain, false));
    memset(domain, 'a', sizeof domain);
    strcpy(domain + 64, ".com");
    assert_false(sp_domain_valid(domain, false));

    for (size_t i = 0; i < sizeof domain; i++)
        domain[i] = i % 2 == 0 ? 'a' : '.';
    domain[SP_DOMAIN_MAX] = '\0';
    assert_true(sp_domain_valid(domain, false));
    domain[SP_DOMAIN_MAX] = '.';
    domain[SP_DOMAIN_MAX + 2] = '\0';
    assert_false(sp_domain_valid(domain, false));
}

static void
test_whole_address_is_at_most_254_bytes(void **state)
{
    (void)state;
    char address[300];
    for (size_t i = 0; i < sizeof address; i++)
        address[i] = i % 2 == 0 ? 'a' : '.';
    address[5] = '@';
    address[SP_ADDRESS_MAX - 1] = 'b';
    address[SP_ADDRESS_MAX] = '\0';
    address[SP_ADDRESS_MAX - 2] = 'b';
    assert_true(sp_address_valid(address));
    strcat(address, "b");
    assert_false(sp_address_valid(address));
}

static void
test_single_label_is_a_domain_only_where_asked_for(void **state)
{
    (void)state;
    assert_true(sp_domain_valid("localhost", true));
    assert_false(sp_domain_valid("localhost", false));
    assert_false(sp_domain_valid("", true));
    assert_false(sp_domain_valid("10.0.0.1", true));
    assert_false(sp_domain_valid("localhost.", true));
}

static void
test_addresses_are_equal_whatever_the_case(void **state)
{
    (void)state;
    assert_true(sp_address_equal("Alice@Contoso.COM", "alice@contoso.com"));
    assert_false(sp_address_equal("alice@contoso.com", "alice@contoso.co"));
    assert_false(sp_address_equal("alice@contoso.co", "alice@contoso.com"));
    assert_string_equal(sp_address_domain("alice@contoso.com"), "contoso.com");
}

static void
test_pattern_matches_address_domain_or_all(void **state)
{
    (void)state;
    assert_true(sp_address_matches("alice@contoso.com", "*"));
    assert_true(sp_address_matches("alice@contoso.com", "*@CONTOSO.com"));
    assert_true(sp_address_matches("alice@contoso.com", "Alice@contoso.com"));
    assert_false(sp_address_matches("alice@scan.contoso.com", "*@contoso.com"));
    assert_false(sp_address_matches("alice@evil-contoso.com", "*@contoso.com"));
    assert_false(sp_address_matches("alice@contoso.com", "bob@contoso.com"));
    assert_false(sp_address_matches("alice@contoso.com", "*@"));
    assert_false(sp_address_matches("alice@contoso.com", ""));
}

static void
test_pattern_that_would_match_by_accident_is_refused(void **state)
{
    (void)state;
    assert_true(sp_address_pattern_valid("*"));
    assert_true(sp_address_pattern_valid("*@contoso.com"));
    assert_true(sp_address_pattern_valid("alice@contoso.com"));
    assert_false(sp_address_pattern_valid("*@"));
    assert_false(sp_address_pattern_valid("*@*"));
    assert_false(sp_address_pattern_valid("**"));
    assert_false(sp_address_pattern_valid(""));
    assert_false(sp_address_pattern_valid("contoso.com"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_address_is_taken),
        cmocka_unit_test(test_address_is_refused),
        cmocka_unit_test(test_limits_of_rfc_5321_hold_to_the_byte),
        cmocka_unit_test(test_whole_address_is_at_most_254_bytes),
        cmocka_unit_test(test_single_label_is_a_domain_only_where_asked_for),
        cmocka_unit_test(test_addresses_are_equal_whatever_the_case),
        cmocka_unit_test(test_pattern_matches_address_domain_or_all),
        cmocka_unit_test(test_pattern_that_would_match_by_accident_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
