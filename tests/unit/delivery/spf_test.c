/* spf_test.c - SPF records by a table: a small world of names, an address, and what a receiver would say. */
#include "backend/delivery/spf.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/str.h"

struct name { /* txt: records parted by '|'; mx and a: names and addresses parted by ' ' */
    const char *name, *txt, *mx, *a;
};

static const struct name names[] = {
    { "contoso.com", "v=spf1 ip4:203.0.113.0/24 include:spf.protection.outlook.com -all", "mx.contoso.com",
      "198.51.100.1" },
    { "mx.contoso.com", NULL, NULL, "198.51.100.25 2001:db8::25" },
    { "spf.protection.outlook.com", "v=spf1 ip4:40.92.0.0/15 ip6:2a01:111:f400::/48 -all", NULL, NULL },
    { "soft.test", "v=spf1 include:spf.protection.outlook.com ~all", NULL, NULL },
    { "neutral.test", "v=spf1 ip4:192.0.2.1", NULL, NULL },
    { "asks.test", "v=spf1 ?ip4:192.0.2.1 -all", NULL, NULL },
    { "upper.test", "V=SPF1 IP4:192.0.2.1 -ALL", NULL, NULL },
    { "a.test", "v=spf1 a -all", NULL, "192.0.2.9" },
    { "anet.test", "v=spf1 a:a.test/29 -all", NULL, NULL },
    { "mx.test", "v=spf1 mx//64 -all", "mx.contoso.com", NULL },
    { "mx4.test", "v=spf1 mx -all", "mx.contoso.com", NULL },
    { "redirect.test", "v=spf1 redirect=contoso.com", NULL, NULL },
    { "redirectlate.test", "v=spf1 redirect=contoso.com ip4:192.0.2.1 -all", NULL, NULL },
    { "redirectnone.test", "v=spf1 redirect=none.test", NULL, NULL },
    { "none.test", NULL, NULL, "192.0.2.9" },
    { "includesnone.test", "v=spf1 include:none.test -all", NULL, NULL },
    { "includesbad.test", "v=spf1 include:typo.test -all", NULL, NULL },
    { "typo.test", "v=spf1 ipv4:192.0.2.1 -all", NULL, NULL },
    { "badaddress.test", "v=spf1 ip4:192.0.2.999 -all", NULL, NULL },
    { "badbits.test", "v=spf1 ip4:192.0.2.0/33 -all", NULL, NULL },
    { "badname.test", "v=spf1 include:a..b$ -all", NULL, NULL },
    { "noname.test", "v=spf1 include: -all", NULL, NULL },
    { "two.test", "v=spf1 -all|v=spf1 ip4:192.0.2.1 -all", NULL, NULL },
    { "other.test", "v=spf10 -all|v=spf1 ip4:192.0.2.1 -all", NULL, NULL },
    { "bare.test", "v=spf1", NULL, NULL },
    { "modifier.test", "v=spf1 exp=why.test new=x ip4:192.0.2.1 -all", NULL, NULL },
    { "self.test", "v=spf1 include:self.test -all", NULL, NULL },
    { "ping.test", "v=spf1 include:pong.test -all", NULL, NULL },
    { "pong.test", "v=spf1 redirect=ping.test", NULL, NULL },
    { "void.test", "v=spf1 a:gone1.test a:gone2.test ip4:192.0.2.1 -all", NULL, NULL },
    { "toovoid.test", "v=spf1 a:gone1.test a:gone2.test a:gone3.test ip4:192.0.2.1 -all", NULL, NULL },
    { "ten.test",
      "v=spf1 a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test "
      "ip4:192.0.2.1 -all",
      NULL, NULL },
    { "eleven.test",
      "v=spf1 a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test "
      "ip4:192.0.2.1 -all",
      NULL, NULL },
    { "macro.test", "v=spf1 exists:%{i}._spf.macro.test ip4:192.0.2.1 -all", NULL, NULL },
    { "macrominus.test", "v=spf1 -exists:%{i}._spf.macro.test ip4:192.0.2.1 -all", NULL, NULL },
    { "macroredirect.test", "v=spf1 redirect=%{d}._spf.test", NULL, NULL },
    { "ptr.test", "v=spf1 ptr -all", NULL, NULL },
    { "exists.test", "v=spf1 exists:a.test -all", NULL, NULL },
    { "under.test", "v=spf1 include:_spf.under.test -all", NULL, NULL },
    { "_spf.under.test", "v=spf1 ip4:192.0.2.1 -all", NULL, NULL },
    { "servfail.test", "!", NULL, NULL },
    { "includesservfail.test", "v=spf1 include:servfail.test -all", NULL, NULL },
};

