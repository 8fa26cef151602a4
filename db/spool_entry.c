/* spool_entry.c - writing an entry. The order of fsyncs is what the promise of "taken" rests on:
 *
 *   each document, the envelope, the entry's directory (it names them), rename, spool/ (it names the entry)
 *
 * and only then is anybody told. In a burst of small scans the first three are not asked for one by one: one syncfs(2)
 * serves all entries that wait at that moment. While a large one is being written it would wait for that one's bytes,
 * so then, and for a few entries, each pays for its own; and for a while after one that was slow, because somebody else
 * writes much to this file system: a backup perhaps. */
#include "db/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "db/spool_place.h"

enum {
    COPY_BUFFER = 128 * 1024,
    NAME_SIZE = 24,
    SLOW_MS = 300,           /* for a syncfs */
    ALONE_MS = 60 * 1000,    /* so long it is not tried again */
    BURST = 4,               /* entries being finished at once */
    LARGE = 4 * 1024 * 1024, /* bytes of an entry */
};

struct sp_spool_entry {
    struct sp_spool *spool;
    char id[SP_ULID_SIZE];
    int dir;
    size_t documents; /* begun so far */
    int current;      /* the document being written, -1 between documents */
    uint64_t size;
    struct sp_sha256 *sum;
    int look; /* a finished document that somebody looked at */
    size_t look_number;
    bool renamed, published;
    uint64_t written;      /* bytes of all documents */
    bool finishing, large; /* counted as such in the spool */
    bool owes;             /* something of it was left to a syncfs */
    uint64_t mark;         /* of the spool's syncfs, before the first byte */
};

/* --- beginning -----------------------------------------------------------------------------------------------------
 */

