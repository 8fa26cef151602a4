/* first_key.h - the one-time key by which the first user is made, while there is none. At most one is valid; only its
 * digest is stored. */
#ifndef SP_DB_FIRST_KEY_H
#define SP_DB_FIRST_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "db/identity.h"

enum { SP_FIRST_KEY_MS = 24 * 3600 * 1000 };

/* Is there nobody who could sign in? */
enum sp_rc sp_first_key_wanted(struct sp_db *db, bool *ret, struct sp_err *err);
/* A new one, good until `expires`, in place of any before. SP_E_CONFLICT: there are users. */
enum sp_rc sp_first_key_set(struct sp_db *db, const char *sha256_hex, int64_t expires, struct sp_err *err);
/* Is a key set and not over? */
enum sp_rc sp_first_key_waits(struct sp_db *db, int64_t now, bool *ret, struct sp_err *err);
/* SP_E_AUTH: it is not this one, was used, or is over. SP_E_CONFLICT: there are users. */
enum sp_rc sp_first_key_check(struct sp_db *db, const char *sha256_hex, int64_t now, struct sp_err *err);
/* The same, and makes the user and forgets the key, as one. */
enum sp_rc sp_first_key_use(struct sp_db *db, const char *sha256_hex, int64_t now, const struct sp_user_row *user,
                            struct sp_err *err);

#endif
