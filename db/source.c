/* source.c - sums up to a row number, and the jobs behind it.
 *
 * A job's row number grows with the commits, which its id does not. It falls back only when the newest jobs are
 * forgotten, after more than a year without a scan; a remembered number beyond the newest means just that. Jobs that
 * still wait from that time are then counted twice, which nobody will mind. */
#include "db/source.h"

#include "base/arena.h"
#include "base/auto.h"
#include "db/db.h"
#include "db/stmt.h"

static enum sp_rc
borders(struct sp_db *db, int64_t *ret_from, int64_t *ret_newest, struct sp_err *err)
{
    enum sp_rc rc = sp_db_number(db, "SELECT coalesce(max(n), 0) FROM job", NULL, 0, ret_newest, err);
    if (rc == SP_OK)
        rc = sp_db_number(db, "SELECT value FROM house WHERE key = 'sources_counted'", NULL, 0, ret_from, err);
    return rc;
}

enum sp_rc
sp_sources_uncounted(struct sp_db *db, int64_t *ret, struct sp_err *err)
{
    int64_t from = 0, newest = 0;
    enum sp_rc rc = borders(db, &from, &newest, err);
    if (rc == SP_OK)
        *ret = newest < from ? newest : newest - from;
    return rc;
}

static enum sp_rc
sum(struct sp_db *db, struct sp_arena *arena, int64_t room, struct sp_source_sums *ret, struct sp_err *err)
{
    static const char sql[] = "SELECT kind, name, sum(count), max(last) FROM ("
                              "SELECT kind, name, count, last FROM source_count"
                              " UNION ALL SELECT source, source_name, count(*), max(created) FROM job"
                              " WHERE n > $1 AND n <= $2 AND source <> 'notice' GROUP BY source, source_name"
                              ") GROUP BY kind, name ORDER BY kind, name LIMIT $3";
    int64_t from = ret->counted_to > ret->newest ? 0 : ret->counted_to;
    const struct sp_bind in[] = { sp_number(from), sp_number(ret->newest), sp_number(room) };
    struct sp_rows rows;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    for (ret->count = 0; (int64_t)ret->count < room && sp_rows_next(&rows); ret->count++)
        ret->items[ret->count] = (struct sp_source_count){ .kind = sp_row_keep(&rows, 0, arena),
                                                           .name = sp_row_keep(&rows, 1, arena),
                                                           .count = sp_row_number(&rows, 2),
                                                           .last = sp_row_number(&rows, 3) };
    return sp_rows_end(&rows, err);
}

static enum sp_rc
count_in_view(struct sp_db *db, struct sp_arena *arena, struct sp_source_sums *ret, struct sp_err *err)
{
    int64_t known = 0;
    enum sp_rc rc = borders(db, &ret->counted_to, &ret->newest, err);
    if (rc == SP_OK)
        rc = sp_db_number(db, "SELECT count(*) FROM source_count", NULL, 0, &known, err);
    if (rc != SP_OK)
        return rc;
    int64_t uncounted = ret->newest < ret->counted_to ? ret->newest : ret->newest - ret->counted_to;
    int64_t room = known + uncounted;
    ret->items = sp_arena_array(arena, (size_t)room + 1, sizeof(*ret->items));
    return ret->items == NULL ? sp_fail(err, SP_E_NOMEM, "db: out of memory") : sum(db, arena, room, ret, err);
}

enum sp_rc
sp_sources_count(struct sp_db *db, struct sp_arena *arena, struct sp_source_sums *ret, struct sp_err *err)
{
    enum sp_rc rc = sp_db_begin_reading(db, err);
    if (rc != SP_OK)
        return rc;
    rc = count_in_view(db, arena, ret, err);
    sp_db_end_reading(db);
    return rc;
}

static enum sp_rc
store(struct sp_db *db, const struct sp_source_count *item, struct sp_err *err)
{
    static const char sql[] = "INSERT OR REPLACE INTO source_count (kind, name, count, last) VALUES ($1, $2, $3, $4)";
    const struct sp_bind in[] = { sp_text(item->kind), sp_text(item->name), sp_number(item->count),
                                  sp_number(item->last) };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

enum sp_rc
sp_sources_remember(struct sp_db *db, const struct sp_source_sums *sums, struct sp_err *err)
{
    static const char sql[] = "UPDATE house SET value = $2 WHERE key = 'sources_counted' AND value = $1";
    const struct sp_bind in[] = { sp_number(sums->counted_to), sp_number(sums->newest) };
    size_t changed = 0;
    enum sp_rc rc = sp_db_begin(db, err);
    if (rc != SP_OK)
        return rc;
    rc = sp_db_exec(db, sql, in, SP_LEN(in), &changed, err);
    for (size_t i = 0; i < sums->count && changed > 0 && rc == SP_OK; i++)
        rc = store(db, &sums->items[i], err);
    return sp_db_finish(db, rc, err);
}
