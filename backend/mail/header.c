#include "backend/mail/header.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/text.h"

static const char word_start[] = "=?UTF-8?B?", word_end[] = "?=";
enum {
    WORD_FRAME = sizeof(word_start) - 1 + sizeof(word_end) - 1,
    WORD_MAX = 75,       /* RFC 2047 section 2: an encoded word with its frame */
    PLAIN_WORD_MAX = 60, /* a longer run without spaces could not be folded */
};

char *
sp_header_clean(const char *text)
{
    struct sp_str clean = { 0 };
    if (text != NULL)
        sp_utf8_repair(&clean, text, strlen(text), true);
    return sp_str_steal(&clean);
}

/* The bytes of text for the next encoded word: what fits into `columns`, and always whole characters. */
static size_t
word_take(const char *text, size_t size, size_t columns)
{
    if (columns > WORD_MAX)
        columns = WORD_MAX;
    if (columns < WORD_FRAME + 8) /* room for a character of four bytes */
        return 0;
    return sp_utf8_prefix(text, size, (columns - WORD_FRAME) / 4 * 3);
}

void
sp_header_words(struct sp_str *out, const char *text, size_t size, size_t column)
{
    while (size > 0 && !out->failed) {
        size_t take = word_take(text, size, column < SP_HEADER_COLUMNS ? SP_HEADER_COLUMNS - column : 0);
        if (take > 0) {
            sp_str_add(out, word_start);
            sp_base64_add(out, text, take);
            sp_str_add(out, word_end);
        }
        text += take;
        size -= take;
        if (size > 0)
            sp_str_add(out, "\r\n ");
        column = 1;
    }
}

/* Whether the text can stand as it is: ASCII, nothing that looks like an encoded word, and spaces where a fold neither
 * loses one nor leaves a line of nothing but spaces. */
static bool
stands_plain(const char *text)
{
    size_t run = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at >= 0x80 || (at[0] == '=' && at[1] == '?'))
            return false;
        if (*at == ' ' && (run == 0 || at[1] == '\0'))
            return false;
        run = *at == ' ' ? 0 : run + 1;
        if (run > PLAIN_WORD_MAX)
            return false;
    }
    return true;
}

static void
add_folded(struct sp_str *out, const char *text, size_t column)
{
    while (*text != '\0') {
        size_t word = strcspn(text + 1, " ") + 1; /* with the space in front of it */
        if (column + word > SP_HEADER_COLUMNS) {
            sp_str_add(out, "\r\n");
            column = 0;
        }
        sp_str_add_n(out, text, word);
        column += word;
        text += word;
    }
}

void
sp_header_text(struct sp_str *out, const char *name, const char *text)
{
    SP_AUTO_FREE char *clean = sp_header_clean(text);
    if (clean == NULL) {
        out->failed = true;
        return;
    }
    sp_str_addf(out, "%s: ", name);
    if (stands_plain(clean))
        add_folded(out, clean, strlen(name) + 2);
    else
        sp_header_words(out, clean, strlen(clean), strlen(name) + 2);
    sp_str_add(out, "\r\n");
}

void
sp_header_plain(struct sp_str *out, const char *name, const char *value)
{
    SP_AUTO_FREE char *clean = sp_header_clean(value);
    if (clean == NULL)
        out->failed = true;
    else
        sp_str_addf(out, "%s: %s\r\n", name, clean);
}

/* RFC 5322 section 3.2.4. Always quoted: a comma or an '@' in a bare phrase is what breaks parsers. */
static void
add_quoted(struct sp_str *out, const char *text)
{
    sp_str_add_char(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            sp_str_add_char(out, '\\');
        sp_str_add_char(out, *text);
    }
    sp_str_add_char(out, '"');
}

/* The column that out has reached in its last line. */
static size_t
column_of(const struct sp_str *out)
{
    const char *last = out->len == 0 ? NULL : memrchr(out->text, '\n', out->len);
    return last == NULL ? out->len : out->len - (size_t)(last + 1 - out->text);
}

static void
add_display(struct sp_str *out, const char *display)
{
    if (stands_plain(display) && strlen(display) <= PLAIN_WORD_MAX)
        add_quoted(out, display);
    else
        sp_header_words(out, display, strlen(display), column_of(out));
}

void
sp_header_mailbox(struct sp_str *out, const char *name, const char *display, const char *address)
{
    SP_AUTO_FREE char *clean = sp_header_clean(address);
    SP_AUTO_FREE char *clean_display = sp_header_clean(display);
    if (clean == NULL || clean_display == NULL) {
        out->failed = true;
        return;
    }
    sp_str_addf(out, "%s: ", name);
    if (*clean_display == '\0') {
        sp_str_addf(out, "%s\r\n", clean);
        return;
    }
    add_display(out, clean_display);
    const char *fold = column_of(out) + strlen(clean) + 3 > SP_HEADER_COLUMNS ? "\r\n" : "";
    sp_str_addf(out, "%s <%s>\r\n", fold, clean);
}

void
sp_header_addresses(struct sp_str *out, const char *name, const char *const *addresses, size_t n)
{
    if (n == 0)
        return;
    sp_str_addf(out, "%s:", name);
    for (size_t i = 0; i < n; i++) {
        SP_AUTO_FREE char *clean = sp_header_clean(addresses[i]);
        if (clean == NULL) {
            out->failed = true;
            return;
        }
        const char *fold = i > 0 && column_of(out) + strlen(clean) + 2 > SP_HEADER_COLUMNS ? "\r\n" : "";
        sp_str_addf(out, "%s %s%s", fold, clean, i + 1 < n ? "," : "\r\n");
    }
}

void
sp_header_date(struct sp_str *out, int64_t wall_ms, int utc_offset_minutes)
{
    /* Not strftime: its names follow the locale. */
    static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t there = (time_t)((wall_ms > 0 ? wall_ms : 0) / 1000 + (int64_t)utc_offset_minutes * 60);
    int offset = utc_offset_minutes < 0 ? -utc_offset_minutes : utc_offset_minutes;
    struct tm tm = { 0 };
    if (gmtime_r(&there, &tm) == NULL)
        return; /* a year beyond int: no such date can be written */
    sp_str_addf(out, "Date: %s, %d %s %04d %02d:%02d:%02d %c%02d%02d\r\n", days[tm.tm_wday], tm.tm_mday,
                months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec,
                utc_offset_minutes < 0 ? '-' : '+', offset / 60, offset % 60);
}
