/* backup.c - see backup.h. */
#include "gateway/backup/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/secret.h"
#include "base/settings.h"
#include "base/str.h"
#include "base/text.h"
#include "base/ulid.h"
#include "db/snapshot.h"
#include "db/spool.h"
#include "gateway/backup/tar_out.h"

enum { PINNED_MAX = 256, OPEN_FILES_WANTED = 4096, FILES_AT_ONCE = 400, ROUNDS = 20, NAME_SIZE = 128 };

/* --- entries of a spool --- */

struct entry {
    char id[SP_ULID_SIZE];
    int *fds; /* the envelope, then the documents */
    size_t n;
};

struct one_spool { /* the jobs' own, and that of print jobs' parts */
    const char *label;
    struct sp_spool *spool;
    struct sp_str ids;  /* of what was copied, SP_ULID_SIZE bytes each, sorted between rounds */
    struct sp_str seen; /* of the round */
    struct entry pinned[PINNED_MAX];
    size_t n_pinned, n_files;
};

struct backup {
    const struct sp_backup_options *options;
    struct sp_backup_counts *counts;
    struct sp_tar_out *tar;
    struct one_spool spools[2];
    char dir[2][4096]; /* where they are */
};

static void
entry_free(struct entry *entry)
{
    for (size_t i = 0; i < entry->n; i++)
        close(entry->fds[i]);
    free(entry->fds);
    *entry = (struct entry){ 0 };
}

static int
by_id(const void *a, const void *b)
{
    return memcmp(a, b, SP_ULID_LEN);
}

static bool
is_copied(const struct one_spool *s, const char *id)
{
    size_t n = s->ids.len / SP_ULID_SIZE;
    return n > 0 && bsearch(id, s->ids.text, n, SP_ULID_SIZE, by_id) != NULL;
}

static enum sp_rc
note_id(void *context, const char *id, struct sp_err *err)
{
    struct one_spool *s = context;
    if (!is_copied(s, id))
        sp_str_add_n(&s->seen, id, SP_ULID_SIZE);
    return s->seen.failed ? sp_fail(err, SP_E_NOMEM, "out of memory") : SP_OK;
}

static enum sp_rc
list_new(struct one_spool *s, struct sp_err *err)
{
    sp_str_cut(&s->seen, 0);
    return sp_spool_each(s->spool, note_id, s, err);
}

static enum sp_rc
add_fd(struct entry *entry, int fd, struct sp_err *err)
{
    int *fds = realloc(entry->fds, (entry->n + 1) * sizeof *fds);
    if (fds == NULL) {
        close(fd);
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    }
    fds[entry->n] = fd;
    entry->fds = fds;
    entry->n++;
    return SP_OK;
}

/* All files of an entry at once: from then on it may be removed. SP_E_NOTFOUND: it is being removed, so nobody needs
 * it. */
static enum sp_rc
open_entry(const struct one_spool *s, const char *id, struct entry *ret, struct sp_err *err)
{
    int fd = -1;
    (void)sp_text_copy(ret->id, sizeof ret->id, id);
    enum sp_rc rc = sp_spool_envelope_open(s->spool, id, &fd, err);
    if (rc == SP_OK)
        rc = add_fd(ret, fd, err);
    for (size_t n = 1; rc == SP_OK; n++) {
        rc = sp_spool_read(s->spool, id, n, &fd, err);
        if (rc == SP_OK)
            rc = add_fd(ret, fd, err);
        else if (rc == SP_E_NOTFOUND && n > 1)
            break;
    }
    if (rc != SP_OK && (rc != SP_E_NOTFOUND || ret->n < 2)) {
        entry_free(ret);
        return rc;
    }
    return SP_OK;
}

