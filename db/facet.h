/* facet.h - inside db/ only: the combinations of state, method, source, class, cause and size that occur, and the jobs
 * of those that a query wants, merged, newest first. A query's terms about other things are not looked at here. */
#ifndef SP_DB_FACET_H
#define SP_DB_FACET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_db;
struct sp_query;
struct sp_query_term;
struct sp_facets;

/* What a job, or a facet, is in those respects. */
struct sp_facet_values {
    const char *state, *method, *source, *class_name, *cause;
};
/* Whether a facet can decide about this term for good (a size needs a second look). */
bool sp_facet_decides(const struct sp_query_term *term);
/* Whether values fit a term of that kind; its "-" is not looked at. */
bool sp_facet_fits(const struct sp_query_term *term, const struct sp_facet_values *values);

/* Whatever fits the query. To be freed. */
enum sp_rc sp_facets_load(struct sp_db *db, const struct sp_query *query, struct sp_facets **ret, struct sp_err *err);
void sp_facets_free(struct sp_facets **facets);         /* accepts NULL; leaves NULL */
int64_t sp_facets_jobs(const struct sp_facets *facets); /* how many jobs there are in all of them */
/* The row numbers of their jobs, below `before`, falling. *ret 0: there are no more. */
void sp_facets_begin(struct sp_facets *facets, int64_t before);
enum sp_rc sp_facets_next(struct sp_facets *facets, int64_t *ret, struct sp_err *err);

#endif
