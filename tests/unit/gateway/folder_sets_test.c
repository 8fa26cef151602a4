/* Several files that are one scan, and folders that say whom a scan is for: with real files, real inotify, a real
 * database. What a crash leaves is made by hand; tests/unit/gateway/crash_test.c kills. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "gateway/folder.h"
#include "gateway/intake.h"
#include "world.h"

static const struct sp_folder_times hurried = {
    .rescan_ms = 400,
    .look_again_ms = 100,
    .poll_min_ms = 50,
    .patience_ms = 1500,
    .backoff_max_ms = 200,
    .probe_ms = 2000,
    .sweep_ms = 3600000,
};

#define EVENTUALLY(condition)                                                                                          \
    do {                                                                                                               \
        int rounds = 2000;                                                                                             \
        while (!(condition) && rounds-- > 0)                                                                           \
            pause_ms(10);                                                                                              \
        assert_true(condition);                                                                                        \
    } while (0)

static int
setup(void **state)
{
    struct world *w = world_open("/tmp");
    world_people(w, "Alice Smith,alice@contoso.com,asmith\nBob,bob@contoso.com\n");
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    world_close(*state);
    return 0;
}

static void
start(struct world *w)
{
    struct sp_err err = { 0 };
    if (sp_folders_start_timed(&w->settings, w->intake, &sp_clock_system, &w->log, &hurried, NULL, &w->house, &err) !=
        SP_OK)
        fail_msg("%s", err.text);
}

static struct sp_folder_status
status_of(struct world *w)
{
    struct sp_folder_status status;
    sp_folders_status(w->house, 0, &status);
    return status;
}

static void
in_drop(struct world *w, const char *name, char path[512])
{
    snprintf(path, 512, "%s/%s", w->drop, name);
}

static void
make_dir(struct world *w, const char *name)
{
    char path[512];
    in_drop(w, name, path);
    assert_int_equal(mkdir(path, 0770), 0);
}

static void
drop_pdf(struct world *w, const char *name, const char *words)
{
    struct sample pdf = sample_pdf(words);
    write_file(w->drop, name, pdf.bytes, pdf.size);
}

static void
drop_text(struct world *w, const char *name, const char *text)
{
    write_file(w->drop, name, text, strlen(text));
}

static void
assert_document_is(struct world *w, const struct sp_job *job, size_t n, const char *words)
{
    struct sample pdf = sample_pdf(words);
    assert_true(world_document_is(w, job->id, n, pdf.bytes, pdf.size));
}

/* The only job there is, for the caller to free. */
static struct sp_job *
only_job(struct world *w)
{
    struct sp_job *job = NULL;
    EVENTUALLY(status_of(w).taken == 1);
    pause_ms(300); /* a second job would come about now */
    assert_int_equal(world_jobs(w, &job), 1);
    return job;
}

/* ---- pages ---- */

static void
test_pages_are_one_job_in_the_order_of_their_numbers(void **state)
{
    struct world *w = *state;
    w->folders[0].group = SP_GROUP_PAGES;
    w->folders[0].settle_ms = 400;
    start(w);
    drop_pdf(w, "scan_0010.PDF", "ten");
    drop_pdf(w, "scan_0002.PDF", "two");
    pause_ms(250); /* the group is quiet when its last page is */
    drop_pdf(w, "SCAN_0001.pdf", "one");
    SP_AUTO(sp_job_free) struct sp_job *job = only_job(w);
    assert_int_equal(job->n_documents, 3);
    assert_document_is(w, job, 1, "one");
    assert_document_is(w, job, 2, "two");
    assert_document_is(w, job, 3, "ten");
    assert_string_equal(job->folder_name, "SCAN");
    assert_false(file_exists(w->drop, "scan_0002.PDF"));
}

static void
test_pages_of_two_scans_and_single_files_are_apart(void **state)
{
    struct world *w = *state;
    w->folders[0].group = SP_GROUP_PAGES;
    start(w);
    drop_pdf(w, "a_001.pdf", "a1");
    drop_pdf(w, "a_002.pdf", "a2");
    drop_pdf(w, "b_001.pdf", "b1");
    drop_pdf(w, "single.pdf", "s");
    EVENTUALLY(status_of(w).taken == 3);
    assert_int_equal(world_jobs(w, NULL), 3);
}

