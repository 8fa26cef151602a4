/* stmt.h - inside db/ only: how a statement is run. SQL text, parameters and columns stand side by side:
 *
 *     static const char sql[] = "SELECT address FROM recipient WHERE job = $1 ORDER BY n";
 *     const struct sp_bind in[] = { sp_number(job) };
 *     struct sp_rows rows;
 *     sp_db_query(db, sql, in, SP_LEN(in), &rows);
 *     while (sp_rows_next(&rows))
 *         keep(sp_row_text(&rows, 0));
 *     return sp_rows_end(&rows, err);
 *
 * Prepared statements are kept per connection by the address of their text, so texts passed here are static; the one
 * call that takes a built text says so. The value of $N is in[N - 1]. */
#ifndef SP_DB_STMT_H
#define SP_DB_STMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_arena;
struct sp_db;
struct sqlite3;
struct sqlite3_stmt;

enum sp_bind_kind { SP_BIND_NONE, SP_BIND_TEXT, SP_BIND_RAW, SP_BIND_NUMBER };

struct sp_bind {
    enum sp_bind_kind kind;
    const char *text; /* borrowed until the statement has run */
    int64_t number;
};

static inline struct sp_bind
sp_text(const char *text) /* NULL counts as "" */
{
    return (struct sp_bind){ .kind = SP_BIND_TEXT, .text = text != NULL ? text : "" };
}

static inline struct sp_bind
sp_raw(const char *bytes) /* stored as a blob: bytes that need not be UTF-8 */
{
    return (struct sp_bind){ .kind = SP_BIND_RAW, .text = bytes != NULL ? bytes : "" };
}

static inline struct sp_bind
sp_number(int64_t number)
{
    return (struct sp_bind){ .kind = SP_BIND_NUMBER, .number = number };
}

static inline struct sp_bind
sp_none(void) /* NULL */
{
    return (struct sp_bind){ .kind = SP_BIND_NONE };
}

/* Runs a statement that returns no rows. *ret_changed (may be NULL): rows it touched. A broken constraint is
 * SP_E_CONFLICT; callers that know what clashed say so in their own words. */
enum sp_rc sp_db_exec(struct sp_db *db, const char *sql, const struct sp_bind *in, size_t n, size_t *ret_changed,
                      struct sp_err *err);
/* The first column of the first row. SP_E_NOTFOUND: there is none. */
enum sp_rc sp_db_number(struct sp_db *db, const char *sql, const struct sp_bind *in, size_t n, int64_t *ret,
                        struct sp_err *err);
/* The row number that the last INSERT gave. */
int64_t sp_db_last_row(struct sp_db *db);

struct sp_rows {
    struct sp_db *db;
    struct sqlite3_stmt *stmt;
    bool kept;         /* the statement belongs to the connection's cache */
    struct sp_err err; /* the first failure; then there are no more rows */
};

void sp_db_query(struct sp_db *db, const char *sql, const struct sp_bind *in, size_t n, struct sp_rows *ret);
/* For a text that was built for this call. It is prepared anew each time. */
void sp_db_query_built(struct sp_db *db, const char *sql, const struct sp_bind *in, size_t n, struct sp_rows *ret);
bool sp_rows_next(struct sp_rows *rows);
enum sp_rc sp_rows_end(struct sp_rows *rows, struct sp_err *err);

/* Columns of the current row. Texts are never NULL and live until the next row; _keep copies into an arena, and ends
 * the rows when memory is out. */
const char *sp_row_text(struct sp_rows *rows, int column);
const char *sp_row_keep(struct sp_rows *rows, int column, struct sp_arena *arena);
int64_t sp_row_number(struct sp_rows *rows, int column);

/* A consistent view over several queries; inside a transaction it is part of that. Ends with sp_db_end_reading. */
enum sp_rc sp_db_begin_reading(struct sp_db *db, struct sp_err *err);
void sp_db_end_reading(struct sp_db *db);

/* commit when rc is SP_OK, else rollback. Returns what became of it. */
enum sp_rc sp_db_finish(struct sp_db *db, enum sp_rc rc, struct sp_err *err);

/* The transaction was undone by SQLite itself, as it does when the disk is full or fails in the middle. */
bool sp_db_lost(const struct sp_db *db);

/* For migrate.c: connects to a file whatever its version, and runs a text of several statements. */
enum sp_rc sp_db_connect(const char *path, int busy_ms, struct sp_db **ret, struct sp_err *err);
enum sp_rc sp_db_script(struct sp_db *db, const char *sql, struct sp_err *err);
enum sp_rc sp_db_quick_check(struct sp_db *db, struct sp_err *err); /* SP_E_CORRUPT */
struct sqlite3 *sp_db_handle(struct sp_db *db);                     /* for snapshot.c: its backup interface */
char *sp_db_path(const char *dir); /* dir/scanpost.db, to be freed; NULL when memory is out */

#endif
