/* check.c - statements over check_run and check_step; see check.h. */
#include "db/check.h"

#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/text.h"
#include "db/db.h"
#include "db/stmt.h"

enum { STEPS_MAX = 100 };

static const char *const names[] = {
    [SP_CHECK_WAITING] = "waiting",
    [SP_CHECK_RUNNING] = "running",
    [SP_CHECK_DONE] = "done",
};

const char *
sp_check_state_name(enum sp_check_state state)
{
    return names[state];
}

static enum sp_check_state
parse(const char *word)
{
    for (size_t i = 0; i < SP_LEN(names); i++)
        if (strcmp(word, names[i]) == 0)
            return (enum sp_check_state)i;
    return SP_CHECK_DONE;
}

/* --- the gateway's side --- */

static enum sp_rc
refuse_too_many(struct sp_db *db, struct sp_err *err)
{
    static const char sql[] = "SELECT count(*) FROM check_run WHERE state = 'waiting'";
    int64_t waiting = 0;
    enum sp_rc rc = sp_db_number(db, sql, NULL, 0, &waiting, err);
    if (rc == SP_OK && waiting >= SP_CHECKS_WAITING_MAX)
        rc = sp_fail(err, SP_E_BUSY, "%lld checks wait already", (long long)waiting);
    return rc;
}

