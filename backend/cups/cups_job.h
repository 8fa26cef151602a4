/* cups_job.h - what CUPS knows of the job and does not say when it starts us: asked by IPP (RFC 8011) at $CUPS_SERVER.
 */
#ifndef SP_BACKEND_CUPS_CUPS_JOB_H
#define SP_BACKEND_CUPS_CUPS_JOB_H

#include <stdbool.h>

struct sp_print_job;

/* How many files the job has (number-of-documents). When CUPS does not tell, by what the job's documents are called; at
 * least 1. Waits for at most a few seconds. */
int sp_cups_job_files(const struct sp_print_job *job);

/* Whether the job was cancelled, rather than the queue or CUPS stopped. false when CUPS does not tell. */
bool sp_cups_job_cancelled(const struct sp_print_job *job);

#endif
