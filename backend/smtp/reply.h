/* reply.h - SMTP replies (RFC 5321 section 4.2), read line by line.
 *
 *   reply   = *( code "-" [ text ] CRLF ) code [ SP text ] CRLF        code = 3DIGIT
 *   text    = [ enhanced SP ] words                                    enhanced = class "." subject "." detail (RFC
 * 3463)
 *
 * Exchange writes lines of more than 1 kB, and "550;5.7.711 ..." once; both are read. What a reply may hold is capped:
 * what comes after the cap is read and forgotten. Pure. */
#ifndef SP_SMTP_REPLY_H
#define SP_SMTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>

enum { SP_REPLY_TEXT_MAX = 4096, SP_REPLY_LINES_MAX = 256 };

struct sp_reply {
    int code;                     /* 200 to 599 */
    char enhanced[16];            /* "5.7.1" or "" */
    char text[SP_REPLY_TEXT_MAX]; /* words without codes, lines joined by '\n', cut at the cap, cleaned to UTF-8
                                     without control characters */
    size_t lines;
};

enum sp_reply_step { SP_REPLY_MORE, SP_REPLY_DONE, SP_REPLY_GARBAGE };

void sp_reply_begin(struct sp_reply *reply);
/* Feeds one line without its CRLF. GARBAGE: no code, another code than the line before, too many lines. */
enum sp_reply_step sp_reply_line(struct sp_reply *reply, const char *line, size_t len);
/* "550 5.7.1 words", lines joined by " / ": as it is stored and shown. */
void sp_reply_format(const struct sp_reply *reply, char *buffer, size_t size);

#endif
