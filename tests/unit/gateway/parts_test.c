/* Print jobs that come file by file: in order, again from the start, twice, never to the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/ulid.h"
#include "db/batch.h"
#include "db/db.h"
#include "db/part.h"
#include "gateway/intake.h"
#include "gateway/parts.h"
#include "world.h"

struct parts_world {
    struct world *w;
    struct sp_clock clock;
    int64_t later_ms; /* how far the clock of the parts is ahead */
    struct sp_parts *parts;
};

static int64_t
wall_later(void *context)
{
    return sp_wall_ms(&sp_clock_system) + ((const struct parts_world *)context)->later_ms;
}

static int64_t
mono_now(void *context)
{
    (void)context;
    return sp_mono_ms(&sp_clock_system);
}

static void
open_parts(struct parts_world *p)
{
    struct sp_err err = { 0 };
    const struct sp_parts_options options = {
        .settings = &p->w->settings,
        .batch = p->w->batch,
        .intake = p->w->intake,
        .clock = &p->clock,
        .log = &p->w->log,
    };
    if (sp_parts_open(&options, &p->parts, &err) != SP_OK)
        fail_msg("%s", err.text);
}

static int
setup(void **state)
{
    struct parts_world *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return -1;
    p->w = world_open("/tmp");
    p->clock = (struct sp_clock){ wall_later, mono_now, p };
    open_parts(p);
    *state = p;
    return 0;
}

static int
teardown(void **state)
{
    struct parts_world *p = *state;
    sp_parts_close(&p->parts);
    world_close(p->w);
    free(p);
    return 0;
}

/* ---- giving ---- */

struct gift {
    int n, of;
    const char *run, *giver, *words;
    const char *to; /* NULL: the route says it */
};

static enum sp_rc
give_named(struct parts_world *p, const struct gift *gift, const char *const *names, size_t n_names,
           struct sp_part_result *ret)
{
    struct sample pdf = sample_pdf(gift->words);
    SP_AUTO(sp_scan_free) struct sp_scan *scan = NULL;
    const struct sp_intake_request request = {
        .source = "cups",
        .source_name = "office",
        .user = "alice",
        .route = "accounting",
        .subject = "",
        .body = "",
        .folder_name = "",
        .to = &gift->to,
        .n_to = gift->to != NULL,
        .idempotency_owner = "uid:7",
        .idempotency_key = "cups 12 urn:uuid:1",
    };
    const struct sp_part_request part = {
        .n = gift->n, .of = gift->of, .run = gift->run, .giver = gift->giver, .names = names, .n_names = n_names
    };
    assert_int_equal(sp_intake_begin(p->w->intake, NULL, &scan, NULL), SP_OK);
    assert_int_equal(sp_scan_document(scan, "title", NULL), SP_OK);
    assert_int_equal(sp_scan_write(scan, pdf.bytes, pdf.size, NULL), SP_OK);
    assert_int_equal(sp_scan_document_end(scan, NULL), SP_OK);
    return sp_parts_take(p->parts, scan, &request, &part, ret, NULL);
}

static enum sp_rc
give(struct parts_world *p, const struct gift *gift, struct sp_part_result *ret)
{
    return give_named(p, gift, NULL, 0, ret);
}

/* It is taken as file n; have are there then. */
static void
expect_part(struct parts_world *p, struct gift gift, int n, int have)
{
    struct sp_part_result result = { 0 };
    assert_int_equal(give(p, &gift, &result), SP_OK);
    assert_int_equal(result.n, n);
    assert_int_equal(result.have, have);
    assert_int_equal(result.whole, have == gift.of);
}

/* The job is the newest, with a document for each of the words, in order. */
static void
expect_job(struct parts_world *p, const char *const *words, size_t n)
{
    SP_AUTO(sp_job_free) struct sp_job *job = NULL;
    assert_true(world_jobs(p->w, &job) >= 1);
    assert_int_equal(job->n_documents, n);
    assert_string_equal(job->source, "cups");
    assert_string_equal(job->source_name, "office");
    assert_string_equal(job->user, "alice");
    for (size_t i = 0; i < n; i++) {
        struct sample pdf = sample_pdf(words[i]);
        assert_true(world_document_is(p->w, job->id, i + 1, pdf.bytes, pdf.size));
    }
}

static size_t
parts_on_disk(const struct parts_world *p)
{
    char path[160];
    size_t count = 0;
    snprintf(path, sizeof(path), "%s/parts/spool", p->w->state);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += sp_ulid_valid(entry->d_name);
    closedir(dir);
    return count;
}

static void
expect_nothing_left(struct parts_world *p)
{
    assert_int_equal(parts_on_disk(p), 0);
    assert_int_equal(world_jobs(p->w, NULL), world_spool_count(p->w));
}

