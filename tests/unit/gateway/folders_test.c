/* Files that people and copiers drop, with all their habits: taken once and whole, or left where they are. Real
 * inotify, real database; nothing here asserts that something is fast. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
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
    .sweep_ms = 86400000,
};

/* Waits for something that must come; how long it takes is not asked. */
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
    *state = world_open("/tmp");
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
drop_pdf(struct world *w, const char *name, const char *words)
{
    struct sample pdf = sample_pdf(words);
    write_file(w->drop, name, pdf.bytes, pdf.size);
}

static size_t
claims_left(struct world *w)
{
    char path[256], command[320];
    snprintf(path, sizeof(path), "%s/.scanpost", w->drop);
    snprintf(command, sizeof(command), "ls -A '%s' | wc -l", path);
    FILE *pipe = popen(command, "re");
    int count = -1;
    assert_non_null(pipe);
    assert_int_equal(fscanf(pipe, "%d", &count), 1);
    pclose(pipe);
    return (size_t)count;
}

/* One job, with these bytes, and nothing left in the folder. */
static void
assert_taken_once(struct world *w, const char *name, const struct sample *s)
{
    SP_AUTO(sp_job_free) struct sp_job *job = NULL;
    EVENTUALLY(status_of(w).taken == 1);
    pause_ms(300); /* a second job would come about now */
    assert_int_equal(world_jobs(w, &job), 1);
    assert_true(world_document_is(w, job->id, 1, s->bytes, s->size));
    assert_false(file_exists(w->drop, name));
    assert_int_equal(claims_left(w), 0);
}

/* ---- the good case ---- */

static void
test_a_dropped_file_becomes_a_job(void **state)
{
    struct world *w = *state;
    struct sample pdf = sample_pdf("x");
    start(w);
    drop_pdf(w, "x.pdf", "x");
    assert_taken_once(w, "x.pdf", &pdf);
    SP_AUTO(sp_job_free) struct sp_job *job = NULL;
    world_jobs(w, &job);
    assert_string_equal(job->source, "folder");
    assert_string_equal(job->source_name, "scans");
    assert_string_equal(job->folder_name, "x.pdf");
    assert_string_equal(job->route, "accounting");
    struct sp_folder_status status = status_of(w);
    assert_string_equal(status.watch, "inotify");
    assert_string_equal(status.trouble, "");
    assert_true(status.last_scan > 0);
    EVENTUALLY(status_of(w).waiting == 0);
}

static void
test_a_file_that_was_there_before_start_is_taken(void **state)
{
    struct world *w = *state;
    struct sample pdf = sample_pdf("x");
    drop_pdf(w, "x.pdf", "x");
    start(w);
    assert_taken_once(w, "x.pdf", &pdf);
}

static void
test_without_inotify_files_are_found_by_looking(void **state)
{
    struct world *w = *state;
    struct sample pdf = sample_pdf("x");
    w->folders[0].watch = SP_WATCH_POLL;
    start(w);
    pause_ms(200);
    drop_pdf(w, "x.pdf", "x");
    assert_taken_once(w, "x.pdf", &pdf);
    assert_string_equal(status_of(w).watch, "poll");
}

static void
test_many_files_at_once_are_each_taken_once(void **state)
{
    enum { MANY = 150 };
    struct world *w = *state;
    start(w);
    for (int i = 0; i < MANY; i++) {
        char name[32];
        snprintf(name, sizeof(name), "SCN_%04d.PDF", i);
        drop_pdf(w, name, name);
    }
    EVENTUALLY(status_of(w).taken == MANY);
    assert_int_equal(world_jobs(w, NULL), MANY);
    assert_int_equal(claims_left(w), 0);
}

static void
test_from_another_file_system_it_is_copied_whole(void **state)
{
    struct world *w = *state;
    struct sample pdf = sample_pdf("x");
    struct stat here, there;
    char elsewhere[] = "/dev/shm/gateway-test-XXXXXX";
    if (mkdtemp(elsewhere) == NULL)
        skip();
    assert_int_equal(stat(w->state, &here), 0);
    assert_int_equal(stat(elsewhere, &there), 0);
    if (here.st_dev == there.st_dev) {
        rmdir(elsewhere);
        skip();
    }
    snprintf(w->drop, sizeof(w->drop), "%s", elsewhere);
    start(w);
    drop_pdf(w, "x.pdf", "x");
    assert_taken_once(w, "x.pdf", &pdf);
    sp_folders_stop(&w->house);
    assert_int_equal(sp_io_remove_tree(AT_FDCWD, elsewhere, NULL), SP_OK);
}

