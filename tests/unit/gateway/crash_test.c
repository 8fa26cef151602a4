/* kill -9 at any instant while files are dropped: every file becomes exactly one job, with its own bytes. The gateway
 * runs in a child that is killed again and again; in the end one that is left alone takes what remains. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/io.h"
#include "db/batch.h"
#include "db/db.h"
#include "db/rebuild.h"
#include "db/spool.h"
#include "gateway/folder.h"
#include "gateway/intake.h"
#include "world.h"

enum { KILLS = 30, FILES_A_ROUND = 4, FILES = KILLS * FILES_A_ROUND };

static const struct sp_folder_times hurried = {
    .rescan_ms = 200,
    .look_again_ms = 100,
    .poll_min_ms = 50,
    .patience_ms = 60000,
    .backoff_max_ms = 200,
    .probe_ms = 2000,
    .sweep_ms = 86400000,
};

/* As the daemon starts: what a crash left is put in order before anybody writes. */
static void
open_gateway(struct world *w)
{
    struct sp_err err = { 0 };
    struct sp_rebuild_counts found = { 0 };
    bool fresh;
    w->wake = -1;
    struct sp_intake_options options = { .settings = &w->settings, .clock = &sp_clock_system, .wake_fd = -1 };
    bool good = sp_db_migrate(w->state, &fresh, &err) == SP_OK && sp_db_open(w->state, 5000, &w->db, &err) == SP_OK &&
                sp_spool_open(w->state, &w->spool, &err) == SP_OK && sp_spool_sweep(w->spool, &err) == SP_OK &&
                sp_rebuild(w->db, w->spool, false, NULL, &found, &err) == SP_OK && found.damaged == 0 &&
                sp_batch_open(w->state, &w->batch, &err) == SP_OK;
    options.batch = w->batch;
    options.spool = w->spool;
    good = good && sp_intake_new(&options, &w->intake, &err) == SP_OK &&
           sp_folders_start_timed(&w->settings, w->intake, &sp_clock_system, NULL, &hurried, NULL, &w->house, &err) ==
               SP_OK;
    if (!good) {
        fprintf(stderr, "the gateway does not start: %s\n", err.text);
        abort();
    }
}

static pid_t
start_gateway(struct world *w)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed assertion leaves nobody behind */
        open_gateway(w);
        for (;;)
            pause();
    }
    return child;
}

static void
drop(struct world *w, int n)
{
    char name[32];
    snprintf(name, sizeof(name), "SCN_%04d.PDF", n);
    struct sample pdf = sample_pdf(name);
    write_file(w->drop, name, pdf.bytes, pdf.size);
}

/* How many jobs there are for a name, and whether the first one holds its bytes. */
static size_t
jobs_for(struct world *w, const struct sp_job_list *list, int n)
{
    char name[32];
    size_t count = 0;
    snprintf(name, sizeof(name), "SCN_%04d.PDF", n);
    struct sample pdf = sample_pdf(name);
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->jobs[i]->folder_name, name) != 0)
            continue;
        count++;
        assert_true(world_document_is(w, list->jobs[i]->id, 1, pdf.bytes, pdf.size));
    }
    return count;
}

static void
wait_for_all(struct world *w)
{
    for (int rounds = 0; rounds < 3000 && world_jobs(w, NULL) < FILES; rounds++)
        pause_ms(10);
    pause_ms(500); /* a second job for one of them would come about now */
}

static void
test_each_file_is_one_job_whenever_the_gateway_is_killed(void **state)
{
    struct world *w = *state;
    for (int round = 0; round < KILLS; round++) {
        pid_t child = start_gateway(w);
        for (int i = 0; i < FILES_A_ROUND; i++)
            drop(w, round * FILES_A_ROUND + i);
        pause_ms(20 + (int)sp_random_below(150));
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
    }
    open_gateway(w);
    wait_for_all(w);
    struct sp_job_filter filter = { .limit = 1000 };
    struct sp_job_list list = { 0 };
    assert_int_equal(sp_job_list(w->db, &filter, &list, NULL), SP_OK);
    assert_int_equal(list.count, FILES);
    for (int n = 0; n < FILES; n++)
        assert_int_equal(jobs_for(w, &list, n), 1);
    sp_job_list_free(&list);
    assert_int_equal(world_spool_count(w), FILES);
}

