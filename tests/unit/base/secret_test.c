#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/secret.h"

struct world {
    char dir[64], file[96];
};

static int
setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    if (w == NULL)
        return -1;
    strcpy(w->dir, "/tmp/scanpost-secret-XXXXXX");
    if (mkdtemp(w->dir) == NULL)
        return -1;
    snprintf(w->file, sizeof w->file, "%s/password", w->dir);
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;
    enum sp_rc rc = sp_io_remove_tree(AT_FDCWD, w->dir, NULL);
    free(w);
    return rc == SP_OK ? 0 : -1;
}

static void
put(const struct world *w, const void *bytes, size_t size, mode_t mode)
{
    assert_int_equal(sp_io_put_file(AT_FDCWD, w->file, bytes, size, mode, NULL), SP_OK);
}

static void
test_secret_holds_a_copy(void **state)
{
    (void)state;
    char password[] = "hunter2";
    SP_AUTO(sp_secret_free) struct sp_secret *secret = sp_secret_new(password, strlen(password));
    sp_wipe(password, sizeof password);
    assert_int_equal(password[0], 0);
    assert_string_equal(sp_secret_bytes(secret), "hunter2");
    assert_int_equal(sp_secret_size(secret), 7);
    SP_AUTO(sp_secret_free) struct sp_secret *twin = sp_secret_dup(secret);
    assert_ptr_not_equal(twin, secret);
    assert_true(sp_secret_equal(secret, twin));
}

static void
test_secrets_differ_in_size_or_bytes(void **state)
{
    (void)state;
    SP_AUTO(sp_secret_free) struct sp_secret *a = sp_secret_new("abc", 3);
    SP_AUTO(sp_secret_free) struct sp_secret *b = sp_secret_new("abd", 3);
    SP_AUTO(sp_secret_free) struct sp_secret *shorter = sp_secret_new("ab", 2);
    SP_AUTO(sp_secret_free) struct sp_secret *empty = sp_secret_new("", 0);
    assert_false(sp_secret_equal(a, b));
    assert_false(sp_secret_equal(a, shorter));
    assert_false(sp_secret_equal(shorter, a));
    assert_true(sp_secret_equal(empty, empty));
}

static void
test_impossible_size_is_null(void **state)
{
    (void)state;
    assert_null(sp_secret_new("", SIZE_MAX));
    assert_null(sp_secret_dup(NULL));
    struct sp_secret *none = NULL;
    sp_secret_free(&none);
}

/* The kernel's word for it: the mapping has the flag "dd", do not dump. */
static void
test_secret_is_left_out_of_core_dumps(void **state)
{
    (void)state;
    SP_AUTO(sp_secret_free) struct sp_secret *secret = sp_secret_new("x", 1);
    uintptr_t place = (uintptr_t)sp_secret_bytes(secret);
    FILE *maps = fopen("/proc/self/smaps", "re");
    if (maps == NULL)
        skip();
    char line[512];
    bool ours = false, left_out = false;
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            ours = from <= place && place < to;
        else if (ours && strncmp(line, "VmFlags:", 8) == 0)
            left_out = strstr(line, " dd") != NULL;
    }
    fclose(maps);
    assert_true(left_out);
}

static void
test_file_loses_one_line_end(void **state)
{
    const struct world *w = *state;
    static const char *const rows[][2] = {
        { "pass word", "pass word" }, { "pass\n", "pass" },   { "pass\r\n", "pass" },
        { "pass\n\n", "pass\n" },     { " pass ", " pass " },
    };
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        put(w, rows[i][0], strlen(rows[i][0]), 0640);
        SP_AUTO(sp_secret_free) struct sp_secret *secret = NULL;
        struct sp_err err = { 0 };
        assert_int_equal(sp_secret_from_file(w->file, &secret, &err), SP_OK);
        assert_string_equal(sp_secret_bytes(secret), rows[i][1]);
        assert_int_equal(sp_secret_size(secret), strlen(rows[i][1]));
    }
}

static void
test_file_readable_by_everybody_is_refused_with_the_cure(void **state)
{
    const struct world *w = *state;
    put(w, "hunter2", 7, 0644);
    struct sp_secret *secret = NULL;
    struct sp_err err = { 0 };
    assert_int_equal(sp_secret_from_file(w->file, &secret, &err), SP_E_INVALID);
    assert_null(secret);
    assert_non_null(strstr(err.text, "chmod"));
    assert_non_null(strstr(err.text, w->file));
    assert_null(strstr(err.text, "hunter2"));
}

static void
test_file_without_a_secret_is_refused(void **state)
{
    const struct world *w = *state;
    struct sp_secret *secret = NULL;
    struct sp_err err = { 0 };
    assert_int_equal(sp_secret_from_file(w->file, &secret, &err), SP_E_NOTFOUND);
    put(w, "", 0, 0600);
    assert_int_equal(sp_secret_from_file(w->file, &secret, &err), SP_E_INVALID);
    put(w, "\n", 1, 0600);
    assert_int_equal(sp_secret_from_file(w->file, &secret, &err), SP_E_INVALID);
    assert_int_equal(sp_secret_from_file(w->dir, &secret, &err), SP_E_INVALID);
    assert_int_equal(unlink(w->file), 0);
    assert_int_equal(mkfifo(w->file, 0600), 0);
    assert_int_equal(sp_secret_from_file(w->file, &secret, &err), SP_E_INVALID);
    assert_null(secret);
}

static void
test_file_of_64_kib_is_the_largest(void **state)
{
    const struct world *w = *state;
    enum { LARGEST = 64 * 1024 };
    SP_AUTO_FREE char *bytes = malloc(LARGEST + 1);
    memset(bytes, 'x', LARGEST + 1);
    struct sp_err err = { 0 };
    SP_AUTO(sp_secret_free) struct sp_secret *secret = NULL;
    put(w, bytes, LARGEST + 1, 0600);
    assert_int_equal(sp_secret_from_file(w->file, &secret, &err), SP_E_INVALID);
    put(w, bytes, LARGEST, 0600);
    assert_int_equal(sp_secret_from_file(w->file, &secret, &err), SP_OK);
    assert_int_equal(sp_secret_size(secret), LARGEST);
    assert_int_equal(sp_secret_bytes(secret)[LARGEST], 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_secret_holds_a_copy),
        cmocka_unit_test(test_secrets_differ_in_size_or_bytes),
        cmocka_unit_test(test_impossible_size_is_null),
        cmocka_unit_test(test_secret_is_left_out_of_core_dumps),
        TEST(test_file_loses_one_line_end),
        TEST(test_file_readable_by_everybody_is_refused_with_the_cure),
        TEST(test_file_without_a_secret_is_refused),
        TEST(test_file_of_64_kib_is_the_largest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