static enum sp_rc
write_entry(struct backup *b, struct one_spool *s, const struct entry *entry, struct sp_err *err)
{
    char name[NAME_SIZE];
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; rc == SP_OK && i < entry->n; i++) {
        if (i == 0)
            (void)snprintf(name, sizeof name, "%s/%s/envelope.json", s->label, entry->id);
        else
            (void)snprintf(name, sizeof name, "%s/%s/%zu", s->label, entry->id, i);
        const struct sp_tar_member member = { .name = name, .mode = 0660 };
        rc = sp_tar_out_file(b->tar, &member, entry->fds[i], err);
    }
    b->counts->scans++;
    b->counts->documents += entry->n - 1;
    sp_str_add_n(&s->ids, entry->id, SP_ULID_SIZE);
    return rc;
}

/* Those that are there now, one after another; what vanishes meanwhile was sent and its time was over. */
static enum sp_rc
copy_round(struct backup *b, struct one_spool *s, struct sp_err *err)
{
    enum sp_rc rc = list_new(s, err);
    for (size_t at = 0; rc == SP_OK && at < s->seen.len; at += SP_ULID_SIZE) {
        struct entry entry = { 0 };
        rc = open_entry(s, s->seen.text + at, &entry, err);
        if (rc == SP_E_NOTFOUND) {
            rc = SP_OK;
            continue;
        }
        if (rc == SP_OK)
            rc = write_entry(b, s, &entry, err);
        entry_free(&entry);
    }
    if (s->ids.failed)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    if (s->ids.len > 0)
        qsort(s->ids.text, s->ids.len / SP_ULID_SIZE, SP_ULID_SIZE, by_id);
    return rc;
}

static void
unpin(struct one_spool *s)
{
    for (size_t i = 0; i < s->n_pinned; i++)
        entry_free(&s->pinned[i]);
    s->n_pinned = s->n_files = 0;
}

/* While nobody writes: what came since the last round is opened. SP_E_BUSY: too much came, another round is needed. */
static enum sp_rc
pin_spool(struct one_spool *s, struct sp_err *err)
{
    enum sp_rc rc = list_new(s, err);
    if (rc == SP_OK && s->seen.len / SP_ULID_SIZE > PINNED_MAX)
        return sp_fail(err, SP_E_BUSY, "backup: scans come faster than they can be copied");
    for (size_t at = 0; rc == SP_OK && at < s->seen.len; at += SP_ULID_SIZE) {
        rc = open_entry(s, s->seen.text + at, &s->pinned[s->n_pinned], err);
        if (rc == SP_E_NOTFOUND) {
            rc = SP_OK;
            continue;
        }
        if (rc == SP_OK)
            s->n_files += s->pinned[s->n_pinned++].n;
        if (rc == SP_OK && s->n_files > FILES_AT_ONCE)
            rc = sp_fail(err, SP_E_BUSY, "backup: scans come faster than they can be copied");
    }
    return rc;
}

static enum sp_rc
pin_all(void *context, struct sp_err *err)
{
    struct backup *b = context;
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; rc == SP_OK && i < SP_LEN(b->spools); i++)
        if (b->spools[i].spool != NULL)
            rc = pin_spool(&b->spools[i], err);
    if (rc != SP_OK)
        for (size_t i = 0; i < SP_LEN(b->spools); i++)
            unpin(&b->spools[i]);
    return rc;
}

static enum sp_rc
copy_pinned(struct backup *b, struct one_spool *s, struct sp_err *err)
{
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; rc == SP_OK && i < s->n_pinned; i++)
        rc = write_entry(b, s, &s->pinned[i], err);
    unpin(s);
    return rc;
}

/* --- the database --- */

