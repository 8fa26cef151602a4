/* news_test.c - troubles in words, for people and for programs. */
#include "gateway/news.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "db/envelope.h"
#include "db/job.h"
#include "db/method_state.h"

static int
begin(void **state)
{
    struct sp_news *news = calloc(1, sizeof *news);
    news->arena = sp_arena_new();
    *state = news;
    return 0;
}

static int
end(void **state)
{
    struct sp_news *news = *state;
    sp_arena_free(&news->arena);
    free(news);
    return 0;
}

static struct sp_job *
failed_job(void)
{
    struct sp_job *job = sp_job_new();
    job->id = "01JABCDEFGHJKMNPQRSTVWXYZ0";
    job->state = SP_JOB_FAILED;
    job->documents = sp_arena_array(job->arena, 1, sizeof *job->documents);
    job->documents[0].name = "Vertrag.pdf";
    job->n_documents = 1;
    job->recipients = sp_arena_array(job->arena, 2, sizeof *job->recipients);
    job->recipients[0] = (struct sp_job_recipient){ .address = "a@contoso.com", .state = SP_RECIPIENT_SENT };
    job->recipients[1] = (struct sp_job_recipient){ .address = "b@contoso.com", .state = SP_RECIPIENT_FAILED };
    job->n_recipients = 2;
    job->attempts = sp_arena_array(job->arena, 1, sizeof *job->attempts);
    job->attempts[0] = (struct sp_job_attempt){ .outcome = SP_OUTCOME_FAILED,
                                                .summary = "There is no such mailbox.",
                                                .fix = "Correct the address." };
    job->n_attempts = 1;
    return job;
}

static void
test_failed_job_names_document_recipient_reason_and_remedy(void **state)
{
    struct sp_news *news = *state;
    SP_AUTO(sp_job_free) struct sp_job *job = failed_job();
    SP_AUTO(sp_str_free) struct sp_str subject = { 0 }, body = { 0 };
    assert_true(sp_news_job(news, job));
    sp_news_mail(news, "scan.contoso.com", &subject, &body);
    assert_string_equal(sp_str_text(&subject),
                        "scanpost on scan.contoso.com: 'Vertrag.pdf' for b@contoso.com could not be delivered");
    assert_non_null(strstr(sp_str_text(&body), "Why: There is no such mailbox."));
    assert_non_null(strstr(sp_str_text(&body), "What to do: Correct the address."));
    assert_non_null(strstr(sp_str_text(&body), "scanpost show 01JABCDEFGHJKMNPQRSTVWXYZ0"));
    assert_null(strstr(sp_str_text(&body), "a@contoso.com"));
}

static void
test_person_is_told_without_the_admins_remedy(void **state)
{
    (void)state;
    SP_AUTO(sp_job_free) struct sp_job *job = failed_job();
    SP_AUTO(sp_str_free) struct sp_str subject = { 0 }, body = { 0 };
    sp_news_person_mail(job, &subject, &body);
    assert_string_equal(sp_str_text(&subject), "Your scan 'Vertrag.pdf' could not be delivered");
    assert_non_null(strstr(sp_str_text(&body), "There is no such mailbox."));
    assert_null(strstr(sp_str_text(&body), "Correct the address."));
}

static void
test_method_down_and_up_again(void **state)
{
    struct sp_news *news = *state;
    struct sp_method_state direct = { .name = "direct", .state = SP_HEALTH_DOWN, .reason = "blocked", .fix = "ask" };
    assert_true(sp_news_method(news, &direct));
    direct.state = SP_HEALTH_UP;
    assert_true(sp_news_method(news, &direct));
    assert_string_equal(news->items[0].kind, "method_down");
    assert_string_equal(news->items[0].fix, "ask");
    assert_string_equal(news->items[1].kind, "method_up");
    assert_string_equal(news->items[1].fix, "");
}

