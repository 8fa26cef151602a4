/* check_smtp.c - the walk of direct, relay and submission: to RCPT TO, then RSET. It does what an attempt does
 * (smtp_way.c), on a connection of its own, and tells each step.
 *
 * Somebody waits for the answer, so a silent server is given less time than RFC 5321 would give it. */
#include "backend/delivery/check_smtp.h"

#include <netdb.h>
#include <string.h>

#include "backend/delivery/app.h"
#include "backend/delivery/check.h"
#include "backend/delivery/check_hints.h"
#include "backend/net/dns.h"
#include "base/address.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"

enum { DNS_TIMEOUT_MS = 15 * 1000, STEP_TIMEOUT_MS = 30 * 1000 };

struct smtp_walk {
    struct sp_smtp_way *way;
    const struct sp_smtp_way_kind *kind;
    const struct sp_method_settings *settings;
    const struct sp_way_env *env;
    const struct sp_walk *walk;
    struct sp_way_credentials credentials;
    struct sp_smtp_recipient recipient;
    char host[256];
    struct sp_smtp *smtp; /* NULL: not connected */
};

static int64_t
step_timeout(enum sp_stage stage)
{
    (void)stage;
    return STEP_TIMEOUT_MS;
}

/* --- the endpoint --- */

static size_t
look_up(struct smtp_walk *w, const char *host, struct sp_net_address list[SP_DNS_ADDRESSES_MAX], struct sp_err *err)
{
    size_t n = 0;
    int64_t deadline = sp_mono_ms(w->env->clock) + DNS_TIMEOUT_MS;
    enum sp_rc rc = sp_dns_addresses(w->env->dns, host, w->settings->port, w->kind->v4_only, deadline, list, &n, err);
    return rc == SP_OK ? n : 0;
}

static void
put_addresses(struct sp_str *out, const struct sp_net_address *list, size_t n)
{
    enum { SHOWN_MAX = 4 };
    char ip[INET6_ADDRSTRLEN];
    for (size_t i = 0; i < n && i < SHOWN_MAX; i++)
        if (getnameinfo((const struct sockaddr *)&list[i].sock, list[i].size, ip, sizeof ip, NULL, 0, NI_NUMERICHOST) ==
            0)
            sp_str_addf(out, "%s%s", i == 0 ? " (" : ", ", ip);
    sp_str_add(out, n > SHOWN_MAX ? ", ...)" : n > 0 ? ")" : "");
}

static void
tell_endpoint(struct smtp_walk *w, const struct sp_way_hosts *hosts)
{
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    bool by_mx = w->settings->host[0] == '\0' && w->kind->sign_in == NULL;
    if (by_mx)
        sp_str_addf(&text, "Mail for %s goes to ", sp_smtp_way_tenant(w->way)->domain);
    for (size_t i = 0; i < hosts->count; i++) {
        struct sp_net_address list[SP_DNS_ADDRESSES_MAX];
        size_t n = look_up(w, hosts->name[i], list, NULL);
        sp_str_addf(&text, "%s%s", i == 0 ? "" : ", then ", hosts->name[i]);
        put_addresses(&text, list, n);
    }
    sp_str_addf(&text, ", port %u.", w->settings->port);
    sp_walk_tell(w->walk, SP_STAGE_DNS, SP_FINDING_OK, "Endpoint", "%s", sp_str_text(&text));
}

static bool
find(struct smtp_walk *w, struct sp_way_hosts *hosts, struct sp_smtp_outcome *outcome)
{
    bool with_token = w->kind->sign_in != NULL && w->settings->auth == SP_AUTH_OAUTH2;
    if (!sp_smtp_way_credentials(w->way, &w->credentials, outcome) || !w->kind->find(w->way, NULL, hosts, outcome))
        return false;
    if (with_token && sp_smtp_way_own(w->way) != NULL)
        sp_walk_tell_token(w->walk, sp_smtp_way_own(w->way), "SMTP.SendAsApp");
    tell_endpoint(w, hosts);
    return true;
}

/* --- the connection --- */