static void
test_a_bad_page_rejects_the_scan_as_a_whole(void **state)
{
    struct world *w = *state;
    char rejected[300];
    snprintf(rejected, sizeof(rejected), "%s/rejected", w->drop);
    w->folders[0].group = SP_GROUP_PAGES;
    start(w);
    drop_pdf(w, "a_001.pdf", "fine");
    drop_text(w, "a_002.pdf", "no pdf");
    EVENTUALLY(status_of(w).rejected == 1);
    assert_int_equal(world_jobs(w, NULL), 0);
    assert_true(file_exists(rejected, "a/a_001.pdf"));
    assert_true(file_exists(rejected, "a/a_002.pdf"));
    SP_AUTO_FREE char *why = file_text(rejected, "a.txt");
    assert_non_null(strstr(why, "a_002.pdf"));
}

static void
test_a_folder_of_pages_is_one_job_once_it_is_unlocked(void **state)
{
    struct world *w = *state;
    char path[512];
    w->folders[0].group = SP_GROUP_PAGES;
    start(w);
    make_dir(w, "DOC.XSM");
    drop_text(w, "DOC.XSM/DOC.LCK", "x");
    drop_pdf(w, "DOC.XSM/00000002.PDF", "two");
    drop_pdf(w, "DOC.XSM/00000001.PDF", "one");
    drop_text(w, "DOC.XSM/DOC.XST", "log");
    pause_ms(700);
    assert_int_equal(world_jobs(w, NULL), 0);
    in_drop(w, "DOC.XSM/DOC.LCK", path);
    assert_int_equal(unlink(path), 0);
    SP_AUTO(sp_job_free) struct sp_job *job = only_job(w);
    assert_int_equal(job->n_documents, 2);
    assert_document_is(w, job, 1, "one");
    assert_document_is(w, job, 2, "two");
    assert_string_equal(job->folder_name, "DOC.XSM");
    assert_false(file_exists(w->drop, "DOC.XSM"));
}

/* What lies deeper would go with the pages, and nobody would have looked at it. */
static void
test_a_folder_in_a_folder_of_pages_is_not_thrown_away(void **state)
{
    struct world *w = *state;
    char inner[512];
    w->folders[0].group = SP_GROUP_PAGES;
    start(w);
    make_dir(w, "DOC.XSM");
    make_dir(w, "DOC.XSM/more");
    drop_pdf(w, "DOC.XSM/more/00000002.PDF", "two");
    drop_pdf(w, "DOC.XSM/00000001.PDF", "one");
    EVENTUALLY(status_of(w).rejected == 1);
    in_drop(w, "rejected", inner);
    SP_AUTO_FREE char *why = file_text(inner, "DOC.XSM.txt");
    assert_non_null(strstr(why, "there is a folder in it"));
    in_drop(w, "rejected/DOC.XSM/more", inner);
    assert_true(file_exists(inner, "00000002.PDF"));
    assert_int_equal(world_jobs(w, NULL), 0);
}

static void
test_a_page_that_is_still_called_otherwise_is_waited_for(void **state)
{
    struct world *w = *state;
    char from[512], to[512];
    w->folders[0].group = SP_GROUP_PAGES;
    start(w);
    make_dir(w, "DOC.XSM");
    drop_pdf(w, "DOC.XSM/00000001.PDF", "one");
    drop_pdf(w, "DOC.XSM/00000002.PDF.part", "two");
    pause_ms(1000);
    assert_int_equal(world_jobs(w, NULL), 0);
    in_drop(w, "DOC.XSM/00000002.PDF.part", from);
    in_drop(w, "DOC.XSM/00000002.PDF", to);
    assert_int_equal(rename(from, to), 0);
    SP_AUTO(sp_job_free) struct sp_job *job = only_job(w);
    assert_int_equal(job->n_documents, 2);
    assert_document_is(w, job, 2, "two");
}

static void
test_more_pages_than_a_scan_may_have_are_rejected(void **state)
{
    struct world *w = *state;
    char name[64], rejected[512];
    w->folders[0].group = SP_GROUP_PAGES;
    make_dir(w, "DOC.XSM");
    for (int i = 0; i < 4200; i++) {
        snprintf(name, sizeof(name), "DOC.XSM/%08d.PDF", i);
        drop_text(w, name, "%PDF-1.4\n%%EOF\n");
    }
    start(w);
    EVENTUALLY(status_of(w).rejected == 1);
    in_drop(w, "rejected", rejected);
    SP_AUTO_FREE char *why = file_text(rejected, "DOC.XSM.txt");
    assert_non_null(strstr(why, "more than"));
    assert_int_equal(world_jobs(w, NULL), 0);
}

