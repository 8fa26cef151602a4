/* job_json.c - field by field in the contract's order. Texts that are absent are "", times and numbers null. */
#include "web/api/job_json.h"

#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"
#include "db/job.h"

json_t *
sp_json_text(const char *text)
{
    if (text == NULL)
        text = "";
    size_t size = strlen(text);
    if (sp_utf8_valid(text, size))
        return json_stringn_nocheck(text, size);
    struct sp_str repaired = { 0 };
    sp_utf8_repair(&repaired, text, size, false);
    json_t *json = repaired.failed ? NULL : json_stringn(sp_str_text(&repaired), repaired.len);
    sp_str_free(&repaired);
    return json;
}

json_t *
sp_json_time(int64_t wall_ms)
{
    char text[SP_ISO_TIME_SIZE];
    if (wall_ms == 0)
        return json_null();
    sp_time_iso(wall_ms, text);
    return json_string(text);
}

static json_t *
number_or_null(int number)
{
    return number == 0 ? json_null() : json_integer(number);
}

static json_t *
text_or_null(const char *text)
{
    return text == NULL || *text == '\0' ? json_null() : sp_json_text(text);
}

static json_t *
document_json(const struct sp_job_document *document, size_t index)
{
    return json_pack("{s:I, s:o, s:o, s:I, s:o}", "n", (json_int_t)index + 1, "name", sp_json_text(document->name),
                     "type", sp_json_text(document->type), "size", (json_int_t)document->size, "sha256",
                     sp_json_text(document->sha256));
}

static json_t *
recipient_json(const struct sp_job_recipient *recipient)
{
    return json_pack("{s:o, s:b, s:s, s:o, s:o}", "address", sp_json_text(recipient->address), "cc", recipient->cc,
                     "state", sp_recipient_state_name(recipient->state), "method", sp_json_text(recipient->method),
                     "reply", sp_json_text(recipient->reply));
}

static json_t *
attempt_json(const struct sp_job_attempt *a)
{
    json_t *where =
        json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "n", a->n, "method", sp_json_text(a->method), "host",
                  sp_json_text(a->host), "port", number_or_null(a->port), "ip", sp_json_text(a->ip), "tls",
                  sp_json_text(a->tls), "stage", sp_json_text(a->stage), "outcome", sp_outcome_name(a->outcome));
    json_t *what = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o}", "class", sp_json_text(a->class_name),
                             "cause", sp_json_text(a->cause), "code", number_or_null(a->code), "enhanced",
                             text_or_null(a->enhanced), "reply", sp_json_text(a->reply), "summary",
                             sp_json_text(a->summary), "fix", sp_json_text(a->fix), "started", sp_json_time(a->started),
                             "duration_ms", (json_int_t)a->duration_ms, "transcript", sp_json_text(a->transcript));
    if (where == NULL || what == NULL || json_object_update(where, what) < 0) {
        json_decref(where);
        where = NULL;
    }
    json_decref(what);
    return where;
}

static json_t *
choice_json(const struct sp_job_choice *choice)
{
    return json_pack("{s:o, s:b, s:o}", "method", sp_json_text(choice->method), "chosen", choice->chosen, "reason",
                     sp_json_text(choice->reason));
}

/* All of them return false when memory is out; the new reference is stolen in any case. */
static bool
add_documents(json_t *json, const struct sp_job *job)
{
    json_t *list = json_array();
    bool fine = json_object_set_new(json, "documents", list) == 0;
    for (size_t i = 0; i < job->n_documents && fine; i++)
        fine = json_array_append_new(list, document_json(&job->documents[i], i)) == 0;
    return fine;
}

static bool
add_recipients(json_t *json, const struct sp_job *job)
{
    json_t *list = json_array();
    bool fine = json_object_set_new(json, "recipients", list) == 0;
    for (size_t i = 0; i < job->n_recipients && fine; i++)
        fine = json_array_append_new(list, recipient_json(&job->recipients[i])) == 0;
    return fine;
}

static bool
add_attempts(json_t *json, const struct sp_job *job)
{
    json_t *list = json_array();
    bool fine = json_object_set_new(json, "attempts", list) == 0;
    for (size_t i = 0; i < job->n_attempts && fine; i++)
        fine = json_array_append_new(list, attempt_json(&job->attempts[i])) == 0;
    return fine;
}

static bool
add_decision(json_t *json, const struct sp_job *job)
{
    json_t *list = json_array();
    bool fine = json_object_set_new(json, "decision", list) == 0;
    for (size_t i = 0; i < job->n_decision && fine; i++)
        fine = json_array_append_new(list, choice_json(&job->decision[i])) == 0;
    return fine;
}

static bool
add_forwarded(json_t *json, const struct sp_job *job)
{
    json_t *list = json_array();
    bool fine = json_object_set_new(json, "forwarded_to", list) == 0;
    for (size_t i = 0; i < job->n_forwarded_to && fine; i++)
        fine = json_array_append_new(list, json_string(job->forwarded_to[i])) == 0;
    return fine;
}

static json_t *
head_json(const struct sp_job *job)
{
    return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "id",
                     sp_json_text(job->id), "state", sp_job_state_name(job->state), "created",
                     sp_json_time(job->created), "finished", sp_json_time(job->finished), "next_attempt",
                     sp_json_time(job->next_attempt), "source", sp_json_text(job->source), "source_name",
                     sp_json_text(job->source_name), "user", sp_json_text(job->user), "route", sp_json_text(job->route),
                     "tenant", sp_json_text(job->tenant), "from", sp_json_text(job->from), "subject",
                     sp_json_text(job->subject), "message_id", sp_json_text(job->message_id), "method",
                     sp_json_text(job->method), "trouble", sp_json_text(job->trouble), "documents_deleted",
                     job->documents_deleted, "duplicate_of", text_or_null(job->duplicate_of));
}

/* What a line about the job is composed of, beside its head. */
static bool
add_standing(json_t *json, const struct sp_job *job)
{
    json_t *standing =
        json_pack("{s:o, s:o, s:I, s:b, s:o, s:o}", "class", text_or_null(job->class_name), "cause",
                  text_or_null(job->cause), "size", (json_int_t)job->size, "waits_for_method", job->waits_for_method,
                  "waits_in", text_or_null(job->waits_in), "forwarded_from", text_or_null(job->forwarded_from));
    bool fine = standing != NULL && json_object_update(json, standing) == 0;
    json_decref(standing);
    return fine;
}

json_t *
sp_job_json(const struct sp_job *job, bool whole)
{
    json_t *json = head_json(job);
    bool fine = json != NULL && add_standing(json, job) && add_documents(json, job) && add_recipients(json, job);
    if (fine && !whole)
        fine = json_object_set_new(json, "summary", text_or_null(job->summary)) == 0;
    if (fine && whole)
        fine = add_attempts(json, job) && add_decision(json, job) && add_forwarded(json, job);
    if (fine)
        return json;
    json_decref(json);
    return NULL;
}
