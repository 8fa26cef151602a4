/* journal.h - log events to journald with fields, in its native protocol: one datagram an event, NAME=value lines
 * (systemd.journal-fields(7)). Our own few lines, because libsystemd would be a dependency for one datagram. */
#ifndef SP_BASE_JOURNAL_H
#define SP_BASE_JOURNAL_H

#include <stdbool.h>

#include "base/log.h"

#define SP_JOURNAL_SOCKET "/run/systemd/journal/socket"

struct sp_journal {
    int fd; /* connected; used by all threads, inherited by children */
};

/* false: fd is not the stream that JOURNAL_STREAM in the environment tells of, or path does not answer; then the log
 * stays as it is. */
bool sp_journal_open(struct sp_journal *journal, int fd, const char *path);
void sp_journal_close(struct sp_journal *journal);

/* text is cleaned (log.h). JOB_ID and METHOD are read from its first words, METHOD and CLASS from the facts. false: the
 * journal did not take it. */
bool sp_journal_send(const struct sp_journal *journal, enum sp_log_level level, const char *who,
                     const struct sp_log_facts *facts, const char *text);

#endif
