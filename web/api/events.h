/* events.h - what changes, told live to whoever looks (GET /api/v1/events, server-sent events): one thread that sleeps
 * while nobody does, reads the pipe of changes (db/changes.h) and looks up what they are now. Bursts are folded: a
 * listener hears a few times a second, and when more changed than it makes sense to name, only that much did. */
#ifndef SP_WEB_API_EVENTS_H
#define SP_WEB_API_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_auth;
struct sp_clock;
struct sp_events;
struct sp_log;
struct sp_request;
struct sp_stream;

enum {
    SP_LISTENERS_MAX_ALL = 64, /* then the oldest of who has the most ends */
    SP_LISTENERS_MAX_EACH = 8, /* of one session; then its oldest ends: a page that was loaded again */
    SP_EVENTS_FOLD_MS = 250,
    SP_EVENTS_NAMED_MAX = 16, /* jobs in one go */
    SP_EVENTS_ALIVE_MS = 25 * 1000,
};

struct sp_events_options {
    const char *state_dir;
    int changes_fd;       /* the pipe's reading end, borrowed */
    struct sp_auth *auth; /* whose sessions still live; NULL: all do */
    const struct sp_clock *clock;
    const struct sp_log *log;
};
/* Borrows what the options point to. */
enum sp_rc sp_events_open(const struct sp_events_options *options, struct sp_events **ret, struct sp_err *err);
/* Ends all listeners, admits none, reads nothing from the pipe any more: a successor does. Accepts NULL, and a second
 * call. */
void sp_events_halt(struct sp_events *events);
/* Halts, and frees. Accepts NULL; leaves NULL. */
void sp_events_close(struct sp_events **events);

/* A new listener for the caller of req; *ret is a reference of the caller's. SP_E_BUSY: too many. */
enum sp_rc sp_events_listen(struct sp_events *events, const struct sp_request *req, struct sp_stream **ret,
                            struct sp_err *err);
/* Sessions ended: who listened with them hears nothing more. events may be NULL. */
void sp_events_sessions_ended(struct sp_events *events);
/* For tests and metrics. */
size_t sp_events_listeners(struct sp_events *events);

#endif
