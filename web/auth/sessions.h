/* sessions.h - who is signed in. Bounded: with all places taken, the one that has been idle longest ends; and
 * before that, of one person's, so that nobody signs the others out by signing in again and again. Not locked. */
#ifndef SP_WEB_AUTH_SESSIONS_H
#define SP_WEB_AUTH_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "web/auth/auth.h"

enum {
    SP_SESSIONS_ROOM = 256,
    SP_SESSIONS_EACH = 32,
    SP_SESSION_IDLE_MS = 30 * 60 * 1000,
    SP_SESSION_END_MS = 12 * 60 * 60 * 1000,
    SP_NAME_SIZE = 65,
};

struct sp_sessions { /* initialise with { 0 } */
    struct sp_session_entry {
        char token[SP_SESSION_TEXT_SIZE]; /* "" : free */
        char csrf[SP_SESSION_TEXT_SIZE];
        char name[SP_NAME_SIZE];
        int64_t begun, seen; /* monotonic */
        uint64_t number;     /* from 1 on, of no other session before */
    } entries[SP_SESSIONS_ROOM];
    uint64_t begun; /* so many, since the start */
};

/* Always a new token, so nobody can give another a session to use (fixation). */
const struct sp_session_entry *sp_sessions_begin(struct sp_sessions *sessions, const char *name, int64_t now);
/* Marks it as seen; NULL when there is none or its time is over. */
const struct sp_session_entry *sp_sessions_find(struct sp_sessions *sessions, const char *token, int64_t now);
/* Without marking it as seen: listening is not being there. */
bool sp_sessions_lives(const struct sp_sessions *sessions, uint64_t number, int64_t now);
void sp_sessions_end(struct sp_sessions *sessions, const char *token);
void sp_sessions_end_of(struct sp_sessions *sessions, const char *name);

/* 256 random bits in 43 letters that need no quoting anywhere. */
void sp_random_text(char text[SP_SESSION_TEXT_SIZE]);
/* Takes as long for a wrong text as for the right one. */
bool sp_text_equal_slowly(const char *a, const char *b);

#endif
