/* Where a tenant's mail exchangers are, with a resolver that answers as it is told. */
#include "backend/delivery/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/net/dns.h"
#include "base/auto.h"
#include "base/clock.h"
#include "unit/net/fake_dns.h"

#define OURS    "contoso-com.mail.protection.outlook.com"
#define NEW     "contoso-com.o-v1.mx.microsoft"
#define INITIAL "contoso.mail.protection.outlook.com"

static const int64_t SECOND = 1000;

struct world {
    struct fake_dns *server;
    struct sp_dns *dns;
    struct sp_endpoint *endpoint;
    struct sp_way_hosts hosts;
    struct sp_err err;
    int64_t passed; /* added to the monotonic clock */
    struct sp_clock clock;
};

static const struct fake_dns_rule rules[] = {
    { "contoso.com", 15, DNS_ANSWERS, { { "contoso.com", 15, 300, "10 " OURS "." } } },
    { "two.test", 15, DNS_ANSWERS, { { "two.test", 15, 300, "20 " OURS "." }, { "two.test", 15, 300, "5 " NEW "." } } },
    { "mixed.test",
      15,
      DNS_ANSWERS,
      { { "mixed.test", 15, 300, "5 mx.filter.test." }, { "mixed.test", 15, 300, "9 " OURS "." } } },
    { "foreign.test", 15, DNS_ANSWERS, { { "foreign.test", 15, 300, "10 mx.filter.test." } } },
    { "contoso.onmicrosoft.com", 15, DNS_ANSWERS, { { "contoso.onmicrosoft.com", 15, 3600, "0 " INITIAL "." } } },
    { "silent.test", 15, DNS_SILENT, { { NULL } } },
    { "lookalike.test",
      15,
      DNS_ANSWERS,
      { { "lookalike.test", 15, 300, "0 contoso.mail.protection.outlook.com.evil.test." } } },
    { NULL },
};

static int64_t
now_wall(void *context)
{
    (void)context;
    return sp_wall_ms(&sp_clock_system);
}

static int64_t
now_mono(void *context)
{
    return sp_mono_ms(&sp_clock_system) + ((struct world *)context)->passed;
}

static int
setup_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->clock = (struct sp_clock){ .wall_ms = now_wall, .mono_ms = now_mono, .context = w };
    w->server = fake_dns_new(rules);
    assert_int_equal(sp_dns_new(fake_dns_address(w->server), &w->clock, &w->dns, &w->err), SP_OK);
    *state = w;
    return 0;
}

static int
teardown_world(void **state)
{
    struct world *w = *state;
    sp_endpoint_free(&w->endpoint);
    sp_dns_free(&w->dns);
    fake_dns_free(&w->server);
    free(w);
    return 0;
}

static void
tenant(struct world *w, const char *host, const char *domain, const char *onmicrosoft)
{
    const struct sp_endpoint_options options = { .method = "direct",
                                                 .host = host,
                                                 .domain = domain,
                                                 .onmicrosoft = onmicrosoft,
                                                 .dns = w->dns,
                                                 .clock = &w->clock };
    sp_endpoint_free(&w->endpoint);
    w->endpoint = sp_endpoint_new(&options);
    assert_non_null(w->endpoint);
}

static enum sp_rc
find(struct world *w, int ms)
{
    return sp_endpoint_find(w->endpoint, sp_mono_ms(&w->clock) + ms, &w->hosts, &w->err);
}

static void
assert_found(struct world *w, const char *host)
{
    assert_int_equal(find(w, 20000), SP_OK);
    assert_true(w->hosts.count > 0);
    assert_string_equal(w->hosts.name[0], host);
}

static void
test_host_of_the_method_needs_no_lookup(void **state)
{
    struct world *w = *state;
    tenant(w, "mx.example.test", "contoso.com", "");
    assert_found(w, "mx.example.test");
    assert_int_equal(fake_dns_questions(w->server), 0);
}