static void
test_end_of_a_secret_is_counted_in_days(void **state)
{
    struct sp_news *news = *state;
    assert_true(sp_news_expires(news, "office", "client secret", 1, false));
    assert_true(sp_news_expires(news, "office", "client secret", 14, false));
    assert_true(sp_news_expires(news, "office", "certificate", -1, false));
    assert_string_equal(news->items[0].headline, "the client secret of office ends in 1 day");
    assert_string_equal(news->items[1].headline, "the client secret of office ends in 14 days");
    assert_string_equal(news->items[2].headline, "the certificate of office has ended");
}

static void
test_what_ends_says_what_to_do_about_it(void **state)
{
    struct sp_news *news = *state;
    assert_true(sp_news_expires(news, "office", "certificate for signing in", 7, false));
    assert_true(sp_news_expires(news, "relay", "connector's certificate", 7, false));
    assert_true(sp_news_expires(news, "the page", "certificate", 7, false));
    assert_true(sp_news_expires(news, "office", "client secret", 7, true));
    assert_non_null(strstr(news->items[0].fix, "next-oauth-certificate"));
    assert_non_null(strstr(news->items[1].text, "outside the tenant"));
    assert_non_null(strstr(news->items[1].fix, "next-client-certificate"));
    assert_non_null(strstr(news->items[2].text, "browsers"));
    assert_non_null(strstr(news->items[2].fix, "tls-certificate"));
    assert_non_null(strstr(news->items[3].fix, "successor is in place"));
}

static void
test_more_than_fits_is_counted_and_told_later(void **state)
{
    struct sp_news *news = *state;
    SP_AUTO(sp_str_free) struct sp_str subject = { 0 }, body = { 0 };
    for (int i = 0; i < SP_NEWS_MAX; i++)
        assert_true(sp_news_late(news, 3600000, 1));
    assert_false(sp_news_late(news, 3600000, 1));
    sp_news_mail(news, "scan.contoso.com", &subject, &body);
    assert_non_null(strstr(sp_str_text(&body), "1 more will be told next time."));
}

static void
test_json_is_json_whatever_the_texts_hold(void **state)
{
    struct sp_news *news = *state;
    const struct sp_method_state odd = { .name = "direct", .state = SP_HEALTH_DOWN, .reason = "\"quoted\"\n\\ \x01" };
    assert_true(sp_news_method(news, &odd));
    SP_AUTO_FREE char *text = sp_news_json(news, "scan.contoso.com");
    json_t *read = json_loads(text, 0, NULL);
    assert_non_null(read);
    const json_t *first = json_array_get(json_object_get(read, "notices"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "text")), odd.reason);
    json_decref(read);
}

static void
test_notice_without_documents_survives_the_loss_of_the_database(void **state)
{
    (void)state;
    SP_AUTO(sp_job_free) struct sp_job *job = failed_job();
    SP_AUTO(sp_job_free) struct sp_job *again = NULL;
    struct sp_idempotency key = { 0 };
    struct sp_err err = { 0 };
    job->state = SP_JOB_QUEUED;
    job->n_documents = job->n_attempts = 0;
    job->source = "notice";
    job->recipients[0].method = job->recipients[0].reply = job->recipients[1].method = job->recipients[1].reply = "";
    SP_AUTO_FREE char *envelope = sp_envelope_write(job, NULL);
    if (sp_envelope_read(envelope, &again, &key, &err) != SP_OK)
        fail_msg("%s\n%s", err.text, envelope);
    assert_int_equal(again->n_documents, 0);
    assert_string_equal(again->source, "notice");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_failed_job_names_document_recipient_reason_and_remedy, begin, end),
        cmocka_unit_test_setup_teardown(test_person_is_told_without_the_admins_remedy, begin, end),
        cmocka_unit_test_setup_teardown(test_method_down_and_up_again, begin, end),
        cmocka_unit_test_setup_teardown(test_end_of_a_secret_is_counted_in_days, begin, end),
        cmocka_unit_test_setup_teardown(test_what_ends_says_what_to_do_about_it, begin, end),
        cmocka_unit_test_setup_teardown(test_more_than_fits_is_counted_and_told_later, begin, end),
        cmocka_unit_test_setup_teardown(test_json_is_json_whatever_the_texts_hold, begin, end),
        cmocka_unit_test_setup_teardown(test_notice_without_documents_survives_the_loss_of_the_database, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
