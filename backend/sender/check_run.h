/* check_run.h - checks that somebody asked for (db/check.h): walked one after the other, in a thread that lives only
 * while there are any. */
#ifndef SP_SENDER_CHECK_RUN_H
#define SP_SENDER_CHECK_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct sp_batch;
struct sp_checker;
struct sp_clock;
struct sp_db;
struct sp_log;
struct sp_settings;
struct sp_ways;

/* All borrowed, and longer lived. */
struct sp_checker_env {
    const struct sp_settings *settings;
    const struct sp_clock *clock;
    const struct sp_log *log;
    struct sp_ways *ways;
    struct sp_batch *batch;
    int done_fd;         /* eventfd of the dispatcher: jobs may have been released, or more checks wait */
    int gateway_wake_fd; /* told when a method's state changed */
};

/* What a crash left running is interrupted. SP_E_NOMEM, and what the database says. */
enum sp_rc sp_checker_open(const struct sp_checker_env *env, struct sp_checker **ret, struct sp_err *err);
/* Takes up what waits, if anything does and nobody is at it. db: the caller's, for reading. */
void sp_checker_look(struct sp_checker *checker, struct sp_db *db);
/* After sp_ways_stop. Waits up to so many ms for a walk to end. false: it has not, the thread still uses all of env,
 * and the process should end; checker stays. */
bool sp_checker_close(struct sp_checker **checker, int64_t patience_ms); /* accepts NULL */

#endif
