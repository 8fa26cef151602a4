/* smtp_way_report.c - from how a conversation went to a report; see smtp_way.h. */
#include <string.h>

#include "backend/delivery/smtp_way.h"
#include "base/text.h"

static void
diagnose(const struct sp_smtp_way *way, enum sp_stage stage, enum sp_trouble trouble, const struct sp_reply *reply,
         const char *words, const struct sp_facts *facts, struct sp_diagnosis *ret)
{
    bool has_reply = trouble == SP_TROUBLE_REPLY || trouble == SP_TROUBLE_NONE;
    const struct sp_event event = {
        .stage = stage,
        .trouble = trouble,
        .method = sp_smtp_way_kind(way)->type,
        .code = has_reply ? reply->code : 0,
        .enhanced = has_reply ? reply->enhanced : "",
        .words = has_reply ? reply->text : words,
    };
    sp_diagnose(&event, facts, ret);
}

enum sp_class
sp_smtp_way_class(const struct sp_smtp_way *way, const struct sp_smtp_outcome *outcome)
{
    struct sp_diagnosis diagnosis;
    diagnose(way, outcome->stage, outcome->trouble, &outcome->reply, outcome->words, &(struct sp_facts){ 0 },
             &diagnosis);
    return diagnosis.class_;
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
    report->port = (int)sp_smtp_way_settings(way)->port;
    report->code = outcome->reply.code;
    (void)sp_text_copy(report->enhanced, sizeof report->enhanced, outcome->reply.enhanced);
    if (outcome->reply.code != 0)
        sp_reply_format(&outcome->reply, report->reply, sizeof report->reply);
    else
        (void)sp_text_copy(report->reply, sizeof report->reply, outcome->words);
    diagnose(way, outcome->stage, outcome->trouble, &outcome->reply, outcome->words, facts, &report->diagnosis);
}

/* Whom the words about the whole are about; NULL: it may be several. */
static const char *
find_meant(const struct sp_smtp_recipient *recipients, size_t n)
{
    const char *found = n == 1 ? recipients[0].address : NULL;
    size_t refused = 0;
    for (size_t i = 0; n > 1 && i < n; i++)
        if (!recipients[i].accepted) {
            found = recipients[i].address;
            refused++;
        }
    return refused <= 1 ? found : NULL;
}

void
sp_smtp_way_report(const struct sp_smtp_way *way, const struct sp_smtp_recipient *recipients,
                   const struct sp_smtp_outcome *outcome, const char *host, const struct sp_smtp_facts *peer,
                   struct sp_report *report)
{
    const struct sp_method_settings *settings = sp_smtp_way_settings(way);
    const struct sp_tenant_settings *tenant = sp_smtp_way_tenant(way);
    (void)sp_text_copy(report->host, sizeof report->host, host);
    (void)sp_text_copy(report->ip, sizeof report->ip, peer != NULL ? peer->ip : "");
    (void)sp_text_copy(report->tls, sizeof report->tls, peer != NULL ? peer->tls_version : "");
    const struct sp_facts facts = {
        .tenant_domain = tenant->domain,
        .mailbox = settings->username[0] != '\0' ? settings->username : tenant->sender,
        .client_id = settings->oauth_client_id[0] != '\0' ? settings->oauth_client_id : NULL,
        .public_ip = peer != NULL && peer->public_ip[0] != '\0' ? peer->public_ip : NULL,
        .host = report->host,
        .hostname = sp_smtp_way_env(way)->settings->gateway.hostname,
        .recipient = find_meant(recipients, report->n_recipients),
    };
    report_whole(way, outcome, &facts, report);
    for (size_t i = 0; i < report->n_recipients; i++)
        report_recipient(way, &recipients[i], facts, &report->recipients[i]);
}
