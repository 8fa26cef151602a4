/* refusals.h - who was refused at the doors lately, so that an admin finds the copier with the old token. In memory and
 * bounded: the same trouble of the same one counts up; those who are known and strangers have half of the room each, so
 * that no stranger pushes out what an admin's own devices did. Nothing here waits for a disk, but save and load. Calls
 * may come from any thread. */
#ifndef SP_GATEWAY_REFUSALS_H
#define SP_GATEWAY_REFUSALS_H

#include <stddef.h>
#include <stdint.h>

#include "db/refusal.h"

struct sp_batch;
struct sp_refusals;

enum { SP_REFUSALS_MAX = 256 };

struct sp_refusals *sp_refusals_new(void); /* NULL when memory is out */
void sp_refusals_free(struct sp_refusals **refusals);
/* From now on each one is told to who looks live (db/changes.h). */
void sp_refusals_tell(struct sp_refusals *refusals, int changes_fd);

struct sp_refused { /* texts from anywhere: they are repaired and cut */
    const char *door, *who, *address, *reason, *what;
    int status;
    int64_t now; /* wall ms */
};
/* refusals may be NULL: then nobody wants to know. */
void sp_refusals_note(struct sp_refusals *refusals, const struct sp_refused *refused);
/* Newest first; returns how many, at most room. */
size_t sp_refusals_list(struct sp_refusals *refusals, struct sp_refusal *ret, size_t room);

/* What the run before knew. */
enum sp_rc sp_refusals_load(struct sp_refusals *refusals, struct sp_db *db, struct sp_err *err);
/* When there is something new. */
enum sp_rc sp_refusals_save(struct sp_refusals *refusals, struct sp_batch *batch, struct sp_err *err);

#endif
