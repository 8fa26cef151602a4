/* method_state.c - a row a method, overwritten whenever it changes. */
#include "db/method_state.h"

#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "db/stmt.h"

static const char *const names[] = {
    [SP_HEALTH_UNPROVEN] = "unproven",
    [SP_HEALTH_UP] = "up",
    [SP_HEALTH_DOWN] = "down",
    [SP_HEALTH_HALF_OPEN] = "half-open",
};

const char *
sp_health_state_name(enum sp_health_state state)
{
    return names[state];
}

/* A word that we do not know counts as unproven: the method is simply tried. */
static enum sp_health_state
parse(const char *word)
{
    for (size_t i = 0; i < SP_LEN(names); i++)
        if (strcmp(word, names[i]) == 0)
            return (enum sp_health_state)i;
    return SP_HEALTH_UNPROVEN;
}

enum sp_rc
sp_method_state_save(struct sp_db *db, const struct sp_method_state *state, struct sp_err *err)
{
    static const char sql[] = "INSERT OR REPLACE INTO method_state"
                              " (name, state, class, cause, reason, fix, since, retry_at, failures, proven_at)"
                              " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    const struct sp_bind in[] = {
        sp_text(state->name),        sp_text(names[state->state]), sp_text(state->class_name),
        sp_text(state->cause),       sp_text(state->reason),       sp_text(state->fix),
        sp_number(state->since),     sp_number(state->retry_at),   sp_number(state->failures),
        sp_number(state->proven_at),
    };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

static void
read_row(struct sp_rows *rows, struct sp_method_state *state)
{
    *state = (struct sp_method_state){ 0 };
    sp_text_copy(state->name, sizeof(state->name), sp_row_text(rows, 0));
    state->state = parse(sp_row_text(rows, 1));
    sp_text_copy(state->class_name, sizeof(state->class_name), sp_row_text(rows, 2));
    sp_text_copy(state->cause, sizeof(state->cause), sp_row_text(rows, 3));
    sp_text_copy(state->reason, sizeof(state->reason), sp_row_text(rows, 4));
    sp_text_copy(state->fix, sizeof(state->fix), sp_row_text(rows, 5));
    state->since = sp_row_number(rows, 6);
    state->retry_at = sp_row_number(rows, 7);
    state->failures = (int)sp_row_number(rows, 8);
    state->proven_at = sp_row_number(rows, 9);
}

enum sp_rc
sp_method_states_load(struct sp_db *db, struct sp_method_state *ret, size_t room, size_t *ret_count, struct sp_err *err)
{
    static const char sql[] = "SELECT name, state, class, cause, reason, fix, since, retry_at, failures, proven_at"
                              " FROM method_state ORDER BY name LIMIT $1";
    const struct sp_bind in[] = { sp_number((int64_t)room) };
    struct sp_rows rows;
    size_t count = 0;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    while (sp_rows_next(&rows))
        read_row(&rows, &ret[count++]);
    enum sp_rc rc = sp_rows_end(&rows, err);
    if (rc == SP_OK)
        *ret_count = count;
    return rc;
}
