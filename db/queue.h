/* queue.h - the sender's side of the jobs: what is due, the claim, and what came of it.
 *
 *   queued, deferred --claim--> sending --record--> sending (next method) | sent | partial | failed | deferred | held
 *
 * The claim is the durable mark "may be handed over". Every move is a compare-and-set. */
#ifndef SP_DB_QUEUE_H
#define SP_DB_QUEUE_H

#include "db/job.h"

struct sp_method_state;

/* A source of scans: "folder", "scans". */
struct sp_turn {
    char source[64], source_name[256];
};

/* A job that could be claimed now. */
struct sp_due {
    char id[27];
    char tenant[64];
    struct sp_turn from; /* what fairness is between */
    uint64_t size;       /* of its documents */
    size_t rank;         /* how many of its source stand before it */
};
/* Up to `limit` jobs that are queued or deferred and due at `now` in a line ("" : in none): one of each source in turn,
 * beginning after `turn`, then the second of each, and so on; of one source, the oldest due first. */
enum sp_rc sp_queue_due(struct sp_db *db, const char *line, int64_t now, const struct sp_turn *turn, size_t limit,
                        struct sp_due *ret, size_t *ret_count, struct sp_err *err);
/* When the next deferred job that stands in no line becomes due; 0 when none waits. */
enum sp_rc sp_queue_next_due(struct sp_db *db, int64_t *ret, struct sp_err *err);

/* queued or deferred → sending by `method`, with the decision that led there. SP_E_CONFLICT: somebody was faster. */
enum sp_rc sp_queue_claim(struct sp_db *db, const char *id, const char *method, const struct sp_job_choice *decision,
                          size_t n_decision, int64_t now, struct sp_err *err);

enum { SP_QUEUE_TRANSCRIPTS = 20 }; /* of the last attempts of a job are kept */

/* What one attempt changed, stored as one. */
struct sp_queue_result {
    const char *id;
    struct sp_job_attempt attempt;             /* n is given by the database */
    const struct sp_job_recipient *recipients; /* all of the job, in its order, with their new states */
    size_t n_recipients;
    enum sp_job_state next;               /* sending: by `method`, at once */
    const char *method;                   /* the next one when next is sending, else the one that was tried */
    const struct sp_job_choice *decision; /* NULL: keeps the old one */
    size_t n_decision;
    int64_t now, next_attempt, spent_ms, only_until;
    int tries;
    const char *only_method; /* "" : any */
    bool waits_for_method;
    const char *waits_in; /* the line in which it waits, from now on; "" or NULL: in none */
    const char *trouble;
    const struct sp_method_state *states; /* of methods that changed with it */
    size_t n_states;
};
/* SP_E_CONFLICT: the job is not sending any more. */
enum sp_rc sp_queue_record(struct sp_db *db, const struct sp_queue_result *result, struct sp_err *err);

/* A due job that no method can take now: no attempt, only a new time, a reason and the decision. */
struct sp_queue_wait {
    const char *id;
    enum sp_job_state next; /* queued (in a line), deferred, held or failed */
    int64_t now, next_attempt, spent_ms;
    bool waits_for_method;
    const char *waits_in; /* in a line it is due at once, and next_attempt only says when its turn may come */
    const char *trouble;
    const struct sp_job_choice *decision;
    size_t n_decision;
};
enum sp_rc sp_queue_postpone(struct sp_db *db, const struct sp_queue_wait *wait, struct sp_err *err);

/* Whoever stands in a line leaves it, and is due at `now`. NULL: in any line. */
enum sp_rc sp_queue_leave_line(struct sp_db *db, const char *line, int64_t now, struct sp_err *err);
/* After the clock was wrong: what is due after `latest`, and what should be due already, is due at `now`. */
enum sp_rc sp_queue_clamp(struct sp_db *db, int64_t now, int64_t latest, size_t *ret_changed, struct sp_err *err);

/* A method came back: what waited for one, or in a line for another, is due at `now`. */
enum sp_rc sp_queue_release(struct sp_db *db, const char *tenant, int64_t now, struct sp_err *err);

/* What the mail says of being late, which stays once it is said: a second copy has the same bytes. "" when it says
 * nothing. Kept in the job's arena. */
enum sp_rc sp_queue_late_note(struct sp_db *db, struct sp_job *job, const char **ret, struct sp_err *err);
enum sp_rc sp_queue_set_late_note(struct sp_db *db, const char *id, const char *note, struct sp_err *err);

/* A claimed job whose message was not handed over and will not be (we are ending) waits for its turn again, with an
 * attempt that says so. SP_E_CONFLICT: it is not `sending`. */
enum sp_rc sp_queue_unclaim(struct sp_db *db, const char *id, int64_t now, struct sp_err *err);

/* After a crash: every job that was sending gets an attempt with outcome unknown by its method, and is deferred to
 * `now` with only_method set until `only_until`. *ret_count: how many. */
enum sp_rc sp_queue_recover(struct sp_db *db, int64_t now, int64_t only_until, size_t *ret_count, struct sp_err *err);

#endif