/* ---- how copiers write ---- */

static int
open_in(struct world *w, const char *name, int flags)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", w->drop, name);
    int fd = open(path, flags | O_CLOEXEC, 0660);
    assert_true(fd >= 0);
    return fd;
}

static void
test_written_slowly_it_is_waited_for(void **state)
{
    struct world *w = *state;
    struct sample pdf = sample_pdf("slow");
    start(w);
    int fd = open_in(w, "x.pdf", O_WRONLY | O_CREAT);
    for (size_t at = 0; at < pdf.size; at += 16) {
        size_t n = pdf.size - at < 16 ? pdf.size - at : 16;
        assert_int_equal(write(fd, pdf.bytes + at, n), (ssize_t)n);
        pause_ms(50);
    }
    close(fd);
    assert_taken_once(w, "x.pdf", &pdf);
}

static void
test_a_writer_who_pauses_is_waited_for(void **state)
{
    struct world *w = *state;
    struct sample pdf = sample_pdf("still open");
    start(w);
    int fd = open_in(w, "x.pdf", O_WRONLY | O_CREAT);
    assert_int_equal(write(fd, pdf.bytes, pdf.size), (ssize_t)pdf.size);
    pause_ms(700); /* complete, quiet for much longer than settle, but open */
    assert_int_equal(world_jobs(w, NULL), 0);
    assert_true(file_exists(w->drop, "x.pdf"));
    close(fd);
    assert_taken_once(w, "x.pdf", &pdf);
}

static void
test_reopened_after_closing_it_is_one_scan_and_settle_is_advised(void **state)
{
    struct world *w = *state;
    struct sample half = sample_pdf("page 1"), rest = sample_pdf("page 2"), whole = half;
    w->folders[0].settle_ms = 1500;
    start(w);
    EVENTUALLY(strcmp(status_of(w).watch, "inotify") == 0); /* closing is told by inotify only */
    write_file(w->drop, "x.pdf", half.bytes, half.size);    /* looks whole */
    pause_ms(900);
    int fd = open_in(w, "x.pdf", O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, rest.bytes, rest.size), (ssize_t)rest.size);
    close(fd);
    sample_add(&whole, rest.bytes, rest.size);
    assert_taken_once(w, "x.pdf", &whole);
    assert_true(status_of(w).advised_settle_ms >= 1700);
}

/* Its first page is a whole document, settle is too short, and what follows has no beginning. */
static void
test_a_rest_that_comes_after_its_scan_was_taken_advises_settle(void **state)
{
    struct world *w = *state;
    start(w);
    EVENTUALLY(strcmp(status_of(w).watch, "inotify") == 0);
    drop_pdf(w, "a.pdf", "a");
    EVENTUALLY(status_of(w).taken == 1);
    drop_pdf(w, "a.pdf", "another scan of that name");
    EVENTUALLY(status_of(w).taken == 2);
    assert_int_equal(status_of(w).advised_settle_ms, 0);
    pause_ms(300);
    write_file(w->drop, "b.pdf", "rubbish of its own", 18);
    EVENTUALLY(status_of(w).rejected == 1);
    assert_int_equal(status_of(w).advised_settle_ms, 0);
    write_file(w->drop, "a.pdf", "the rest of page two", 20);
    EVENTUALLY(status_of(w).rejected == 2);
    assert_true(status_of(w).advised_settle_ms >= 2 * (300 + w->folders[0].settle_ms));
}

static void
test_a_half_document_is_taken_when_nobody_comes_back_for_long(void **state)
{
    struct world *w = *state;
    struct sample pdf = sample_pdf("cut");
    pdf.size -= 10;
    start(w);
    write_file(w->drop, "x.pdf", pdf.bytes, pdf.size);
    pause_ms(600); /* settle is over four times */
    assert_int_equal(world_jobs(w, NULL), 0);
    assert_taken_once(w, "x.pdf", &pdf);
}

