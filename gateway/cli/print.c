/* print.c - see print.h. */
#include "gateway/cli/print.h"

#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"

const char *
sp_member_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

int64_t
sp_member_number(const json_t *object, const char *key)
{
    return (int64_t)json_integer_value(json_object_get(object, key));
}

void
sp_put_clean(struct sp_str *out, const char *text)
{
    sp_utf8_repair(out, text, strlen(text), true);
}

void
sp_put_lines(struct sp_str *out, const char *text, int indent)
{
    for (;;) {
        size_t len = strcspn(text, "\n");
        sp_utf8_repair(out, text, len, true);
        if (text[len] == '\0')
            return;
        sp_str_addf(out, "\n%*s", indent, "");
        text += len + 1;
    }
}

void
sp_put_time(struct sp_str *out, const char *iso)
{
    int64_t ms = 0;
    struct tm local;
    char text[32];
    if (!sp_time_parse(iso, &ms)) {
        sp_str_add(out, "-");
        return;
    }
    time_t seconds = (time_t)(ms / 1000);
    if (localtime_r(&seconds, &local) != NULL && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local) > 0)
        sp_str_add(out, text);
}

void
sp_put_size(struct sp_str *out, int64_t bytes)
{
    static const char *const units[] = { "KB", "MB", "GB", "TB" };
    if (bytes < 1024) {
        sp_str_addf(out, "%lld bytes", (long long)bytes);
        return;
    }
    size_t unit = 0;
    double size = (double)bytes / 1024;
    while (size >= 1024 && unit + 1 < SP_LEN(units)) {
        size /= 1024;
        unit++;
    }
    sp_str_addf(out, "%.1f %s", size, units[unit]);
}

void
sp_put_escaped(struct sp_str *out, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *text != '\0'; text++) {
        if (strchr(plain, *text) != NULL)
            sp_str_add_char(out, *text);
        else
            sp_str_addf(out, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

void
sp_table_head(struct sp_table *table, const char *const *titles, size_t count)
{
    table->n_columns = count;
    for (size_t i = 0; i < count; i++)
        sp_table_cell(table, titles[i]);
}

void
sp_table_cell(struct sp_table *table, const char *text)
{
    sp_put_clean(&table->text, text[0] == '\0' ? "-" : text);
    sp_str_add_char(&table->text, '\0');
    table->n_cells++;
}

/* Characters, not columns: close enough for names and subjects. */
static size_t
width_of(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80; /* not the rest of a UTF-8 character */
    return width;
}

static void
measure(const struct sp_table *table, size_t widths[SP_COLUMNS_MAX])
{
    const char *cell = sp_str_text(&table->text);
    for (size_t i = 0; i < table->n_cells; i++) {
        size_t width = width_of(cell), column = i % table->n_columns;
        if (width > widths[column])
            widths[column] = width;
        cell += strlen(cell) + 1;
    }
}

void
sp_table_put(struct sp_str *out, const struct sp_table *table, int indent)
{
    size_t widths[SP_COLUMNS_MAX] = { 0 };
    const char *cell = sp_str_text(&table->text);
    if (table->text.failed || table->n_columns > SP_COLUMNS_MAX) {
        out->failed = true;
        return;
    }
    measure(table, widths);
    for (size_t i = 0; i < table->n_cells; i++) {
        size_t column = i % table->n_columns;
        bool last = column + 1 == table->n_columns;
        sp_str_addf(out, "%*s%s", column == 0 ? indent : 0, "", cell);
        sp_str_addf(out, "%*s", last ? 0 : (int)(widths[column] - width_of(cell) + 2), "");
        if (last)
            sp_str_add_char(out, '\n');
        cell += strlen(cell) + 1;
    }
}

void
sp_table_free(struct sp_table *table)
{
    sp_str_free(&table->text);
    *table = (struct sp_table){ 0 };
}

bool
sp_since_parse(const char *text, int64_t now_ms, int64_t *ret_ms)
{
    int64_t ago = 0;
    if (sp_time_parse(text, ret_ms))
        return true;
    if (!sp_parse_duration(text, &ago) || ago > now_ms)
        return false;
    *ret_ms = now_ms - ago;
    return true;
}
