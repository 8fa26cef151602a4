/* spool_test.c - entries from begin to removal, what a crash leaves, and what somebody else put there. */
#include "unit/db/db_world.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "db/spool_place.h"

static const char hello_sum[] = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

static struct sp_spool *
open_spool(struct world *w)
{
    struct sp_spool *spool = NULL;
    assert_ok(w, sp_spool_open(w->dir, &spool, &w->err));
    return spool;
}

/* where: "" for published entries, ".new/", ".old/" */
static bool
there(const struct world *w, const char *where, const char *id)
{
    char path[160];
    struct stat st;
    snprintf(path, sizeof(path), "%s/spool/%s%s", w->dir, where, id);
    return lstat(path, &st) == 0;
}

static mode_t
mode_of(const struct world *w, const char *id, const char *file)
{
    char path[160];
    struct stat st;
    snprintf(path, sizeof(path), "%s/spool/%s%s", w->dir, id, file);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void
publish_new(struct world *w, struct sp_spool *spool, char id[SP_ULID_SIZE])
{
    new_id(NOW_MS, id);
    struct sp_job *job = make_job(id);
    publish(w, spool, job, NULL);
    sp_job_free(&job);
}

static void
test_a_published_entry_is_read_by_the_group(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    char got[8] = "";
    struct sp_str json = { 0 };
    int fd = -1;
    mode_t before = umask(077);
    struct sp_spool *spool = open_spool(w);
    publish_new(w, spool, id);
    umask(before);
    assert_ok(w, sp_spool_read(spool, id, 1, &fd, &w->err));
    assert_int_equal(read(fd, got, sizeof(got)), 5);
    assert_string_equal(got, "hello");
    close(fd);
    assert_ok(w, sp_spool_envelope(spool, id, &json, &w->err));
    assert_non_null(strstr(sp_str_text(&json), id));
    sp_str_free(&json);
    assert_int_equal(mode_of(w, "", ""), 02770);
    assert_int_equal(mode_of(w, id, ""), 02770);
    assert_int_equal(mode_of(w, id, "/1"), 0660);
    assert_int_equal(mode_of(w, id, "/envelope.json"), 0660);
    assert_false(there(w, ".new/", id));
    sp_spool_close(&spool);
}

static void
test_absent_documents_and_bad_ids(void **state)
{
    struct world *w = *state;
    struct sp_spool *spool = open_spool(w);
    struct sp_spool_entry *entry = NULL;
    char id[SP_ULID_SIZE];
    int fd = -1;
    publish_new(w, spool, id);
    assert_int_equal(sp_spool_read(spool, id, 2, &fd, &w->err), SP_E_NOTFOUND);
    assert_int_equal(sp_spool_begin(spool, id, &entry, &w->err), SP_E_CONFLICT);
    assert_int_equal(sp_spool_begin(spool, "../x", &entry, &w->err), SP_E_INVALID);
    assert_int_equal(sp_spool_read(spool, "../spool", 1, &fd, &w->err), SP_E_INVALID);
    assert_int_equal(sp_spool_remove(spool, ".new", &w->err), SP_E_INVALID);
    sp_spool_close(&spool);
}

static void
test_several_documents_in_pieces_and_from_a_file(void **state)
{
    struct world *w = *state;
    struct sp_spool *spool = open_spool(w);
    struct sp_spool_entry *entry = NULL;
    char id[SP_ULID_SIZE];
    char sum[SP_SHA256_HEX_SIZE];
    char path[128];
    char got[8] = "";
    uint64_t size = 0;
    snprintf(path, sizeof(path), "%s/source", w->dir);
    SP_AUTO_CLOSE int source = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(source, "hello", 5), 5); /* the offset is at the end: copying starts at 0 all the same */
    new_id(NOW_MS, id);
    assert_ok(w, sp_spool_begin(spool, id, &entry, &w->err));
    assert_int_equal(sp_spool_add(entry, "x", 1, &w->err), SP_E_INVALID);
    assert_ok(w, sp_spool_document(entry, &w->err));
    assert_ok(w, sp_spool_add(entry, "he", 2, &w->err));
    assert_ok(w, sp_spool_add(entry, "llo", 3, &w->err));
    assert_int_equal(sp_spool_document(entry, &w->err), SP_E_INVALID);
    assert_int_equal(sp_spool_publish(entry, "{}", &w->err), SP_E_INVALID);
    assert_ok(w, sp_spool_document_end(entry, &size, sum, &w->err));
    assert_int_equal(size, 5);
    assert_string_equal(sum, hello_sum);
    assert_ok(w, sp_spool_document(entry, &w->err));
    assert_ok(w, sp_spool_add_file(entry, source, 5, &w->err));
    assert_ok(w, sp_spool_document_end(entry, &size, sum, &w->err));
    assert_int_equal(size, 5);
    assert_string_equal(sum, hello_sum);
    assert_int_equal(pread(sp_spool_document_fd(entry, 2), got, 5, 0), 5);
    assert_int_equal(pread(sp_spool_document_fd(entry, 1), got, 5, 0), 5);
    assert_string_equal(got, "hello");
    assert_int_equal(sp_spool_document_fd(entry, 3), -1);
    assert_ok(w, sp_spool_publish(entry, "{}", &w->err));
    sp_spool_entry_free(&entry);
    assert_true(mode_of(w, id, "/2") != 0);
    sp_spool_close(&spool);
}

