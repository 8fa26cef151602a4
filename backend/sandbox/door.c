#include "backend/sandbox/door.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"

struct visit {
    enum { FREE, BUSY, OVER } state; /* OVER: the thread has ended, or is about to, and is to be joined */
    pthread_t thread;
    struct sp_box_door *door;
    struct sp_box_guest guest;
};

struct sp_box_door {
    int fd;
    unsigned port;
    struct sp_box_hall *hall;
    struct sp_box_service service;
    pthread_t thread;
    pthread_mutex_t lock; /* over the visits' states */
    struct visit visits[SP_BOX_GUESTS_MAX];
};

enum sp_rc
sp_box_bind(const char *address, unsigned port, int type, int *ret_fd, unsigned *ret_port, struct sp_err *err)
{
    struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    socklen_t size = sizeof(name);
    int on = 1;
    if (inet_pton(AF_INET, address, &name.sin_addr) != 1)
        return sp_fail(err, SP_E_INVALID, "sandbox: '%s' is no IPv4 address", address);
    SP_AUTO_CLOSE int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return sp_fail_errno(err, "sandbox: socket");
    if (type == SOCK_STREAM && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
        return sp_fail_errno(err, "sandbox: SO_REUSEADDR");
    if (bind(fd, (const struct sockaddr *)&name, size) != 0 || (type == SOCK_STREAM && listen(fd, 128) != 0))
        return sp_fail_errno(err, "sandbox: cannot listen on %s:%u", address, port);
    if (getsockname(fd, (struct sockaddr *)&name, &size) != 0)
        return sp_fail_errno(err, "sandbox: getsockname");
    *ret_port = ntohs(name.sin_port);
    *ret_fd = sp_steal_fd(&fd);
    return SP_OK;
}

static void *
visit_run(void *argument)
{
    struct visit *visit = argument;
    struct sp_box_door *door = visit->door;
    door->service.serve(door->service.context, &visit->guest);
    pthread_mutex_lock(&door->lock);
    visit->state = OVER;
    pthread_mutex_unlock(&door->lock);
    return NULL;
}

/* A free seat, or one whose guest has left; NULL: there is none. Only the door's own thread takes seats. */
static struct visit *
seat_find(struct sp_box_door *door)
{
    struct visit *found = NULL;
    pthread_mutex_lock(&door->lock);
    for (size_t i = 0; found == NULL && i < SP_BOX_GUESTS_MAX; i++)
        if (door->visits[i].state != BUSY)
            found = &door->visits[i];
    pthread_mutex_unlock(&door->lock);
    return found;
}

static bool
seat_used(struct sp_box_door *door, size_t i)
{
    pthread_mutex_lock(&door->lock);
    bool used = door->visits[i].state != FREE;
    pthread_mutex_unlock(&door->lock);
    return used;
}

static bool
visit_start(struct sp_box_door *door, const struct sp_box_guest *guest)
{
    struct visit *visit = seat_find(door);
    if (visit == NULL)
        return false;
    if (visit->state == OVER)
        pthread_join(visit->thread, NULL);
    *visit = (struct visit){ .state = BUSY, .door = door, .guest = *guest };
    if (pthread_create(&visit->thread, NULL, visit_run, visit) == 0)
        return true;
    visit->state = FREE;
    return false;
}

static void
welcome(struct sp_box_door *door, int fd, const struct sockaddr_in *from)
{
    struct sp_box_guest guest = { .fd = fd, .stop_fd = door->hall->stop_fd };
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* a hint only */
    (void)inet_ntop(AF_INET, &from->sin_addr, guest.ip, sizeof(guest.ip));
    guest.number = atomic_fetch_add(&door->hall->connections, 1) + 1;
    if (visit_start(door, &guest))
        return;
    (void)send(fd, door->service.full, strlen(door->service.full), MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}

static void *
door_run(void *argument)
{
    struct sp_box_door *door = argument;
    struct pollfd fds[] = { { .fd = door->fd, .events = POLLIN }, { .fd = door->hall->stop_fd, .events = POLLIN } };
    for (;;) {
        int n = poll(fds, 2, -1); /* for guests, or for the end: stop_fd */
        if (fds[1].revents != 0)
            return NULL;
        struct sockaddr_in from;
        socklen_t size = sizeof(from);
        int fd = n > 0 ? accept4(door->fd, (struct sockaddr *)&from, &size, SOCK_CLOEXEC) : -1;
        if (fd >= 0)
            welcome(door, fd, &from);
        else if (n > 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
            (void)poll(&fds[1], 1, 50); /* no more descriptors: wait for a guest to leave, instead of spinning */
    }
}

enum sp_rc
sp_box_door_open(const char *address, unsigned port, struct sp_box_hall *hall, const struct sp_box_service *service,
                 struct sp_box_door **ret, struct sp_err *err)
{
    struct sp_box_door *door = calloc(1, sizeof(*door));
    if (door == NULL)
        return sp_fail(err, SP_E_NOMEM, "sandbox: out of memory");
    door->hall = hall;
    door->service = *service;
    enum sp_rc rc = sp_box_bind(address, port, SOCK_STREAM, &door->fd, &door->port, err);
    if (rc != SP_OK) {
        free(door);
        return rc;
    }
    pthread_mutex_init(&door->lock, NULL);
    if (pthread_create(&door->thread, NULL, door_run, door) != 0) {
        close(door->fd);
        free(door);
        return sp_fail(err, SP_E_NOMEM, "sandbox: cannot start a thread");
    }
    *ret = door;
    return SP_OK;
}

unsigned
sp_box_door_port(const struct sp_box_door *door)
{
    return door->port;
}

void
sp_box_door_close(struct sp_box_door **door)
{
    struct sp_box_door *d = *door;
    *door = NULL;
    if (d == NULL)
        return;
    pthread_join(d->thread, NULL);
    close(d->fd);
    for (size_t i = 0; i < SP_BOX_GUESTS_MAX; i++)
        if (seat_used(d, i))
            pthread_join(d->visits[i].thread, NULL);
    pthread_mutex_destroy(&d->lock);
    free(d);
}
