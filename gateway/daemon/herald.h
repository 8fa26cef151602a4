/* herald.h - how the house is, told to the service manager (notify.h). Pure but for the sending: the supervisor says
 * what happened to its children, and the herald says READY, STATUS and WATCHDOG when they are due.
 *
 * Alive means that the main loops of gateway and sender come round: with a watchdog they are asked twice in its time,
 * and it hears from us when both have answered. One that is being started again is not asked, because it is not
 * hanging. Without a watchdog nobody is asked, and nobody wakes. */
#ifndef SP_DAEMON_HERALD_H
#define SP_DAEMON_HERALD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/daemon/notify.h"

enum sp_heralded { SP_HERALD_GATEWAY, SP_HERALD_SENDER };
enum { SP_HERALDED = 2 };

struct sp_herald {
    struct sp_notify notify;
    struct {
        bool ready, failed, asked;
    } of[SP_HERALDED];
    int64_t ask_at; /* monotonic ms; meaningless without watchdog */
    bool told_ready;
    char trouble[256], told[512]; /* what is wrong with the configuration on disk; the last status */
};

/* Now is monotonic ms everywhere. */
void sp_herald_start(struct sp_herald *herald, int64_t now);
/* The configuration is read again. Afterwards either it is refused, or the children are new. */
void sp_herald_reloading(struct sp_herald *herald, int64_t now);
void sp_herald_refused(struct sp_herald *herald, const char *why);
void sp_herald_replaced(struct sp_herald *herald);
/* A child's main loop came round: for the first time, or because it was asked. */
void sp_herald_alive(struct sp_herald *herald, enum sp_heralded who);
void sp_herald_died(struct sp_herald *herald, enum sp_heralded who, bool failed);
void sp_herald_ending(struct sp_herald *herald);

/* How long until somebody has to be asked: ms, -1 never. */
int sp_herald_wait(const struct sp_herald *herald, int64_t now);
/* Whether `who` has to be asked now. Called for each of them, and then sp_herald_asked. */
bool sp_herald_asks(struct sp_herald *herald, enum sp_heralded who, int64_t now);
void sp_herald_asked(struct sp_herald *herald, int64_t now);

#endif
