/* seats.h - how many connections a mailbox may have at once: three (Exchange Online, client submission). The fourth may
 * talk as it likes; it hears of the limit in the answer to its message. Threads may share it. */
#ifndef SP_SANDBOX_SEATS_H
#define SP_SANDBOX_SEATS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { SP_BOX_SEATS = 3, SP_BOX_SEATS_WATCHED = 64 };

struct sp_box_seats {
    pthread_mutex_t lock;
    size_t n;
    unsigned taken[SP_BOX_SEATS_WATCHED]; /* connection numbers in the order in which they signed in */
};

void sp_box_seats_init(struct sp_box_seats *seats);
void sp_box_seats_take(struct sp_box_seats *seats, unsigned connection);
void sp_box_seats_leave(struct sp_box_seats *seats, unsigned connection); /* one that took none is fine */
/* Whether three others signed in before this one and are still here. */
bool sp_box_seats_over(struct sp_box_seats *seats, unsigned connection);

#endif
