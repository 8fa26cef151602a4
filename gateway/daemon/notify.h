/* notify.h - what the service manager is told, in the words of sd_notify(3): that we are ready, read the configuration
 * again, end, are alive, and a sentence for `systemctl status`. Without a service manager nobody listens, and nothing
 * is done. Our own few lines, because libsystemd would be a dependency for one datagram. */
#ifndef SP_DAEMON_NOTIFY_H
#define SP_DAEMON_NOTIFY_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct sp_notify {
    struct sockaddr_un to;
    socklen_t to_len;    /* 0: nobody listens */
    int64_t watchdog_ms; /* it wants to hear from us that often; 0: it does not */
};

/* Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment, so that no program that we start can
 * speak for us. */
void sp_notify_open(struct sp_notify *notify);
/* Lines of NAME=value. Failing is not told: whoever listens has a time limit of its own. */
void sp_notify_send(const struct sp_notify *notify, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
