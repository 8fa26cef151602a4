/* errand_late.c - what a mail that goes out late says of that: when it was scanned, and why it comes only now. Whoever
 * gets it should not think that somebody scanned this just now.
 *
 * It is written once, with the first claim that is late, and kept: a second copy must have the same bytes as the first.
 * So a mail that may be under way without a note never gets one. */
#include "backend/sender/errand_inside.h"

#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/log.h"

enum { LATE_MS = 3600 * 1000, MOMENT_SIZE = 24 };

/* "2026-11-28 08:14", in the time zone of the gateway, as in the subject. */
static const char *
moment(int64_t wall_ms, char buffer[MOMENT_SIZE])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm local;
    buffer[0] = '\0';
    if (localtime_r(&seconds, &local) != NULL)
        (void)strftime(buffer, MOMENT_SIZE, "%Y-%m-%d %H:%M", &local);
    return buffer;
}

static const char *
why_late(const struct sp_job *job)
{
    for (size_t i = job->n_attempts; i-- > 0;)
        if (job->attempts[i].outcome == SP_OUTCOME_FAILED && job->attempts[i].summary[0] != '\0')
            return job->attempts[i].summary;
    if (job->trouble[0] != '\0')
        return job->trouble;
    return "scanpost was not running, or had other scans before it.";
}

static bool
may_be_under_way(const struct sp_job *job)
{
    for (size_t i = 0; i < job->n_attempts; i++)
        if (job->attempts[i].outcome != SP_OUTCOME_FAILED)
            return true;
    return false;
}

void
sp_errand_note(struct errand *e)
{
    struct sp_err err = { 0 };
    char scanned[MOMENT_SIZE], sent[MOMENT_SIZE];
    int64_t now = sp_errand_now(e);
    e->note_is_new = false;
    if (e->note == NULL)
        e->note = "";
    if (e->note[0] != '\0' || now - e->job->created < LATE_MS)
        return;
    if (sp_queue_late_note(e->env->db, e->job, &e->note, &err) != SP_OK)
        sp_warn(e->env->log, "job %s: %s", e->job->id, err.text);
    if (e->note[0] != '\0' || may_be_under_way(e->job))
        return;
    const char *note = sp_arena_format(e->job->arena, "%s was made on %s and could not be sent before %s. Why: %s",
                                       strcmp(e->job->source, "notice") == 0 ? "This notice" : "This scan",
                                       moment(e->job->created, scanned), moment(now, sent), why_late(e->job));
    e->note_is_new = note != NULL;
    if (note != NULL)
        e->note = note;
}
