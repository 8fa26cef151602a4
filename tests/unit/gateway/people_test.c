/* Whom names mean, and what administrators write into the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "gateway/people/csv.h"
#include "gateway/people/import.h"
#include "gateway/people/people.h"

static struct sp_people *
parse(const char *text)
{
    struct sp_people *people = NULL;
    struct sp_err err = { 0 };
    if (sp_people_parse(text, strlen(text), &people, &err) != SP_OK)
        fail_msg("%s", err.text);
    return people;
}

static void
assert_means(const struct sp_people *people, const char *who, const char *address)
{
    const struct sp_person *person = sp_people_find(people, who);
    if (address == NULL)
        assert_null(person);
    else if (person == NULL)
        fail_msg("'%s' is nobody", who);
    else
        assert_string_equal(person->address, address);
}

static void
assert_logs_in_as(const struct sp_people *people, const char *login, const char *address)
{
    const struct sp_person *person = sp_people_find_login(people, login);
    if (address == NULL)
        assert_null(person);
    else if (person == NULL)
        fail_msg("'%s' is nobody", login);
    else
        assert_string_equal(person->address, address);
}

static size_t
problems_of(const struct sp_people *people, const char *const **ret)
{
    size_t kept = 0;
    return sp_people_problems(people, ret, &kept);
}

/* ---- CSV ---- */

static void
test_records_as_the_rfc_and_spreadsheets_write_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned line;
        const char *fields[4];
    } rows[] = {
        { "a,b,c\n", 1, { "a", "b", "c" } },
        { "\xef\xbb\xbf"
          "a,b\r\n",
          1,
          { "a", "b" } },
        { "# a comment\n\n  \n a , b ", 4, { "a", "b" } },
        { "\"a,b\",\"c\"\"d\"", 1, { "a,b", "c\"d" } },
        { "\"two\nlines\",x", 1, { "two\nlines", "x" } },
        { ",,", 1, { "", "", "" } },
        { "a,", 1, { "a", "" } },
        { "a\rb,c", 1, { "a\rb", "c" } },
    };
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
        struct sp_csv csv;
        struct sp_csv_record record;
        size_t n = 0;
        sp_csv_begin(&csv, rows[i].text, strlen(rows[i].text), ',');
        assert_int_equal(sp_csv_next(&csv, arena, &record, NULL), SP_OK);
        assert_int_equal(record.line, rows[i].line);
        for (; n < SP_LEN(rows[i].fields) && rows[i].fields[n] != NULL; n++)
            assert_string_equal(record.fields[n], rows[i].fields[n]);
        assert_int_equal(record.count, n);
        assert_int_equal(sp_csv_next(&csv, arena, &record, NULL), SP_E_CLOSED);
    }
}

static void
test_after_a_broken_record_the_next_line_is_read(void **state)
{
    (void)state;
    static const char text[] = "\"open,b\n\"x\"y,c\nfine,d\n";
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    struct sp_csv csv;
    struct sp_csv_record record;
    sp_csv_begin(&csv, text, strlen(text), ',');
    assert_int_equal(sp_csv_next(&csv, arena, &record, NULL), SP_E_INVALID);
    assert_int_equal(record.line, 1);
    assert_int_equal(sp_csv_next(&csv, arena, &record, NULL), SP_E_INVALID);
    assert_int_equal(record.line, 2);
    assert_int_equal(sp_csv_next(&csv, arena, &record, NULL), SP_OK);
    assert_int_equal(record.line, 3);
    assert_string_equal(record.fields[0], "fine");
}

static void
test_what_is_written_is_read_as_it_was(void **state)
{
    (void)state;
    static const char *const fields[] = { "plain", "a,b", "say \"x\"", " edges ", "#no comment", "two\nlines", "" };
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    struct sp_csv csv;
    struct sp_csv_record record;
    for (size_t i = 0; i < SP_LEN(fields); i++) {
        if (i > 0)
            sp_str_add_char(&text, ',');
        sp_csv_put(&text, fields[i], ',');
    }
    sp_csv_begin(&csv, sp_str_text(&text), text.len, ',');
    assert_int_equal(sp_csv_next(&csv, arena, &record, NULL), SP_OK);
    assert_int_equal(record.count, SP_LEN(fields));
    for (size_t i = 0; i < SP_LEN(fields); i++)
        assert_string_equal(record.fields[i], fields[i]);
}

/* ---- people ---- */

