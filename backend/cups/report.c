/* report.c - lines for CUPS. It reads at most 2 KiB of one; whoever reads no more is no reason to fail. */
#include "backend/cups/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/str.h"

enum { LINE_MAX_SIZE = 1800 };

void
sp_report(const char *kind, const char *format, ...)
{
    SP_AUTO(sp_str_free) struct sp_str words = { 0 };
    char clean[LINE_MAX_SIZE], line[LINE_MAX_SIZE + 32];
    va_list args;
    va_start(args, format);
    sp_str_vaddf(&words, format, args);
    va_end(args);
    int size = snprintf(line, sizeof(line), "%s: %s\n", kind, sp_log_clean(clean, sizeof(clean), sp_str_text(&words)));
    if (size > 0 && write(STDERR_FILENO, line, (size_t)size) < 0)
        return; /* nobody listens, and nobody could be told */
}

void
sp_report_state(char sign, const char *reason)
{
    sp_report("STATE", "%c%s", sign, reason);
}
