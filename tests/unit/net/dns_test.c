#include "backend/net/dns.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/net/dns_query.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"
#include "unit/net/fake_dns.h"

enum { A = 1, CNAME = 5, MX = 15, TXT = 16, AAAA = 28, SOON_MS = 400, AMPLE_MS = 15000 };

/* "@" names: one for each way a resolver behaves. */
static const struct fake_dns_rule rules[] = {
    { "contoso.com",
      MX,
      DNS_ANSWERS,
      { { "contoso.com", MX, 300, "20 second.mx.example" },
        { "contoso.com", MX, 60, "10 first.mx.example" },
        { "contoso.com", MX, 900, "20 third.mx.example" } } },
    { "alias.test",
      MX,
      DNS_ANSWERS,
      { { "alias.test", CNAME, 30, "contoso.com" }, { "contoso.com", MX, 300, "10 first.mx.example" } } },
    { "alias.test", A, DNS_ANSWERS, { { "alias.test", CNAME, 30, "both.test" } } },
    { "alias.test", AAAA, DNS_ANSWERS, { { "alias.test", CNAME, 30, "both.test" } } },
    { "backwards.test",
      A,
      DNS_ANSWERS,
      { { "c.test", A, 30, "192.0.2.3" },
        { "b.test", CNAME, 30, "c.test" },
        { "backwards.test", CNAME, 30, "b.test" } } },
    { "loop.test", 0, DNS_ANSWERS, { { "loop.test", CNAME, 30, "loop.test" } } },
    { "chase1.test", 0, DNS_ANSWERS, { { "chase1.test", CNAME, 30, "chase2.test" } } },
    { "chase2.test", 0, DNS_ANSWERS, { { "chase2.test", CNAME, 30, "chase1.test" } } },
    { "both.test",
      A,
      DNS_ANSWERS,
      { { "both.test", A, 30, "192.0.2.1" },
        { "both.test", A, 30, "192.0.2.2" },
        { "both.test", A, 30, "192.0.2.3" } } },
    { "both.test", AAAA, DNS_ANSWERS, { { "both.test", AAAA, 30, "2001:db8::1" } } },
    { "four.test", A, DNS_ANSWERS, { { "four.test", A, 30, "192.0.2.4" } } },
    { "four.test", AAAA, DNS_SILENT, { { 0 } } },
    { "six.test", A, DNS_ANSWERS, { { 0 } } },
    { "six.test", AAAA, DNS_ANSWERS, { { "six.test", AAAA, 30, "2001:db8::6" } } },
    { "spf.test",
      TXT,
      DNS_ANSWERS,
      { { "spf.test", TXT, 30, "MS=ms12345678" },
        { "spf.test", TXT, 30, "v=spf1 ip4:192.0.2.1| -all" },
        { "spf.test", TXT, 30, "V=SPF1 \x01\xc3\xa4" } } },
    { "nothing.test", 0, DNS_ANSWERS, { { 0 } } },
    { "stranger.test", 0, DNS_ANSWERS, { { "other.test", MX, 30, "10 evil.example" } } },
    { "nullmx.test", MX, DNS_ANSWERS, { { "nullmx.test", MX, 30, "0 ." } } },
    { "badhost.test",
      MX,
      DNS_ANSWERS,
      { { "badhost.test", MX, 30, "5 bad host.example" }, { "badhost.test", MX, 30, "10 good.example" } } },
    { "onlybad.test", MX, DNS_ANSWERS, { { "onlybad.test", MX, 30, "5 <script>.example" } } },
    { "shortaddress.test", 0, DNS_ANSWERS, { { "shortaddress.test", A, 30, "not an address" } } },
    { "servfail.test", 0, DNS_SERVFAIL, { { 0 } } },
    { "silent.test", 0, DNS_SILENT, { { 0 } } },
    { "garbage.test", 0, DNS_GARBAGE, { { "garbage.test", MX, 30, "10 mx.example" } } },
    { "empty.test", 0, DNS_EMPTY, { { 0 } } },
    { "foreign.test", 0, DNS_FOREIGN, { { "foreign.test", MX, 30, "10 evil.example" } } },
    { "forged.test", 0, DNS_FORGED_FIRST, { { "forged.test", MX, 30, "10 right.example" } } },
    { "cut.test", 0, DNS_CUT, { { "cut.test", MX, 30, "10 mx.example" } } },
    { "truncated.test", 0, DNS_TRUNCATED, { { "truncated.test", MX, 30, "10 bytcp.example" } } },
    { "secondtry.test", 0, DNS_SECOND_TRY, { { "secondtry.test", MX, 30, "10 patient.example" } } },
    { NULL, 0, DNS_ANSWERS, { { 0 } } },
};