static void
test_names_aliases_and_addresses_whatever_the_case(void **state)
{
    (void)state;
    struct sp_people *people = parse("name,address\n"
                                     "Alice Smith,alice.smith@contoso.com,asmith,DOM\\asmith2\n"
                                     "\"Müller, Özge\",oezge@contoso.com,ÖZGE\n"
                                     "Ωmega,o@contoso.com\n");
    static const struct {
        const char *who, *address;
    } rows[] = {
        { "alice smith", "alice.smith@contoso.com" },
        { " ALICE   Smith ", "alice.smith@contoso.com" },
        { "ASMITH", "alice.smith@contoso.com" },
        { "Alice.Smith@Contoso.COM", "alice.smith@contoso.com" },
        { "dom\\ASMITH2", "alice.smith@contoso.com" },
        { "mÜLLER, öZGE", "oezge@contoso.com" },
        { "özge", "oezge@contoso.com" },
        { "ωMEGA", "o@contoso.com" },
        { "alice", NULL },
        { "alice.smith", NULL },
        { "asmith@elsewhere.com", NULL },
        { "", NULL },
        { "\xff\xfe", NULL },
    };
    for (size_t i = 0; i < SP_LEN(rows); i++)
        assert_means(people, rows[i].who, rows[i].address);
    assert_int_equal(sp_people_count(people), 3);
    sp_people_free(&people);
    assert_null(people);
    assert_null(sp_people_find(NULL, "alice"));
    assert_int_equal(sp_people_count(NULL), 0);
}

static void
test_login_names_with_their_domains(void **state)
{
    (void)state;
    struct sp_people *people = parse("Alice Smith,alice.smith@contoso.com,asmith\n");
    assert_logs_in_as(people, "asmith", "alice.smith@contoso.com");
    assert_logs_in_as(people, "CONTOSO\\asmith", "alice.smith@contoso.com");
    assert_logs_in_as(people, "ASmith@corp.local", "alice.smith@contoso.com");
    assert_logs_in_as(people, "CONTOSO\\bob", NULL);
    assert_logs_in_as(people, "\\", NULL);
    assert_logs_in_as(people, "@", NULL);
    sp_people_free(&people);
}

static void
test_a_name_of_two_people_is_told_and_means_nobody(void **state)
{
    (void)state;
    struct sp_people *people = parse("Alice,alice@contoso.com,a,desk\nAnn,ann@contoso.com,A,desk2\n");
    const char *const *problems;
    assert_int_equal(problems_of(people, &problems), 1);
    assert_non_null(strstr(problems[0], "line 2: 'a' is Alice (line 1) already"));
    assert_means(people, "a", NULL);
    assert_means(people, "desk", "alice@contoso.com");
    assert_means(people, "Ann", "ann@contoso.com");
    sp_people_free(&people);
}

static void
test_two_names_for_one_mailbox_are_fine(void **state)
{
    (void)state;
    struct sp_people *people = parse("Front desk,desk@contoso.com\nReception,desk@contoso.com\n");
    const char *const *problems;
    assert_int_equal(problems_of(people, &problems), 0);
    assert_means(people, "desk@contoso.com", "desk@contoso.com");
    assert_means(people, "reception", "desk@contoso.com");
    sp_people_free(&people);
}

static void
test_wrong_lines_are_told_and_the_others_count(void **state)
{
    (void)state;
    static const struct {
        const char *line, *words;
    } rows[] = {
        { "Alice", "there is no address" },           { "Alice,not an address", "not an e-mail address" },
        { ",alice@contoso.com", "there is no name" }, { "\"Alice,alice@contoso.com", "never closed" },
        { "\xe4lice,alice@contoso.com", "UTF-8" },    { "\"A\tlice\",alice@contoso.com", "control character" },
    };
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        char text[200];
        snprintf(text, sizeof(text), "# head\n%s\nBob,bob@contoso.com\n", rows[i].line);
        struct sp_people *people = parse(text);
        const char *const *problems;
        assert_int_equal(problems_of(people, &problems), 1);
        if (strstr(problems[0], "line 2: ") == NULL || strstr(problems[0], rows[i].words) == NULL)
            fail_msg("'%s': %s", rows[i].line, problems[0]);
        assert_means(people, "bob", "bob@contoso.com");
        sp_people_free(&people);
    }
}

static void
test_a_file_in_utf_16_is_told_as_such(void **state)
{
    (void)state;
    struct sp_people *people = NULL;
    const char *const *problems;
    assert_int_equal(sp_people_parse("\xff\xfe"
                                     "A\0,\0",
                                     6, &people, NULL),
                     SP_OK);
    assert_int_equal(problems_of(people, &problems), 1);
    assert_non_null(strstr(problems[0], "CSV UTF-8"));
    sp_people_free(&people);
}

