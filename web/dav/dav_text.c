/* dav_text.c - escaping, one character after the other. */
#include "web/dav/dav_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "base/text.h"

static const char *
escape_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default: /* characters, not an enum of ours */
        return NULL;
    }
}

/* U+FFFE and U+FFFF are no characters of XML's, and neither are controls other than tab and line ends. */
static bool
xml_can_hold(const char *at, size_t len)
{
    if (len == 1)
        return (unsigned char)*at >= 0x20 || *at == '\t' || *at == '\n' || *at == '\r';
    return len != 0 && !(len == 3 && memcmp(at, "\xEF\xBF", 2) == 0 && (unsigned char)at[2] >= 0xBE);
}

void
sp_dav_add_text(struct sp_str *out, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        size_t len = sp_utf8_char(text, left);
        const char *escape = len == 1 ? escape_of(*text) : NULL;
        if (!xml_can_hold(text, len))
            sp_str_add(out, "\xEF\xBF\xBD");
        else if (escape != NULL)
            sp_str_add(out, escape);
        else
            sp_str_add_n(out, text, len);
        size_t step = len == 0 ? 1 : len;
        text += step;
        left -= step;
    }
}

void
sp_dav_add_href(struct sp_str *out, const char *path, bool folder)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    sp_str_add(out, "/dav/");
    for (const char *c = path; *c != '\0'; c++) {
        if (strchr(plain, *c) != NULL)
            sp_str_add_char(out, *c);
        else
            sp_str_addf(out, "%%%02X", (unsigned)(unsigned char)*c);
    }
    if (folder && *path != '\0')
        sp_str_add_char(out, '/');
}

void
sp_http_date(int64_t wall_ms, char buffer[SP_HTTP_DATE_SIZE])
{
    static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm t = { 0 };
    gmtime_r(&seconds, &t);
    snprintf(buffer, SP_HTTP_DATE_SIZE, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[t.tm_wday],
             (unsigned)t.tm_mday % 100, months[t.tm_mon], ((unsigned)t.tm_year + 1900) % 10000,
             (unsigned)t.tm_hour % 100, (unsigned)t.tm_min % 100, (unsigned)t.tm_sec % 100);
}