static void
test_a_name_that_is_used_again_is_another_scan(void **state)
{
    struct world *w = *state;
    start(w);
    for (int i = 1; i <= 3; i++) {
        drop_pdf(w, "SCN_0001.PDF", i == 1 ? "first" : i == 2 ? "second" : "third");
        EVENTUALLY(!file_exists(w->drop, "SCN_0001.PDF")); /* claimed, perhaps not a job yet */
    }
    EVENTUALLY(status_of(w).taken == 3);
    assert_int_equal(world_jobs(w, NULL), 3);
}

static void
test_renamed_when_done_it_is_taken_under_its_last_name(void **state)
{
    struct world *w = *state;
    struct sample pdf = sample_pdf("x");
    char from[512], to[512];
    start(w);
    drop_pdf(w, "x.pdf.part", "x");
    pause_ms(500);
    assert_int_equal(world_jobs(w, NULL), 0);
    snprintf(from, sizeof(from), "%s/x.pdf.part", w->drop);
    snprintf(to, sizeof(to), "%s/x.pdf", w->drop);
    assert_int_equal(rename(from, to), 0);
    assert_taken_once(w, "x.pdf", &pdf);
}

static void
test_a_file_with_another_name_elsewhere_is_copied_and_the_other_stays(void **state)
{
    struct world *w = *state;
    struct sample pdf = sample_pdf("x");
    char other[512], path[512];
    write_file(w->root, "kept.pdf", pdf.bytes, pdf.size);
    snprintf(other, sizeof(other), "%s/kept.pdf", w->root);
    snprintf(path, sizeof(path), "%s/x.pdf", w->drop);
    start(w);
    assert_int_equal(link(other, path), 0);
    assert_taken_once(w, "x.pdf", &pdf);
    write_file(w->root, "kept.pdf", "changed", 7); /* the job has a copy */
    SP_AUTO(sp_job_free) struct sp_job *job = NULL;
    world_jobs(w, &job);
    assert_true(world_document_is(w, job->id, 1, pdf.bytes, pdf.size));
}

static void
test_mode_0600_of_another_user_is_taken_where_we_may_read(void **state)
{
    struct world *w = *state;
    struct sample pdf = sample_pdf("x");
    char path[512];
    if (geteuid() != 0)
        skip();
    write_file(w->root, "x.pdf", pdf.bytes, pdf.size);
    snprintf(path, sizeof(path), "%s/x.pdf", w->root);
    assert_int_equal(chown(path, 12345, 12345), 0);
    assert_int_equal(chmod(path, 0600), 0);
    char to[512];
    snprintf(to, sizeof(to), "%s/x.pdf", w->drop);
    assert_int_equal(rename(path, to), 0);
    start(w);
    assert_taken_once(w, "x.pdf", &pdf);
}

/* Without a privilege that would read it all the same. */
static void
test_a_file_that_cannot_be_read_stays_and_is_said(void **state)
{
    struct world *w = *state;
    char path[512];
    if (geteuid() == 0)
        skip();
    drop_pdf(w, "x.pdf", "x");
    snprintf(path, sizeof(path), "%s/x.pdf", w->drop);
    assert_int_equal(chmod(path, 0), 0);
    start(w);
    EVENTUALLY(strstr(status_of(w).trouble, "create mask") != NULL);
    assert_true(file_exists(w->drop, "x.pdf"));
    assert_int_equal(chmod(path, 0600), 0);
    EVENTUALLY(status_of(w).taken == 1);
    EVENTUALLY(*status_of(w).trouble == '\0');
}

/* ---- left alone ---- */

