/* doctor_sight.c - whether the daemon sees the drop folders that we see. A running one is asked by way of its root
 * directory in /proc, which needs root; else the drop-ins of the unit are read. */
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/str.h"
#include "base/text.h"
#include "gateway/doctor/doctor_inside.h"
#include "gateway/doctor/sight.h"

enum { DROP_IN_MAX = 64 * 1024 };

static bool
daemon_sees(const struct sp_doctor *d, const char *path)
{
    struct stat here, there;
    struct statvfs mount;
    SP_AUTO(sp_str_free) struct sp_str inside = { 0 };
    sp_str_addf(&inside, "/proc/%d/root%s", (int)d->supervisor, path);
    return stat(path, &here) == 0 && stat(sp_str_text(&inside), &there) == 0 && here.st_dev == there.st_dev &&
           here.st_ino == there.st_ino && statvfs(sp_str_text(&inside), &mount) == 0 &&
           ((mount.f_flag & ST_RDONLY) == 0 || access(path, W_OK) != 0);
}

/* Ours as it would be written today, or anything of the administrator's that names the path. */
static bool
is_named(const struct sp_folder_settings *folder)
{
    SP_AUTO(sp_str_free) struct sp_str wanted = { 0 };
    glob_t files = { 0 };
    bool named = false;
    if (sp_sight_add(&wanted, folder->name, folder->path, NULL) != SP_OK)
        return false;
    int rc = glob(SP_SIGHT_DIR "/*.conf", 0, NULL, &files);
    for (size_t i = 0; rc == 0 && !named && i < files.gl_pathc; i++) {
        SP_AUTO(sp_str_free) struct sp_str text = { 0 };
        if (sp_io_read_file(AT_FDCWD, files.gl_pathv[i], DROP_IN_MAX, &text, NULL) == SP_OK)
            named = strcmp(sp_str_text(&text), sp_str_text(&wanted)) == 0 ||
                    (!sp_text_starts(sp_str_text(&text), SP_SIGHT_MARK) &&
                     strstr(sp_str_text(&text), folder->path) != NULL);
    }
    globfree(&files);
    return named;
}

bool
sp_doctor_sight(const struct sp_doctor *d, const struct sp_folder_settings *folder)
{
    char mend[200];
    bool asked = d->running && d->root && d->supervisor > 0, named = is_named(folder);
    if (asked ? daemon_sees(d, folder->path) : named || !sp_sight_has_unit() || !sp_sight_needs_file(folder->path))
        return true;
    if (!sp_sight_has_unit())
        (void)sp_text_copy(mend, sizeof mend, "");
    else if (named || !sp_sight_needs_file(folder->path))
        (void)sp_text_copy(mend, sizeof mend, SP_SIGHT_RELOAD);
    else
        (void)sp_text_format(mend, sizeof mend, "scanpost share %s --service --install", folder->name);
    sp_doctor_say(d, SP_DOCTOR_WRONG, "folders", "Nothing that is dropped there arrives.", mend,
                  "folder %s: %s is not visible to the service, or cannot be changed by it", folder->name,
                  folder->path);
    return false;
}
