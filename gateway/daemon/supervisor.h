/* supervisor.h - keeps a gateway and a sender process alive, gives them a new configuration on SIGHUP, ends them on
 * SIGTERM and SIGINT. */
#ifndef SP_DAEMON_SUPERVISOR_H
#define SP_DAEMON_SUPERVISOR_H

#include "base/err.h"

struct sp_settings;

/* Takes the settings over. Returns when told to end, everything below it gone. */
enum sp_rc sp_supervise(struct sp_settings **settings, struct sp_err *err);

#endif
