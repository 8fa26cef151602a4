/* dir_sync.h - one fsync of a directory for all who need it at the same time. Whoever comes while one runs waits for
 * the next, because the running one may have begun before his change. */
#ifndef SP_BASE_DIR_SYNC_H
#define SP_BASE_DIR_SYNC_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct sp_dir_sync {
    int fd; /* of the directory; borrowed */
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool running;
    uint64_t begun, done; /* how many were */
    uint64_t failed;      /* the number of the last one that failed, and why */
    int failed_errno;
};

void sp_dir_sync_init(struct sp_dir_sync *sync, int fd);
void sp_dir_sync_end(struct sp_dir_sync *sync);
/* What was renamed in the directory before this call is durable after it; `what` is for the error text. Calls may come
 * from any thread. */
enum sp_rc sp_dir_sync(struct sp_dir_sync *sync, const char *what, struct sp_err *err);

#endif