static enum sp_rc
write_database(struct backup *b, struct sp_snapshot *snapshot, struct sp_err *err)
{
    const struct sp_tar_member member = { .name = "scanpost.db", .mode = 0660 };
    SP_AUTO(sp_str_free) struct sp_str path = { 0 };
    sp_str_addf(&path, "%s.database", b->options->file);
    (void)unlink(sp_str_text(&path)); /* of a backup that was killed */
    enum sp_rc rc = sp_snapshot_copy(snapshot, sp_str_text(&path), err);
    SP_AUTO_CLOSE int fd = rc == SP_OK ? open(sp_str_text(&path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    (void)unlink(sp_str_text(&path));
    if (rc == SP_OK && fd < 0)
        rc = sp_fail_errno(err, "backup: cannot read the copy of the database");
    return rc == SP_OK ? sp_tar_out_file(b->tar, &member, fd, err) : rc;
}

static enum sp_rc
write_data(struct backup *b, struct sp_err *err)
{
    struct sp_snapshot *snapshot = NULL;
    enum sp_rc rc = SP_E_BUSY;
    for (int round = 0; rc == SP_E_BUSY && round < ROUNDS; round++) {
        rc = SP_OK;
        for (size_t i = 0; rc == SP_OK && i < SP_LEN(b->spools); i++)
            if (b->spools[i].spool != NULL)
                rc = copy_round(b, &b->spools[i], err);
        if (rc == SP_OK)
            rc = sp_snapshot_take(b->options->settings->gateway.state_dir, pin_all, b, &snapshot, err);
    }
    for (size_t i = 0; rc == SP_OK && i < SP_LEN(b->spools); i++)
        rc = copy_pinned(b, &b->spools[i], err);
    if (rc == SP_OK)
        rc = write_database(b, snapshot, err);
    sp_snapshot_free(&snapshot);
    return rc;
}

/* --- configuration --- */

/* Many keep a certificate and its key in one file. */
static bool
holds_key(int fd)
{
    static const char mark[] = "PRIVATE KEY-----";
    enum { BLOCK = 8192, OVERLAP = sizeof mark - 2 };
    char block[OVERLAP + BLOCK];
    size_t kept = 0;
    ssize_t got = 0;
    bool found = false;
    for (off_t at = 0; !found && (got = pread(fd, block + kept, BLOCK, at)) > 0; at += got) {
        size_t have = kept + (size_t)got;
        found = memmem(block, have, mark, sizeof mark - 1) != NULL;
        kept = have < OVERLAP ? have : OVERLAP;
        memmove(block, block + have - kept, kept);
    }
    sp_wipe(block, sizeof block);
    return found;
}

static enum sp_rc
write_one_config(struct backup *b, const char *kind, const char *path, struct sp_err *err)
{
    struct stat at;
    SP_AUTO(sp_str_free) struct sp_str name = { 0 };
    SP_AUTO_CLOSE int fd = path[0] == '/' ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) : -1;
    if (path[0] != '/' || (fd < 0 && errno == ENOENT))
        return SP_OK;
    if (fd < 0 || fstat(fd, &at) != 0)
        return sp_fail_errno(err, "backup: cannot read '%s'", path);
    bool private = S_ISREG(at.st_mode) && holds_key(fd);
    if (!S_ISREG(at.st_mode) || (private && !b->options->with_secrets))
        return SP_OK;
    kind = private ? "secrets" : kind;
    const struct group *group = getgrgid(at.st_gid);
    sp_str_addf(&name, "%s%s", kind, path);
    const struct sp_tar_member member = { .name = sp_str_text(&name),
                                          .mode = at.st_mode & 0777,
                                          .group = group != NULL ? group->gr_name : NULL };
    b->counts->config_files++;
    return sp_tar_out_file(b->tar, &member, fd, err);
}

struct config_walk {
    struct backup *b;
    struct sp_str done; /* names, each ended by a zero byte */
    enum sp_rc rc;
    struct sp_err *err;
};

static void
add_config(struct config_walk *walk, const char *kind, const char *path)
{
    if (walk->rc != SP_OK || path[0] == '\0')
        return;
    for (size_t at = 0; at < walk->done.len; at += strlen(walk->done.text + at) + 1)
        if (strcmp(walk->done.text + at, path) == 0)
            return;
    sp_str_add_n(&walk->done, path, strlen(path) + 1);
    walk->rc = write_one_config(walk->b, kind, path, walk->err);
}

static void
add_read_file(void *context, const char *file)
{
    add_config(context, "config", file);
}

static void
add_method_files(struct config_walk *walk, const struct sp_method_settings *m, bool secrets)
{
    const char *const public[] = { m->ca_file, m->client_certificate, m->next_client_certificate, m->oauth_certificate,
                                   m->next_oauth_certificate };
    const char *const private[] = { m->client_key,
                                    m->next_client_key,
                                    m->password_file,
                                    m->next_password_file,
                                    m->oauth_client_secret_file,
                                    m->next_oauth_client_secret_file,
                                    m->oauth_key,
                                    m->next_oauth_key };
    for (size_t i = 0; i < SP_LEN(public); i++)
        add_config(walk, "config", public[i]);
    for (size_t i = 0; secrets && i < SP_LEN(private); i++)
        add_config(walk, "secrets", private[i]);
}

static enum sp_rc
write_config(struct backup *b, struct sp_err *err)
{
    const struct sp_settings *settings = b->options->settings;
    struct config_walk walk = { .b = b, .err = err };
    enum sp_rc rc = sp_settings_files(settings->file, add_read_file, &walk, err);
    add_config(&walk, "config", settings->people_file);
    add_config(&walk, "config", settings->http.tls_certificate);
    if (b->options->with_secrets)
        add_config(&walk, "secrets", settings->http.tls_key);
    for (size_t i = 0; i < settings->n_methods; i++)
        add_method_files(&walk, &settings->methods[i], b->options->with_secrets);
    sp_str_free(&walk.done);
    return rc != SP_OK ? rc : walk.rc;
}

static enum sp_rc
write_manifest(struct backup *b, struct sp_err *err)
{
    const struct sp_gateway_settings *gateway = &b->options->settings->gateway;
    const struct sp_tar_member member = { .name = "manifest.json", .mode = 0600 };
    char created[SP_ISO_TIME_SIZE];
    sp_time_iso(b->options->wall_ms, created);
    json_t *json = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "format", 1, "version", SP_VERSION,
                             "created", created, "hostname", gateway->hostname, "config", b->options->settings->file,
                             "state_dir", gateway->state_dir, "user", gateway->user, "sender_user",
                             gateway->sender_user, "secrets", (int)b->options->with_secrets);
    SP_AUTO_FREE char *text = json == NULL ? NULL : json_dumps(json, JSON_INDENT(1));
    json_decref(json);
    if (text == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    return sp_tar_out_bytes(b->tar, &member, text, strlen(text), err);
}

/* --- the file --- */

static enum sp_rc
open_spools(struct backup *b, struct sp_err *err)
{
    static const char *const labels[] = { "spool", "parts" };
    static const char *const below[] = { "", "/parts" };
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; rc == SP_OK && i < SP_LEN(b->spools); i++) {
        char inside[4200];
        (void)sp_text_format(b->dir[i], sizeof b->dir[i], "%s%s", b->options->settings->gateway.state_dir, below[i]);
        (void)sp_text_format(inside, sizeof inside, "%s/spool", b->dir[i]);
        b->spools[i].label = labels[i];
        if (access(inside, F_OK) == 0) /* opening would make it, for the wrong user */
            rc = sp_spool_open(b->dir[i], &b->spools[i].spool, err);
    }
    return rc;
}

