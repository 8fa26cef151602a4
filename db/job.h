/* job.h - a job as it is stored: a scan that was taken, whom it goes to, and everything that was tried.
 * A struct sp_job and all it points to live in one arena; sp_job_free frees the lot. Times are ms since 1970 UTC,
 * 0 means never. Texts that are absent are "", never NULL, unless noted. */
#ifndef SP_DB_JOB_H
#define SP_DB_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_arena;
struct sp_db;
struct sp_query;

enum sp_job_state {
    SP_JOB_QUEUED,
    SP_JOB_SENDING,
    SP_JOB_DEFERRED, /* waits for its next attempt, or for a method to come back */
    SP_JOB_HELD,     /* waits for a person */
    SP_JOB_SENT,     /* every recipient accepted by Microsoft */
    SP_JOB_PARTIAL,
    SP_JOB_FAILED,
    SP_JOB_CANCELLED,
};
const char *sp_job_state_name(enum sp_job_state state);
bool sp_job_state_parse(const char *word, enum sp_job_state *ret);
bool sp_job_state_final(enum sp_job_state state); /* sent, partial, failed, cancelled */

enum sp_recipient_state { SP_RECIPIENT_WAITING, SP_RECIPIENT_SENT, SP_RECIPIENT_FAILED };
const char *sp_recipient_state_name(enum sp_recipient_state state);

enum sp_outcome_kind { SP_OUTCOME_ACCEPTED, SP_OUTCOME_FAILED, SP_OUTCOME_UNKNOWN };
const char *sp_outcome_name(enum sp_outcome_kind kind);

struct sp_job_document {
    const char *name; /* as shown and as attached: UTF-8, no control characters, no slashes */
    const char *type; /* by content: "application/pdf" */
    uint64_t size;
    const char *sha256; /* hex */
};

struct sp_job_recipient {
    const char *address;
    bool cc;
    enum sp_recipient_state state;
    const char *method; /* by which it was settled */
    const char *reply;
};

struct sp_job_attempt {
    int n; /* from 1 */
    const char *method, *host;
    int port;
    const char *ip, *tls, *stage;
    enum sp_outcome_kind outcome;
    const char *class_name, *cause; /* "ip_reputation", "spamhaus" */
    int code;                       /* 0: there was no reply */
    const char *enhanced, *reply, *summary, *fix;
    int64_t started, duration_ms;
    const char *transcript; /* of the dialogue, without secrets; loaded by sp_job_load_transcripts alone, else "" */
};

struct sp_job_choice { /* one line of the decision: why this method, why not that one */
    const char *method;
    bool chosen;
    const char *reason;
};

struct sp_job {
    struct sp_arena *arena;
    const char *id;
    enum sp_job_state state;
    int64_t created, finished, next_attempt;
    const char *source, *source_name, *user, *route, *tenant;
    const char *from, *from_name, *reply_to, *subject, *body;
    const char *message_id; /* "<ulid@hostname>" */
    const char *boundary;
    const char *folder_name; /* the name a dropped file had below its folder, for the notes beside it; raw bytes */
    const char *method;      /* the last one tried, or being tried */
    const char *class_name, *cause; /* of the last attempt that failed */
    const char *summary;            /* its summary; only in lists */
    uint64_t size;                  /* of all documents */
    const char *trouble;            /* why it is held or failed, in words */
    int64_t spent_ms;               /* time that counts towards retry.expire */
    int64_t last_attempt;           /* when the last one ended */
    int tries;                      /* attempts that count for backoff */
    int64_t retried;            /* when a person last asked for another try; attempts before it do not count any more */
    const char *duplicate_of;   /* the id of a job that was alike, shortly before; not in the envelope */
    const char *forwarded_from; /* the id of a job whose documents these are too; not in the envelope */
    const char *only_method;    /* after an unknown outcome: this one, until only_until */
    int64_t only_until;
    bool waits_for_method; /* deferred because none is up: goes out when one comes back */
    const char *waits_in;  /* the line it stands in while a method is busy; "" : none */
    bool documents_deleted;
    struct sp_job_document *documents;
    size_t n_documents;
    struct sp_job_recipient *recipients;
    size_t n_recipients;
    struct sp_job_attempt *attempts;
    size_t n_attempts;
    struct sp_job_choice *decision;
    size_t n_decision;
    const char **forwarded_to; /* ids of jobs that have these documents from here */
    size_t n_forwarded_to;
};

