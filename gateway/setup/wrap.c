/* wrap.c - see wrap.h. */
#include "gateway/setup/wrap.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/str.h"

/* Characters, taking each for one column: our own words are Latin. */
static int
columns(const char *text, size_t size)
{
    int n = 0;
    for (size_t i = 0; i < size; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

/* "12. words": what follows stands below the words. */
static int
hang_of(const char *line)
{
    size_t digits = strspn(line, "0123456789");
    return digits > 0 && line[digits] == '.' && line[digits + 1] == ' ' ? (int)digits + 2 : 0;
}

static void
wrap_line(struct sp_str *out, const char *line, size_t size, int indent, int width)
{
    int at = indent, hang = indent + hang_of(line);
    bool first = true;
    sp_str_addf(out, "%*s", indent, "");
    for (size_t i = 0; i < size;) {
        size_t blanks = strspn(line + i, " "), from = i + blanks;
        size_t len = from < size ? strcspn(line + from, " \n") : 0;
        int wide = columns(line + from, len), room = (int)blanks;
        if (!first && width > 0 && at + room + wide > width) {
            sp_str_addf(out, "\n%*s", hang, "");
            at = hang;
            room = 0;
        }
        sp_str_addf(out, "%*s", room, "");
        sp_str_add_n(out, line + from, len);
        at += room + wide;
        i = from + len;
        first = false;
    }
    sp_str_add_char(out, '\n');
}

void
sp_wrap(struct sp_str *out, const char *text, int indent, int width)
{
    for (;;) {
        size_t size = strcspn(text, "\n");
        wrap_line(out, text, size, size == 0 ? 0 : indent, width);
        if (text[size] == '\0' || text[size + 1] == '\0')
            return;
        text += size + 1;
    }
}
