/* job_json.h - a job as the contract shows it. */
#ifndef SP_WEB_API_JOB_JSON_H
#define SP_WEB_API_JOB_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct sp_job;

/* whole: with attempts and decision; else with the summary of the last attempt that failed. NULL when memory is out. */
json_t *sp_job_json(const struct sp_job *job, bool whole);

/* A text that may hold bytes from outside: what is not UTF-8 is shown as U+FFFD. NULL is "". */
json_t *sp_json_text(const char *text);
/* "2026-11-23T12:00:00.000Z"; 0 is null. */
json_t *sp_json_time(int64_t wall_ms);

#endif
