/* method_state.h - what the sender knows of each method, kept over restarts and shown by `scanpost methods`. */
#ifndef SP_DB_METHOD_STATE_H
#define SP_DB_METHOD_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_db;

enum sp_health_state { SP_HEALTH_UNPROVEN, SP_HEALTH_UP, SP_HEALTH_DOWN, SP_HEALTH_HALF_OPEN };
const char *sp_health_state_name(enum sp_health_state state); /* "unproven" "up" "down" "half-open" */

struct sp_method_state {
    char name[64];
    enum sp_health_state state;
    int failures; /* in a row */
    char class_name[32], cause[48];
    char reason[256], fix[1024]; /* in words; fix is for the admin */
    int64_t since, retry_at;     /* wall ms; retry_at 0: at once */
    int64_t proven_at;           /* a mail was accepted; 0: never */
};

enum sp_rc sp_method_state_save(struct sp_db *db, const struct sp_method_state *state, struct sp_err *err);
/* Up to `room` of them, by name. */
enum sp_rc sp_method_states_load(struct sp_db *db, struct sp_method_state *ret, size_t room, size_t *ret_count,
                                 struct sp_err *err);

#endif
