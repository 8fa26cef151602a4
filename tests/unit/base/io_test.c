/* Durable files, in a directory of their own that is gone afterwards. What fsync does for us only a power cut shows;
 * here it is names, modes, limits, links and what is left behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"

struct world {
    char path[64];
    int dir;
};

static int
setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    if (w == NULL)
        return -1;
    strcpy(w->path, "/tmp/scanpost-io-XXXXXX");
    if (mkdtemp(w->path) == NULL || sp_io_open_dir(AT_FDCWD, w->path, &w->dir, NULL) != SP_OK)
        return -1;
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;
    close(w->dir);
    enum sp_rc rc = sp_io_remove_tree(AT_FDCWD, w->path, NULL);
    free(w);
    return rc == SP_OK ? 0 : -1;
}

static void
put(const struct world *w, const char *name, const char *text)
{
    struct sp_err err = { 0 };
    if (sp_io_put_file(w->dir, name, text, strlen(text), 0640, &err) != SP_OK)
        fail_msg("%s", err.text);
}

static void
assert_holds(const struct world *w, const char *name, const char *text)
{
    SP_AUTO(sp_str_free) struct sp_str content = { 0 };
    struct sp_err err = { 0 };
    if (sp_io_read_file(w->dir, name, 1000, &content, &err) != SP_OK)
        fail_msg("%s", err.text);
    assert_string_equal(sp_str_text(&content), text);
}

static bool
exists(const struct world *w, const char *name)
{
    struct stat st;
    return fstatat(w->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static unsigned
entries(const struct world *w)
{
    SP_AUTO_FREE char *command = NULL;
    char line[32] = "0";
    if (asprintf(&command, "ls -A '%s' | wc -l", w->path) < 0)
        return 0;
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_non_null(fgets(line, sizeof line, pipe));
    pclose(pipe);
    return (unsigned)strtoul(line, NULL, 10);
}

static void
test_put_file_is_there_whole_with_its_mode(void **state)
{
    const struct world *w = *state;
    mode_t before = umask(077);
    put(w, "note.txt", "first");
    umask(before);
    assert_holds(w, "note.txt", "first");
    struct stat st;
    assert_int_equal(fstatat(w->dir, "note.txt", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    put(w, "note.txt", "second");
    assert_holds(w, "note.txt", "second");
    assert_int_equal(entries(w), 1);
}

static void
test_put_file_takes_a_path(void **state)
{
    struct world *w = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/deeper", w->path);
    assert_int_equal(sp_io_mkdir_path(path, 0755, NULL), SP_OK);
    put(w, "deeper/x", "below");
    assert_holds(w, "deeper/x", "below");
    snprintf(path, sizeof path, "%s/y", w->path);
    assert_int_equal(sp_io_put_file(AT_FDCWD, path, "abs", 3, 0600, NULL), SP_OK);
    assert_holds(w, "y", "abs");
}

static void
test_failed_put_leaves_nothing_behind(void **state)
{
    const struct world *w = *state;
    struct sp_err err = { 0 };
    assert_int_equal(mkdirat(w->dir, "taken", 0755), 0);
    assert_int_equal(sp_io_put_file(w->dir, "taken", "x", 1, 0600, &err), SP_E_IO);
    assert_non_null(strstr(err.text, "taken"));
    assert_int_equal(entries(w), 1);
    assert_int_equal(sp_io_put_file(w->dir, "absent/x", "x", 1, 0600, &err), SP_E_NOTFOUND);
}

static void
test_put_file_replaces_a_link_not_its_target(void **state)
{
    const struct world *w = *state;
    put(w, "target", "untouched");
    assert_int_equal(symlinkat("target", w->dir, "link"), 0);
    put(w, "link", "new");
    assert_holds(w, "target", "untouched");
    assert_holds(w, "link", "new");
}

static void
test_file_over_the_cap_is_too_large_and_adds_nothing(void **state)
{
    const struct world *w = *state;
    put(w, "ten", "0123456789");
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    sp_str_add(&out, "kept ");
    assert_int_equal(sp_io_read_file(w->dir, "ten", 9, &out, NULL), SP_E_TOO_LARGE);
    assert_string_equal(out.text, "kept ");
    assert_int_equal(sp_io_read_file(w->dir, "ten", 10, &out, NULL), SP_OK);
    assert_string_equal(out.text, "kept 0123456789");
}

static void
test_file_larger_than_a_chunk_is_read_whole(void **state)
{
    const struct world *w = *state;
    enum { SIZE = 100 * 1024 };
    SP_AUTO_FREE char *bytes = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (char)(i / 7);
    assert_int_equal(sp_io_put_file(w->dir, "large", bytes, SIZE, 0600, NULL), SP_OK);
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    assert_int_equal(sp_io_read_file(w->dir, "large", SIZE, &out, NULL), SP_OK);
    assert_int_equal(out.len, SIZE);
    assert_memory_equal(out.text, bytes, SIZE);
}

static void
test_only_regular_files_are_read(void **state)
{
    const struct world *w = *state;
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    put(w, "real", "x");
    assert_int_equal(symlinkat("real", w->dir, "link"), 0);
    assert_int_equal(mkfifoat(w->dir, "fifo", 0600), 0);
    assert_int_equal(mkdirat(w->dir, "dir", 0700), 0);
    assert_int_equal(sp_io_read_file(w->dir, "link", 9, &out, NULL), SP_E_IO);
    assert_int_equal(sp_io_read_file(w->dir, "fifo", 9, &out, NULL), SP_E_INVALID);
    assert_int_equal(sp_io_read_file(w->dir, "dir", 9, &out, NULL), SP_E_INVALID);
    assert_int_equal(sp_io_read_file(w->dir, "absent", 9, &out, NULL), SP_E_NOTFOUND);
    assert_int_equal(out.len, 0);
}

static void
test_read_full_stops_at_the_end_of_the_file(void **state)
{
    const struct world *w = *state;
    put(w, "five", "12345");
    SP_AUTO_CLOSE int fd = openat(w->dir, "five", O_RDONLY | O_CLOEXEC);
    char bytes[16];
    size_t got = 99;
    assert_int_equal(sp_io_read_full(fd, bytes, 3, &got, NULL), SP_OK);
    assert_int_equal(got, 3);
    assert_int_equal(sp_io_read_full(fd, bytes, sizeof bytes, &got, NULL), SP_OK);
    assert_int_equal(got, 2);
    got = 99;
    assert_int_equal(sp_io_read_full(-1, bytes, 1, &got, NULL), SP_E_IO);
    assert_int_equal(got, 99);
}

static void
test_write_all_survives_a_reader_that_takes_little(void **state)
{
    (void)state;
    enum { SIZE = 300 * 1024 };
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t writer = fork();
    if (writer == 0) {
        char *bytes = calloc(1, SIZE);
        enum sp_rc rc = bytes == NULL ? SP_E_NOMEM : sp_io_write_all(ends[1], bytes, SIZE, NULL);
        free(bytes);
        _exit(rc == SP_OK ? 0 : 1);
    }
    close(ends[1]);
    char little[999];
    size_t total = 0;
    for (ssize_t n; (n = read(ends[0], little, sizeof little)) > 0;)
        total += (size_t)n;
    close(ends[0]);
    int status = -1;
    assert_int_equal(waitpid(writer, &status, 0), writer);
    assert_int_equal(status, 0);
    assert_int_equal(total, SIZE);
}

static void
test_mkdir_path_makes_what_is_missing_and_keeps_what_is_there(void **state)
{
    const struct world *w = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/a//b/c/", w->path);
    assert_int_equal(mkdirat(w->dir, "a", 0700), 0);
    assert_int_equal(sp_io_mkdir_path(path, 0750, NULL), SP_OK);
    assert_int_equal(sp_io_mkdir_path(path, 0777, NULL), SP_OK);
    struct stat st;
    assert_int_equal(fstatat(w->dir, "a", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(fstatat(w->dir, "a/b/c", &st, 0), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(st.st_mode & 0027, 0);
}

static void
test_mkdir_path_through_a_file_fails(void **state)
{
    const struct world *w = *state;
    char path[128];
    put(w, "file", "x");
    snprintf(path, sizeof path, "%s/file", w->path);
    struct sp_err err = { 0 };
    assert_int_equal(sp_io_mkdir_path(path, 0750, &err), SP_E_NOTFOUND);
    snprintf(path, sizeof path, "%s/file/below", w->path);
    assert_int_equal(sp_io_mkdir_path(path, 0750, &err), SP_E_NOTFOUND);
    assert_non_null(strstr(err.text, path));
}

static void
test_remove_tree_removes_links_but_not_what_they_name(void **state)
{
    const struct world *w = *state;
    assert_int_equal(mkdirat(w->dir, "outside", 0700), 0);
    put(w, "outside/precious", "x");
    assert_int_equal(mkdirat(w->dir, "tree", 0700), 0);
    assert_int_equal(mkdirat(w->dir, "tree/inner", 0700), 0);
    put(w, "tree/inner/file", "x");
    put(w, "tree/file", "x");
    assert_int_equal(symlinkat("../outside", w->dir, "tree/link"), 0);
    assert_int_equal(sp_io_remove_tree(w->dir, "tree", NULL), SP_OK);
    assert_false(exists(w, "tree"));
    assert_holds(w, "outside/precious", "x");
}

static void
test_remove_tree_removes_a_file_and_forgives_absence(void **state)
{
    const struct world *w = *state;
    put(w, "file", "x");
    assert_int_equal(sp_io_remove_tree(w->dir, "file", NULL), SP_OK);
    assert_false(exists(w, "file"));
    assert_int_equal(sp_io_remove_tree(w->dir, "file", NULL), SP_OK);
    assert_int_equal(sp_io_remove_tree(w->dir, "no/such/path", NULL), SP_OK);
}

static void
nested(char *path, const char *start, int depth)
{
    strcpy(path, start);
    for (int i = 1; i < depth; i++)
        strcat(path, "/d");
}

static void
test_remove_tree_refuses_to_dig_too_deep(void **state)
{
    const struct world *w = *state;
    char path[128], full[256];
    nested(path, "deep", 9);
    snprintf(full, sizeof full, "%s/%s", w->path, path);
    assert_int_equal(sp_io_mkdir_path(full, 0700, NULL), SP_OK);
    assert_int_equal(sp_io_remove_tree(w->dir, "deep", NULL), SP_E_INVALID);
    assert_true(exists(w, path));
    assert_int_equal(sp_io_remove_tree(w->dir, "deep/d", NULL), SP_OK);
    assert_int_equal(sp_io_remove_tree(w->dir, "deep", NULL), SP_OK);
}

static void
test_room_is_told(void **state)
{
    const struct world *w = *state;
    uint64_t bytes = 0;
    assert_int_equal(sp_io_room(w->dir, &bytes, NULL), SP_OK);
    assert_true(bytes > 0);
    assert_int_equal(sp_io_room(-1, &bytes, NULL), SP_E_IO);
}

static void
test_lock_is_held_until_its_descriptor_is_closed(void **state)
{
    const struct world *w = *state;
    int first = -1, second = -1;
    struct sp_err err = { 0 };
    assert_int_equal(sp_io_lock(w->dir, "lock", 0600, &first, &err), SP_OK);
    assert_int_equal(sp_io_lock(w->dir, "lock", 0600, &second, &err), SP_E_BUSY);
    assert_int_equal(second, -1);
    close(first);
    assert_int_equal(sp_io_lock(w->dir, "lock", 0600, &second, &err), SP_OK);
    close(second);
}

static bool
is_awake(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    return poll(&p, 1, 0) == 1;
}

static void
test_waking_twice_is_waking_once_until_drained(void **state)
{
    (void)state;
    SP_AUTO_CLOSE int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert_false(is_awake(fd));
    sp_wake(fd);
    sp_wake(fd);
    assert_true(is_awake(fd));
    sp_wake_drain(fd);
    assert_false(is_awake(fd));
    sp_wake_drain(fd);
    assert_false(is_awake(fd));
}

static void
test_waking_somebody_overfull_or_nobody_returns(void **state)
{
    (void)state;
    SP_AUTO_CLOSE int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    const uint64_t full = UINT64_MAX - 1;
    assert_int_equal(write(fd, &full, sizeof full), sizeof full);
    sp_wake(fd);
    assert_true(is_awake(fd));
    sp_wake(-1);
    sp_wake_drain(-1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_put_file_is_there_whole_with_its_mode),
        TEST(test_put_file_takes_a_path),
        TEST(test_failed_put_leaves_nothing_behind),
        TEST(test_put_file_replaces_a_link_not_its_target),
        TEST(test_file_over_the_cap_is_too_large_and_adds_nothing),
        TEST(test_file_larger_than_a_chunk_is_read_whole),
        TEST(test_only_regular_files_are_read),
        TEST(test_read_full_stops_at_the_end_of_the_file),
        TEST(test_write_all_survives_a_reader_that_takes_little),
        TEST(test_mkdir_path_makes_what_is_missing_and_keeps_what_is_there),
        TEST(test_mkdir_path_through_a_file_fails),
        TEST(test_remove_tree_removes_links_but_not_what_they_name),
        TEST(test_remove_tree_removes_a_file_and_forgives_absence),
        TEST(test_remove_tree_refuses_to_dig_too_deep),
        TEST(test_room_is_told),
        TEST(test_lock_is_held_until_its_descriptor_is_closed),
        cmocka_unit_test(test_waking_twice_is_waking_once_until_drained),
        cmocka_unit_test(test_waking_somebody_overfull_or_nobody_returns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
