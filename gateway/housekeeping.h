/* housekeeping.h - what the gateway does when woken or once an hour: notes beside dropped files whose job failed,
 * documents whose retention is over, history that is old, idempotency keys of yesterday. */
#ifndef SP_GATEWAY_HOUSEKEEPING_H
#define SP_GATEWAY_HOUSEKEEPING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct sp_batch;
struct sp_clock;
struct sp_db;
struct sp_folders;
struct sp_log;
struct sp_settings;
struct sp_spool;

struct sp_housekeeping {
    const struct sp_settings *settings;
    struct sp_batch *batch;
    struct sp_db *db; /* for reading, of the calling thread */
    struct sp_spool *spool;
    struct sp_folders *folders;
    const struct sp_clock *clock;
    const struct sp_log *log;
};
/* Quick; after every wake-up. */
void sp_housekeeping_notes(const struct sp_housekeeping *keeper);
/* Deletes what is due. Returns ms until it makes sense to call again (at most an hour). */
int64_t sp_housekeeping_sweep(const struct sp_housekeeping *keeper);
/* Takes a few jobs into the index of words, which is short work for the one thread that writes. Returns whether there
 * are more. */
bool sp_housekeeping_index(const struct sp_housekeeping *keeper);

#endif