static void
test_a_file_that_is_not_there_is_an_error_and_none_is_nobody(void **state)
{
    (void)state;
    struct sp_people *people = NULL;
    struct sp_err err = { 0 };
    assert_int_equal(sp_people_load("/nonexistent/people.csv", &people, &err), SP_E_NOTFOUND);
    assert_int_equal(sp_people_load("", &people, &err), SP_OK);
    assert_int_equal(sp_people_count(people), 0);
    sp_people_free(&people);
}

/* ---- imports ---- */

static void
assert_imports_as(const char *text, const char *expected)
{
    struct sp_people *people = NULL;
    struct sp_err err = { 0 };
    size_t skipped = 0;
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    if (sp_people_import(text, strlen(text), &people, &skipped, &err) != SP_OK)
        fail_msg("%s", err.text);
    sp_people_write(&out, people);
    assert_string_equal(sp_str_text(&out), expected);
    sp_people_free(&people);
}

static void
test_exports_of_entra_and_exchange_become_a_people_file(void **state)
{
    (void)state;
    assert_imports_as("id,userPrincipalName,displayName,mail,proxyAddresses,accountEnabled\n"
                      "1,asmith@contoso.com,\"Smith, Alice\",alice.smith@contoso.com,"
                      "SMTP:alice.smith@contoso.com+smtp:a+b@contoso.com+SIP:x@contoso.com,True\n"
                      "2,room@contoso.com,Room,,,True\n",
                      "name,address,aliases\n"
                      "\"Smith, Alice\",alice.smith@contoso.com,asmith@contoso.com,a+b@contoso.com,asmith\n"
                      "Room,room@contoso.com,room\n");
    assert_imports_as("DisplayName;PrimarySmtpAddress;Alias;SamAccountName;EmailAddresses\r\n"
                      "Bob;bob@contoso.com;bob;bbrown;\"smtp:b@contoso.com SMTP:bob@contoso.com\"\r\n",
                      "name,address,aliases\nBob,bob@contoso.com,bbrown,bob,b@contoso.com\n");
    assert_imports_as("Display Name,Email Address\nBob,bob@contoso.com\n",
                      "name,address,aliases\nBob,bob@contoso.com\n");
    assert_imports_as("name,address\nBob,bob@contoso.com,b\n", "name,address,aliases\nBob,bob@contoso.com,b\n");
}

static void
test_derived_aliases_that_two_would_have_are_left_out(void **state)
{
    (void)state;
    assert_imports_as("DisplayName,UserPrincipalName\nA,info@contoso.com\nB,info@fabrikam.com\nC,c@contoso.com\n",
                      "name,address,aliases\nA,info@contoso.com\nB,info@fabrikam.com\nC,c@contoso.com,c\n");
}

static void
test_an_export_without_the_columns_is_refused_and_without_address_skipped(void **state)
{
    (void)state;
    struct sp_people *people = NULL;
    struct sp_err err = { 0 };
    size_t skipped = 0;
    static const char wrong[] = "first,last\nA,B\n", some[] = "DisplayName,Mail\nA,a@contoso.com\nB,\n";
    assert_int_equal(sp_people_import(wrong, strlen(wrong), &people, &skipped, &err), SP_E_INVALID);
    assert_non_null(strstr(err.text, "DisplayName"));
    assert_int_equal(sp_people_import(some, strlen(some), &people, &skipped, &err), SP_OK);
    assert_int_equal(skipped, 1);
    assert_int_equal(sp_people_count(people), 1);
    sp_people_free(&people);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_as_the_rfc_and_spreadsheets_write_them),
        cmocka_unit_test(test_after_a_broken_record_the_next_line_is_read),
        cmocka_unit_test(test_what_is_written_is_read_as_it_was),
        cmocka_unit_test(test_names_aliases_and_addresses_whatever_the_case),
        cmocka_unit_test(test_login_names_with_their_domains),
        cmocka_unit_test(test_a_name_of_two_people_is_told_and_means_nobody),
        cmocka_unit_test(test_two_names_for_one_mailbox_are_fine),
        cmocka_unit_test(test_wrong_lines_are_told_and_the_others_count),
        cmocka_unit_test(test_a_file_in_utf_16_is_told_as_such),
        cmocka_unit_test(test_a_file_that_is_not_there_is_an_error_and_none_is_nobody),
        cmocka_unit_test(test_exports_of_entra_and_exchange_become_a_people_file),
        cmocka_unit_test(test_derived_aliases_that_two_would_have_are_left_out),
        cmocka_unit_test(test_an_export_without_the_columns_is_refused_and_without_address_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
