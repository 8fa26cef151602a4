/* log.c - one write(2) a line. Whatever is printed is cleaned once more as a whole: a forged line would need a line
 * break, and none gets through here. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/journal.h"
#include "base/text.h"

/* Below PIPE_BUF, so that a line to a pipe is atomic (pipe(7)), and a size that journald does not split. */
enum { LINE_SIZE = 2048 };

static void
write_line(const struct sp_log *log, enum sp_log_level level, const struct sp_log_facts *facts, const char *format,
           va_list args)
{
    char raw[LINE_SIZE + 8], line[LINE_SIZE];
    vsnprintf(raw, sizeof raw, format, args);
    int head = snprintf(line, sizeof line / 4, "<%d>%s: ", (int)level, log->who == NULL ? "scanpost" : log->who);
    size_t at = head < 0 ? 0 : strlen(line);
    sp_log_clean(line + at, sizeof line - at - 1, raw); /* one byte less, for the line break */
    if (log->journal != NULL && sp_journal_send(log->journal, level, log->who, facts, line + at))
        return;
    size_t len = strlen(line);
    line[len++] = '\n';
    while (write(log->fd, line, len) < 0 && errno == EINTR)
        continue;
}

void
sp_log_write(const struct sp_log *log, enum sp_log_level level, const char *format, ...)
{
    static const struct sp_log_facts none = { 0 };
    if (log == NULL || level > log->level)
        return;
    int saved = errno;
    va_list args;
    va_start(args, format);
    write_line(log, level, &none, format, args);
    va_end(args);
    errno = saved;
}

void
sp_log_write_facts(const struct sp_log *log, enum sp_log_level level, const struct sp_log_facts *facts,
                   const char *format, ...)
{
    if (log == NULL || level > log->level)
        return;
    int saved = errno;
    va_list args;
    va_start(args, format);
    write_line(log, level, facts, format, args);
    va_end(args);
    errno = saved;
}

static bool
is_printable(const char *text, size_t n)
{
    unsigned char c = (unsigned char)text[0];
    if (n == 1)
        return c >= 0x20 && c != 0x7f;
    bool c1 = n == 2 && c == 0xc2 && (unsigned char)text[1] < 0xa0; /* U+0080 to U+009F: terminals obey them */
    return n > 0 && !c1;
}

/* How much of the beginning is plain: printable ASCII, as nearly all of it is. */
static size_t
plain_prefix(const char *text, size_t max)
{
    size_t n = 0;
    while (n < max && text[n] >= 0x20 && text[n] < 0x7f)
        n++;
    return n;
}

const char *
sp_log_clean(char *buffer, size_t size, const char *text)
{
    static const char dots[] = "...";
    size_t len = strlen(text), used = 0;
    size_t cut = 0; /* the last place where the dots would still fit */
    if (size > sizeof dots) {
        used = cut = plain_prefix(text, len < size - sizeof dots ? len : size - sizeof dots);
        memcpy(buffer, text, used);
    }
    for (size_t at = used; at < len;) {
        size_t n = sp_utf8_char(text + at, len - at);
        bool good = is_printable(text + at, n);
        size_t width = good ? n : 1;
        if (used + width >= size) {
            if (size >= sizeof dots)
                memcpy(buffer + cut, dots, sizeof dots);
            else if (size > 0)
                buffer[used] = '\0';
            return buffer;
        }
        if (good)
            memcpy(buffer + used, text + at, n);
        else
            buffer[used] = '?';
        used += width;
        at += n > 0 ? n : 1;
        if (used + sizeof dots <= size)
            cut = used;
    }
    if (size > 0)
        buffer[used] = '\0';
    return buffer;
}

int
sp_log_level_parse(const char *word)
{
    static const struct {
        const char *word;
        enum sp_log_level level;
    } levels[] = {
        { "error", SP_LOG_ERROR }, { "warning", SP_LOG_WARN }, { "notice", SP_LOG_NOTICE },
        { "info", SP_LOG_INFO },   { "debug", SP_LOG_DEBUG },
    };
    for (size_t i = 0; i < SP_LEN(levels); i++)
        if (strcmp(word, levels[i].word) == 0)
            return (int)levels[i].level;
    return -1;
}
