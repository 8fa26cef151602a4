/* source.h - how much came from where: per folder, token, print queue. A scan's way pays nothing for it: sources are
 * counted from the jobs themselves, and what was counted once is remembered, so only the newest are looked at. */
#ifndef SP_DB_SOURCE_H
#define SP_DB_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_arena;
struct sp_db;

struct sp_source_count {
    const char *kind, *name; /* as sp_job has them: "folder", "scans" */
    int64_t count;           /* jobs, from the first on, forgotten ones too */
    int64_t last;            /* when the last one was made */
};

struct sp_source_sums {
    struct sp_source_count *items; /* every source that there ever was, those of notices apart */
    size_t count;
    int64_t counted_to, newest; /* row numbers: up to where it was remembered, and counted now */
};
/* Texts and lists live in the arena. */
enum sp_rc sp_sources_count(struct sp_db *db, struct sp_arena *arena, struct sp_source_sums *ret, struct sp_err *err);
/* How many jobs the next count has to look at. */
enum sp_rc sp_sources_uncounted(struct sp_db *db, int64_t *ret, struct sp_err *err);
/* Remembers the sums. Nothing happens when somebody else did so since they were counted. */
enum sp_rc sp_sources_remember(struct sp_db *db, const struct sp_source_sums *sums, struct sp_err *err);

#endif
