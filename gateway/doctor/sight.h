/* sight.h - which drop folders the service unit sees: what lies in /srv, and what a drop-in of systemd's names; see
 * SERVICE in scanpostd(8). */
#ifndef SP_DOCTOR_SIGHT_H
#define SP_DOCTOR_SIGHT_H

#include <stdbool.h>

#include "base/err.h"

struct sp_str;

#define SP_SIGHT_DIR    "/etc/systemd/system/scanpost.service.d"
#define SP_SIGHT_MARK   "# Written by scanpost: " /* how its files begin; another one is somebody's own */
#define SP_SIGHT_RELOAD "systemctl daemon-reload && systemctl restart scanpost"

/* The unit is installed on this machine, whether systemd runs now or not. */
bool sp_sight_has_unit(void);
/* A folder there is out of sight as the unit is. Pure. */
bool sp_sight_needs_file(const char *path);
/* The drop-in of the folder. SP_E_INVALID: a path that no unit can name. Pure. */
enum sp_rc sp_sight_add(struct sp_str *out, const char *name, const char *path, struct sp_err *err);
/* Where it lies. Pure. */
void sp_sight_add_place(struct sp_str *out, const char *name);

#endif
