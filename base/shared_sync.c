/* shared_sync.c - they are numbered; a caller needs the first that begins after he came. */
#include "base/shared_sync.h"

#include <errno.h>
#include <unistd.h>

void
sp_shared_sync_init(struct sp_shared_sync *sync, sp_sync_fn *fn, int fd)
{
    *sync = (struct sp_shared_sync){ .fn = fn, .fd = fd };
    pthread_mutex_init(&sync->lock, NULL);
    pthread_cond_init(&sync->ended, NULL);
}

void
sp_shared_sync_end(struct sp_shared_sync *sync)
{
    pthread_cond_destroy(&sync->ended);
    pthread_mutex_destroy(&sync->lock);
}

/* Called with the lock, and returns with it. */
static void
run_one(struct sp_shared_sync *sync)
{
    uint64_t number = ++sync->begun;
    sync->running = true;
    pthread_mutex_unlock(&sync->lock);
    int failed_errno = sync->fn(sync->fd) == 0 ? 0 : errno;
    pthread_mutex_lock(&sync->lock);
    sync->running = false;
    sync->done = number;
    if (failed_errno != 0) {
        sync->failed = number;
        sync->failed_errno = failed_errno;
    }
    pthread_cond_broadcast(&sync->ended);
}

/* One that runs now may yet be told of what is changed after this. */
uint64_t
sp_shared_sync_mark(struct sp_shared_sync *sync)
{
    pthread_mutex_lock(&sync->lock);
    uint64_t mark = sync->done + 1;
    pthread_mutex_unlock(&sync->lock);
    return mark;
}

/* A waiter that slept through a later failure is told about that one: too careful, never too trusting. */
enum sp_rc
sp_shared_sync_since(struct sp_shared_sync *sync, uint64_t mark, const char *what, struct sp_err *err)
{
    pthread_mutex_lock(&sync->lock);
    uint64_t ticket = sync->begun + 1;
    while (sync->done < ticket)
        if (sync->running)
            pthread_cond_wait(&sync->ended, &sync->lock);
        else
            run_one(sync);
    int failed_errno = sync->failed >= (mark < ticket ? mark : ticket) ? sync->failed_errno : 0;
    pthread_mutex_unlock(&sync->lock);
    if (failed_errno == 0)
        return SP_OK;
    errno = failed_errno;
    return sp_fail_errno(err, "cannot sync %s", what);
}

enum sp_rc
sp_shared_sync(struct sp_shared_sync *sync, const char *what, struct sp_err *err)
{
    return sp_shared_sync_since(sync, UINT64_MAX, what, err);
}
