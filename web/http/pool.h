/* pool.h - a few threads that do what has to wait for a disk. Each has a reading connection to the database, opened
 * when it first works and again after it could not be. A task is part of what it works on, so adding never fails. */
#ifndef SP_WEB_HTTP_POOL_H
#define SP_WEB_HTTP_POOL_H

#include "base/err.h"

struct sp_db;
struct sp_log;
struct sp_pool;

struct sp_task {
    struct sp_task *next; /* the pool's */
    /* db: NULL when it could not be opened. The task's memory is the function's to free. */
    void (*run)(struct sp_task *task, struct sp_db *db);
};

/* state_dir: NULL when the tasks need no database. */
enum sp_rc sp_pool_start(unsigned threads, const char *state_dir, const struct sp_log *log, struct sp_pool **ret,
                         struct sp_err *err);
void sp_pool_add(struct sp_pool *pool, struct sp_task *task); /* from any thread */
/* Does what was added, then ends the threads. Accepts NULL; leaves NULL. */
void sp_pool_stop(struct sp_pool **pool);

#endif
