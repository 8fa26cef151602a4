/* text.c - bytes and characters, without the locale: a Turkish 'I' has no say in a mail header. */
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static bool
is_tail(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* The table of RFC 3629 section 4: after the first byte, which second bytes are allowed. */
size_t
sp_utf8_char(const char *text, size_t size)
{
    const unsigned char *b = (const unsigned char *)text;
    if (size == 0)
        return 0;
    if (b[0] < 0x80)
        return 1;
    if (b[0] < 0xc2 || b[0] > 0xf4) /* a tail, an overlong form, or beyond U+10FFFF */
        return 0;
    if (b[0] < 0xe0)
        return size >= 2 && is_tail(b[1]) ? 2 : 0;
    if (size < 3 || !is_tail(b[1]) || !is_tail(b[2]))
        return 0;
    if (b[0] < 0xf0) {
        bool overlong = b[0] == 0xe0 && b[1] < 0xa0;
        bool surrogate = b[0] == 0xed && b[1] > 0x9f;
        return overlong || surrogate ? 0 : 3;
    }
    if (size < 4 || !is_tail(b[3]))
        return 0;
    bool overlong = b[0] == 0xf0 && b[1] < 0x90;
    bool beyond = b[0] == 0xf4 && b[1] > 0x8f;
    return overlong || beyond ? 0 : 4;
}

bool
sp_utf8_valid(const char *text, size_t size)
{
    for (size_t at = 0; at < size;) {
        size_t n = sp_utf8_char(text + at, size - at);
        if (n == 0)
            return false;
        at += n;
    }
    return true;
}

static bool
is_control(const char *text, size_t n)
{
    unsigned char c = (unsigned char)text[0];
    bool c1 = n == 2 && c == 0xc2 && (unsigned char)text[1] < 0xa0; /* U+0080 to U+009F */
    return c1 || (n == 1 && (c < 0x20 || c == 0x7f));
}

void
sp_utf8_repair(struct sp_str *out, const char *bytes, size_t size, bool flat)
{
    size_t start = 0; /* of what is good and not yet copied */
    for (size_t at = 0; at < size;) {
        size_t n = sp_utf8_char(bytes + at, size - at);
        if (n > 0 && !(flat && is_control(bytes + at, n))) {
            at += n;
            continue;
        }
        sp_str_add_n(out, bytes + start, at - start);
        sp_str_add(out, n == 0 ? "\xef\xbf\xbd" : " ");
        at += n == 0 ? 1 : n;
        start = at;
    }
    if (size > start)
        sp_str_add_n(out, bytes + start, size - start);
}

size_t
sp_utf8_prefix(const char *text, size_t size, size_t max)
{
    if (size <= max)
        return size;
    size_t end = max;
    for (size_t back = 0; back < 4 && end > 0 && is_tail((unsigned char)text[end]); back++)
        end--;
    return is_tail((unsigned char)text[end]) ? max : end; /* no UTF-8 at all: cut anywhere */
}

bool
sp_text_has_control(const char *text)
{
    for (; *text != '\0'; text++)
        if (is_control(text, 1))
            return true;
    return false;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

char *
sp_text_trim(char *text)
{
    while (is_blank(*text))
        text++;
    char *end = text + strlen(text);
    while (end > text && is_blank(end[-1]))
        end--;
    *end = '\0';
    return text;
}

char
sp_char_lower(char c)
{
    if (c < 'A' || c > 'Z')
        return c;
    return (char)(c - 'A' + 'a');
}

static char
upper(char c)
{
    if (c < 'a' || c > 'z')
        return c;
    return (char)(c - 'a' + 'A');
}

void
sp_text_lower(char *text)
{
    for (; *text != '\0'; text++)
        *text = sp_char_lower(*text);
}

void
sp_text_upper(char *text)
{
    for (; *text != '\0'; text++)
        if (*text >= 'a' && *text <= 'z')
            *text = (char)(*text - 'a' + 'A');
}

bool
sp_text_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool
sp_text_equal_nocase(const char *a, const char *b)
{
    while (*a != '\0' && sp_char_lower(*a) == sp_char_lower(*b)) {
        a++;
        b++;
    }
    return sp_char_lower(*a) == sp_char_lower(*b);
}

bool
sp_text_starts_nocase(const char *text, const char *prefix)
{
    for (; *prefix != '\0'; text++, prefix++)
        if (sp_char_lower(*text) != sp_char_lower(*prefix))
            return false;
    return true;
}

bool
sp_text_ends_nocase(const char *text, const char *suffix)
{
    size_t len = strlen(text), tail = strlen(suffix);
    return len >= tail && sp_text_equal_nocase(text + len - tail, suffix);
}

const char *
sp_text_find_nocase(const char *text, const char *needle)
{
    if (*needle == '\0')
        return text;
    const char first[] = { sp_char_lower(*needle), upper(*needle), '\0' };
    for (text += strcspn(text, first); *text != '\0'; text += 1 + strcspn(text + 1, first))
        if (sp_text_starts_nocase(text, needle))
            return text;
    return NULL;
}

bool
sp_text_copy(char *to, size_t size, const char *from)
{
    size_t len = strlen(from);
    if (size == 0)
        return false;
    size_t n = len < size ? len : size - 1;
    memcpy(to, from, n);
    to[n] = '\0';
    return n == len;
}

bool
sp_text_vformat(char *to, size_t size, const char *format, va_list args)
{
    int len = vsnprintf(to, size, format, args);
    if (len >= 0 && (size_t)len < size)
        return true;
    size_t kept = strnlen(to, size), last = kept;
    while (last > 0 && kept - last < 3 && is_tail((unsigned char)to[last - 1]))
        last--;
    if (last > 0 && sp_utf8_char(to + last - 1, kept - last + 1) == 0)
        to[last - 1] = '\0';
    return false;
}

bool
sp_text_format(char *to, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool fits = sp_text_vformat(to, size, format, args);
    va_end(args);
    return fits;
}

/* Leading digits as a number, the rest as the unit. No sign, no blanks: what strtoull takes beyond that is a typo. */
static bool
number_and_unit(const char *text, uint64_t *number, const char **unit)
{
    if (*text < '0' || *text > '9')
        return false;
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0)
        return false;
    *number = value;
    *unit = end;
    return true;
}

bool
sp_parse_size(const char *text, uint64_t *ret)
{
    static const char units[] = "kmgt";
    uint64_t number;
    const char *unit;
    if (!number_and_unit(text, &number, &unit))
        return false;
    if (*unit == '\0') {
        *ret = number;
        return true;
    }
    const char *which = strchr(units, sp_char_lower(*unit));
    if (which == NULL || unit[1] != '\0')
        return false;
    uint64_t scale = UINT64_C(1) << (10 * (which - units + 1));
    return !__builtin_mul_overflow(number, scale, ret);
}

bool
sp_parse_duration(const char *text, int64_t *ret_ms)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 }, { "w", 604800000 } };
    uint64_t number;
    const char *unit;
    if (!number_and_unit(text, &number, &unit) || number > INT64_MAX)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(unit, units[i].name) == 0)
            return !__builtin_mul_overflow((int64_t)number, units[i].ms, ret_ms);
    return false;
}

bool
sp_parse_int(const char *text, int64_t min, int64_t max, int64_t *ret)
{
    const char *digits = *text == '-' ? text + 1 : text;
    if (*digits < '0' || *digits > '9')
        return false;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0' || value < min || value > max)
        return false;
    *ret = value;
    return true;
}
