/* pool.c - a queue, a lock, a condition. */
#include "web/http/pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "db/db.h"

enum { BUSY_MS = 2000 /* readers wait for a writer only while it recovers or checkpoints */ };

struct sp_pool {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct sp_task *first, **last;
    bool ending;
    const char *state_dir;
    const struct sp_log *log;
    unsigned n_threads;
    pthread_t threads[];
};

/* NULL: there is nothing to do any more. */
static struct sp_task *
next_task(struct sp_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    while (pool->first == NULL && !pool->ending)
        pthread_cond_wait(&pool->work, &pool->lock);
    struct sp_task *task = pool->first;
    if (task != NULL) {
        pool->first = task->next;
        if (pool->first == NULL)
            pool->last = &pool->first;
    }
    pthread_mutex_unlock(&pool->lock);
    return task;
}

static void *
work(void *context)
{
    struct sp_pool *pool = context;
    struct sp_db *db = NULL;
    for (struct sp_task *task = next_task(pool); task != NULL; task = next_task(pool)) {
        struct sp_err err = { 0 };
        if (db == NULL && pool->state_dir != NULL && sp_db_open(pool->state_dir, BUSY_MS, &db, &err) != SP_OK)
            sp_error(pool->log, "http: %s", err.text);
        task->run(task, db);
    }
    sp_db_close(&db);
    return NULL;
}

enum sp_rc
sp_pool_start(unsigned threads, const char *state_dir, const struct sp_log *log, struct sp_pool **ret,
              struct sp_err *err)
{
    struct sp_pool *pool = calloc(1, sizeof(*pool) + threads * sizeof(pool->threads[0]));
    if (pool == NULL)
        return sp_fail(err, SP_E_NOMEM, "http: out of memory");
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    pool->last = &pool->first;
    pool->state_dir = state_dir;
    pool->log = log;
    for (; pool->n_threads < threads; pool->n_threads++) {
        int error = pthread_create(&pool->threads[pool->n_threads], NULL, work, pool);
        if (error != 0) {
            sp_pool_stop(&pool);
            return sp_fail(err, SP_E_BUSY, "http: cannot start a thread: %s", strerror(error));
        }
    }
    *ret = pool;
    return SP_OK;
}

void
sp_pool_add(struct sp_pool *pool, struct sp_task *task)
{
    task->next = NULL;
    pthread_mutex_lock(&pool->lock);
    *pool->last = task;
    pool->last = &task->next;
    pthread_cond_signal(&pool->work);
    pthread_mutex_unlock(&pool->lock);
}

void
sp_pool_stop(struct sp_pool **pool)
{
    struct sp_pool *p = *pool;
    if (p == NULL)
        return;
    *pool = NULL;
    pthread_mutex_lock(&p->lock);
    p->ending = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->n_threads; i++)
        pthread_join(p->threads[i], NULL);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
