/* sender_world.h - a real database and spool in a folder that goes away, settings made by hand, a clock that only moves
 * when told to, and methods that follow a script: what the tests of this room share. */
#ifndef SP_TESTS_SENDER_WORLD_H
#define SP_TESTS_SENDER_WORLD_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/sender/errand.h"
#include "backend/sender/sender.h"
#include "backend/sender/ways.h"
#include "base/clock.h"
#include "base/ulid.h"
#include "db/batch.h"
#include "db/db.h"
#include "db/job.h"
#include "db/queue.h"
#include "db/spool.h"

#define NOON INT64_C(1700000000000) /* when a test begins, on the wall */

enum act {
    ACT_ACCEPT,
    ACT_SHUT,             /* the address is blocked */
    ACT_UNREACHABLE,      /* nobody answers */
    ACT_TOO_MANY,         /* 432 at MAIL */
    ACT_UNKNOWN,          /* the connection broke after the last byte */
    ACT_SECOND_ELSEWHERE, /* takes all but the second recipient, who needs an authenticated way */
    ACT_UNREADABLE,       /* our own document could not be read */
    ACT_GATE,             /* waits until the gate opens, then accepts */
};

enum { SCRIPT_MOST = 16, CALLS_MOST = 256 };

/* What a fake method does: act after act, the last for ever. */
struct script {
    const char *method;
    enum act acts[SCRIPT_MOST];
    size_t n_acts, at;
};

struct call { /* one delivery that happened */
    const char *method;
    char id[SP_ULID_SIZE];
    char recipients[256]; /* joined by spaces */
    char body[512];
};

struct world {
    char dir[64];
    struct sp_settings settings;
    struct sp_tenant_settings tenant;
    struct sp_method_settings methods[4];
    struct sp_clock clock;
    int64_t now; /* of both clocks, from NOON */
    struct sp_db *db;
    struct sp_batch *batch;
    struct sp_spool *spool;
    struct sp_ways *ways;
    struct sp_err err;
    /* of the fake methods, under the lock */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct script scripts[4];
    size_t n_scripts;
    struct call calls[CALLS_MOST];
    size_t n_calls;
    unsigned inside, inside_most; /* deliveries at the same time */
    bool gate_open;
    int pause_ms; /* how long a delivery takes, and opening a connection ahead */
    /* connections, as if all methods were one */
    unsigned kept, open_now, open_most, spares; /* spares: how often one was asked for */
    bool no_spare;                              /* that fails */
    int64_t retry_after_ms;
};

#define assert_ok(world, call)                                                                                         \
    do {                                                                                                               \
        if ((call) != SP_OK)                                                                                           \
            fail_msg("%s: %s", #call, (world)->err.text);                                                              \
    } while (0)

/* direct (port 25, internal only by nature) and submission, both of one tenant; submission signs in. */
int setup_world(void **state);
int teardown_world(void **state);

struct sp_method_settings *method_named(struct world *w, const char *name);
void script(struct world *w, const char *method, size_t n, const enum act *acts);
#define SCRIPT(world, method, ...)                                                                                     \
    script(world, method, sizeof((enum act[]){ __VA_ARGS__ }) / sizeof(enum act), (enum act[]){ __VA_ARGS__ })
const struct sp_method *fake_method_of(enum sp_method_type type);

void open_ways(struct world *w); /* from what the database remembers */
void open_gate(struct world *w);
void wait_inside(struct world *w, unsigned count); /* until so many deliveries are under way */
void wait_spares(struct world *w, unsigned count); /* until so many spare connections were asked for */

/* A job for alice@contoso.com (and bob@contoso.com, and carol@fabrikam.com) from the folder of that name. */
enum { DOCUMENT_SIZE = 5 };
void add_job_from(struct world *w, const char *folder, size_t recipients, uint64_t size, char id[SP_ULID_SIZE]);
void add_job(struct world *w, char id[SP_ULID_SIZE]);
bool run(struct world *w, const char *id); /* one errand */
struct sp_job *load(struct world *w, const char *id);
enum sp_job_state state_of(struct world *w, const char *id);

#endif