static enum sp_rc
write_all(struct backup *b, int fd, struct sp_err *err)
{
    enum sp_rc rc = sp_tar_out_new(fd, b->options->wall_ms / 1000, &b->tar, err);
    if (rc == SP_OK)
        rc = write_manifest(b, err);
    if (rc == SP_OK)
        rc = open_spools(b, err);
    if (rc == SP_OK)
        rc = write_data(b, err);
    if (rc == SP_OK)
        rc = write_config(b, err);
    if (rc == SP_OK)
        rc = sp_tar_out_finish(b->tar, err);
    sp_tar_out_free(&b->tar);
    for (size_t i = 0; i < SP_LEN(b->spools); i++) {
        unpin(&b->spools[i]);
        sp_spool_close(&b->spools[i].spool);
        sp_str_free(&b->spools[i].ids);
        sp_str_free(&b->spools[i].seen);
    }
    return rc;
}

/* A backup that fills the disk of the spool would keep scans from coming in. */
static enum sp_rc
check_reserve(const struct sp_backup_options *options, int fd, struct sp_err *err)
{
    struct stat file, state;
    uint64_t room = 0;
    if (fstat(fd, &file) != 0 || stat(options->settings->gateway.state_dir, &state) != 0)
        return sp_fail_errno(err, "backup: cannot look at the disk");
    if (file.st_dev != state.st_dev)
        return SP_OK;
    enum sp_rc rc = sp_io_room(fd, &room, err);
    if (rc == SP_OK && room < options->settings->gateway.reserve)
        rc = sp_fail(
            err, SP_E_NO_ROOM,
            "backup: with this backup the disk of '%s' would have less than its reserve; write it to another disk",
            options->settings->gateway.state_dir);
    return rc;
}

