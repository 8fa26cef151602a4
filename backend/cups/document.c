/* document.c - getting hold of the document, and a look at its first and last bytes. */
#include "backend/cups/document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/cups/side.h"
#include "base/auto.h"
#include "base/io.h"

enum { BUFFER = 64 * 1024, LOOK_MS = 1000, END_SIZE = 1024 };

static enum sp_rc
make_temporary(int *ret_fd, struct sp_err *err)
{
    const char *dir = getenv("TMPDIR");
    SP_AUTO_FREE char *name = NULL;
    if (asprintf(&name, "%s/scanpost-XXXXXX", dir == NULL ? "/tmp" : dir) < 0)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    int fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0)
        return sp_fail_errno(err, "cannot make a temporary file");
    (void)unlink(name);
    *ret_fd = fd;
    return SP_OK;
}

/* Without data for a second we look up: the wait ends by a signal, but one that came just before would be slept over.
 */
static enum sp_rc
copy(int from, int to, struct sp_side *side, const volatile sig_atomic_t *stop, struct sp_err *err)
{
    char bytes[BUFFER];
    while (!*stop) {
        if (!sp_side_wait(side, from, LOOK_MS))
            continue;
        ssize_t got = read(from, bytes, sizeof(bytes));
        if (got == 0)
            return SP_OK;
        if (got < 0 && errno != EINTR && errno != EAGAIN)
            return sp_fail_errno(err, "cannot read the document");
        enum sp_rc rc = got < 0 ? SP_OK : sp_io_write_all(to, bytes, (size_t)got, err);
        if (rc != SP_OK)
            return rc;
    }
    return sp_fail(err, SP_E_CLOSED, "stopped");
}

static enum sp_rc
get_hold(const char *file, struct sp_side *side, const volatile sig_atomic_t *stop, int *ret_fd, struct sp_err *err)
{
    SP_AUTO_CLOSE int fd = -1;
    if (file != NULL) {
        fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
            return sp_fail_errno(err, "cannot open '%s'", file);
    } else {
        enum sp_rc rc = make_temporary(&fd, err);
        if (rc == SP_OK)
            rc = copy(STDIN_FILENO, fd, side, stop, err);
        if (rc != SP_OK)
            return rc;
    }
    *ret_fd = sp_steal_fd(&fd);
    return SP_OK;
}

static bool
begins(const char *head, ssize_t size, const char *with)
{
    return size >= (ssize_t)strlen(with) && memcmp(head, with, strlen(with)) == 0;
}

/* A filter that crashed leaves a PDF without its end, and CUPS tells only us about the end of the data. */
static bool
is_cut(const struct sp_document *document)
{
    char end[END_SIZE];
    uint64_t from = document->size > sizeof(end) ? document->size - sizeof(end) : 0;
    ssize_t got = pread(document->fd, end, sizeof(end), (off_t)from);
    return got >= 0 && memmem(end, (size_t)got, "%%EOF", 5) == NULL;
}

/* What the daemon takes it finds out itself; here is said what only a print queue can get wrong. */
static enum sp_rc
look_at(const struct sp_document *document, bool filtered, struct sp_err *err)
{
    char head[16];
    ssize_t got = pread(document->fd, head, sizeof(head), 0);
    if (document->size == 0)
        return sp_fail(err, SP_E_TYPE, "nothing came to be sent: a CUPS filter failed, or the document is empty");
    if (begins(head, got, "%!") || begins(head, got, "\033%-12345X") || begins(head, got, "\033E"))
        return sp_fail(err, SP_E_TYPE,
                       "the document is in a printer's language, not PDF: give the queue the driver 'scanpost.ppd', "
                       "and it is converted");
    if (filtered && begins(head, got, "%PDF-") && is_cut(document))
        return sp_fail(err, SP_E_TYPE, "the PDF ends in the middle: a CUPS filter failed");
    return SP_OK;
}

enum sp_rc
sp_document_open(const char *file, struct sp_side *side, const volatile sig_atomic_t *stop, struct sp_document *ret,
                 struct sp_err *err)
{
    struct stat info;
    SP_AUTO_CLOSE int fd = -1;
    enum sp_rc rc = get_hold(file, side, stop, &fd, err);
    if (rc != SP_OK)
        return rc;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        return sp_fail(err, SP_E_IO, "the document is not a regular file");
    *ret = (struct sp_document){ fd, (uint64_t)info.st_size };
    rc = look_at(ret, file == NULL, err);
    if (rc == SP_OK)
        (void)sp_steal_fd(&fd);
    else
        ret->fd = -1;
    return rc;
}

void
sp_document_close(struct sp_document *document)
{
    if (document->fd >= 0)
        close(document->fd);
    document->fd = -1;
}
