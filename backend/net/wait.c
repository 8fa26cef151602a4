/* wait.c - poll(2) that comes back after a signal with the time that is left. */
#include "backend/net/wait.h"

#include <errno.h>
#include <poll.h>

#include "base/clock.h"

enum sp_wait
sp_net_wait(int fd, short events, const struct sp_clock *clock, int64_t deadline)
{
    struct pollfd want = { .fd = fd, .events = events };
    for (;;) {
        int ready = poll(&want, 1, sp_ms_left(clock, deadline));
        if (ready > 0)
            return SP_WAIT_READY;
        if (ready == 0)
            return SP_WAIT_PASSED;
        if (errno != EINTR)
            return SP_WAIT_FAILED;
    }
}