static void
test_what_is_not_a_finished_file_is_left_alone(void **state)
{
    struct world *w = *state;
    struct sample pdf = sample_pdf("x");
    static const char *const names[] = { ".hidden.pdf", "Thumbs.db", "desktop.ini",     "~$x.docx",
                                         "x.tmp",       "x.PART",    "x.pdf.FAILED.txt" };
    char path[512], outside[512];
    start(w);
    for (size_t i = 0; i < SP_LEN(names); i++)
        write_file(w->drop, names[i], pdf.bytes, pdf.size);
    write_file(w->drop, "empty.pdf", "", 0);
    write_file(w->root, "outside.pdf", pdf.bytes, pdf.size);
    snprintf(path, sizeof(path), "%s/link.pdf", w->drop);
    snprintf(outside, sizeof(outside), "%s/outside.pdf", w->root);
    assert_int_equal(symlink(outside, path), 0);
    snprintf(path, sizeof(path), "%s/fifo.pdf", w->drop);
    assert_int_equal(mkfifo(path, 0660), 0);
    snprintf(path, sizeof(path), "%s/folder.pdf", w->drop);
    assert_int_equal(mkdir(path, 0770), 0);
    write_file(path, "inside.pdf", pdf.bytes, pdf.size);
    snprintf(path, sizeof(path), "%s/device.pdf", w->drop);
    bool device = mknod(path, S_IFCHR | 0660, makedev(1, 3)) == 0;
    pause_ms(1200); /* several looks long */
    assert_int_equal(world_jobs(w, NULL), 0);
    assert_int_equal(status_of(w).rejected, 0);
    for (size_t i = 0; i < SP_LEN(names); i++)
        assert_true(file_exists(w->drop, names[i]));
    static const char *const others[] = { "empty.pdf", "link.pdf", "fifo.pdf", "folder.pdf" };
    for (size_t i = 0; i < SP_LEN(others); i++)
        assert_true(file_exists(w->drop, others[i]));
    assert_true(!device || file_exists(w->drop, "device.pdf"));
    assert_string_equal(status_of(w).trouble, "");
}

static void
test_odd_names_lose_nothing(void **state)
{
    struct world *w = *state;
    char lengthy[256];
    memset(lengthy, 'n', 251);
    memcpy(lengthy + 251, ".pdf", 5);
    const char *names[] = { "line\nbreak.pdf",
                            "quo\"te's.pdf",
                            "\xff\xfe.pdf",
                            lengthy,
                            "-rf",
                            "%s%n.pdf",
                            " ",
                            "01KAS0000000000000000000AB~x.pdf" };
    start(w);
    for (size_t i = 0; i < SP_LEN(names); i++)
        drop_pdf(w, names[i], names[i]);
    EVENTUALLY(status_of(w).taken == SP_LEN(names));
    assert_int_equal(world_jobs(w, NULL), SP_LEN(names));
    for (size_t i = 0; i < SP_LEN(names); i++)
        assert_false(file_exists(w->drop, names[i]));
    assert_int_equal(claims_left(w), 0);
}

/* ---- rejected ---- */

static void
test_a_wrong_type_moves_to_rejected_with_the_reason(void **state)
{
    struct world *w = *state;
    char rejected[256];
    snprintf(rejected, sizeof(rejected), "%s/rejected", w->drop);
    start(w);
    write_file(w->drop, "x.pdf", "no pdf at all", 13);
    EVENTUALLY(status_of(w).rejected == 1);
    write_file(w->drop, "x.pdf", "again", 5);
    EVENTUALLY(status_of(w).rejected == 2);
    assert_int_equal(world_jobs(w, NULL), 0);
    SP_AUTO_FREE char *first = file_text(rejected, "x.pdf"), *second = file_text(rejected, "x-1.pdf");
    SP_AUTO_FREE char *why = file_text(rejected, "x.pdf.txt");
    assert_string_equal(first, "no pdf at all");
    assert_string_equal(second, "again");
    assert_non_null(strstr(why, "kind of document"));
    assert_true(file_exists(rejected, "x-1.pdf.txt"));
    assert_false(file_exists(w->drop, "x.pdf"));
}

static void
test_too_large_moves_to_rejected(void **state)
{
    struct world *w = *state;
    struct sample pdf = sample_pdf("x");
    char rejected[256];
    snprintf(rejected, sizeof(rejected), "%s/rejected", w->drop);
    w->settings.gateway.max_document = pdf.size - 1;
    start(w);
    drop_pdf(w, "x.pdf", "x");
    EVENTUALLY(status_of(w).rejected == 1);
    SP_AUTO_FREE char *why = file_text(rejected, "x.pdf.txt");
    assert_non_null(strstr(why, "max-document"));
    assert_true(file_exists(rejected, "x.pdf"));
}

