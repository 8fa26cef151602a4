/* dav.h - what a WebDAV client finds in its folders, and the locks it holds. Each owner has a tree of their own: the
 * folders they made, files that wait for their real name, and for a day the scans they handed in. A row is what the
 * client sees and no more: taking one away never touches the job.
 *
 * Paths are "accounting/2026/scan.pdf": the route, then what is below it; UTF-8, no slash at either end. */
#ifndef SP_DB_DAV_H
#define SP_DB_DAV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_arena;
struct sp_db;

enum sp_dav_kind { SP_DAV_FOLDER, SP_DAV_WAITING, SP_DAV_SCAN };

struct sp_dav_row {
    const char *path;
    enum sp_dav_kind kind;
    const char *job;    /* SCAN: its id */
    const char *file;   /* WAITING: what its bytes are called in the waiting room; "" when it has none */
    const char *type;   /* "" when it is not known */
    const char *sha256; /* of the bytes, in hex; "" for a folder */
    uint64_t size;
    int64_t created, modified;
    int64_t expires; /* from then on it is not there any more */
};

/* In all of them the texts that are returned live in the arena. */
enum sp_rc sp_dav_find(struct sp_db *db, const char *owner, const char *path, int64_t now, struct sp_arena *arena,
                       struct sp_dav_row *ret, struct sp_err *err); /* SP_E_NOTFOUND */
/* What is directly in a folder: the newest `limit`, newest first. */
enum sp_rc sp_dav_list(struct sp_db *db, const char *owner, const char *folder, int64_t now, size_t limit,
                       struct sp_arena *arena, struct sp_dav_row **ret, size_t *ret_count, struct sp_err *err);
/* Stores a row, in place of the one that had its path. */
enum sp_rc sp_dav_put(struct sp_db *db, const char *owner, const struct sp_dav_row *row, struct sp_err *err);
/* Takes a path away with all that is below it, and the locks there. The rows that went, expired ones among them, are
 * returned: their bytes are the caller's to remove. */
enum sp_rc sp_dav_remove(struct sp_db *db, const char *owner, const char *path, struct sp_arena *arena,
                         struct sp_dav_row **ret, size_t *ret_count, struct sp_err *err);
/* Renames a path and all that is below it; locks stay behind and end. Nothing may be at `to`: SP_E_CONFLICT. */
enum sp_rc sp_dav_rename(struct sp_db *db, const char *owner, const char *from, const char *to, struct sp_err *err);

struct sp_dav_usage {
    size_t folders, waiting;
    uint64_t waiting_bytes;
};
enum sp_rc sp_dav_usage(struct sp_db *db, const char *owner, int64_t now, struct sp_dav_usage *ret, struct sp_err *err);

struct sp_dav_lock {
    const char *token; /* "opaquelocktoken:..." */
    const char *path;
    bool deep;          /* with all that is below */
    bool shared;        /* others may have one too, if theirs is shared */
    const char *holder; /* what the client says of itself */
    bool holder_is_link;
    int64_t timeout_ms, expires;
};
enum sp_rc sp_dav_locks(struct sp_db *db, const char *owner, int64_t now, size_t limit, struct sp_arena *arena,
                        struct sp_dav_lock **ret, size_t *ret_count, struct sp_err *err);
/* A new one, or the same one with a later end. */
enum sp_rc sp_dav_lock_put(struct sp_db *db, const char *owner, const struct sp_dav_lock *lock, struct sp_err *err);
enum sp_rc sp_dav_lock_remove(struct sp_db *db, const char *owner, const char *token, struct sp_err *err);

/* Forgets rows and locks whose time is over. */
enum sp_rc sp_dav_expire(struct sp_db *db, int64_t now, struct sp_err *err);

#endif
