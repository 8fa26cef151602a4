/* errand.h - one job's run: plan, claim, attempt, record, and the next method at once when one is shut; until the job
 * is settled or has to wait. A worker thread runs one errand at a time. */
#ifndef SP_SENDER_ERRAND_H
#define SP_SENDER_ERRAND_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "backend/delivery/point.h"

struct sp_batch;
struct sp_clock;
struct sp_db;
struct sp_log;
struct sp_settings;
struct sp_spool;
struct sp_ways;

/* What may be asked about an errand while it runs, from another thread. */
struct sp_errand_hold {
    struct sp_point point;   /* of the attempt under way */
    _Atomic int64_t use_row; /* in the budget's book, of the claim; 0: none */
};

struct sp_errand_env {
    const struct sp_settings *settings;
    const struct sp_clock *clock;
    const struct sp_log *log;
    struct sp_ways *ways;
    struct sp_spool *spool;
    struct sp_batch *batch;
    struct sp_db *db;            /* for reading, of this worker */
    int gateway_wake_fd;         /* told when a job moved */
    int large_fd;                /* eventfd: told when a large message has its connection; -1: nobody */
    struct sp_errand_hold *hold; /* NULL: nobody will end it in the middle */
};

/* Returns false when the job could not be moved although it is due (the database did not answer): try it again, but not
 * at once. */
bool sp_errand_run(const struct sp_errand_env *env, const char *id);

#endif
