/* job_files.h - how many files a print job has: CUPS starts us for one of them and does not say. */
#ifndef SP_BACKEND_CUPS_JOB_FILES_H
#define SP_BACKEND_CUPS_JOB_FILES_H

#include "base/err.h"

struct sp_print_job;

/* Asks CUPS itself (Get-Job-Attributes, number-of-documents). When it does not tell, by what the job's documents are
 * called; at least 1. Waits for at most a few seconds. */
int sp_job_files(const struct sp_print_job *job);

#endif
