/* million_index.c - takes all jobs of a state directory into the index of words at once, for tests/bench/million: the
 * daemon does the same, with pauses, and would keep the bench waiting. */
#include <stdio.h>

#include "db/db.h"
#include "db/search_index.h"

enum { BUSY_MS = 5000, AT_ONCE = 5000 };

int
main(int argc, char **argv)
{
    struct sp_err err = { 0 };
    struct sp_db *db = NULL;
    size_t count = AT_ONCE, all = 0;
    if (argc != 2) {
        fprintf(stderr, "usage: %s STATE-DIR\n", argv[0]);
        return 2;
    }
    enum sp_rc rc = sp_db_open(argv[1], BUSY_MS, &db, &err);
    while (rc == SP_OK && count == AT_ONCE) {
        rc = sp_search_index_more(db, AT_ONCE, &count, &err);
        all += count;
    }
    sp_db_close(&db);
    if (rc != SP_OK)
        fprintf(stderr, "%s\n", err.text);
    else
        printf("%zu jobs indexed\n", all);
    return rc == SP_OK ? 0 : 1;
}