struct world {
    struct fake_dns *server;
    struct sp_dns *dns;
    struct sp_mx mx[SP_DNS_MX_MAX];
    struct sp_net_address addresses[SP_DNS_ADDRESSES_MAX];
    size_t n;
    unsigned ttl;
    struct sp_err err;
};

static int
setup_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->server = fake_dns_new(rules);
    assert_int_equal(sp_dns_new(fake_dns_address(w->server), &sp_clock_system, &w->dns, &w->err), SP_OK);
    *state = w;
    return 0;
}

static int
teardown_world(void **state)
{
    struct world *w = *state;
    sp_dns_free(&w->dns);
    fake_dns_free(&w->server);
    free(w);
    return 0;
}

static enum sp_rc
mx(struct world *w, const char *domain, int ms)
{
    return sp_dns_mx(w->dns, domain, sp_mono_ms(&sp_clock_system) + ms, w->mx, &w->n, &w->ttl, &w->err);
}

static enum sp_rc
addresses(struct world *w, const char *host, bool v4_only)
{
    return sp_dns_addresses(w->dns, host, 25, v4_only, sp_mono_ms(&sp_clock_system) + AMPLE_MS, w->addresses, &w->n,
                            &w->err);
}

static void
assert_address(const struct world *w, size_t index, const char *expected)
{
    char text[INET6_ADDRSTRLEN] = "";
    const struct sockaddr_storage *sock = &w->addresses[index].sock;
    const struct sockaddr_in *v4 = (const void *)sock;
    const struct sockaddr_in6 *v6 = (const void *)sock;
    assert_true(index < w->n);
    if (sock->ss_family == AF_INET)
        inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    else
        inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    assert_string_equal(text, expected);
    assert_int_equal(ntohs(v4->sin_port), 25);
}

static void
test_mx_by_preference_then_as_they_came(void **state)
{
    struct world *w = *state;
    assert_int_equal(mx(w, "contoso.com", AMPLE_MS), SP_OK);
    assert_int_equal(w->n, 3);
    assert_string_equal(w->mx[0].host, "first.mx.example");
    assert_int_equal(w->mx[0].preference, 10);
    assert_string_equal(w->mx[1].host, "second.mx.example");
    assert_string_equal(w->mx[2].host, "third.mx.example");
    assert_int_equal(w->ttl, 60);
}

static void
test_mx_follows_an_alias_with_its_ttl(void **state)
{
    struct world *w = *state;
    assert_int_equal(mx(w, "Alias.Test", AMPLE_MS), SP_OK);
    assert_string_equal(w->mx[0].host, "first.mx.example");
    assert_int_equal(w->ttl, 30);
}

static void
test_mx_of_a_name_that_is_not_there(void **state)
{
    struct world *w = *state;
    assert_int_equal(mx(w, "absent.test", AMPLE_MS), SP_E_NOTFOUND);
    assert_non_null(strstr(w->err.text, "absent.test"));
}

static void
test_mx_of_a_name_without_one(void **state)
{
    struct world *w = *state;
    assert_int_equal(mx(w, "nothing.test", AMPLE_MS), SP_E_NOTFOUND);
    assert_non_null(strstr(w->err.text, "MX"));
}

static void
test_records_of_other_names_are_not_believed(void **state)
{
    struct world *w = *state;
    assert_int_equal(mx(w, "stranger.test", AMPLE_MS), SP_E_NOTFOUND);
}

static void
test_null_mx_is_said(void **state)
{
    struct world *w = *state;
    assert_int_equal(mx(w, "nullmx.test", AMPLE_MS), SP_E_NOTFOUND);
    assert_non_null(strstr(w->err.text, "takes no mail"));
}

static void
test_hosts_that_are_no_names_are_left_out(void **state)
{
    struct world *w = *state;
    assert_int_equal(mx(w, "badhost.test", AMPLE_MS), SP_OK);
    assert_int_equal(w->n, 1);
    assert_string_equal(w->mx[0].host, "good.example");
    assert_int_equal(mx(w, "onlybad.test", AMPLE_MS), SP_E_PROTO);
}