/* ---- in order ---- */

static void
test_files_in_order_are_one_job(void **state)
{
    struct parts_world *p = *state;
    expect_part(p, (struct gift){ 1, 3, "r1", "a", "one", NULL }, 1, 1);
    expect_part(p, (struct gift){ 2, 3, "r1", "b", "two", NULL }, 2, 2);
    assert_int_equal(world_jobs(p->w, NULL), 0);
    expect_part(p, (struct gift){ 3, 3, "r1", "c", "three", NULL }, 3, 3);
    assert_int_equal(world_jobs(p->w, NULL), 1);
    expect_job(p, (const char *const[]){ "one", "two", "three" }, 3);
    expect_nothing_left(p);
}

static void
test_files_without_numbers_are_counted_in_their_run(void **state)
{
    struct parts_world *p = *state;
    expect_part(p, (struct gift){ 0, 3, "r1", "a", "one", NULL }, 1, 1);
    expect_part(p, (struct gift){ 2, 3, "r1", "b", "two", NULL }, 2, 2);
    expect_part(p, (struct gift){ 0, 3, "r1", "c", "three", NULL }, 3, 3);
    expect_job(p, (const char *const[]){ "one", "two", "three" }, 3);
}

static void
test_documents_are_called_as_the_queue_says(void **state)
{
    struct parts_world *p = *state;
    static const char *const names[] = { "first.odt", "second.txt" };
    struct sp_part_result result;
    struct gift gift = { 0, 2, "r1", "a", "one", NULL };
    assert_int_equal(give_named(p, &gift, names, 2, &result), SP_OK);
    gift.giver = "b";
    assert_int_equal(give_named(p, &gift, names, 2, &result), SP_OK);
    SP_AUTO(sp_job_free) struct sp_job *job = NULL;
    assert_int_equal(world_jobs(p->w, &job), 1);
    assert_string_equal(job->id, result.id);
    assert_non_null(strstr(job->documents[0].name, "first"));
    assert_non_null(strstr(job->documents[1].name, "second"));
}

/* ---- again ---- */

static void
test_a_run_from_the_start_repeats_what_is_there(void **state)
{
    struct parts_world *p = *state;
    expect_part(p, (struct gift){ 0, 3, "r1", "a", "one", NULL }, 1, 1);
    expect_part(p, (struct gift){ 0, 3, "r1", "b", "two", NULL }, 2, 2);
    expect_part(p, (struct gift){ 0, 3, "r2", "c", "one, converted anew", NULL }, 1, 2);
    expect_part(p, (struct gift){ 0, 3, "r2", "d", "two, converted anew", NULL }, 2, 2);
    expect_part(p, (struct gift){ 0, 3, "r2", "e", "three", NULL }, 3, 3);
    expect_job(p, (const char *const[]){ "one", "two", "three" }, 3);
    expect_nothing_left(p);
}

static void
test_an_answer_that_was_lost_is_given_again(void **state)
{
    struct parts_world *p = *state;
    expect_part(p, (struct gift){ 0, 3, "r1", "a", "one", NULL }, 1, 1);
    expect_part(p, (struct gift){ 0, 3, "r1", "a", "one", NULL }, 1, 1);
    expect_part(p, (struct gift){ 0, 3, "r1", "b", "two", NULL }, 2, 2);
    assert_int_equal(parts_on_disk(p), 2);
}

static void
test_a_job_that_was_taken_is_not_taken_again(void **state)
{
    struct parts_world *p = *state;
    struct sp_part_result result;
    expect_part(p, (struct gift){ 1, 2, "r1", "a", "one", NULL }, 1, 1);
    expect_part(p, (struct gift){ 2, 2, "r1", "b", "two", NULL }, 2, 2);
    const struct gift again = { 1, 2, "r2", "c", "one", NULL };
    assert_int_equal(give(p, &again, &result), SP_E_CONFLICT);
    assert_int_equal(world_jobs(p->w, NULL), 1);
    expect_nothing_left(p);
}

/* ---- refused ---- */

static void
test_a_bad_address_is_refused_with_the_first_file(void **state)
{
    struct parts_world *p = *state;
    struct sp_part_result result;
    const struct gift gift = { 1, 2, "r1", "a", "one", "nobody" };
    assert_int_equal(give(p, &gift, &result), SP_E_INVALID);
    const struct gift outside = { 1, 2, "r1", "a", "one", "x@elsewhere.net" };
    assert_int_equal(give(p, &outside, &result), SP_E_DENIED);
    expect_nothing_left(p);
}

