/* check_address.c - what the world thinks of the office's public address: whether the sender's domain names it as one
 * of its own (SPF), and whether a block list knows it. Both are why mail that Microsoft accepts ends in Junk, and why
 * it is refused. */
#include "backend/delivery/check.h"

#include <string.h>

#include "backend/delivery/check_hints.h"
#include "backend/delivery/method.h"
#include "backend/delivery/spf.h"
#include "base/address.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"

enum { ALL_LOOKUPS_MS = 20 * 1000, LIST_LOOKUP_MS = 5 * 1000 };

/* --- SPF --- */

struct asker {
    struct sp_dns *dns;
    int64_t deadline;
};

static enum sp_rc
ask_txt(void *context, const char *name, struct sp_str *ret, size_t *ret_count)
{
    const struct asker *asker = context;
    return sp_dns_txt(asker->dns, name, "v=spf1", asker->deadline, ret, ret_count, NULL);
}

static enum sp_rc
ask_mx(void *context, const char *name, struct sp_mx ret[SP_DNS_MX_MAX], size_t *ret_count)
{
    const struct asker *asker = context;
    unsigned ttl = 0;
    return sp_dns_mx(asker->dns, name, asker->deadline, ret, ret_count, &ttl, NULL);
}

/* Both families come when IPv6 is asked for; whoever compares looks at the family. */
static enum sp_rc
ask_addresses(void *context, const char *name, bool v6, struct sp_net_address ret[SP_DNS_ADDRESSES_MAX],
              size_t *ret_count)
{
    const struct asker *asker = context;
    return sp_dns_addresses(asker->dns, name, 0, !v6, asker->deadline, ret, ret_count, NULL);
}

static const char *
or_none(const char *record)
{
    return record[0] != '\0' ? record : "none";
}

/* Not covered: what is missing is an ip4: term. */
static void
tell_uncovered(const struct sp_walk *walk, const char *domain, const char *ip, const struct sp_spf *spf, bool matters)
{
    char text[900], fix[700];
    (void)sp_text_format(text, sizeof text, "The SPF record of %s does not cover %s%s%s%s. %s", domain, ip,
                         spf->why[0] != '\0' ? " (" : "", spf->why, spf->why[0] != '\0' ? ")" : "",
                         matters ? "Mail that goes this way may be accepted and put into Junk."
                                 : "A connector vouches for the mail, so this matters only where it does not match.");
    (void)sp_text_format(fix, sizeof fix,
                         "Whoever manages the DNS of %s adds ip4:%s (or ip6:) to its SPF record, such as\n"
                         "v=spf1 ip4:%s include:spf.protection.outlook.com ~all",
                         domain, ip, ip);
    const struct sp_finding finding = {
        .stage = SP_STAGE_DNS,
        .outcome = matters ? SP_FINDING_UNPROVEN : SP_FINDING_INFO,
        .title = "SPF",
        .text = text,
        .fix = fix,
        .reply = or_none(spf->record),
    };
    walk->tell(walk->context, &finding);
}

void
sp_walk_tell_spf(const struct sp_walk *walk, const struct sp_way_env *env, const char *ip, bool matters)
{
    struct asker asker = { env->dns, sp_mono_ms(env->clock) + ALL_LOOKUPS_MS };
    const struct sp_spf_dns dns = { ask_txt, ask_mx, ask_addresses, &asker };
    const char *domain = sp_address_domain(walk->mail_from);
    struct sp_spf spf;
    sp_spf_evaluate(&dns, domain, ip, &spf);
    switch (spf.result) {
    case SP_SPF_PASS:
        sp_walk_tell(walk, SP_STAGE_DNS, SP_FINDING_OK, "SPF", "The SPF record of %s covers %s (%s).", domain, ip,
                     spf.term);
        return;
    case SP_SPF_TEMPERROR:
    case SP_SPF_UNKNOWN:
        sp_walk_tell(walk, SP_STAGE_DNS, SP_FINDING_INFO, "SPF",
                     "Whether the SPF record of %s covers %s is not known: %s.", domain, ip, spf.why);
        return;
    case SP_SPF_NONE:
    case SP_SPF_NEUTRAL:
    case SP_SPF_FAIL:
    case SP_SPF_SOFTFAIL:
    case SP_SPF_PERMERROR:
        tell_uncovered(walk, domain, ip, &spf, matters);
        return;
    }
}

/* --- block lists --- */

static void
tell_listed(const struct sp_walk *walk, const struct sp_dnsbl *list, const char *ip)
{
    char text[300], fix[400];
    (void)sp_text_format(text, sizeof text, "%s lists %s: mail from there may be refused or put into Junk.", list->zone,
                         ip);
    (void)sp_text_format(
        fix, sizeof fix,
        "Whoever looks after the internet line finds out what sent spam from %s, then asks for removal "
        "at %s. Submission and Graph are not affected.",
        ip, list->delist);
    const struct sp_finding finding = { SP_STAGE_DNS, SP_FINDING_UNPROVEN, "Block lists", text, fix, "" };
    walk->tell(walk->context, &finding);
}

static void
tell_answer(const struct sp_walk *walk, const struct sp_dnsbl *list, const char *ip, struct in_addr answer)
{
    switch (sp_dnsbl_judge(answer)) {
    case SP_DNSBL_LISTED:
        tell_listed(walk, list, ip);
        return;
    case SP_DNSBL_POLICY:
        sp_walk_tell(walk, SP_STAGE_DNS, SP_FINDING_INFO, "Block lists",
                     "%s has %s among addresses that its provider does not mean to send mail. Microsoft may refuse "
                     "direct send from it; a connector, submission and Graph are not affected.",
                     list->zone, ip);
        return;
    case SP_DNSBL_REFUSED:
        sp_walk_tell(walk, SP_STAGE_DNS, SP_FINDING_INFO, "Block lists",
                     "%s does not answer this name server (public resolvers are refused), so nothing is known.",
                     list->zone);
        return;
    }
}

/* Returns whether it answered that the address is not on it. */
static bool
ask_list(const struct sp_walk *walk, const struct sp_way_env *env, const struct sp_dnsbl *list, const char *ip)
{
    char name[SP_DOMAIN_MAX + 1];
    struct sp_net_address found[SP_DNS_ADDRESSES_MAX];
    size_t n = 0;
    if (!sp_dnsbl_name(ip, list->zone, name, sizeof name))
        return false;
    int64_t deadline = sp_mono_ms(env->clock) + LIST_LOOKUP_MS;
    enum sp_rc rc = sp_dns_addresses(env->dns, name, 0, true, deadline, found, &n, NULL);
    if (rc == SP_OK && n > 0)
        tell_answer(walk, list, ip, ((const struct sockaddr_in *)(const void *)&found[0].sock)->sin_addr);
    else if (rc != SP_E_NOTFOUND)
        sp_walk_tell(walk, SP_STAGE_DNS, SP_FINDING_INFO, "Block lists", "%s did not answer.", list->zone);
    return rc == SP_E_NOTFOUND;
}

void
sp_walk_tell_lists(const struct sp_walk *walk, const struct sp_way_env *env, const char *ip)
{
    size_t clean = 0, n = 0;
    if (!walk->dnsbl || !sp_ip_is_listable(ip))
        return;
    for (const struct sp_dnsbl *list = sp_dnsbls; list->zone != NULL; list++, n++)
        clean += ask_list(walk, env, list, ip);
    if (clean == n)
        sp_walk_tell(walk, SP_STAGE_DNS, SP_FINDING_OK, "Block lists",
                     "%s is on none of the %zu public lists that were asked. Microsoft's own list cannot be asked.", ip,
                     n);
}
