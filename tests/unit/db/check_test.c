/* check_test.c - a check from the wish to its end. */
#include "unit/db/db_world.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "db/check.h"

static void
add(struct world *w, const char *method, const char *send_to, char id[SP_ULID_SIZE])
{
    new_id(NOW_MS, id);
    assert_ok(w, sp_check_add(w->db, id, method, send_to, NOW_MS, &w->err));
}

static struct sp_check_run *
run_of(struct world *w, const char *id)
{
    struct sp_check_run *run = NULL;
    assert_ok(w, sp_check_load(w->db, id, &run, &w->err));
    return run;
}

static void
finish(struct world *w, const char *id, const char *result)
{
    assert_ok(w, sp_check_begin(w->db, id, &w->err));
    assert_ok(w, sp_check_end(w->db, id, result, NOW_MS + 5, &w->err));
}

static void
test_a_new_check_waits_and_the_oldest_is_next(void **state)
{
    struct world *w = *state;
    char first[SP_ULID_SIZE], second[SP_ULID_SIZE];
    struct sp_check_order order;
    assert_int_equal(sp_check_next(w->db, &order, &w->err), SP_E_NOTFOUND);
    add(w, "direct", "", first);
    add(w, "submission", "it@contoso.com", second);
    assert_ok(w, sp_check_next(w->db, &order, &w->err));
    assert_string_equal(order.id, first);
    assert_string_equal(order.method, "direct");
    finish(w, first, "ok");
    assert_ok(w, sp_check_next(w->db, &order, &w->err));
    assert_string_equal(order.id, second);
    assert_string_equal(order.send_to, "it@contoso.com");
}

static void
test_steps_are_seen_in_their_order_while_it_runs(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    const struct sp_check_step dns = { "dns", "ok", "Endpoint", "mx.contoso.com", NULL, NULL, NOW_MS };
    const struct sp_check_step rcpt = { "rcpt", "failed", "Recipient", "blocked", "ask", "550 5.7.606", NOW_MS + 1 };
    add(w, "direct", "", id);
    assert_ok(w, sp_check_begin(w->db, id, &w->err));
    assert_ok(w, sp_check_tell(w->db, id, &dns, &w->err));
    assert_ok(w, sp_check_tell(w->db, id, &rcpt, &w->err));
    SP_AUTO(sp_check_free) struct sp_check_run *run = run_of(w, id);
    assert_string_equal(sp_check_state_name(run->state), "running");
    assert_string_equal(run->result, "");
    assert_int_equal(run->n_steps, 2);
    assert_string_equal(run->steps[0].text, "mx.contoso.com");
    assert_string_equal(run->steps[0].fix, "");
    assert_string_equal(run->steps[1].reply, "550 5.7.606");
    assert_int_equal(run->steps[1].at, NOW_MS + 1);
}

static void
test_only_a_check_that_runs_takes_steps_and_ends(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    const struct sp_check_step step = { .stage = "dns", .outcome = "ok" };
    add(w, "direct", "", id);
    assert_int_equal(sp_check_tell(w->db, id, &step, &w->err), SP_E_CONFLICT);
    assert_int_equal(sp_check_end(w->db, id, "ok", NOW_MS, &w->err), SP_E_CONFLICT);
    finish(w, id, "failed");
    assert_int_equal(sp_check_begin(w->db, id, &w->err), SP_E_CONFLICT);
    assert_int_equal(sp_check_tell(w->db, id, &step, &w->err), SP_E_CONFLICT);
    SP_AUTO(sp_check_free) struct sp_check_run *run = run_of(w, id);
    assert_int_equal(run->state, SP_CHECK_DONE);
    assert_string_equal(run->result, "failed");
    assert_int_equal(run->finished, NOW_MS + 5);
}

static void
test_a_crash_interrupts_and_repeats_nothing(void **state)
{
    struct world *w = *state;
    char running[SP_ULID_SIZE], waiting[SP_ULID_SIZE];
    struct sp_check_order order;
    add(w, "direct", "it@contoso.com", running);
    add(w, "direct", "", waiting);
    assert_ok(w, sp_check_begin(w->db, running, &w->err));
    assert_ok(w, sp_check_recover(w->db, NOW_MS + 9, &w->err));
    SP_AUTO(sp_check_free) struct sp_check_run *run = run_of(w, running);
    assert_string_equal(run->result, "interrupted");
    assert_ok(w, sp_check_next(w->db, &order, &w->err));
    assert_string_equal(order.id, waiting);
}

static void
test_the_last_result_of_each_method(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    struct sp_check_last lasts[4];
    size_t count = 0;
    add(w, "direct", "", id);
    finish(w, id, "failed");
    add(w, "submission", "", id);
    finish(w, id, "failed");
    add(w, "direct", "", id);
    finish(w, id, "ok");
    add(w, "direct", "", id); /* waits: says nothing yet */
    assert_ok(w, sp_check_lasts(w->db, lasts, SP_LEN(lasts), &count, &w->err));
    assert_int_equal(count, 2);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(lasts[i].result, strcmp(lasts[i].method, "direct") == 0 ? "ok" : "failed");
}

static void
test_old_ones_are_forgotten_and_too_many_are_refused(void **state)
{
    struct world *w = *state;
    char first[SP_ULID_SIZE], id[SP_ULID_SIZE];
    struct sp_check_run *run = NULL;
    add(w, "direct", "", first);
    finish(w, first, "ok");
    for (int i = 0; i < SP_CHECKS_KEPT; i++) {
        add(w, "direct", "", id);
        finish(w, id, "ok");
    }
    assert_int_equal(sp_check_load(w->db, first, &run, &w->err), SP_E_NOTFOUND);
    for (int i = 0; i < SP_CHECKS_WAITING_MAX; i++)
        add(w, "direct", "", id);
    new_id(NOW_MS, id);
    assert_int_equal(sp_check_add(w->db, id, "direct", "", NOW_MS, &w->err), SP_E_BUSY);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_new_check_waits_and_the_oldest_is_next, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_steps_are_seen_in_their_order_while_it_runs, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_only_a_check_that_runs_takes_steps_and_ends, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_a_crash_interrupts_and_repeats_nothing, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_the_last_result_of_each_method, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_old_ones_are_forgotten_and_too_many_are_refused, setup_world,
                                        teardown_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
