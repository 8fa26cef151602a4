/* check_show.h - what a check found, in words, and which order of methods follows from it. Pure. */
#ifndef SP_GATEWAY_CLI_CHECK_SHOW_H
#define SP_GATEWAY_CLI_CHECK_SHOW_H

#include <stdbool.h>

#include <jansson.h>

struct sp_str;

/* One step: how it went, what was found, what was said, how to mend it. */
void sp_show_check_step(struct sp_str *out, const json_t *step);
/* The end of a check in one line. */
void sp_show_check_result(struct sp_str *out, const json_t *check);
bool sp_check_is_well(const json_t *check);

/* The methods of a tenant that were checked and work, best first: those that are proven (direct, relay, submission,
 * Graph), then the others, where direct send comes last. methods: as the daemon lists them; checks: what was found. The
 * caller releases the list of names; NULL when memory is out. */
json_t *sp_recommend_order(const json_t *methods, const json_t *checks, const char *tenant);
/* The summary below all checks. */
void sp_show_recommendation(struct sp_str *out, const json_t *methods, const json_t *checks);

#endif
