/* clock.c - the system's clocks, and RFC 3339 in both directions. */
#include "base/clock.h"

#include <limits.h>
#include <string.h>
#include <time.h>

static int64_t
read_clock(clockid_t which)
{
    struct timespec now = { 0 };
    clock_gettime(which, &now); /* cannot fail for clocks that every Linux since 2.6.39 has */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t
system_wall_ms(void *context)
{
    (void)context;
    return read_clock(CLOCK_REALTIME);
}

static int64_t
system_mono_ms(void *context)
{
    (void)context;
    return read_clock(CLOCK_BOOTTIME);
}

const struct sp_clock sp_clock_system = { .wall_ms = system_wall_ms, .mono_ms = system_mono_ms };

int64_t
sp_wall_ms(const struct sp_clock *clock)
{
    return clock->wall_ms(clock->context);
}

int64_t
sp_mono_ms(const struct sp_clock *clock)
{
    return clock->mono_ms(clock->context);
}

int
sp_ms_left(const struct sp_clock *clock, int64_t mono_deadline)
{
    int64_t now = sp_mono_ms(clock);
    if (mono_deadline <= now)
        return 0;
    int64_t left;
    if (__builtin_sub_overflow(mono_deadline, now, &left) || left > INT_MAX)
        return INT_MAX;
    return (int)left;
}

static void
put_digits(char *to, size_t digits, int value)
{
    for (; digits-- > 0; value /= 10)
        to[digits] = (char)('0' + value % 10);
}

void
sp_time_iso(int64_t wall_ms, char buffer[SP_ISO_TIME_SIZE])
{
    static const int64_t first = INT64_C(-62135596800000); /* 0001-01-01: what RFC 3339 can write */
    static const int64_t last = INT64_C(253402300799999);  /* 9999-12-31 */
    int64_t ms = wall_ms < first ? first : wall_ms > last ? last : wall_ms;
    int64_t fraction = (ms % 1000 + 1000) % 1000;
    time_t seconds = (time_t)((ms - fraction) / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    const int parts[] = { tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec };
    memcpy(buffer, "0000-00-00T00:00:00.000Z", SP_ISO_TIME_SIZE);
    put_digits(buffer, 4, parts[0]);
    for (size_t i = 1; i < sizeof parts / sizeof parts[0]; i++)
        put_digits(buffer + 2 + 3 * i, 2, parts[i]);
    put_digits(buffer + 20, 3, (int)fraction);
}

/* Exactly `digits` digits, then on. */
static bool
take_number(const char **at, int digits, int min, int max, int *ret)
{
    int value = 0;
    for (int i = 0; i < digits; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        value = value * 10 + (**at - '0');
    }
    *ret = value;
    return value >= min && value <= max;
}

static bool
take_char(const char **at, const char *any)
{
    if (**at == '\0' || strchr(any, **at) == NULL)
        return false;
    (*at)++;
    return true;
}

static int
days_in_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool
take_date(const char **at, struct tm *tm)
{
    int year, month, day;
    if (!take_number(at, 4, 1, 9999, &year) || !take_char(at, "-") || !take_number(at, 2, 1, 12, &month) ||
        !take_char(at, "-") || !take_number(at, 2, 1, days_in_month(year, month), &day))
        return false;
    tm->tm_year = year - 1900;
    tm->tm_mon = month - 1;
    tm->tm_mday = day;
    return true;
}

/* Second 60 is a leap second and counts as the next one, as POSIX time has it. */
static bool
take_time(const char **at, struct tm *tm, int *ms)
{
    if (!take_number(at, 2, 0, 23, &tm->tm_hour) || !take_char(at, ":") || !take_number(at, 2, 0, 59, &tm->tm_min) ||
        !take_char(at, ":") || !take_number(at, 2, 0, 60, &tm->tm_sec))
        return false;
    *ms = 0;
    if (!take_char(at, "."))
        return true;
    if (**at < '0' || **at > '9')
        return false;
    for (int scale = 100; **at >= '0' && **at <= '9'; (*at)++, scale /= 10)
        *ms += (**at - '0') * scale;
    return true;
}

static bool
take_offset(const char **at, int *minutes)
{
    *minutes = 0;
    if (take_char(at, "Zz"))
        return true;
    int sign = **at == '-' ? -1 : 1, hour, minute;
    if (!take_char(at, "+-") || !take_number(at, 2, 0, 23, &hour) || !take_char(at, ":") ||
        !take_number(at, 2, 0, 59, &minute))
        return false;
    *minutes = sign * (hour * 60 + minute);
    return true;
}

bool
sp_time_parse(const char *text, int64_t *ret_wall_ms)
{
    struct tm tm = { 0 };
    int ms = 0, offset = 0;
    if (!take_date(&text, &tm))
        return false;
    if (*text != '\0' && (!take_char(&text, "Tt ") || !take_time(&text, &tm, &ms) || !take_offset(&text, &offset)))
        return false;
    if (*text != '\0')
        return false;
    *ret_wall_ms = ((int64_t)timegm(&tm) - (int64_t)offset * 60) * 1000 + ms;
    return true;
}