static void
test_servfail_is_not_no_such_name(void **state)
{
    struct world *w = *state;
    assert_int_equal(mx(w, "servfail.test", AMPLE_MS), SP_E_IO);
}

static void
test_silence_runs_into_the_deadline(void **state)
{
    struct world *w = *state;
    assert_int_equal(mx(w, "silent.test", SOON_MS), SP_E_TIMEOUT);
}

static void
test_empty_datagram_is_silence(void **state)
{
    struct world *w = *state;
    assert_int_equal(mx(w, "empty.test", SOON_MS), SP_E_TIMEOUT);
}

static void
test_answer_with_a_foreign_id_is_silence(void **state)
{
    struct world *w = *state;
    assert_int_equal(mx(w, "foreign.test", SOON_MS), SP_E_TIMEOUT);
}

static void
test_forged_answer_before_the_right_one_is_passed_over(void **state)
{
    struct world *w = *state;
    assert_int_equal(mx(w, "forged.test", AMPLE_MS), SP_OK);
    assert_string_equal(w->mx[0].host, "right.example");
}

static void
test_garbage_and_cut_messages_make_no_sense(void **state)
{
    struct world *w = *state;
    assert_int_equal(mx(w, "garbage.test", AMPLE_MS), SP_E_PROTO);
    assert_int_equal(mx(w, "cut.test", AMPLE_MS), SP_E_PROTO);
    assert_int_equal(addresses(w, "shortaddress.test", true), SP_E_PROTO);
}

static void
test_truncated_answer_is_fetched_by_tcp(void **state)
{
    struct world *w = *state;
    assert_int_equal(mx(w, "truncated.test", AMPLE_MS), SP_OK);
    assert_string_equal(w->mx[0].host, "bytcp.example");
}

static void
test_lost_question_is_asked_again(void **state)
{
    struct world *w = *state;
    assert_int_equal(mx(w, "secondtry.test", AMPLE_MS), SP_OK);
    assert_true(fake_dns_questions(w->server) >= 2);
}

static void
test_alias_without_end_makes_no_sense(void **state)
{
    struct world *w = *state;
    assert_int_equal(mx(w, "loop.test", AMPLE_MS), SP_E_PROTO);
    assert_int_equal(mx(w, "chase1.test", AMPLE_MS), SP_E_PROTO);
}

static void
test_addresses_in_turns_ipv6_first(void **state)
{
    struct world *w = *state;
    assert_int_equal(addresses(w, "both.test", false), SP_OK);
    assert_int_equal(w->n, 4);
    assert_address(w, 0, "2001:db8::1");
    assert_address(w, 1, "192.0.2.1");
    assert_address(w, 3, "192.0.2.3");
}

static void
test_faster_family_goes_first_for_that_host(void **state)
{
    struct world *w = *state;
    sp_dns_prefer(w->dns, "Both.test", "192.0.2.1");
    sp_dns_prefer(w->dns, "other.test", "2001:db8::1");
    assert_int_equal(addresses(w, "both.test", false), SP_OK);
    assert_address(w, 0, "192.0.2.1");
    assert_address(w, 1, "2001:db8::1");
    assert_int_equal(addresses(w, "both.test", true), SP_OK);
    assert_int_equal(w->n, 3);
    sp_dns_prefer(w->dns, "both.test", "2001:db8::1");
    assert_int_equal(addresses(w, "both.test", false), SP_OK);
    assert_address(w, 0, "2001:db8::1");
}

static void
test_a_few_hosts_families_are_remembered(void **state)
{
    struct world *w = *state;
    sp_dns_prefer(w->dns, "both.test", "192.0.2.1");
    for (char host[] = "a.test"; host[0] <= 'z'; host[0]++)
        sp_dns_prefer(w->dns, host, "192.0.2.9");
    assert_int_equal(addresses(w, "both.test", false), SP_OK);
    assert_address(w, 0, "2001:db8::1"); /* forgotten, which costs a race */
}

