/* paste.c - replies as people paste them: from a log, a bounce, a web page, a program's message box.
 *
 *   pasted  = [ anything ] ( code sep enhanced / code / enhanced ) [ "-" detail ] [ words ]
 *   code    = 3DIGIT                     2xx to 5xx, on its own: not inside a longer number or an address
 *   sep     = 1*6( SP / "-" / ";" / ":" / "," / "#" / "(" / "[" / "<" )
 *
 * Looked for in that order: code and enhanced code together anywhere; a code at the start of a line or behind a word or
 * sign that announces one; an enhanced code alone. Errors of Entra and Graph have none of these: their words are all.
 */
#include "backend/diagnosis/diagnosis.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "backend/diagnosis/words.h"
#include "base/auto.h"
#include "base/text.h"

enum { PASTE_MAX = 65536 }; /* codes are looked for up to here */

static bool
is_inside_word(char c)
{
    return isalnum((unsigned char)c) || c == '.' || c == '_';
}

/* A code of three digits that stands on its own at `at`. */
static int
code_at(const char *text, const char *at)
{
    if (*at < '2' || *at > '5' || (at > text && (is_inside_word(at[-1]) || at[-1] == '-')))
        return 0;
    if (!isdigit((unsigned char)at[1]) || !isdigit((unsigned char)at[2]) || is_inside_word(at[3]))
        return 0;
    return (at[0] - '0') * 100 + (at[1] - '0') * 10 + (at[2] - '0');
}

static const char *
skip_separators(const char *at)
{
    if (sp_text_starts_nocase(at, "&nbsp;"))
        return at + strlen("&nbsp;");
    size_t n = strspn(at, " \t-;:,#([<");
    return n <= 6 ? at + n : at;
}

static void
keep_enhanced(struct sp_pasted *ret, const int enhanced[3])
{
    (void)snprintf(ret->enhanced, sizeof ret->enhanced, "%d.%d.%d", enhanced[0], enhanced[1], enhanced[2]);
}

/* Behind the codes: the rest of a range ("-649"), and what closes brackets. */
static const char *
words_after(const char *at)
{
    if (*at == '-' && isdigit((unsigned char)at[1]))
        at += 1 + strspn(at + 1, "0123456789");
    return at + strspn(at, " \t-;:,)]>");
}

static bool
pair_at(const char *text, const char *at, struct sp_pasted *ret)
{
    int code = code_at(text, at);
    if (code == 0)
        return false;
    const char *second = skip_separators(at + 3);
    int enhanced[3];
    size_t len = second == at + 3 ? 0 : sp_enhanced_read(second, "245", enhanced);
    if (len == 0)
        return false;
    ret->code = code;
    keep_enhanced(ret, enhanced);
    ret->words = words_after(second + len);
    return true;
}

static bool
find_pair(const char *text, int least, struct sp_pasted *ret)
{
    for (const char *at = text; *at != '\0' && at - text < PASTE_MAX; at++)
        if (*at >= '2' && *at <= '5' && pair_at(text, at, ret) && ret->code >= least)
            return true;
    return false;
}

bool
sp_paste_inside(const char *text, struct sp_pasted *ret)
{
    struct sp_pasted found = { 0 };
    if (!find_pair(text, 400, &found))
        return false;
    *ret = found;
    return true;
}

/* Does something before `at` announce a code: the start of a line, a colon or quote, or a word such as "error"? */
static bool
is_announced(const char *text, const char *at)
{
    static const char *const announcing[] = { "code", "error",    "reply",  "status", "returned",
                                              "smtp", "http/1.1", "http/2", "http" };
    const char *end = at;
    while (end > text && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    if (end == text || strchr("\n\r:;'\"=>(", end[-1]) != NULL)
        return true;
    for (size_t i = 0; i < SP_LEN(announcing); i++) {
        size_t len = strlen(announcing[i]);
        if ((size_t)(end - text) >= len && sp_text_starts_nocase(end - len, announcing[i]))
            return true;
    }
    return false;
}

static bool
find_code(const char *text, struct sp_pasted *ret)
{
    for (const char *at = text; *at != '\0' && at - text < PASTE_MAX; at++) {
        int code = *at >= '2' && *at <= '5' ? code_at(text, at) : 0;
        /* "-" only in front of words, so that a date such as 2026-11-23 or "250-300 scans" is none */
        bool ends_well = code != 0 && (at[3] == '\0' || strchr(" \t\r\n;:,'\")", at[3]) != NULL ||
                                       (at[3] == '-' && !isdigit((unsigned char)at[4])));
        if (!ends_well || !is_announced(text, at))
            continue;
        ret->code = code;
        ret->words = words_after(at + 3);
        return true;
    }
    return false;
}

static bool
find_enhanced(const char *text, int enhanced[3], const char **ret_words)
{
    for (const char *at = text; *at != '\0' && at - text < PASTE_MAX; at++) {
        if (at > text && (is_inside_word(at[-1]) || at[-1] == '-' || at[-1] == '/'))
            continue;
        size_t len = sp_enhanced_read(at, "45", enhanced);
        if (len > 0 && !isalpha((unsigned char)at[len])) {
            *ret_words = words_after(at + len);
            return true;
        }
    }
    return false;
}

void
sp_paste_parse(const char *text, struct sp_pasted *ret)
{
    *ret = (struct sp_pasted){ .words = text + strspn(text, " \t\r\n") };
    if (find_pair(text, 200, ret))
        return;
    bool has_code = find_code(text, ret);
    int enhanced[3];
    const char *words = NULL;
    if (!find_enhanced(text, enhanced, &words))
        return;
    if (!has_code || ret->code / 100 == enhanced[0]) {
        keep_enhanced(ret, enhanced);
        if (!has_code)
            ret->words = words;
    }
}
