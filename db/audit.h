/* audit.h - who did what: a row for each thing that a person did, kept as long as the history of jobs. Wrong sign-ins
 * are folded and bounded, so that nobody makes the table grow, or pushes out what others did, by trying. */
#ifndef SP_DB_AUDIT_H
#define SP_DB_AUDIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_arena;
struct sp_db;

enum { SP_AUDIT_FAILED_MAX = 1000 /* rows of wrong sign-ins */, SP_AUDIT_FOLD_MS = 3600 * 1000 };

enum sp_audit_action {
    SP_AUDIT_SIGN_IN,
    SP_AUDIT_SIGN_IN_FAILED,
    SP_AUDIT_SIGN_OUT,
    SP_AUDIT_FIRST_USER,
    SP_AUDIT_FIRST_LINK,
    SP_AUDIT_USER_ADD,
    SP_AUDIT_USER_PASSWORD,
    SP_AUDIT_USER_REMOVE,
    SP_AUDIT_TOKEN_ADD,
    SP_AUDIT_TOKEN_REVOKE,
    SP_AUDIT_JOB_RETRY,
    SP_AUDIT_JOB_CANCEL,
    SP_AUDIT_JOBS_RETRY, /* of many: the object is what they were found by */
    SP_AUDIT_JOBS_CANCEL,
    SP_AUDIT_JOB_FORWARD,
    SP_AUDIT_JOBS_EXPORT,
    SP_AUDIT_DOCUMENT_OPEN,
    SP_AUDIT_METHOD_CHECK,
    SP_AUDIT_ACTIONS
};
const char *sp_audit_action_name(enum sp_audit_action action); /* "job_retry" */

struct sp_audit_row {
    int64_t n; /* given by the database; grows with time */
    int64_t at;
    const char *who;     /* user, or login name of who came through the Unix socket */
    const char *role;    /* that they had */
    const char *address; /* "" : the Unix socket */
    const char *action;
    const char *object; /* the job, the user, the token, the method */
    const char *detail; /* words for people, may be "" */
    int64_t count;      /* how often in a row; 1 but for wrong sign-ins */
};
/* n and count are not looked at. A wrong sign-in of the same name from the same address within SP_AUDIT_FOLD_MS counts
 * up the row that is there; with SP_AUDIT_FAILED_MAX of them, the oldest is forgotten. */
enum sp_rc sp_audit_add(struct sp_db *db, const struct sp_audit_row *row, struct sp_err *err);
/* Newest first, at most limit, only those older than `before` (its n; 0: from the newest). Texts live in the arena. */
enum sp_rc sp_audit_list(struct sp_db *db, int64_t before, size_t limit, struct sp_arena *arena,
                         struct sp_audit_row **ret, size_t *ret_count, struct sp_err *err);
enum sp_rc sp_audit_forget(struct sp_db *db, int64_t before_ms, size_t limit, struct sp_err *err);

#endif