static void
test_addresses_of_ipv4_only(void **state)
{
    struct world *w = *state;
    assert_int_equal(addresses(w, "both.test", true), SP_OK);
    assert_int_equal(w->n, 3);
    assert_address(w, 0, "192.0.2.1");
    assert_int_equal(addresses(w, "six.test", true), SP_E_NOTFOUND);
    assert_int_equal(addresses(w, "2001:db8::1", true), SP_E_NOTFOUND);
}

static void
test_addresses_behind_aliases(void **state)
{
    struct world *w = *state;
    assert_int_equal(addresses(w, "alias.test", false), SP_OK);
    assert_int_equal(w->n, 4);
    assert_int_equal(addresses(w, "backwards.test", true), SP_OK);
    assert_address(w, 0, "192.0.2.3");
}

static void
test_one_family_is_enough(void **state)
{
    struct world *w = *state;
    assert_int_equal(addresses(w, "four.test", false), SP_OK); /* although nobody answers for AAAA */
    assert_int_equal(w->n, 1);
    assert_int_equal(addresses(w, "six.test", false), SP_OK);
    assert_address(w, 0, "2001:db8::6");
}

static void
test_literals_and_localhost_need_no_server(void **state)
{
    struct world *w = *state;
    assert_int_equal(addresses(w, "192.0.2.9", false), SP_OK);
    assert_address(w, 0, "192.0.2.9");
    assert_int_equal(addresses(w, "2001:db8::9", false), SP_OK);
    assert_address(w, 0, "2001:db8::9");
    assert_int_equal(addresses(w, "localhost", false), SP_OK);
    assert_int_equal(w->n, 2);
    assert_int_equal(addresses(w, "Sandbox.LocalHost", true), SP_OK);
    assert_address(w, 0, "127.0.0.1");
    assert_int_equal(fake_dns_questions(w->server), 0);
}

static void
test_resolver_that_is_not_there(void **state)
{
    struct world *w = *state;
    fake_dns_free(&w->server);
    assert_int_equal(mx(w, "contoso.com", AMPLE_MS), SP_E_IO);
}

static void
test_resolver_addresses_are_checked(void **state)
{
    struct world *w = *state;
    static const char *const good[] = { "127.0.0.1", "127.0.0.1:53", "[::1]", "[::1]:5353", "::1", "" };
    static const char *const bad[] = { "resolver", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:99999",
                                       "[::1",     "[::1]5",     ":53",         "1.2.3.4:5x" };
    for (size_t i = 0; i < SP_LEN(good); i++) {
        struct sp_dns *dns = NULL;
        assert_int_equal(sp_dns_new(good[i], &sp_clock_system, &dns, &w->err), SP_OK);
        sp_dns_free(&dns);
    }
    for (size_t i = 0; i < SP_LEN(bad); i++) {
        struct sp_dns *dns = NULL;
        assert_int_equal(sp_dns_new(bad[i], &sp_clock_system, &dns, &w->err), SP_E_INVALID);
    }
}

static void
test_names_too_long_or_strange_to_ask_for(void **state)
{
    struct world *w = *state;
    char name[400];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(mx(w, name, AMPLE_MS), SP_E_INVALID);
    assert_int_equal(mx(w, "a..b", AMPLE_MS), SP_E_INVALID);
    name[100] = '\0'; /* a label of more than 63 */
    assert_int_equal(mx(w, name, AMPLE_MS), SP_E_INVALID);
}

static void
test_hosts_file_is_read(void **state)
{
    (void)state;
    char path[] = "/tmp/scanpost_hosts_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    static const char text[] = "# a comment\n127.0.0.1 localhost\n192.0.2.5\tRelay.test relay # 192.0.2.6 relay\n"
                               "not-an-address relay\n2001:db8::5 relay\n192.0.2.7\n";
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    struct sp_net_address found[4];
    assert_int_equal(sp_hosts_find(path, "relay", found, 4), 2);
    assert_int_equal(found[1].sock.ss_family, AF_INET6);
    assert_int_equal(sp_hosts_find(path, "relay.TEST", found, 4), 1);
    assert_int_equal(sp_hosts_find(path, "rela", found, 4), 0);
    assert_int_equal(sp_hosts_find(path, "relay", found, 1), 1);
    unlink(path);
    assert_int_equal(sp_hosts_find(path, "relay", found, 4), 0);
}

