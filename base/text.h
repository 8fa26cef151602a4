/* text.h - small questions about bytes and characters, asked everywhere. Pure. */
#ifndef SP_BASE_TEXT_H
#define SP_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_str;

/* The length in bytes of the UTF-8 character at text (1 to 4), or 0 when the bytes there are none (RFC 3629: no
 * overlong forms, no surrogates). */
size_t sp_utf8_char(const char *text, size_t size);
bool sp_utf8_valid(const char *text, size_t size);
/* Appends the bytes to out with every invalid one replaced by U+FFFD, and every control character (C0, DEL, C1) by
 * a space when `flat` is set. */
void sp_utf8_repair(struct sp_str *out, const char *bytes, size_t size, bool flat);
/* The longest prefix of text that is at most `max` bytes and ends between characters. */
size_t sp_utf8_prefix(const char *text, size_t size, size_t max);

bool sp_text_has_control(const char *text); /* any byte below 0x20, or 0x7f */
/* Trims spaces and tabs on both sides in place; returns the start. */
char *sp_text_trim(char *text);
/* ASCII only, whatever the locale. */
char sp_char_lower(char c);
void sp_text_lower(char *text);
void sp_text_upper(char *text);
bool sp_text_equal_nocase(const char *a, const char *b);
bool sp_text_starts(const char *text, const char *prefix); /* case matters */
bool sp_text_starts_nocase(const char *text, const char *prefix);
bool sp_text_ends_nocase(const char *text, const char *suffix);
/* Finds needle without regard to ASCII case; NULL when absent. */
const char *sp_text_find_nocase(const char *text, const char *needle);
/* Copies as strlcpy does; false when it did not fit (it is then cut, terminated). */
bool sp_text_copy(char *to, size_t size, const char *from);
/* The same, printing; cut between characters. */
bool sp_text_format(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool sp_text_vformat(char *to, size_t size, const char *format, va_list args) __attribute__((format(printf, 3, 0)));

/* "35M", "150k", "1G", "1024": bytes, powers of 1024. false when it is no size or overflows. */
bool sp_parse_size(const char *text, uint64_t *ret);
/* "90s", "5m", "24h", "30d", "2w", "250ms": milliseconds. false when it is no duration or overflows. */
bool sp_parse_duration(const char *text, int64_t *ret_ms);
/* A whole number in the range, nothing else around it. */
bool sp_parse_int(const char *text, int64_t min, int64_t max, int64_t *ret);

#endif
