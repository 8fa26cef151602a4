/* notice.h - what people were told already, so that a trouble is told once and its end too. */
#ifndef SP_DB_NOTICE_H
#define SP_DB_NOTICE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_db;

/* Jobs that need a person (failed, partial, held) and that nobody was told of; notices themselves are never among them.
 * Oldest first, at most `limit`. */
enum sp_rc sp_notice_jobs(struct sp_db *db, size_t limit, char (*ids)[27], size_t *ret_count, struct sp_err *err);
enum sp_rc sp_notice_job_told(struct sp_db *db, const char *id, struct sp_err *err);

enum { SP_NOTICE_VALUE_SIZE = 96 };
/* The value under a key ("method/direct" -> "down ip_reputation"); "" and *ret_told 0 when there is none. */
enum sp_rc sp_notice_told(struct sp_db *db, const char *key, char ret_value[SP_NOTICE_VALUE_SIZE], int64_t *ret_told,
                          struct sp_err *err);
enum sp_rc sp_notice_tell(struct sp_db *db, const char *key, const char *value, int64_t now, struct sp_err *err);

/* When the oldest job that waits was made; 0: none waits. */
enum sp_rc sp_notice_oldest_waiting(struct sp_db *db, int64_t *ret_created, struct sp_err *err);
/* When the last scan came in from a source; 0: never. */
enum sp_rc sp_notice_last_from(struct sp_db *db, const char *source, const char *source_name, int64_t *ret_created,
                               struct sp_err *err);

#endif
