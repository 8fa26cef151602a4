/* opener.c - both ends of the socket pair, and the process; see opener.h.
 *
 *   question   struct question, whole, in one packet
 *   answer     struct answer, with the descriptor beside it (SCM_RIGHTS) when trouble is 0
 *
 * The opener does not trust who asks: the folder is looked up in its own copy of the configuration, the path may not
 * lead anywhere else, and a file with a second link could be anybody's secret. */
#include "gateway/daemon/opener.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/settings.h"
#include "base/text.h"
#include "gateway/daemon/child.h"
#include "gateway/folders.h"

enum { ANSWER_WITHIN_MS = 5000 };

struct question {
    uint64_t number;
    char folder[NAME_MAX + 1];
    char path[SP_OPENER_DEPTH * (NAME_MAX + 1)]; /* from the folder on */
};

struct answer {
    uint64_t number;
    int trouble; /* an errno; 0: a descriptor comes with it */
};

/* --- the one that asks --- */

void
sp_opener_client_init(struct sp_opener_client *client, int fd)
{
    client->fd = fd;
    pthread_mutex_init(&client->lock, NULL);
    sp_random_bytes(&client->last, sizeof client->last);
}

static int
descriptor_of(struct msghdr *message)
{
    const struct cmsghdr *control = CMSG_FIRSTHDR(message);
    int fd = -1;
    if (control != NULL && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS &&
        control->cmsg_len == CMSG_LEN(sizeof fd))
        memcpy(&fd, CMSG_DATA(control), sizeof fd);
    return fd;
}

/* One answer, whichever; false: none came in time. */
static bool
receive(int socket_fd, int64_t deadline, struct answer *ret, int *ret_fd)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = { ret, sizeof *ret };
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };
    struct pollfd readable = { .fd = socket_fd, .events = POLLIN };
    if (poll(&readable, 1, sp_ms_left(&sp_clock_system, deadline)) <= 0)
        return false;
    if (recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) != (ssize_t)sizeof *ret)
        return false;
    *ret_fd = descriptor_of(&message);
    return true;
}

/* Called with the lock held. */
static int
ask(struct sp_opener_client *client, const struct question *question)
{
    int64_t deadline = sp_mono_ms(&sp_clock_system) + ANSWER_WITHIN_MS;
    struct answer answer = { 0 };
    int fd = -1;
    if (send(client->fd, question, sizeof *question, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof *question)
        return -1;
    while (receive(client->fd, deadline, &answer, &fd)) {
        if (answer.number == question->number) {
            errno = answer.trouble;
            return fd;
        }
        if (fd >= 0)
            close(fd);
    }
    errno = EACCES; /* as if there were no opener: the file stays, and is tried again */
    return -1;
}

int
sp_opener_ask(void *context, const char *folder, const char *path)
{
    struct sp_opener_client *client = context;
    struct question question = { 0 };
    if (!sp_text_copy(question.folder, sizeof question.folder, folder) ||
        !sp_text_copy(question.path, sizeof question.path, path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    pthread_mutex_lock(&client->lock);
    question.number = ++client->last;
    int fd = ask(client, &question);
    int trouble = errno;
    pthread_mutex_unlock(&client->lock);
    errno = trouble;
    return fd;
}

/* --- the one that answers --- */

static int
open_folder(const struct sp_settings *settings, const char *name)
{
    const struct sp_folder_settings *folder = sp_settings_folder(settings, name);
    if (folder == NULL) {
        errno = ENOENT;
        return -1;
    }
    return open(folder->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool
is_plain(const char *name)
{
    return name[0] != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* Walks down to where the last part of the path is, over directories only: no link, no "..", not too deep. Cuts the
 * path into its parts on the way. */
static int
walk(int folder, char *path, const char **ret_leaf)
{
    SP_AUTO_CLOSE int at = folder;
    char *slash;
    for (int depth = 1; at >= 0 && (slash = strchr(path, '/')) != NULL; depth++, path = slash + 1) {
        *slash = '\0';
        int next = -1;
        errno = EACCES;
        if (depth < SP_OPENER_DEPTH && is_plain(path))
            next = openat(at, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        close(at);
        at = next;
    }
    *ret_leaf = path;
    return sp_steal_fd(&at);
}

/* The type is asked for before opening, because opening alone can do something to a device; and again after it. */
static bool
is_a_scan(const struct stat *info)
{
    return S_ISREG(info->st_mode) && info->st_nlink == 1;
}

static int
open_scan(const struct sp_settings *settings, struct question *question)
{
    struct stat info;
    const char *name = "";
    SP_AUTO_CLOSE int dir = walk(open_folder(settings, question->folder), question->path, &name);
    if (dir < 0)
        return -1;
    errno = EACCES;
    if (!is_plain(name) || fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !is_a_scan(&info))
        return -1;
    SP_AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    errno = EACCES;
    return fstat(fd, &info) == 0 && is_a_scan(&info) ? sp_steal_fd(&fd) : -1;
}

static void
answer(int socket_fd, uint64_t number, int fd, int trouble)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct answer text = { number, trouble };
    struct iovec part = { &text, sizeof text };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    if (fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        *header = (struct cmsghdr){ CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS };
        memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    (void)sendmsg(socket_fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT); /* who asked may be gone */
}

static void
answer_next(const struct sp_settings *settings, int socket_fd)
{
    struct question question;
    if (recv(socket_fd, &question, sizeof question, MSG_DONTWAIT) != (ssize_t)sizeof question)
        return;
    question.folder[sizeof question.folder - 1] = question.path[sizeof question.path - 1] = '\0';
    SP_AUTO_CLOSE int fd = open_scan(settings, &question);
    answer(socket_fd, question.number, fd, fd >= 0 ? 0 : errno);
}

int
sp_child_opener(struct sp_house *house)
{
    struct sp_err err = { 0 };
    SP_AUTO_CLOSE int stop = sp_child_signals();
    sp_listeners_close(&house->listeners);
    close(house->opener_fd[0]);
    if (sp_privileges_drop(&house->identity, house->identity.gateway_uid, house->identity.gateway_gid, SP_KEEP_READ,
                           house->supervisor, &err) != SP_OK) {
        sp_error(&house->log, "cannot open files for the gateway: %s", err.text);
        return 1;
    }
    for (;;) {
        struct pollfd fds[] = { { .fd = house->opener_fd[1], .events = POLLIN },
                                { .fd = stop, .events = POLLIN },
                                { .fd = house->life_fd[0], .events = POLLIN } };
        if (poll(fds, SP_LEN(fds), -1) < 0 && errno != EINTR)
            return 1;
        if (fds[1].revents != 0 || fds[2].revents != 0)
            return 0;
        if (fds[0].revents != 0)
            answer_next(house->settings, house->opener_fd[1]);
    }
}
