/* migrations.h - inside db/ only: the texts that lead from an empty file to the newest schema. */
#ifndef SP_DB_MIGRATIONS_H
#define SP_DB_MIGRATIONS_H

/* sp_migrations[v] leads from version v to v + 1. */
extern const char *const sp_migrations[];
extern const int sp_n_migrations;

#endif
