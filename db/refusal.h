/* refusal.h - who was refused at a door, kept over a restart. What is current is in memory (gateway/refusals.h). */
#ifndef SP_DB_REFUSAL_H
#define SP_DB_REFUSAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_db;

struct sp_refusal {
    char door[16];     /* "http" "webdav" "cups" "cli" "folder" */
    char who[129];     /* token, user, queue or folder; "" : nobody who is known */
    char address[46];  /* "" : the Unix socket, a folder */
    char reason[201];  /* a sentence */
    char what[201];    /* what it was about the last time: a file, a path; may be "" */
    int status;        /* of HTTP; 0: a folder's */
    int64_t first, at; /* wall ms: the first and the last time */
    int64_t count;
};
/* In place of what was there. */
enum sp_rc sp_refusals_store(struct sp_db *db, const struct sp_refusal *items, size_t count, struct sp_err *err);
enum sp_rc sp_refusals_read(struct sp_db *db, struct sp_refusal *ret, size_t room, size_t *ret_count,
                            struct sp_err *err);

#endif
