/* shared_sync.h - one fsync of a directory, or one syncfs of a file system, for all who need it at the same time.
 * Whoever comes while one runs waits for the next, because the running one may have begun before his change. */
#ifndef SP_BASE_SHARED_SYNC_H
#define SP_BASE_SHARED_SYNC_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

typedef int sp_sync_fn(int fd); /* fsync(2) or syncfs(2) */

struct sp_shared_sync {
    sp_sync_fn *fn;
    int fd; /* borrowed */
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool running;
    uint64_t begun, done; /* how many were */
    uint64_t failed;      /* the number of the last one that failed, and why */
    int failed_errno;
};

void sp_shared_sync_init(struct sp_shared_sync *sync, sp_sync_fn *fn, int fd);
void sp_shared_sync_end(struct sp_shared_sync *sync);
/* What was changed there before this call is durable after it; `what` is for the error text. Calls may come from any
 * thread. */
enum sp_rc sp_shared_sync(struct sp_shared_sync *sync, const char *what, struct sp_err *err);

/* For who writes a while before he syncs. The kernel tells of bytes that could not be written once, to the sync that
 * comes next, whoever asked for it: so his fails, too, when any did that ended after the mark. */
uint64_t sp_shared_sync_mark(struct sp_shared_sync *sync); /* before the first change */
enum sp_rc sp_shared_sync_since(struct sp_shared_sync *sync, uint64_t mark, const char *what, struct sp_err *err);

#endif
