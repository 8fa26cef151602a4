/* words.c - the plain form of a peer's words, and phrases in it. */
#include "backend/diagnosis/words.h"

#include <ctype.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"

/* What replies look like after a mail program, a web page or a word processor had them. */
static const struct {
    const char *from, *to;
} plainer[] = {
    { "&lt;", "<" },         { "&gt;", ">" },         { "&quot;", "\"" },       { "&#39;", "'" },
    { "&apos;", "'" },       { "&nbsp;", " " },       { "&amp;", "&" },         { "\\u0027", "'" },
    { "\xe2\x80\x98", "'" }, { "\xe2\x80\x99", "'" }, { "\xe2\x80\x9c", "\"" }, { "\xe2\x80\x9d", "\"" },
    { "\xc2\xa0", " " },     { "<br>", " " },         { "<br/>", " " },         { "<br />", " " },
};

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* 1 to 3 digits. */
static size_t
number_read(const char *text, int *ret)
{
    size_t n = 0;
    int value = 0;
    while (n < 3 && is_digit(text[n]))
        value = value * 10 + (text[n++] - '0');
    *ret = value;
    return n;
}

size_t
sp_enhanced_read(const char *text, const char *first, int ret[3])
{
    if (text[0] == '\0' || strchr(first, text[0]) == NULL || text[1] != '.')
        return 0;
    int subject = 0;
    int detail = 0;
    size_t n = 2;
    size_t len = number_read(text + n, &subject);
    if (len == 0 || text[n + len] != '.')
        return 0;
    n += len + 1;
    len = number_read(text + n, &detail);
    n += len;
    if (len == 0 || is_digit(text[n]) || (text[n] == '.' && is_digit(text[n + 1]))) /* 5.1.2.3 is an address */
        return 0;
    ret[0] = text[0] - '0';
    ret[1] = subject;
    ret[2] = detail;
    return n;
}

/* At the start of a further line: quoting, then the codes that the first line had already. */
static const char *
skip_line_start(const char *text)
{
    while (*text == '>' || *text == ' ' || *text == '\t' || *text == '\r' || *text == '\n')
        text++;
    int code = 0;
    if (number_read(text, &code) != 3 || code < 400 || strchr(" -;", text[3]) == NULL || text[3] == '\0')
        return text;
    text += 4;
    int enhanced[3];
    return text + sp_enhanced_read(text, "45", enhanced);
}

/* One character of plain text from *at, which moves on. */
static char
plain_char(const char **at)
{
    for (size_t i = 0; i < SP_LEN(plainer); i++)
        if (sp_text_starts_nocase(*at, plainer[i].from)) {
            *at += strlen(plainer[i].from);
            return *plainer[i].to;
        }
    char c = **at;
    *at = c == '\n' ? skip_line_start(*at + 1) : *at + 1;
    return isspace((unsigned char)c) ? ' ' : c;
}

void
sp_words_plain(char *out, size_t size, const char *words)
{
    size_t n = 0;
    while (*words != '\0' && n + 1 < size) {
        char c = plain_char(&words);
        if (c != ' ' || (n > 0 && out[n - 1] != ' '))
            out[n++] = c;
    }
    out[n] = '\0';
    sp_text_lower(out);
}

static bool
contains(const char *plain, const char *phrase, size_t len)
{
    const char *end = plain + strlen(plain);
    for (const char *at = plain; (at = memmem(at, (size_t)(end - at), phrase, len)) != NULL; at++) {
        bool cut_after = is_digit(phrase[len - 1]) && is_digit(at[len]);
        bool cut_before = is_digit(phrase[0]) && at > plain && is_digit(at[-1]);
        if (!cut_after && !cut_before)
            return true;
    }
    return false;
}

/* Where a separator starts between start and end; end when there is none. */
static const char *
next_separator(const char *start, const char *end, const char *separator)
{
    const char *at = strstr(start, separator);
    return at != NULL && at < end ? at : end;
}

static bool
contains_all(const char *plain, const char *start, const char *end)
{
    for (;;) {
        const char *stop = next_separator(start, end, " & ");
        if (!contains(plain, start, (size_t)(stop - start)))
            return false;
        if (stop == end)
            return true;
        start = stop + 3;
    }
}

bool
sp_words_match(const char *plain, const char *phrases)
{
    const char *end = phrases + strlen(phrases);
    for (const char *start = phrases;;) {
        const char *stop = next_separator(start, end, " | ");
        if (contains_all(plain, start, stop))
            return true;
        if (stop == end)
            return false;
        start = stop + 3;
    }
}
