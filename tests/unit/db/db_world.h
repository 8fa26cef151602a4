/* db_world.h - what the tests of this room share: a state directory that goes away, jobs to put into it. */
#ifndef SP_TESTS_DB_WORLD_H
#define SP_TESTS_DB_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ulid.h"
#include "db/batch.h"
#include "db/db.h"
#include "db/job.h"
#include "db/queue.h"
#include "db/spool.h"

enum { NOW = 1700000000 }; /* seconds; times are NOW_MS and near it */
#define NOW_MS ((int64_t)NOW * 1000)

struct world {
    char dir[64];
    struct sp_db *db; /* migrated and open, unless a test closed it */
    struct sp_err err;
};

int setup_world(void **state);       /* with a database */
int setup_empty_world(void **state); /* only a directory */
int teardown_world(void **state);

#define assert_ok(world, call)                                                                                         \
    do {                                                                                                               \
        if ((call) != SP_OK)                                                                                           \
            fail_msg("%s: %s", #call, (world)->err.text);                                                              \
    } while (0)

void new_id(int64_t wall_ms, char id[SP_ULID_SIZE]); /* of one generator: ids of one moment still increase */

/* A job for alice and bob with one document, from the folder "scans". Change it, then insert it. */
struct sp_job *make_job(const char *id);
void add_job(struct world *w, const char *id); /* made and inserted */
enum sp_job_state state_of(struct world *w, const char *id);
struct sp_job *load(struct world *w, const char *id);

/* A published entry with the given document, whose envelope names its owner and key when there is one. */
void publish(struct world *w, struct sp_spool *spool, const struct sp_job *job, const char *key);

#endif
