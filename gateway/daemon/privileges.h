/* privileges.h - who the processes are. Started by root, each child gives up everything but what its work needs;
 * started by an ordinary user, all stay that user and only what can be locked away without rights is. */
#ifndef SP_DAEMON_PRIVILEGES_H
#define SP_DAEMON_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct sp_settings;

#define SP_DATA_GROUP "scanpost-data" /* shares database and spool */

struct sp_identity {
    bool root; /* started by root: change to what follows */
    uid_t gateway_uid, sender_uid;
    gid_t gateway_gid, sender_gid, data_gid;
};

/* Looks the configured users and the group up. SP_E_NOTFOUND names the one that is missing. */
enum sp_rc sp_identity_find(const struct sp_settings *settings, struct sp_identity *ret, struct sp_err *err);

enum sp_keep { /* the one right of root's that a child's work needs */
               SP_KEEP_NOTHING,
               SP_KEEP_LEASE, /* to see whether a file of somebody else is still open for writing */
               SP_KEEP_READ,  /* to open files that only their owner may read */
};

/* In a fresh child: becomes uid, with its own group and the data group; keeps one capability; no new privileges, no
 * core dumps, no ptrace by others. Then it asks the kernel to be killed when `supervisor` ends, which setuid would have
 * undone before. */
enum sp_rc sp_privileges_drop(const struct sp_identity *identity, uid_t uid, gid_t gid, enum sp_keep keep,
                              pid_t supervisor, struct sp_err *err);

/* A signal to a child that has become uid. The service unit leaves root no CAP_KILL, so that nothing else on the
 * machine can be reached; root may still signal whom it could become. */
void sp_privileges_signal(const struct sp_identity *identity, uid_t uid, pid_t pid, int signal_);

#endif
