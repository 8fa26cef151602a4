/* print.h - from JSON to what a person reads. Everything is put together in a struct sp_str first; whatever came from
 * outside loses its control characters on the way, so that nothing a copier or a server said moves the cursor. Pure,
 * but for the time zone of the process. */
#ifndef SP_GATEWAY_CLI_PRINT_H
#define SP_GATEWAY_CLI_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/str.h"

/* The text of a member; "" when it is absent or no text. */
const char *sp_member_text(const json_t *object, const char *key);
int64_t sp_member_number(const json_t *object, const char *key); /* 0 when absent */

/* Any text, in one line. */
void sp_put_clean(struct sp_str *out, const char *text);
/* Any text of several lines, each begun with that many spaces but the first. Ends without a line break. */
void sp_put_lines(struct sp_str *out, const char *text, int indent);
/* "2026-11-23 13:05:07" in local time, from RFC 3339; "-" when it is none. */
void sp_put_time(struct sp_str *out, const char *iso);
/* "120.6 KB", "35 MB" */
void sp_put_size(struct sp_str *out, int64_t bytes);
/* Everything but RFC 3986's unreserved characters becomes %XX. */
void sp_put_escaped(struct sp_str *out, const char *text);

enum { SP_COLUMNS_MAX = 8 };

/* Rows of cells, printed so that columns line up; the last column is left as it is. */
struct sp_table {
    struct sp_str text; /* cells, each ended by a zero byte */
    size_t n_columns, n_cells;
};
void sp_table_head(struct sp_table *table, const char *const *titles, size_t count);
void sp_table_cell(struct sp_table *table, const char *text); /* cleaned; "" is shown as "-" */
void sp_table_put(struct sp_str *out, const struct sp_table *table, int indent);
void sp_table_free(struct sp_table *table);

/* A moment: RFC 3339, a date, or so long ago: "90s" "2h" "3d". */
bool sp_since_parse(const char *text, int64_t now_ms, int64_t *ret_ms);

#endif