/* ---- what a crash leaves ---- */

static void
make_claim_dir(struct world *w, const char *id, char mark, const char *name, char ret[512])
{
    char path[512];
    in_drop(w, ".scanpost", path);
    assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
    snprintf(ret, 512, "%s/.scanpost/%s%c%s", w->drop, id, mark, name);
    assert_int_equal(mkdir(ret, 0700), 0);
}

static void
write_pdf(const char *dir, const char *name, const char *words)
{
    struct sample pdf = sample_pdf(words);
    write_file(dir, name, pdf.bytes, pdf.size);
}

static void
test_a_claim_of_several_is_finished_once_under_its_id(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE], claim[512];
    w->folders[0].group = SP_GROUP_PAGES;
    for (int round = 0; round < 2; round++) { /* the second time the crash came after the commit */
        if (round == 0)
            sp_intake_id(w->intake, id);
        make_claim_dir(w, id, '~', "a", claim);
        write_pdf(claim, "a_0002.pdf", "two");
        if (round == 0) /* the other time it is partly removed already */
            write_pdf(claim, "a_0001.pdf", "one");
        start(w);
        EVENTUALLY(!file_exists(claim, ""));
        sp_folders_stop(&w->house);
    }
    SP_AUTO(sp_job_free) struct sp_job *job = NULL;
    assert_int_equal(world_jobs(w, &job), 1);
    assert_string_equal(job->id, id);
    assert_int_equal(job->n_documents, 2);
    assert_document_is(w, job, 1, "one");
}

static void
test_a_claim_that_was_half_made_goes_back_and_is_one_scan(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE], claim[512];
    w->folders[0].group = SP_GROUP_PAGES;
    sp_intake_id(w->intake, id);
    make_claim_dir(w, id, '+', "a", claim);
    write_pdf(claim, "a_0001.pdf", "one");
    drop_pdf(w, "a_0002.pdf", "two");
    start(w);
    SP_AUTO(sp_job_free) struct sp_job *job = only_job(w);
    assert_int_equal(job->n_documents, 2);
    assert_false(file_exists(claim, ""));
}

static void
test_a_half_made_claim_whose_name_is_used_again_is_a_scan_of_its_own(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE], claim[512];
    w->folders[0].group = SP_GROUP_PAGES;
    sp_intake_id(w->intake, id);
    make_claim_dir(w, id, '+', "a", claim);
    write_pdf(claim, "a_0001.pdf", "before the crash");
    drop_pdf(w, "a_0001.pdf", "after the crash");
    start(w);
    EVENTUALLY(status_of(w).taken == 2);
    assert_int_equal(world_jobs(w, NULL), 2);
}

static void
test_claims_of_a_sub_folder_that_is_gone_are_for_the_same_person(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE], path[512];
    w->folders[0].recipient_from = SP_FROM_SUBFOLDER;
    w->folders[0].route = "nobody";
    sp_intake_id(w->intake, id);
    make_dir(w, ".scanpost");
    make_dir(w, ".scanpost/Bob");
    snprintf(path, sizeof(path), ".scanpost/Bob/%s~x.pdf", id);
    drop_pdf(w, path, "x");
    start(w);
    SP_AUTO(sp_job_free) struct sp_job *job = only_job(w);
    assert_string_equal(job->id, id);
    assert_string_equal(job->recipients[0].address, "bob@contoso.com");
}

/* ---- whom it is for ---- */

