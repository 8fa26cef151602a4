/* letter.c - from job to mail; see letter.h. */
#include "backend/sender/letter.h"

#include <stdlib.h>
#include <time.h>

#include "base/address.h"
#include "base/auto.h"
#include "base/str.h"
#include "db/spool.h"

static enum sp_rc
open_document(void *context, size_t n, int *ret_fd, struct sp_err *err)
{
    const struct sp_letter *letter = context;
    return sp_spool_read(letter->spool, letter->job->id, n + 1, ret_fd, err);
}

/* Of the process's time zone, which main sets from gateway.time-zone. */
static int
offset_minutes(int64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm local;
    return localtime_r(&seconds, &local) != NULL ? (int)(local.tm_gmtoff / 60) : 0;
}

static enum sp_rc
copy_lists(struct sp_letter *letter, const struct sp_job *job, struct sp_err *err)
{
    letter->to = calloc(job->n_recipients + 1, sizeof *letter->to);
    letter->cc = calloc(job->n_recipients + 1, sizeof *letter->cc);
    letter->documents = calloc(job->n_documents + 1, sizeof *letter->documents);
    if (letter->to == NULL || letter->cc == NULL || letter->documents == NULL)
        return sp_fail(err, SP_E_NOMEM, "job %s: out of memory", job->id);
    for (size_t i = 0; i < job->n_recipients; i++) {
        const struct sp_job_recipient *recipient = &job->recipients[i];
        if (recipient->cc)
            letter->cc[letter->mail.n_cc++] = recipient->address;
        else
            letter->to[letter->mail.n_to++] = recipient->address;
    }
    for (size_t i = 0; i < job->n_documents; i++) {
        const struct sp_job_document *document = &job->documents[i];
        letter->documents[i] = (struct sp_mail_document){ document->name, document->type, document->size };
    }
    return SP_OK;
}

static enum sp_rc
write_body(struct sp_letter *letter, const struct sp_job *job, const char *note, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str body = { 0 };
    if (note[0] == '\0')
        return SP_OK;
    sp_str_addf(&body, "%s\n\n%s", note, job->body);
    letter->body = sp_str_steal(&body);
    return letter->body != NULL ? SP_OK : sp_fail(err, SP_E_NOMEM, "job %s: out of memory", job->id);
}

/* Submission and Graph want From to be the mailbox that signed in, or one it may send as. */
static void
sign(struct sp_letter *letter, const struct sp_job *job, const struct sp_method_settings *method)
{
    bool as_a_mailbox = method->type == SP_TYPE_SUBMISSION || method->type == SP_TYPE_GRAPH;
    bool signs_in = as_a_mailbox && method->username[0] != '\0';
    bool as_itself = signs_in && !method->send_as && !sp_address_equal(method->username, job->from);
    letter->mail.from = as_itself ? method->username : job->from;
    letter->mail.reply_to = as_itself && job->reply_to[0] == '\0' ? job->from : job->reply_to;
    letter->mail_from = letter->mail.from;
}

enum sp_rc
sp_letter_open(struct sp_letter *letter, const struct sp_job *job, const char *note,
               const struct sp_method_settings *method, struct sp_spool *spool, struct sp_err *err)
{
    *letter = (struct sp_letter){ .job = job, .spool = spool };
    enum sp_rc rc = copy_lists(letter, job, err);
    if (rc == SP_OK)
        rc = write_body(letter, job, note, err);
    if (rc != SP_OK) {
        sp_letter_close(letter);
        return rc;
    }
    sign(letter, job, method);
    letter->mail.from_name = job->from_name;
    letter->mail.to = letter->to;
    letter->mail.cc = letter->cc;
    letter->mail.subject = job->subject;
    letter->mail.body = letter->body != NULL ? letter->body : job->body;
    letter->mail.message_id = job->message_id;
    letter->mail.boundary = job->boundary;
    letter->mail.date_ms = job->created;
    letter->mail.utc_offset_minutes = offset_minutes(job->created);
    letter->mail.documents = letter->documents;
    letter->mail.n_documents = job->n_documents;
    letter->mail.open = open_document;
    letter->mail.context = letter;
    return SP_OK;
}

void
sp_letter_close(struct sp_letter *letter)
{
    free(letter->to);
    free(letter->cc);
    free(letter->documents);
    free(letter->body);
    *letter = (struct sp_letter){ 0 };
}

/* base64 with line endings: 78 octets for every 57 (RFC 2045 section 6.8). */
uint64_t
sp_letter_estimate(const struct sp_job *job)
{
    uint64_t octets = 4096;
    for (size_t i = 0; i < job->n_documents; i++)
        octets += job->documents[i].size / 57 * 78 + 1024;
    return octets;
}
