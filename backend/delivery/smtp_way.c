/* smtp_way.c - one attempt over SMTP, and the connections that are kept for the next one; see smtp_way.h.
 *
 * A kept connection may have been closed by the other side without our noticing. When that shows before the message was
 * handed over, a new one is opened and the same attempt goes on there: the scan's story does not mention it. */
#include "backend/delivery/smtp_way.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/mail/compose.h"
#include "backend/net/dns.h"
#include "backend/net/tls.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"

enum { KEPT_MAX = 64, DNS_TIMEOUT_MS = 30 * 1000 };

struct kept {
    struct sp_smtp *smtp;
    int64_t since; /* monotonic */
    char host[256];
};

struct sp_smtp_way {
    const struct sp_smtp_way_kind *kind;
    const struct sp_method_settings *settings;
    const struct sp_tenant_settings *tenant;
    struct sp_way_env env;
    struct sp_tls *tls;
    struct sp_secret *secret;
    struct sp_err unready; /* why TLS or the secret could not be made ready; rc SP_OK: they are */
    pthread_mutex_t lock;  /* for what follows */
    struct kept kept[KEPT_MAX];
    size_t n_kept;
};

const struct sp_method_settings *
sp_smtp_way_settings(const struct sp_smtp_way *way)
{
    return way->settings;
}

const struct sp_tenant_settings *
sp_smtp_way_tenant(const struct sp_smtp_way *way)
{
    return way->tenant;
}

const struct sp_way_env *
sp_smtp_way_env(const struct sp_smtp_way *way)
{
    return &way->env;
}

const struct sp_secret *
sp_smtp_way_secret(const struct sp_smtp_way *way)
{
    return way->secret;
}

bool
sp_way_fail(struct sp_smtp_outcome *outcome, enum sp_stage stage, enum sp_trouble trouble, const char *format, ...)
{
    va_list args;
    *outcome = (struct sp_smtp_outcome){ .stage = stage, .trouble = trouble };
    va_start(args, format);
    (void)vsnprintf(outcome->words, sizeof outcome->words, format, args);
    va_end(args);
    return false;
}

/* --- making ready --- */

static enum sp_rc
make_ready(struct sp_smtp_way *way, struct sp_err *err)
{
    const struct sp_method_settings *s = way->settings;
    enum sp_rc rc = sp_tls_new(s->ca_file, s->client_certificate, s->client_key, &way->tls, err);
    if (rc == SP_OK && way->kind->sign_in != NULL && s->auth == SP_AUTH_PASSWORD)
        rc = sp_secret_from_file(s->password_file, &way->secret, err);
    return rc;
}

enum sp_rc
sp_smtp_way_open(const struct sp_smtp_way_kind *kind, const struct sp_method_settings *settings,
                 const struct sp_way_env *env, void **ret, struct sp_err *err)
{
    struct sp_smtp_way *way = calloc(1, sizeof *way);
    if (way == NULL)
        return sp_fail(err, SP_E_NOMEM, "method %s: out of memory", settings->name);
    way->kind = kind;
    way->settings = settings;
    way->env = *env;
    way->tenant = sp_settings_tenant(env->settings, settings->tenant);
    pthread_mutex_init(&way->lock, NULL);
    if (make_ready(way, &way->unready) != SP_OK)
        sp_warn(env->log, "method %s: %s", settings->name, way->unready.text);
    *ret = way;
    return SP_OK;
}

void
sp_smtp_way_close(void *context)
{
    struct sp_smtp_way *way = context;
    for (size_t i = 0; i < way->n_kept; i++)
        sp_smtp_close(&way->kept[i].smtp);
    sp_tls_free(&way->tls);
    sp_secret_free(&way->secret);
    pthread_mutex_destroy(&way->lock);
    free(way);
}

/* --- kept connections --- */

