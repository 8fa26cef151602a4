/* show.h - a job's story in words. Pure, but for the time zone of the process. */
#ifndef SP_GATEWAY_CLI_SHOW_H
#define SP_GATEWAY_CLI_SHOW_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct sp_str;

/* Everything: documents, recipients, attempts (newest last), each with its dialogue when asked for, the decision. */
void sp_show_job(struct sp_str *out, const json_t *job, bool transcripts);
/* One attempt, with what was said, what it means and how to mend it. */
void sp_show_attempt(struct sp_str *out, const json_t *attempt);
/* The list of jobs, a line each. */
void sp_show_jobs(struct sp_str *out, const json_t *jobs);
/* "waits for its next attempt, at ..." */
void sp_show_state(struct sp_str *out, const json_t *job);
/* Nothing will happen any more without a person. */
bool sp_state_rests(const char *state);

#endif
