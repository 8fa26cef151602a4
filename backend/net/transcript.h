/* transcript.h - what was said during one attempt, for the person who wants to see it. A line a command or a reply:
 *
 *     0.412 C: RCPT TO:<a@contoso.com>       us
 *     0.437 S: 250 2.1.5 Recipient OK        the other side
 *     0.437 -- connected to 192.0.2.1        what happened in between
 *
 * No secret gets in: whoever speaks writes secrets down as "(secret)" and bodies as their size, and blots what it used
 * out of what comes back (sp_secret_blot). Words of the other side that look like a token or a signature are replaced
 * all the same.
 *
 * Bounded: a line and the whole are cut; of a long dialogue the beginning and the end stay. Of one thread. A NULL
 * transcript writes nothing. */
#ifndef SP_NET_TRANSCRIPT_H
#define SP_NET_TRANSCRIPT_H

#include <stddef.h>
#include <stdint.h>

struct sp_clock;

enum {
    SP_TRANSCRIPT_SIZE = 8 * 1024,
    SP_TRANSCRIPT_LINE = 1024, /* Exchange's refusals go beyond 512 bytes */
};

struct sp_transcript {
    const struct sp_clock *clock; /* borrowed */
    int64_t begun;                /* monotonic */
    size_t len;
    size_t head;     /* so much stays in any case */
    size_t left_out; /* lines, behind it */
    char text[SP_TRANSCRIPT_SIZE];
};

void sp_transcript_begin(struct sp_transcript *transcript, const struct sp_clock *clock);

void sp_transcript_us(struct sp_transcript *transcript, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* As it came: it is cleaned here. */
void sp_transcript_peer(struct sp_transcript *transcript, const char *words);
void sp_transcript_note(struct sp_transcript *transcript, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The whole, with a line that tells how many were left out. Valid as long as the transcript. */
const char *sp_transcript_text(struct sp_transcript *transcript);

#endif
