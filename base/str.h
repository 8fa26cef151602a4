/* str.h - text that grows. When memory is out, the text stays as it was, `failed` is set and every later call does
 * nothing: build the whole text, then ask once. Initialise with { 0 }. */
#ifndef SP_BASE_STR_H
#define SP_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct sp_str {
    char *text; /* terminated whenever it is not NULL */
    size_t len; /* without the terminator */
    size_t room;
    bool failed;
};

void sp_str_add(struct sp_str *str, const char *text);
void sp_str_add_n(struct sp_str *str, const void *bytes, size_t size);
void sp_str_add_char(struct sp_str *str, char c);
void sp_str_addf(struct sp_str *str, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sp_str_vaddf(struct sp_str *str, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
/* Makes the text `size` bytes longer and returns where they are, for the caller to fill at once; NULL when it failed.
 */
char *sp_str_more(struct sp_str *str, size_t size);
void sp_str_cut(struct sp_str *str, size_t len); /* shortens to len bytes; a longer len changes nothing */

/* The text for the caller to free(), never NULL unless memory was out; str is empty afterwards. */
char *sp_str_steal(struct sp_str *str);
/* The text, "" when empty; valid until the next change. */
const char *sp_str_text(const struct sp_str *str);
void sp_str_free(struct sp_str *str);

#endif
