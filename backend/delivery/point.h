/* point.h - the point of no return of an attempt: the last octets of the message. Whoever sends passes it before they
 * leave. Whoever ends the process closes it instead, and then knows that nothing was handed over, however deep the
 * sending thread is in a connection; and only one of the two goes on to write down what became of the attempt. */
#ifndef SP_DELIVERY_POINT_H
#define SP_DELIVERY_POINT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum { SP_POINT_NOBODY, SP_POINT_AHEAD, SP_POINT_PASSED, SP_POINT_CLOSED };

struct sp_point {
    _Atomic int at;
};

/* Before the claim of an attempt. A closed one stays closed. false: it is. NULL: there is none, and it is never closed.
 */
static inline bool
sp_point_set(struct sp_point *point)
{
    int at = point == NULL ? SP_POINT_NOBODY : atomic_load(&point->at);
    while (point != NULL && at != SP_POINT_CLOSED)
        if (atomic_compare_exchange_weak(&point->at, &at, SP_POINT_AHEAD))
            return true;
    return point == NULL;
}

/* true: it may be said, and from now on the message may have been taken. */
static inline bool
sp_point_pass(struct sp_point *point)
{
    int at = SP_POINT_AHEAD;
    return point == NULL || atomic_compare_exchange_strong(&point->at, &at, SP_POINT_PASSED) || at == SP_POINT_PASSED;
}

static inline bool
sp_point_is_closed(struct sp_point *point)
{
    return point != NULL && atomic_load(&point->at) == SP_POINT_CLOSED;
}

/* true: nobody had passed it, and nobody will. */
static inline bool
sp_point_close(struct sp_point *point)
{
    int at = atomic_load(&point->at);
    while (at != SP_POINT_PASSED)
        if (atomic_compare_exchange_weak(&point->at, &at, SP_POINT_CLOSED))
            return true;
    return false;
}

#endif
