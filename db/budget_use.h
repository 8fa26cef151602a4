/* budget_use.h - what was sent in the last day by identities whose budget is limited, so that a restart does not forget
 * it. A row is made in the transaction of the claim, before anything leaves, and corrected in that of the record. */
#ifndef SP_DB_BUDGET_USE_H
#define SP_DB_BUDGET_USE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_db;

/* Older rows than a day are forgotten on the way. */
enum sp_rc sp_budget_use_begin(struct sp_db *db, const char *identity, int64_t now, size_t recipients, int64_t *ret_row,
                               struct sp_err *err);
enum sp_rc sp_budget_use_end(struct sp_db *db, int64_t row, int64_t now, size_t recipients, struct sp_err *err);
/* Nothing had left. */
enum sp_rc sp_budget_use_undo(struct sp_db *db, int64_t row, struct sp_err *err);

/* Calls fn for every message of the last day, oldest first. */
typedef void sp_budget_use_fn(void *context, const char *identity, int64_t at, size_t recipients);
enum sp_rc sp_budget_use_each(struct sp_db *db, int64_t now, sp_budget_use_fn *fn, void *context, struct sp_err *err);
/* For people: messages of an identity since `since`, and recipients of its last day. */
enum sp_rc sp_budget_use_sum(struct sp_db *db, const char *identity, int64_t since, int64_t now, int64_t *ret_messages,
                             int64_t *ret_recipients, struct sp_err *err);

#endif
