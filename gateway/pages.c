/* pages.c - names and numbers. */
#include "gateway/pages.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

enum { DIGITS_MIN = 3, DIGITS_MAX = 8, EXTENSION_MAX = 10 };

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Where the extension begins; the end of the name when there is none. A name that only begins with a dot has none. */
static const char *
extension_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot == NULL || dot == name || strlen(dot) > EXTENSION_MAX || dot[1] == '\0' ? name + strlen(name) : dot;
}

/* The digits that end at `end`; at most DIGITS_MAX + 1 of them are counted. */
static size_t
digits_before(const char *name, const char *end, uint64_t *ret)
{
    size_t count = 0;
    uint64_t unit = 1;
    for (*ret = 0; end > name && is_digit(end[-1]) && count <= DIGITS_MAX; end--, count++, unit *= 10)
        *ret += unit * (uint64_t)(end[-1] - '0');
    return count;
}

bool
sp_page_parse(const char *name, struct sp_page *ret)
{
    const char *extension = extension_of(name);
    uint64_t number = 0;
    size_t digits = digits_before(name, extension, &number);
    if (digits < DIGITS_MIN || digits > DIGITS_MAX)
        return false;
    const char *mark = extension - digits - 1;
    if (mark <= name || *mark != '_')
        return false;
    *ret = (struct sp_page){ .stem = (size_t)(mark - name), .number = number, .extension = extension };
    return true;
}

bool
sp_pages_alike(const char *a, const char *b)
{
    struct sp_page left, right;
    return sp_page_parse(a, &left) && sp_page_parse(b, &right) && left.stem == right.stem &&
           strncasecmp(a, b, left.stem) == 0 && strcasecmp(left.extension, right.extension) == 0;
}

static uint64_t
number_of(const char *name)
{
    uint64_t number = 0;
    (void)digits_before(name, extension_of(name), &number);
    return number;
}

int
sp_page_order(const char *a, const char *b)
{
    uint64_t left = number_of(a), right = number_of(b);
    if (left != right)
        return left < right ? -1 : 1;
    int order = strcasecmp(a, b);
    return order != 0 ? order : strcmp(a, b);
}

size_t
sp_page_stem(const char *name, bool pages)
{
    struct sp_page page;
    if (pages && sp_page_parse(name, &page))
        return page.stem;
    return (size_t)(extension_of(name) - name);
}

static bool
ends_as(const char *name, const char *extension)
{
    return strlen(name) > strlen(extension) && sp_text_ends_nocase(name, extension);
}

bool
sp_pages_is_folder(const char *name)
{
    return ends_as(name, ".xsm");
}

bool
sp_pages_is_lock(const char *name)
{
    return ends_as(name, ".lck");
}

bool
sp_pages_is_log(const char *name)
{
    return ends_as(name, ".xst");
}