static void
test_microsoft_by_the_end_of_the_name(void **state)
{
    (void)state;
    static const char *const theirs[] = {
        "contoso-com.mail.protection.outlook.com",
        "CONTOSO-COM.MAIL.PROTECTION.OUTLOOK.COM",
        "contoso-com.mail.protection.outlook.com.",
        "contoso-com.o-v1.mx.microsoft",
        "a.mail.protection.office365.us",
        "a.mail.protection.partner.outlook.cn",
        "a.mail.eo.outlook.com",
        "a.mail.protection.outlook.de",
    };
    static const char *const others[] = {
        "",
        ".",
        "mail.protection.outlook.com",
        ".mail.protection.outlook.com",
        "mail.protection.outlook.com.evil.example",
        "contoso-com.mail.protection.outlook.com.evil.example",
        "evilmail.protection.outlook.com",
        "mx.microsoft",
        "amx.microsoft",
        "a.mx.microsoft.com",
        "a.mx.microsoft..",
        "mx1.contoso.com",
        "eu-smtp-inbound-1.mimecast.com",
    };
    for (size_t i = 0; i < SP_LEN(theirs); i++)
        if (!sp_mx_is_microsoft(theirs[i]))
            fail_msg("'%s' is Microsoft's", theirs[i]);
    for (size_t i = 0; i < SP_LEN(others); i++)
        if (sp_mx_is_microsoft(others[i]))
            fail_msg("'%s' is not Microsoft's", others[i]);
}

#define world_test(name) cmocka_unit_test_setup_teardown(name, setup_world, teardown_world)

static void
test_txt_strings_are_joined_and_chosen_by_their_beginning(void **state)
{
    struct world *w = *state;
    SP_AUTO(sp_str_free) struct sp_str texts = { 0 };
    size_t n = 0;
    int64_t soon = sp_mono_ms(&sp_clock_system) + AMPLE_MS;
    assert_int_equal(sp_dns_txt(w->dns, "spf.test", "v=spf1", soon, &texts, &n, &w->err), SP_OK);
    assert_int_equal(n, 2);
    const char *second = sp_str_text(&texts) + strlen(sp_str_text(&texts)) + 1;
    assert_string_equal(sp_str_text(&texts), "v=spf1 ip4:192.0.2.1 -all");
    assert_string_equal(second, "V=SPF1 ???");
    assert_int_equal(sp_dns_txt(w->dns, "spf.test", "v=DMARC1", soon, &texts, &n, &w->err), SP_OK);
    assert_int_equal(n, 0);
    assert_int_equal(sp_dns_txt(w->dns, "nothing.test", "v=spf1", soon, &texts, &n, &w->err), SP_E_NOTFOUND);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_mx_by_preference_then_as_they_came),
        world_test(test_mx_follows_an_alias_with_its_ttl),
        world_test(test_txt_strings_are_joined_and_chosen_by_their_beginning),
        world_test(test_mx_of_a_name_that_is_not_there),
        world_test(test_mx_of_a_name_without_one),
        world_test(test_records_of_other_names_are_not_believed),
        world_test(test_null_mx_is_said),
        world_test(test_hosts_that_are_no_names_are_left_out),
        world_test(test_servfail_is_not_no_such_name),
        world_test(test_silence_runs_into_the_deadline),
        world_test(test_empty_datagram_is_silence),
        world_test(test_answer_with_a_foreign_id_is_silence),
        world_test(test_forged_answer_before_the_right_one_is_passed_over),
        world_test(test_garbage_and_cut_messages_make_no_sense),
        world_test(test_truncated_answer_is_fetched_by_tcp),
        world_test(test_lost_question_is_asked_again),
        world_test(test_alias_without_end_makes_no_sense),
        world_test(test_addresses_in_turns_ipv6_first),
        world_test(test_faster_family_goes_first_for_that_host),
        world_test(test_a_few_hosts_families_are_remembered),
        world_test(test_addresses_of_ipv4_only),
        world_test(test_addresses_behind_aliases),
        world_test(test_one_family_is_enough),
        world_test(test_literals_and_localhost_need_no_server),
        world_test(test_resolver_that_is_not_there),
        world_test(test_resolver_addresses_are_checked),
        world_test(test_names_too_long_or_strange_to_ask_for),
        cmocka_unit_test(test_hosts_file_is_read),
        cmocka_unit_test(test_microsoft_by_the_end_of_the_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
