/* listeners.h - the sockets that the supervisor opens and the gateway process serves. They outlive every gateway
 * process, so that nobody is refused while one is replaced. */
#ifndef SP_DAEMON_LISTENERS_H
#define SP_DAEMON_LISTENERS_H

#include <stddef.h>

#include "base/err.h"

struct sp_settings;

enum { SP_LISTENERS_MAX = 17 }; /* 16 addresses and the Unix socket, which comes first */

struct sp_listeners {
    int fd[SP_LISTENERS_MAX];
    size_t count;
};

/* Waits a few seconds for an address that a predecessor still holds. On failure nothing stays open. */
enum sp_rc sp_listeners_open(const struct sp_settings *settings, struct sp_listeners *ret, struct sp_err *err);
/* Addresses that both configurations name keep their sockets; others are opened and closed. On failure all stays as it
 * was. */
enum sp_rc sp_listeners_change(struct sp_listeners *listeners, const struct sp_settings *old,
                               const struct sp_settings *new, struct sp_err *err);
void sp_listeners_close(struct sp_listeners *listeners);

#endif
