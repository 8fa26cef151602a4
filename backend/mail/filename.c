#include "backend/mail/filename.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "backend/mail/header.h"
#include "base/auto.h"
#include "base/text.h"

enum {
    PLAIN_NAME_MAX = 60, /* one line with the longest parameter name before it */
    FALLBACK_ENDING_MAX = 8,
    PIECE_MAX = 54, /* characters of a value, so that " filename*10*=UTF-8''" and ";" fit in 76 columns with it */
};

/* RFC 2045 section 5.1: a token may hold anything but spaces, controls and tspecials. */
static bool
token_char(char c)
{
    return (unsigned char)c > 0x20 && (unsigned char)c < 0x7f && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

static bool
type_valid(const char *type)
{
    const char *slash = type == NULL ? NULL : strchr(type, '/');
    if (slash == NULL || slash == type || slash[1] == '\0' || strlen(type) > PLAIN_NAME_MAX)
        return false;
    for (const char *at = type; *at != '\0'; at++)
        if (at != slash && !token_char(*at))
            return false;
    return true;
}

/* RFC 2231 section 7: what may stand in an extended value as it is. Kept to what every reader takes. */
static bool
attribute_char(char c)
{
    return isascii((unsigned char)c) && (isalnum((unsigned char)c) || strchr("-._~", c) != NULL);
}

/* Needs neither quoting nor encoding, and fits in a line. */
static bool
stands_plain(const char *name)
{
    for (const char *at = name; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f || strchr("\"\\%?*'", *at) != NULL)
            return false;
    return strlen(name) <= PLAIN_NAME_MAX;
}

/* One ASCII character for each of the name's; its beginning and its ending when it is long. */
static void
add_fallback(struct sp_str *out, const char *name)
{
    struct sp_str ascii = { 0 };
    for (size_t left = strlen(name), step = 0; left > 0; name += step, left -= step) {
        step = sp_utf8_char(name, left);
        bool keep = step == 1 && (*name == ' ' || strchr("()[]+,=@&", *name) != NULL || attribute_char(*name));
        sp_str_add_n(&ascii, keep ? name : "_", 1);
        step = step == 0 ? 1 : step;
    }
    const char *text = sp_str_text(&ascii), *dot = strrchr(text, '.');
    const char *ending = dot != NULL && strlen(dot) <= FALLBACK_ENDING_MAX ? dot : "";
    if (strlen(text) <= PLAIN_NAME_MAX)
        sp_str_add(out, text);
    else
        sp_str_addf(out, "%.*s%s", (int)(PLAIN_NAME_MAX - strlen(ending)), text, ending);
    out->failed = out->failed || ascii.failed;
    sp_str_free(&ascii);
}

static void
add_percent(struct sp_str *out, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (attribute_char(bytes[i]))
            sp_str_add_char(out, bytes[i]);
        else
            sp_str_addf(out, "%%%02X", (unsigned)(unsigned char)bytes[i]);
    }
}

/* The bytes whose percent form fits in a piece; never part of a character, as some readers decode piece by piece. */
static size_t
piece_take(const char *name, size_t size)
{
    size_t take = 0, width = 0;
    while (take < size) {
        size_t step = sp_utf8_char(name + take, size - take);
        step = step == 0 ? 1 : step;
        width += attribute_char(name[take]) ? 1 : 3 * step;
        if (width > PIECE_MAX)
            break;
        take += step;
    }
    return take;
}

static void
add_extended(struct sp_str *out, const char *name)
{
    size_t left = strlen(name), take = piece_take(name, left);
    if (take == left) {
        sp_str_add(out, ";\r\n filename*=UTF-8''");
        add_percent(out, name, left);
        return;
    }
    for (unsigned piece = 0; left > 0; piece++) {
        take = piece_take(name, left);
        sp_str_addf(out, ";\r\n filename*%u*=%s", piece, piece == 0 ? "UTF-8''" : "");
        add_percent(out, name, take);
        name += take;
        left -= take;
    }
}

static void
add_disposition(struct sp_str *out, const char *name)
{
    sp_str_add(out, "Content-Disposition: attachment");
    if (!stands_plain(name))
        add_extended(out, name);
    sp_str_add(out, ";\r\n filename=\"");
    if (stands_plain(name))
        sp_str_add(out, name);
    else
        add_fallback(out, name);
    sp_str_add(out, "\"\r\n");
}

static void
add_type(struct sp_str *out, const char *type, const char *name)
{
    sp_str_addf(out, "Content-Type: %s;\r\n name=\"", type_valid(type) ? type : "application/octet-stream");
    if (stands_plain(name))
        sp_str_add(out, name);
    else
        sp_header_words(out, name, strlen(name), sizeof(" name=\"\"") - 1);
    sp_str_add(out, "\"\r\n");
}

void
sp_filename_headers(struct sp_str *out, const char *type, const char *name)
{
    SP_AUTO_FREE char *clean = sp_header_clean(name);
    if (clean == NULL) {
        out->failed = true;
        return;
    }
    const char *shown = *sp_text_trim(clean) == '\0' ? "document" : clean;
    add_type(out, type, shown);
    add_disposition(out, shown);
}
