/* route.c - who gets a scan, from whom, and in which words. */
#include "gateway/route.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "base/arena.h"
#include "base/auto.h"
#include "base/settings.h"
#include "base/str.h"
#include "base/text.h"
#include "db/job.h"
#include "gateway/intake.h"
#include "gateway/naming.h"
#include "gateway/people/people.h"

struct routing {
    const struct sp_settings *settings;
    const struct sp_people *people;
    const struct sp_intake_request *request;
    const struct sp_route_settings *route;   /* NULL: none */
    const struct sp_tenant_settings *tenant; /* once it is known */
    struct sp_job *job;
    struct sp_job_recipient *recipients; /* room for SP_RECIPIENTS_MAX, until all are known */
    struct sp_err *err;
};

static const char *
given(const char *text, const char *otherwise)
{
    return text != NULL && *text != '\0' ? text : otherwise;
}

static enum sp_rc
out_of_memory(const struct routing *r)
{
    return sp_fail(r->err, SP_E_NOMEM, "out of memory");
}

/* ---- what the giver wrote ---- */

static enum sp_rc
check_words(struct routing *r)
{
    const char *subject = given(r->request->subject, ""), *body = given(r->request->body, "");
    if (sp_text_has_control(subject))
        return sp_fail(r->err, SP_E_INVALID, "the subject holds a line break or another control character");
    if (!sp_utf8_valid(subject, strlen(subject)) || !sp_utf8_valid(body, strlen(body)))
        return sp_fail(r->err, SP_E_INVALID, "subject and body must be UTF-8");
    if (strlen(subject) > SP_SUBJECT_MAX)
        return sp_fail(r->err, SP_E_INVALID, "the subject is longer than %d bytes", SP_SUBJECT_MAX);
    if (strlen(body) > SP_BODY_MAX)
        return sp_fail(r->err, SP_E_INVALID, "the body is longer than %d bytes", SP_BODY_MAX);
    for (const char *c = body; *c != '\0'; c++)
        if (((unsigned char)*c < ' ' && strchr("\t\r\n", *c) == NULL) || *c == 0x7f)
            return sp_fail(r->err, SP_E_INVALID, "the body holds a control character");
    return SP_OK;
}

static enum sp_rc
find_route(struct routing *r)
{
    const char *name = given(r->request->route, "");
    if (*name == '\0')
        return SP_OK;
    r->route = sp_settings_route(r->settings, name);
    if (r->route == NULL)
        return sp_fail(r->err, SP_E_INVALID, "there is no route '%s'", name);
    return SP_OK;
}

/* ---- recipients ---- */

static enum sp_rc
add_recipient(struct routing *r, const char *address, bool cc)
{
    struct sp_job *job = r->job;
    if (!sp_address_valid(address))
        return sp_fail(r->err, SP_E_INVALID, "'%s' is not an e-mail address", address);
    for (size_t i = 0; i < job->n_recipients; i++)
        if (sp_address_equal(r->recipients[i].address, address))
            return SP_OK;
    if (job->n_recipients == SP_RECIPIENTS_MAX)
        return sp_fail(r->err, SP_E_INVALID, "more than %d recipients", SP_RECIPIENTS_MAX);
    const char *copy = sp_arena_text(job->arena, address);
    if (copy == NULL)
        return out_of_memory(r);
    r->recipients[job->n_recipients++] = (struct sp_job_recipient){
        .address = copy, .cc = cc, .state = SP_RECIPIENT_WAITING, .method = "", .reply = ""
    };
    return SP_OK;
}

static enum sp_rc
add_list(struct routing *r, const struct sp_texts *list, bool cc)
{
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; rc == SP_OK && i < list->count; i++)
        rc = add_recipient(r, list->items[i], cc);
    return rc;
}

static enum sp_rc
check_allowed(const struct routing *r, const char *address)
{
    if (r->request->allowed == NULL)
        return SP_OK;
    for (size_t i = 0; i < r->request->n_allowed; i++)
        if (sp_address_matches(address, r->request->allowed[i]))
            return SP_OK;
    return sp_fail(r->err, SP_E_DENIED, "'%s' is not a recipient that may be named here", address);
}

static enum sp_rc
add_named(struct routing *r, const char *const *named, size_t n, bool cc)
{
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; rc == SP_OK && i < n; i++) {
        rc = add_recipient(r, named[i], cc);
        if (rc == SP_OK)
            rc = check_allowed(r, named[i]);
    }
    return rc;
}