void sp_job_free(struct sp_job **job); /* accepts NULL; leaves NULL */
/* An empty job with an arena, to be filled by intake and tests. NULL when memory is out. */
struct sp_job *sp_job_new(void);

/* Stores a new job as `job->state` (queued or held) with its documents and recipients. SP_E_CONFLICT: the id exists. */
enum sp_rc sp_job_insert(struct sp_db *db, const struct sp_job *job, struct sp_err *err);
enum sp_rc sp_job_load(struct sp_db *db, const char *id, struct sp_job **ret, struct sp_err *err); /* SP_E_NOTFOUND */
/* Fills the transcripts of the attempts it was loaded with; they are long, and only people want them. */
enum sp_rc sp_job_load_transcripts(struct sp_db *db, struct sp_job *job, struct sp_err *err);
enum sp_rc sp_job_exists(struct sp_db *db, const char *id, bool *ret, struct sp_err *err);

/* What a person asks for. retry: held, failed, deferred, partial and cancelled become queued, recipients that failed
 * wait again, time and tries start anew (queued stays queued, and is due). cancel: whatever is not final or sending.
 * SP_E_CONFLICT with the state in words; SP_E_NOTFOUND; retry with deleted documents: SP_E_GONE. */
enum sp_rc sp_job_retry(struct sp_db *db, const char *id, int64_t now, struct sp_err *err);
enum sp_rc sp_job_cancel(struct sp_db *db, const char *id, int64_t now, struct sp_err *err);

/* Which jobs a list shows, in the order in which they were taken, the newest first. */
struct sp_job_filter {
    const struct sp_query *query; /* NULL: all */
    const char *before;           /* the `next` of the page before, or an id; NULL: from the newest on */
    int limit;                    /* 1 to 1000 */
    int64_t work_ms;              /* for how long to look at most; 0: as long as a person waits without noticing */
};
struct sp_job_list {
    struct sp_job **jobs; /* without attempts and decision, but with the summary of the last attempt that failed */
    size_t count;
    bool
        more; /* there may be more behind `next`. A page that is not full had its time used up, and says nothing else */
    char next[24];
};
/* SP_E_INVALID: `before` is none of ours. */
enum sp_rc sp_job_list(struct sp_db *db, const struct sp_job_filter *filter, struct sp_job_list *ret,
                       struct sp_err *err);
/* How many fit, up to `most`. *ret_more: there are more, or looking took too long. */
enum sp_rc sp_job_count(struct sp_db *db, const struct sp_query *query, int64_t most, int64_t *ret, bool *ret_more,
                        struct sp_err *err);
void sp_job_list_free(struct sp_job_list *list);

/* Housekeeping. Jobs whose documents may go: final since `failed_before` (failed, partial, cancelled) or `sent_before`,
 * and not deleted yet. At most `limit` ids into ids[]. */
enum sp_rc sp_job_documents_due(struct sp_db *db, int64_t sent_before, int64_t failed_before, size_t limit,
                                char (*ids)[27], size_t *ret_count, struct sp_err *err);
enum sp_rc sp_job_documents_deleted(struct sp_db *db, const char *id, struct sp_err *err);
/* Forgets final jobs created before a time whose documents are gone; at most `limit`. */
enum sp_rc sp_job_forget(struct sp_db *db, int64_t created_before, size_t limit, size_t *ret_count, struct sp_err *err);

/* Dropped files whose job failed for good and whose note beside the file is not written yet. */
enum sp_rc sp_job_notes_due(struct sp_db *db, size_t limit, char (*ids)[27], size_t *ret_count, struct sp_err *err);
enum sp_rc sp_job_note_written(struct sp_db *db, const char *id, struct sp_err *err);

#endif
