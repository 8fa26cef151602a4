/* check.h - checks that people asked for, and what came of them: a run is made by the gateway, and filled step by step
 * by the sender, so that whoever waits for it sees it grow.
 *
 *   waiting --begin--> running --tell, tell, ...--> end: done, "ok" | "failed" | "interrupted"
 *
 * A few of each method are kept. */
#ifndef SP_DB_CHECK_H
#define SP_DB_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_arena;
struct sp_db;

enum { SP_CHECKS_WAITING_MAX = 64, SP_CHECKS_KEPT = 10 };

enum sp_check_state { SP_CHECK_WAITING, SP_CHECK_RUNNING, SP_CHECK_DONE };
const char *sp_check_state_name(enum sp_check_state state); /* "waiting" "running" "done" */

struct sp_check_step { /* words as they are shown; NULL counts as "" */
    const char *stage, *outcome, *title, *text, *fix, *reply;
    int64_t at;
};

struct sp_check_run {
    struct sp_arena *arena; /* owns what follows */
    const char *id, *method;
    enum sp_check_state state;
    const char *send_to; /* "" : nothing is sent */
    const char *result;  /* "" until it is done */
    int64_t created, finished;
    struct sp_check_step *steps;
    size_t n_steps;
};

/* --- the gateway's side --- */

/* A new run, waiting. send_to may be "". The oldest runs of the method are forgotten. SP_E_BUSY: too many wait. */
enum sp_rc sp_check_add(struct sp_db *db, const char *id, const char *method, const char *send_to, int64_t now,
                        struct sp_err *err);
/* SP_E_NOTFOUND. */
enum sp_rc sp_check_load(struct sp_db *db, const char *id, struct sp_check_run **ret, struct sp_err *err);
void sp_check_free(struct sp_check_run **run); /* accepts NULL; leaves NULL */

struct sp_check_last { /* how the last check of a method ended */
    char method[64];
    char result[16];
    int64_t finished;
};
enum sp_rc sp_check_lasts(struct sp_db *db, struct sp_check_last *ret, size_t room, size_t *ret_count,
                          struct sp_err *err);

/* --- the sender's side --- */

struct sp_check_order {
    char id[27];
    char method[64];
    char send_to[255];
};
/* The one that waits longest. SP_E_NOTFOUND: none does. */
enum sp_rc sp_check_next(struct sp_db *db, struct sp_check_order *ret, struct sp_err *err);
/* SP_E_CONFLICT: it does not wait any more. */
enum sp_rc sp_check_begin(struct sp_db *db, const char *id, struct sp_err *err);
/* One more step of a run. SP_E_CONFLICT: it does not run. */
enum sp_rc sp_check_tell(struct sp_db *db, const char *id, const struct sp_check_step *step, struct sp_err *err);
enum sp_rc sp_check_end(struct sp_db *db, const char *id, const char *result, int64_t now, struct sp_err *err);
/* After a crash: what was running is done, and was interrupted. A test mail is not sent a second time. */
enum sp_rc sp_check_recover(struct sp_db *db, int64_t now, struct sp_err *err);

#endif