static const struct name *
find(const char *name)
{
    for (size_t i = 0; i < SP_LEN(names); i++)
        if (strcasecmp(names[i].name, name) == 0)
            return &names[i];
    return NULL;
}

static enum sp_rc
fake_txt(void *context, const char *name, struct sp_str *ret, size_t *ret_count)
{
    unsigned *asked = context;
    const struct name *found = find(name);
    ++*asked;
    if (found == NULL || found->txt == NULL)
        return SP_E_NOTFOUND;
    if (*found->txt == '!')
        return SP_E_TIMEOUT;
    const char *text = found->txt;
    for (*ret_count = 1;; ++*ret_count) {
        size_t len = strcspn(text, "|");
        sp_str_add_n(ret, text, len);
        sp_str_add_char(ret, '\0');
        if (text[len] == '\0')
            return SP_OK;
        text += len + 1;
    }
}

static enum sp_rc
fake_mx(void *context, const char *name, struct sp_mx ret[SP_DNS_MX_MAX], size_t *ret_count)
{
    const struct name *found = find(name);
    (void)context;
    if (found == NULL || found->mx == NULL)
        return SP_E_NOTFOUND;
    *ret_count = 1;
    strncpy(ret[0].host, found->mx, sizeof ret[0].host - 1);
    return SP_OK;
}

static bool
put_address(const char *text, bool v6, struct sp_net_address *ret)
{
    memset(ret, 0, sizeof *ret);
    struct sockaddr_in *four = (void *)&ret->sock;
    struct sockaddr_in6 *six = (void *)&ret->sock;
    ret->sock.ss_family = v6 ? AF_INET6 : AF_INET;
    return inet_pton(v6 ? AF_INET6 : AF_INET, text, v6 ? (void *)&six->sin6_addr : (void *)&four->sin_addr) == 1;
}

static enum sp_rc
fake_addresses(void *context, const char *name, bool v6, struct sp_net_address ret[SP_DNS_ADDRESSES_MAX],
               size_t *ret_count)
{
    char list[256] = "", *rest = NULL;
    const struct name *found = find(name);
    (void)context;
    if (found == NULL || found->a == NULL)
        return SP_E_NOTFOUND;
    strncpy(list, found->a, sizeof list - 1);
    *ret_count = 0;
    for (const char *one = strtok_r(list, " ", &rest); one != NULL; one = strtok_r(NULL, " ", &rest))
        *ret_count += put_address(one, v6, &ret[*ret_count]);
    return *ret_count > 0 ? SP_OK : SP_E_NOTFOUND;
}

