/* plan_test.c - which method a job takes, and what is said of the others. */
#include "backend/delivery/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NOON = 1000000000, HOUR = 3600000 };

static const char *const inside[] = { "a@contoso.com" };
static const char *const mixed[] = { "a@contoso.com", "b@fabrikam.com" };

struct world {
    struct sp_tenant_settings tenant;
    struct sp_method_settings direct, submission, relay;
    struct sp_plan_way ways[3];
    struct sp_plan_job job;
    struct sp_plan plan;
};

static struct sp_method_settings
method(const char *name, enum sp_method_type type)
{
    return (struct sp_method_settings){
        .name = name, .type = type, .tenant = "contoso", .enabled = true, .max_size = 35u << 20
    };
}

static void
world_begin(struct world *w)
{
    static const char *domains[] = { "contoso.com" };
    memset(w, 0, sizeof *w);
    w->tenant.name = "contoso";
    w->tenant.domain = "contoso.com";
    w->tenant.accepted_domains = (struct sp_texts){ domains, 1 };
    w->direct = method("direct", SP_TYPE_DIRECT);
    w->submission = method("submission", SP_TYPE_SUBMISSION);
    w->relay = method("relay", SP_TYPE_RELAY);
    w->ways[0] = (struct sp_plan_way){ .settings = &w->direct, .reason = "" };
    w->ways[1] = (struct sp_plan_way){ .settings = &w->submission, .reason = "" };
    w->ways[2] = (struct sp_plan_way){ .settings = &w->relay, .unable = "not in this version", .reason = "" };
    w->job = (struct sp_plan_job){
        .tenant = &w->tenant, .recipients = inside, .n_recipients = 1, .message_size = 1000, .only_method = ""
    };
}

static void
proven(struct sp_plan_way *way)
{
    way->health.state = SP_WAY_UP;
    way->health.proven_at = 1;
}

static void
down(struct sp_plan_way *way, int64_t until)
{
    way->health.state = SP_WAY_DOWN;
    way->health.retry_at = until;
    way->reason = "the address is blocked";
}

static const char *
first(struct world *w)
{
    sp_plan_make(&w->job, w->ways, 3, NOON, &w->plan);
    return w->plan.count > 0 ? w->plan.order[0]->settings->name : "none";
}

static const struct sp_plan_line *
line_of(const struct world *w, const char *name)
{
    for (size_t i = 0; i < w->plan.n_lines; i++)
        if (strcmp(w->plan.lines[i].method, name) == 0)
            return &w->plan.lines[i];
    fail_msg("no line for %s", name);
    abort(); /* fail_msg does not come back, which the analyzer cannot know */
}

static void
test_unproven_ways_that_sign_in_go_before_direct(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    assert_string_equal(first(&w), "submission");
    assert_true(line_of(&w, "submission")->chosen);
    assert_string_equal(line_of(&w, "direct")->reason, "ready; comes after submission");
}

static void
test_proven_direct_goes_first_for_internal_recipients(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    proven(&w.ways[0]);
    proven(&w.ways[1]);
    assert_string_equal(first(&w), "direct");
    assert_string_equal(line_of(&w, "direct")->reason, "proven, and all recipients are internal");
}

static void
test_proven_submission_goes_before_unproven_direct(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    proven(&w.ways[1]);
    assert_string_equal(first(&w), "submission");
}

static void
test_external_recipient_rules_direct_out(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    proven(&w.ways[0]);
    w.job.recipients = mixed;
    w.job.n_recipients = 2;
    assert_string_equal(first(&w), "submission");
    assert_string_equal(line_of(&w, "direct")->reason,
                        "reaches recipients inside the tenant only, and 1 of 2 are outside");
}

static void
test_split_only_when_no_method_reaches_all(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    proven(&w.ways[0]);
    w.job.recipients = mixed;
    w.job.n_recipients = 2;
    assert_string_equal(first(&w), "submission");
    assert_false(w.plan.inside_only);
    down(&w.ways[1], NOON + HOUR); /* it will reach all: that is waited for */
    assert_string_equal(first(&w), "none");
    assert_true(w.plan.may_wait);
    w.submission.enabled = false;
    assert_string_equal(first(&w), "direct");
    assert_true(w.plan.inside_only);
    assert_string_equal(line_of(&w, "direct")->reason,
                        "no method reaches all: this one takes the mail to 1 of 2, those inside; proven, and all "
                        "recipients are internal");
    w.job.recipients = &mixed[1]; /* whom that leaves */
    w.job.n_recipients = 1;
    assert_string_equal(first(&w), "none");
    assert_false(w.plan.may_wait);
}

static void
test_more_recipients_than_a_method_takes(void **state)
{
    (void)state;
    struct world w;
    const char *many[120];
    world_begin(&w);
    for (size_t i = 0; i < 120; i++)
        many[i] = inside[0];
    proven(&w.ways[0]);
    w.job.recipients = many;
    w.job.n_recipients = 120;
    w.direct.max_recipients = 50;
    assert_string_equal(first(&w), "submission");
    assert_int_equal(w.plan.at_most, 0);
    assert_string_equal(line_of(&w, "direct")->reason, "the mail has 120 recipients, max-recipients of direct is 50");
    w.submission.enabled = false;
    assert_string_equal(first(&w), "direct");
    assert_int_equal(w.plan.at_most, 50);
    many[119] = mixed[1];
    assert_string_equal(first(&w), "direct");
    assert_int_equal(w.plan.at_most, 50);
    assert_true(w.plan.inside_only);
    w.job.n_recipients = 50;
    assert_string_equal(first(&w), "direct");
    assert_int_equal(w.plan.at_most, 0);
    assert_false(w.plan.inside_only);
}