static enum sp_rc
gather_recipients(struct routing *r)
{
    enum sp_rc rc = SP_OK;
    r->recipients = sp_arena_array(r->job->arena, SP_RECIPIENTS_MAX, sizeof(*r->recipients));
    if (r->recipients == NULL)
        return out_of_memory(r);
    r->job->recipients = r->recipients;
    r->job->n_recipients = 0;
    if (r->request->forwarded_from != NULL) /* the route's own have had it */
        return r->request->n_to > 0 ? add_named(r, r->request->to, r->request->n_to, false)
                                    : sp_fail(r->err, SP_E_INVALID, "no recipient: name one");
    if (r->route != NULL)
        rc = add_list(r, &r->route->to, false);
    if (rc == SP_OK)
        rc = add_named(r, r->request->to, r->request->n_to, false);
    if (rc == SP_OK && r->route != NULL)
        rc = add_list(r, &r->route->cc, true);
    if (rc == SP_OK)
        rc = add_named(r, r->request->cc, r->request->n_cc, true);
    if (rc == SP_OK && r->route != NULL && (r->job->n_recipients == 0 || r->request->untold != NULL))
        rc = add_list(r, &r->route->otherwise, false);
    if (rc == SP_OK && r->job->n_recipients == 0 && r->request->untold != NULL)
        return sp_fail(r->err, SP_E_INVALID, "nobody to send it to: %s, and no route says who gets it otherwise",
                       r->request->untold);
    if (rc == SP_OK && r->job->n_recipients == 0)
        return sp_fail(r->err, SP_E_INVALID, "no recipient: name one, or a route that has one");
    return rc;
}

/* The route's tenant, else the one that is said, else the only one, else the first that owns a recipient's domain. */
static enum sp_rc
find_tenant(struct routing *r)
{
    const struct sp_settings *s = r->settings;
    if (r->route != NULL && *given(r->route->tenant, "") != '\0')
        r->tenant = sp_settings_tenant(s, r->route->tenant);
    else if (*given(r->request->tenant, "") != '\0')
        r->tenant = sp_settings_tenant(s, r->request->tenant);
    if (r->tenant == NULL && s->n_tenants == 1)
        r->tenant = &s->tenants[0];
    for (size_t i = 0; r->tenant == NULL && i < r->job->n_recipients; i++)
        for (size_t t = 0; r->tenant == NULL && t < s->n_tenants; t++)
            if (sp_tenant_is_internal(&s->tenants[t], r->recipients[i].address))
                r->tenant = &s->tenants[t];
    if (r->tenant == NULL)
        return sp_fail(r->err, SP_E_DENIED, "'%s' belongs to no tenant of this gateway", r->recipients[0].address);
    return SP_OK;
}

static enum sp_rc
check_external(struct routing *r)
{
    if (r->request->any_recipient || (r->route != NULL && r->route->allow_external))
        return SP_OK;
    for (size_t i = 0; i < r->job->n_recipients; i++)
        if (!sp_tenant_is_internal(r->tenant, r->recipients[i].address))
            return sp_fail(
                r->err, SP_E_DENIED,
                "'%s' is outside the domains of tenant %s; only a route with allow-external = yes goes there",
                r->recipients[i].address, r->tenant->name);
    return SP_OK;
}

/* ---- words ---- */

/* Text from the giver that is not worth a refusal: repaired, on one line, not endless. NULL when memory is out. */
static const char *
repaired(struct sp_arena *arena, const char *text, size_t max)
{
    SP_AUTO(sp_str_free) struct sp_str clean = { 0 };
    sp_utf8_repair(&clean, text, strlen(text), true);
    size_t len = sp_utf8_prefix(sp_str_text(&clean), clean.len, max);
    return clean.failed ? NULL : sp_arena_text_n(arena, sp_str_text(&clean), len);
}

static const char *
expanded(struct sp_arena *arena, const char *pattern, const struct sp_placeholders *values, bool one_line)
{
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    sp_placeholders_expand(&text, pattern, values);
    if (text.failed)
        return NULL;
    return one_line ? repaired(arena, sp_str_text(&text), SP_SUBJECT_MAX) : sp_arena_text(arena, sp_str_text(&text));
}

static void
add_size(struct sp_str *out, uint64_t bytes)
{
    if (bytes < 1000000)
        sp_str_addf(out, "%llu KB", (unsigned long long)(bytes + 999) / 1000);
    else
        sp_str_addf(out, "%llu.%llu MB", (unsigned long long)bytes / 1000000, (unsigned long long)bytes / 100000 % 10);
}

/* What stands above the attachments when nobody wrote anything: enough to know a year later what this is. */
static const char *
default_body(const struct sp_job *job, const struct sp_placeholders *values, const char *untold)
{
    enum { LISTED = 20 };
    SP_AUTO(sp_str_free) struct sp_str body = { 0 };
    sp_str_add(&body, job->n_documents == 1 ? "Your scan is attached.\n\n" : "Your scans are attached.\n\n");
    sp_str_addf(&body, "Scanned: %s\nFrom: %s\n", values->time, values->source);
    if (*values->user != '\0')
        sp_str_addf(&body, "By: %s\n", values->user);
    if (untold != NULL)
        sp_str_addf(&body, "\nWhom it is for could not be told: %s.\n", untold);
    sp_str_add(&body, "\n");
    for (size_t i = 0; i < job->n_documents && i < LISTED; i++) {
        sp_str_addf(&body, "%s (", job->documents[i].name);
        add_size(&body, job->documents[i].size);
        sp_str_add(&body, ")\n");
    }
    if (job->n_documents > LISTED)
        sp_str_addf(&body, "and %zu more\n", job->n_documents - LISTED);
    return body.failed ? NULL : sp_arena_text(job->arena, sp_str_text(&body));
}

