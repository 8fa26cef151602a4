/* spool.c - published entries: finding, reading, removing. Writing one is in spool_entry.c. */
#include "db/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/str.h"
#include "db/spool_place.h"

enum { ENVELOPE_MOST = 8 * 1024 * 1024 /* a thousand documents with the longest names take a tenth of it */ };

enum sp_rc
sp_spool_check_id(const char *id, struct sp_err *err)
{
    return sp_ulid_valid(id) ? SP_OK : sp_fail(err, SP_E_INVALID, "spool: not an id");
}

enum sp_rc
sp_spool_make_dir(int parent, const char *name, int *ret_fd, struct sp_err *err)
{
    if (mkdirat(parent, name, SP_SPOOL_DIR_MODE & 0777) != 0)
        return sp_fail_errno(err, "spool: cannot make '%s'", name);
    SP_AUTO_CLOSE int fd = -1;
    enum sp_rc rc = sp_io_open_dir(parent, name, &fd, err);
    if (rc != SP_OK)
        return rc;
    struct stat made; /* below a folder like ours it is right already; the service may not set that bit itself */
    if (fstat(fd, &made) != 0 || ((made.st_mode & 07777) != SP_SPOOL_DIR_MODE && fchmod(fd, SP_SPOOL_DIR_MODE) != 0))
        return sp_fail_errno(err, "spool: cannot set the mode of '%s'", name);
    *ret_fd = sp_steal_fd(&fd);
    return SP_OK;
}

/* The supervisor makes them beforehand, with owners this process could not give; the sender may not even write here. */
static enum sp_rc
open_or_make(int parent, const char *name, int *ret_fd, struct sp_err *err)
{
    enum sp_rc rc = sp_io_open_dir(parent, name, ret_fd, err);
    if (rc != SP_E_NOTFOUND)
        return rc;
    rc = sp_spool_make_dir(parent, name, ret_fd, err);
    if (rc != SP_OK) /* gateway and sender start together: the other one may have been faster */
        rc = sp_io_open_dir(parent, name, ret_fd, err);
    return rc == SP_OK ? sp_io_sync(parent, name, err) : rc;
}

enum sp_rc
sp_spool_open(const char *state_dir, struct sp_spool **ret, struct sp_err *err)
{
    struct sp_spool *spool = calloc(1, sizeof(*spool));
    if (spool == NULL)
        return sp_fail(err, SP_E_NOMEM, "spool: out of memory");
    SP_AUTO_CLOSE int state = -1;
    spool->root = spool->new = spool->old = -1;
    enum sp_rc rc = sp_io_open_dir(AT_FDCWD, state_dir, &state, err);
    if (rc == SP_OK)
        rc = open_or_make(state, "spool", &spool->root, err);
    if (rc == SP_OK)
        rc = open_or_make(spool->root, ".new", &spool->new, err);
    if (rc == SP_OK)
        rc = open_or_make(spool->root, ".old", &spool->old, err);
    sp_shared_sync_init(&spool->sync, fsync, spool->root);
    sp_shared_sync_init(&spool->all, syncfs, spool->root);
    if (rc == SP_OK)
        *ret = spool;
    else
        sp_spool_close(&spool);
    return rc;
}

