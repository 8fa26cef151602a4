/* job_row.h - inside db/ only: what the files about jobs share. */
#ifndef SP_DB_JOB_ROW_H
#define SP_DB_JOB_ROW_H

#include "db/job.h"
#include "db/stmt.h"

/* The columns sp_job_row_read expects, of the table `job` under the name j. */
#define SP_JOB_COLUMNS                                                                                                 \
    "j.n, j.id, j.state, j.created, j.finished, j.next_attempt, j.source, j.source_name, j.user, j.route, j.tenant,"   \
    " j.sender, j.from_name, j.reply_to, j.subject, j.body, j.message_id, j.boundary, j.folder_name, j.method,"        \
    " j.trouble, j.spent_ms, j.last_attempt, j.tries, j.retried, j.only_method, j.only_until, j.waits_for_method,"     \
    " j.documents_deleted, j.waits_in, j.duplicate_of, j.class, j.cause, j.size, j.forwarded_from, j.decision"

/* The current row into an empty job, and its row number. Failures end the rows. The decision stays unread. */
void sp_job_row_read(struct sp_rows *rows, struct sp_job *job, int64_t *ret_row);
/* Documents and recipients of the job in that row. */
enum sp_rc sp_job_load_parts(struct sp_db *db, int64_t row, struct sp_job *job, struct sp_err *err);

enum sp_rc sp_job_row_find(struct sp_db *db, const char *id, int64_t *ret_row, struct sp_err *err); /* SP_E_NOTFOUND */
/* Says in words why a job could not be moved: SP_E_CONFLICT "job ... is sent", or SP_E_NOTFOUND. */
enum sp_rc sp_job_refuse(struct sp_db *db, const char *id, const char *wish, struct sp_err *err);

/* The smallest text that can begin an id made at that moment or later: ids compare as texts. */
enum { SP_JOB_ID_TIME_SIZE = 11 };
void sp_job_id_time(int64_t wall_ms, char buffer[SP_JOB_ID_TIME_SIZE]);

/* The decision as it is stored. NULL when memory is out or a text is not UTF-8. To be freed. */
char *sp_decision_write(const struct sp_job_choice *choices, size_t n);
enum sp_rc sp_decision_read(const char *json, struct sp_job *job, struct sp_err *err);

#endif
