/* places.c - see places.h. */
#include "gateway/daemon/places.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/settings.h"
#include "gateway/daemon/privileges.h"

/* The umask would take from the mode what the other process needs. */
static enum sp_rc
make_dir(const char *path, mode_t mode, uid_t uid, gid_t gid, bool chown_it, struct sp_err *err)
{
    struct stat info;
    if (stat(path, &info) == 0)
        return S_ISDIR(info.st_mode) ? SP_OK : sp_fail(err, SP_E_INVALID, "%s is not a directory", path);
    enum sp_rc rc = sp_io_mkdir_path(path, 0755, err);
    if (rc != SP_OK)
        return rc;
    if (chown_it && chown(path, uid, gid) != 0)
        return sp_fail_errno(err, "cannot give %s to its user", path);
    return chmod(path, mode) == 0 ? SP_OK : sp_fail_errno(err, "cannot set the mode of %s", path);
}

enum sp_rc
sp_places_make(const struct sp_settings *settings, const struct sp_identity *identity, int *ret_lock,
               struct sp_err *err)
{
    const struct sp_gateway_settings *gateway = &settings->gateway;
    SP_AUTO_CLOSE int dir = -1;
    enum sp_rc rc = make_dir(gateway->state_dir, identity->root ? 02770 : 0700, identity->gateway_uid,
                             identity->data_gid, identity->root, err);
    if (rc == SP_OK)
        rc = make_dir(gateway->run_dir, 0755, 0, 0, false, err);
    if (rc == SP_OK)
        rc = sp_io_open_dir(AT_FDCWD, gateway->state_dir, &dir, err);
    if (rc != SP_OK)
        return rc;
    rc = sp_io_lock(dir, "supervisor.lock", 0600, ret_lock, err);
    if (rc == SP_E_BUSY)
        (void)sp_fail(err, SP_E_BUSY, "another scanpostd works on %s", gateway->state_dir);
    return rc;
}
