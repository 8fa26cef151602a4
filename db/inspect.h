/* inspect.h - the database and the spool held against each other, for people: nothing is changed. Beside a daemon that
 * works, or without one. */
#ifndef SP_DB_INSPECT_H
#define SP_DB_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ulid.h"

struct sp_inspection {
    int version, newest; /* of the database; the newest that this program knows */
    char damage[300];    /* what SQLite's quick_check says; "" : nothing */
    size_t jobs, waiting;
    int64_t newest_job; /* created, wall ms; 0: there is none */
    size_t missing;     /* jobs whose documents should be there and are not, or not in their size */
    char first_missing[SP_ULID_SIZE];
    size_t orphans; /* entries of the spool that the database does not know, older than `grace_ms` */
    char first_orphan[SP_ULID_SIZE];
    uint64_t size, wal_size; /* of the database, and of its log */
};

/* SP_E_NOTFOUND: no database; SP_E_DENIED: not for this user. Damage and versions are told in ret, not as errors. */
enum sp_rc sp_inspect(const char *state_dir, int64_t now_ms, int64_t grace_ms, struct sp_inspection *ret,
                      struct sp_err *err);

#endif
