/* verdict.c - see verdict.h. An administrator reads this first, and perhaps nothing else: it says that it works only
 * when it does. */
#include "web/api/verdict.h"

#include <stdbool.h>
#include <string.h>

#include "base/str.h"
#include "gateway/route.h"

/* A scan that waits for longer than this is late whatever its reason. */
#define LATE_MS ((int64_t)15 * 60000)

const char *
sp_works_name(enum sp_works works)
{
    static const char *const names[] = {
        [SP_WORKS_YES] = "yes", [SP_WORKS_PARTLY] = "partly", [SP_WORKS_NO] = "no", [SP_WORKS_IDLE] = "idle"
    };
    return names[works];
}

static void
add_span(struct sp_str *out, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *word;
    } units[] = { { 86400000, "day" }, { 3600000, "hour" }, { 60000, "minute" } };
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (ms >= units[i].ms) {
            int64_t n = ms / units[i].ms;
            sp_str_addf(out, "%lld %s%s", (long long)n, units[i].word, n == 1 ? "" : "s");
            return;
        }
    sp_str_add(out, "a moment");
}

static void
add_ago(struct sp_str *out, const struct sp_verdict_facts *f, int64_t moment)
{
    add_span(out, f->now > moment ? f->now - moment : 0);
    sp_str_add(out, " ago");
}

/* "11:42", or with its date when that is not today. */
static void
add_clock(struct sp_str *out, const struct sp_verdict_facts *f, int64_t moment)
{
    char then[32], now[32];
    int offset = 0;
    const size_t date = strlen("2026-11-23 ");
    sp_office_time(moment, f->zone, then, &offset);
    sp_office_time(f->now, f->zone, now, &offset);
    sp_str_add(out, strncmp(then, now, date) == 0 ? then + date : then);
}

static void
add_count(struct sp_str *out, int64_t n, const char *one, const char *many)
{
    sp_str_addf(out, "%lld %s", (long long)n, n == 1 ? one : many);
}

/* Without the full stop that it may end with. */
static void
add_reason(struct sp_str *out, const char *reason)
{
    size_t size = strlen(reason);
    while (size > 0 && (reason[size - 1] == '.' || reason[size - 1] == ' '))
        size--;
    sp_str_add_n(out, reason, size);
}

static void
add_waiting(struct sp_str *out, const struct sp_verdict_facts *f)
{
    add_count(out, f->waiting, "scan waits", "scans wait");
    if (f->oldest_waiting > 0) {
        sp_str_add(out, f->waiting == 1 ? ", for " : ", the oldest for ");
        add_span(out, f->now - f->oldest_waiting);
    }
}

static bool
is_late(const struct sp_verdict_facts *f)
{
    return f->waiting > 0 && f->oldest_waiting > 0 && f->now - f->oldest_waiting >= LATE_MS;
}

/* --- nothing leaves ------------------------------------------------------------------------------------------------
 */

static enum sp_works
all_down(const struct sp_verdict_facts *f, struct sp_str *out)
{
    sp_str_add(out, f->waiting > 0 ? "Nothing leaves" : "Nothing can leave");
    if (f->down_since > 0) {
        sp_str_add(out, " since ");
        add_clock(out, f, f->down_since);
    }
    sp_str_add(out, ": ");
    add_reason(out, f->down_reason[0] != '\0' ? f->down_reason : "every method is down");
    sp_str_add(out, ". ");
    if (f->waiting > 0)
        add_waiting(out, f);
    else
        sp_str_add(out, "No scan waits yet");
    sp_str_add_char(out, '.');
    return SP_WORKS_NO;
}

/* Methods are not down, but what came long ago is still here, and nothing was accepted since. */
static enum sp_works
stuck(const struct sp_verdict_facts *f, struct sp_str *out)
{
    sp_str_add(out, "Nothing leaves since ");
    add_clock(out, f, f->oldest_waiting);
    sp_str_add(out, ": ");
    add_waiting(out, f);
    sp_str_add(out, f->last_accepted > 0 ? ", and the last one was accepted " : ", and none was ever accepted");
    if (f->last_accepted > 0)
        add_ago(out, f, f->last_accepted);
    sp_str_add_char(out, '.');
    return SP_WORKS_NO;
}

/* --- it works, more or less ----------------------------------------------------------------------------------------
 */

static enum sp_works
idle(const struct sp_verdict_facts *f, struct sp_str *out)
{
    if (f->last_taken == 0) {
        sp_str_add(out, "Ready: no scan came yet.");
        return SP_WORKS_IDLE;
    }
    sp_str_add(out, "Ready: nothing went out in the last 24 hours; the last scan came ");
    add_ago(out, f, f->last_taken);
    sp_str_add_char(out, '.');
    return SP_WORKS_IDLE;
}

static void
add_sent(struct sp_str *out, const struct sp_verdict_facts *f)
{
    if (f->sent == 0) {
        sp_str_add(out, "no scan went out in the last 24 hours");
        return;
    }
    add_count(out, f->sent, "scan", "scans");
    sp_str_add(out, " went out in the last 24 hours");
    if (f->last_accepted > 0) {
        sp_str_add(out, f->sent == 1 ? ", " : ", the last one ");
        add_ago(out, f, f->last_accepted);
    }
}

static void
add_troubles(struct sp_str *out, const struct sp_verdict_facts *f)
{
    if (f->failed > 0)
        sp_str_addf(out, "; %lld failed", (long long)f->failed);
    if (f->held > 0) {
        sp_str_add(out, "; ");
        add_count(out, f->held, "waits for a person", "wait for a person");
    }
    if (is_late(f)) {
        sp_str_add(out, "; ");
        add_waiting(out, f);
    }
    if (f->down > 0) {
        sp_str_addf(out, "; %s is down", f->down_name);
        if (f->down_since > 0) {
            sp_str_add(out, " since ");
            add_clock(out, f, f->down_since);
        }
        if (f->down_reason[0] != '\0') {
            sp_str_add(out, ": ");
            add_reason(out, f->down_reason);
        }
    }
}

enum sp_works
sp_verdict(const struct sp_verdict_facts *f, struct sp_str *out)
{
    bool troubled = f->failed > 0 || f->held > 0 || f->down > 0 || is_late(f);
    if (f->methods == 0) {
        sp_str_add(out, "Nothing can leave: no method is enabled.");
        return SP_WORKS_NO;
    }
    if (f->down == f->methods)
        return all_down(f, out);
    if (is_late(f) && f->last_accepted < f->oldest_waiting)
        return stuck(f, out);
    if (!troubled && f->sent == 0 && f->waiting == 0)
        return idle(f, out);
    sp_str_add(out, troubled ? "Works, with troubles: " : "Works: ");
    add_sent(out, f);
    if (troubled)
        add_troubles(out, f);
    else if (f->waiting > 0)
        sp_str_addf(out, "; %lld on the way", (long long)f->waiting);
    sp_str_add_char(out, '.');
    return troubled ? SP_WORKS_PARTLY : SP_WORKS_YES;
}
