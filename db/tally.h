/* tally.h - what happened, counted: by the hour (migrations_search.c has the kinds), and what is there now. */
#ifndef SP_DB_TALLY_H
#define SP_DB_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_db;
struct sp_query;

#define SP_HOUR_MS ((int64_t)3600000)

struct sp_tally { /* texts live until the call returns */
    int64_t hour; /* since 1970 */
    const char *kind, *a, *b, *c;
    int64_t number, amount;
};
typedef void sp_tally_fn(void *context, const struct sp_tally *tally);
/* Hours in [from, until), oldest first. */
enum sp_rc sp_tally_each(struct sp_db *db, int64_t from, int64_t until, sp_tally_fn *fn, void *context,
                         struct sp_err *err);
/* Sums since the beginning; hour is 0. */
enum sp_rc sp_tally_totals(struct sp_db *db, sp_tally_fn *fn, void *context, struct sp_err *err);
/* Hours before `sum_before` are over and are added to the sums, so that those need not be added up each time; hours
 * before `forget_before` are remembered in the sums only. */
enum sp_rc sp_tally_fold(struct sp_db *db, int64_t sum_before, int64_t forget_before, struct sp_err *err);

/* The jobs that are there, by what they are. */
struct sp_standing {
    const char *state, *method, *source, *class_name, *cause;
    int64_t jobs;
};
typedef void sp_standing_fn(void *context, const struct sp_standing *standing);
enum sp_rc sp_standing_each(struct sp_db *db, sp_standing_fn *fn, void *context, struct sp_err *err);

/* The jobs that fit a query, counted up to `most`, and when the first and the last of those were taken. */
struct sp_job_group {
    int64_t count;
    bool more;
    char newest[27];
    int64_t first, last;
};
enum sp_rc sp_job_group_look(struct sp_db *db, const struct sp_query *query, int64_t most, struct sp_job_group *ret,
                             struct sp_err *err);

/* Bytes of the documents that are kept. */
enum sp_rc sp_documents_size(struct sp_db *db, int64_t *ret, struct sp_err *err);

/* When something was last accepted, and when the last scan came (notices apart); 0: not in living memory. */
enum sp_rc sp_last_accepted(struct sp_db *db, int64_t *ret, struct sp_err *err);
enum sp_rc sp_last_taken(struct sp_db *db, int64_t *ret, struct sp_err *err);

#endif