static void
test_sub_folders_old_new_and_renamed_are_people(void **state)
{
    struct world *w = *state;
    char from[512], to[512];
    w->folders[0].recipient_from = SP_FROM_SUBFOLDER;
    w->folders[0].route = "nobody";
    make_dir(w, "ASMITH");
    start(w);
    EVENTUALLY(strcmp(status_of(w).watch, "inotify") == 0);
    drop_pdf(w, "ASMITH/x.pdf", "x");
    SP_AUTO(sp_job_free) struct sp_job *first = only_job(w), *second = NULL, *third = NULL;
    assert_int_equal(first->n_recipients, 1);
    assert_string_equal(first->recipients[0].address, "alice@contoso.com");
    assert_string_equal(first->folder_name, "ASMITH/x.pdf");
    assert_string_equal(first->documents[0].name, "x.pdf");
    make_dir(w, "Bob");
    drop_pdf(w, "Bob/x.pdf", "y");
    EVENTUALLY(status_of(w).taken == 2);
    world_jobs(w, &second);
    assert_string_equal(second->recipients[0].address, "bob@contoso.com");
    assert_int_equal(status_of(w).subfolders, 2);
    in_drop(w, "Bob", from);
    in_drop(w, "somebody", to);
    assert_int_equal(rename(from, to), 0);
    drop_pdf(w, "somebody/x.pdf", "z");
    EVENTUALLY(status_of(w).taken == 3);
    world_jobs(w, &third);
    assert_string_equal(third->recipients[0].address, "it@contoso.com"); /* otherwise */
    assert_non_null(strstr(third->body, "somebody"));
    assert_int_equal(rmdir(to), 0); /* nothing of ours is in it */
    EVENTUALLY(status_of(w).subfolders == 1);
    assert_string_equal(status_of(w).watch, "inotify");
}

static void
test_sub_folders_are_found_by_looking_too(void **state)
{
    struct world *w = *state;
    w->folders[0].recipient_from = SP_FROM_SUBFOLDER;
    w->folders[0].watch = SP_WATCH_POLL;
    start(w);
    pause_ms(200);
    make_dir(w, "Bob");
    drop_pdf(w, "Bob/x.pdf", "x");
    SP_AUTO(sp_job_free) struct sp_job *job = only_job(w);
    assert_string_equal(job->user, "Bob");
    assert_string_equal(job->reply_to, "bob@contoso.com");
}

static void
test_a_sub_folder_that_is_a_link_is_nobodys(void **state)
{
    struct world *w = *state;
    char elsewhere[512], link[512];
    snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", w->root);
    assert_int_equal(mkdir(elsewhere, 0770), 0);
    write_pdf(elsewhere, "secret.pdf", "secret");
    in_drop(w, "Bob", link);
    assert_int_equal(symlink(elsewhere, link), 0);
    w->folders[0].recipient_from = SP_FROM_SUBFOLDER;
    start(w);
    pause_ms(1000);
    assert_int_equal(world_jobs(w, NULL), 0);
    assert_true(file_exists(elsewhere, "secret.pdf"));
}

static void
test_a_sub_folder_that_is_swapped_for_a_link_is_nobodys(void **state)
{
    struct world *w = *state;
    char elsewhere[512], bob[512];
    w->folders[0].recipient_from = SP_FROM_SUBFOLDER;
    w->folders[0].settle_ms = 1000;
    snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", w->root);
    in_drop(w, "Bob", bob);
    assert_int_equal(mkdir(bob, 0770), 0);
    start(w);
    write_pdf(bob, "a.pdf", "a");
    EVENTUALLY(status_of(w).waiting == 1);
    assert_int_equal(rename(bob, elsewhere), 0);
    assert_int_equal(symlink(elsewhere, bob), 0);
    EVENTUALLY(status_of(w).waiting == 0);
    pause_ms(500);
    assert_string_equal(status_of(w).trouble, "");
    assert_int_equal(world_jobs(w, NULL), 0);
    assert_true(file_exists(elsewhere, "a.pdf"));
}

/* Without a privilege that would open it all the same. */
static void
test_a_sub_folder_that_cannot_be_used_is_said_and_the_others_go_on(void **state)
{
    struct world *w = *state;
    char path[512];
    if (geteuid() == 0)
        skip();
    w->folders[0].recipient_from = SP_FROM_SUBFOLDER;
    w->folders[0].route = "nobody";
    make_dir(w, "ASMITH");
    make_dir(w, "Bob");
    drop_pdf(w, "Bob/x.pdf", "x");
    in_drop(w, "Bob", path);
    assert_int_equal(chmod(path, 0), 0);
    start(w);
    EVENTUALLY(strstr(status_of(w).trouble, "'Bob'") != NULL);
    EVENTUALLY(strcmp(status_of(w).watch, "inotify") == 0);
    drop_pdf(w, "ASMITH/x.pdf", "y");
    EVENTUALLY(status_of(w).taken == 1);
    assert_non_null(strstr(status_of(w).trouble, "'Bob'"));
    assert_int_equal(chmod(path, 0770), 0);
    EVENTUALLY(status_of(w).taken == 2);
    EVENTUALLY(*status_of(w).trouble == '\0');
    assert_string_equal(status_of(w).watch, "inotify");
}

