/* envelope.h - envelope.json in a spool entry: a job as it was taken, with the idempotency key it came under, so that
 * the database can be made again from the spool. */
#ifndef SP_DB_ENVELOPE_H
#define SP_DB_ENVELOPE_H

#include "db/idempotency.h"
#include "db/job.h"

/* JSON text for the caller to free; NULL when memory is out. what may be NULL. */
char *sp_envelope_write(const struct sp_job *job, const struct sp_idempotency *what);
/* Strict: SP_E_CORRUPT for anything that sp_envelope_write does not write. The key's texts live in the job's arena;
 * owner is "" when there was none. */
enum sp_rc sp_envelope_read(const char *json, struct sp_job **ret, struct sp_idempotency *ret_key, struct sp_err *err);

#endif
