/* envelope_test.c - a job through its envelope and back, and what is no envelope. */
#include "unit/db/db_world.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "db/envelope.h"

static const char id[] = "01J9ZZZZZZZZZZZZZZZZZZZZZZ";
static const struct sp_idempotency key = { .owner = "copier", .key = "k\"1\n", .digest = "aa" };

static struct sp_job *
nasty_job(void)
{
    struct sp_job *job = make_job(id);
    job->state = SP_JOB_HELD;
    job->subject = "Grüße \"quoted\" \\ back";
    job->body = "line\r\n\ttab\x01\x7f control\n";
    job->folder_name = "\xff\xfe\x80 in\nvalid \xc3";
    job->user = "CONTOSO\\m\xfcller";
    job->documents[0].name = "a \xf0\x9f\x93\x84.pdf";
    job->trouble = "a duplicate";
    return job;
}

static void
test_nasty_texts_come_back_byte_for_byte(void **state)
{
    (void)state;
    struct sp_err err = { 0 };
    struct sp_idempotency got;
    struct sp_job *out = NULL;
    struct sp_job *in = nasty_job();
    SP_AUTO_FREE char *json = sp_envelope_write(in, &key);
    assert_non_null(json);
    assert_int_equal(sp_envelope_read(json, &out, &got, &err), SP_OK);
    assert_string_equal(out->id, id);
    assert_int_equal(out->state, SP_JOB_HELD);
    assert_int_equal(out->created, NOW_MS);
    assert_string_equal(out->subject, in->subject);
    assert_string_equal(out->body, in->body);
    assert_string_equal(out->folder_name, in->folder_name);
    assert_string_equal(out->user, in->user);
    assert_string_equal(out->message_id, in->message_id);
    assert_string_equal(out->boundary, in->boundary);
    assert_string_equal(out->trouble, in->trouble);
    assert_int_equal(out->n_documents, 1);
    assert_string_equal(out->documents[0].name, in->documents[0].name);
    assert_int_equal(out->documents[0].size, 5);
    assert_int_equal(out->n_recipients, 2);
    assert_true(out->recipients[1].cc);
    assert_string_equal(got.owner, key.owner);
    assert_string_equal(got.key, key.key);
    assert_string_equal(got.digest, key.digest);
    sp_job_free(&in);
    sp_job_free(&out);
}

static void
test_without_a_key_the_owner_is_empty(void **state)
{
    (void)state;
    struct sp_err err = { 0 };
    struct sp_idempotency got;
    struct sp_job *job = make_job(id);
    SP_AUTO_FREE char *json = sp_envelope_write(job, NULL);
    sp_job_free(&job);
    assert_int_equal(sp_envelope_read(json, &job, &got, &err), SP_OK);
    assert_string_equal(got.owner, "");
    sp_job_free(&job);
}

/* The envelope with one piece of text exchanged. */
static char *
tampered(const char *json, const char *from, const char *to)
{
    const char *at = strstr(json, from);
    assert_non_null(at);
    char *copy = malloc(strlen(json) + strlen(to) + 1);
    assert_non_null(copy);
    memcpy(copy, json, (size_t)(at - json));
    strcpy(copy + (at - json), to);  /* NOLINT: sized two lines above */
    strcat(copy, at + strlen(from)); /* NOLINT */
    return copy;
}

static void
test_anything_else_is_corrupt(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
    } rows[] = {
        { "\"version\": 1", "\"version\": 2" },
        { "\"version\": 1", "\"version\": 1, \"more\": 1" },
        { "01J9ZZZZZZZZZZZZZZZZZZZZZZ", "../../../../../etc/passwd" },
        { "\"queued\"", "\"sent\"" },
        { "\"queued\"", "\"nonsense\"" },
        { "\"created\": 1700000000000", "\"created\": \"now\"" },
        { "\"created\": 1700000000000", "\"created\": -1" },
        { "\"size\": 5", "\"size\": -5" },
        { "\"cc\": false", "\"cc\": 0" },
        { "\"subject\": \"Scan from scans\"", "\"subject\": { \"base64\": \"!!!!\" }" },
        { "\"subject\": \"Scan from scans\"", "\"subject\": { \"base64\": \"YQBi\" }" }, /* a zero byte inside */
        { "\"subject\": \"Scan from scans\"", "\"subject\": { \"base64\": \"YQ==\", \"x\": 1 }" },
        { "\"subject\": \"Scan from scans\"", "\"subject\": 7" },
        { "\"subject\": \"Scan from scans\"", "\"subject\": \"a\\u0000b\"" },
        { "\"subject\":", "\"subjekt\":" },
        { "\"subject\":", "\"body\": \"\", \"subject\":" },
        { "\"idempotency\": null", "\"idempotency\": {}" },
        { "\"recipients\": [", "\"recipients\": [ 5," },
        { "{", "" },
    };
    struct sp_job *job = make_job(id);
    SP_AUTO_FREE char *json = sp_envelope_write(job, NULL);
    sp_job_free(&job);
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        struct sp_err err = { 0 };
        struct sp_idempotency got;
        SP_AUTO_FREE char *bad = tampered(json, rows[i].from, rows[i].to);
        if (sp_envelope_read(bad, &job, &got, &err) != SP_E_CORRUPT)
            fail_msg("row %zu (%s) was taken", i, rows[i].to);
        assert_null(job);
    }
}

static void
test_a_cut_envelope_is_corrupt_wherever_it_is_cut(void **state)
{
    (void)state;
    struct sp_job *job = nasty_job();
    SP_AUTO_FREE char *json = sp_envelope_write(job, &key);
    sp_job_free(&job);
    for (size_t len = strlen(json); len-- > 0;) {
        struct sp_err err = { 0 };
        struct sp_idempotency got;
        json[len] = '\0';
        assert_int_equal(sp_envelope_read(json, &job, &got, &err), SP_E_CORRUPT);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nasty_texts_come_back_byte_for_byte),
        cmocka_unit_test(test_without_a_key_the_owner_is_empty),
        cmocka_unit_test(test_anything_else_is_corrupt),
        cmocka_unit_test(test_a_cut_envelope_is_corrupt_wherever_it_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