static void
test_nobody_to_send_to_rejects_with_words_in_the_sub_folder(void **state)
{
    struct world *w = *state;
    char rejected[300];
    w->folders[0].recipient_from = SP_FROM_SUBFOLDER;
    w->folders[0].route = "";
    w->settings.n_tenants = 1;
    make_dir(w, "stranger");
    start(w);
    drop_pdf(w, "stranger/x.pdf", "x");
    EVENTUALLY(status_of(w).rejected == 1);
    snprintf(rejected, sizeof(rejected), "%s/stranger/rejected", w->drop);
    SP_AUTO_FREE char *why = file_text(rejected, "x.pdf.txt");
    assert_non_null(why);
    assert_non_null(strstr(why, "stranger"));
    assert_true(file_exists(rejected, "x.pdf"));
    assert_int_equal(world_jobs(w, NULL), 0);
}

static void
test_the_owner_gets_it(void **state)
{
    struct world *w = *state;
    char people[200], buffer[2048];
    struct passwd entry, *found = NULL;
    if (getpwuid_r(geteuid(), &entry, buffer, sizeof(buffer), &found) != 0 || found == NULL)
        skip();
    snprintf(people, sizeof(people), "Me,me@contoso.com,%s\n", entry.pw_name);
    world_people(w, people);
    w->folders[0].recipient_from = SP_FROM_OWNER;
    w->folders[0].route = "nobody";
    start(w);
    drop_pdf(w, "x.pdf", "x");
    SP_AUTO(sp_job_free) struct sp_job *job = only_job(w);
    assert_string_equal(job->recipients[0].address, "me@contoso.com");
    assert_string_equal(job->user, "Me");
    assert_string_equal(job->reply_to, "me@contoso.com");
}

/* ---- sidecars ---- */

static void
test_the_sidecar_may_come_first_or_last(void **state)
{
    struct world *w = *state;
    SP_AUTO(sp_job_free) struct sp_job *first = NULL, *second = NULL;
    w->folders[0].recipient_from = SP_FROM_SIDECAR;
    w->folders[0].route = "nobody";
    start(w);
    drop_text(w, "a.json", "{\"to\":[\"asmith\",\"bob\"],\"subject\":\"For two\",\"user\":\"DOM\\\\asmith\"}");
    pause_ms(500);
    drop_pdf(w, "a.pdf", "a");
    first = only_job(w);
    assert_int_equal(first->n_recipients, 2);
    assert_int_equal(first->n_documents, 1);
    assert_string_equal(first->subject, "For two");
    assert_string_equal(first->user, "Alice Smith");
    assert_string_equal(first->folder_name, "a.pdf");
    drop_pdf(w, "b.pdf", "b");
    pause_ms(500);
    drop_text(w, "b.XML", "<scanpost><to>bob</to></scanpost>");
    EVENTUALLY(status_of(w).taken == 2);
    world_jobs(w, &second);
    assert_string_equal(second->recipients[0].address, "bob@contoso.com");
    assert_false(file_exists(w->drop, "a.json"));
    assert_false(file_exists(w->drop, "b.XML"));
}

static void
test_documents_that_a_sidecar_names_are_waited_for(void **state)
{
    struct world *w = *state;
    w->folders[0].recipient_from = SP_FROM_SIDECAR;
    w->folders[0].route = "nobody";
    start(w);
    drop_text(w, "both.json", "{\"to\":\"bob\",\"documents\":[\"z.pdf\",\"a.pdf\"]}");
    drop_pdf(w, "a.pdf", "a");
    pause_ms(600);
    assert_int_equal(world_jobs(w, NULL), 0);
    drop_pdf(w, "z.pdf", "z");
    SP_AUTO(sp_job_free) struct sp_job *job = only_job(w);
    assert_int_equal(job->n_documents, 2);
    assert_document_is(w, job, 1, "z");
    assert_document_is(w, job, 2, "a");
}

