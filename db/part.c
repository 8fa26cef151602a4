/* part.c - a row a file. There are few of them, and not for long. */
#include "db/part.h"

#include "base/arena.h"
#include "base/auto.h"
#include "db/stmt.h"

enum sp_rc
sp_part_insert(struct sp_db *db, const struct sp_part *part, struct sp_err *err)
{
    static const char sql[] = "INSERT INTO part (job, n, entry, run, giver, slip, touched)"
                              " VALUES ($1, $2, $3, $4, $5, $6, $7)";
    const struct sp_bind in[] = { sp_text(part->job),      sp_number(part->n),   sp_text(part->entry),
                                  sp_text(part->run),      sp_text(part->giver), sp_text(part->slip),
                                  sp_number(part->touched) };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

enum sp_rc
sp_part_touch(struct sp_db *db, const struct sp_part *part, struct sp_err *err)
{
    static const char sql[] = "UPDATE part SET run = $1, giver = $2, touched = $3 WHERE job = $4 AND n = $5";
    const struct sp_bind in[] = { sp_text(part->run), sp_text(part->giver), sp_number(part->touched),
                                  sp_text(part->job), sp_number(part->n) };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

static enum sp_rc
count_parts(struct sp_db *db, const char *job, int64_t *ret, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_text(job) };
    return sp_db_number(db, "SELECT COUNT(*) FROM part WHERE job = $1", in, SP_LEN(in), ret, err);
}

/* Two statements, and one view of the table over both. */
static enum sp_rc
load_parts(struct sp_db *db, const char *job, struct sp_arena *arena, struct sp_part **ret, size_t *ret_count,
           struct sp_err *err)
{
    static const char sql[] = "SELECT job, n, entry, run, giver, slip, touched FROM part WHERE job = $1 ORDER BY n";
    const struct sp_bind in[] = { sp_text(job) };
    int64_t room = 0;
    enum sp_rc rc = count_parts(db, job, &room, err);
    if (rc != SP_OK)
        return rc;
    struct sp_part *parts = sp_arena_array(arena, (size_t)room + 1, sizeof(*parts));
    if (parts == NULL)
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    size_t n = 0;
    struct sp_rows rows;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    for (; n < (size_t)room && sp_rows_next(&rows); n++)
        parts[n] = (struct sp_part){
            .job = sp_row_keep(&rows, 0, arena),
            .n = (int)sp_row_number(&rows, 1),
            .entry = sp_row_keep(&rows, 2, arena),
            .run = sp_row_keep(&rows, 3, arena),
            .giver = sp_row_keep(&rows, 4, arena),
            .slip = sp_row_keep(&rows, 5, arena),
            .touched = sp_row_number(&rows, 6),
        };
    *ret = parts;
    *ret_count = n;
    return sp_rows_end(&rows, err);
}

enum sp_rc
sp_part_list(struct sp_db *db, const char *job, struct sp_arena *arena, struct sp_part **ret, size_t *ret_count,
             struct sp_err *err)
{
    enum sp_rc rc = sp_db_begin_reading(db, err);
    if (rc != SP_OK)
        return rc;
    rc = load_parts(db, job, arena, ret, ret_count, err);
    sp_db_end_reading(db);
    return rc;
}

enum sp_rc
sp_part_delete(struct sp_db *db, const char *job, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_text(job) };
    return sp_db_exec(db, "DELETE FROM part WHERE job = $1", in, SP_LEN(in), NULL, err);
}

enum sp_rc
sp_part_entry_known(struct sp_db *db, const char *entry, bool *ret, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_text(entry) };
    int64_t count = 0;
    enum sp_rc rc = sp_db_number(db, "SELECT COUNT(*) FROM part WHERE entry = $1", in, SP_LEN(in), &count, err);
    *ret = count > 0;
    return rc;
}

enum sp_rc
sp_part_idle(struct sp_db *db, int64_t before, struct sp_arena *arena, const char **ret_job, struct sp_err *err)
{
    static const char sql[] = "SELECT job FROM part GROUP BY job HAVING MAX(touched) < $1 LIMIT 1";
    const struct sp_bind in[] = { sp_number(before) };
    struct sp_rows rows;
    *ret_job = "";
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    if (sp_rows_next(&rows))
        *ret_job = sp_row_keep(&rows, 0, arena);
    return sp_rows_end(&rows, err);
}
