/* check_address_test.c - what is told of the office's address, with a resolver that answers by a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "backend/delivery/check.h"
#include "backend/delivery/method.h"
#include "backend/net/dns.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"
#include "unit/net/fake_dns.h"

enum { A = 1, TXT = 16 };

static const struct fake_dns_rule rules[] = {
    { "contoso.com",
      TXT,
      DNS_ANSWERS,
      { { "contoso.com", TXT, 60, "MS=ms1" }, { "contoso.com", TXT, 60, "v=spf1 ip4:20.190.128.0/24 -all" } } },
    { "7.128.190.20.zen.spamhaus.org", A, DNS_ANSWERS, { { "7.128.190.20.zen.spamhaus.org", A, 60, "127.0.0.2" } } },
    { "7.128.190.20.bl.spamcop.net", A, DNS_ANSWERS, { { "7.128.190.20.bl.spamcop.net", A, 60, "127.255.255.254" } } },
    { "8.128.190.20.zen.spamhaus.org", A, DNS_ANSWERS, { { "8.128.190.20.zen.spamhaus.org", A, 60, "127.0.0.10" } } },
    { 0 },
};

struct world {
    struct fake_dns *server;
    struct sp_dns *dns;
    struct sp_way_env env;
    struct sp_walk walk;
    struct sp_str told; /* "outcome title: text [fix]" a line */
};

static void
tell(void *context, const struct sp_finding *finding)
{
    struct world *w = context;
    sp_str_addf(&w->told, "%s %s: %s [%s]\n", sp_finding_outcome_name(finding->outcome), finding->title, finding->text,
                finding->fix);
}

static int
set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct sp_err err = { 0 };
    w->server = fake_dns_new(rules);
    assert_int_equal(sp_dns_new(fake_dns_address(w->server), &sp_clock_system, &w->dns, &err), SP_OK);
    w->env = (struct sp_way_env){ .clock = &sp_clock_system, .dns = w->dns };
    w->walk = (struct sp_walk){ .mail_from = "scanner@contoso.com", .dnsbl = true, .tell = tell, .context = w };
    *state = w;
    return 0;
}

static int
tear_down(void **state)
{
    struct world *w = *state;
    sp_dns_free(&w->dns);
    fake_dns_free(&w->server);
    sp_str_free(&w->told);
    free(w);
    return 0;
}

static void
assert_told(const struct world *w, const char *words)
{
    if (strstr(sp_str_text(&w->told), words) == NULL)
        fail_msg("'%s' is not in:\n%s", words, sp_str_text(&w->told));
}

static void
test_an_address_that_spf_covers(void **state)
{
    struct world *w = *state;
    sp_walk_tell_spf(&w->walk, &w->env, "20.190.128.7", true);
    assert_told(w, "ok SPF: The SPF record of contoso.com covers 20.190.128.7 (ip4:20.190.128.0/24).");
}

static void
test_an_address_that_spf_does_not_cover_comes_with_the_record_to_write(void **state)
{
    struct world *w = *state;
    sp_walk_tell_spf(&w->walk, &w->env, "20.190.129.7", true);
    assert_told(w, "unproven SPF: ");
    assert_told(w, "adds ip4:20.190.129.7");
}

static void
test_behind_a_connector_spf_is_only_a_note(void **state)
{
    struct world *w = *state;
    sp_walk_tell_spf(&w->walk, &w->env, "20.190.129.7", false);
    assert_told(w, "info SPF: ");
}

static void
test_lists_that_know_the_address_or_will_not_say(void **state)
{
    struct world *w = *state;
    sp_walk_tell_lists(&w->walk, &w->env, "20.190.128.7");
    assert_told(w, "unproven Block lists: zen.spamhaus.org lists 20.190.128.7");
    assert_told(w, "https://check.spamhaus.org");
    assert_told(w, "info Block lists: bl.spamcop.net does not answer this name server");
    assert_null(strstr(sp_str_text(&w->told), "ok Block lists"));
}

static void
test_an_address_of_a_line_that_should_not_send_is_a_note(void **state)
{
    struct world *w = *state;
    sp_walk_tell_lists(&w->walk, &w->env, "20.190.128.8");
    assert_told(w, "info Block lists: zen.spamhaus.org has 20.190.128.8 among addresses");
}

static void
test_an_address_on_no_list(void **state)
{
    struct world *w = *state;
    sp_walk_tell_lists(&w->walk, &w->env, "20.190.128.9");
    assert_told(w, "ok Block lists: 20.190.128.9 is on none of the 3 public lists");
}

static void
test_nobody_is_asked_when_switched_off_or_inside(void **state)
{
    struct world *w = *state;
    sp_walk_tell_lists(&w->walk, &w->env, "192.168.1.2");
    w->walk.dnsbl = false;
    sp_walk_tell_lists(&w->walk, &w->env, "20.190.128.7");
    assert_int_equal(fake_dns_questions(w->server), 0);
    assert_int_equal(w->told.len, 0);
}

static void
test_certificates_and_clocks_are_told(void **state)
{
    struct world *w = *state;
    const int64_t noon = 1700000000000;
    sp_walk_tell_tls(&w->walk, "TLSv1.3", "CN=DigiCert Cloud Services CA-1, O=DigiCert Inc");
    assert_told(w, "ok Encryption: TLSv1.3");
    sp_walk_tell_tls(&w->walk, "TLSv1.2", "CN=FGT60F, O=Fortinet");
    assert_told(w, "Fortinet on the way opens the encryption");
    sp_walk_tell_clock(&w->walk, SP_STAGE_BANNER, noon, noon + 2000);
    assert_told(w, "ok Clock");
    sp_walk_tell_clock(&w->walk, SP_STAGE_BANNER, noon, noon + 90000);
    assert_told(w, "info Clock: This machine's clock is 90 s behind the server's.");
    sp_walk_tell_clock(&w->walk, SP_STAGE_BANNER, noon + 3600000, noon);
    assert_told(w, "unproven Clock: This machine's clock is 3600 s ahead of the server's.");
}

#define world_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_an_address_that_spf_covers),
        world_test(test_an_address_that_spf_does_not_cover_comes_with_the_record_to_write),
        world_test(test_behind_a_connector_spf_is_only_a_note),
        world_test(test_lists_that_know_the_address_or_will_not_say),
        world_test(test_an_address_of_a_line_that_should_not_send_is_a_note),
        world_test(test_an_address_on_no_list),
        world_test(test_nobody_is_asked_when_switched_off_or_inside),
        world_test(test_certificates_and_clocks_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
