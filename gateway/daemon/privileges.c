/* privileges.c - see privileges.h. */
#include "gateway/daemon/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/settings.h"

static enum sp_rc
find_user(const char *name, uid_t *ret_uid, gid_t *ret_gid, struct sp_err *err)
{
    const struct passwd *entry = getpwnam(name); /* before any thread exists */
    if (entry == NULL)
        return sp_fail(err, SP_E_NOTFOUND,
                       "there is no user '%s' (gateway.user and gateway.sender-user name the users "
                       "that the processes become)",
                       name);
    *ret_uid = entry->pw_uid;
    *ret_gid = entry->pw_gid;
    return SP_OK;
}

enum sp_rc
sp_identity_find(const struct sp_settings *settings, struct sp_identity *ret, struct sp_err *err)
{
    *ret = (struct sp_identity){ .root = geteuid() == 0 };
    if (!ret->root)
        return SP_OK;
    enum sp_rc rc = find_user(settings->gateway.user, &ret->gateway_uid, &ret->gateway_gid, err);
    if (rc == SP_OK)
        rc = find_user(settings->gateway.sender_user, &ret->sender_uid, &ret->sender_gid, err);
    if (rc != SP_OK)
        return rc;
    if (ret->gateway_uid == 0 || ret->sender_uid == 0)
        return sp_fail(err, SP_E_INVALID, "neither gateway.user nor gateway.sender-user may be root");
    const struct group *data = getgrnam(SP_DATA_GROUP);
    if (data == NULL)
        return sp_fail(err, SP_E_NOTFOUND, "there is no group '%s', which shares database and spool", SP_DATA_GROUP);
    ret->data_gid = data->gr_gid;
    return SP_OK;
}

/* The kernel's own call: for one capability libcap is not worth a dependency. */
static int
keep_capabilities(unsigned long long mask)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
        data[i].effective = data[i].permitted = (__u32)(mask >> (32 * i));
    return (int)syscall(SYS_capset, &header, data);
}

static enum sp_rc
become(const struct sp_identity *identity, uid_t uid, gid_t gid, enum sp_keep keep, struct sp_err *err)
{
    static const unsigned long long mask[] = {
        [SP_KEEP_NOTHING] = 0,
        [SP_KEEP_LEASE] = 1ULL << CAP_LEASE,
        [SP_KEEP_READ] = 1ULL << CAP_DAC_READ_SEARCH,
    };
    if (mask[keep] != 0 && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
        return sp_fail_errno(err, "cannot keep capabilities");
    if (setgroups(1, &identity->data_gid) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
        return sp_fail_errno(err, "cannot become user %u", (unsigned)uid);
    if (keep_capabilities(mask[keep]) != 0)
        return sp_fail_errno(err, "cannot give up capabilities");
    return SP_OK;
}

enum sp_rc
sp_privileges_drop(const struct sp_identity *identity, uid_t uid, gid_t gid, enum sp_keep keep, pid_t supervisor,
                   struct sp_err *err)
{
    const struct rlimit no_core = { 0, 0 };
    enum sp_rc rc = identity->root ? become(identity, uid, gid, keep, err) : SP_OK;
    if (rc != SP_OK)
        return rc;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        prlimit(0, RLIMIT_CORE, &no_core, NULL) != 0)
        return sp_fail_errno(err, "cannot lock the process down");
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        return sp_fail_errno(err, "cannot ask to end with the supervisor");
    if (getppid() != supervisor) /* it ended before we asked */
        return sp_fail(err, SP_E_CLOSED, "the supervisor is gone");
    return SP_OK;
}

void
sp_privileges_signal(const struct sp_identity *identity, uid_t uid, pid_t pid, int signal_)
{
    if (kill(pid, signal_) == 0 || errno != EPERM || !identity->root)
        return;
    if (seteuid(uid) == 0)
        (void)kill(pid, signal_);
    (void)!seteuid(0);
}