static const struct row {
    const char *domain, *ip;
    enum sp_spf_result result;
    const char *term; /* NULL: does not matter */
} rows[] = {
    { "contoso.com", "203.0.113.7", SP_SPF_PASS, "ip4:203.0.113.0/24" },
    { "contoso.com", "203.0.114.7", SP_SPF_FAIL, "-all" },
    { "contoso.com", "40.93.255.255", SP_SPF_PASS, "include:spf.protection.outlook.com" },
    { "contoso.com", "40.94.0.0", SP_SPF_FAIL, "-all" },
    { "contoso.com", "2a01:111:f400:1::1", SP_SPF_PASS, NULL },
    { "contoso.com", "2a01:111:f401::1", SP_SPF_FAIL, NULL },
    { "soft.test", "192.0.2.1", SP_SPF_SOFTFAIL, "~all" },
    { "neutral.test", "192.0.2.2", SP_SPF_NEUTRAL, "" },
    { "asks.test", "192.0.2.1", SP_SPF_NEUTRAL, "?ip4:192.0.2.1" },
    { "upper.test", "192.0.2.1", SP_SPF_PASS, NULL },
    { "a.test", "192.0.2.9", SP_SPF_PASS, "a" },
    { "a.test", "192.0.2.10", SP_SPF_FAIL, NULL },
    { "anet.test", "192.0.2.15", SP_SPF_PASS, "a:a.test/29" },
    { "anet.test", "192.0.2.16", SP_SPF_FAIL, NULL },
    { "mx4.test", "198.51.100.25", SP_SPF_PASS, "mx" },
    { "mx.test", "2001:db8::99", SP_SPF_PASS, "mx//64" },
    { "mx.test", "2001:db8:0:1::25", SP_SPF_FAIL, NULL },
    { "redirect.test", "203.0.113.7", SP_SPF_PASS, NULL },
    { "redirect.test", "192.0.2.1", SP_SPF_FAIL, NULL },
    { "redirectlate.test", "203.0.113.7", SP_SPF_FAIL, "-all" },
    { "redirectnone.test", "192.0.2.1", SP_SPF_PERMERROR, NULL },
    { "none.test", "192.0.2.1", SP_SPF_NONE, NULL },
    { "gone.test", "192.0.2.1", SP_SPF_NONE, NULL },
    { "includesnone.test", "192.0.2.1", SP_SPF_PERMERROR, NULL },
    { "includesbad.test", "192.0.2.1", SP_SPF_PERMERROR, NULL },
    { "typo.test", "192.0.2.1", SP_SPF_PERMERROR, NULL },
    { "badaddress.test", "192.0.2.1", SP_SPF_PERMERROR, NULL },
    { "badbits.test", "192.0.2.1", SP_SPF_PERMERROR, NULL },
    { "badname.test", "192.0.2.1", SP_SPF_PERMERROR, NULL },
    { "noname.test", "192.0.2.1", SP_SPF_PERMERROR, NULL },
    { "two.test", "192.0.2.1", SP_SPF_PERMERROR, NULL },
    { "other.test", "192.0.2.1", SP_SPF_PASS, NULL },
    { "bare.test", "192.0.2.1", SP_SPF_NEUTRAL, "" },
    { "modifier.test", "192.0.2.1", SP_SPF_PASS, NULL },
    { "self.test", "192.0.2.1", SP_SPF_PERMERROR, NULL },
    { "ping.test", "192.0.2.1", SP_SPF_PERMERROR, NULL },
    { "void.test", "192.0.2.1", SP_SPF_PASS, "ip4:192.0.2.1" },
    { "toovoid.test", "192.0.2.1", SP_SPF_PERMERROR, NULL },
    { "ten.test", "192.0.2.1", SP_SPF_PASS, NULL },
    { "eleven.test", "192.0.2.1", SP_SPF_PERMERROR, NULL },
    { "macro.test", "192.0.2.1", SP_SPF_PASS, NULL },
    { "macro.test", "192.0.2.2", SP_SPF_UNKNOWN, NULL },
    { "macrominus.test", "192.0.2.1", SP_SPF_UNKNOWN, NULL },
    { "macroredirect.test", "192.0.2.1", SP_SPF_UNKNOWN, NULL },
    { "ptr.test", "192.0.2.1", SP_SPF_UNKNOWN, NULL },
    { "exists.test", "192.0.2.1", SP_SPF_PASS, NULL },
    { "under.test", "192.0.2.1", SP_SPF_PASS, NULL },
    { "servfail.test", "192.0.2.1", SP_SPF_TEMPERROR, NULL },
    { "includesservfail.test", "192.0.2.1", SP_SPF_TEMPERROR, NULL },
    { "contoso.com", "not an address", SP_SPF_UNKNOWN, NULL },
};

static void
test_records_say_what_receivers_would_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        unsigned asked = 0;
        const struct sp_spf_dns dns = { fake_txt, fake_mx, fake_addresses, &asked };
        struct sp_spf got;
        sp_spf_evaluate(&dns, rows[i].domain, rows[i].ip, &got);
        if (got.result != rows[i].result)
            fail_msg("%s %s: %d, wanted %d (%s)", rows[i].domain, rows[i].ip, (int)got.result, (int)rows[i].result,
                     got.why);
        if (rows[i].term != NULL)
            assert_string_equal(got.term, rows[i].term);
        bool needs_words =
            got.result == SP_SPF_PERMERROR || got.result == SP_SPF_TEMPERROR || got.result == SP_SPF_UNKNOWN;
        assert_int_equal(got.why[0] != '\0', needs_words);
        assert_true(asked <= SP_SPF_LOOKUPS_MAX + 1);
    }
}

static void
test_the_record_that_is_told_is_the_domain_s_own(void **state)
{
    unsigned asked = 0;
    const struct sp_spf_dns dns = { fake_txt, fake_mx, fake_addresses, &asked };
    struct sp_spf got;
    (void)state;
    sp_spf_evaluate(&dns, "contoso.com", "40.92.1.1", &got);
    assert_string_equal(got.record, "v=spf1 ip4:203.0.113.0/24 include:spf.protection.outlook.com -all");
    assert_string_equal(got.where, "contoso.com");
    assert_int_equal(got.lookups, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_say_what_receivers_would_say),
        cmocka_unit_test(test_the_record_that_is_told_is_the_domain_s_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
