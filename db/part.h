/* part.h - print jobs of several files that are not whole yet: which files are there, and where they lie. */
#ifndef SP_DB_PART_H
#define SP_DB_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_arena;
struct sp_db;

struct sp_part {
    const char *job;   /* which print job it belongs to; unique among all who give */
    int n;             /* which file of it, from 1 */
    const char *entry; /* where it lies: an id in the parts' own spool */
    const char *run;   /* in which run through the job's files the giver handed it over, or last did */
    const char *giver; /* what told this handing over from all others */
    const char *slip;  /* the request it came with, as gateway/part_slip.h writes it */
    int64_t touched;   /* when it was last handed over */
};

/* SP_E_CONFLICT: that file is there already. */
enum sp_rc sp_part_insert(struct sp_db *db, const struct sp_part *part, struct sp_err *err);
/* It was handed over once more: notes run, giver and touched. */
enum sp_rc sp_part_touch(struct sp_db *db, const struct sp_part *part, struct sp_err *err);
/* Those of one job, in order. Texts live in the arena. */
enum sp_rc sp_part_list(struct sp_db *db, const char *job, struct sp_arena *arena, struct sp_part **ret,
                        size_t *ret_count, struct sp_err *err);
enum sp_rc sp_part_delete(struct sp_db *db, const char *job, struct sp_err *err);
enum sp_rc sp_part_entry_known(struct sp_db *db, const char *entry, bool *ret, struct sp_err *err);
/* A job whose parts were all last touched before a time; "" when there is none. Lives in the arena. */
enum sp_rc sp_part_idle(struct sp_db *db, int64_t before, struct sp_arena *arena, const char **ret_job,
                        struct sp_err *err);

#endif
