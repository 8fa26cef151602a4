/* refusal.c - a small table that is only ever read and written whole. */
#include "db/refusal.h"

#include "base/auto.h"
#include "base/text.h"
#include "db/db.h"
#include "db/stmt.h"

static enum sp_rc
insert(struct sp_db *db, const struct sp_refusal *item, struct sp_err *err)
{
    static const char sql[] = "INSERT INTO refusal (door, who, address, reason, what, status, first, at, count)"
                              " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    const struct sp_bind in[] = { sp_text(item->door),    sp_text(item->who),  sp_text(item->address),
                                  sp_text(item->reason),  sp_text(item->what), sp_number(item->status),
                                  sp_number(item->first), sp_number(item->at), sp_number(item->count) };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

enum sp_rc
sp_refusals_store(struct sp_db *db, const struct sp_refusal *items, size_t count, struct sp_err *err)
{
    enum sp_rc rc = sp_db_begin(db, err);
    if (rc != SP_OK)
        return rc;
    rc = sp_db_exec(db, "DELETE FROM refusal", NULL, 0, NULL, err);
    for (size_t i = 0; i < count && rc == SP_OK; i++)
        rc = insert(db, &items[i], err);
    return sp_db_finish(db, rc, err);
}

static void
read_row(struct sp_rows *rows, struct sp_refusal *item)
{
    *item = (struct sp_refusal){ .status = (int)sp_row_number(rows, 5),
                                 .first = sp_row_number(rows, 6),
                                 .at = sp_row_number(rows, 7),
                                 .count = sp_row_number(rows, 8) };
    (void)sp_text_copy(item->door, sizeof(item->door), sp_row_text(rows, 0));
    (void)sp_text_copy(item->who, sizeof(item->who), sp_row_text(rows, 1));
    (void)sp_text_copy(item->address, sizeof(item->address), sp_row_text(rows, 2));
    (void)sp_text_copy(item->reason, sizeof(item->reason), sp_row_text(rows, 3));
    (void)sp_text_copy(item->what, sizeof(item->what), sp_row_text(rows, 4));
}

enum sp_rc
sp_refusals_read(struct sp_db *db, struct sp_refusal *ret, size_t room, size_t *ret_count, struct sp_err *err)
{
    static const char sql[] = "SELECT door, who, address, reason, what, status, first, at, count FROM refusal"
                              " ORDER BY at DESC LIMIT $1";
    const struct sp_bind in[] = { sp_number((int64_t)room) };
    struct sp_rows rows;
    size_t count = 0;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    while (count < room && sp_rows_next(&rows))
        read_row(&rows, &ret[count++]);
    *ret_count = count;
    return sp_rows_end(&rows, err);
}
