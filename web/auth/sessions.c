/* sessions.c - the table of who is signed in. */
#include "web/auth/sessions.h"

#include <stddef.h>
#include <string.h>

#include "base/digest.h"
#include "base/secret.h"
#include "base/text.h"

void
sp_random_text(char text[SP_SESSION_TEXT_SIZE])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned char bytes[33] = { 0 }; /* the last one stays 0: 43 letters carry 258 bits */
    sp_random_bytes(bytes, 32);
    for (size_t i = 0; i < SP_SESSION_TEXT_SIZE - 1; i++) {
        size_t bit = i * 6;
        unsigned pair = (unsigned)bytes[bit / 8] << 8 | (bit / 8 + 1 < sizeof(bytes) ? bytes[bit / 8 + 1] : 0U);
        text[i] = letters[pair >> (10 - bit % 8) & 63];
    }
    text[SP_SESSION_TEXT_SIZE - 1] = '\0';
    sp_wipe(bytes, sizeof(bytes));
}

bool
sp_text_equal_slowly(const char *a, const char *b)
{
    size_t len = strlen(a);
    if (strlen(b) != len)
        return false;
    volatile unsigned char differs = 0;
    for (size_t i = 0; i < len; i++)
        differs = (unsigned char)(differs | (a[i] ^ b[i]));
    return differs == 0;
}

static bool
over(const struct sp_session_entry *entry, int64_t now)
{
    return now - entry->seen >= SP_SESSION_IDLE_MS || now - entry->begun >= SP_SESSION_END_MS;
}

static void
end_entry(struct sp_session_entry *entry)
{
    sp_wipe(entry, sizeof(*entry));
}

/* The one of this name that was idle longest, when it has as many as one may have; else NULL. */
static struct sp_session_entry *
one_too_many(struct sp_sessions *sessions, const char *name)
{
    struct sp_session_entry *idlest = NULL;
    int count = 0;
    for (struct sp_session_entry *entry = sessions->entries; entry < sessions->entries + SP_SESSIONS_ROOM; entry++) {
        if (entry->token[0] == '\0' || strcmp(entry->name, name) != 0)
            continue;
        count++;
        if (idlest == NULL || entry->seen < idlest->seen)
            idlest = entry;
    }
    return count < SP_SESSIONS_EACH ? NULL : idlest;
}

const struct sp_session_entry *
sp_sessions_begin(struct sp_sessions *sessions, const char *name, int64_t now)
{
    struct sp_session_entry *place = one_too_many(sessions, name);
    if (place != NULL)
        end_entry(place);
    place = &sessions->entries[0];
    for (struct sp_session_entry *entry = place; entry < sessions->entries + SP_SESSIONS_ROOM; entry++) {
        if (entry->token[0] != '\0' && over(entry, now))
            end_entry(entry);
        if (place->token[0] != '\0' && (entry->token[0] == '\0' || entry->seen < place->seen))
            place = entry;
    }
    sp_random_text(place->token);
    sp_random_text(place->csrf);
    sp_text_copy(place->name, sizeof(place->name), name);
    place->begun = place->seen = now;
    place->number = ++sessions->begun;
    return place;
}

static struct sp_session_entry *
find(struct sp_sessions *sessions, const char *token)
{
    for (int i = 0; i < SP_SESSIONS_ROOM; i++)
        if (sessions->entries[i].token[0] != '\0' && sp_text_equal_slowly(sessions->entries[i].token, token))
            return &sessions->entries[i];
    return NULL;
}

const struct sp_session_entry *
sp_sessions_find(struct sp_sessions *sessions, const char *token, int64_t now)
{
    struct sp_session_entry *entry = find(sessions, token);
    if (entry == NULL)
        return NULL;
    if (over(entry, now)) {
        end_entry(entry);
        return NULL;
    }
    entry->seen = now;
    return entry;
}

bool
sp_sessions_lives(const struct sp_sessions *sessions, uint64_t number, int64_t now)
{
    for (int i = 0; i < SP_SESSIONS_ROOM; i++)
        if (sessions->entries[i].token[0] != '\0' && sessions->entries[i].number == number)
            return !over(&sessions->entries[i], now);
    return false;
}

void
sp_sessions_end(struct sp_sessions *sessions, const char *token)
{
    struct sp_session_entry *entry = find(sessions, token);
    if (entry != NULL)
        end_entry(entry);
}

void
sp_sessions_end_of(struct sp_sessions *sessions, const char *name)
{
    for (int i = 0; i < SP_SESSIONS_ROOM; i++)
        if (strcmp(sessions->entries[i].name, name) == 0)
            end_entry(&sessions->entries[i]);
}
