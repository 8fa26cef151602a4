/* part_slip.h - what lies beside a stored part: which file of which print job it is, and the request it came with, so
 * that the job can be made later, also by a gateway that was started meanwhile or has lost its database. */
#ifndef SP_GATEWAY_PART_SLIP_H
#define SP_GATEWAY_PART_SLIP_H

#include <stdint.h>

#include "base/err.h"
#include "gateway/intake.h"

struct sp_arena;

struct sp_part_slip {
    const char *job; /* as in db/part.h, and so are the next three */
    int n;
    const char *run, *giver;
    int of; /* how many files the job has */
    int64_t touched;
    const char *name;                 /* of this document */
    struct sp_intake_request request; /* without accept, allowed and held */
};

/* JSON for the caller to free; NULL when memory is out or a text is not UTF-8. */
char *sp_part_slip_write(const struct sp_part_slip *slip);
/* Texts live in the arena. SP_E_CORRUPT: not what sp_part_slip_write writes. */
enum sp_rc sp_part_slip_read(const char *json, struct sp_arena *arena, struct sp_part_slip *ret, struct sp_err *err);

#endif
