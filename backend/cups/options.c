/* options.c - one option after the other. What is meant is never longer than what is written, so it fits in place. */
#include "backend/cups/options.h"

#include <stddef.h>
#include <string.h>

struct word {
    char *from, *to;
    char quote; /* '\0' outside of quotes */
    int depth;  /* of braces */
};

/* CUPS writes a backslash in front of these when they are meant, and none in front of the CR of a line's end. */
static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

static bool
has_ended(const struct word *w)
{
    return *w->from == '\0' || (w->quote == '\0' && w->depth == 0 && is_blank(*w->from));
}

static void
read_char(struct word *w)
{
    char c = *w->from++;
    if (c == '\\' && *w->from != '\0') {
        *w->to++ = *w->from++;
    } else if (w->quote != '\0' && c == w->quote) {
        w->quote = '\0';
    } else if (w->quote == '\0' && w->depth == 0 && (c == '\'' || c == '"')) {
        w->quote = c;
    } else {
        if (w->quote == '\0')
            w->depth += c == '{' ? 1 : c == '}' && w->depth > 0 ? -1 : 0;
        *w->to++ = c;
    }
}

bool
sp_job_option_next(char **text, struct sp_job_option *ret)
{
    char *begin = *text;
    while (is_blank(*begin))
        begin++;
    if (*begin == '\0')
        return false;
    struct word w = { .from = begin, .to = begin };
    *ret = (struct sp_job_option){ begin, "" };
    while (!has_ended(&w) && (*w.from != '=' || w.quote != '\0'))
        read_char(&w);
    if (!has_ended(&w)) {
        w.from++;
        *w.to++ = '\0';
        ret->value = w.to;
        while (!has_ended(&w))
            read_char(&w);
    }
    *text = *w.from == '\0' ? w.from : w.from + 1;
    *w.to = '\0';
    return true;
}
