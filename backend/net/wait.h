/* wait.h - the one way this room waits: for a descriptor, up to a moment on the monotonic clock. */
#ifndef SP_NET_WAIT_H
#define SP_NET_WAIT_H

#include <stdint.h>

struct sp_clock;

enum sp_wait { SP_WAIT_READY, SP_WAIT_PASSED, SP_WAIT_FAILED /* errno tells */ };

/* events as poll(2) has them. PASSED as soon as poll says so, whatever the clock thinks, so that a test's clock that
 * stands still cannot make this loop. */
enum sp_wait sp_net_wait(int fd, short events, const struct sp_clock *clock, int64_t deadline);

#endif