void
sp_spool_close(struct sp_spool **place)
{
    struct sp_spool *spool = *place;
    if (spool == NULL)
        return;
    const int fds[] = { spool->root, spool->new, spool->old };
    for (size_t i = 0; i < SP_LEN(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    sp_shared_sync_end(&spool->sync);
    sp_shared_sync_end(&spool->all);
    free(spool);
    *place = NULL;
}

enum sp_rc
sp_spool_room(struct sp_spool *spool, uint64_t *ret, struct sp_err *err)
{
    return sp_io_room(spool->root, ret, err);
}

/* O_NONBLOCK: a FIFO in place of a document must not make us wait for a writer; files do not care. */
enum sp_rc
sp_spool_open_file(int dir, const char *name, int *ret_fd, struct sp_err *err)
{
    SP_AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        return sp_fail_errno(err, "spool: cannot open '%s'", name);
    if (!S_ISREG(st.st_mode))
        return sp_fail(err, SP_E_IO, "spool: '%s' is not a regular file", name);
    *ret_fd = sp_steal_fd(&fd);
    return SP_OK;
}

static enum sp_rc
open_entry(struct sp_spool *spool, const char *id, int *ret_fd, struct sp_err *err)
{
    enum sp_rc rc = sp_spool_check_id(id, err);
    return rc == SP_OK ? sp_io_open_dir(spool->root, id, ret_fd, err) : rc;
}

enum sp_rc
sp_spool_read(struct sp_spool *spool, const char *id, size_t number, int *ret_fd, struct sp_err *err)
{
    SP_AUTO_CLOSE int dir = -1;
    enum sp_rc rc = open_entry(spool, id, &dir, err);
    if (rc != SP_OK)
        return rc;
    char name[24];
    snprintf(name, sizeof(name), "%zu", number);
    return sp_spool_open_file(dir, name, ret_fd, err);
}

enum sp_rc
sp_spool_envelope(struct sp_spool *spool, const char *id, struct sp_str *ret, struct sp_err *err)
{
    SP_AUTO_CLOSE int dir = -1;
    enum sp_rc rc = open_entry(spool, id, &dir, err);
    return rc == SP_OK ? sp_io_read_file(dir, SP_SPOOL_ENVELOPE, ENVELOPE_MOST, ret, err) : rc;
}

enum sp_rc
sp_spool_envelope_open(struct sp_spool *spool, const char *id, int *ret_fd, struct sp_err *err)
{
    SP_AUTO_CLOSE int dir = -1;
    enum sp_rc rc = open_entry(spool, id, &dir, err);
    return rc == SP_OK ? sp_spool_open_file(dir, SP_SPOOL_ENVELOPE, ret_fd, err) : rc;
}

/* Out of sight in one step, and that step durable, before the first byte goes: no crash leaves half an entry under its
 * name, or brings a removed one back. */
enum sp_rc
sp_spool_remove(struct sp_spool *spool, const char *id, struct sp_err *err)
{
    enum sp_rc rc = sp_spool_check_id(id, err);
    if (rc == SP_OK)
        rc = sp_io_remove_tree(spool->old, id, err); /* of an earlier removal that was interrupted */
    if (rc != SP_OK)
        return rc;
    if (renameat(spool->root, id, spool->old, id) != 0)
        return errno == ENOENT ? SP_OK : sp_fail_errno(err, "spool: cannot remove '%s'", id);
    rc = sp_shared_sync(&spool->sync, "the spool", err);
    return rc == SP_OK ? sp_io_remove_tree(spool->old, id, err) : rc;
}

static DIR *
open_stream(int dir, struct sp_err *err)
{
    int fd = -1;
    if (sp_io_open_dir(dir, ".", &fd, err) != SP_OK)
        return NULL;
    DIR *stream = fdopendir(fd);
    if (stream == NULL) {
        sp_fail_errno(err, "spool: cannot list");
        close(fd);
    }
    return stream;
}

static bool
is_dir(int parent, const char *name)
{
    struct stat st;
    return fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

enum sp_rc
sp_spool_each(struct sp_spool *spool, sp_spool_fn *fn, void *context, struct sp_err *err)
{
    struct sp_err why = { 0 };
    DIR *stream = open_stream(spool->root, &why);
    if (stream == NULL)
        return sp_fail(err, why.rc, "%s", why.text);
    enum sp_rc rc = SP_OK;
    const struct dirent *entry;
    while (rc == SP_OK && (entry = readdir(stream)) != NULL)
        if (sp_ulid_valid(entry->d_name) && is_dir(spool->root, entry->d_name))
            rc = fn(context, entry->d_name, err);
    closedir(stream);
    return rc;
}

static enum sp_rc
empty_dir(int dir, struct sp_err *err)
{
    struct sp_err why = { 0 };
    DIR *stream = open_stream(dir, &why);
    if (stream == NULL)
        return sp_fail(err, why.rc, "%s", why.text);
    enum sp_rc rc = SP_OK;
    const struct dirent *entry;
    while (rc == SP_OK && (entry = readdir(stream)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            rc = sp_io_remove_tree(dir, entry->d_name, err);
    closedir(stream);
    return rc;
}

enum sp_rc
sp_spool_sweep(struct sp_spool *spool, struct sp_err *err)
{
    enum sp_rc rc = empty_dir(spool->new, err);
    return rc == SP_OK ? empty_dir(spool->old, err) : rc;
}