static enum sp_rc
make_file(const struct sp_backup_options *options, const char *temp, struct sp_backup_counts *ret, struct sp_err *err)
{
    struct stat at;
    struct backup *b = calloc(1, sizeof *b);
    (void)unlink(temp); /* of a backup that was killed; or somebody put it there, to read what is written into it */
    SP_AUTO_CLOSE int fd = open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (b == NULL || fd < 0) {
        free(b);
        return sp_fail_errno(err, "backup: cannot make '%s'", temp);
    }
    b->options = options;
    b->counts = ret;
    enum sp_rc rc = check_reserve(options, fd, err);
    if (rc == SP_OK)
        rc = write_all(b, fd, err);
    if (rc == SP_OK)
        rc = check_reserve(options, fd, err);
    if (rc == SP_OK)
        rc = sp_io_sync(fd, temp, err);
    if (rc == SP_OK && fstat(fd, &at) == 0)
        ret->bytes = (uint64_t)at.st_size;
    free(b);
    return rc;
}

static enum sp_rc
put_in_place(const struct sp_backup_options *options, const char *temp, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str dir = { 0 };
    SP_AUTO_CLOSE int fd = -1;
    const char *slash = strrchr(options->file, '/');
    unsigned flags = options->replace ? 0 : RENAME_NOREPLACE;
    if (renameat2(AT_FDCWD, temp, AT_FDCWD, options->file, flags) != 0)
        return sp_fail_errno(err, "backup: cannot put '%s' in place", options->file);
    sp_str_add_n(&dir, options->file, slash == NULL ? 0 : (size_t)(slash - options->file) + 1);
    sp_str_add_char(&dir, '.');
    enum sp_rc rc = sp_io_open_dir(AT_FDCWD, sp_str_text(&dir), &fd, err);
    return rc == SP_OK ? sp_io_sync(fd, options->file, err) : rc;
}

/* A scan may have a thousand documents, and all of them are opened before the first is read. */
static void
allow_open_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= OPEN_FILES_WANTED)
        return;
    limit.rlim_cur = limit.rlim_max < OPEN_FILES_WANTED ? limit.rlim_max : OPEN_FILES_WANTED;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void
hold_signals(sigset_t *before)
{
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &held, before);
}

enum sp_rc
sp_backup(const struct sp_backup_options *options, struct sp_backup_counts *ret, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str temp = { 0 };
    sigset_t before;
    *ret = (struct sp_backup_counts){ 0 };
    if (!options->replace && access(options->file, F_OK) == 0)
        return sp_fail(err, SP_E_CONFLICT, "'%s' exists; --force replaces it", options->file);
    allow_open_files();
    sp_str_addf(&temp, "%s.partial", options->file);
    if (temp.failed)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    hold_signals(&before); /* tar_out.c looks for them */
    enum sp_rc rc = make_file(options, sp_str_text(&temp), ret, err);
    if (rc == SP_OK)
        rc = put_in_place(options, sp_str_text(&temp), err);
    if (rc != SP_OK)
        (void)unlink(sp_str_text(&temp));
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}
