#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/ulid.h"

static void
test_ulid_carries_its_moment(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *head;
    } rows[] = {
        { 1, "0000000001" },
        { 1469918176385, "01ARYZ6S41" }, /* the example of the specification */
        { 281474976710655, "7ZZZZZZZZZ" },
    };
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        struct sp_ulid_gen gen = SP_ULID_GEN_INIT;
        char id[SP_ULID_SIZE];
        sp_ulid_new(&gen, rows[i].ms, id);
        assert_int_equal(strlen(id), SP_ULID_LEN);
        assert_memory_equal(id, rows[i].head, 10);
        assert_true(sp_ulid_valid(id));
        assert_int_equal(sp_ulid_ms(id), rows[i].ms);
    }
}

static void
test_ids_rise_when_the_clock_stands_or_steps_back(void **state)
{
    (void)state;
    struct sp_ulid_gen gen = SP_ULID_GEN_INIT;
    char last[SP_ULID_SIZE] = "", id[SP_ULID_SIZE];
    int64_t now = 1795435200000;
    for (int i = 0; i < 5000; i++) {
        sp_ulid_new(&gen, i % 3 == 0 ? now - i : now, id);
        assert_true(strcmp(id, last) > 0);
        strcpy(last, id);
    }
}

static void
test_ids_rise_when_the_random_bits_are_used_up(void **state)
{
    (void)state;
    struct sp_ulid_gen gen = SP_ULID_GEN_INIT;
    char last[SP_ULID_SIZE], id[SP_ULID_SIZE];
    gen.last_ms = 1795435200000;
    memset(gen.last_random, 0xff, sizeof gen.last_random);
    gen.last_random[9] = 0xfe;
    sp_ulid_new(&gen, 1795435200000, last);
    assert_string_equal(last + 10, "ZZZZZZZZZZZZZZZZ");
    sp_ulid_new(&gen, 1795435200000, id);
    assert_true(strcmp(id, last) > 0);
    assert_int_equal(sp_ulid_ms(id), 1795435200001);
}

static void
test_increment_carries_over_bytes(void **state)
{
    (void)state;
    struct sp_ulid_gen gen = SP_ULID_GEN_INIT;
    char id[SP_ULID_SIZE];
    gen.last_ms = 5000;
    memset(gen.last_random, 0, sizeof gen.last_random);
    memset(gen.last_random + 2, 0xff, 8);
    sp_ulid_new(&gen, 4000, id);
    assert_string_equal(id, "00000004W8000G000000000000");
}

static void
test_absurd_clock_makes_a_valid_id(void **state)
{
    (void)state;
    static const int64_t clocks[] = { INT64_MIN, -1, INT64_MAX };
    for (size_t i = 0; i < SP_LEN(clocks); i++) {
        struct sp_ulid_gen gen = SP_ULID_GEN_INIT;
        char id[SP_ULID_SIZE];
        sp_ulid_new(&gen, clocks[i], id);
        assert_true(sp_ulid_valid(id));
    }
}

static void
test_what_is_no_ulid_is_no_file_name(void **state)
{
    (void)state;
    assert_true(sp_ulid_valid("01ARYZ6S41TSV4RRFFQ69G5FAV"));
    static const char *const bad[] = {
        "",
        "01ARYZ6S41TSV4RRFFQ69G5FA",
        "01ARYZ6S41TSV4RRFFQ69G5FAVX",
        "01aryz6s41tsv4rrffq69g5fav",
        "81ARYZ6S41TSV4RRFFQ69G5FAV",
        "01ARYZ6S41TSV4RRFFQ69G5FAI",
        "01ARYZ6S41TSV4RRFFQ69G5FAL",
        "01ARYZ6S41TSV4RRFFQ69G5FAO",
        "01ARYZ6S41TSV4RRFFQ69G5FAU",
        "../../../../../etc/passwd.",
        "01ARYZ6S41TSV4RRFFQ69G5FA\n",
    };
    for (size_t i = 0; i < SP_LEN(bad); i++)
        if (sp_ulid_valid(bad[i]))
            fail_msg("taken: %s", bad[i]);
}

enum { THREADS = 4, EACH = 2000 };

struct maker {
    struct sp_ulid_gen *gen;
    char (*ids)[SP_ULID_SIZE];
};

static void *
make_many(void *arg)
{
    const struct maker *m = arg;
    for (size_t i = 0; i < EACH; i++)
        sp_ulid_new(m->gen, 1795435200000, m->ids[i]);
    return NULL;
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void
test_threads_never_get_the_same_id(void **state)
{
    (void)state;
    static char ids[THREADS * EACH][SP_ULID_SIZE];
    struct sp_ulid_gen gen = SP_ULID_GEN_INIT;
    pthread_t threads[THREADS];
    struct maker makers[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        makers[i] = (struct maker){ &gen, ids + i * EACH };
        assert_int_equal(pthread_create(&threads[i], NULL, make_many, &makers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    qsort(ids, SP_LEN(ids), sizeof ids[0], by_text);
    for (size_t i = 1; i < SP_LEN(ids); i++)
        assert_string_not_equal(ids[i - 1], ids[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ulid_carries_its_moment),
        cmocka_unit_test(test_ids_rise_when_the_clock_stands_or_steps_back),
        cmocka_unit_test(test_ids_rise_when_the_random_bits_are_used_up),
        cmocka_unit_test(test_increment_carries_over_bytes),
        cmocka_unit_test(test_absurd_clock_makes_a_valid_id),
        cmocka_unit_test(test_what_is_no_ulid_is_no_file_name),
        cmocka_unit_test(test_threads_never_get_the_same_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