/* A sparse file can claim any size. It needs no room, for it will not be copied. */
static void
test_too_large_for_the_disk_as_well_moves_to_rejected(void **state)
{
    struct world *w = *state;
    char path[256], rejected[256];
    snprintf(path, sizeof(path), "%s/huge.pdf", w->drop);
    snprintf(rejected, sizeof(rejected), "%s/rejected", w->drop);
    drop_pdf(w, "huge.pdf", "x");
    if (truncate(path, (off_t)1 << 42) != 0)
        skip();
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(pwrite(fd, "%%EOF\n", 6, ((off_t)1 << 42) - 6) == 6);
    close(fd);
    w->settings.gateway.max_document = 1 << 20;
    start(w);
    EVENTUALLY(status_of(w).rejected == 1);
    SP_AUTO_FREE char *why = file_text(rejected, "huge.pdf.txt");
    assert_non_null(strstr(why, "max-document"));
    assert_string_equal(status_of(w).trouble, "");
    assert_int_equal(claims_left(w), 0);
}

static void
test_rejected_never_follows_a_link(void **state)
{
    struct world *w = *state;
    char path[256], target[256];
    snprintf(path, sizeof(path), "%s/rejected", w->drop);
    snprintf(target, sizeof(target), "%s/elsewhere", w->root);
    assert_int_equal(mkdir(target, 0770), 0);
    assert_int_equal(symlink(target, path), 0);
    start(w);
    write_file(w->drop, "x.pdf", "no pdf", 6);
    EVENTUALLY(strstr(status_of(w).trouble, "rejected") != NULL);
    assert_false(file_exists(target, "x.pdf"));
    assert_int_equal(claims_left(w), 1); /* nothing is lost */
    assert_int_equal(unlink(path), 0);
    EVENTUALLY(status_of(w).rejected == 1);
    assert_true(file_exists(path, "x.pdf"));
}

/* ---- later, not never ---- */

static void
test_without_room_the_file_stays_until_there_is_some(void **state)
{
    struct world *w = *state;
    struct sample pdf = sample_pdf("x");
    uint64_t usual = w->settings.gateway.reserve;
    w->settings.gateway.reserve = UINT64_MAX;
    start(w);
    drop_pdf(w, "x.pdf", "x");
    EVENTUALLY(strstr(status_of(w).trouble, "no room") != NULL);
    assert_true(file_exists(w->drop, "x.pdf"));
    sp_folders_stop(&w->house); /* settings do not change while threads run */
    w->settings.gateway.reserve = usual;
    start(w);
    assert_taken_once(w, "x.pdf", &pdf);
    assert_string_equal(status_of(w).trouble, "");
}

static void
test_a_claim_left_by_a_crash_is_finished_once_under_its_id(void **state)
{
    struct world *w = *state;
    struct sample pdf = sample_pdf("x");
    char claims[256], id[SP_ULID_SIZE], name[64];
    sp_intake_id(w->intake, id);
    snprintf(claims, sizeof(claims), "%s/.scanpost", w->drop);
    snprintf(name, sizeof(name), "%s~x.pdf", id);
    assert_int_equal(mkdir(claims, 0700), 0);
    write_file(claims, name, pdf.bytes, pdf.size);
    start(w);
    assert_taken_once(w, "x.pdf", &pdf);
    SP_AUTO(sp_job_free) struct sp_job *job = NULL;
    world_jobs(w, &job);
    assert_string_equal(job->id, id);
    assert_string_equal(job->folder_name, "x.pdf");
    /* The crash came after the commit: the same claim again makes no second job. */
    sp_folders_stop(&w->house);
    write_file(claims, name, pdf.bytes, pdf.size);
    start(w);
    EVENTUALLY(claims_left(w) == 0);
    assert_int_equal(world_jobs(w, NULL), 1);
}

