/* address.c - addresses, checked byte by byte.
 *
 *     address = local "@" domain
 *     local   = atom *( "." atom )             at most 64 bytes; atom of atext or UTF-8 beyond ASCII
 *     domain  = label 1*( "." label )          at most 253 bytes
 *     label   = let-dig [ *( let-dig / "-" ) let-dig ]       at most 63 bytes */
#include "base/address.h"

#include <string.h>

#include "base/text.h"

enum { LABEL_MAX = 63 };

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_letter_or_digit(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The length of the character of an atom at text, 0 when it is none. */
static size_t
atom_char(const char *text, size_t size)
{
    size_t n = sp_utf8_char(text, size);
    if (n == 1)
        return *text != '\0' && (is_letter_or_digit(*text) || strchr("!#$%&'*+-/=?^_`{|}~", *text) != NULL) ? 1 : 0;
    bool c1 = n == 2 && (unsigned char)text[0] == 0xc2 && (unsigned char)text[1] < 0xa0;
    return c1 ? 0 : n;
}

static bool
local_valid(const char *local, size_t size)
{
    if (size == 0 || size > SP_LOCAL_PART_MAX)
        return false;
    bool after_dot = true; /* an atom must follow */
    for (size_t at = 0; at < size;) {
        if (local[at] == '.') {
            if (after_dot)
                return false;
            after_dot = true;
            at++;
            continue;
        }
        size_t n = atom_char(local + at, size - at);
        if (n == 0)
            return false;
        after_dot = false;
        at += n;
    }
    return !after_dot;
}

static bool
label_valid(const char *label, size_t size)
{
    if (size == 0 || size > LABEL_MAX || label[0] == '-' || label[size - 1] == '-')
        return false;
    for (size_t i = 0; i < size; i++)
        if (!is_letter_or_digit(label[i]) && label[i] != '-')
            return false;
    return true;
}

static bool
all_digits(const char *text)
{
    while (is_digit(*text))
        text++;
    return *text == '\0';
}

bool
sp_domain_valid(const char *domain, bool single)
{
    if (strlen(domain) > SP_DOMAIN_MAX)
        return false;
    bool dotted = false;
    for (const char *label = domain;;) {
        size_t size = strcspn(label, ".");
        if (!label_valid(label, size))
            return false;
        if (label[size] == '\0')
            return (dotted || single) && !all_digits(label);
        dotted = true;
        label += size + 1;
    }
}

bool
sp_address_valid(const char *address)
{
    const char *at = strrchr(address, '@');
    return at != NULL && strlen(address) <= SP_ADDRESS_MAX && local_valid(address, (size_t)(at - address)) &&
           sp_domain_valid(at + 1, false);
}

const char *
sp_address_domain(const char *address)
{
    const char *at = strrchr(address, '@');
    return at == NULL ? "" : at + 1;
}

bool
sp_address_equal(const char *a, const char *b)
{
    return sp_text_equal_nocase(a, b);
}

bool
sp_address_matches(const char *address, const char *pattern)
{
    if (strcmp(pattern, "*") == 0)
        return true;
    if (sp_text_starts(pattern, "*@"))
        return sp_text_equal_nocase(sp_address_domain(address), pattern + 2);
    return sp_address_equal(address, pattern);
}

bool
sp_address_pattern_valid(const char *pattern)
{
    if (strcmp(pattern, "*") == 0)
        return true;
    if (sp_text_starts(pattern, "*@"))
        return sp_domain_valid(pattern + 2, false);
    return sp_address_valid(pattern);
}