static struct sp_smtp *
take_newest(struct sp_smtp_way *way, char host[256])
{
    struct sp_smtp *smtp = NULL;
    pthread_mutex_lock(&way->lock);
    if (way->n_kept > 0) {
        const struct kept *newest = &way->kept[--way->n_kept];
        smtp = newest->smtp;
        memcpy(host, newest->host, sizeof newest->host);
    }
    pthread_mutex_unlock(&way->lock);
    return smtp;
}

/* One that still lives, and its host; NULL when there is none. */
static struct sp_smtp *
take_kept(struct sp_smtp_way *way, char host[256])
{
    struct sp_smtp *smtp = NULL;
    while ((smtp = take_newest(way, host)) != NULL && !sp_smtp_idle_ok(smtp))
        sp_smtp_close(&smtp);
    return smtp;
}

static void
keep(struct sp_smtp_way *way, struct sp_smtp *smtp, const char host[256])
{
    pthread_mutex_lock(&way->lock);
    if (way->n_kept < KEPT_MAX) {
        struct kept *place = &way->kept[way->n_kept++];
        place->smtp = smtp;
        place->since = sp_mono_ms(way->env.clock);
        memcpy(place->host, host, sizeof place->host);
        smtp = NULL;
    }
    pthread_mutex_unlock(&way->lock);
    sp_smtp_close(&smtp);
}

/* Takes out the oldest one that was idle for too long; the others tell when to come again. */
static struct sp_smtp *
take_stale(struct sp_smtp_way *way, int64_t *ret_next)
{
    struct sp_smtp *stale = NULL;
    int64_t now = sp_mono_ms(way->env.clock);
    pthread_mutex_lock(&way->lock);
    *ret_next = way->n_kept > 0 ? way->kept[0].since + SP_WAY_IDLE_MS : 0;
    if (way->n_kept > 0 && *ret_next <= now) {
        stale = way->kept[0].smtp;
        memmove(way->kept, way->kept + 1, --way->n_kept * sizeof way->kept[0]);
    }
    pthread_mutex_unlock(&way->lock);
    return stale;
}

int64_t
sp_smtp_way_tidy(void *context)
{
    int64_t next = 0;
    struct sp_smtp *stale = NULL;
    while ((stale = take_stale(context, &next)) != NULL)
        sp_smtp_close(&stale);
    return next;
}

/* --- a new connection --- */

static bool
connect_to(struct sp_smtp_way *way, const char *host, struct sp_smtp **ret, struct sp_smtp_outcome *outcome)
{
    struct sp_net_address addresses[SP_DNS_ADDRESSES_MAX];
    size_t n = 0;
    struct sp_err err = { 0 };
    int64_t deadline = sp_mono_ms(way->env.clock) + DNS_TIMEOUT_MS;
    if (sp_dns_addresses(way->env.dns, host, way->settings->port, way->kind->v4_only, deadline, addresses, &n, &err) !=
        SP_OK)
        return sp_way_fail(outcome, SP_STAGE_DNS, SP_TROUBLE_DNS, "%s", err.text);
    const struct sp_smtp_options options = {
        .host = host,
        .addresses = addresses,
        .n_addresses = n,
        .hostname = way->env.settings->gateway.hostname,
        .tls = way->tls,
        .clock = way->env.clock,
        .log = way->env.log,
        .pipelining = way->settings->pipelining,
        .binarymime = way->settings->binarymime,
        .timeout_ms = way->env.timeout_ms,
    };
    return sp_smtp_open(&options, ret, outcome);
}

static bool
sign_in(struct sp_smtp_way *way, struct sp_smtp **smtp, struct sp_smtp_outcome *outcome)
{
    if (way->kind->sign_in == NULL || way->kind->sign_in(way, *smtp, outcome))
        return true;
    sp_smtp_close(smtp);
    return false;
}

