/* query_test.c - what people type, and what it means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "db/job.h"
#include "db/query.h"

#define NOW ((int64_t)1700000000000) /* 2023-11-14T22:13:20Z */
#define DAY ((int64_t)86400000)

static const char *const names[] = {
    [SP_QUERY_TEXT] = "text",       [SP_QUERY_TO] = "to",           [SP_QUERY_FROM] = "from",
    [SP_QUERY_SUBJECT] = "subject", [SP_QUERY_USER] = "user",       [SP_QUERY_NAME] = "name",
    [SP_QUERY_DOOR] = "door",       [SP_QUERY_ID] = "id",           [SP_QUERY_STATUS] = "status",
    [SP_QUERY_METHOD] = "method",   [SP_QUERY_CLASS] = "class",     [SP_QUERY_CAUSE] = "cause",
    [SP_QUERY_SOURCE] = "source",   [SP_QUERY_BEFORE] = "before",   [SP_QUERY_AFTER] = "after",
    [SP_QUERY_LARGER] = "larger",   [SP_QUERY_SMALLER] = "smaller",
};

/* "key=word" for each term, "!" before a negated one. */
static void
write_terms(const struct sp_query *query, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < query->count && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s%s=%s", i > 0 ? "|" : "",
                                 query->terms[i].negated ? "!" : "", names[query->terms[i].key], query->terms[i].word);
}

static void
test_terms(void **state)
{
    static const struct {
        const char *text, *terms;
    } table[] = {
        { "", "" },
        { "  \t ", "" },
        { "\"\"", "" },
        { "Bill", "text=bill" },
        { " bill  of\tMay ", "text=bill|text=of|text=may" },
        { "\"Bill of May\"", "text=bill of may" },
        { "\"a\"\"b\"", "text=a|text=b" },
        { "-draft", "!text=draft" },
        { "-\"final draft\"", "!text=final draft" },
        { "--x", "!text=-x" },
        { "-", "text=-" },
        { "- x", "text=-|text=x" },
        { "a-b", "text=a-b" },
        { "12:30", "text=12:30" },
        { "http://x/", "text=http://x/" },
        { ":", "text=:" },
        { "\"to:anna\"", "text=to:anna" },
        { "TO:Anna@Contoso.com", "to=anna@contoso.com" },
        { "to:\"anna b\" -from:x", "to=anna b|!from=x" },
        { "name:a:b", "name=a:b" },
        { "subject:\xc3\x9c"
          "BER",
          "subject=\xc3\xbc"
          "ber" },
        { "id:01kba9", "id=01KBA9" },
        { "class:IP_Reputation,tls", "class=ip_reputation,tls" },
        { "source:folder,http", "source=folder,http" },
        { "source:Copier7", "door=copier7" },
        { "cause:spamhaus method:hve user:anna", "cause=spamhaus|method=hve|user=anna" },
        { "a\"b", "text=a\"b" },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(table); i++) {
        struct sp_query query;
        struct sp_err err = { 0 };
        char terms[256];
        if (sp_query_parse(table[i].text, NOW, 0, &query, &err) != SP_OK)
            fail_msg("'%s': %s", table[i].text, err.text);
        write_terms(&query, terms, sizeof(terms));
        assert_string_equal(terms, table[i].terms);
    }
}

static void
test_states(void **state)
{
    static const struct {
        const char *text;
        unsigned states;
    } table[] = {
        { "status:failed", 1U << SP_JOB_FAILED },
        { "Status:HELD,sent", 1U << SP_JOB_HELD | 1U << SP_JOB_SENT },
        { "status:waiting", 1U << SP_JOB_QUEUED | 1U << SP_JOB_SENDING | 1U << SP_JOB_DEFERRED | 1U << SP_JOB_HELD },
        { "status:trouble", 1U << SP_JOB_FAILED | 1U << SP_JOB_PARTIAL | 1U << SP_JOB_HELD | 1U << SP_JOB_DEFERRED },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(table); i++) {
        struct sp_query query;
        assert_int_equal(sp_query_parse(table[i].text, NOW, 0, &query, NULL), SP_OK);
        assert_int_equal(query.terms[0].states, table[i].states);
    }
}

