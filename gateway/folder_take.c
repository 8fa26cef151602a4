/* folder_take.c - one file's way from the folder to a job, on a worker thread. Whatever stops it on the way, the file
 * is in exactly one place: under its own name, as a claim, in rejected/, or in the spool. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/str.h"
#include "gateway/content.h"
#include "gateway/folder.h"
#include "gateway/intake.h"

struct file {
    int fd;
    struct stat info;
    struct sp_content content;
};

static void
close_file(struct file *file)
{
    if (file->fd >= 0)
        close(file->fd);
}

static void
wait_for(struct sp_take *take, int64_t ms)
{
    take->verdict = SP_TAKE_WAIT;
    take->wait_ms = ms;
}

/* ---- looking ---- */

static enum sp_take_verdict
unreadable(struct sp_take *take, const char *name)
{
    if (errno == ENOENT || errno == ELOOP)
        return SP_TAKE_GONE;
    if (errno == EACCES)
        sp_fail(
            &take->err, SP_E_DENIED,
            "'%s' cannot be read by scanpost: give its group access (in Samba: force group, create mask = 0660; else "
            "setgid on the folder and umask 007)",
            name);
    else
        sp_fail_errno(&take->err, "'%s' cannot be opened", name);
    return SP_TAKE_TROUBLE;
}

/* By our own rights, else by those of the opener. */
static int
open_for_reading(const struct sp_taker *taker, const struct sp_take *take, int dir, const char *name)
{
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0 || errno != EACCES || taker->opener == NULL)
        return fd;
    return taker->opener->open(taker->opener->context, take->set->name, dir == take->dirs->claims, name);
}

/* Opens what must be a regular file with something in it. false: take->verdict says what else. The type is asked for
 * before opening, because opening alone can do something to a device. */