/* Tries the hosts in their order; another one only when the first was not reached at all. */
static bool
connect_new(struct sp_smtp_way *way, struct sp_smtp **ret, char *ret_host, size_t host_size,
            struct sp_smtp_outcome *outcome)
{
    struct sp_way_hosts hosts = { 0 };
    if (way->unready.rc != SP_OK)
        return sp_way_fail(outcome, SP_STAGE_AUTH, SP_TROUBLE_LOCAL, "%s", way->unready.text);
    if (!way->kind->find(way, &hosts, outcome))
        return false;
    for (size_t i = 0; i < hosts.count; i++) {
        (void)sp_text_copy(ret_host, host_size, hosts.name[i]);
        if (connect_to(way, hosts.name[i], ret, outcome))
            return sign_in(way, ret, outcome);
        if (outcome->stage > SP_STAGE_CONNECT)
            break;
    }
    return false;
}

/* --- an attempt --- */

static enum sp_rc
body_begin(void *context, bool binary, struct sp_err *err)
{
    return sp_composer_begin(context, binary, err);
}

static enum sp_rc
body_read(void *context, void *buffer, size_t room, size_t *ret_got, struct sp_err *err)
{
    return sp_composer_read(context, buffer, room, ret_got, err);
}

static struct sp_smtp_recipient *
make_recipients(const struct sp_message *message)
{
    struct sp_smtp_recipient *recipients = calloc(message->n_recipients, sizeof *recipients);
    for (size_t i = 0; recipients != NULL && i < message->n_recipients; i++)
        recipients[i].address = message->recipients[i];
    return recipients;
}

static bool
deliver_on(struct sp_smtp *smtp, const struct sp_message *message, struct sp_composer *composer,
           struct sp_smtp_recipient *recipients, struct sp_smtp_outcome *outcome)
{
    const struct sp_smtp_body body = {
        .context = composer,
        .size = sp_composer_size(composer, false),
        .binary_size = sp_composer_size(composer, true),
        .begin = body_begin,
        .read = body_read,
    };
    for (size_t i = 0; i < message->n_recipients; i++) {
        recipients[i].accepted = false;
        recipients[i].reply = (struct sp_reply){ 0 };
    }
    return sp_smtp_deliver(smtp, message->mail_from, recipients, message->n_recipients, &body, outcome);
}

/* The other side had closed a kept connection before we said anything that counts. */
static bool
was_stale(const struct sp_smtp_outcome *outcome)
{
    return !outcome->alive && !outcome->maybe_sent && outcome->stage == SP_STAGE_MAIL &&
           (outcome->trouble == SP_TROUBLE_CLOSED || outcome->reply.code == 421);
}

static void
note_peer(const struct sp_smtp *smtp, struct sp_report *report, char public_ip[64])
{
    const struct sp_smtp_facts *facts = sp_smtp_facts(smtp);
    (void)sp_text_copy(report->ip, sizeof report->ip, facts->ip);
    (void)sp_text_copy(report->tls, sizeof report->tls, facts->tls_version);
    (void)sp_text_copy(public_ip, 64, facts->public_ip);
}

/* Connects where needed and hands the message over. public_ip: ours, as the server saw it. */
static void
attempt(struct sp_smtp_way *way, const struct sp_message *message, struct sp_composer *composer,
        struct sp_smtp_recipient *recipients, struct sp_report *report, struct sp_smtp_outcome *outcome,
        char public_ip[64])
{
    struct sp_smtp *smtp = take_kept(way, report->host);
    bool reused = smtp != NULL;
    for (;;) {
        if (smtp == NULL && !connect_new(way, &smtp, report->host, sizeof report->host, outcome))
            return;
        note_peer(smtp, report, public_ip);
        report->accepted = deliver_on(smtp, message, composer, recipients, outcome);
        if (report->accepted || !reused || !was_stale(outcome))
            break;
        sp_debug(way->env.log, "job %s: the kept connection was closed, opening another", message->id);
        sp_smtp_close(&smtp);
        reused = false;
    }
    if (outcome->alive)
        keep(way, smtp, report->host);
    else
        sp_smtp_close(&smtp);
}

/* --- the report --- */

