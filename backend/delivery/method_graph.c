/* method_graph.c - Microsoft Graph, as an application that may send for one mailbox (Mail.Send; Mail.ReadWrite for
 * mails beyond 3 MB): POST /users/MAILBOX/sendMail while the mail fits into a request, else a draft with its
 * attachments.
 *
 * Graph takes a mail for all recipients or for none, and 202 means accepted, not delivered. The recipients are those of
 * To and Cc, there is no envelope beside them: a mail for those who still wait names only them. When Graph refuses and
 * names a recipient ("Recipient 'x' is not resolved"), that one is settled, and the others get the mail at once. */
#include <stdlib.h>
#include <string.h>

#include "backend/delivery/graph.h"
#include "backend/mail/compose.h"
#include "base/auto.h"
#include "base/log.h"
#include "base/str.h"
#include "base/text.h"

static const char *
graph_unable(const struct sp_method_settings *settings)
{
    if (settings->auth != SP_AUTH_OAUTH2)
        return "Graph signs in with auth = oauth2 only";
    if (settings->username[0] == '\0')
        return "no mailbox to send as: set username";
    return settings->oauth_client_id[0] == '\0' ? "no application to sign in as: set oauth-tenant, oauth-client-id and "
                                                  "oauth-client-secret-file (or oauth-certificate and oauth-key)"
                                                : NULL;
}

static uint64_t
graph_limit(const struct sp_method_settings *settings, const struct sp_tenant_settings *tenant, const char **ret_why)
{
    (void)settings;
    if (sp_cloud_places(tenant->cloud)->upload_sessions)
        return 0;
    *ret_why = "Graph takes 2.8 MB in this cloud, which has no upload sessions";
    return SP_GRAPH_RAW_MAX;
}

/* --- opening --- */

static char *
make_mailbox_url(const struct sp_graph *graph)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~@";
    SP_AUTO(sp_str_free) struct sp_str url = { 0 };
    sp_str_addf(&url, "https://%s", graph->host);
    if (graph->settings->port != 443)
        sp_str_addf(&url, ":%u", graph->settings->port);
    sp_str_add(&url, "/v1.0/users/");
    for (const char *c = graph->settings->username; *c != '\0'; c++) {
        if (strchr(plain, *c) != NULL)
            sp_str_add_char(&url, *c);
        else
            sp_str_addf(&url, "%%%02X", (unsigned char)*c);
    }
    return url.failed ? NULL : sp_str_steal(&url);
}

static void
graph_close(void *context)
{
    struct sp_graph *graph = context;
    sp_app_close(&graph->app);
    free(graph->mailbox_url);
    free(graph);
}

static enum sp_rc
graph_open(const struct sp_method_settings *settings, const struct sp_way_env *env, void **ret, struct sp_err *err)
{
    struct sp_graph *graph = calloc(1, sizeof *graph);
    if (graph == NULL)
        return sp_fail(err, SP_E_NOMEM, "method %s: out of memory", settings->name);
    graph->settings = settings;
    graph->env = *env;
    graph->tenant = sp_settings_tenant(env->settings, settings->tenant);
    graph->places = sp_cloud_places(graph->tenant->cloud);
    graph->host = settings->host[0] != '\0' ? settings->host : graph->places->graph_host;
    graph->mailbox_url = make_mailbox_url(graph);
    if (graph->mailbox_url == NULL) {
        graph_close(graph);
        return sp_fail(err, SP_E_NOMEM, "method %s: out of memory", settings->name);
    }
    if (sp_app_open(settings, env, &graph->app, &graph->unready) != SP_OK)
        sp_warn(env->log, "method %s: %s", settings->name, graph->unready.text);
    *ret = graph;
    return SP_OK;
}

static int64_t
graph_tidy(void *context)
{
    const struct sp_graph *graph = context;
    return graph->app.https != NULL ? sp_https_tidy(graph->app.https) : 0;
}

/* --- one mail for those who wait --- */

static bool
is_refused(const struct sp_report *report, const struct sp_message *message, const char *address)
{
    for (size_t i = 0; i < message->n_recipients; i++)
        if (strcmp(message->recipients[i], address) == 0)
            return report->recipients[i].refused;
    return true; /* it does not wait any more */
}

static size_t
keep_waiting(const struct sp_report *report, const struct sp_message *message, const char *const *from, size_t n,
             const char **ret)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!is_refused(report, message, from[i]))
            ret[kept++] = from[i];
    return kept;
}

static bool
send_mail(struct sp_graph *graph, const struct sp_mail *mail, struct sp_graph_answer *answer)
{
    struct sp_composer *composer = NULL;
    struct sp_err err = { 0 };
    sp_graph_answer_free(answer);
    if (sp_composer_new(mail, &composer, &err) != SP_OK)
        return sp_graph_fail(answer, SP_TROUBLE_LOCAL, "%s", err.text);
    bool small = sp_graph_fits_small(sp_composer_size(composer, false));
    bool sent = small && sp_graph_send_small(graph, composer, answer);
    sp_composer_free(&composer);
    /* 413: Graph's limit is lower than we believe; another way to say the same. */
    if (sent || (small && (answer->code != 413 || !graph->places->upload_sessions)))
        return sent;
    return sp_graph_send_large(graph, mail, answer);
}