static enum sp_rc
refuse_published(const struct sp_spool *spool, const char *id, struct sp_err *err)
{
    struct stat st;
    if (fstatat(spool->root, id, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return sp_fail(err, SP_E_CONFLICT, "spool: '%s' is published already", id);
    return errno == ENOENT ? SP_OK : sp_fail_errno(err, "spool: cannot look for '%s'", id);
}

static enum sp_rc
make_place(struct sp_spool_entry *entry, struct sp_err *err)
{
    enum sp_rc rc = refuse_published(entry->spool, entry->id, err);
    if (rc == SP_OK)
        rc = sp_io_remove_tree(entry->spool->new, entry->id, err);
    return rc == SP_OK ? sp_spool_make_dir(entry->spool->new, entry->id, &entry->dir, err) : rc;
}

enum sp_rc
sp_spool_begin(struct sp_spool *spool, const char *id, struct sp_spool_entry **ret, struct sp_err *err)
{
    enum sp_rc rc = sp_spool_check_id(id, err);
    if (rc != SP_OK)
        return rc;
    struct sp_spool_entry *entry = calloc(1, sizeof(*entry));
    if (entry == NULL)
        return sp_fail(err, SP_E_NOMEM, "spool: out of memory");
    *entry = (struct sp_spool_entry){
        .spool = spool, .dir = -1, .current = -1, .look = -1, .mark = sp_shared_sync_mark(&spool->all)
    };
    memcpy(entry->id, id, SP_ULID_SIZE);
    rc = make_place(entry, err);
    if (rc == SP_OK)
        *ret = entry;
    else
        sp_spool_entry_free(&entry);
    return rc;
}

/* --- documents -----------------------------------------------------------------------------------------------------
 */

static enum sp_rc
make_file(const struct sp_spool_entry *entry, const char *name, int *ret_fd, struct sp_err *err)
{
    int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    SP_AUTO_CLOSE int fd = openat(entry->dir, name, flags, SP_SPOOL_FILE_MODE);
    if (fd < 0 || fchmod(fd, SP_SPOOL_FILE_MODE) != 0) /* whatever the umask is: the sender must be able to read it */
        return sp_fail_errno(err, "spool: cannot make '%s/%s'", entry->id, name);
    *ret_fd = sp_steal_fd(&fd);
    return SP_OK;
}

static void
document_name(char name[NAME_SIZE], size_t number)
{
    snprintf(name, NAME_SIZE, "%zu", number);
}

enum sp_rc
sp_spool_document(struct sp_spool_entry *entry, struct sp_err *err)
{
    if (entry->current >= 0 || entry->published)
        return sp_fail(err, SP_E_INVALID, "spool: the document before is not finished");
    char name[NAME_SIZE];
    document_name(name, entry->documents + 1);
    entry->sum = sp_sha256_new();
    if (entry->sum == NULL)
        return sp_fail(err, SP_E_NOMEM, "spool: out of memory");
    enum sp_rc rc = make_file(entry, name, &entry->current, err);
    if (rc != SP_OK) {
        sp_sha256_free(&entry->sum);
        return rc;
    }
    entry->documents++;
    entry->size = 0;
    return SP_OK;
}

static void
count_written(struct sp_spool_entry *entry, uint64_t size)
{
    entry->size += size;
    entry->written += size;
    if (entry->large || entry->written < LARGE)
        return;
    entry->large = true;
    atomic_fetch_add(&entry->spool->large, 1);
}

static enum sp_rc
check_open(const struct sp_spool_entry *entry, struct sp_err *err)
{
    return entry->current >= 0 ? SP_OK : sp_fail(err, SP_E_INVALID, "spool: no document is open");
}

enum sp_rc
sp_spool_add(struct sp_spool_entry *entry, const void *bytes, size_t size, struct sp_err *err)
{
    enum sp_rc rc = check_open(entry, err);
    if (rc == SP_OK)
        rc = sp_io_write_all(entry->current, bytes, size, err);
    if (rc != SP_OK)
        return rc;
    sp_sha256_add(entry->sum, bytes, size);
    count_written(entry, size);
    return SP_OK;
}

static enum sp_rc
read_at(int fd, void *bytes, size_t size, uint64_t offset, size_t *ret_got, struct sp_err *err)
{
    ssize_t got;
    do
        got = pread(fd, bytes, size, (off_t)offset);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return sp_fail_errno(err, "spool: cannot read the document");
    *ret_got = (size_t)got;
    return SP_OK;
}

/* Everything from the start of fd passes through the hash, and into the document unless a reflink has put it there. */
static enum sp_rc
pass_through(struct sp_spool_entry *entry, int fd, uint64_t max, bool write, struct sp_err *err)
{
    SP_AUTO_FREE unsigned char *buffer = malloc(COPY_BUFFER);
    if (buffer == NULL)
        return sp_fail(err, SP_E_NOMEM, "spool: out of memory");
    uint64_t offset = 0;
    for (;;) {
        size_t got = 0;
        enum sp_rc rc = read_at(fd, buffer, COPY_BUFFER, offset, &got, err);
        if (rc != SP_OK || got == 0)
            return rc;
        offset += got;
        if (offset > max)
            return sp_fail(err, SP_E_TOO_LARGE, "the document is larger than %llu bytes", (unsigned long long)max);
        if (write && (rc = sp_io_write_all(entry->current, buffer, got, err)) != SP_OK)
            return rc;
        sp_sha256_add(entry->sum, buffer, got);
        count_written(entry, got);
    }
}

/* A reflink shares the blocks: copying costs nothing, and what is hashed is our own file, which nobody changes. */
enum sp_rc
sp_spool_add_file(struct sp_spool_entry *entry, int fd, uint64_t max, struct sp_err *err)
{
    enum sp_rc rc = check_open(entry, err);
    if (rc != SP_OK)
        return rc;
    if (entry->size == 0 && ioctl(entry->current, FICLONE, fd) == 0) {
        rc = pass_through(entry, entry->current, max, false, err);
        if (rc == SP_OK && lseek(entry->current, 0, SEEK_END) < 0)
            rc = sp_fail_errno(err, "spool: cannot seek");
        return rc;
    }
    return pass_through(entry, fd, max, true, err);
}

static void
drop_look(struct sp_spool_entry *entry)
{
    if (entry->look >= 0)
        close(entry->look);
    entry->look = -1;
    entry->look_number = 0;
}

static bool
is_burst(struct sp_spool *spool)
{
    return atomic_load(&spool->finishing) >= BURST && atomic_load(&spool->large) == 0 &&
           sp_mono_ms(&sp_clock_system) >= atomic_load(&spool->alone_until);
}

static enum sp_rc
sync_all(const struct sp_spool_entry *entry, struct sp_err *err)
{
    struct sp_spool *spool = entry->spool;
    int64_t began = sp_mono_ms(&sp_clock_system);
    enum sp_rc rc = sp_shared_sync_since(&spool->all, entry->mark, "the file system of the spool", err);
    int64_t now = sp_mono_ms(&sp_clock_system);
    if (now - began > SLOW_MS)
        atomic_store(&spool->alone_until, now + ALONE_MS);
    return rc;
}

/* Whether what is to be durable is left to one syncfs for many. Once it was, the entry needs one. */
static bool
leave_to_all(struct sp_spool_entry *entry)
{
    struct sp_spool *spool = entry->spool;
    if (!entry->finishing)
        atomic_fetch_add(&spool->finishing, 1);
    entry->finishing = true;
    entry->owes = entry->owes || is_burst(spool);
    return entry->owes;
}

enum sp_rc
sp_spool_document_end(struct sp_spool_entry *entry, uint64_t *ret_size, char ret_sha256[SP_SHA256_HEX_SIZE],
                      struct sp_err *err)
{
    enum sp_rc rc = check_open(entry, err);
    if (rc == SP_OK && !leave_to_all(entry))
        rc = sp_io_sync(entry->current, "a document", err);
    if (rc != SP_OK)
        return rc;
    sp_sha256_end_hex(entry->sum, ret_sha256);
    sp_sha256_free(&entry->sum);
    *ret_size = entry->size;
    drop_look(entry);
    entry->look = sp_steal_fd(&entry->current); /* most likely looked at next */
    entry->look_number = entry->documents;
    return SP_OK;
}

/* One at a time stays open: a scan may have a thousand documents. */
int
sp_spool_document_fd(struct sp_spool_entry *entry, size_t number)
{
    if (number == entry->look_number)
        return entry->look;
    drop_look(entry);
    char name[NAME_SIZE];
    document_name(name, number);
    if (sp_spool_open_file(entry->dir, name, &entry->look, NULL) == SP_OK)
        entry->look_number = number;
    return entry->look;
}

/* --- the end -------------------------------------------------------------------------------------------------------
 */

static enum sp_rc
write_envelope(const struct sp_spool_entry *entry, const char *json, bool sync, struct sp_err *err)
{
    SP_AUTO_CLOSE int fd = -1;
    enum sp_rc rc = make_file(entry, SP_SPOOL_ENVELOPE, &fd, err);
    if (rc == SP_OK)
        rc = sp_io_write_all(fd, json, strlen(json), err);
    return rc == SP_OK && sync ? sp_io_sync(fd, "the envelope", err) : rc;
}

/* NOREPLACE where the file system knows it: a plain rename would replace an empty directory of that name. */
static enum sp_rc
rename_into_place(struct sp_spool_entry *entry, struct sp_err *err)
{
    const struct sp_spool *spool = entry->spool;
    int failed = renameat2(spool->new, entry->id, spool->root, entry->id, RENAME_NOREPLACE);
    if (failed != 0 && (errno == EINVAL || errno == ENOSYS))
        failed = renameat(spool->new, entry->id, spool->root, entry->id);
    if (failed != 0 && (errno == EEXIST || errno == ENOTEMPTY))
        return sp_fail(err, SP_E_CONFLICT, "spool: '%s' is published already", entry->id);
    if (failed != 0)
        return sp_fail_errno(err, "spool: cannot publish '%s'", entry->id);
    entry->renamed = true;
    return SP_OK;
}

enum sp_rc
sp_spool_publish(struct sp_spool_entry *entry, const char *envelope_json, struct sp_err *err)
{
    if (entry->current >= 0 || entry->published)
        return sp_fail(err, SP_E_INVALID, "spool: a document is not finished");
    bool left = leave_to_all(entry);
    enum sp_rc rc = write_envelope(entry, envelope_json, !left, err);
    if (rc == SP_OK)
        rc = left ? sync_all(entry, err) : sp_io_sync(entry->dir, "the entry", err);
    if (rc == SP_OK)
        rc = rename_into_place(entry, err);
    if (rc == SP_OK)
        rc = sp_shared_sync(&entry->spool->sync, "the spool", err);
    entry->published = rc == SP_OK;
    return rc;
}

void
sp_spool_entry_free(struct sp_spool_entry **place)
{
    struct sp_spool_entry *entry = *place;
    if (entry == NULL)
        return;
    bool made = entry->dir >= 0;
    if (entry->finishing)
        atomic_fetch_sub(&entry->spool->finishing, 1);
    if (entry->large)
        atomic_fetch_sub(&entry->spool->large, 1);
    drop_look(entry);
    if (entry->current >= 0)
        close(entry->current);
    if (made)
        close(entry->dir);
    sp_sha256_free(&entry->sum);
    if (entry->renamed && !entry->published)
        sp_spool_remove(entry->spool, entry->id, NULL);
    else if (made && !entry->published)
        sp_io_remove_tree(entry->spool->new, entry->id, NULL); /* what stays after a failure is swept at start */
    free(entry);
    *place = NULL;
}