static bool
open_to(struct smtp_walk *w, const char *host, struct sp_smtp_outcome *outcome)
{
    struct sp_net_address list[SP_DNS_ADDRESSES_MAX];
    struct sp_err err = { 0 };
    size_t n = look_up(w, host, list, &err);
    (void)sp_text_copy(w->host, sizeof w->host, host);
    if (n == 0)
        return sp_way_fail(outcome, SP_STAGE_DNS, SP_TROUBLE_DNS, "%s", err.text);
    const struct sp_smtp_options options = {
        .host = host,
        .addresses = list,
        .n_addresses = n,
        .hostname = w->env->settings->gateway.hostname,
        .tls = w->credentials.tls,
        .clock = w->env->clock,
        .log = w->env->log,
        .pipelining = false, /* one step at a time tells more */
        .timeout_ms = w->env->timeout_ms != NULL ? w->env->timeout_ms : step_timeout,
    };
    return sp_smtp_open(&options, &w->smtp, outcome);
}

static bool
open_any(struct smtp_walk *w, const struct sp_way_hosts *hosts, struct sp_smtp_outcome *outcome)
{
    for (size_t i = 0; i < hosts->count; i++) {
        if (open_to(w, hosts->name[i], outcome))
            return true;
        if (outcome->stage > SP_STAGE_CONNECT) {
            sp_walk_tell(w->walk, SP_STAGE_CONNECT, SP_FINDING_OK, "Connection", "%s answers on port %u.", w->host,
                         w->settings->port);
            return false;
        }
        if (i + 1 < hosts->count)
            sp_walk_tell(w->walk, outcome->stage, SP_FINDING_INFO, "Connection", "%s: %s.", w->host, outcome->words);
    }
    return false;
}

static void
tell_abilities(struct smtp_walk *w, const struct sp_smtp_facts *facts)
{
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    if (facts->max_size > 0)
        sp_str_addf(&text,
                    "The server announces mails of up to %.0f MB; the tenant's own limit is usually smaller "
                    "(35 MB) and shows only when it is exceeded.",
                    (double)facts->max_size / 1048576.0);
    if (w->kind->sign_in != NULL)
        sp_str_addf(&text, "%sSign-in by password is %soffered, by token (XOAUTH2) it is %s.", text.len > 0 ? " " : "",
                    facts->auth_login ? "" : "not ", facts->auth_xoauth2 ? "too" : "not");
    if (text.len > 0)
        sp_walk_tell(w->walk, SP_STAGE_EHLO, SP_FINDING_INFO, "Abilities", "%s", sp_str_text(&text));
}

/* What the world thinks of our address matters where nobody signs in. */
static void
tell_address(struct smtp_walk *w, const char *ip)
{
    bool matters = w->kind->sign_in == NULL;
    if (ip[0] == '\0') {
        sp_walk_tell(w->walk, SP_STAGE_EHLO, SP_FINDING_INFO, "Public address",
                     "The server does not say from where it sees this office.");
        return;
    }
    sp_walk_tell(w->walk, SP_STAGE_EHLO, SP_FINDING_INFO, "Public address", "The server sees this office as %s.%s", ip,
                 matters ? " That is the address for a connector, and for SPF." : "");
    if (!matters)
        return;
    sp_walk_tell_spf(w->walk, w->env, ip, w->settings->type == SP_TYPE_DIRECT);
    sp_walk_tell_lists(w->walk, w->env, ip);
}

static void
tell_connection(struct smtp_walk *w)
{
    const struct sp_smtp_facts *facts = sp_smtp_facts(w->smtp);
    int64_t theirs = 0;
    sp_walk_tell(w->walk, SP_STAGE_CONNECT, SP_FINDING_OK, "Connection", "%s answers on port %d.", facts->ip,
                 facts->port);
    const struct sp_finding greeting = { SP_STAGE_BANNER,
                                         SP_FINDING_OK,
                                         "Greeting",
                                         "The server greets as a mail "
                                         "server.",
                                         "",
                                         facts->banner };
    w->walk->tell(w->walk->context, &greeting);
    if (sp_banner_date(facts->banner, &theirs))
        sp_walk_tell_clock(w->walk, SP_STAGE_BANNER, sp_wall_ms(w->env->clock), theirs);
    sp_walk_tell_tls(w->walk, facts->tls_version, facts->certificate_issuer);
    tell_abilities(w, facts);
    tell_address(w, facts->public_ip);
}

