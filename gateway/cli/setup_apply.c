/* setup_apply.c - puts in place what was answered: accounts, secrets, the folder, and last the configuration, which is
 * checked by the daemon's own code before it takes the place of the old one. Each file is whole or not there, so that
 * an interrupt leaves the old state or the new one. */
#include "gateway/cli/setup_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/secret.h"
#include "base/text.h"
#include "gateway/doctor/sight.h"
#include "gateway/setup/conf_write.h"

enum { FOLDER_MODE = 02770, SECRET_MODE = 0640, OWN_SECRET_MODE = 0600, PUBLIC_MODE = 0644 };

/* --- accounts --- */

static enum sp_rc
run(const char *const *argv, struct sp_err *err)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        (void)execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            break;
    if (pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return sp_fail(err, SP_E_IO, "%s %s did not work", argv[0], argv[1]);
    return SP_OK;
}

static enum sp_rc
need_group(const struct sp_setup *s, const char *name, struct sp_err *err)
{
    const char *const argv[] = { "groupadd", "--system", name, NULL };
    if (getgrnam(name) != NULL)
        return SP_OK;
    sp_say(&s->asker, 2, s->dry_run ? "Would make the group %s" : "Making the group %s", name);
    return s->dry_run ? SP_OK : run(argv, err);
}

static enum sp_rc
need_user(const struct sp_setup *s, const char *name, struct sp_err *err)
{
    const char *const argv[] = { "useradd", "--system",          "--user-group", "--no-create-home",
                                 "--shell", "/usr/sbin/nologin", name,           NULL };
    if (getpwnam(name) != NULL)
        return SP_OK;
    sp_say(&s->asker, 2, s->dry_run ? "Would make the user %s" : "Making the user %s", name);
    return s->dry_run ? SP_OK : run(argv, err);
}

static const char *
user_of(const struct sp_setup *s, enum sp_setup_reader reader)
{
    if (reader == SP_READER_SENDER)
        return sp_setup_set(s, "gateway.sender-user", s->old != NULL ? s->old->gateway.sender_user : "scanpost-sender");
    return sp_setup_set(s, "gateway.user", s->old != NULL ? s->old->gateway.user : "scanpost");
}

/* The package has made them; after `cmake --install` they are missing. */
static enum sp_rc
make_accounts(const struct sp_setup *s, struct sp_err *err)
{
    if (!s->root)
        return SP_OK;
    enum sp_rc rc = need_user(s, user_of(s, SP_READER_GATEWAY), err);
    if (rc == SP_OK)
        rc = need_user(s, user_of(s, SP_READER_SENDER), err);
    return rc == SP_OK ? need_group(s, "scanpost-data", err) : rc;
}

static gid_t
group_of(const struct sp_setup *s, enum sp_setup_reader reader)
{
    const struct passwd *account = getpwnam(user_of(s, reader));
    return account != NULL ? account->pw_gid : 0;
}

/* --- files --- */

/* Beside its place, with owner and mode, then renamed: nobody sees a secret with the wrong mode, or half of it. */
static enum sp_rc
put_owned(const char *path, const void *bytes, size_t size, mode_t mode, gid_t group, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str temp = { 0 };
    sp_str_addf(&temp, "%s.new", path);
    enum sp_rc rc = sp_io_put_file(AT_FDCWD, sp_str_text(&temp), bytes, size, OWN_SECRET_MODE, err);
    if (rc != SP_OK)
        return rc;
    if ((group != (gid_t)-1 && chown(sp_str_text(&temp), 0, group) != 0) || chmod(sp_str_text(&temp), mode) != 0 ||
        rename(sp_str_text(&temp), path) != 0) {
        rc = sp_fail_errno(err, "cannot put '%s' in place", path);
        (void)unlink(sp_str_text(&temp));
    }
    return rc;
}