static void
diagnose(const struct sp_smtp_way *way, enum sp_stage stage, enum sp_trouble trouble, const struct sp_reply *reply,
         const char *words, const struct sp_facts *facts, struct sp_diagnosis *ret)
{
    bool has_reply = trouble == SP_TROUBLE_REPLY || trouble == SP_TROUBLE_NONE;
    const struct sp_event event = {
        .stage = stage,
        .trouble = trouble,
        .method = way->kind->type,
        .code = has_reply ? reply->code : 0,
        .enhanced = has_reply ? reply->enhanced : "",
        .words = has_reply ? reply->text : words,
    };
    sp_diagnose(&event, facts, ret);
}

static void
report_recipient(const struct sp_smtp_way *way, const struct sp_smtp_recipient *recipient, struct sp_facts facts,
                 struct sp_report_recipient *ret)
{
    ret->accepted = recipient->accepted;
    ret->refused = !recipient->accepted && recipient->reply.code >= 400;
    facts.recipient = recipient->address;
    if (recipient->reply.code != 0)
        sp_reply_format(&recipient->reply, ret->reply, sizeof ret->reply);
    if (ret->refused)
        diagnose(way, SP_STAGE_RCPT, SP_TROUBLE_REPLY, &recipient->reply, "", &facts, &ret->diagnosis);
}

static void
report_whole(const struct sp_smtp_way *way, const struct sp_smtp_outcome *outcome, const struct sp_facts *facts,
             struct sp_report *report)
{
    report->stage = outcome->stage;
    report->maybe_sent = outcome->maybe_sent;
    report->port = (int)way->settings->port;
    report->code = outcome->reply.code;
    (void)sp_text_copy(report->enhanced, sizeof report->enhanced, outcome->reply.enhanced);
    if (outcome->reply.code != 0)
        sp_reply_format(&outcome->reply, report->reply, sizeof report->reply);
    else
        (void)sp_text_copy(report->reply, sizeof report->reply, outcome->words);
    diagnose(way, outcome->stage, outcome->trouble, &outcome->reply, outcome->words, facts, &report->diagnosis);
}

static void
fill_report(const struct sp_smtp_way *way, const struct sp_smtp_recipient *recipients,
            const struct sp_smtp_outcome *outcome, const char *public_ip, struct sp_report *report)
{
    const struct sp_facts facts = {
        .tenant_domain = way->tenant->domain,
        .mailbox = way->settings->username[0] != '\0' ? way->settings->username : way->tenant->sender,
        .client_id = way->settings->oauth_client_id[0] != '\0' ? way->settings->oauth_client_id : NULL,
        .public_ip = public_ip[0] != '\0' ? public_ip : NULL,
        .host = report->host,
        .hostname = way->env.settings->gateway.hostname,
    };
    report_whole(way, outcome, &facts, report);
    for (size_t i = 0; i < report->n_recipients; i++)
        report_recipient(way, &recipients[i], facts, &report->recipients[i]);
}

static void
report_no_memory(struct sp_report *report)
{
    report->diagnosis =
        (struct sp_diagnosis){ .class_ = SP_CLASS_OTHER, .scope = SP_SCOPE_LATER, .cause = "out_of_memory" };
    (void)sp_text_copy(report->diagnosis.summary, sizeof report->diagnosis.summary,
                       "scanpost has no memory left on this machine; the scan is tried again later");
}

void
sp_smtp_way_deliver(void *context, const struct sp_message *message, struct sp_report *report)
{
    struct sp_smtp_way *way = context;
    struct sp_smtp_outcome outcome = { 0 };
    struct sp_composer *composer = NULL;
    struct sp_err err = { 0 };
    char public_ip[64] = "";
    SP_AUTO_FREE struct sp_smtp_recipient *recipients = make_recipients(message);
    if (recipients == NULL || sp_composer_new(message->mail, &composer, &err) != SP_OK) {
        report_no_memory(report);
        return;
    }
    attempt(way, message, composer, recipients, report, &outcome, public_ip);
    fill_report(way, recipients, &outcome, public_ip, report);
    sp_composer_free(&composer);
}
