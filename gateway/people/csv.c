/* csv.c - one record at a time out of a text in memory.
 *
 *   record = field *(separator field) line-end
 *   field  = blanks (quoted / plain) blanks
 *   quoted = '"' *(any byte but '"' / '""') '"' */
#include "gateway/people/csv.h"

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/text.h"

static bool
is_blank(const struct sp_csv *csv, char c)
{
    return c == ' ' || (c == '\t' && csv->separator != '\t');
}

static bool
at_line_end(const struct sp_csv *csv)
{
    return csv->at == csv->end || *csv->at == '\n' ||
           (*csv->at == '\r' && csv->at + 1 < csv->end && csv->at[1] == '\n');
}

static char
find_separator(const char *text, const char *end)
{
    static const char separators[] = { ',', ';', '\t' };
    const char *line_end = memchr(text, '\n', (size_t)(end - text));
    size_t size = (size_t)((line_end == NULL ? end : line_end) - text);
    for (size_t i = 0; i < SP_LEN(separators); i++)
        if (memchr(text, separators[i], size) != NULL)
            return separators[i];
    return ',';
}

void
sp_csv_begin(struct sp_csv *csv, const char *text, size_t size, char separator)
{
    static const char mark[] = "\xef\xbb\xbf";
    if (size >= strlen(mark) && memcmp(text, mark, strlen(mark)) == 0) {
        text += strlen(mark);
        size -= strlen(mark);
    }
    *csv = (struct sp_csv){ .at = text, .end = text + size, .separator = separator, .line = 1 };
    if (separator == '\0')
        csv->separator = find_separator(csv->at, csv->end);
}

static void
skip_line(struct sp_csv *csv)
{
    const char *line_end = csv->at == csv->end ? NULL : memchr(csv->at, '\n', (size_t)(csv->end - csv->at));
    csv->at = line_end == NULL ? csv->end : line_end + 1;
    csv->line++;
}

static void
skip_blanks(struct sp_csv *csv)
{
    while (csv->at < csv->end && is_blank(csv, *csv->at))
        csv->at++;
}

/* Leaves `at` behind the closing quote; false when there is none. */
static bool
read_quoted(struct sp_csv *csv, struct sp_str *field)
{
    for (csv->at++; csv->at < csv->end; csv->at++) {
        if (*csv->at == '"') {
            csv->at++;
            if (csv->at == csv->end || *csv->at != '"')
                return true;
        } else if (*csv->at == '\n') {
            csv->line++;
        }
        sp_str_add_char(field, *csv->at);
    }
    return false;
}

static void
read_plain(struct sp_csv *csv, struct sp_str *field)
{
    while (!at_line_end(csv) && *csv->at != csv->separator)
        sp_str_add_char(field, *csv->at++);
    while (field->len > 0 && is_blank(csv, field->text[field->len - 1]))
        sp_str_cut(field, field->len - 1);
}

static enum sp_rc
read_field(struct sp_csv *csv, struct sp_str *field, struct sp_err *err)
{
    sp_str_cut(field, 0);
    skip_blanks(csv);
    if (csv->at == csv->end || *csv->at != '"') {
        read_plain(csv, field);
        return SP_OK;
    }
    if (!read_quoted(csv, field))
        return sp_fail(err, SP_E_INVALID, "a quote is opened and never closed");
    skip_blanks(csv);
    if (!at_line_end(csv) && *csv->at != csv->separator)
        return sp_fail(err, SP_E_INVALID, "text behind a closing quote; a quote inside is written twice");
    return SP_OK;
}

static enum sp_rc
read_record(struct sp_csv *csv, struct sp_arena *arena, struct sp_csv_record *ret, struct sp_err *err)
{
    const char *fields[SP_CSV_FIELDS_MAX];
    SP_AUTO(sp_str_free) struct sp_str field = { 0 };
    for (ret->count = 0; ret->count < SP_CSV_FIELDS_MAX;) {
        enum sp_rc rc = read_field(csv, &field, err);
        if (rc != SP_OK)
            return rc;
        fields[ret->count] = field.failed ? NULL : sp_arena_text_n(arena, sp_str_text(&field), field.len);
        if (fields[ret->count++] == NULL)
            return sp_fail(err, SP_E_NOMEM, "out of memory");
        if (at_line_end(csv))
            break;
        csv->at++; /* the separator */
    }
    if (!at_line_end(csv))
        return sp_fail(err, SP_E_INVALID, "more than %d fields", SP_CSV_FIELDS_MAX);
    ret->fields = sp_arena_array(arena, ret->count, sizeof(*ret->fields));
    if (ret->fields == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    memcpy(ret->fields, fields, ret->count * sizeof(*fields));
    return SP_OK;
}

enum sp_rc
sp_csv_next(struct sp_csv *csv, struct sp_arena *arena, struct sp_csv_record *ret, struct sp_err *err)
{
    *ret = (struct sp_csv_record){ 0 };
    for (skip_blanks(csv); csv->at < csv->end && (at_line_end(csv) || *csv->at == '#'); skip_blanks(csv))
        skip_line(csv);
    if (csv->at == csv->end)
        return sp_fail(err, SP_E_CLOSED, "no more records");
    struct sp_csv begin = *csv;
    ret->line = csv->line;
    enum sp_rc rc = read_record(csv, arena, ret, err);
    if (rc == SP_E_INVALID) /* the mistake may have swallowed more than its line */
        *csv = begin;
    skip_line(csv);
    return rc;
}

void
sp_csv_put(struct sp_str *out, const char *field, char separator)
{
    const char special[] = { separator, '"', '\r', '\n', '#', '\0' };
    size_t len = strlen(field);
    bool edge = len > 0 && (strchr(" \t", field[0]) != NULL || strchr(" \t", field[len - 1]) != NULL);
    if (!edge && strpbrk(field, special) == NULL) {
        sp_str_add(out, field);
        return;
    }
    sp_str_add_char(out, '"');
    for (; *field != '\0'; field++) {
        if (*field == '"')
            sp_str_add_char(out, '"');
        sp_str_add_char(out, *field);
    }
    sp_str_add_char(out, '"');
}
