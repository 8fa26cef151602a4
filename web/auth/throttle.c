/* throttle.c - a small table, searched from end to end: the password hash that it saves us takes a thousand times
 * longer. */
#include "web/auth/throttle.h"

#include <string.h>

#include "base/text.h"

static const struct sp_throttle_entry *
find(const struct sp_throttle *throttle, const char *key)
{
    for (int i = 0; i < SP_THROTTLE_ROOM; i++)
        if (strncmp(throttle->entries[i].key, key, SP_THROTTLE_KEY - 1) == 0)
            return &throttle->entries[i];
    return NULL;
}

static struct sp_throttle_entry *
find_or_add(struct sp_throttle *throttle, const char *key)
{
    struct sp_throttle_entry *oldest = &throttle->entries[0];
    for (struct sp_throttle_entry *entry = oldest; entry < throttle->entries + SP_THROTTLE_ROOM; entry++) {
        if (strncmp(entry->key, key, SP_THROTTLE_KEY - 1) == 0)
            return entry;
        if (oldest->key[0] != '\0' && (entry->key[0] == '\0' || entry->last < oldest->last))
            oldest = entry;
    }
    *oldest = (struct sp_throttle_entry){ 0 };
    sp_text_copy(oldest->key, sizeof(oldest->key), key);
    return oldest;
}

bool
sp_throttle_blocks(const struct sp_throttle *throttle, const char *key, int64_t now)
{
    const struct sp_throttle_entry *entry = find(throttle, key);
    return entry != NULL && now < entry->until;
}

void
sp_throttle_failed(struct sp_throttle *throttle, const char *key, int64_t now, int64_t max_ms)
{
    struct sp_throttle_entry *entry = find_or_add(throttle, key);
    entry->failures++;
    entry->last = now;
    if (entry->failures < SP_THROTTLE_FREE_TRIES)
        return;
    unsigned doublings = entry->failures - SP_THROTTLE_FREE_TRIES;
    int64_t wait = doublings > 20 ? max_ms : (int64_t)1000 << doublings;
    entry->until = now + (wait < max_ms ? wait : max_ms);
}

void
sp_throttle_forget(struct sp_throttle *throttle, const char *key)
{
    for (int i = 0; i < SP_THROTTLE_ROOM; i++)
        if (strncmp(throttle->entries[i].key, key, SP_THROTTLE_KEY - 1) == 0)
            throttle->entries[i] = (struct sp_throttle_entry){ 0 };
}
