/* crash_test.c - kill -9 at random moments: what was answered "taken" is there afterwards, and nothing is there twice.
 *
 * The child takes scans with several threads as intake does: an entry in the spool, then the job through a batch, then
 * the id into a pipe, which is the "taken". The parent kills it, starts the database as the daemon would, and compares.
 */
#include "unit/db/db_world.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/str.h"
#include "db/envelope.h"
#include "db/rebuild.h"

enum { KILLS = 12, THREADS = 4, FEW_MS = 60 };

/* --- the child -----------------------------------------------------------------------------------------------------
 */

struct taker {
    struct sp_spool *spool;
    struct sp_batch *batch;
    int tell;
    int64_t now; /* rounds differ in it, so that ids do */
};

static enum sp_rc
insert(struct sp_db *db, void *context, struct sp_err *err)
{
    return sp_job_insert(db, context, err);
}

static enum sp_rc
put_into_spool(struct sp_spool *spool, const struct sp_job *job, struct sp_err *err)
{
    SP_AUTO(sp_spool_entry_free) struct sp_spool_entry *entry = NULL;
    SP_AUTO_FREE char *json = sp_envelope_write(job, NULL);
    char sum[SP_SHA256_HEX_SIZE];
    uint64_t size = 0;
    enum sp_rc rc = sp_spool_begin(spool, job->id, &entry, err);
    if (rc == SP_OK)
        rc = sp_spool_document(entry, err);
    if (rc == SP_OK)
        rc = sp_spool_add(entry, "hello", 5, err);
    if (rc == SP_OK)
        rc = sp_spool_document_end(entry, &size, sum, err);
    return rc == SP_OK ? sp_spool_publish(entry, json, err) : rc;
}

/* Anything but being killed ends the child with a status that the parent notices. */
static void *
take_for_ever(void *context)
{
    const struct taker *taker = context;
    for (;;) {
        struct sp_err err = { 0 };
        char id[SP_ULID_SIZE];
        new_id(taker->now, id);
        struct sp_job *job = make_job(id);
        enum sp_rc rc = put_into_spool(taker->spool, job, &err);
        if (rc == SP_OK)
            rc = sp_batch_run(taker->batch, insert, job, &err);
        sp_job_free(&job);
        if (rc != SP_OK || write(taker->tell, id, sizeof(id)) != sizeof(id))
            _exit(3);
    }
    return NULL;
}

static void
be_the_child(const char *dir, int tell, int64_t now)
{
    struct taker taker = { .tell = tell, .now = now };
    struct sp_err err = { 0 };
    pthread_t threads[THREADS];
    if (sp_spool_open(dir, &taker.spool, &err) != SP_OK || sp_batch_open(dir, &taker.batch, &err) != SP_OK)
        _exit(4);
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, take_for_ever, &taker) != 0)
            _exit(5);
    pthread_join(threads[0], NULL);
    _exit(6);
}

/* --- the parent ----------------------------------------------------------------------------------------------------
 */

/* Lets a child work until it has answered at least once and a random moment more, then kills it. Every id it answered
 * is appended to taken. */
static void
one_life(struct world *w, int64_t now, struct sp_str *taken)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        be_the_child(w->dir, ends[1], now);
    close(ends[1]);
    struct pollfd answer = { .fd = ends[0], .events = POLLIN };
    assert_int_equal(poll(&answer, 1, 60000), 1);
    usleep(1000 * sp_random_below(FEW_MS));
    kill(child, SIGKILL);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    char id[SP_ULID_SIZE];
    while (read(ends[0], id, sizeof(id)) == sizeof(id))
        sp_str_add_n(taken, id, sizeof(id));
    close(ends[0]);
}

static void
start_again(struct world *w, struct sp_spool **spool)
{
    struct sp_rebuild_counts counts;
    bool fresh = false;
    assert_ok(w, sp_db_migrate(w->dir, &fresh, &w->err));
    assert_ok(w, sp_db_open(w->dir, 5000, &w->db, &w->err));
    assert_ok(w, sp_spool_open(w->dir, spool, &w->err));
    assert_ok(w, sp_spool_sweep(*spool, &w->err));
    assert_ok(w, sp_rebuild(w->db, *spool, fresh, NULL, &counts, &w->err));
    assert_int_equal(counts.damaged, 0);
}

static enum sp_rc
has_its_job(void *context, const char *id, struct sp_err *err)
{
    struct world *w = context;
    struct sp_job *job = NULL;
    enum sp_rc rc = sp_job_load(w->db, id, &job, err);
    if (rc == SP_OK && (job->n_documents != 1 || job->n_recipients != 2 || job->state != SP_JOB_QUEUED))
        rc = sp_fail(err, SP_E_CORRUPT, "job %s is not whole", id);
    sp_job_free(&job);
    return rc;
}

struct tally {
    size_t entries;
};

static enum sp_rc
count_entry(void *context, const char *id, struct sp_err *err)
{
    (void)id;
    (void)err;
    ((struct tally *)context)->entries++;
    return SP_OK;
}

static size_t
count_jobs(struct world *w)
{
    char cursor[SP_ULID_SIZE] = "";
    size_t count = 0;
    bool more = true;
    while (more) {
        const struct sp_job_filter filter = { .before = cursor[0] != '\0' ? cursor : NULL, .limit = 1000 };
        struct sp_job_list list = { 0 };
        assert_ok(w, sp_job_list(w->db, &filter, &list, &w->err));
        count += list.count;
        more = list.more;
        if (list.count > 0)
            snprintf(cursor, sizeof(cursor), "%s", list.jobs[list.count - 1]->id);
        sp_job_list_free(&list);
    }
    return count;
}

static void
read_hello(struct world *w, struct sp_spool *spool, const char *id)
{
    char text[8] = "";
    int fd = -1;
    assert_ok(w, sp_spool_read(spool, id, 1, &fd, &w->err));
    assert_int_equal(read(fd, text, sizeof(text)), 5);
    assert_string_equal(text, "hello");
    close(fd);
}

static void
test_killed_at_any_moment_nothing_taken_is_lost_or_doubled(void **state)
{
    struct world *w = *state;
    struct sp_str taken = { 0 };
    struct sp_spool *empty = NULL;
    sp_db_close(&w->db);
    start_again(w, &empty); /* the first start: from here on the database is no longer fresh */
    sp_spool_close(&empty);
    for (int kills = 0; kills < KILLS; kills++) {
        struct sp_spool *spool = NULL;
        struct tally tally = { 0 };
        sp_db_close(&w->db);
        one_life(w, NOW_MS + (int64_t)kills * 1000, &taken);
        start_again(w, &spool);
        for (size_t at = 0; at < taken.len; at += SP_ULID_SIZE) {
            assert_ok(w, has_its_job(w, taken.text + at, &w->err));
            read_hello(w, spool, taken.text + at);
        }
        assert_ok(w, sp_spool_each(spool, has_its_job, w, &w->err));
        assert_ok(w, sp_spool_each(spool, count_entry, &tally, &w->err));
        assert_int_equal(count_jobs(w), tally.entries); /* one job an entry, one entry a job */
        sp_spool_close(&spool);
    }
    assert_true(taken.len >= (size_t)KILLS * SP_ULID_SIZE);
    sp_str_free(&taken);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_killed_at_any_moment_nothing_taken_is_lost_or_doubled, setup_world,
                                        teardown_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
