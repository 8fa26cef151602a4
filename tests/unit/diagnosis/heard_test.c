/* heard_test.c - what peers said gets its class and cause, as `explain` would find it: the text is taken apart first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "backend/diagnosis/diagnosis.h"
#include "base/auto.h"
#include "unit/diagnosis/heard_blind.h"
#include "unit/diagnosis/heard_real.h"
#include "unit/diagnosis/heard_unseen.h"

static size_t
count_wrong(const struct heard *heard, size_t n)
{
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) {
        struct sp_pasted pasted;
        sp_paste_parse(heard[i].text, &pasted);
        const struct sp_event event = { .stage = heard[i].stage,
                                        .trouble = SP_TROUBLE_REPLY,
                                        .method = heard[i].method,
                                        .code = pasted.code,
                                        .enhanced = pasted.enhanced,
                                        .words = pasted.words };
        struct sp_diagnosis got;
        sp_diagnose(&event, NULL, &got);
        bool cause_fits = heard[i].cause == NULL || strcmp(heard[i].cause, got.cause) == 0;
        if (got.class_ == heard[i].class_ && cause_fits)
            continue;
        print_message("%s: %s\n    is %s (%s), not %s (%s)\n", sp_stage_name(heard[i].stage), heard[i].text,
                      sp_class_name(heard[i].class_), heard[i].cause == NULL ? "any" : heard[i].cause,
                      sp_class_name(got.class_), got.cause);
        wrong++;
    }
    return wrong;
}

static void
test_every_reply_met_in_the_field_gets_its_class(void **state)
{
    (void)state;
    assert_int_equal(count_wrong(heard_real, SP_LEN(heard_real)), 0);
}

static void
test_wordings_never_seen_get_their_class_and_cause(void **state)
{
    (void)state;
    assert_int_equal(count_wrong(heard_unseen, SP_LEN(heard_unseen)), 0);
}

static void
test_wordings_set_down_blind_get_their_class(void **state)
{
    (void)state;
    assert_int_equal(count_wrong(heard_blind, SP_LEN(heard_blind)), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_reply_met_in_the_field_gets_its_class),
        cmocka_unit_test(test_wordings_never_seen_get_their_class_and_cause),
        cmocka_unit_test(test_wordings_set_down_blind_get_their_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
