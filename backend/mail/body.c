#include "backend/mail/body.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { LINE_MAX_COLUMNS = 76 }; /* RFC 2045 section 6.7 (5), with the '=' of a soft break */

/* The length of the line at text, without its "\n" or "\r\n"; *ret_next is where the next one begins. */
static size_t
line_length(const char *text, const char **ret_next)
{
    size_t len = strcspn(text, "\n");
    *ret_next = text[len] == '\n' ? text + len + 1 : text + len;
    return len > 0 && text[len - 1] == '\r' ? len - 1 : len;
}

static bool
line_plain(const char *line, size_t len)
{
    if (len > LINE_MAX_COLUMNS || (len >= 2 && line[0] == '-' && line[1] == '-'))
        return false;
    if (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'))
        return false; /* relays trim such lines */
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] >= 0x7f || ((unsigned char)line[i] < 0x20 && line[i] != '\t'))
            return false;
    return true;
}

static bool
stands_plain(const char *text)
{
    for (const char *next = NULL; *text != '\0'; text = next) {
        size_t len = line_length(text, &next);
        if (!line_plain(text, len))
            return false;
    }
    return true;
}

/* A character as quoted-printable writes it. A dash at the start of a line could begin a boundary, a dot could be lost
 * on the way, "From " gets a '>' in old mailboxes. */
static void
quote_char(char c, bool first, bool last, char token[4])
{
    bool blank = c == ' ' || c == '\t';
    bool as_is = (c > ' ' && c < 0x7f && c != '=') || (blank && !last);
    if (first && (c == '-' || c == '.' || c == 'F'))
        as_is = false;
    if (as_is)
        (void)snprintf(token, 4, "%c", c);
    else
        (void)snprintf(token, 4, "=%02X", (unsigned)(unsigned char)c);
}

static void
quote_line(struct sp_str *out, const char *line, size_t len)
{
    size_t column = 0;
    for (size_t i = 0; i < len; i++) {
        char token[4];
        quote_char(line[i], column == 0, i + 1 == len, token);
        if (column + strlen(token) > LINE_MAX_COLUMNS - 1) {
            sp_str_add(out, "=\r\n");
            column = 0;
            quote_char(line[i], true, i + 1 == len, token);
        }
        sp_str_add(out, token);
        column += strlen(token);
    }
    sp_str_add(out, "\r\n");
}

static void
add_text(struct sp_str *out, const char *text, bool plain)
{
    sp_str_addf(out,
                "Content-Type: text/plain; charset=utf-8\r\n"
                "Content-Transfer-Encoding: %s\r\n\r\n",
                plain ? "7bit" : "quoted-printable");
    for (const char *next = NULL; *text != '\0'; text = next) {
        size_t len = line_length(text, &next);
        if (plain) {
            sp_str_add_n(out, text, len);
            sp_str_add(out, "\r\n");
        } else {
            quote_line(out, text, len);
        }
    }
}

void
sp_body_part(struct sp_str *out, const char *text)
{
    struct sp_str whole = { 0 };
    if (text != NULL)
        sp_utf8_repair(&whole, text, strlen(text), false);
    add_text(out, sp_str_text(&whole), stands_plain(sp_str_text(&whole)));
    out->failed = out->failed || whole.failed;
    sp_str_free(&whole);
}
