/* notify.c - see notify.h. A socket a message: they are rare, and no child inherits one. */
#include "gateway/daemon/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/text.h"

enum { MESSAGE_SIZE = 1024 };

/* "/run/systemd/notify", or "@name" in the abstract namespace. */
static socklen_t
address(const char *name, struct sockaddr_un *ret)
{
    size_t len = name != NULL ? strlen(name) : 0;
    *ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (len < 2 || len >= sizeof ret->sun_path || (name[0] != '/' && name[0] != '@'))
        return 0;
    memcpy(ret->sun_path, name, len);
    if (name[0] == '/')
        return sizeof *ret;
    ret->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

static int64_t
watchdog_ms(const char *usec, const char *pid)
{
    if (usec == NULL || (pid != NULL && strtoll(pid, NULL, 10) != getpid()))
        return 0;
    long long ms = strtoll(usec, NULL, 10) / 1000;
    return ms > 0 ? ms : 0;
}

void
sp_notify_open(struct sp_notify *notify)
{
    notify->to_len = address(getenv("NOTIFY_SOCKET"), &notify->to);
    notify->watchdog_ms = notify->to_len > 0 ? watchdog_ms(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID")) : 0;
    (void)unsetenv("NOTIFY_SOCKET");
    (void)unsetenv("WATCHDOG_USEC");
    (void)unsetenv("WATCHDOG_PID");
}

void
sp_notify_send(const struct sp_notify *notify, const char *format, ...)
{
    char text[MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    (void)sp_text_vformat(text, sizeof text, format, args);
    va_end(args);
    if (notify->to_len == 0)
        return;
    SP_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        (void)sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&notify->to, notify->to_len);
}