static void
test_numbers(void **state)
{
    static const struct {
        const char *text;
        int zone;
        int64_t number;
    } table[] = {
        { "after:24h", 0, NOW - DAY },
        { "before:2W", 0, NOW - 14 * DAY },
        { "after:2023-11-14", 0, 1699920000000 },
        { "after:2023-11-14", 60, 1699920000000 - 3600000 },
        { "after:2023-11-14t00:00:00z", 60, 1699920000000 },
        { "after:2023-11-14T02:00:00+02:00", 0, 1699920000000 },
        { "after:today", 0, 1699920000000 },
        { "after:Today", 120, 1699920000000 + DAY - 7200000 }, /* it is past midnight there */
        { "after:yesterday", 0, 1699920000000 - DAY },
        { "before:today", -60, 1699920000000 + 3600000 },
        { "larger:5M", 0, 5 << 20 },
        { "smaller:300k", 0, 300 << 10 },
        { "larger:0", 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(table); i++) {
        struct sp_query query;
        struct sp_err err = { 0 };
        if (sp_query_parse(table[i].text, NOW, table[i].zone, &query, &err) != SP_OK)
            fail_msg("'%s': %s", table[i].text, err.text);
        if (query.terms[0].number != table[i].number)
            fail_msg("'%s' is %lld", table[i].text, (long long)query.terms[0].number);
    }
}

/* Each answer names the part that is wrong, and what would be right. */
static void
test_mistakes_are_explained(void **state)
{
    static const struct {
        const char *text, *part, *right;
    } table[] = {
        { "stauts:failed", "'stauts:'", "'status:'" },
        { "bill recipient:anna", "'recipient:'", "to, from" },
        { "Form:anna", "'Form:'", "'from:'" },
        { "status:lost", "status:lost", "waiting" },
        { "status:failed,lost", "status:lost", "partial" },
        { "status:", "'status:'", "status:failed" },
        { "to: anna", "'to:'", "to:anna@contoso.com" },
        { "-to:", "'to:'", "to:anna@contoso.com" },
        { "after:whenever", "after:whenever", "after:24h" },
        { "before:2023-13-01", "before:2023-13-01", "before:2026-11-23" },
        { "larger:much", "larger:much", "larger:5M" },
        { "smaller:-1", "smaller:-1", "smaller:300k" },
        { "source:folder,copier7", "source:folder,copier7", "one name" },
        { "bill \"of May", "\"of May", "no end" },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(table); i++) {
        struct sp_query query;
        struct sp_err err = { 0 };
        assert_int_equal(sp_query_parse(table[i].text, NOW, 0, &query, &err), SP_E_INVALID);
        if (strstr(err.text, table[i].part) == NULL || strstr(err.text, table[i].right) == NULL)
            fail_msg("'%s': %s", table[i].text, err.text);
    }
}

static void
test_it_is_bounded(void **state)
{
    struct sp_query query;
    char text[SP_QUERY_MAX + 2];
    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(sp_query_parse(text, NOW, 0, &query, NULL), SP_E_INVALID);
    text[SP_QUERY_MAX] = '\0';
    assert_int_equal(sp_query_parse(text, NOW, 0, &query, NULL), SP_OK);
    const size_t twice = (size_t)2 * SP_QUERY_TERMS;
    for (size_t i = 0; i < twice; i++)
        memcpy(text + 2 * i, "x ", 3);
    assert_int_equal(sp_query_parse(text, NOW, 0, &query, NULL), SP_E_INVALID);
    text[twice] = '\0';
    assert_int_equal(sp_query_parse(text, NOW, 0, &query, NULL), SP_OK);
    assert_int_equal(query.count, SP_QUERY_TERMS);
    assert_int_equal(sp_query_add(&query, SP_QUERY_TO, "x", NOW, NULL), SP_E_INVALID);
    assert_int_equal(sp_query_add_number(&query, SP_QUERY_AFTER, 1, NULL), SP_E_INVALID);
}

static void
test_lists(void **state)
{
    (void)state;
    assert_true(sp_query_lists("a,bc", "a"));
    assert_true(sp_query_lists("a,bc", "BC"));
    assert_false(sp_query_lists("a,bc", "b"));
    assert_false(sp_query_lists("a,bc", "abc"));
    assert_true(sp_query_lists("", ""));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terms),         cmocka_unit_test(test_states),
        cmocka_unit_test(test_numbers),       cmocka_unit_test(test_mistakes_are_explained),
        cmocka_unit_test(test_it_is_bounded), cmocka_unit_test(test_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
