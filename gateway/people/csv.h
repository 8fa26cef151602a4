/* csv.h - comma separated values as RFC 4180 has them, and as spreadsheets write them: quotes around what holds the
 * separator, a quote or a line break, a quote doubled inside; CRLF or LF; a byte order mark in front. Beyond the RFC:
 * empty lines and lines that begin with '#' are skipped, blanks around a field are dropped. Pure. */
#ifndef SP_GATEWAY_PEOPLE_CSV_H
#define SP_GATEWAY_PEOPLE_CSV_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

struct sp_arena;

enum { SP_CSV_FIELDS_MAX = 1024 }; /* Exchange exports have some 150 columns */

struct sp_csv {
    const char *at, *end;
    char separator;
    unsigned line; /* where the next record begins */
};
struct sp_csv_record {
    const char **fields;
    size_t count;
    unsigned line;
};

/* The text is borrowed. separator 0: found out from the first line: a comma, else a semicolon or a tab. */
void sp_csv_begin(struct sp_csv *csv, const char *text, size_t size, char separator);
/* SP_E_CLOSED: there are no more. SP_E_INVALID: this record is none, in words without its line; the next call goes on
 * behind it. ret->line is set in any case. SP_E_NOMEM. Fields live in the arena. */
enum sp_rc sp_csv_next(struct sp_csv *csv, struct sp_arena *arena, struct sp_csv_record *ret, struct sp_err *err);
/* Appends a field, in quotes where it needs them. */
void sp_csv_put(struct sp_str *out, const char *field, char separator);

#endif