static enum sp_rc
write_file(const struct sp_setup *s, const struct sp_setup_file *file, struct sp_err *err)
{
    bool public = file->reader == SP_READER_ALL;
    mode_t mode = public ? PUBLIC_MODE : s->root ? SECRET_MODE : OWN_SECRET_MODE;
    gid_t group = !s->root ? (gid_t)-1 : public ? 0 : group_of(s, file->reader);
    if (s->dry_run) {
        sp_say(&s->asker, 2, "Would write %s (%04o%s%s)", file->path, (unsigned)mode,
               s->root && !public ? ", root:" : "", s->root && !public ? user_of(s, file->reader) : "");
        return SP_OK;
    }
    return put_owned(file->path, sp_secret_bytes(file->bytes), sp_secret_size(file->bytes), mode, group, err);
}

enum sp_rc
sp_setup_write_files(const struct sp_setup *s, struct sp_err *err)
{
    enum sp_rc rc = s->dry_run ? SP_OK : sp_io_mkdir_path(s->dir, 0755, err);
    if (rc == SP_OK && !s->dry_run)
        rc = sp_io_mkdir_path(s->scripts, 0755, err);
    for (size_t i = 0; rc == SP_OK && i < s->n_files; i++)
        rc = write_file(s, &s->files[i], err);
    return rc;
}

/* By its descriptor: in somebody's own folder, what was made a moment ago may be a link to /etc by now. */
static enum sp_rc
give_folder(const char *path, const struct passwd *account, struct sp_err *err)
{
    struct stat at;
    SP_AUTO_CLOSE int fd = -1;
    enum sp_rc rc = sp_io_open_dir(AT_FDCWD, path, &fd, err);
    if (rc != SP_OK)
        return rc;
    if (account == NULL || fstat(fd, &at) != 0 || at.st_uid != geteuid() ||
        fchown(fd, account->pw_uid, account->pw_gid) != 0 || fchmod(fd, FOLDER_MODE) != 0)
        return sp_fail(err, SP_E_IO, "cannot give '%s' to its user", path);
    return SP_OK;
}

/* A folder that is there keeps its owner and mode: `scanpost doctor` says when they do not fit. */
static enum sp_rc
make_folder(const struct sp_setup *s, struct sp_err *err)
{
    struct stat at;
    const char *path = s->answers.path;
    if (stat(path, &at) == 0)
        return S_ISDIR(at.st_mode) ? SP_OK : sp_fail(err, SP_E_INVALID, "'%s' is not a folder", path);
    if (s->dry_run) {
        sp_say(&s->asker, 2, "Would make the folder %s", path);
        return SP_OK;
    }
    enum sp_rc rc = sp_io_mkdir_path(path, 0755, err);
    if (rc != SP_OK || !s->root)
        return rc;
    return give_folder(path, getpwnam(user_of(s, SP_READER_GATEWAY)), err);
}

bool
sp_setup_hides_folder(const struct sp_setup *s)
{
    return strcmp(s->file, SP_DEFAULT_FILE) == 0 && sp_sight_has_unit() && sp_sight_needs_file(s->answers.path);
}

/* It is written when the configuration has the folder. */
static enum sp_rc
check_drop_in(const struct sp_setup *s, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    SP_AUTO(sp_str_free) struct sp_str place = { 0 };
    if (!sp_setup_hides_folder(s))
        return SP_OK;
    enum sp_rc rc = sp_sight_add(&text, s->answers.folder, s->answers.path, err);
    sp_sight_add_place(&place, s->answers.folder);
    if (rc == SP_OK && s->dry_run) {
        sp_say(&s->asker, 2, "Would write %s, so that the service sees the folder:", sp_str_text(&place));
        (void)printf("\n%s\n", sp_str_text(&text));
    }
    return rc;
}

/* --- the configuration --- */

static enum sp_rc
check_text(const char *path, struct sp_err *err)
{
    struct sp_settings *settings = NULL;
    enum sp_rc rc = sp_settings_load(path, &settings, err);
    sp_settings_free(&settings);
    return rc;
}

