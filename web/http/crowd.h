/* crowd.h - the connections of one listener, so that a thousand silent ones do not keep an honest one out: when there
 * are too many, the one that has been silent longest is closed; those that are busy are never touched: a worker has
 * their request, or it is that of somebody who is known. Belongs to one thread. */
#ifndef SP_WEB_HTTP_CROWD_H
#define SP_WEB_HTTP_CROWD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct sp_guest {
    struct sp_guest *previous, *next;
    uint8_t address[16];
    int fd;
    bool busy;
    bool leaving;
    bool has_asked; /* the owner's: at least once */
};

struct sp_crowd { /* initialise the limits, zero the rest */
    unsigned max, per_address;
    unsigned count;                /* without those that are leaving */
    struct sp_guest *first, *last; /* longest silent first */
};

/* May one more come in from there? Makes room where it can, by shutdown(2): the owner of the socket then closes it. */
bool sp_crowd_admit(struct sp_crowd *crowd, const struct sockaddr *address);
void sp_crowd_enter(struct sp_crowd *crowd, struct sp_guest *guest, const struct sockaddr *address, int fd);
void sp_crowd_leave(struct sp_crowd *crowd, struct sp_guest *guest);
/* Something was heard from it. */
void sp_crowd_busy(struct sp_crowd *crowd, struct sp_guest *guest, bool busy);

#endif
