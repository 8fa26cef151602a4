/* rules_test.c - the tables themselves: every row can be reached, every sentence is fit to be shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "backend/diagnosis/rules.h"
#include "base/auto.h"
#include "base/text.h"

static const char *const method_names[] = { "direct", "relay", "submission", "graph" };

/* What a row's example is as an event: with the first stage and the first method that the row asks for. */
static struct sp_event
example_event(const struct sp_rule *rule, struct sp_pasted *pasted)
{
    int stage = rule->stages == 0 ? 0 : __builtin_ctz(rule->stages);
    const char *method = rule->methods == 0 ? NULL : method_names[__builtin_ctz(rule->methods)];
    if (rule->trouble != SP_TROUBLE_NONE)
        return (struct sp_event){
            .stage = (enum sp_stage)stage, .trouble = rule->trouble, .method = method, .words = rule->example
        };
    sp_paste_parse(rule->example, pasted);
    return (struct sp_event){ .stage = (enum sp_stage)stage,
                              .trouble = SP_TROUBLE_REPLY,
                              .method = method,
                              .code = pasted->code,
                              .enhanced = pasted->enhanced,
                              .words = pasted->words };
}

typedef size_t rule_check(const struct sp_rule *rule); /* 0 good, 1 bad */

static size_t
each_rule(rule_check *check)
{
    size_t wrong = 0;
    for (size_t t = 0; sp_rule_tables[t] != NULL; t++)
        for (size_t i = 0; i < sp_rule_tables[t]->count; i++)
            wrong += check(&sp_rule_tables[t]->rules[i]);
    return wrong;
}

static size_t
example_goes_astray(const struct sp_rule *rule)
{
    struct sp_pasted pasted = { 0 };
    struct sp_event event = example_event(rule, &pasted);
    const struct sp_rule *found = sp_rule_find(&event);
    if (found == rule)
        return 0;
    print_message("'%s'\n    lands at '%s'\n", rule->example, found == NULL ? "nothing" : found->example);
    return 1;
}

static void
test_the_example_of_every_row_lands_at_that_row(void **state)
{
    (void)state;
    assert_int_equal(each_rule(example_goes_astray), 0);
}

static size_t
is_incomplete(const struct sp_rule *rule)
{
    assert_non_null(rule->means);
    assert_non_null(rule->source);
    assert_non_null(rule->example);
    assert_non_null(rule->means->cause);
    assert_true(strlen(rule->means->summary) > 0 && strlen(rule->means->fix) > 0);
    for (const char *c = rule->phrases == NULL ? "" : rule->phrases; *c != '\0'; c++)
        assert_false(*c >= 'A' && *c <= 'Z'); /* they are looked for in lower case */
    return 0;
}

static void
test_every_row_is_complete(void **state)
{
    (void)state;
    assert_int_equal(each_rule(is_incomplete), 0);
}

static const struct sp_facts contoso = {
    .tenant_domain = "accounting.contoso.com",
    .mailbox = "scanner.second-floor@accounting.contoso.com",
    .client_id = "11111111-2222-3333-4444-555555555555",
    .public_ip = "2001:db8:1111:2222:3333:4444:5555:6666",
    .recipient = "alexandra.longname@accounting.contoso.com",
    .host = "accounting-contoso-com.mail.protection.outlook.com",
    .hostname = "scan-gateway.accounting.contoso.com",
};

static size_t
is_unfit(const char *text, size_t size, const struct sp_rule *rule)
{
    bool cut = strlen(text) + 1 >= size;
    bool control = false;
    for (const char *c = text; *c != '\0'; c++)
        control = control || ((unsigned char)*c < 0x20 && *c != '\n') || *c == 0x7f;
    bool hole = strstr(text, "{mailbox}") != NULL || strstr(text, "{domain}") != NULL || strstr(text, "{ip}") != NULL ||
                strstr(text, "{client}") != NULL || strstr(text, "{recipient}") != NULL ||
                strstr(text, "{host}") != NULL || strstr(text, "{hostname}") != NULL || strstr(text, "{said}") != NULL;
    if (!cut && !control && !hole && sp_utf8_valid(text, strlen(text)))
        return 0;
    print_message("%s: %zu bytes%s%s%s\n    %s\n", rule->means->cause, strlen(text), cut ? ", cut" : "",
                  control ? ", control" : "", hole ? ", not filled" : "", text);
    return 1;
}

static size_t
words_are_unfit(const struct sp_rule *rule)
{
    struct sp_pasted pasted = { 0 };
    struct sp_event event = example_event(rule, &pasted);
    struct sp_diagnosis got;
    sp_diagnose(&event, &contoso, &got);
    size_t wrong = is_unfit(got.summary, sizeof got.summary, rule) + is_unfit(got.fix, sizeof got.fix, rule);
    sp_diagnose(&event, NULL, &got);
    return wrong + is_unfit(got.summary, sizeof got.summary, rule) + is_unfit(got.fix, sizeof got.fix, rule);
}

static void
test_every_sentence_is_whole_and_filled_in(void **state)
{
    (void)state;
    assert_int_equal(each_rule(words_are_unfit), 0);
}

static size_t
cause_is_no_word(const struct sp_rule *rule)
{
    return strspn(rule->means->cause, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(rule->means->cause) ? 0 : 1;
}

static void
test_causes_are_stable_words(void **state)
{
    (void)state;
    assert_int_equal(each_rule(cause_is_no_word), 0);
}

static void
test_every_class_can_be_reached(void **state)
{
    (void)state;
    bool reached[SP_CLASS_OTHER + 1] = { false };
    for (size_t t = 0; sp_rule_tables[t] != NULL; t++)
        for (size_t i = 0; i < sp_rule_tables[t]->count; i++)
            reached[sp_rule_tables[t]->rules[i].means->class_] = true;
    for (size_t i = 0; i < SP_LEN(reached); i++)
        assert_true(reached[i]);
}

/* The words of the outside contract and of the list, each of which an admin may look for. */
static void
test_every_promised_cause_has_a_row(void **state)
{
    (void)state;
    static const char *const promised[] = {
        "smtp_auth_off_tenant",
        "smtp_auth_off_mailbox",
        "user_credentials",
        "account_locked",
        "security_defaults",
        "organization_config",
        "basic_auth_disabled",
        "basic_auth_retired",
        "conditional_access",
        "federated_sts",
        "secret_expired",
        "secret_id_pasted",
        "app_missing",
        "tls_inspected",
        "clock_wrong",
        "spamhaus",
        "microsoft_list",
        "consumer_list",
        "helo_listed",
        "customer_list",
        "rejectdirectsend",
        "partner_connector",
        "region",
        "ipv6_ptr",
        "no_starttls",
        "certificate_name",
        "certificate_untrusted",
        "certificate_expired",
        "port_blocked",
    };
    for (size_t p = 0; p < SP_LEN(promised); p++) {
        bool found = false;
        for (size_t t = 0; sp_rule_tables[t] != NULL; t++)
            for (size_t i = 0; i < sp_rule_tables[t]->count; i++)
                found = found || strcmp(sp_rule_tables[t]->rules[i].means->cause, promised[p]) == 0;
        if (!found)
            fail_msg("no row means %s", promised[p]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_example_of_every_row_lands_at_that_row),
        cmocka_unit_test(test_every_row_is_complete),
        cmocka_unit_test(test_every_sentence_is_whole_and_filled_in),
        cmocka_unit_test(test_causes_are_stable_words),
        cmocka_unit_test(test_every_class_can_be_reached),
        cmocka_unit_test(test_every_promised_cause_has_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