static void
test_numbers_that_make_no_sense_are_refused(void **state)
{
    static const struct gift wrong[] = {
        { 1, 1, "r", "a", "one", NULL },    { 3, 2, "r", "a", "one", NULL }, { -1, 2, "r", "a", "one", NULL },
        { 1, 1001, "r", "a", "one", NULL }, { 1, 0, "r", "a", "one", NULL },
    };
    struct parts_world *p = *state;
    struct sp_part_result result;
    for (size_t i = 0; i < SP_LEN(wrong); i++)
        assert_int_equal(give(p, &wrong[i], &result), SP_E_INVALID);
    expect_part(p, (struct gift){ 0, 2, "r1", "a", "one", NULL }, 1, 1);
    expect_part(p, (struct gift){ 1, 2, "r1", "b", "one", NULL }, 1, 1);
    assert_int_equal(parts_on_disk(p), 1);
}

/* ---- never whole ---- */

static void
test_a_job_that_never_becomes_whole_is_held_for_a_person(void **state)
{
    struct parts_world *p = *state;
    expect_part(p, (struct gift){ 1, 3, "r1", "a", "one", NULL }, 1, 1);
    expect_part(p, (struct gift){ 3, 3, "r1", "c", "three", NULL }, 3, 2);
    sp_parts_sweep(p->parts);
    assert_int_equal(world_jobs(p->w, NULL), 0);
    p->later_ms = (int64_t)13 * 3600 * 1000;
    sp_parts_sweep(p->parts);
    SP_AUTO(sp_job_free) struct sp_job *job = NULL;
    assert_int_equal(world_jobs(p->w, &job), 1);
    assert_int_equal(job->state, SP_JOB_HELD);
    assert_int_equal(job->n_documents, 2);
    assert_string_equal(job->recipients[0].address, "accounting@contoso.com");
    assert_non_null(strstr(job->trouble, "2 of 3"));
    expect_nothing_left(p);
}

static void
test_a_queue_that_comes_back_after_that_makes_the_whole_job(void **state)
{
    struct parts_world *p = *state;
    expect_part(p, (struct gift){ 1, 2, "r1", "a", "one", NULL }, 1, 1);
    p->later_ms = (int64_t)13 * 3600 * 1000;
    sp_parts_sweep(p->parts);
    expect_part(p, (struct gift){ 1, 2, "r2", "b", "one", NULL }, 1, 1);
    expect_part(p, (struct gift){ 2, 2, "r2", "c", "two", NULL }, 2, 2);
    assert_int_equal(world_jobs(p->w, NULL), 2);
}

static void
test_a_cancelled_job_is_forgotten(void **state)
{
    struct parts_world *p = *state;
    expect_part(p, (struct gift){ 1, 2, "r1", "a", "one", NULL }, 1, 1);
    assert_int_equal(sp_parts_withdraw(p->parts, "uid:7", "cups 12 urn:uuid:2", NULL), SP_OK);
    assert_int_equal(parts_on_disk(p), 1);
    assert_int_equal(sp_parts_withdraw(p->parts, "uid:7", "cups 12 urn:uuid:1", NULL), SP_OK);
    expect_nothing_left(p);
}

/* ---- after a crash ---- */

static enum sp_rc
forget_rows(struct sp_db *db, void *context, struct sp_err *err)
{
    return sp_part_delete(db, context, err);
}

static void
test_parts_that_the_database_lost_are_found_again(void **state)
{
    struct parts_world *p = *state;
    char job[] = "uid:7 cups 12 urn:uuid:1";
    expect_part(p, (struct gift){ 1, 2, "r1", "a", "one", NULL }, 1, 1);
    assert_int_equal(sp_batch_run(p->w->batch, forget_rows, job, NULL), SP_OK);
    sp_parts_close(&p->parts);
    open_parts(p);
    struct sp_db *db = NULL;
    assert_int_equal(sp_db_open(p->w->state, 1000, &db, NULL), SP_OK);
    assert_int_equal(sp_parts_recover(p->parts, db, NULL), SP_OK);
    sp_db_close(&db);
    expect_part(p, (struct gift){ 2, 2, "r1", "b", "two", NULL }, 2, 2);
    expect_job(p, (const char *const[]){ "one", "two" }, 2);
    expect_nothing_left(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_files_in_order_are_one_job, setup, teardown),
        cmocka_unit_test_setup_teardown(test_files_without_numbers_are_counted_in_their_run, setup, teardown),
        cmocka_unit_test_setup_teardown(test_documents_are_called_as_the_queue_says, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_run_from_the_start_repeats_what_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_answer_that_was_lost_is_given_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_job_that_was_taken_is_not_taken_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_bad_address_is_refused_with_the_first_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers_that_make_no_sense_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_job_that_never_becomes_whole_is_held_for_a_person, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_queue_that_comes_back_after_that_makes_the_whole_job, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_cancelled_job_is_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parts_that_the_database_lost_are_found_again, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
