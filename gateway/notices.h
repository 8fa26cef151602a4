/* notices.h - tells people what they must know: a job failed for good (the admin, and the person who scanned where
 * known), a method is down or back, a secret or certificate will end, scans wait for long, a source gone silent.
 * Bundled: one mail per `notify.every`, whatever happens. A mail leaves as every job does, by a method that works; a
 * webhook and a command are told besides.
 *
 * What is news is worked out from the database each time, against what was told before (db/notice.h), so nothing is
 * forgotten by a restart and nothing is told twice. */
#ifndef SP_GATEWAY_NOTICES_H
#define SP_GATEWAY_NOTICES_H

#include <stdint.h>

#include "base/err.h"

struct sp_batch;
struct sp_clock;
struct sp_db;
struct sp_log;
struct sp_notices;
struct sp_settings;
struct sp_spool;

struct sp_notices_options {
    const struct sp_settings *settings;
    struct sp_batch *batch;
    struct sp_db *db; /* for reading, of the calling thread */
    struct sp_spool *spool;
    const struct sp_clock *clock;
    const struct sp_log *log;
    int wake_fd; /* eventfd of the sender: a notice is a job */
};

/* Borrows everything. */
enum sp_rc sp_notices_new(const struct sp_notices_options *options, struct sp_notices **ret, struct sp_err *err);
/* After every wake-up, and when the time it returns (ms) is over: at most an hour. */
int64_t sp_notices_look(struct sp_notices *notices);
void sp_notices_free(struct sp_notices **notices); /* accepts NULL; leaves NULL */

#endif
