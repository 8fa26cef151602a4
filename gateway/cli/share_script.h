/* share_script.h - a Samba share for a drop folder, as a shell script that can be read before it is run: the section,
 * and every command. Pure. */
#ifndef SP_GATEWAY_CLI_SHARE_SCRIPT_H
#define SP_GATEWAY_CLI_SHARE_SCRIPT_H

#include <stdbool.h>

#include "base/err.h"

struct sp_str;

struct sp_share {
    const char *name;     /* of the folder, and of the share */
    const char *path;     /* of the folder */
    const char *user;     /* whom the copier signs in as */
    const char *group;    /* of the gateway process: it must read and move what is dropped */
    const char *smb_conf; /* "/etc/samba/smb.conf" */
    bool smb1;            /* an instance of its own, for devices that know only SMB1 and NTLMv1 */
    const char *address;  /* for smb1: the address it listens on; one that the ordinary smbd does not use */
    bool hidden;          /* the service sees the folder only with a drop-in: sight.h */
};

/* SP_E_INVALID: a name, user or path that no share could have. */
enum sp_rc sp_share_check(const struct sp_share *share, struct sp_err *err);
/* The section as smb.conf wants it. */
void sp_share_section(struct sp_str *out, const struct sp_share *share);
/* A script for /bin/sh, run as root; it may be run again. The copier's password is expected in SCANPOST_SHARE_PASSWORD.
 * SP_E_INVALID as below. */
enum sp_rc sp_share_script(struct sp_str *out, const struct sp_share *share, struct sp_err *err);
/* Only what lets the service see the folder: writes the drop-in, unless the file is somebody else's, and has systemd
 * take it over. Adds nothing when the folder is in sight. SP_E_INVALID: systemd could not name the path. */
enum sp_rc sp_share_service_script(struct sp_str *out, const struct sp_share *share, struct sp_err *err);

#endif
