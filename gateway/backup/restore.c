/* restore.c - see restore.h.
 *
 * A job that waited when the backup was made may have been sent since. So it comes back held, and a person decides: a
 * second copy goes out only by somebody's word. Where nothing can have been sent since, because the old machine did not
 * start again, `resume` leaves jobs as they were. */
#include "gateway/backup/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/str.h"
#include "base/text.h"
#include "db/snapshot.h"
#include "gateway/backup/restore_place.h"
#include "gateway/backup/tar_in.h"
#include "gateway/backup/tar_out.h"

enum { CHUNK = 64 * 1024, MANIFEST_MAX = 64 * 1024 };

/* --- proving --- */

static void
take_text(const json_t *json, const char *key, char *to, size_t size)
{
    const char *text = json_string_value(json_object_get(json, key));
    (void)sp_text_copy(to, size, text != NULL && !sp_text_has_control(text) ? text : "");
}

static enum sp_rc
read_manifest(const struct sp_str *text, struct sp_manifest *ret, struct sp_err *err)
{
    json_t *json = json_loadb(sp_str_text(text), text->len, 0, NULL);
    json_int_t format = json_integer_value(json_object_get(json, "format"));
    take_text(json, "version", ret->version, sizeof ret->version);
    take_text(json, "created", ret->created, sizeof ret->created);
    take_text(json, "hostname", ret->hostname, sizeof ret->hostname);
    take_text(json, "config", ret->config, sizeof ret->config);
    take_text(json, "state_dir", ret->state_dir, sizeof ret->state_dir);
    take_text(json, "user", ret->user, sizeof ret->user);
    take_text(json, "sender_user", ret->sender_user, sizeof ret->sender_user);
    ret->secrets = json_is_true(json_object_get(json, "secrets"));
    json_decref(json);
    if (format == 1)
        return SP_OK;
    return sp_fail(err, SP_E_CORRUPT,
                   format > 1 ? "the backup was made by a newer scanpost" : "this is no backup of scanpost's");
}

