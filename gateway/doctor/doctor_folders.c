/* doctor_folders.c - the drop folders: whether scanpost may work in them, whether the file system tells who still
 * writes, and whether the kernel watches as many as there are. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/str.h"
#include "base/text.h"
#include "gateway/doctor/doctor_inside.h"

enum { SPARE_WATCHES = 128 };

/* --- rights --- */

/* Root may everything, and is not asked: who matters is whom the daemon runs as. */
static bool
may_use(const struct sp_doctor *d, const char *path, const struct stat *at)
{
    const int mask = R_OK | W_OK | X_OK;
    if (d->split)
        return sp_doctor_may(at, d->gateway_uid, d->gateway_gid, mask);
    if (!d->root)
        return access(path, mask) == 0;
    const struct passwd *account = getpwnam(d->user);
    return account == NULL || account->pw_uid == 0 || sp_doctor_may(at, account->pw_uid, account->pw_gid, mask);
}

static bool
look_at_rights(const struct sp_doctor *d, const struct sp_folder_settings *folder)
{
    struct stat at;
    char mend[480];
    const char *path = folder->path;
    const char *user = d->user;
    if (stat(path, &at) != 0 || !S_ISDIR(at.st_mode)) {
        (void)sp_text_format(mend, sizeof mend, "install -d -m 2770 -o %s -g %s %s (or mount what should be there)",
                             user, user, path);
        sp_doctor_say(d, SP_DOCTOR_WRONG, "folders", "Nothing that is dropped there arrives.", mend,
                      "folder %s: %s is not there, or is no folder", folder->name, path);
        return false;
    }
    if (!may_use(d, path, &at)) {
        (void)sp_text_format(mend, sizeof mend, "chgrp %s %s && chmod 2770 %s", user, path, path);
        sp_doctor_say(d, SP_DOCTOR_WRONG, "folders", "scanpost cannot take files away from there.", mend,
                      "folder %s: %s cannot be read and changed by %s", folder->name, path, user);
        return false;
    }
    if (d->split && at.st_uid != d->gateway_uid && (at.st_mode & S_ISGID) == 0) {
        (void)sp_text_format(mend, sizeof mend, "chmod g+s %s", path);
        sp_doctor_say(d, SP_DOCTOR_WRONG, "folders",
                      "What others drop there keeps their group, and scanpost cannot read it.", mend,
                      "folder %s: %s does not hand its group on", folder->name, path);
        return false;
    }
    return true;
}

/* --- leases --- */

/* A file of our own; dot files are left alone by the watcher. */
static void
look_at_leases(const struct sp_doctor *d, const struct sp_folder_settings *folder)
{
    char path[4200];
    uint32_t number = 0;
    sp_random_bytes(&number, sizeof number);
    if (!sp_text_format(path, sizeof path, "%s/.scanpost-doctor-%08x", folder->path, number))
        return;
    int made = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (made < 0) {
        sp_doctor_say(d, errno == EACCES ? SP_DOCTOR_NOTE : SP_DOCTOR_WRONG, "folders", "",
                      errno == EACCES ? "sudo scanpost doctor" : "mount -o remount,rw, or df -i",
                      "folder %s: cannot try leases in %s: %s", folder->name, folder->path, strerror(errno));
        return;
    }
    close(made);
    SP_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool works = fd >= 0 && fcntl(fd, F_SETLEASE, F_RDLCK) == 0;
    if (works)
        (void)fcntl(fd, F_SETLEASE, F_UNLCK);
    (void)unlink(path);
    if (works)
        sp_doctor_say(d, SP_DOCTOR_OK, "folders", "", "", "folder %s: %s; leases work", folder->name, folder->path);
    else
        sp_doctor_say(d, SP_DOCTOR_NOTE, "folders",
                      "The file system does not tell who still writes, so a scan is taken after three times `settle`.",
                      "", "folder %s: %s; leases do not work", folder->name, folder->path);
}

/* --- inotify --- */

static size_t
count_dirs(const char *path)
{
    DIR *dir = opendir(path);
    size_t n = 0;
    if (dir == NULL)
        return 0;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        n += entry->d_type == DT_DIR && entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

static int64_t
kernel_limit(const char *name)
{
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    SP_AUTO(sp_str_free) struct sp_str path = { 0 };
    int64_t number = -1;
    sp_str_addf(&path, "/proc/sys/fs/inotify/%s", name);
    if (sp_io_read_file(AT_FDCWD, sp_str_text(&path), 64, &text, NULL) == SP_OK && text.len > 0) {
        text.text[strcspn(text.text, "\n")] = '\0';
        (void)sp_parse_int(text.text, 0, INT64_MAX, &number);
    }
    return number;
}

static void
look_at_inotify(const struct sp_doctor *d)
{
    size_t wanted = 0;
    char mend[300];
    int64_t watches = kernel_limit("max_user_watches"), instances = kernel_limit("max_user_instances");
    for (size_t i = 0; i < d->settings->n_folders; i++)
        wanted += 1 + count_dirs(d->settings->folders[i].path);
    if (watches < 0)
        return;
    (void)sp_text_format(mend, sizeof mend,
                         "echo fs.inotify.max_user_watches=%zu > /etc/sysctl.d/60-scanpost.conf && sysctl --system",
                         2 * wanted + 8192);
    if ((int64_t)wanted + SPARE_WATCHES > watches)
        sp_doctor_say(d, SP_DOCTOR_WRONG, "inotify",
                      "Folders that the kernel does not watch are looked at in turns, later.", mend,
                      "%zu folders and sub-folders are to be watched, the kernel allows %lld to a user", wanted,
                      (long long)watches);
    else if (instances < 2)
        sp_doctor_say(d, SP_DOCTOR_WRONG, "inotify", "Folders are looked at in turns, later.",
                      "sysctl -w fs.inotify.max_user_instances=128", "the kernel allows only %lld instances to a user",
                      (long long)instances);
    else
        sp_doctor_say(d, SP_DOCTOR_OK, "inotify", "", "", "%zu to watch, %lld allowed", wanted, (long long)watches);
}

void
sp_doctor_folders(struct sp_doctor *d)
{
    for (size_t i = 0; i < d->settings->n_folders; i++)
        if (look_at_rights(d, &d->settings->folders[i]) && sp_doctor_sight(d, &d->settings->folders[i]))
            look_at_leases(d, &d->settings->folders[i]);
    if (d->settings->n_folders > 0)
        look_at_inotify(d);
}