static enum sp_rc
forget_oldest(struct sp_db *db, const char *method, struct sp_err *err)
{
    static const char sql[] = "DELETE FROM check_run WHERE method = $1 AND state = 'done' AND n NOT IN"
                              " (SELECT n FROM check_run WHERE method = $1 ORDER BY n DESC LIMIT $2)";
    const struct sp_bind in[] = { sp_text(method), sp_number(SP_CHECKS_KEPT) };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

static enum sp_rc
insert(struct sp_db *db, const char *id, const char *method, const char *send_to, int64_t now, struct sp_err *err)
{
    static const char sql[] = "INSERT INTO check_run (id, method, state, send_to, created, finished, result)"
                              " VALUES ($1, $2, 'waiting', $3, $4, 0, '')";
    const struct sp_bind in[] = { sp_text(id), sp_text(method), sp_text(send_to), sp_number(now) };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

enum sp_rc
sp_check_add(struct sp_db *db, const char *id, const char *method, const char *send_to, int64_t now, struct sp_err *err)
{
    enum sp_rc rc = sp_db_begin(db, err);
    if (rc != SP_OK)
        return rc;
    rc = refuse_too_many(db, err);
    if (rc == SP_OK)
        rc = insert(db, id, method, send_to, now, err);
    if (rc == SP_OK)
        rc = forget_oldest(db, method, err);
    return sp_db_finish(db, rc, err);
}

static enum sp_rc
load_run(struct sp_db *db, const char *id, struct sp_check_run *run, struct sp_err *err)
{
    static const char sql[] =
        "SELECT id, method, state, send_to, result, created, finished FROM check_run WHERE id = $1";
    const struct sp_bind in[] = { sp_text(id) };
    struct sp_rows rows;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    if (sp_rows_next(&rows)) {
        run->id = sp_row_keep(&rows, 0, run->arena);
        run->method = sp_row_keep(&rows, 1, run->arena);
        run->state = parse(sp_row_text(&rows, 2));
        run->send_to = sp_row_keep(&rows, 3, run->arena);
        run->result = sp_row_keep(&rows, 4, run->arena);
        run->created = sp_row_number(&rows, 5);
        run->finished = sp_row_number(&rows, 6);
    }
    enum sp_rc rc = sp_rows_end(&rows, err);
    if (rc == SP_OK && run->id == NULL)
        rc = sp_fail(err, SP_E_NOTFOUND, "there is no such check");
    return rc;
}

static enum sp_rc
load_steps(struct sp_db *db, struct sp_check_run *run, struct sp_err *err)
{
    static const char sql[] = "SELECT s.stage, s.outcome, s.title, s.text, s.fix, s.reply, s.at FROM check_step s"
                              " JOIN check_run r ON r.n = s.run WHERE r.id = $1 ORDER BY s.n LIMIT $2";
    const struct sp_bind in[] = { sp_text(run->id), sp_number(STEPS_MAX) };
    struct sp_rows rows;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    while (sp_rows_next(&rows))
        run->steps[run->n_steps++] = (struct sp_check_step){
            .stage = sp_row_keep(&rows, 0, run->arena),
            .outcome = sp_row_keep(&rows, 1, run->arena),
            .title = sp_row_keep(&rows, 2, run->arena),
            .text = sp_row_keep(&rows, 3, run->arena),
            .fix = sp_row_keep(&rows, 4, run->arena),
            .reply = sp_row_keep(&rows, 5, run->arena),
            .at = sp_row_number(&rows, 6),
        };
    return sp_rows_end(&rows, err);
}

/* Both tables as they were at one moment: a run that is done has all its steps. */
static enum sp_rc
load(struct sp_db *db, const char *id, struct sp_check_run *run, struct sp_err *err)
{
    enum sp_rc rc = sp_db_begin_reading(db, err);
    if (rc != SP_OK)
        return rc;
    rc = load_run(db, id, run, err);
    if (rc == SP_OK)
        rc = load_steps(db, run, err);
    sp_db_end_reading(db);
    return rc;
}

enum sp_rc
sp_check_load(struct sp_db *db, const char *id, struct sp_check_run **ret, struct sp_err *err)
{
    struct sp_arena *arena = sp_arena_new();
    struct sp_check_run *run = arena == NULL ? NULL : sp_arena_zalloc(arena, sizeof *run);
    if (run != NULL)
        run->steps = sp_arena_array(arena, STEPS_MAX, sizeof *run->steps);
    if (run == NULL || run->steps == NULL) {
        sp_arena_free(&arena);
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    }
    run->arena = arena;
    enum sp_rc rc = load(db, id, run, err);
    if (rc == SP_OK)
        *ret = run;
    else
        sp_arena_free(&arena);
    return rc;
}

void
sp_check_free(struct sp_check_run **run)
{
    if (*run == NULL)
        return;
    struct sp_arena *arena = (*run)->arena;
    *run = NULL;
    sp_arena_free(&arena);
}

enum sp_rc
sp_check_lasts(struct sp_db *db, struct sp_check_last *ret, size_t room, size_t *ret_count, struct sp_err *err)
{
    static const char sql[] = "SELECT method, result, finished FROM check_run WHERE n IN"
                              " (SELECT max(n) FROM check_run WHERE state = 'done' GROUP BY method) LIMIT $1";
    const struct sp_bind in[] = { sp_number((int64_t)room) };
    struct sp_rows rows;
    size_t count = 0;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    while (sp_rows_next(&rows)) {
        struct sp_check_last *last = &ret[count++];
        (void)sp_text_copy(last->method, sizeof last->method, sp_row_text(&rows, 0));
        (void)sp_text_copy(last->result, sizeof last->result, sp_row_text(&rows, 1));
        last->finished = sp_row_number(&rows, 2);
    }
    enum sp_rc rc = sp_rows_end(&rows, err);
    if (rc == SP_OK)
        *ret_count = count;
    return rc;
}

/* --- the sender's side --- */

enum sp_rc
sp_check_next(struct sp_db *db, struct sp_check_order *ret, struct sp_err *err)
{
    static const char sql[] = "SELECT id, method, send_to FROM check_run INDEXED BY check_waiting"
                              " WHERE state = 'waiting' ORDER BY n LIMIT 1";
    struct sp_rows rows;
    sp_db_query(db, sql, NULL, 0, &rows);
    bool found = sp_rows_next(&rows);
    if (found) {
        (void)sp_text_copy(ret->id, sizeof ret->id, sp_row_text(&rows, 0));
        (void)sp_text_copy(ret->method, sizeof ret->method, sp_row_text(&rows, 1));
        (void)sp_text_copy(ret->send_to, sizeof ret->send_to, sp_row_text(&rows, 2));
    }
    enum sp_rc rc = sp_rows_end(&rows, err);
    return rc == SP_OK && !found ? sp_fail(err, SP_E_NOTFOUND, "no check waits") : rc;
}

/* Exactly one row must change. */
static enum sp_rc
move(struct sp_db *db, const char *sql, const struct sp_bind *in, size_t n, struct sp_err *err)
{
    size_t changed = 0;
    enum sp_rc rc = sp_db_exec(db, sql, in, n, &changed, err);
    if (rc == SP_OK && changed == 0)
        rc = sp_fail(err, SP_E_CONFLICT, "the check has moved on");
    return rc;
}

enum sp_rc
sp_check_begin(struct sp_db *db, const char *id, struct sp_err *err)
{
    static const char sql[] = "UPDATE check_run SET state = 'running' WHERE id = $1 AND state = 'waiting'";
    const struct sp_bind in[] = { sp_text(id) };
    return move(db, sql, in, SP_LEN(in), err);
}

enum sp_rc
sp_check_tell(struct sp_db *db, const char *id, const struct sp_check_step *step, struct sp_err *err)
{
    static const char sql[] =
        "INSERT INTO check_step (run, n, stage, outcome, title, text, fix, reply, at)"
        " SELECT r.n, (SELECT coalesce(max(s.n), 0) + 1 FROM check_step s WHERE s.run = r.n), $2, $3, $4, $5, $6, $7,"
        " $8 FROM check_run r WHERE r.id = $1 AND r.state = 'running'";
    const struct sp_bind in[] = {
        sp_text(id),         sp_text(step->stage), sp_text(step->outcome), sp_text(step->title),
        sp_text(step->text), sp_text(step->fix),   sp_text(step->reply),   sp_number(step->at),
    };
    return move(db, sql, in, SP_LEN(in), err);
}

enum sp_rc
sp_check_end(struct sp_db *db, const char *id, const char *result, int64_t now, struct sp_err *err)
{
    static const char sql[] =
        "UPDATE check_run SET state = 'done', result = $2, finished = $3 WHERE id = $1 AND state = 'running'";
    const struct sp_bind in[] = { sp_text(id), sp_text(result), sp_number(now) };
    return move(db, sql, in, SP_LEN(in), err);
}

enum sp_rc
sp_check_recover(struct sp_db *db, int64_t now, struct sp_err *err)
{
    static const char sql[] =
        "UPDATE check_run SET state = 'done', result = 'interrupted', finished = $1 WHERE state = 'running'";
    const struct sp_bind in[] = { sp_number(now) };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}