static struct sp_spool_entry *
finish_one(struct world *w, struct sp_spool *spool, size_t size, char id[SP_ULID_SIZE])
{
    struct sp_spool_entry *entry = NULL;
    char sum[SP_SHA256_HEX_SIZE];
    uint64_t got = 0;
    SP_AUTO_FREE char *bytes = calloc(1, size);
    assert_non_null(bytes);
    new_id(NOW_MS, id);
    assert_ok(w, sp_spool_begin(spool, id, &entry, &w->err));
    assert_ok(w, sp_spool_document(entry, &w->err));
    assert_ok(w, sp_spool_add(entry, bytes, size, &w->err));
    assert_ok(w, sp_spool_document_end(entry, &got, sum, &w->err));
    assert_int_equal(got, size);
    return entry;
}

/* Small ones in a burst are made durable together; a large one among them makes each pay for its own. */
static void
test_a_burst_of_entries_is_published_whole_with_and_without_a_large_one(void **state)
{
    struct world *w = *state;
    struct sp_spool *spool = open_spool(w);
    for (int large = 0; large < 2; large++) {
        struct sp_spool_entry *entries[8];
        char ids[8][SP_ULID_SIZE];
        for (size_t i = 0; i < SP_LEN(entries); i++)
            entries[i] = finish_one(w, spool, large && i == 0 ? 5 << 20 : 5, ids[i]);
        for (size_t i = 0; i < SP_LEN(entries); i++) {
            assert_false(there(w, "", ids[i]));
            assert_ok(w, sp_spool_publish(entries[i], "{}", &w->err));
            sp_spool_entry_free(&entries[i]);
            assert_true(there(w, "", ids[i]));
            assert_int_equal(mode_of(w, ids[i], "/1"), 0660);
        }
    }
    sp_spool_close(&spool);
}

static int syncs_to_fail;

static int
fail_at_first(int fd)
{
    (void)fd;
    errno = EIO;
    return syncs_to_fail-- > 0 ? -1 : 0;
}

/* The kernel tells of a write that failed once: the syncfs that hears of it may be another's. */
static void
test_a_disk_that_fails_once_fails_all_whose_bytes_it_may_have_lost(void **state)
{
    struct world *w = *state;
    struct sp_spool *spool = open_spool(w);
    struct sp_spool_entry *entries[6], *later = NULL;
    char ids[6][SP_ULID_SIZE], id[SP_ULID_SIZE];
    for (size_t i = 0; i < SP_LEN(entries); i++)
        entries[i] = finish_one(w, spool, 5, ids[i]);
    spool->all.fn = fail_at_first;
    syncs_to_fail = 1;
    assert_int_equal(sp_spool_publish(entries[5], "{}", &w->err), SP_E_IO);
    later = finish_one(w, spool, 5, id);
    assert_int_equal(sp_spool_publish(entries[4], "{}", &w->err), SP_E_IO);
    assert_ok(w, sp_spool_publish(later, "{}", &w->err));
    assert_true(there(w, "", id));
    sp_spool_entry_free(&later);
    for (size_t i = 0; i < SP_LEN(entries); i++) {
        sp_spool_entry_free(&entries[i]);
        assert_false(there(w, "", ids[i]));
    }
    sp_spool_close(&spool);
}

