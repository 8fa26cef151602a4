/* throttle.h - who guessed wrong lately has to wait: from the fifth wrong try on, one second, two, four, and so on.
 * Bounded: the least recent is forgotten first. Not locked. */
#ifndef SP_WEB_AUTH_THROTTLE_H
#define SP_WEB_AUTH_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

enum { SP_THROTTLE_ROOM = 512, SP_THROTTLE_KEY = 80, SP_THROTTLE_FREE_TRIES = 5 };

struct sp_throttle { /* initialise with { 0 } */
    struct sp_throttle_entry {
        char key[SP_THROTTLE_KEY]; /* "" : free */
        unsigned failures;
        int64_t last, until; /* monotonic */
    } entries[SP_THROTTLE_ROOM];
};

bool sp_throttle_blocks(const struct sp_throttle *throttle, const char *key, int64_t now);
/* max_ms: the longest wait. */
void sp_throttle_failed(struct sp_throttle *throttle, const char *key, int64_t now, int64_t max_ms);
void sp_throttle_forget(struct sp_throttle *throttle, const char *key);

#endif
