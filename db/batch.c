/* batch.c - group commit: one thread, one writing connection, one transaction for whatever came while the disk was busy
 * with the one before. Callers hang their piece of work, which lives on their stack, into a list and sleep on a
 * condition of their own, so that an answer wakes nobody else. The thread sleeps while there is nothing to do. */
#include "db/batch.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/clock.h"
#include "db/changes.h"
#include "db/db.h"
#include "db/stmt.h"

enum {
    PILE_MOST = 256,         /* pieces in one transaction: bounds how long the first of them waits */
    LOCK_STEP_MS = 1000,     /* for one attempt at the lock */
    GIVE_UP_AFTER_MS = 30000 /* then callers hear SP_E_BUSY */
};

struct piece {
    sp_batch_fn *fn;
    void *context;
    enum sp_rc rc;
    struct sp_err err;
    bool answered;
    pthread_cond_t wake;
    struct piece *next;
};

struct sp_batch {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct piece *first, **end; /* what waits */
    bool closing;
    struct sp_db *db; /* the thread's */
};

/* SP_OK also when the piece failed: then it alone was undone. Otherwise the whole transaction is gone. */
static enum sp_rc
run_piece(struct sp_db *db, struct piece *piece, struct sp_err *err)
{
    enum sp_rc rc = sp_db_begin(db, err);
    if (rc != SP_OK)
        return rc;
    piece->err = (struct sp_err){ 0 };
    piece->rc = sp_db_finish(db, piece->fn(db, piece->context, &piece->err), &piece->err);
    return sp_db_lost(db) ? sp_fail(err, piece->rc, "%s", piece->err.text) : SP_OK;
}

static enum sp_rc
run_pile(struct sp_db *db, struct piece *pile, struct sp_err *err)
{
    enum sp_rc rc = sp_db_begin(db, err);
    if (rc != SP_OK)
        return rc;
    for (struct piece *piece = pile; rc == SP_OK && piece != NULL; piece = piece->next)
        rc = run_piece(db, piece, err);
    return sp_db_finish(db, rc, err);
}

static enum sp_rc
run_pile_patiently(struct sp_db *db, struct piece *pile, struct sp_err *err)
{
    int64_t deadline = sp_mono_ms(&sp_clock_system) + GIVE_UP_AFTER_MS;
    enum sp_rc rc;
    do {
        *err = (struct sp_err){ 0 };
        rc = run_pile(db, pile, err);
    } while (rc == SP_E_BUSY && sp_ms_left(&sp_clock_system, deadline) > 0);
    return rc;
}

static void
fail_pile(struct piece *pile, const struct sp_err *err)
{
    for (struct piece *piece = pile; piece != NULL; piece = piece->next) {
        piece->rc = err->rc;
        piece->err = *err;
    }
}

/* One of them may be too large for a disk that has room for the others, so when a transaction fails as a whole each
 * piece gets one of its own. */
static void
commit_each(struct sp_db *db, struct piece *pile)
{
    while (pile != NULL) {
        struct piece *rest = pile->next;
        struct sp_err err = { 0 };
        pile->next = NULL;
        if (run_pile_patiently(db, pile, &err) != SP_OK)
            fail_pile(pile, &err);
        pile->next = rest;
        pile = rest;
    }
}

static void
commit_pile(struct sp_db *db, struct piece *pile)
{
    struct sp_err err = { 0 };
    enum sp_rc rc = run_pile_patiently(db, pile, &err);
    if (rc == SP_OK)
        return;
    if (rc == SP_E_BUSY || pile->next == NULL)
        fail_pile(pile, &err);
    else
        commit_each(db, pile);
}

/* Takes what waits, at most PILE_MOST pieces, off the list. NULL: closing, and nothing waits. */
static struct piece *
next_pile(struct sp_batch *batch)
{
    while (batch->first == NULL && !batch->closing)
        pthread_cond_wait(&batch->work, &batch->lock);
    struct piece *pile = batch->first;
    struct piece **cut = &batch->first;
    for (size_t n = 0; n < PILE_MOST && *cut != NULL; n++)
        cut = &(*cut)->next;
    struct piece *rest = *cut;
    *cut = NULL;
    batch->first = rest;
    if (rest == NULL)
        batch->end = &batch->first;
    return pile;
}

/* A piece is gone as soon as its caller woke up, so the way to the next one is taken first. */
static void
answer(struct piece *pile)
{
    while (pile != NULL) {
        struct piece *next = pile->next;
        pile->answered = true;
        pthread_cond_signal(&pile->wake);
        pile = next;
    }
}

static void *
work(void *context)
{
    struct sp_batch *batch = context;
    struct piece *pile;
    pthread_mutex_lock(&batch->lock);
    while ((pile = next_pile(batch)) != NULL) {
        pthread_mutex_unlock(&batch->lock);
        commit_pile(batch->db, pile);
        pthread_mutex_lock(&batch->lock);
        answer(pile);
    }
    pthread_mutex_unlock(&batch->lock);
    return NULL;
}

static void
free_batch(struct sp_batch *batch)
{
    sp_db_close(&batch->db);
    pthread_cond_destroy(&batch->work);
    pthread_mutex_destroy(&batch->lock);
    free(batch);
}

enum sp_rc
sp_batch_open(const char *dir, struct sp_batch **ret, struct sp_err *err)
{
    struct sp_batch *batch = calloc(1, sizeof(*batch));
    if (batch == NULL)
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    pthread_mutex_init(&batch->lock, NULL);
    pthread_cond_init(&batch->work, NULL);
    batch->end = &batch->first;
    enum sp_rc rc = sp_db_open(dir, LOCK_STEP_MS, &batch->db, err);
    if (rc == SP_OK && pthread_create(&batch->thread, NULL, work, batch) != 0)
        rc = sp_fail(err, SP_E_NOMEM, "db: cannot start a thread");
    if (rc != SP_OK) {
        free_batch(batch);
        return rc;
    }
    *ret = batch;
    return SP_OK;
}

void
sp_batch_tell_changes(struct sp_batch *batch, int fd)
{
    pthread_mutex_lock(&batch->lock); /* the thread sleeps, and takes the lock before it next looks at the database */
    sp_db_tell_changes(batch->db, fd);
    pthread_mutex_unlock(&batch->lock);
}

void
sp_batch_close(struct sp_batch **place)
{
    struct sp_batch *batch = *place;
    if (batch == NULL)
        return;
    pthread_mutex_lock(&batch->lock);
    batch->closing = true;
    pthread_cond_signal(&batch->work);
    pthread_mutex_unlock(&batch->lock);
    pthread_join(batch->thread, NULL);
    free_batch(batch);
    *place = NULL;
}

/* No deadline of its own: the thread answers every piece, within GIVE_UP_AFTER_MS and what the disk takes. */
enum sp_rc
sp_batch_run(struct sp_batch *batch, sp_batch_fn *fn, void *context, struct sp_err *err)
{
    struct piece piece = { .fn = fn, .context = context };
    pthread_cond_init(&piece.wake, NULL);
    pthread_mutex_lock(&batch->lock);
    /* Both point into this frame until the thread has taken the piece, which is before it answers. */
    *batch->end = &piece;
    // cppcheck-suppress autoVariables
    batch->end = &piece.next;
    pthread_cond_signal(&batch->work);
    while (!piece.answered)
        pthread_cond_wait(&piece.wake, &batch->lock);
    pthread_mutex_unlock(&batch->lock);
    pthread_cond_destroy(&piece.wake);
    return piece.rc == SP_OK ? SP_OK : sp_fail(err, piece.rc, "%s", piece.err.text);
}