static void
test_a_file_over_the_limit_is_too_large_and_leaves_nothing(void **state)
{
    struct world *w = *state;
    struct sp_spool *spool = open_spool(w);
    struct sp_spool_entry *entry = NULL;
    char id[SP_ULID_SIZE];
    char path[128];
    snprintf(path, sizeof(path), "%s/source", w->dir);
    SP_AUTO_CLOSE int source = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(ftruncate(source, 307200), 0);
    new_id(NOW_MS, id);
    assert_ok(w, sp_spool_begin(spool, id, &entry, &w->err));
    assert_ok(w, sp_spool_document(entry, &w->err));
    assert_int_equal(sp_spool_add_file(entry, source, 307199, &w->err), SP_E_TOO_LARGE);
    sp_spool_entry_free(&entry);
    assert_false(there(w, ".new/", id));
    assert_false(there(w, "", id));
    sp_spool_close(&spool);
}

static void
test_removed_is_gone_and_absent_is_fine(void **state)
{
    struct world *w = *state;
    struct sp_spool *spool = open_spool(w);
    char id[SP_ULID_SIZE];
    int fd = -1;
    publish_new(w, spool, id);
    assert_ok(w, sp_spool_remove(spool, id, &w->err));
    assert_false(there(w, "", id));
    assert_false(there(w, ".old/", id));
    assert_int_equal(sp_spool_read(spool, id, 1, &fd, &w->err), SP_E_NOTFOUND);
    assert_ok(w, sp_spool_remove(spool, id, &w->err));
    sp_spool_close(&spool);
}

static void
make_leftover(const struct world *w, const char *where, const char *id)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/spool/%s/%s", w->dir, where, id);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/spool/%s/%s/1", w->dir, where, id);
    SP_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
}

static void
test_what_a_crash_left_is_swept_or_replaced(void **state)
{
    struct world *w = *state;
    struct sp_spool *spool = open_spool(w);
    char half[SP_ULID_SIZE];
    char again[SP_ULID_SIZE];
    char old[SP_ULID_SIZE];
    new_id(NOW_MS, half);
    new_id(NOW_MS, again);
    make_leftover(w, ".new", half);
    make_leftover(w, ".new", again);
    struct sp_job *job = make_job(again);
    publish(w, spool, job, NULL); /* begins over the leftover */
    sp_job_free(&job);
    publish_new(w, spool, old);
    make_leftover(w, ".old", old);
    assert_ok(w, sp_spool_remove(spool, old, &w->err));
    assert_false(there(w, ".old/", old));
    make_leftover(w, ".old", old);
    assert_ok(w, sp_spool_sweep(spool, &w->err));
    assert_false(there(w, ".new/", half));
    assert_false(there(w, ".old/", old));
    assert_true(there(w, "", again));
    sp_spool_close(&spool);
}

static void
replace_document(const struct world *w, const char *id, char path[160])
{
    snprintf(path, 160, "%s/spool/%s/1", w->dir, id);
    assert_int_equal(unlink(path), 0);
}

