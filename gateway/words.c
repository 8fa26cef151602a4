/* words.c - patterns and the office's clock. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/str.h"
#include "gateway/route.h"

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The value of the placeholder at the start of text, and the length of the placeholder; NULL when there is none. */
static const char *
placeholder(const char *text, const struct sp_placeholders *values, const char *number, size_t *ret_len)
{
    const struct {
        const char *name, *value;
    } known[] = {
        { "{source}", values->source },     { "{route}", values->route }, { "{user}", values->user },
        { "{document}", values->document }, { "{time}", values->time },   { "{count}", number },
    };
    for (size_t i = 0; i < SP_LEN(known); i++) {
        *ret_len = strlen(known[i].name);
        if (strncmp(text, known[i].name, *ret_len) == 0)
            return known[i].value == NULL ? "" : known[i].value;
    }
    return NULL;
}

void
sp_placeholders_expand(struct sp_str *out, const char *pattern, const struct sp_placeholders *values)
{
    size_t start = out->len;
    bool gap = false; /* something vanished between blanks: one blank comes back before the next word */
    char number[16] = "";
    if (values->count > 0)
        snprintf(number, sizeof(number), "%u", values->count);
    while (*pattern != '\0') {
        size_t len = 1;
        const char *value = placeholder(pattern, values, number, &len);
        if (value != NULL && *value == '\0') {
            pattern += len;
            gap = gap || is_blank(*pattern) || (out->len > start && is_blank(out->text[out->len - 1]));
            while (out->len > start && is_blank(out->text[out->len - 1]))
                sp_str_cut(out, out->len - 1);
            while (is_blank(*pattern))
                pattern++;
            continue;
        }
        if (value == NULL)
            len = 1;
        bool line_edge = *pattern == '\n' || out->len == start || out->text[out->len - 1] == '\n';
        if (gap && !line_edge)
            sp_str_add_char(out, ' ');
        gap = false;
        if (value != NULL)
            sp_str_add(out, value);
        else
            sp_str_add_char(out, *pattern);
        pattern += len;
    }
}

/* libc has one zone a process. An office has one, too, so the first call with a name sets it, and later ones find it
 * set; sp_intake_new makes that call before there is a second thread to be surprised. */
static void
use_zone(const char *zone)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    const char *now = getenv("TZ"); /* NOLINT(concurrency-mt-unsafe) */
    if (*zone != '\0' && (now == NULL || strcmp(now, zone) != 0))
        setenv("TZ", zone, 1); /* NOLINT(concurrency-mt-unsafe) */
    tzset();
    pthread_mutex_unlock(&lock);
}

void
sp_office_time(int64_t wall_ms, const char *zone, char buffer[32], int *ret_offset_minutes)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm local = { 0 };
    use_zone(zone);
    localtime_r(&seconds, &local);
    strftime(buffer, 32, "%Y-%m-%d %H:%M", &local);
    *ret_offset_minutes = (int)(local.tm_gmtoff / 60);
}
