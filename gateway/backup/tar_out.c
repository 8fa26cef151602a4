/* tar_out.c - see tar_out.h. The sums wait in a nameless file, so that memory does not grow with the number of members.
 */
#include "gateway/backup/tar_out.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/auto.h"
#include "base/digest.h"

enum { CHUNK = 128 * 1024 };

struct sp_tar_out {
    struct archive *archive;
    FILE *sums;
    int64_t when;
    char chunk[CHUNK];
};

static enum sp_rc
fail_archive(struct sp_tar_out *tar, struct sp_err *err)
{
    int code = archive_errno(tar->archive);
    const char *words = archive_error_string(tar->archive);
    return sp_fail(err, code == ENOSPC || code == EDQUOT ? SP_E_NO_ROOM : SP_E_IO, "backup: cannot write: %s%s%s",
                   words != NULL ? words : "", code > 0 ? ": " : "", code > 0 ? strerror(code) : "");
}

enum sp_rc
sp_tar_out_new(int fd, int64_t when, struct sp_tar_out **ret, struct sp_err *err)
{
    struct sp_tar_out *tar = malloc(sizeof *tar);
    if (tar == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    *tar = (struct sp_tar_out){ .archive = archive_write_new(), .sums = tmpfile(), .when = when };
    enum sp_rc rc = SP_OK;
    if (tar->archive == NULL || tar->sums == NULL)
        rc = sp_fail_errno(err, "backup: cannot make a temporary file");
    else if (archive_write_set_format_pax_restricted(tar->archive) != ARCHIVE_OK ||
             archive_write_open_fd(tar->archive, fd) != ARCHIVE_OK)
        rc = fail_archive(tar, err);
    if (rc != SP_OK)
        sp_tar_out_free(&tar);
    else
        *ret = tar;
    return rc;
}

/* After a failure libarchive would write the end of the archive even so; whoever keeps files removes this one. */
void
sp_tar_out_free(struct sp_tar_out **tar)
{
    if (*tar == NULL)
        return;
    if ((*tar)->archive != NULL)
        (void)archive_write_free((*tar)->archive);
    if ((*tar)->sums != NULL)
        (void)fclose((*tar)->sums);
    free(*tar);
    *tar = NULL;
}

static enum sp_rc
begin(struct sp_tar_out *tar, const struct sp_tar_member *member, int64_t size, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str name = { 0 };
    struct archive_entry *entry = archive_entry_new();
    sp_str_addf(&name, SP_TAR_TOP "%s", member->name);
    if (entry == NULL || name.failed) {
        archive_entry_free(entry);
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    }
    archive_entry_set_pathname(entry, sp_str_text(&name));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, member->mode & 0777);
    archive_entry_set_size(entry, size);
    archive_entry_set_mtime(entry, tar->when, 0);
    if (member->group != NULL)
        archive_entry_set_gname(entry, member->group);
    int result = archive_write_header(tar->archive, entry);
    archive_entry_free(entry);
    return result == ARCHIVE_OK ? SP_OK : fail_archive(tar, err);
}

static enum sp_rc
note_sum(struct sp_tar_out *tar, const char *name, const char *hex, struct sp_err *err)
{
    return fprintf(tar->sums, "%s  %s\n", hex, name) > 0 ? SP_OK : sp_fail_errno(err, "backup: cannot note a sum");
}

enum sp_rc
sp_tar_out_bytes(struct sp_tar_out *tar, const struct sp_tar_member *member, const void *bytes, size_t size,
                 struct sp_err *err)
{
    char hex[SP_SHA256_HEX_SIZE];
    enum sp_rc rc = begin(tar, member, (int64_t)size, err);
    if (rc == SP_OK && archive_write_data(tar->archive, bytes, size) != (la_ssize_t)size)
        rc = fail_archive(tar, err);
    sp_sha256_hex(bytes, size, hex);
    return rc == SP_OK ? note_sum(tar, member->name, hex, err) : rc;
}

/* Whoever holds these signals back wants to tidy up before they count. */
static bool
interrupted(void)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
    sigset_t pending;
    bool any = false;
    for (size_t i = 0; sigpending(&pending) == 0 && i < SP_LEN(signals); i++)
        any = any || sigismember(&pending, signals[i]) == 1;
    return any;
}

static enum sp_rc
copy(struct sp_tar_out *tar, int fd, int64_t size, struct sp_sha256 *sum, const char *name, struct sp_err *err)
{
    for (int64_t at = 0; at < size;) {
        if (interrupted())
            return sp_fail(err, SP_E_CLOSED, "backup: interrupted");
        size_t want = size - at < CHUNK ? (size_t)(size - at) : CHUNK;
        ssize_t got = pread(fd, tar->chunk, want, at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return sp_fail_errno(err, "backup: cannot read '%s'", name);
        if (got == 0)
            return sp_fail(err, SP_E_CONFLICT, "backup: '%s' became shorter while it was read", name);
        if (sum != NULL)
            sp_sha256_add(sum, tar->chunk, (size_t)got);
        if (archive_write_data(tar->archive, tar->chunk, (size_t)got) != got)
            return fail_archive(tar, err);
        at += got;
    }
    return SP_OK;
}

enum sp_rc
sp_tar_out_file(struct sp_tar_out *tar, const struct sp_tar_member *member, int fd, struct sp_err *err)
{
    struct stat at;
    char hex[SP_SHA256_HEX_SIZE];
    SP_AUTO(sp_sha256_free) struct sp_sha256 *sum = sp_sha256_new();
    if (sum == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    if (fstat(fd, &at) != 0)
        return sp_fail_errno(err, "backup: cannot look at '%s'", member->name);
    enum sp_rc rc = begin(tar, member, at.st_size, err);
    if (rc == SP_OK)
        rc = copy(tar, fd, at.st_size, sum, member->name, err);
    if (rc != SP_OK)
        return rc;
    sp_sha256_end_hex(sum, hex);
    return note_sum(tar, member->name, hex, err);
}

enum sp_rc
sp_tar_out_finish(struct sp_tar_out *tar, struct sp_err *err)
{
    const struct sp_tar_member member = { .name = SP_TAR_SUMS, .mode = 0600 };
    long size = fflush(tar->sums) == 0 ? ftell(tar->sums) : -1;
    if (size < 0)
        return sp_fail_errno(err, "backup: cannot note the sums");
    enum sp_rc rc = begin(tar, &member, size, err);
    if (rc == SP_OK)
        rc = copy(tar, fileno(tar->sums), size, NULL, SP_TAR_SUMS, err);
    if (rc == SP_OK && archive_write_close(tar->archive) != ARCHIVE_OK)
        rc = fail_archive(tar, err);
    return rc;
}
