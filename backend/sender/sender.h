/* sender.h - the job loop of the sender process: what is due is handed to workers, each worker runs one errand at a
 * time. Nothing polls: the loop sleeps until the gateway wakes it, a job becomes due, or an idle connection wants
 * closing. */
#ifndef SP_SENDER_SENDER_H
#define SP_SENDER_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/diagnosis/vocabulary.h"
#include "base/err.h"
#include "base/settings.h"

struct sp_clock;
struct sp_log;
struct sp_method;

struct sp_sender_options {
    const struct sp_settings *settings;
    const struct sp_clock *clock;
    const struct sp_log *log;
    int wake_fd;                  /* eventfd: the gateway made or changed a job */
    int gateway_wake_fd;          /* eventfd of the gateway; -1: nobody */
    int changes_fd;               /* where writes to the database are told; -1: nowhere */
    int stop_fd;                  /* readable: stop */
    int life_fd;                  /* end of file: the supervisor is gone, stop; -1: none */
    int ask_fd;                   /* eventfd: somebody asks whether the loop comes round */
    void (*alive)(void *context); /* it did, for the first time or because it was asked; NULL: nobody asks */
    void *alive_context;
    bool renewed;                               /* configuration or secrets are new */
    int64_t patience_ms;                        /* how long to wait for attempts under way when stopping */
    int64_t (*timeout_ms)(enum sp_stage stage); /* NULL: the protocol's own */
    const struct sp_method *(*method_of)(enum sp_method_type type); /* NULL: the real ones */
};

/* Takes the sender's lock (waiting for a predecessor to go, up to 30 s), settles what a crash left, then works until
 * told to stop. SP_OK: everything under way has ended. SP_E_BUSY: the lock is held, or attempts are still under way and
 * the process should end now: what was not handed over is queued again, and what still waits for its answer is recorded
 * as unknown by the next start. */
enum sp_rc sp_sender_run(const struct sp_sender_options *options, struct sp_err *err);

#endif
