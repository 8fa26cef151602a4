/* duplicate.h - the same scan twice: a copier that sends again because it heard no answer, a finger on the button once
 * more. Jobs are alike when source, recipients and documents are. */
#ifndef SP_DB_DUPLICATE_H
#define SP_DB_DUPLICATE_H

#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"

struct sp_db;
struct sp_job;

/* What is equal in jobs that are alike; stored with each job. */
enum sp_rc sp_job_fingerprint(const struct sp_job *job, char ret[SP_SHA256_HEX_SIZE], struct sp_err *err);
/* The newest job like this one that was created since then and did not fail. SP_E_NOTFOUND: there is none. */
enum sp_rc sp_job_duplicate_find(struct sp_db *db, const struct sp_job *job, int64_t since, char ret_id[27],
                                 struct sp_err *err);

#endif
