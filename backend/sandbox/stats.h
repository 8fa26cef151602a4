/* stats.h - DIR/stats.json: how much came, and how much of it at once, so that tests can say "never a fourth
 * connection". The file is replaced at every change, before the client hears of it: who has an answer finds it counted.
 * It is not fsynced. Threads may share it. */
#ifndef SP_SANDBOX_STATS_H
#define SP_SANDBOX_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct sp_box_stats;

/* A gauge is followed by its maximum. */
enum sp_box_count {
    SP_BOX_MX_OPEN, /* connections */
    SP_BOX_MX_OPEN_MAX,
    SP_BOX_MX_MESSAGES,
    SP_BOX_RELAY_MESSAGES,
    SP_BOX_SUBMISSION_OPEN,
    SP_BOX_SUBMISSION_OPEN_MAX,
    SP_BOX_SIGNED_IN, /* connections */
    SP_BOX_SIGNED_IN_MAX,
    SP_BOX_SUBMISSION_MESSAGES,
    SP_BOX_SUBMISSION_RECIPIENTS,
    SP_BOX_SUBMISSION_WINDOW_MAX, /* messages in one window of the rate */
    SP_BOX_SUBMISSION_OVER_SEATS, /* how often was said: too many connections */
    SP_BOX_SUBMISSION_OVER_RATE,
    SP_BOX_SUBMISSION_OVER_DAY,
    SP_BOX_TOKEN_OPEN,
    SP_BOX_TOKEN_OPEN_MAX,
    SP_BOX_TOKENS_BY_SECRET,
    SP_BOX_TOKENS_BY_CERTIFICATE,
    SP_BOX_TOKENS_REFUSED,
    SP_BOX_GRAPH_OPEN,
    SP_BOX_GRAPH_OPEN_MAX,
    SP_BOX_GRAPH_REQUESTS, /* of the mailbox at once */
    SP_BOX_GRAPH_REQUESTS_MAX,
    SP_BOX_GRAPH_MESSAGES,
    SP_BOX_GRAPH_RECIPIENTS,
    SP_BOX_GRAPH_WINDOW_MAX,
    SP_BOX_GRAPH_OVER_REQUESTS,
    SP_BOX_GRAPH_OVER_RATE,
    SP_BOX_GRAPH_OVER_DAY,
    SP_BOX_GRAPH_THROTTLED, /* 429 for whatever reason */
    SP_BOX_COUNTS           /* how many */
};

enum sp_rc sp_box_stats_open(int dirfd, struct sp_box_stats **ret, struct sp_err *err);
void sp_box_stats_close(struct sp_box_stats **stats);

void sp_box_stats_add(struct sp_box_stats *stats, enum sp_box_count count, uint64_t n);
/* Up or down by one. */
void sp_box_stats_gauge(struct sp_box_stats *stats, enum sp_box_count gauge, bool up);
/* The largest that was ever said. */
void sp_box_stats_high(struct sp_box_stats *stats, enum sp_box_count count, uint64_t value);

#endif