/* Reads a member; its sum in hex, and what it holds when `keep` is set. */
static enum sp_rc
read_member(struct sp_tar_in *tar, char hex[SP_SHA256_HEX_SIZE], struct sp_str *keep, struct sp_err *err)
{
    char chunk[CHUNK];
    SP_AUTO(sp_sha256_free) struct sp_sha256 *sum = sp_sha256_new();
    if (sum == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    for (size_t got = 1; got > 0;) {
        enum sp_rc rc = sp_tar_in_read(tar, chunk, sizeof chunk, &got, err);
        if (rc != SP_OK)
            return rc;
        sp_sha256_add(sum, chunk, got);
        if (keep != NULL && keep->len < MANIFEST_MAX)
            sp_str_add_n(keep, chunk, got);
    }
    sp_sha256_end_hex(sum, hex);
    return SP_OK;
}

/* The sums that were computed, against those that were written: the same lines in the same order. */
static enum sp_rc
compare_sums(struct sp_tar_in *tar, FILE *sums, struct sp_err *err)
{
    char theirs[CHUNK], ours[CHUNK];
    rewind(sums);
    for (size_t got = 1; got > 0;) {
        enum sp_rc rc = sp_tar_in_read(tar, theirs, sizeof theirs, &got, err);
        if (rc != SP_OK)
            return rc;
        if (fread(ours, 1, got, sums) != got || memcmp(ours, theirs, got) != 0)
            return sp_fail(err, SP_E_CORRUPT, "the backup is damaged: a checksum does not fit");
    }
    return fgetc(sums) == EOF ? SP_OK : sp_fail(err, SP_E_CORRUPT, "the backup is damaged: checksums are missing");
}

static enum sp_rc
verify(struct sp_tar_in *tar, FILE *sums, struct sp_manifest *manifest, struct sp_err *err)
{
    struct sp_tar_found found = { 0 };
    char hex[SP_SHA256_HEX_SIZE];
    bool manifest_seen = false, summed = false, database = false;
    for (;;) {
        enum sp_rc rc = sp_tar_in_next(tar, &found, err);
        if (rc != SP_OK)
            return rc;
        if (found.name == NULL || summed)
            break;
        if (strcmp(found.name, SP_TAR_SUMS) == 0) {
            rc = compare_sums(tar, sums, err);
            summed = true;
        } else {
            SP_AUTO(sp_str_free) struct sp_str text = { 0 };
            bool is_manifest = strcmp(found.name, "manifest.json") == 0;
            rc = read_member(tar, hex, is_manifest ? &text : NULL, err);
            if (rc == SP_OK && is_manifest)
                rc = read_manifest(&text, manifest, err);
            manifest_seen = manifest_seen || is_manifest;
            database = database || strcmp(found.name, "scanpost.db") == 0;
            if (rc == SP_OK && fprintf(sums, "%s  %s\n", hex, found.name) < 0)
                rc = sp_fail_errno(err, "cannot note a sum");
        }
        if (rc != SP_OK)
            return rc;
    }
    if (found.name != NULL || !summed || !manifest_seen || !database)
        return sp_fail(err, SP_E_CORRUPT, "the backup is not whole: its end is missing");
    return SP_OK;
}

enum sp_rc
sp_backup_verify(const char *file, struct sp_manifest *ret, struct sp_err *err)
{
    struct sp_tar_in *tar = NULL;
    FILE *sums = tmpfile();
    SP_AUTO_CLOSE int fd = open(file, O_RDONLY | O_CLOEXEC);
    *ret = (struct sp_manifest){ 0 };
    enum sp_rc rc = fd < 0 || sums == NULL ? sp_fail_errno(err, "cannot open '%s'", file) : SP_OK;
    if (rc == SP_OK)
        rc = sp_tar_in_new(fd, &tar, err);
    if (rc == SP_OK)
        rc = verify(tar, sums, ret, err);
    sp_tar_in_free(&tar);
    if (sums != NULL)
        (void)fclose(sums);
    return rc;
}

/* --- configuration --- */

static enum sp_rc
make_parent(const char *path, struct sp_err *err)
{
    SP_AUTO_FREE char *dir = strdup(path);
    if (dir == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    char *slash = strrchr(dir, '/');
    *slash = '\0';
    return dir[0] == '\0' ? SP_OK : sp_io_mkdir_path(dir, 0755, err);
}

static enum sp_rc
keep_old(const char *path, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str old = { 0 };
    sp_str_addf(&old, "%s.before-restore", path);
    if (rename(path, sp_str_text(&old)) != 0 && errno != ENOENT)
        return sp_fail_errno(err, "restore: cannot keep '%s'", path);
    return SP_OK;
}

static bool
belongs_here(const struct sp_restore_options *options, const char *path)
{
    const char *dir = options->config_dir;
    return dir[0] != '\0' && sp_text_starts(path, dir) && path[strlen(dir)] == '/';
}

static enum sp_rc
put_config(const struct sp_restore_options *options, const struct sp_tar_found *found, const char *path,
           struct sp_tar_in *tar, struct sp_restore_counts *counts, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str temp = { 0 };
    bool there = access(path, F_OK) == 0;
    bool elsewhere = !there && !belongs_here(options, path);
    counts->config_kept += there && !options->config;
    counts->config_elsewhere += elsewhere && !options->config;
    if ((there || elsewhere) && !options->config)
        return SP_OK;
    sp_str_addf(&temp, "%s.restore", path);
    enum sp_rc rc = make_parent(path, err);
    if (rc != SP_OK)
        return rc;
    (void)unlink(sp_str_text(&temp));
    SP_AUTO_CLOSE int fd = open(sp_str_text(&temp), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    const struct group *group = found->group[0] != '\0' ? getgrnam(found->group) : NULL;
    if (fd < 0)
        return sp_fail_errno(err, "restore: cannot make '%s'", sp_str_text(&temp));
    rc = sp_restore_copy(tar, fd, path, err);
    if (rc == SP_OK && geteuid() == 0 && fchown(fd, 0, group != NULL ? group->gr_gid : 0) != 0)
        rc = sp_fail_errno(err, "restore: cannot set the owner of '%s'", path);
    if (rc == SP_OK && (fchmod(fd, found->mode & 0644) != 0 || fsync(fd) != 0))
        rc = sp_fail_errno(err, "restore: cannot write '%s'", path);
    if (rc == SP_OK && there)
        rc = keep_old(path, err);
    if (rc == SP_OK && rename(sp_str_text(&temp), path) != 0)
        rc = sp_fail_errno(err, "restore: cannot put '%s' in place", path);
    if (rc != SP_OK)
        (void)unlink(sp_str_text(&temp));
    counts->config_written += rc == SP_OK;
    return rc;
}

/* --- all of it --- */

static enum sp_rc
put_member(const struct sp_restore_options *options, struct sp_restore_place *place, const struct sp_tar_found *found,
           struct sp_tar_in *tar, struct sp_restore_counts *counts, struct sp_err *err)
{
    static const char *const kinds[] = { "config", "secrets" };
    if (strcmp(found->name, "manifest.json") == 0 || strcmp(found->name, SP_TAR_SUMS) == 0)
        return SP_OK;
    for (size_t i = 0; i < SP_LEN(kinds); i++)
        if (sp_text_starts(found->name, kinds[i]) && found->name[strlen(kinds[i])] == '/')
            return put_config(options, found, found->name + strlen(kinds[i]), tar, counts, err);
    counts->files++;
    counts->scans += sp_text_starts(found->name, "spool/") && strstr(found->name, "/envelope.json") != NULL;
    return sp_restore_place_put(place, found->name, tar, err);
}

static enum sp_rc
put_all(const struct sp_restore_options *options, struct sp_restore_place *place, struct sp_restore_counts *counts,
        struct sp_err *err)
{
    struct sp_tar_in *tar = NULL;
    struct sp_tar_found found = { 0 };
    SP_AUTO_CLOSE int fd = open(options->file, O_RDONLY | O_CLOEXEC);
    enum sp_rc rc = fd < 0 ? sp_fail_errno(err, "cannot open '%s'", options->file) : sp_tar_in_new(fd, &tar, err);
    while (rc == SP_OK) {
        rc = sp_tar_in_next(tar, &found, err);
        if (rc != SP_OK || found.name == NULL)
            break;
        rc = put_member(options, place, &found, tar, counts, err);
    }
    sp_tar_in_free(&tar);
    return rc;
}

static enum sp_rc
find_owner(const struct sp_restore_options *options, struct sp_restore_place *place, struct sp_err *err)
{
    place->root = geteuid() == 0;
    if (!place->root)
        return SP_OK;
    const struct passwd *user = getpwnam(options->user);
    const struct group *data = getgrnam("scanpost-data");
    if (user == NULL || data == NULL)
        return sp_fail(err, SP_E_NOTFOUND, "there is no %s '%s': install scanpost, or run scanpost setup, first",
                       user == NULL ? "user" : "group", user == NULL ? options->user : "scanpost-data");
    place->uid = user->pw_uid;
    place->gid = data->gr_gid;
    return SP_OK;
}

static enum sp_rc
settle(const struct sp_restore_options *options, const struct sp_manifest *manifest, struct sp_restore_counts *ret,
       struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str stage = { 0 }, trouble = { 0 };
    sp_str_addf(&stage, "%s/.restore", options->state_dir);
    sp_str_addf(
        &trouble,
        "restored from a backup of %s; it waited then, and may have been sent since: look before trying it again",
        manifest->created);
    if (stage.failed || trouble.failed)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    return sp_snapshot_settle(sp_str_text(&stage), options->resume, sp_str_text(&trouble), &ret->held, err);
}

enum sp_rc
sp_restore(const struct sp_restore_options *options, const struct sp_manifest *manifest, struct sp_restore_counts *ret,
           struct sp_err *err)
{
    struct sp_restore_place place = { .state_dir = options->state_dir, .state_fd = -1, .stage_fd = -1, .lock_fd = -1 };
    *ret = (struct sp_restore_counts){ 0 };
    enum sp_rc rc = find_owner(options, &place, err);
    if (rc == SP_OK)
        rc = sp_restore_place_open(&place, options->replace, err);
    if (rc == SP_OK)
        rc = put_all(options, &place, ret, err);
    if (rc == SP_OK)
        rc = settle(options, manifest, ret, err);
    if (rc == SP_OK)
        rc = sp_restore_place_commit(&place, options->wall_ms, err);
    sp_restore_place_close(&place);
    return rc;
}
