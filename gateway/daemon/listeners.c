/* listeners.c - see listeners.h. */
#include "gateway/daemon/listeners.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/settings.h"
#include "base/text.h"

enum { BACKLOG = 512, BIND_TRIES = 50, BIND_PAUSE_US = 100 * 1000 };

/* "127.0.0.1:8631", "[::1]:8631", ":8631"; the settings were checked to be one of these. */
static enum sp_rc
split(const char *address, char host[64], char port[8], struct sp_err *err)
{
    const char *colon = strrchr(address, ':');
    size_t host_len = colon != NULL ? (size_t)(colon - address) : 0;
    if (colon == NULL || host_len >= 64 || !sp_text_copy(port, 8, colon + 1))
        return sp_fail(err, SP_E_INVALID, "http.listen: '%s' is not address:port", address);
    bool brackets = host_len >= 2 && address[0] == '[' && address[host_len - 1] == ']';
    (void)snprintf(host, 64, "%.*s", (int)(host_len - (brackets ? 2 : 0)), address + (brackets ? 1 : 0));
    return SP_OK;
}

/* While a listener follows another one on the same port, as 0.0.0.0 does 127.0.0.1, both let go of it for a moment.
 * Else a port that somebody else uses would not be noticed. */
static bool
share_port(int fd, bool share)
{
    const int value = share;
    return setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &value, sizeof value) == 0;
}

static int
bind_patiently(const struct addrinfo *info, bool v6, bool share)
{
    const int on = 1;
    SP_AUTO_CLOSE int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || (share && !share_port(fd, true)) || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        (v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0))
        return -1;
    int rc = bind(fd, info->ai_addr, info->ai_addrlen);
    for (int i = 0; rc != 0 && errno == EADDRINUSE && i < BIND_TRIES; i++) {
        usleep(BIND_PAUSE_US);
        rc = bind(fd, info->ai_addr, info->ai_addrlen);
    }
    return rc == 0 && listen(fd, BACKLOG) == 0 ? sp_steal_fd(&fd) : -1;
}

static enum sp_rc
open_tcp(const char *address, bool share, int *ret, struct sp_err *err)
{
    char host[64], port[8];
    struct addrinfo *info = NULL;
    const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
                                    .ai_socktype = SOCK_STREAM };
    enum sp_rc rc = split(address, host, port, err);
    if (rc != SP_OK)
        return rc;
    int trouble = getaddrinfo(host[0] != '\0' ? host : NULL, port, &hints, &info);
    if (trouble != 0)
        return sp_fail(err, SP_E_INVALID, "http.listen: '%s': %s", address, gai_strerror(trouble));
    *ret = bind_patiently(info, info->ai_family == AF_INET6, share);
    if (*ret < 0)
        rc = sp_fail_errno(err, "http.listen: cannot listen on %s", address);
    freeaddrinfo(info);
    return rc;
}

/* Everybody may connect: the peer's uid and groups decide what it may do (web/auth). */
static enum sp_rc
open_unix(const char *run_dir, int *ret, struct sp_err *err)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    int len = snprintf(name.sun_path, sizeof name.sun_path, "%s/scanpost.sock", run_dir);
    if (len < 0 || (size_t)len >= sizeof name.sun_path)
        return sp_fail(err, SP_E_INVALID, "gateway.run-dir: %s is too long for a socket's name", run_dir);
    SP_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)unlink(name.sun_path); /* ours: the supervisor's lock says that nobody else serves it */
    if (fd < 0 || bind(fd, (const struct sockaddr *)&name, sizeof name) != 0 || chmod(name.sun_path, 0666) != 0 ||
        listen(fd, BACKLOG) != 0)
        return sp_fail_errno(err, "cannot listen on %s", name.sun_path);
    *ret = sp_steal_fd(&fd);
    return SP_OK;
}

enum sp_rc
sp_listeners_open(const struct sp_settings *settings, struct sp_listeners *ret, struct sp_err *err)
{
    const struct sp_texts *listen_on = &settings->http.listen;
    ret->count = 0;
    if (listen_on->count >= SP_LISTENERS_MAX)
        return sp_fail(err, SP_E_INVALID, "http.listen: more than %d addresses", SP_LISTENERS_MAX - 1);
    enum sp_rc rc = open_unix(settings->gateway.run_dir, &ret->fd[0], err);
    if (rc == SP_OK)
        ret->count = 1;
    for (size_t i = 0; rc == SP_OK && i < listen_on->count; i++) {
        rc = open_tcp(listen_on->items[i], false, &ret->fd[ret->count], err);
        if (rc == SP_OK)
            ret->count++;
    }
    if (rc != SP_OK)
        sp_listeners_close(ret);
    return rc;
}

static bool
position(const struct sp_texts *list, const char *address, size_t *ret)
{
    for (*ret = 0; *ret < list->count; (*ret)++)
        if (strcmp(list->items[*ret], address) == 0)
            return true;
    return false;
}

static void
share_ports(const struct sp_listeners *listeners, bool share)
{
    for (size_t i = 1; i < listeners->count; i++) /* the first is no TCP socket */
        (void)share_port(listeners->fd[i], share);
}

enum sp_rc
sp_listeners_change(struct sp_listeners *listeners, const struct sp_settings *old, const struct sp_settings *new,
                    struct sp_err *err)
{
    const struct sp_texts *before = &old->http.listen, *after = &new->http.listen;
    struct sp_listeners next = { .fd = { listeners->fd[0] }, .count = 1 };
    bool opened[SP_LISTENERS_MAX] = { false };
    enum sp_rc rc =
        after->count < SP_LISTENERS_MAX ? SP_OK : sp_fail(err, SP_E_INVALID, "http.listen: too many addresses");
    size_t at = 0;
    share_ports(listeners, true);
    for (size_t i = 0; rc == SP_OK && i < after->count; i++) {
        opened[next.count] = !position(before, after->items[i], &at);
        if (opened[next.count])
            rc = open_tcp(after->items[i], true, &next.fd[next.count], err);
        else
            next.fd[next.count] = listeners->fd[1 + at];
        next.count += rc == SP_OK;
    }
    share_ports(listeners, false);
    share_ports(&next, false);
    for (size_t i = 1; rc != SP_OK && i < next.count; i++)
        if (opened[i])
            close(next.fd[i]);
    if (rc != SP_OK)
        return rc;
    for (size_t i = 0; i < before->count; i++)
        if (!position(after, before->items[i], &at))
            close(listeners->fd[1 + i]);
    *listeners = next;
    return SP_OK;
}

void
sp_listeners_close(struct sp_listeners *listeners)
{
    for (size_t i = 0; i < listeners->count; i++)
        close(listeners->fd[i]);
    listeners->count = 0;
}
