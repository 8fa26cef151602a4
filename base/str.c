/* str.c - text that grows by doubling. */
#include "base/str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for `more` bytes and the terminator; sets failed when there is none. */
static bool
grow(struct sp_str *str, size_t more)
{
    if (str->failed)
        return false;
    size_t need;
    if (__builtin_add_overflow(str->len, more, &need) || need >= PTRDIFF_MAX) {
        str->failed = true;
        return false;
    }
    need++;
    if (need <= str->room)
        return true;
    size_t room = str->room < 64 ? 64 : str->room;
    while (room < need)
        room = room > PTRDIFF_MAX / 2 ? need : room * 2;
    char *text = realloc(str->text, room);
    if (text == NULL) {
        str->failed = true;
        return false;
    }
    str->text = text;
    str->room = room;
    return true;
}

void
sp_str_add(struct sp_str *str, const char *text)
{
    sp_str_add_n(str, text, strlen(text));
}

void
sp_str_add_n(struct sp_str *str, const void *bytes, size_t size)
{
    if (!grow(str, size))
        return;
    if (size > 0)
        memcpy(str->text + str->len, bytes, size);
    str->len += size;
    str->text[str->len] = '\0';
}

void
sp_str_add_char(struct sp_str *str, char c)
{
    sp_str_add_n(str, &c, 1);
}

void
sp_str_addf(struct sp_str *str, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    sp_str_vaddf(str, format, args);
    va_end(args);
}

void
sp_str_vaddf(struct sp_str *str, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len < 0) {
        str->failed = true;
        return;
    }
    if (!grow(str, (size_t)len))
        return;
    vsnprintf(str->text + str->len, (size_t)len + 1, format, args);
    str->len += (size_t)len;
}

char *
sp_str_more(struct sp_str *str, size_t size)
{
    if (!grow(str, size))
        return NULL;
    char *place = str->text + str->len;
    str->len += size;
    str->text[str->len] = '\0';
    return place;
}

void
sp_str_cut(struct sp_str *str, size_t len)
{
    if (str->failed || len >= str->len)
        return;
    str->len = len;
    str->text[len] = '\0';
}

char *
sp_str_steal(struct sp_str *str)
{
    sp_str_add_n(str, "", 0); /* an empty text is a text too */
    char *text = str->failed ? NULL : str->text;
    if (text == NULL)
        free(str->text);
    *str = (struct sp_str){ 0 };
    return text;
}

const char *
sp_str_text(const struct sp_str *str)
{
    return str->text != NULL ? str->text : "";
}

void
sp_str_free(struct sp_str *str)
{
    free(str->text);
    *str = (struct sp_str){ 0 };
}