static const char *
choose_subject(const struct routing *r, const struct sp_placeholders *values)
{
    if (*given(r->request->subject, "") != '\0')
        return sp_arena_text(r->job->arena, r->request->subject);
    const char *pattern = r->route == NULL ? "" : r->route->subject;
    return expanded(r->job->arena, given(pattern, "Scan from {source} {time}"), values, true);
}

static const char *
choose_body(const struct routing *r, const struct sp_placeholders *values)
{
    if (*given(r->request->body, "") != '\0')
        return sp_arena_text(r->job->arena, r->request->body);
    if (r->route != NULL && *given(r->route->body, "") != '\0')
        return expanded(r->job->arena, r->route->body, values, false);
    return default_body(r->job, values, r->request->untold);
}

/* A file name cannot hold a colon where most people will save it. */
static enum sp_rc
name_documents(const struct routing *r, const struct sp_placeholders *values)
{
    char time[32];
    if (r->request->forwarded_from != NULL) /* they were named when they came */
        return SP_OK;
    struct sp_placeholders for_files = *values;
    snprintf(time, sizeof(time), "%s", values->time);
    for (char *c = time; *c != '\0'; c++)
        if (*c == ':')
            *c = '.';
    for_files.time = time;
    const char *pattern = r->route == NULL ? "" : r->route->file_name;
    return sp_name_documents(r->job, given(pattern, "{document}"), &for_files, r->err);
}

static enum sp_rc
choose_words(struct routing *r)
{
    struct sp_job *job = r->job;
    char time[32];
    int offset = 0;
    sp_office_time(job->created, given(r->settings->gateway.time_zone, ""), time, &offset);
    struct sp_placeholders values = {
        .source = given(job->source_name, job->source),
        .route = job->route,
        .user = job->user,
        .time = time,
        .document = job->n_documents == 0 ? "" : sp_name_stem(job->arena, job->documents[0].name),
        .count = (unsigned)job->n_documents,
    };
    enum sp_rc rc = name_documents(r, &values);
    if (rc != SP_OK)
        return rc;
    const char *from_name = r->route == NULL ? "" : r->route->from_name;
    job->from_name = expanded(job->arena, given(from_name, given(r->tenant->from_name, "{source}")), &values, true);
    job->subject = choose_subject(r, &values);
    job->body = choose_body(r, &values);
    bool whole = values.document != NULL && job->from_name != NULL && job->subject != NULL && job->body != NULL;
    return whole ? SP_OK : out_of_memory(r);
}

static const char *
address_of_user(const struct routing *r)
{
    const char *user = given(r->request->user, "");
    const struct sp_person *person = *user == '\0' ? NULL : sp_people_find_login(r->people, user);
    return person == NULL ? "" : person->address;
}

/* Where it comes from and under which names it is known. The '=' and '_' in the boundary occur in no base64 line, and
 * the id makes it differ from anything in a binary one. */
static enum sp_rc
fill_identity(struct routing *r)
{
    struct sp_job *job = r->job;
    const struct sp_intake_request *q = r->request;
    job->source = sp_arena_text(job->arena, given(q->source, ""));
    job->source_name = repaired(job->arena, given(q->source_name, ""), 100);
    job->user = repaired(job->arena, given(q->user, ""), 100);
    job->folder_name = sp_arena_text(job->arena, given(q->folder_name, ""));
    job->forwarded_from = sp_arena_text(job->arena, given(q->forwarded_from, ""));
    job->route = sp_arena_text(job->arena, r->route == NULL ? "" : r->route->name);
    job->tenant = sp_arena_text(job->arena, r->tenant->name);
    job->from = sp_arena_text(job->arena, given(r->route == NULL ? "" : r->route->from, r->tenant->sender));
    job->reply_to = sp_arena_text(job->arena, given(r->route == NULL ? "" : r->route->reply_to, address_of_user(r)));
    job->message_id = sp_arena_format(job->arena, "<%s@%s>", job->id, r->settings->gateway.hostname);
    job->boundary = sp_arena_format(job->arena, "=_%s", job->id);
    bool whole = job->source != NULL && job->source_name != NULL && job->user != NULL && job->folder_name != NULL &&
                 job->forwarded_from != NULL && job->route != NULL && job->tenant != NULL && job->from != NULL &&
                 job->reply_to != NULL && job->message_id != NULL && job->boundary != NULL;
    return whole ? SP_OK : out_of_memory(r);
}

enum sp_rc
sp_route_apply(const struct sp_settings *settings, const struct sp_people *people,
               const struct sp_intake_request *request, struct sp_job *job, struct sp_err *err)
{
    static enum sp_rc (*const steps[])(struct routing *) = {
        check_words, find_route, gather_recipients, find_tenant, check_external, fill_identity, choose_words,
    };
    struct routing r = { .settings = settings, .people = people, .request = request, .job = job, .err = err };
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; rc == SP_OK && i < SP_LEN(steps); i++)
        rc = steps[i](&r);
    return rc;
}