static void
test_a_folder_that_goes_and_comes_back(void **state)
{
    struct world *w = *state;
    struct sample pdf = sample_pdf("x");
    char away[256];
    snprintf(away, sizeof(away), "%s/away", w->root);
    start(w);
    EVENTUALLY(strcmp(status_of(w).watch, "inotify") == 0);
    assert_int_equal(rename(w->drop, away), 0);
    EVENTUALLY(strstr(status_of(w).trouble, w->drop) != NULL);
    assert_int_equal(mkdir(w->drop, 0770), 0);
    EVENTUALLY(*status_of(w).trouble == '\0');
    drop_pdf(w, "x.pdf", "x");
    assert_taken_once(w, "x.pdf", &pdf);
}

static void
test_a_folder_that_is_missing_at_start_is_waited_for(void **state)
{
    struct world *w = *state;
    struct sample pdf = sample_pdf("x");
    assert_int_equal(rmdir(w->drop), 0);
    start(w);
    EVENTUALLY(*status_of(w).trouble != '\0');
    assert_int_equal(mkdir(w->drop, 0770), 0);
    drop_pdf(w, "x.pdf", "x");
    assert_taken_once(w, "x.pdf", &pdf);
}

static void
test_a_claims_folder_that_is_a_link_is_refused(void **state)
{
    struct world *w = *state;
    char path[256];
    snprintf(path, sizeof(path), "%s/.scanpost", w->drop);
    assert_int_equal(symlink(w->root, path), 0);
    drop_pdf(w, "x.pdf", "x");
    start(w);
    EVENTUALLY(strstr(status_of(w).trouble, ".scanpost") != NULL);
    assert_true(file_exists(w->drop, "x.pdf"));
}

static void
test_two_names_of_one_directory_are_one_folder(void **state)
{
    struct world *w = *state;
    char path[256];
    struct sp_folder_status second;
    snprintf(path, sizeof(path), "%s/link", w->root);
    assert_int_equal(symlink(w->drop, path), 0);
    w->folders[1] = w->folders[0];
    w->folders[1].name = "again";
    w->folders[1].path = path;
    w->settings.n_folders = 2;
    start(w);
    drop_pdf(w, "a.pdf", "a");
    EVENTUALLY(status_of(w).taken == 1);
    sp_folders_status(w->house, 1, &second);
    assert_non_null(strstr(second.trouble, "same directory as that of folder 'scans'"));
}

/* Swapped in between the last look and the rename; the second one after its name was used again. */
static void
test_a_link_that_was_claimed_goes_back(void **state)
{
    struct world *w = *state;
    char claims[256], path[320], target[256];
    snprintf(claims, sizeof(claims), "%s/.scanpost", w->drop);
    snprintf(target, sizeof(target), "%s/secret.pdf", w->root);
    assert_int_equal(mkdir(claims, 0700), 0);
    write_file(w->root, "secret.pdf", "%PDF-1.4\n%%EOF\n", 15);
    for (int i = 1; i <= 2; i++) {
        snprintf(path, sizeof(path), "%s/01ARZ3NDEKTSV4RRFFQ69G5FA%d~%d.pdf", claims, i, i);
        assert_int_equal(symlink(target, path), 0);
    }
    drop_pdf(w, "2.pdf", "used again");
    start(w);
    EVENTUALLY(claims_left(w) == 0 && status_of(w).taken == 1);
    snprintf(path, sizeof(path), "%s/1.pdf", w->drop);
    assert_int_equal(readlink(path, claims, sizeof(claims)), strlen(target));
    assert_true(file_exists(w->root, "secret.pdf"));
    assert_int_equal(world_jobs(w, NULL), 1);
}

/* A strange hidden folder is soon tidied away. */
static void
test_a_claims_folder_that_is_removed_is_made_anew(void **state)
{
    struct world *w = *state;
    char claims[256];
    snprintf(claims, sizeof(claims), "%s/.scanpost", w->drop);
    start(w);
    drop_pdf(w, "a.pdf", "a");
    EVENTUALLY(status_of(w).taken == 1 && claims_left(w) == 0);
    assert_int_equal(rmdir(claims), 0);
    drop_pdf(w, "b.pdf", "b");
    EVENTUALLY(status_of(w).taken == 2);
    EVENTUALLY(status_of(w).trouble[0] == '\0');
    assert_false(file_exists(w->drop, "b.pdf"));
    assert_int_equal(world_jobs(w, NULL), 2);
}