/* ---- several files that are one scan ---- */

enum { PAGES = 5, GROUP_KILLS = 20 };

static void
page_name(char name[32], int group, int page)
{
    snprintf(name, 32, "G%03d_%04d.PDF", group, page + 1);
}

/* How many documents of all jobs have the bytes of that page. */
static size_t
documents_like(const struct sp_job_list *list, int group, int page)
{
    char name[32], sum[SP_SHA256_HEX_SIZE];
    size_t count = 0;
    page_name(name, group, page);
    struct sample pdf = sample_pdf(name);
    sp_sha256_hex(pdf.bytes, pdf.size, sum);
    for (size_t i = 0; i < list->count; i++)
        for (size_t k = 0; k < list->jobs[i]->n_documents; k++)
            count += strcmp(list->jobs[i]->documents[k].sha256, sum) == 0;
    return count;
}

static size_t
documents_taken(struct world *w)
{
    struct sp_job_filter filter = { .limit = 1000 };
    struct sp_job_list list = { 0 };
    size_t count = 0;
    assert_int_equal(sp_job_list(w->db, &filter, &list, NULL), SP_OK);
    for (size_t i = 0; i < list.count; i++)
        count += list.jobs[i]->n_documents;
    sp_job_list_free(&list);
    return count;
}

/* The machine may be so busy that a group is not written within its quiet time, and is two scans; but no page is lost
 * or sent twice, and those of one scan are in order. */
static void
test_each_page_is_in_one_scan_whenever_the_gateway_is_killed(void **state)
{
    struct world *w = *state;
    w->folders[0].group = SP_GROUP_PAGES;
    w->folders[0].settle_ms = 60;
    for (int round = 0; round < GROUP_KILLS; round++) {
        pid_t child = start_gateway(w);
        for (int page = PAGES - 1; page >= 0; page--) {
            char name[32];
            page_name(name, round, page);
            struct sample pdf = sample_pdf(name);
            write_file(w->drop, name, pdf.bytes, pdf.size);
        }
        pause_ms(50 + (int)sp_random_below(120));
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
    }
    open_gateway(w);
    for (int rounds = 0; rounds < 3000 && documents_taken(w) < (size_t)PAGES * GROUP_KILLS; rounds++)
        pause_ms(10);
    pause_ms(500);
    struct sp_job_filter filter = { .limit = 1000 };
    struct sp_job_list list = { 0 };
    assert_int_equal(sp_job_list(w->db, &filter, &list, NULL), SP_OK);
    for (int group = 0; group < GROUP_KILLS; group++)
        for (int page = 0; page < PAGES; page++)
            assert_int_equal(documents_like(&list, group, page), 1);
    for (size_t i = 0; i < list.count; i++)
        for (size_t k = 1; k < list.jobs[i]->n_documents; k++)
            assert_true(strcmp(list.jobs[i]->documents[k - 1].name, list.jobs[i]->documents[k].name) < 0);
    sp_job_list_free(&list);
}

static int
setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    snprintf(w->root, sizeof(w->root), "/tmp/gateway-test-XXXXXX");
    if (mkdtemp(w->root) == NULL)
        return 1;
    snprintf(w->state, sizeof(w->state), "%s/state", w->root);
    snprintf(w->drop, sizeof(w->drop), "%s/drop", w->root);
    world_settings(w);
    w->folders[0].settle_ms = 30;
    *state = w;
    return mkdir(w->state, 0770) + mkdir(w->drop, 0770);
}

static int
teardown(void **state)
{
    struct world *w = *state;
    world_close(w);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_file_is_one_job_whenever_the_gateway_is_killed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_page_is_in_one_scan_whenever_the_gateway_is_killed, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
