/* tar_in.c - see tar_in.h. */
#include "gateway/backup/tar_in.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/text.h"
#include "gateway/backup/tar_out.h"

enum { BLOCK = 128 * 1024, NAME_MAX_ = 4096 };

struct sp_tar_in {
    struct archive *archive;
    char name[NAME_MAX_], group[256];
};

static enum sp_rc
fail_archive(struct sp_tar_in *tar, struct sp_err *err)
{
    const char *words = archive_error_string(tar->archive);
    return sp_fail(err, SP_E_CORRUPT, "the backup is damaged: %s", words != NULL ? words : "it cannot be read");
}

enum sp_rc
sp_tar_in_new(int fd, struct sp_tar_in **ret, struct sp_err *err)
{
    struct sp_tar_in *tar = calloc(1, sizeof *tar);
    enum sp_rc rc = SP_OK;
    if (tar == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    tar->archive = archive_read_new();
    if (tar->archive == NULL)
        rc = sp_fail(err, SP_E_NOMEM, "out of memory");
    else if (archive_read_support_format_tar(tar->archive) != ARCHIVE_OK ||
             archive_read_open_fd(tar->archive, fd, BLOCK) != ARCHIVE_OK)
        rc = fail_archive(tar, err);
    if (rc != SP_OK)
        sp_tar_in_free(&tar);
    else
        *ret = tar;
    return rc;
}

void
sp_tar_in_free(struct sp_tar_in **tar)
{
    if (*tar == NULL)
        return;
    if ((*tar)->archive != NULL)
        (void)archive_read_free((*tar)->archive);
    free(*tar);
    *tar = NULL;
}

/* Nothing that could lead out of the place it is put into. */
static bool
is_safe(const char *name)
{
    for (const char *part = name;; part++) {
        size_t len = strcspn(part, "/");
        if (len == 0 || (len == 1 && part[0] == '.') || (len == 2 && strncmp(part, "..", 2) == 0))
            return false;
        part += len;
        if (*part == '\0')
            return !sp_text_has_control(name);
    }
}

enum sp_rc
sp_tar_in_next(struct sp_tar_in *tar, struct sp_tar_found *ret, struct sp_err *err)
{
    struct archive_entry *entry = NULL;
    int result = archive_read_next_header(tar->archive, &entry);
    *ret = (struct sp_tar_found){ 0 };
    if (result == ARCHIVE_EOF)
        return SP_OK;
    if (result != ARCHIVE_OK)
        return fail_archive(tar, err);
    const char *name = archive_entry_pathname(entry), *group = archive_entry_gname(entry);
    if (name == NULL || archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != NULL ||
        archive_entry_sparse_count(entry) > 0 || !sp_text_starts(name, SP_TAR_TOP) ||
        !is_safe(name + strlen(SP_TAR_TOP)) || !sp_text_copy(tar->name, sizeof tar->name, name + strlen(SP_TAR_TOP)))
        return sp_fail(err, SP_E_CORRUPT, "this is no backup of scanpost's, or a damaged one");
    (void)sp_text_copy(tar->group, sizeof tar->group, group != NULL ? group : "");
    *ret = (struct sp_tar_found){ tar->name, archive_entry_perm(entry) & 0777, tar->group };
    return SP_OK;
}

enum sp_rc
sp_tar_in_read(struct sp_tar_in *tar, void *buffer, size_t room, size_t *ret_got, struct sp_err *err)
{
    la_ssize_t got = archive_read_data(tar->archive, buffer, room);
    if (got < 0)
        return fail_archive(tar, err);
    *ret_got = (size_t)got;
    return SP_OK;
}