/* Whoever may write in the folder may rename what is in it, .scanpost too. */
static void
test_a_claim_is_opened_where_it_was_made(void **state)
{
    struct world *w = *state;
    const struct sp_taker taker = { .opener = NULL };
    struct sp_folder_dirs *dirs = NULL;
    struct sample pdf = sample_pdf("ours");
    char claims[256], away[256], bytes[512];
    snprintf(claims, sizeof(claims), "%s/.scanpost", w->drop);
    snprintf(away, sizeof(away), "%s/away", w->drop);
    assert_int_equal(sp_folder_dirs_open(w->drop, &dirs, NULL), SP_OK);
    write_file(claims, "claim", pdf.bytes, pdf.size);
    assert_true(sp_folder_dirs_current(dirs, w->drop));
    assert_int_equal(rename(claims, away), 0);
    assert_false(sp_folder_dirs_current(dirs, w->drop));
    assert_int_equal(mkdir(claims, 0700), 0);
    write_file(claims, "claim", "theirs", 6);
    assert_false(sp_folder_dirs_current(dirs, w->drop));
    int fd = sp_folder_open_file(&taker, &w->folders[0], dirs, ".scanpost/claim");
    assert_true(fd >= 0);
    assert_int_equal(read(fd, bytes, sizeof(bytes)), pdf.size);
    assert_memory_equal(bytes, pdf.bytes, pdf.size);
    close(fd);
    sp_folder_dirs_drop(&dirs);
}

static void
test_without_the_people_file_files_for_people_stay(void **state)
{
    struct world *w = *state;
    w->folders[0].recipient_from = SP_FROM_OWNER;
    w->settings.people_file = "/nonexistent/people.csv";
    drop_pdf(w, "x.pdf", "x");
    start(w);
    EVENTUALLY(strstr(status_of(w).trouble, "people file") != NULL);
    pause_ms(400);
    assert_true(file_exists(w->drop, "x.pdf"));
    assert_int_equal(world_jobs(w, NULL), 0);
}

static void
test_a_route_that_leads_nowhere_is_said_before_a_file_is_touched(void **state)
{
    struct world *w = *state;
    w->folders[0].route = "unheard-of";
    drop_pdf(w, "x.pdf", "x");
    start(w);
    EVENTUALLY(strstr(status_of(w).trouble, "unheard-of") != NULL);
    assert_true(file_exists(w->drop, "x.pdf"));
}

/* ---- notes ---- */

static struct sp_job *
failed_job(void)
{
    struct sp_job *job = sp_job_new();
    assert_non_null(job);
    job->id = "01KAS0000000000000000000AB";
    job->source = "folder";
    job->source_name = "scans";
    job->folder_name = "x.pdf";
    job->attempts = sp_arena_array(job->arena, 1, sizeof(*job->attempts));
    job->n_attempts = 1;
    job->attempts[0] = (struct sp_job_attempt){ .outcome = SP_OUTCOME_FAILED,
                                                .summary = "The address is unknown.",
                                                .fix = "Mend the address.",
                                                .reply = "550 5.1.10 no",
                                                .method = "" };
    return job;
}

static void
test_a_note_says_why_and_replaces_only_an_older_note(void **state)
{
    struct world *w = *state;
    SP_AUTO(sp_job_free) struct sp_job *job = failed_job();
    start(w);
    assert_int_equal(sp_folders_note(w->house, job, NULL), SP_OK);
    SP_AUTO_FREE char *note = file_text(w->drop, "x.pdf.FAILED.txt");
    assert_non_null(note);
    assert_non_null(strstr(note, "The address is unknown."));
    assert_non_null(strstr(note, "Mend the address."));
    assert_non_null(strstr(note, job->id));
    job->attempts[0].summary = "Another reason.";
    assert_int_equal(sp_folders_note(w->house, job, NULL), SP_OK);
    SP_AUTO_FREE char *newer = file_text(w->drop, "x.pdf.FAILED.txt");
    assert_non_null(strstr(newer, "Another reason."));
    assert_null(strstr(newer, "The address is unknown."));
}

