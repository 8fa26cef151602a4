/* sender_inside.h - what sender.c and dispatch.c share. */
#ifndef SP_SENDER_SENDER_INSIDE_H
#define SP_SENDER_SENDER_INSIDE_H

#include <pthread.h>

#include "backend/sender/errand.h"
#include "backend/sender/sender.h"
#include "backend/sender/ways.h"
#include "db/queue.h"

struct sp_batch;
struct sp_checker;
struct sp_db;
struct sp_dns;
struct sp_spool;

enum { SP_WORKERS_MAX = 16 };

struct sender;

struct worker {
    struct sender *sender;
    pthread_t thread;
    struct sp_db *db;
    char id[27]; /* the job in hand; "" : none */
    bool spare;  /* opens a spare connection instead, */
    size_t way;  /* of this way */
    struct sp_errand_hold hold;
    bool started;
};

struct sender {
    const struct sp_sender_options *options;
    struct sp_db *db; /* the dispatcher's */
    struct sp_batch *batch;
    struct sp_spool *spool;
    struct sp_dns *dns;
    struct sp_ways *ways;
    struct sp_checker *checker;
    int lock_fd;
    int done_fd;          /* eventfd: a worker is free again */
    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t handed_out, ended;
    struct sp_turn turn[SP_LINES_MAX + 1]; /* by line; the last: of those that stand in none */
    size_t line_for_seats; /* one that stands only because all connections are in use; SP_LINES_MAX: none */
    size_t first_line;     /* to be looked at: lines take turns too */
    int64_t clock_lead;    /* of the wall's clock over the monotonic one */
    int64_t line_moves_at; /* the first of them (monotonic); 0: none by itself */
    struct worker workers[SP_WORKERS_MAX];
    size_t n_workers, n_busy; /* with a job */
    bool opening_spare;       /* and one with that */
    bool stopping;
    bool db_trouble; /* an errand could not be written down: pause before the next */
};

/* Hands out what may go now. */
enum sp_rc sp_dispatch(struct sender *s, struct sp_err *err);
/* Sleeps until there may be something to hand out; trouble: the database did not answer. false: stop. */
bool sp_dispatch_sleep(struct sender *s, bool trouble);

#endif