static bool
look(const struct sp_taker *taker, struct sp_take *take, int dir, const char *name, struct file *file)
{
    struct stat before;
    if (fstatat(dir, name, &before, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(before.st_mode)) {
        take->verdict = SP_TAKE_GONE;
        return false;
    }
    file->fd = open_for_reading(taker, take, dir, name);
    if (file->fd < 0 || fstat(file->fd, &file->info) != 0) {
        take->verdict = unreadable(take, name);
        return false;
    }
    if (!S_ISREG(file->info.st_mode)) {
        take->verdict = SP_TAKE_GONE;
        return false;
    }
    file->content = sp_content_of(file->fd, (uint64_t)file->info.st_size);
    return true;
}

/* Looks the same as it did when its quiet time began. */
static bool
is_steady(const struct sp_take *take, const struct stat *info)
{
    struct sp_seen now = sp_seen_of(info);
    return sp_seen_equal(&now, &take->seen);
}

/* How long a file without its end is waited for. A truncated scan is the only copy there is: it goes out in the end. */
static int64_t
patience(const struct sp_taker *taker, const struct sp_take *take)
{
    int64_t long_quiet = 10 * take->set->settle_ms;
    return long_quiet > taker->times->patience_ms ? long_quiet : taker->times->patience_ms;
}

/* Whether the file under its own name is finished. false: the verdict says what else. */
static bool
is_finished(const struct sp_taker *taker, struct sp_take *take, const struct file *file)
{
    int64_t settle = take->set->settle_ms, patient = patience(taker, take);
    enum sp_writers writers = sp_file_writers(file->fd);
    if (!is_steady(take, &file->info) || writers == SP_WRITERS_SOME) {
        wait_for(take, settle);
        return false;
    }
    if (writers == SP_WRITERS_UNKNOWN && take->quiet_ms < 3 * settle) {
        wait_for(take, 3 * settle - take->quiet_ms);
        return false;
    }
    if (sp_content_complete(file->fd, (uint64_t)file->info.st_size, &file->content))
        return true;
    if (take->quiet_ms < patient) {
        wait_for(take, patient - take->quiet_ms);
        return false;
    }
    sp_notice(taker->log, "folder %s: the end of a %s is missing after %" PRId64 " s of quiet, it is taken as it is",
              take->set->name, file->content.kind, take->quiet_ms / 1000);
    return true;
}

/* ---- from the claim to the job ---- */

void
sp_folder_request(const struct sp_folder_settings *set, struct sp_intake_request *ret)
{
    *ret = (struct sp_intake_request){
        .source = "folder",
        .source_name = set->name,
        .route = set->route,
        .to = set->to.items,
        .n_to = set->to.count,
        .accept = set->accept.count > 0 ? set->accept.items : NULL,
        .n_accept = set->accept.count,
    };
}

static bool
is_accepted(const struct sp_folder_settings *set, const char *kind)
{
    for (size_t i = 0; i < set->accept.count; i++)
        if (strcmp(set->accept.items[i], kind) == 0)
            return true;
    return set->accept.count == 0 && *kind != '\0';
}

static enum sp_rc
refuse_kind(const struct sp_folder_settings *set, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str kinds = { 0 };
    for (size_t i = 0; i < set->accept.count; i++)
        sp_str_addf(&kinds, "%s%s", i > 0 ? ", " : "", set->accept.items[i]);
    return sp_fail(err, SP_E_TYPE, "it is not a kind of document that this folder takes (%s)", sp_str_text(&kinds));
}

/* Nobody wrote to the claim while it was copied, and nobody is about to. */
static enum sp_rc
check_unchanged(const struct file *file, struct sp_err *err)
{
    struct stat now;
    if (fstat(file->fd, &now) != 0)
        return sp_fail_errno(err, "intake: cannot look at a file");
    struct sp_seen before = sp_seen_of(&file->info), after = sp_seen_of(&now);
    if (!sp_seen_equal(&before, &after) || sp_file_writers(file->fd) == SP_WRITERS_SOME)
        return sp_fail(err, SP_E_BUSY, "it was written to while it was copied");
    return SP_OK;
}

static enum sp_rc
store(const struct sp_taker *taker, struct sp_take *take, const struct file *file, const char *name)
{
    struct sp_err *err = &take->err;
    SP_AUTO(sp_scan_free) struct sp_scan *scan = NULL;
    char id[SP_ULID_SIZE];
    bool repeated = false;
    struct sp_intake_request request;
    sp_folder_request(take->set, &request);
    request.folder_name = name;
    if (!is_accepted(take->set, file->content.kind))
        return refuse_kind(take->set, err);
    enum sp_rc rc = sp_intake_begin(taker->intake, take->id, &scan, err);
    if (rc == SP_OK)
        rc = sp_scan_document(scan, name, err);
    if (rc == SP_OK)
        rc = sp_scan_write_file(scan, file->fd, err);
    if (rc == SP_OK)
        rc = sp_scan_document_end(scan, err);
    if (rc == SP_OK)
        rc = check_unchanged(file, err);
    if (rc == SP_OK)
        rc = sp_claim_sync(take->dirs, err);
    return rc == SP_OK ? sp_scan_commit(scan, &request, id, &repeated, err) : rc;
}

static void
finish_claim(struct sp_take *take)
{
    enum sp_rc rc = sp_claim_remove(take->dirs, take->claimed, &take->err);
    take->verdict = rc == SP_OK ? SP_TAKE_TAKEN : SP_TAKE_TROUBLE;
}

static void
reject(struct sp_take *take)
{
    struct sp_err reason = take->err;
    enum sp_rc rc = sp_folder_reject(take->dirs, take->claimed, reason.text, &take->err);
    take->verdict = rc == SP_OK ? SP_TAKE_REJECTED : SP_TAKE_TROUBLE;
}

/* The file is in .scanpost as take->claimed. Its id is a job already when a crash came between commit and removal. That
 * it may have other links does not matter: it is copied, so whatever is written by another name goes into that file
 * alone. */
static void
take_claim(const struct sp_taker *taker, struct sp_take *take)
{
    SP_AUTO(close_file) struct file file = { .fd = -1 };
    char id[SP_ULID_SIZE];
    const char *name = take->claimed;
    sp_claim_parse(take->claimed, id, &name);
    if (!look(taker, take, take->dirs->claims, take->claimed, &file))
        return;
    if (!is_steady(take, &file.info) || sp_file_writers(file.fd) == SP_WRITERS_SOME) {
        wait_for(take, take->set->settle_ms);
        return;
    }
    enum sp_rc rc = store(taker, take, &file, name);
    if (rc == SP_OK || rc == SP_E_CONFLICT)
        finish_claim(take);
    else if (rc == SP_E_TYPE || rc == SP_E_TOO_LARGE)
        reject(take);
    else
        take->verdict = SP_TAKE_TROUBLE;
}

/* What can be known to fail is known before the claim, so that the file stays where people see it. */
static bool
claim(const struct sp_taker *taker, struct sp_take *take)
{
    SP_AUTO(close_file) struct file file = { .fd = -1 };
    char claimed[NAME_MAX + 1];
    if (!look(taker, take, take->dirs->dir, take->name, &file) || !is_finished(taker, take, &file))
        return false;
    enum sp_rc rc = sp_intake_room(taker->intake, (uint64_t)file.info.st_size, &take->err);
    sp_claim_name(take->id, take->name, claimed);
    if (rc == SP_OK)
        rc = sp_claim_make(take->dirs, take->name, claimed, &take->err);
    if (rc == SP_OK)
        memcpy(take->claimed, claimed, sizeof(claimed));
    take->verdict = rc == SP_E_NOTFOUND ? SP_TAKE_GONE : SP_TAKE_TROUBLE;
    return rc == SP_OK;
}

void
sp_folder_take(const struct sp_taker *taker, struct sp_take *take)
{
    if (take->claim)
        memcpy(take->claimed, take->name, sizeof(take->claimed));
    if (take->claim || claim(taker, take))
        take_claim(taker, take);
}
