/* log.h - one line an event to stderr, with the priority in front as journald and syslog read it: "<4>gateway: ...".
 * A line is one write(2), so lines of several processes and threads never mix. Calls may come from any thread.
 *
 * Lines about a job begin with "job ID: ", lines about a method with "method NAME: ". Where stderr is the journal
 * (base/journal.h), the event goes there with fields, so that `journalctl JOB_ID=...` finds all of a job. */
#ifndef SP_BASE_LOG_H
#define SP_BASE_LOG_H

#include <stddef.h>

enum sp_log_level { SP_LOG_ERROR = 3, SP_LOG_WARN = 4, SP_LOG_NOTICE = 5, SP_LOG_INFO = 6, SP_LOG_DEBUG = 7 };

struct sp_journal;

struct sp_log {
    enum sp_log_level level; /* the finest that is still written */
    const char *who;         /* "supervisor", "gateway", "sender" */
    int fd;
    const struct sp_journal *journal; /* NULL: fd is no journal */
};

/* What a line is about, beside what its first words say; NULL: nothing. Names of ours, never text from outside. */
struct sp_log_facts {
    const char *method, *class_;
};

/* Text from outside must have passed sp_log_clean, or be printed with it. A NULL log swallows everything. */
void sp_log_write(const struct sp_log *log, enum sp_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void sp_log_write_facts(const struct sp_log *log, enum sp_log_level level, const struct sp_log_facts *facts,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));

#define sp_error(log, ...)  sp_log_write(log, SP_LOG_ERROR, __VA_ARGS__)
#define sp_warn(log, ...)   sp_log_write(log, SP_LOG_WARN, __VA_ARGS__)
#define sp_notice(log, ...) sp_log_write(log, SP_LOG_NOTICE, __VA_ARGS__)
#define sp_info(log, ...)   sp_log_write(log, SP_LOG_INFO, __VA_ARGS__)
#define sp_debug(log, ...)  sp_log_write(log, SP_LOG_DEBUG, __VA_ARGS__)

/* Copies text for a log line: control characters and broken UTF-8 become '?', what does not fit is cut with "...".
 * Returns buffer, always terminated. */
const char *sp_log_clean(char *buffer, size_t size, const char *text);

/* "error" "warning" "notice" "info" "debug"; -1 when it is none of them. */
int sp_log_level_parse(const char *word);

#endif
