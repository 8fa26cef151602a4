/* scan_set.h - the form field "set" of a scan that comes in several requests, as a print queue's does:
 *
 *   { "n": 2 or 0 (not known), "of": 3, "run": TEXT, "giver": TEXT, "names": [ TEXT, ... ] }     (see gateway/parts.h)
 */
#ifndef SP_WEB_API_SCAN_SET_H
#define SP_WEB_API_SCAN_SET_H

#include "base/err.h"
#include "gateway/parts.h"

struct sp_arena;

/* Texts live in the arena. SP_E_INVALID. */
enum sp_rc sp_scan_set_read(const char *json, struct sp_arena *arena, struct sp_part_request *ret, struct sp_err *err);

#endif
