/* side.h - questions that filters ask on the side channel (backend(7)); they wait for an answer, so whoever waits here
 * for anything else answers them meanwhile. */
#ifndef SP_BACKEND_CUPS_SIDE_H
#define SP_BACKEND_CUPS_SIDE_H

#include <stdbool.h>

struct sp_side {
    int fd; /* -1: there is no such channel */
};

struct sp_side sp_side_open(void);
/* Answers what was asked, if anything; never waits. */
void sp_side_answer(struct sp_side *side);
/* Waits until fd (-1: none) can be read, for at most ms, answering meanwhile. true: it can be read, or has ended. A
 * signal ends the wait. */
bool sp_side_wait(struct sp_side *side, int fd, int ms);

#endif
