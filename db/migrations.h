/* migrations.h - inside db/ only: the texts that lead from an empty file to the newest schema. */
#ifndef SP_DB_MIGRATIONS_H
#define SP_DB_MIGRATIONS_H

#include <stdbool.h>

#include "base/err.h"

struct sp_migrations {
    const char *const *texts; /* texts[v] leads from version v to v + 1 */
    int count;                /* the newest version */
};
/* Steps that have a file of their own. */
extern const char sp_migration_facets[], sp_migration_facet_triggers[], sp_migration_tally[],
    sp_migration_tally_triggers[], sp_migration_words[];

extern const struct sp_migrations sp_migrations;

/* sp_db_migrate with other steps, so that a test can see a database grow older. */
enum sp_rc sp_db_migrate_by(const struct sp_migrations *steps, const char *dir, bool *ret_fresh, struct sp_err *err);

#endif
