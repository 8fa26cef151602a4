/* door.h - a listening socket whose clients are served by a thread each, at most SP_BOX_GUESTS_MAX at a time. */
#ifndef SP_SANDBOX_DOOR_H
#define SP_SANDBOX_DOOR_H

#include <stdatomic.h>

#include "base/err.h"

struct sp_box_door;

/* What all doors share. */
struct sp_box_hall {
    int stop_fd;             /* becomes readable when the sandbox stops, and stays so */
    atomic_uint connections; /* counted over all doors, so that log and stored messages can be read together */
};

enum { SP_BOX_GUESTS_MAX = 64 };

struct sp_box_guest {
    int fd;          /* the serving function closes it */
    char ip[46];     /* INET6_ADDRSTRLEN */
    unsigned number; /* of the connection, from 1 */
    int stop_fd;
};
/* Runs in a thread of its own and returns when the client is gone or the sandbox stops. */
typedef void sp_box_serve_fn(void *context, const struct sp_box_guest *guest);

struct sp_box_service {
    sp_box_serve_fn *serve;
    void *context;
    const char *full; /* what a client hears when all seats are taken */
};

/* Listens on an IPv4 address; port 0: a free one. hall and what service points to are borrowed. SP_E_INVALID (no
 * address), SP_E_DENIED, SP_E_IO, SP_E_NOMEM. */
enum sp_rc sp_box_door_open(const char *address, unsigned port, struct sp_box_hall *hall,
                            const struct sp_box_service *service, struct sp_box_door **ret, struct sp_err *err);
unsigned sp_box_door_port(const struct sp_box_door *door);
/* Once the hall's stop_fd is readable: waits until the last client is served. Accepts NULL; leaves NULL. */
void sp_box_door_close(struct sp_box_door **door);

/* A bound socket for the resolver too: type is SOCK_STREAM or SOCK_DGRAM. */
enum sp_rc sp_box_bind(const char *address, unsigned port, int type, int *ret_fd, unsigned *ret_port,
                       struct sp_err *err);

#endif