static void
test_links_and_fifos_in_place_of_files_are_refused(void **state)
{
    struct world *w = *state;
    struct sp_spool *spool = open_spool(w);
    struct sp_str json = { 0 };
    char id[SP_ULID_SIZE];
    char path[160];
    int fd = -1;
    publish_new(w, spool, id);
    replace_document(w, id, path);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_not_equal(sp_spool_read(spool, id, 1, &fd, &w->err), SP_OK);
    replace_document(w, id, path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_not_equal(sp_spool_read(spool, id, 1, &fd, &w->err), SP_OK); /* and does not hang */
    snprintf(path, sizeof(path), "%s/spool/%s/envelope.json", w->dir, id);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_not_equal(sp_spool_envelope(spool, id, &json, &w->err), SP_OK);
    sp_str_free(&json);
    new_id(NOW_MS, id);
    snprintf(path, sizeof(path), "%s/spool/%s", w->dir, id);
    assert_int_equal(symlink("/etc", path), 0);
    assert_int_not_equal(sp_spool_read(spool, id, 1, &fd, &w->err), SP_OK);
    assert_int_equal(fd, -1);
    sp_spool_close(&spool);
}

static void
test_removing_a_link_leaves_what_it_points_to(void **state)
{
    struct world *w = *state;
    struct sp_spool *spool = open_spool(w);
    char id[SP_ULID_SIZE];
    char path[160];
    char victim[128];
    struct stat st;
    snprintf(victim, sizeof(victim), "%s/victim", w->dir);
    assert_int_equal(mkdir(victim, 0700), 0);
    new_id(NOW_MS, id);
    snprintf(path, sizeof(path), "%s/spool/%s", w->dir, id);
    assert_int_equal(symlink(victim, path), 0);
    assert_ok(w, sp_spool_remove(spool, id, &w->err));
    assert_int_equal(stat(victim, &st), 0);
    assert_int_not_equal(lstat(path, &st), 0);
    sp_spool_close(&spool);
}

static enum sp_rc
count_one(void *context, const char *id, struct sp_err *err)
{
    (void)id;
    int *left = context;
    return --*left >= 0 ? SP_OK : sp_fail(err, SP_E_CLOSED, "enough");
}

static void
test_each_sees_entries_only_and_stops_when_told(void **state)
{
    struct world *w = *state;
    struct sp_spool *spool = open_spool(w);
    char id[SP_ULID_SIZE];
    char path[160];
    int left = 100;
    for (int i = 0; i < 3; i++)
        publish_new(w, spool, id);
    new_id(NOW_MS, id);
    snprintf(path, sizeof(path), "%s/spool/%s", w->dir, id);
    assert_int_equal(symlink("/etc", path), 0);
    snprintf(path, sizeof(path), "%s/spool/lost+found", w->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_ok(w, sp_spool_each(spool, count_one, &left, &w->err));
    assert_int_equal(left, 97);
    left = 1;
    assert_int_equal(sp_spool_each(spool, count_one, &left, &w->err), SP_E_CLOSED);
    sp_spool_close(&spool);
}

/* Publishers share fsyncs; each keeps what it needs and none waits for ever. */
struct publisher {
    struct sp_spool *spool;
    int failures;
    pthread_t thread;
};

static enum sp_rc
publish_empty(struct sp_spool *spool)
{
    char id[SP_ULID_SIZE];
    char sum[SP_SHA256_HEX_SIZE];
    uint64_t size = 0;
    struct sp_spool_entry *entry = NULL;
    new_id(NOW_MS, id);
    enum sp_rc rc = sp_spool_begin(spool, id, &entry, NULL);
    if (rc == SP_OK)
        rc = sp_spool_document(entry, NULL);
    if (rc == SP_OK)
        rc = sp_spool_document_end(entry, &size, sum, NULL);
    if (rc == SP_OK)
        rc = sp_spool_publish(entry, "{}", NULL);
    sp_spool_entry_free(&entry);
    return rc;
}

static void *
publish_many(void *context)
{
    struct publisher *publisher = context;
    for (int i = 0; i < 20; i++)
        publisher->failures += publish_empty(publisher->spool) != SP_OK;
    return NULL;
}

static void
test_publishers_at_the_same_time(void **state)
{
    struct world *w = *state;
    struct sp_spool *spool = open_spool(w);
    struct publisher publishers[4];
    int left = 1000;
    for (size_t i = 0; i < 4; i++) {
        publishers[i] = (struct publisher){ .spool = spool };
        assert_int_equal(pthread_create(&publishers[i].thread, NULL, publish_many, &publishers[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(publishers[i].thread, NULL);
        assert_int_equal(publishers[i].failures, 0);
    }
    assert_ok(w, sp_spool_each(spool, count_one, &left, &w->err));
    assert_int_equal(left, 1000 - 80);
    sp_spool_close(&spool);
}

static void
test_room_is_told(void **state)
{
    struct world *w = *state;
    struct sp_spool *spool = open_spool(w);
    uint64_t room = 0;
    assert_ok(w, sp_spool_room(spool, &room, &w->err));
    assert_true(room > 0);
    sp_spool_close(&spool);
}

#define SPOOL_TEST(name) cmocka_unit_test_setup_teardown(name, setup_empty_world, teardown_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SPOOL_TEST(test_a_published_entry_is_read_by_the_group),
        SPOOL_TEST(test_absent_documents_and_bad_ids),
        SPOOL_TEST(test_several_documents_in_pieces_and_from_a_file),
        SPOOL_TEST(test_a_burst_of_entries_is_published_whole_with_and_without_a_large_one),
        SPOOL_TEST(test_a_disk_that_fails_once_fails_all_whose_bytes_it_may_have_lost),
        SPOOL_TEST(test_a_file_over_the_limit_is_too_large_and_leaves_nothing),
        SPOOL_TEST(test_removed_is_gone_and_absent_is_fine),
        SPOOL_TEST(test_what_a_crash_left_is_swept_or_replaced),
        SPOOL_TEST(test_links_and_fifos_in_place_of_files_are_refused),
        SPOOL_TEST(test_removing_a_link_leaves_what_it_points_to),
        SPOOL_TEST(test_each_sees_entries_only_and_stops_when_told),
        SPOOL_TEST(test_publishers_at_the_same_time),
        SPOOL_TEST(test_room_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
