/* ulid.h - identifiers that sort by time: 48 bits of milliseconds, 80 random bits, 26 characters of Crockford's base 32
 * (github.com/ulid/spec). Within one generator they are strictly increasing, even when the wall clock steps back. */
#ifndef SP_BASE_ULID_H
#define SP_BASE_ULID_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { SP_ULID_LEN = 26, SP_ULID_SIZE = SP_ULID_LEN + 1 };

struct sp_ulid_gen {
    pthread_mutex_t lock;
    uint64_t last_ms;
    uint8_t last_random[10];
};
#define SP_ULID_GEN_INIT                                                                                               \
    {                                                                                                                  \
        .lock = PTHREAD_MUTEX_INITIALIZER                                                                              \
    }

/* Calls may come from any thread. */
void sp_ulid_new(struct sp_ulid_gen *gen, int64_t wall_ms, char buffer[SP_ULID_SIZE]);
/* Exactly 26 characters of the alphabet, upper case, not over the largest time: safe as a file name. */
bool sp_ulid_valid(const char *text);
/* The moment inside a valid one, ms since 1970. */
int64_t sp_ulid_ms(const char *text);

#endif