static const char *
backup_name(const struct sp_setup *s)
{
    time_t now = (time_t)(sp_wall_ms(&sp_clock_system) / 1000);
    struct tm local;
    char stamp[32] = "";
    if (localtime_r(&now, &local) != NULL)
        (void)strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &local);
    return sp_arena_format(s->arena, "%s.%s", s->file, stamp);
}

static enum sp_rc
keep_copy(const struct sp_setup *s, const struct stat *at, struct sp_err *err)
{
    const char *copy = backup_name(s);
    enum sp_rc rc = sp_io_put_file(AT_FDCWD, copy, sp_str_text(&s->old_text), s->old_text.len, at->st_mode & 0777, err);
    if (rc == SP_OK && s->root && chown(copy, at->st_uid, at->st_gid) != 0)
        rc = sp_fail_errno(err, "cannot set the owner of '%s'", copy);
    if (rc == SP_OK)
        sp_say(&s->asker, 2, "The configuration as it was: %s", copy);
    return rc;
}

/* Checked beside its place, so that relative names and includes are read as they will be. */
static enum sp_rc
put_config(const struct sp_setup *s, const struct sp_str *text, struct sp_err *err)
{
    struct stat at = { .st_mode = PUBLIC_MODE };
    const char *temp = sp_arena_format(s->arena, "%s.new", s->file);
    if (s->exists && stat(s->file, &at) != 0)
        return sp_fail_errno(err, "cannot look at '%s'", s->file);
    enum sp_rc rc = sp_io_put_file(AT_FDCWD, temp, sp_str_text(text), text->len, at.st_mode & 0777, err);
    if (rc != SP_OK)
        return rc;
    rc = check_text(temp, err);
    if (rc != SP_OK)
        (void)sp_err_prefix(err, "the configuration that would come of this is not right, so it is not used");
    if (rc == SP_OK && s->root && s->exists && chown(temp, at.st_uid, at.st_gid) != 0)
        rc = sp_fail_errno(err, "cannot set the owner of '%s'", temp);
    if (rc == SP_OK && s->exists)
        rc = keep_copy(s, &at, err);
    if (rc == SP_OK && rename(temp, s->file) != 0)
        rc = sp_fail_errno(err, "cannot put '%s' in place", s->file);
    if (rc != SP_OK)
        (void)unlink(temp);
    SP_AUTO_CLOSE int dir = -1;
    if (rc == SP_OK)
        rc = sp_io_open_dir(AT_FDCWD, s->dir, &dir, err);
    return rc == SP_OK ? sp_io_sync(dir, s->dir, err) : rc;
}

static enum sp_rc
write_config(struct sp_setup *s, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    sp_str_add(&text, sp_str_text(&s->old_text));
    enum sp_rc rc = sp_conf_write(&text, &s->answers, err);
    if (rc != SP_OK)
        return rc;
    if (s->dry_run) {
        sp_say(&s->asker, 2, "Would write %s:", s->file);
        (void)printf("\n%s\n", sp_str_text(&text));
        return SP_OK;
    }
    if (strcmp(sp_str_text(&text), sp_str_text(&s->old_text)) == 0) {
        sp_say(&s->asker, 2, "%s says all of this already.", s->file);
        return SP_OK;
    }
    rc = put_config(s, &text, err);
    if (rc == SP_OK)
        sp_say(&s->asker, 2, "%s %s.", s->file, s->exists ? "is changed" : "is written");
    return rc;
}

enum sp_rc
sp_setup_apply(struct sp_setup *s, struct sp_err *err)
{
    enum sp_rc rc = make_accounts(s, err);
    if (rc == SP_OK)
        rc = sp_setup_write_files(s, err);
    if (rc == SP_OK)
        rc = make_folder(s, err);
    if (rc == SP_OK)
        rc = check_drop_in(s, err);
    return rc == SP_OK ? write_config(s, err) : rc;
}
