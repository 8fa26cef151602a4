/* reply.c - the grammar is in reply.h.
 *
 * The enhanced code is taken from the first line; where later lines repeat it, it is left out of the text there too. */
#include "backend/smtp/reply.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/text.h"

static bool
digit(char c)
{
    return c >= '0' && c <= '9';
}

void
sp_reply_begin(struct sp_reply *reply)
{
    reply->code = 0;
    reply->lines = 0;
    reply->enhanced[0] = '\0';
    reply->text[0] = '\0';
}

/* "5.7.606" at the start of text, followed by a space, ';' or the end: its length, or 0. */
static size_t
enhanced_len(const char *text, size_t len)
{
    size_t at = 0;
    for (int part = 0; part < 3; part++) {
        size_t start = at;
        while (at < len && digit(text[at]) && at - start < 3)
            at++;
        if (at == start)
            return 0;
        if (part < 2 && (at == len || text[at++] != '.'))
            return 0;
    }
    bool ends = at == len || text[at] == ' ' || text[at] == ';';
    return ends && strchr("245", text[0]) != NULL && text[1] == '.' ? at : 0;
}

static bool
is_control(const char *c, size_t len)
{
    unsigned char first = (unsigned char)c[0];
    return (len == 1 && (first < 0x20 || first == 0x7f)) ||
           (len == 2 && first == 0xc2 && (unsigned char)c[1] < 0xa0); /* C1, U+0080 to U+009F */
}

/* Appends whole characters as long as they fit; whatever is none becomes '?'. */
static void
append_clean(struct sp_reply *reply, const char *text, size_t len)
{
    size_t used = strlen(reply->text);
    while (len > 0) {
        size_t size = sp_utf8_char(text, len);
        bool fine = size > 0 && !is_control(text, size);
        size_t step = size > 0 ? size : 1, put = fine ? size : 1;
        if (used + put >= sizeof reply->text)
            break;
        if (fine)
            memcpy(reply->text + used, text, size);
        else if (*text == '\t')
            reply->text[used] = ' ';
        else
            reply->text[used] = '?';
        used += put;
        text += step;
        len -= step;
    }
    reply->text[used] = '\0';
}

/* What follows "250-" of a line. */
static void
add_text(struct sp_reply *reply, const char *text, size_t len)
{
    size_t code = enhanced_len(text, len);
    if (reply->lines == 0 && code > 0 && code < sizeof reply->enhanced) {
        memcpy(reply->enhanced, text, code);
        reply->enhanced[code] = '\0';
    }
    if (code > 0 && strlen(reply->enhanced) == code && strncmp(reply->enhanced, text, code) == 0) {
        text += code;
        len -= code;
        if (len > 0) { /* the space or ';' behind it */
            text++;
            len--;
        }
    }
    size_t used = strlen(reply->text);
    if (reply->lines > 0 && used + 1 < sizeof reply->text) {
        reply->text[used] = '\n';
        reply->text[used + 1] = '\0';
    }
    append_clean(reply, text, len);
}

enum sp_reply_step
sp_reply_line(struct sp_reply *reply, const char *line, size_t len)
{
    if (len < 3 || line[0] < '2' || line[0] > '5' || !digit(line[1]) || !digit(line[2]))
        return SP_REPLY_GARBAGE;
    int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    char mark = ' ';
    if (len > 3)
        mark = line[3];
    if (strchr(" -;", mark) == NULL || mark == '\0' || (reply->lines > 0 && code != reply->code) ||
        reply->lines == SP_REPLY_LINES_MAX)
        return SP_REPLY_GARBAGE;
    reply->code = code;
    add_text(reply, len > 4 ? line + 4 : "", len > 4 ? len - 4 : 0);
    reply->lines++;
    return mark == '-' ? SP_REPLY_MORE : SP_REPLY_DONE;
}

void
sp_reply_format(const struct sp_reply *reply, char *buffer, size_t size)
{
    if (size == 0)
        return;
    buffer[0] = '\0';
    if (reply->code == 0)
        return;
    int len = snprintf(buffer, size, "%d%s%s%s", reply->code, reply->enhanced[0] != '\0' ? " " : "", reply->enhanced,
                       reply->text[0] != '\0' ? " " : "");
    size_t used = len > 0 && (size_t)len < size ? (size_t)len : size - 1;
    for (const char *line = reply->text; *line != '\0';) {
        size_t n = strcspn(line, "\n");
        size_t fits = sp_utf8_prefix(line, n, size - 1 - used);
        memcpy(buffer + used, line, fits);
        used += fits;
        line += n;
        if (*line == '\n' && ++line && used + 3 < size) {
            memcpy(buffer + used, " / ", 3);
            used += 3;
        }
        if (fits < n)
            break;
    }
    buffer[used] = '\0';
}
