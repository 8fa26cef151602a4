/* idempotency.h - a request that is sent twice makes one job. A key belongs to whoever sent it (a token's name, or
 * "uid:0") for 24 hours; the digest of what was asked tells a repetition from a mistake. */
#ifndef SP_DB_IDEMPOTENCY_H
#define SP_DB_IDEMPOTENCY_H

#include <stdint.h>

#include "base/err.h"

struct sp_db;

struct sp_idempotency {
    const char *owner, *key;
    const char *digest; /* SHA-256 in hex over fields and documents, in order */
};

/* SP_OK and the job's id; SP_E_NOTFOUND: never seen; SP_E_CONFLICT: same key, other request. */
enum sp_rc sp_idempotency_find(struct sp_db *db, const struct sp_idempotency *what, int64_t now, char ret_id[27],
                               struct sp_err *err);
/* In the transaction that inserts the job. SP_E_CONFLICT: the key is taken. */
enum sp_rc sp_idempotency_insert(struct sp_db *db, const struct sp_idempotency *what, const char *job_id, int64_t now,
                                 struct sp_err *err);
/* The key is free again; absent is fine. */
enum sp_rc sp_idempotency_forget(struct sp_db *db, const char *owner, const char *key, struct sp_err *err);
enum sp_rc sp_idempotency_expire(struct sp_db *db, int64_t now, struct sp_err *err);

#endif