/* --- the conversation --- */

static bool
sign_in(struct smtp_walk *w, struct sp_smtp_outcome *outcome)
{
    if (w->kind->sign_in == NULL)
        return true;
    if (!w->kind->sign_in(w->way, w->smtp, w->credentials.password, outcome))
        return false;
    sp_walk_tell(w->walk, SP_STAGE_AUTH, SP_FINDING_OK, "Sign-in", "Signed in as %s.", w->settings->username);
    return true;
}

static bool
probe(struct smtp_walk *w, struct sp_smtp_outcome *outcome)
{
    char reply[600];
    w->recipient = (struct sp_smtp_recipient){ .address = w->walk->recipient };
    if (!sp_smtp_probe(w->smtp, w->walk->mail_from, &w->recipient, 1, outcome) || !w->recipient.accepted)
        return false;
    sp_reply_format(&w->recipient.reply, reply, sizeof reply);
    char text[2 * SP_ADDRESS_MAX + 80];
    (void)sp_text_format(text, sizeof text, "The server would take mail from %s for %s.", w->walk->mail_from,
                         w->walk->recipient);
    const struct sp_finding finding = { SP_STAGE_RCPT, SP_FINDING_OK, "Recipient", text, "", reply };
    w->walk->tell(w->walk->context, &finding);
    return true;
}

static bool
walk_once(struct smtp_walk *w, struct sp_smtp_outcome *outcome)
{
    struct sp_way_hosts hosts = { 0 };
    if (!find(w, &hosts, outcome) || !open_any(w, &hosts, outcome))
        return false;
    tell_connection(w);
    return sign_in(w, outcome) && probe(w, outcome);
}

/* What only a mail can show. */
static void
tell_unproven(const struct smtp_walk *w)
{
    const char *text = "";
    switch (w->settings->type) {
    case SP_TYPE_DIRECT:
        text =
            "Whether mail that is accepted here reaches the inbox or Junk is not known before one is sent: direct send "
            "is anonymous mail.";
        break;
    case SP_TYPE_RELAY:
        text = "Whether the connector takes mail for recipients outside the tenant too, and whether mail reaches the "
               "inbox, is not known before one is sent.";
        break;
    case SP_TYPE_SUBMISSION:
    case SP_TYPE_GRAPH:
        text =
            "Whether the mailbox may send, and send as another address, is looked at only when a mail is handed over: "
            "on this port every recipient is fine until then.";
        break;
    }
    sp_walk_tell(w->walk, SP_STAGE_MESSAGE, SP_FINDING_UNPROVEN, "Not proven", "%s", text);
}

/* A refusal of the recipient names the recipient. */
static void
tell_end(const struct sp_walk *walk, const struct sp_report *report)
{
    const struct sp_report_recipient *recipient = report->recipients;
    if (report->n_recipients > 0 && recipient->refused)
        sp_walk_tell_refusal(walk, SP_STAGE_RCPT, &recipient->diagnosis, recipient->reply);
    else
        sp_walk_tell_refusal(walk, report->stage, &report->diagnosis, report->reply);
}

void
sp_smtp_way_check(void *context, const struct sp_walk *walk, struct sp_report *report)
{
    struct sp_smtp_outcome outcome = { 0 };
    struct smtp_walk w = {
        .way = context,
        .kind = sp_smtp_way_kind(context),
        .settings = sp_smtp_way_settings(context),
        .env = sp_smtp_way_env(context),
        .walk = walk,
        .recipient = { .address = walk->recipient },
    };
    bool well = walk_once(&w, &outcome);
    if (!well && sp_smtp_way_may_try_again(w.way, &w.credentials, &outcome)) {
        sp_walk_tell(walk, outcome.stage, SP_FINDING_INFO, "Sign-in",
                     "This password, certificate or token is refused; there is another, which is tried now.");
        sp_smtp_close(&w.smtp);
        well = walk_once(&w, &outcome);
    }
    sp_smtp_way_report(w.way, &w.recipient, &outcome, w.host, w.smtp != NULL ? sp_smtp_facts(w.smtp) : NULL, report);
    sp_smtp_close(&w.smtp);
    if (well && !walk->sends)
        tell_unproven(&w);
    else if (!well)
        tell_end(walk, report);
}
