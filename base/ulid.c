/* ulid.c - the 128 bits are a big-endian number; 26 digits of five bits hold 130, so the first digit is at most '7'. */
#include "base/ulid.h"

#include <string.h>

#include "base/digest.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
enum { TIME_DIGITS = 10 };
static const uint64_t max_ms = (UINT64_C(1) << 48) - 1;

/* Adds one; false when all 80 bits were used up. */
static bool
increment(uint8_t random[10])
{
    for (size_t i = 10; i-- > 0;)
        if (++random[i] != 0)
            return true;
    return false;
}

static void
advance(struct sp_ulid_gen *gen, int64_t wall_ms)
{
    uint64_t now = wall_ms < 0 ? 0 : (uint64_t)wall_ms > max_ms ? max_ms : (uint64_t)wall_ms;
    if (now <= gen->last_ms && increment(gen->last_random))
        return;
    gen->last_ms = now > gen->last_ms ? now : gen->last_ms + 1;
    sp_random_bytes(gen->last_random, sizeof gen->last_random);
}

/* Eighty bits are sixteen digits: five bytes make eight of them. */
static void
encode_random(const uint8_t random[10], char *to)
{
    for (size_t half = 0; half < 2; half++) {
        uint64_t bits = 0;
        for (size_t i = 0; i < 5; i++)
            bits = bits << 8 | random[half * 5 + i];
        for (size_t digit = 8; digit-- > 0; bits >>= 5)
            to[half * 8 + digit] = alphabet[bits & 31];
    }
}

void
sp_ulid_new(struct sp_ulid_gen *gen, int64_t wall_ms, char buffer[SP_ULID_SIZE])
{
    pthread_mutex_lock(&gen->lock);
    advance(gen, wall_ms);
    uint64_t ms = gen->last_ms;
    encode_random(gen->last_random, buffer + TIME_DIGITS);
    pthread_mutex_unlock(&gen->lock);
    for (size_t digit = TIME_DIGITS; digit-- > 0; ms >>= 5)
        buffer[digit] = alphabet[ms & 31];
    buffer[SP_ULID_LEN] = '\0';
}

bool
sp_ulid_valid(const char *text)
{
    return strspn(text, alphabet) == SP_ULID_LEN && text[SP_ULID_LEN] == '\0' && text[0] <= '7';
}

int64_t
sp_ulid_ms(const char *text)
{
    int64_t ms = 0;
    for (size_t digit = 0; digit < TIME_DIGITS; digit++)
        ms = ms * 32 + (strchr(alphabet, text[digit]) - alphabet);
    return ms;
}