static void
test_without_a_sidecar_that_makes_sense_it_goes_to_otherwise(void **state)
{
    struct world *w = *state;
    SP_AUTO(sp_job_free) struct sp_job *first = NULL, *second = NULL;
    char rejected[300];
    snprintf(rejected, sizeof(rejected), "%s/rejected", w->drop);
    w->folders[0].recipient_from = SP_FROM_SIDECAR;
    w->folders[0].route = "nobody";
    start(w);
    drop_pdf(w, "a.pdf", "a");
    drop_text(w, "a.xml", "<!DOCTYPE x []><scanpost><to>bob</to></scanpost>");
    first = only_job(w);
    assert_string_equal(first->recipients[0].address, "it@contoso.com");
    assert_non_null(strstr(first->body, "document type"));
    drop_pdf(w, "alone.pdf", "b");
    drop_text(w, "lonely.json", "{\"to\":\"bob\"}");
    EVENTUALLY(status_of(w).taken == 2);
    world_jobs(w, &second);
    assert_string_equal(second->recipients[0].address, "it@contoso.com");
    assert_non_null(strstr(second->body, "no sidecar"));
    EVENTUALLY(status_of(w).rejected == 1);
    assert_true(file_exists(rejected, "lonely.json"));
    assert_true(file_exists(rejected, "lonely.json.txt"));
}

/* ---- twice ---- */

static void
test_the_same_scan_twice_is_held_or_sent_and_marked(void **state)
{
    struct world *w = *state;
    SP_AUTO(sp_job_free) struct sp_job *first = NULL, *second = NULL, *third = NULL;
    w->folders[0].duplicates = SP_DUPLICATES_HOLD;
    start(w);
    drop_pdf(w, "x.pdf", "x");
    first = only_job(w);
    assert_string_equal(first->duplicate_of, "");
    drop_pdf(w, "again.pdf", "x");
    EVENTUALLY(status_of(w).taken == 2);
    world_jobs(w, &second);
    assert_string_equal(second->duplicate_of, first->id);
    assert_int_equal(second->state, SP_JOB_HELD);
    assert_non_null(strstr(second->trouble, first->id));
    drop_pdf(w, "other.pdf", "y");
    EVENTUALLY(status_of(w).taken == 3);
    world_jobs(w, &third);
    assert_string_equal(third->duplicate_of, "");
    sp_folders_stop(&w->house);
    w->folders[0].duplicates = SP_DUPLICATES_SEND;
    start(w);
    drop_pdf(w, "x.pdf", "y");
    EVENTUALLY(world_jobs(w, NULL) == 4);
    SP_AUTO(sp_job_free) struct sp_job *last = NULL;
    world_jobs(w, &last);
    assert_string_equal(last->duplicate_of, third->id);
    assert_int_equal(last->state, SP_JOB_QUEUED);
}

/* ---- left alone, and told ---- */

static void
test_empty_files_are_left_alone_until_they_are_old(void **state)
{
    struct world *w = *state;
    char path[512];
    const struct timespec long_ago[2] = { { .tv_sec = time(NULL) - 4000 }, { .tv_sec = time(NULL) - 4000 } };
    drop_text(w, "young.pdf", "");
    drop_text(w, "old.pdf", "");
    drop_text(w, "held.pdf", "");
    drop_pdf(w, "scan.tmp", "an old one with something in it, under a name that is none of ours");
    static const char *const old[] = { "old.pdf", "held.pdf", "scan.tmp" };
    for (size_t i = 0; i < SP_LEN(old); i++) {
        in_drop(w, old[i], path);
        assert_int_equal(utimensat(AT_FDCWD, path, long_ago, 0), 0);
    }
    in_drop(w, "held.pdf", path);
    SP_AUTO_CLOSE int writer = open(path, O_WRONLY | O_CLOEXEC); /* the copier is about to */
    start(w);
    EVENTUALLY(!file_exists(w->drop, "old.pdf"));
    pause_ms(600);
    assert_true(file_exists(w->drop, "young.pdf"));
    assert_true(file_exists(w->drop, "held.pdf"));
    assert_true(file_exists(w->drop, "scan.tmp"));
    assert_int_equal(world_jobs(w, NULL), 0);
}