static bool
send_to_waiting(struct sp_graph *graph, const struct sp_message *message, const struct sp_report *report,
                struct sp_graph_answer *answer)
{
    struct sp_mail mail = *message->mail;
    SP_AUTO_FREE const char **to = calloc(mail.n_to + 1, sizeof *to);
    SP_AUTO_FREE const char **cc = calloc(mail.n_cc + 1, sizeof *cc);
    if (to == NULL || cc == NULL)
        return sp_graph_fail(answer, SP_TROUBLE_LOCAL, "graph: out of memory");
    mail.n_to = keep_waiting(report, message, mail.to, mail.n_to, to);
    mail.n_cc = keep_waiting(report, message, mail.cc, mail.n_cc, cc);
    mail.to = to;
    mail.cc = cc;
    return send_mail(graph, &mail, answer);
}

/* --- the report --- */

static void
diagnose(const struct sp_graph *graph, const struct sp_graph_answer *answer, const char *recipient,
         struct sp_diagnosis *ret)
{
    const struct sp_event event = {
        .stage = answer->stage,
        .trouble = answer->trouble,
        .method = "graph",
        .code = answer->code,
        .words = sp_graph_words(answer),
    };
    const struct sp_facts facts = {
        .tenant_domain = graph->tenant->domain,
        .mailbox = graph->settings->username,
        .client_id = graph->settings->oauth_client_id,
        .recipient = recipient,
        .host = graph->host,
        .hostname = graph->env.settings->gateway.hostname,
    };
    sp_diagnose(&event, &facts, ret);
}

static bool
is_of_address(char c)
{
    return c != '\0' &&
           (strchr("@.-_+", c) != NULL || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
}

/* The address stands in the words, and not as a part of another one. A full stop may end the sentence. */
static bool
names(const char *words, const char *address)
{
    size_t size = strlen(address);
    for (const char *at = words; (at = sp_text_find_nocase(at, address)) != NULL; at++) {
        bool begins = at == words || !is_of_address(at[-1]);
        bool ends = !is_of_address(at[size]) || (at[size] == '.' && !is_of_address(at[size + 1]));
        if (begins && ends)
            return true;
    }
    return false;
}

static void
refuse(const struct sp_graph *graph, const struct sp_graph_answer *answer, const char *address,
       struct sp_report_recipient *recipient)
{
    recipient->refused = true;
    sp_graph_reply(answer, recipient->reply, sizeof recipient->reply);
    diagnose(graph, answer, address, &recipient->diagnosis);
}

/* Marks those whom the refusal is about. Returns how many wait on. *ret_named: whether anybody was new among them. */
static size_t
settle_named(const struct sp_graph *graph, const struct sp_message *message, const struct sp_graph_answer *answer,
             struct sp_report *report, bool *ret_named)
{
    struct sp_diagnosis diagnosis;
    size_t waiting = 0;
    *ret_named = false;
    diagnose(graph, answer, NULL, &diagnosis);
    bool about_recipients = answer->trouble == SP_TROUBLE_REPLY && diagnosis.scope == SP_SCOPE_RECIPIENT;
    for (size_t i = 0; i < message->n_recipients; i++) {
        struct sp_report_recipient *recipient = &report->recipients[i];
        bool named = message->n_recipients == 1 || names(sp_graph_words(answer), message->recipients[i]);
        if (about_recipients && !recipient->refused && named) {
            refuse(graph, answer, message->recipients[i], recipient);
            *ret_named = true;
        }
        waiting += !recipient->refused;
    }
    return waiting;
}

void
sp_graph_report(const struct sp_graph *graph, const struct sp_graph_answer *answer, struct sp_report *report)
{
    const struct sp_https_response *response = &answer->response;
    report->accepted = sp_graph_done(answer);
    report->maybe_sent = answer->maybe_sent;
    report->stage = answer->stage;
    report->code = answer->code;
    report->retry_after_ms = answer->retry_after_ms;
    report->port = (int)graph->settings->port;
    (void)sp_text_copy(report->host, sizeof report->host, graph->host);
    (void)sp_text_copy(report->ip, sizeof report->ip, response->ip);
    (void)sp_text_copy(report->tls, sizeof report->tls, response->tls);
    sp_graph_reply(answer, report->reply, sizeof report->reply);
    diagnose(graph, answer, NULL, &report->diagnosis);
    for (size_t i = 0; i < report->n_recipients; i++) {
        struct sp_report_recipient *recipient = &report->recipients[i];
        recipient->accepted = report->accepted && !recipient->refused;
        if (recipient->accepted)
            (void)sp_text_copy(recipient->reply, sizeof recipient->reply, report->reply);
    }
}

static void
graph_deliver(void *context, const struct sp_message *message, struct sp_report *report)
{
    struct sp_graph *graph = context;
    struct sp_graph_answer answer = { .transcript = &report->transcript, .point = message->point };
    bool named = true;
    sp_transcript_begin(answer.transcript, graph->env.clock);
    while (named && !send_to_waiting(graph, message, report, &answer) && !answer.maybe_sent)
        if (settle_named(graph, message, &answer, report, &named) == 0)
            break;
    sp_graph_report(graph, &answer, report);
    if (answer.transcript->len == 0) /* it ended before anything was asked */
        sp_transcript_note(answer.transcript, "%s", report->reply);
    sp_graph_answer_free(&answer);
}

const struct sp_method sp_method_graph = {
    .name = "graph",
    .unable = graph_unable,
    .limit = graph_limit,
    .open = graph_open,
    .close = graph_close,
    .deliver = graph_deliver,
    .check = sp_graph_check,
    .tidy = graph_tidy,
};
