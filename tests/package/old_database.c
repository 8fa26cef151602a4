/* old_database.c - old_database DIR VERSION: makes DIR/scanpost.db as the version with that many migrations did. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "db/db.h"
#include "db/migrations.h"

int
main(int argc, char **argv)
{
    struct sp_err err = { 0 };
    bool fresh = false;
    int version = argc == 3 ? (int)strtol(argv[2], NULL, 10) : 0;
    if (version < 1 || version > sp_migrations.count) {
        (void)fprintf(stderr, "usage: old_database DIR VERSION, 1 to %d\n", sp_migrations.count);
        return 2;
    }
    const struct sp_migrations then = { .texts = sp_migrations.texts, .count = version };
    if (sp_db_migrate_by(&then, argv[1], &fresh, &err) == SP_OK)
        return EXIT_SUCCESS;
    (void)fprintf(stderr, "%s\n", err.text);
    return EXIT_FAILURE;
}
