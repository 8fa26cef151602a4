/* journal.c - see journal.h. */
#include "base/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/text.h"
#include "base/ulid.h"

enum { EVENT_SIZE = 4096, VALUE_SIZE = 128 };

/* JOURNAL_STREAM is DEVICE:INODE of what systemd made our stderr; a shell may have sent it elsewhere since. */
static bool
is_journal(int fd)
{
    struct stat info;
    char stream[64];
    const char *told = getenv("JOURNAL_STREAM");
    if (told == NULL || fstat(fd, &info) != 0)
        return false;
    (void)snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)info.st_dev,
                   (unsigned long long)info.st_ino);
    return strcmp(told, stream) == 0;
}

bool
sp_journal_open(struct sp_journal *journal, int fd, const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    journal->fd = -1;
    if (!is_journal(fd) || !sp_text_copy(to.sun_path, sizeof to.sun_path, path))
        return false;
    SP_AUTO_CLOSE int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0 || connect(s, (const struct sockaddr *)&to, sizeof to) != 0)
        return false;
    journal->fd = sp_steal_fd(&s);
    return true;
}

void
sp_journal_close(struct sp_journal *journal)
{
    if (journal->fd >= 0)
        close(journal->fd);
    journal->fd = -1;
}

/* "job ID: ..." -> ID, "method NAME: ..." -> NAME; "" when the text does not begin so. */
static void
first_words(const char *text, const char *kind, char ret[VALUE_SIZE])
{
    size_t len = strlen(kind);
    ret[0] = '\0';
    if (strncmp(text, kind, len) != 0)
        return;
    size_t n = strcspn(text + len, ": ");
    if (n > 0 && n < VALUE_SIZE && text[len + n] == ':') {
        memcpy(ret, text + len, n);
        ret[n] = '\0';
    }
}

static void
add(char event[EVENT_SIZE], size_t *at, const char *name, const char *value)
{
    int n = snprintf(event + *at, EVENT_SIZE - *at, "%s=%s\n", name, value);
    if (n > 0 && (size_t)n < EVENT_SIZE - *at) /* what does not fit is left out whole */
        *at += (size_t)n;
}

/* journald may be starting again just now: once more on a new connection is its business, the line on stderr is ours.
 */
static bool
send_whole(int fd, const char *event, size_t size)
{
    ssize_t n;
    do
        n = send(fd, event, size, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)size;
}

bool
sp_journal_send(const struct sp_journal *journal, enum sp_log_level level, const char *who,
                const struct sp_log_facts *facts, const char *text)
{
    char event[EVENT_SIZE], job[VALUE_SIZE], method[VALUE_SIZE], priority[4];
    size_t at = 0;
    first_words(text, "job ", job);
    first_words(text, "method ", method);
    (void)snprintf(priority, sizeof priority, "%d", (int)level);
    event[0] = '\0';
    add(event, &at, "PRIORITY", priority);
    add(event, &at, "SYSLOG_IDENTIFIER", "scanpostd");
    if (who != NULL)
        add(event, &at, "SCANPOST_PROCESS", who);
    if (sp_ulid_valid(job))
        add(event, &at, "JOB_ID", job);
    if (facts->method != NULL || method[0] != '\0')
        add(event, &at, "METHOD", facts->method != NULL ? facts->method : method);
    if (facts->class_ != NULL)
        add(event, &at, "CLASS", facts->class_);
    add(event, &at, "MESSAGE", text);
    return send_whole(journal->fd, event, at);
}