static void
test_mail_exchangers_in_their_order(void **state)
{
    struct world *w = *state;
    tenant(w, "", "two.test", "");
    assert_found(w, NEW);
    assert_int_equal(w->hosts.count, 2);
    assert_string_equal(w->hosts.name[1], OURS);
}

static void
test_asked_again_when_its_time_is_over_or_nobody_is_there(void **state)
{
    struct world *w = *state;
    tenant(w, "", "contoso.com", "");
    assert_found(w, OURS);
    assert_found(w, OURS);
    assert_int_equal(fake_dns_questions(w->server), 1);
    w->passed += 301 * SECOND;
    assert_found(w, OURS);
    assert_int_equal(fake_dns_questions(w->server), 2);
    sp_endpoint_forget(w->endpoint);
    assert_found(w, OURS);
    assert_int_equal(fake_dns_questions(w->server), 3);
}

static void
test_foreign_one_is_told_and_not_used(void **state)
{
    struct world *w = *state;
    tenant(w, "", "foreign.test", "");
    assert_int_equal(find(w, 20000), SP_E_DENIED);
    assert_non_null(
        strstr(w->err.text, "the mail exchanger of foreign.test is mx.filter.test, which is not Microsoft's"));
    tenant(w, "", "lookalike.test", "");
    assert_int_equal(find(w, 20000), SP_E_DENIED);
}

static void
test_foreign_one_beside_ours_is_left_out(void **state)
{
    struct world *w = *state;
    tenant(w, "", "mixed.test", "");
    assert_found(w, OURS);
    assert_int_equal(w->hosts.count, 1);
}

static void
test_initial_domain_is_the_second_source(void **state)
{
    struct world *w = *state;
    tenant(w, "", "foreign.test", "contoso.onmicrosoft.com");
    assert_found(w, INITIAL);
    tenant(w, "", "absent.test", "contoso.onmicrosoft.com");
    assert_found(w, INITIAL);
    tenant(w, "", "contoso.com", "contoso.onmicrosoft.com");
    assert_found(w, OURS);
}

static void
test_initial_domain_that_is_not_there_leaves_the_first_story(void **state)
{
    struct world *w = *state;
    tenant(w, "", "foreign.test", "absent.onmicrosoft.com");
    assert_int_equal(find(w, 20000), SP_E_DENIED);
    assert_non_null(strstr(w->err.text, "mx.filter.test"));
    tenant(w, "", "absent.test", "absent.onmicrosoft.com");
    assert_int_equal(find(w, 20000), SP_E_NOTFOUND);
    assert_non_null(strstr(w->err.text, "absent.test"));
}

static void
test_what_was_known_serves_while_no_resolver_answers(void **state)
{
    struct world *w = *state;
    tenant(w, "", "contoso.com", "");
    assert_found(w, OURS);
    fake_dns_free(&w->server);
    w->passed += 3600 * SECOND;
    assert_int_equal(find(w, 300), SP_OK);
    assert_string_equal(w->hosts.name[0], OURS);
    w->passed += 172800 * SECOND;
    assert_int_not_equal(find(w, 300), SP_OK);
    w->server = fake_dns_new(rules);
}

static void
test_silence_is_no_reason_to_go_elsewhere(void **state)
{
    struct world *w = *state;
    tenant(w, "", "silent.test", "contoso.onmicrosoft.com");
    assert_int_equal(find(w, 300), SP_E_TIMEOUT);
}

#define world_test(test) cmocka_unit_test_setup_teardown(test, setup_world, teardown_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_host_of_the_method_needs_no_lookup),
        world_test(test_mail_exchangers_in_their_order),
        world_test(test_asked_again_when_its_time_is_over_or_nobody_is_there),
        world_test(test_foreign_one_is_told_and_not_used),
        world_test(test_foreign_one_beside_ours_is_left_out),
        world_test(test_initial_domain_is_the_second_source),
        world_test(test_initial_domain_that_is_not_there_leaves_the_first_story),
        world_test(test_what_was_known_serves_while_no_resolver_answers),
        world_test(test_silence_is_no_reason_to_go_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