/* Two that cannot be moved away are tried again and again: one line in the log, not one at each try. */
static void
test_trouble_with_several_files_is_said_once(void **state)
{
    struct world *w = *state;
    char path[512];
    snprintf(path, sizeof(path), "%s/log", w->root);
    SP_AUTO_CLOSE int log = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(log >= 0);
    w->log = (struct sp_log){ .level = SP_LOG_WARN, .who = "test", .fd = log };
    drop_text(w, "rejected", ""); /* a file where the directory should be */
    start(w);
    drop_text(w, "a.pdf", "no pdf");
    drop_text(w, "b.pdf", "no pdf either");
    EVENTUALLY(*status_of(w).trouble != '\0');
    pause_ms(1500); /* some ten tries */
    SP_AUTO_FREE char *text = file_text(w->root, "log");
    size_t lines = 0;
    for (const char *c = text; *c != '\0'; c++)
        lines += *c == '\n';
    if (lines != 1)
        fail_msg("%s", text);
    in_drop(w, "rejected", path);
    assert_int_equal(unlink(path), 0);
    EVENTUALLY(status_of(w).rejected == 2);
    EVENTUALLY(*status_of(w).trouble == '\0');
    sp_folders_stop(&w->house);
    w->log.fd = STDERR_FILENO;
}

static void
test_a_note_goes_into_the_sub_folder_and_nowhere_else(void **state)
{
    struct world *w = *state;
    SP_AUTO(sp_job_free) struct sp_job *job = sp_job_new();
    char bob[300], link[512];
    make_dir(w, "Bob");
    start(w);
    job->id = "01KAS0000000000000000000AB";
    job->source = "folder";
    job->source_name = "scans";
    job->trouble = "The address is unknown.";
    job->folder_name = "Bob/x.pdf";
    assert_int_equal(sp_folders_note(w->house, job, NULL), SP_OK);
    snprintf(bob, sizeof(bob), "%s/Bob", w->drop);
    assert_true(file_exists(bob, "x.pdf.FAILED.txt"));
    static const char *const bad[] = { "../x.pdf", "./x.pdf", "/x.pdf", "Bob/../x.pdf", ".scanpost/x.pdf", "Bob/" };
    for (size_t i = 0; i < SP_LEN(bad); i++) {
        job->folder_name = bad[i];
        assert_int_equal(sp_folders_note(w->house, job, NULL), SP_E_INVALID);
    }
    in_drop(w, "link", link);
    assert_int_equal(symlink(w->root, link), 0);
    job->folder_name = "link/x.pdf";
    assert_int_not_equal(sp_folders_note(w->house, job, NULL), SP_OK);
    assert_false(file_exists(w->root, "x.pdf.FAILED.txt"));
}

#define WITH_WORLD(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(test_pages_are_one_job_in_the_order_of_their_numbers),
        WITH_WORLD(test_pages_of_two_scans_and_single_files_are_apart),
        WITH_WORLD(test_a_bad_page_rejects_the_scan_as_a_whole),
        WITH_WORLD(test_a_folder_of_pages_is_one_job_once_it_is_unlocked),
        WITH_WORLD(test_a_folder_in_a_folder_of_pages_is_not_thrown_away),
        WITH_WORLD(test_a_page_that_is_still_called_otherwise_is_waited_for),
        WITH_WORLD(test_more_pages_than_a_scan_may_have_are_rejected),
        WITH_WORLD(test_a_claim_of_several_is_finished_once_under_its_id),
        WITH_WORLD(test_a_claim_that_was_half_made_goes_back_and_is_one_scan),
        WITH_WORLD(test_a_half_made_claim_whose_name_is_used_again_is_a_scan_of_its_own),
        WITH_WORLD(test_claims_of_a_sub_folder_that_is_gone_are_for_the_same_person),
        WITH_WORLD(test_sub_folders_old_new_and_renamed_are_people),
        WITH_WORLD(test_sub_folders_are_found_by_looking_too),
        WITH_WORLD(test_a_sub_folder_that_is_a_link_is_nobodys),
        WITH_WORLD(test_a_sub_folder_that_is_swapped_for_a_link_is_nobodys),
        WITH_WORLD(test_a_sub_folder_that_cannot_be_used_is_said_and_the_others_go_on),
        WITH_WORLD(test_nobody_to_send_to_rejects_with_words_in_the_sub_folder),
        WITH_WORLD(test_the_owner_gets_it),
        WITH_WORLD(test_the_sidecar_may_come_first_or_last),
        WITH_WORLD(test_documents_that_a_sidecar_names_are_waited_for),
        WITH_WORLD(test_without_a_sidecar_that_makes_sense_it_goes_to_otherwise),
        WITH_WORLD(test_the_same_scan_twice_is_held_or_sent_and_marked),
        WITH_WORLD(test_empty_files_are_left_alone_until_they_are_old),
        WITH_WORLD(test_trouble_with_several_files_is_said_once),
        WITH_WORLD(test_a_note_goes_into_the_sub_folder_and_nowhere_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
