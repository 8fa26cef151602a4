/* clock.h - the two clocks: the wall's for people and the database, a monotonic one (CLOCK_BOOTTIME) for every wait.
 * Tests inject their own. */
#ifndef SP_BASE_CLOCK_H
#define SP_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_clock {
    int64_t (*wall_ms)(void *context); /* ms since 1970, UTC */
    int64_t (*mono_ms)(void *context); /* ms since some moment, also counted while the machine sleeps */
    void *context;
};

extern const struct sp_clock sp_clock_system;

int64_t sp_wall_ms(const struct sp_clock *clock);
int64_t sp_mono_ms(const struct sp_clock *clock);

/* Milliseconds left until a moment on the monotonic clock, as poll(2) wants it: 0 when it has passed. */
int sp_ms_left(const struct sp_clock *clock, int64_t mono_deadline);

enum { SP_ISO_TIME_SIZE = 25 };
/* "2026-11-23T12:00:00.000Z" */
void sp_time_iso(int64_t wall_ms, char buffer[SP_ISO_TIME_SIZE]);
/* RFC 3339 with or without fraction, 'Z' or an offset; a bare date means its midnight UTC. false when it is none. */
bool sp_time_parse(const char *text, int64_t *ret_wall_ms);

#endif
