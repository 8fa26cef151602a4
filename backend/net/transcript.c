/* transcript.c - see transcript.h. */
#include "backend/net/transcript.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

enum {
    HEAD = SP_TRANSCRIPT_SIZE / 2,
    MARK_MAX = 64, /* "(1234 lines are left out)" */
    ROOM = SP_TRANSCRIPT_SIZE - MARK_MAX - 1,
    SECRET_LIKE = 41, /* longer than a GUID, and than the SHA-1 by which certificates are named */
};

void
sp_transcript_begin(struct sp_transcript *transcript, const struct sp_clock *clock)
{
    transcript->clock = clock;
    transcript->begun = sp_mono_ms(clock);
    transcript->len = transcript->head = transcript->left_out = 0;
    transcript->text[0] = '\0';
}

/* --- what looks like a secret --- */

static bool
is_of_base64(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
           c == '=' || c == '_' || c == '-' || c == '~';
}

/* "eyJ" is how base64 of a JSON object begins: a token, whose parts are joined by dots. */
static size_t
secret_like(const char *at)
{
    bool token = strncmp(at, "eyJ", 3) == 0;
    size_t n = 0;
    while (is_of_base64(at[n]) || (token && at[n] == '.'))
        n++;
    return n >= SECRET_LIKE || (token && n > 12) ? n : 0;
}

/* Everything comes out shorter than it was, so it fits. */
static void
hide_secrets(char *line)
{
    char *to = line;
    bool begins = true;
    for (const char *at = line; *at != '\0';) {
        size_t n = begins ? secret_like(at) : 0;
        begins = !is_of_base64(*at) || *at == '='; /* "access_token=eyJ..." */
        if (n == 0) {
            *to++ = *at++;
            continue;
        }
        to += snprintf(to, 12, "(secret)");
        at += n;
    }
    *to = '\0';
}

/* --- lines --- */

/* Makes room for `size` bytes by leaving out the oldest lines behind the head. */
static void
make_room(struct sp_transcript *t, size_t size)
{
    size_t gone = 0, head = t->head;
    while (t->len - gone + size > ROOM && head + gone < t->len) {
        const char *from = t->text + head + gone;
        const char *end = memchr(from, '\n', t->len - head - gone);
        gone += end != NULL ? (size_t)(end + 1 - from) : t->len - head - gone;
        t->left_out++;
    }
    memmove(t->text + head, t->text + head + gone, t->len - head - gone);
    t->len -= gone;
}

static void
add(struct sp_transcript *t, const char *who, const char *words)
{
    char head[48];
    int64_t ms = sp_mono_ms(t->clock) - t->begun;
    int n = snprintf(head, sizeof head, "%5lld.%03d %s ", (long long)(ms / 1000), (int)(ms % 1000), who);
    size_t head_size = n < 0 ? 0 : (size_t)n, size = strlen(words);
    make_room(t, head_size + size + 1);
    memcpy(t->text + t->len, head, head_size);
    memcpy(t->text + t->len + head_size, words, size);
    t->len += head_size + size + 1;
    memcpy(t->text + t->len - 1, "\n", 2);
    if (t->left_out == 0 && t->len <= HEAD)
        t->head = t->len;
}

static void
vadd(struct sp_transcript *t, const char *who, const char *format, va_list args)
{
    char raw[SP_TRANSCRIPT_LINE], clean[SP_TRANSCRIPT_LINE];
    (void)sp_text_vformat(raw, sizeof raw, format, args);
    add(t, who, sp_log_clean(clean, sizeof clean, raw));
}

void
sp_transcript_us(struct sp_transcript *transcript, const char *format, ...)
{
    va_list args;
    if (transcript == NULL)
        return;
    va_start(args, format);
    vadd(transcript, "C:", format, args);
    va_end(args);
}

void
sp_transcript_note(struct sp_transcript *transcript, const char *format, ...)
{
    va_list args;
    if (transcript == NULL)
        return;
    va_start(args, format);
    vadd(transcript, "--", format, args);
    va_end(args);
}

void
sp_transcript_peer(struct sp_transcript *transcript, const char *words)
{
    char clean[SP_TRANSCRIPT_LINE];
    if (transcript == NULL)
        return;
    (void)sp_log_clean(clean, sizeof clean, words);
    hide_secrets(clean);
    add(transcript, "S:", clean);
}

const char *
sp_transcript_text(struct sp_transcript *transcript)
{
    char mark[MARK_MAX];
    if (transcript->left_out == 0)
        return transcript->text;
    int n = snprintf(mark, sizeof mark, "          (%zu lines are left out)\n", transcript->left_out);
    memmove(transcript->text + transcript->head + n, transcript->text + transcript->head,
            transcript->len + 1 - transcript->head);
    memcpy(transcript->text + transcript->head, mark, (size_t)n);
    transcript->len += (size_t)n;
    transcript->left_out = 0;
    return transcript->text;
}
