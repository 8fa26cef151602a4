/* identity.h - who may come in: device tokens and people. Only digests are stored: SHA-256 of a token, yescrypt of a
 * password (made in web/auth; db does not look inside). */
#ifndef SP_DB_IDENTITY_H
#define SP_DB_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_arena;
struct sp_db;

struct sp_token_row {
    const char *name;
    const char *route;     /* "" : none fixed */
    const char **patterns; /* recipients it may name: address, *@domain, * */
    size_t n_patterns;
    int64_t created, revoked, last_used; /* 0: never */
};
/* SP_E_CONFLICT: a token of that name is in use (a revoked name may be used again). */
enum sp_rc sp_token_insert(struct sp_db *db, const struct sp_token_row *row, const char *sha256_hex,
                           struct sp_err *err);
enum sp_rc sp_token_revoke(struct sp_db *db, const char *name, int64_t now, struct sp_err *err); /* SP_E_NOTFOUND */
/* The token with this digest, unless revoked. Texts live in the arena. SP_E_NOTFOUND. */
enum sp_rc sp_token_find(struct sp_db *db, const char *sha256_hex, struct sp_arena *arena, struct sp_token_row *ret,
                         struct sp_err *err);
enum sp_rc sp_token_list(struct sp_db *db, struct sp_arena *arena, struct sp_token_row **ret, size_t *ret_count,
                         struct sp_err *err);
enum sp_rc sp_token_used(struct sp_db *db, const char *name, int64_t now, struct sp_err *err);

enum sp_role { SP_ROLE_NONE, SP_ROLE_VIEWER, SP_ROLE_OPERATOR, SP_ROLE_ADMIN };
const char *sp_role_name(enum sp_role role);
bool sp_role_parse(const char *word, enum sp_role *ret);

struct sp_user_row {
    const char *name;
    enum sp_role role;
    const char *hash; /* crypt(5) */
    int64_t created;
};
enum sp_rc sp_user_insert(struct sp_db *db, const struct sp_user_row *row, struct sp_err *err); /* SP_E_CONFLICT */
enum sp_rc sp_user_set_hash(struct sp_db *db, const char *name, const char *hash,
                            struct sp_err *err);                                   /* SP_E_NOTFOUND */
enum sp_rc sp_user_delete(struct sp_db *db, const char *name, struct sp_err *err); /* SP_E_NOTFOUND */
enum sp_rc sp_user_find(struct sp_db *db, const char *name, struct sp_arena *arena, struct sp_user_row *ret,
                        struct sp_err *err);
enum sp_rc sp_user_list(struct sp_db *db, struct sp_arena *arena, struct sp_user_row **ret, size_t *ret_count,
                        struct sp_err *err);

#endif