static void
test_a_note_overwrites_nothing_and_follows_no_link(void **state)
{
    struct world *w = *state;
    SP_AUTO(sp_job_free) struct sp_job *job = failed_job();
    char path[512], target[512];
    start(w);
    write_file(w->drop, "x.pdf.FAILED.txt", "my diary", 8);
    assert_int_equal(sp_folders_note(w->house, job, NULL), SP_E_CONFLICT);
    SP_AUTO_FREE char *diary = file_text(w->drop, "x.pdf.FAILED.txt");
    assert_string_equal(diary, "my diary");
    snprintf(path, sizeof(path), "%s/x.pdf.FAILED.txt", w->drop);
    snprintf(target, sizeof(target), "%s/target.txt", w->root);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(sp_folders_note(w->house, job, NULL), SP_E_CONFLICT);
    assert_false(file_exists(w->root, "target.txt"));
    job->folder_name = "../x.pdf";
    assert_int_equal(sp_folders_note(w->house, job, NULL), SP_E_INVALID);
    job->source_name = "another";
    assert_int_equal(sp_folders_note(w->house, job, NULL), SP_E_NOTFOUND);
}

#define WITH_WORLD(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(test_a_dropped_file_becomes_a_job),
        WITH_WORLD(test_a_file_that_was_there_before_start_is_taken),
        WITH_WORLD(test_without_inotify_files_are_found_by_looking),
        WITH_WORLD(test_many_files_at_once_are_each_taken_once),
        WITH_WORLD(test_from_another_file_system_it_is_copied_whole),
        WITH_WORLD(test_written_slowly_it_is_waited_for),
        WITH_WORLD(test_a_writer_who_pauses_is_waited_for),
        WITH_WORLD(test_reopened_after_closing_it_is_one_scan_and_settle_is_advised),
        WITH_WORLD(test_a_rest_that_comes_after_its_scan_was_taken_advises_settle),
        WITH_WORLD(test_a_half_document_is_taken_when_nobody_comes_back_for_long),
        WITH_WORLD(test_a_name_that_is_used_again_is_another_scan),
        WITH_WORLD(test_renamed_when_done_it_is_taken_under_its_last_name),
        WITH_WORLD(test_a_file_with_another_name_elsewhere_is_copied_and_the_other_stays),
        WITH_WORLD(test_mode_0600_of_another_user_is_taken_where_we_may_read),
        WITH_WORLD(test_a_file_that_cannot_be_read_stays_and_is_said),
        WITH_WORLD(test_what_is_not_a_finished_file_is_left_alone),
        WITH_WORLD(test_odd_names_lose_nothing),
        WITH_WORLD(test_a_wrong_type_moves_to_rejected_with_the_reason),
        WITH_WORLD(test_too_large_moves_to_rejected),
        WITH_WORLD(test_too_large_for_the_disk_as_well_moves_to_rejected),
        WITH_WORLD(test_rejected_never_follows_a_link),
        WITH_WORLD(test_without_room_the_file_stays_until_there_is_some),
        WITH_WORLD(test_a_claim_left_by_a_crash_is_finished_once_under_its_id),
        WITH_WORLD(test_a_folder_that_goes_and_comes_back),
        WITH_WORLD(test_a_folder_that_is_missing_at_start_is_waited_for),
        WITH_WORLD(test_a_claims_folder_that_is_a_link_is_refused),
        WITH_WORLD(test_two_names_of_one_directory_are_one_folder),
        WITH_WORLD(test_a_link_that_was_claimed_goes_back),
        WITH_WORLD(test_a_claims_folder_that_is_removed_is_made_anew),
        WITH_WORLD(test_a_claim_is_opened_where_it_was_made),
        WITH_WORLD(test_without_the_people_file_files_for_people_stay),
        WITH_WORLD(test_a_route_that_leads_nowhere_is_said_before_a_file_is_touched),
        WITH_WORLD(test_a_note_says_why_and_replaces_only_an_older_note),
        WITH_WORLD(test_a_note_overwrites_nothing_and_follows_no_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