static void
test_explicit_order_is_obeyed_even_unproven(void **state)
{
    (void)state;
    static const char *order[] = { "direct", "submission" };
    struct world w;
    world_begin(&w);
    proven(&w.ways[1]);
    w.tenant.methods = (struct sp_texts){ order, 2 };
    assert_string_equal(first(&w), "direct");
    assert_string_equal(line_of(&w, "relay")->reason, "not in the order that `methods` of tenant contoso gives");
}

static void
test_down_method_is_skipped_with_reason_and_time(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    proven(&w.ways[0]);
    down(&w.ways[0], NOON + HOUR);
    assert_string_equal(first(&w), "submission");
    const char *reason = line_of(&w, "direct")->reason;
    assert_non_null(strstr(reason, "down: the address is blocked, tried again at "));
}

static void
test_all_down_waits_for_the_first_to_come_back(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    down(&w.ways[0], NOON + 2 * HOUR);
    down(&w.ways[1], NOON + HOUR);
    assert_string_equal(first(&w), "none");
    assert_true(w.plan.may_wait);
    assert_int_equal(w.plan.look_again, NOON + HOUR);
}

static void
test_down_method_whose_time_is_over_is_tried(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    down(&w.ways[1], NOON);
    assert_string_equal(first(&w), "submission");
    w.ways[1].probing = true;
    assert_string_equal(first(&w), "direct");
}

static void
test_method_that_was_tried_is_out(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    w.ways[1].tried = "tried just now: refused";
    assert_string_equal(first(&w), "direct");
    w.ways[0].tried = "tried just now: refused";
    assert_string_equal(first(&w), "none");
    assert_false(w.plan.may_wait);
}

static void
test_nothing_configured_says_so(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    sp_plan_make(&w.job, NULL, 0, NOON, &w.plan);
    assert_int_equal(w.plan.count, 0);
    assert_false(w.plan.may_wait);
    assert_string_equal(line_of(&w, "graph")->reason, "not configured");
}

static void
test_too_large_for_one_goes_by_another(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    w.submission.max_size = 10u << 20;
    w.job.message_size = 20u << 20;
    assert_string_equal(first(&w), "direct");
    assert_string_equal(line_of(&w, "submission")->reason,
                        "the mail has 20.0 MB, max-size of submission is 10.0 MB; max-size = 20M would let it through, "
                        "where the mailboxes take as much");
}

static void
test_too_large_for_what_a_way_can_at_all_says_why(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    w.ways[1].limit = 3000000;
    w.ways[1].limit_why = "Graph takes 2.8 MB in this cloud";
    w.job.message_size = 20u << 20;
    assert_string_equal(first(&w), "direct");
    assert_string_equal(line_of(&w, "submission")->reason,
                        "the mail has 20.0 MB, and Graph takes 2.8 MB in this cloud");
}

static void
test_internal_only_profile_does_not_take_external_mail(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    w.submission.internal_only = true;
    w.job.recipients = &mixed[1];
    w.job.n_recipients = 1;
    assert_string_equal(first(&w), "none");
}

static void
test_unknown_outcome_keeps_to_its_method_for_its_time(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    w.job.only_method = "direct";
    w.job.only_until = NOON + HOUR;
    assert_string_equal(first(&w), "direct");
    down(&w.ways[0], NOON + 2 * HOUR);
    assert_string_equal(first(&w), "none");
    assert_true(w.plan.may_wait);
    assert_int_equal(w.plan.look_again, NOON + HOUR);
    w.job.only_until = NOON;
    assert_string_equal(first(&w), "submission");
}

static void
test_methods_of_another_tenant_are_not_seen(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    w.submission.tenant = "fabrikam";
    assert_string_equal(first(&w), "direct");
    assert_string_equal(line_of(&w, "submission")->reason, "not configured");
}

static void
test_switched_off_and_unable_are_told_apart(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    w.direct.enabled = false;
    (void)first(&w);
    assert_string_equal(line_of(&w, "direct")->reason, "switched off (enabled = no)");
    assert_string_equal(line_of(&w, "relay")->reason, "not in this version");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unproven_ways_that_sign_in_go_before_direct),
        cmocka_unit_test(test_proven_direct_goes_first_for_internal_recipients),
        cmocka_unit_test(test_proven_submission_goes_before_unproven_direct),
        cmocka_unit_test(test_external_recipient_rules_direct_out),
        cmocka_unit_test(test_split_only_when_no_method_reaches_all),
        cmocka_unit_test(test_more_recipients_than_a_method_takes),
        cmocka_unit_test(test_explicit_order_is_obeyed_even_unproven),
        cmocka_unit_test(test_down_method_is_skipped_with_reason_and_time),
        cmocka_unit_test(test_all_down_waits_for_the_first_to_come_back),
        cmocka_unit_test(test_down_method_whose_time_is_over_is_tried),
        cmocka_unit_test(test_method_that_was_tried_is_out),
        cmocka_unit_test(test_nothing_configured_says_so),
        cmocka_unit_test(test_too_large_for_one_goes_by_another),
        cmocka_unit_test(test_too_large_for_what_a_way_can_at_all_says_why),
        cmocka_unit_test(test_internal_only_profile_does_not_take_external_mail),
        cmocka_unit_test(test_unknown_outcome_keeps_to_its_method_for_its_time),
        cmocka_unit_test(test_methods_of_another_tenant_are_not_seen),
        cmocka_unit_test(test_switched_off_and_unable_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
