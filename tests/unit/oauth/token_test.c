/* One token for everybody, renewed in time, and what happens when the endpoint says no. */
#include "backend/oauth/token.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/diagnosis/diagnosis.h"
#include "backend/net/https.h"
#include "backend/net/transcript.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/secret.h"
#include "unit/net/fake_https.h"
#include "unit/oauth/pair.h"

#define TOKEN(name, seconds) "{\"token_type\":\"Bearer\",\"expires_in\":" seconds ",\"access_token\":\"" name "\"}"
#define EXPIRED                                                                                                        \
    "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000222: The provided client secret keys for app "    \
    "'app-1' are expired.\\r\\nTrace ID: 1\",\"error_codes\":[7000222]}"
#define UNKNOWN_APP                                                                                                    \
    "{\"error\":\"unauthorized_client\",\"error_description\":\"AADSTS700016: Application with identifier 'app-1' "    \
    "was not found in the directory 'Contoso'.\"}"

static const int64_t SECOND = 1000;

struct world {
    struct fake_ca *ca;
    struct fake_https *server;
    struct sp_https *https;
    struct sp_token *token;
    struct sp_token_failure failure;
    struct sp_err err;
    struct sp_transcript *transcript; /* NULL: none */
    char folder[40], secret[60], next[60];
    _Atomic int64_t passed; /* added to the monotonic clock */
    struct sp_clock clock;
};

static int64_t
now_wall(void *context)
{
    return sp_wall_ms(&sp_clock_system) + ((struct world *)context)->passed;
}

static int64_t
now_mono(void *context)
{
    return sp_mono_ms(&sp_clock_system) + ((struct world *)context)->passed;
}

static void
write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static int
setup_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->ca = fake_ca_new();
    w->clock = (struct sp_clock){ .wall_ms = now_wall, .mono_ms = now_mono, .context = w };
    strcpy(w->folder, "/tmp/scanpost_token_XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->secret, sizeof w->secret, "%s/secret", w->folder);
    snprintf(w->next, sizeof w->next, "%s/next", w->folder);
    write_file(w->secret, "a&b=~?\n");
    write_file(w->next, "the-next\n");
    *state = w;
    return 0;
}

static int
teardown_world(void **state)
{
    struct world *w = *state;
    sp_token_free(&w->token);
    sp_https_free(&w->https);
    fake_https_free(&w->server);
    fake_ca_free(&w->ca);
    unlink(w->secret);
    unlink(w->next);
    rmdir(w->folder);
    free(w);
    return 0;
}

static void
begin_with(struct world *w, struct sp_token_proof now, struct sp_token_proof next,
           const struct fake_https_answer *answers, size_t n)
{
    const struct sp_https_options options = { .ca_file = fake_ca_file(w->ca), .proxy = "", .clock = &w->clock };
    w->server = fake_https_new(w->ca, FAKE_GOOD, answers, n);
    assert_int_equal(sp_https_new(&options, &w->https, &w->err), SP_OK);
    const struct sp_token_options token = {
        .name = "submission",
        .url = fake_https_url(w->server, "/contoso.com/oauth2/v2.0/token"),
        .client_id = "app-1",
        .scope = "https://outlook.office365.com/.default",
        .now = now,
        .next = next,
        .https = w->https,
        .clock = &w->clock,
    };
    assert_int_equal(sp_token_new(&token, &w->token, &w->err), SP_OK);
}

static void
begin(struct world *w, bool with_next, const struct fake_https_answer *answers, size_t n)
{
    begin_with(w, (struct sp_token_proof){ w->secret, "", "" },
               (struct sp_token_proof){ with_next ? w->next : "", "", "" }, answers, n);
}

/* The token, for a moment; "" when there is none. */
static const char *
get(struct world *w)
{
    static char text[100];
    struct sp_secret *token = NULL;
    text[0] = '\0';
    if (sp_token_get(w->token, SP_TOKEN_MARGIN_S, w->transcript, &token, &w->failure))
        snprintf(text, sizeof text, "%s", sp_secret_bytes(token));
    sp_secret_free(&token);
    return text;
}

static void
test_asked_as_the_protocol_wants_and_kept(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = { { 200, NULL, TOKEN("one", "3599"), HTTPS_KEEPS } };
    begin(w, false, answers, 1);
    assert_int_equal(sp_token_works_by(w->token), SP_TOKEN_BY_NOBODY);
    assert_string_equal(get(w), "one");
    assert_string_equal(get(w), "one");
    assert_int_equal(fake_https_requests(w->server), 1);
    assert_int_equal(sp_token_works_by(w->token), SP_TOKEN_BY_NOW);
    const char *heard = fake_https_request(w->server, 0);
    assert_ptr_equal(strstr(heard, "POST /contoso.com/oauth2/v2.0/token HTTP/1.1\r\n"), heard);
    assert_non_null(strstr(heard, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    assert_non_null(strstr(heard, "\r\n\r\ngrant_type=client_credentials&client_id=app-1&scope=https%3A%2F%2Foutlook."
                                  "office365.com%2F.default&client_secret=a%26b%3D~%3F"));
}

static void
test_renewed_ahead_of_its_end(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = { { 200, NULL, TOKEN("one", "3600"), HTTPS_KEEPS },
                                                        { 200, NULL, TOKEN("two", "3600"), HTTPS_KEEPS } };
    begin(w, false, answers, 2);
    assert_string_equal(get(w), "one");
    w->passed = 3200 * SECOND;
    assert_string_equal(get(w), "one");
    w->passed = 3350 * SECOND;
    assert_string_equal(get(w), "two");
}

static void
test_short_lived_tokens_are_used_for_half_their_life(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = { { 200, NULL, TOKEN("one", "60"), HTTPS_KEEPS },
                                                        { 200, NULL, TOKEN("two", "\"60\""), HTTPS_KEEPS } };
    begin(w, false, answers, 2);
    assert_string_equal(get(w), "one");
    w->passed = 20 * SECOND;
    assert_string_equal(get(w), "one");
    w->passed = 40 * SECOND;
    assert_string_equal(get(w), "two");
}

static void
test_old_token_serves_while_no_new_one_is_to_be_had(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = {
        { 200, NULL, TOKEN("one", "3600"), HTTPS_KEEPS },
        { 503, NULL, "busy", HTTPS_KEEPS },
        { 503, NULL, "busy", HTTPS_KEEPS },
        { 200, NULL, TOKEN("two", "3600"), HTTPS_KEEPS },
    };
    begin(w, false, answers, 4);
    assert_string_equal(get(w), "one");
    w->passed = 3400 * SECOND;
    assert_string_equal(get(w), "one");
    assert_string_equal(get(w), "one"); /* without asking again at once */
    assert_int_equal(fake_https_requests(w->server), 2);
    w->passed = 3601 * SECOND;
    assert_string_equal(get(w), ""); /* now it is over */
    assert_int_equal(w->failure.code, 503);
    assert_string_equal(get(w), "two");
}

static void
test_written_down_without_secret_and_token(void **state)
{
    struct world *w = *state;
    static struct sp_transcript transcript;
    static const struct fake_https_answer answers[] = {
        { 401, NULL, "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: 'a&b=~?' is wrong\"}",
          HTTPS_KEEPS },
        { 200, NULL, TOKEN("the-token-of-the-day", "3599"), HTTPS_KEEPS },
    };
    w->transcript = &transcript;
    sp_transcript_begin(&transcript, &w->clock);
    begin(w, true, answers, 2);
    assert_string_equal(get(w), "the-token-of-the-day");
    const char *text = sp_transcript_text(&transcript);
    assert_non_null(strstr(text, "C: POST https://"));
    assert_non_null(strstr(text, "(client app-1, scope https://outlook.office365.com/.default, by the secret)\n"));
    assert_non_null(strstr(text, "S: 401 AADSTS7000215: '******' is wrong\n"));
    assert_non_null(strstr(text, "by the next secret)\n"));
    assert_non_null(strstr(text, "S: 200 a token for 3599 s\n"));
    assert_null(strstr(text, "a&b="));
    assert_null(strstr(text, "the-next"));
    assert_null(strstr(text, "the-token"));
}

struct crowd {
    struct world *w;
    pthread_barrier_t start;
    _Atomic int served;
};

static void *
one_of_the_crowd(void *context)
{
    struct crowd *crowd = context;
    struct sp_secret *token = NULL;
    struct sp_token_failure failure;
    pthread_barrier_wait(&crowd->start);
    if (sp_token_get(crowd->w->token, SP_TOKEN_MARGIN_S, NULL, &token, &failure))
        crowd->served += strcmp(sp_secret_bytes(token), "one") == 0;
    sp_secret_free(&token);
    return NULL;
}

static void
test_a_crowd_costs_one_request(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = { { 200, NULL, TOKEN("one", "3600"), HTTPS_KEEPS } };
    struct crowd crowd = { .w = w };
    pthread_t threads[8];
    begin(w, false, answers, 1);
    pthread_barrier_init(&crowd.start, NULL, SP_LEN(threads));
    for (size_t i = 0; i < SP_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, one_of_the_crowd, &crowd), 0);
    for (size_t i = 0; i < SP_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&crowd.start);
    assert_int_equal(crowd.served, SP_LEN(threads));
    assert_int_equal(fake_https_requests(w->server), 1);
}

static void
test_refused_token_is_fetched_anew_once(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = { { 200, NULL, TOKEN("one", "3600"), HTTPS_KEEPS },
                                                        { 200, NULL, TOKEN("two", "3600"), HTTPS_KEEPS } };
    struct sp_secret *first = NULL;
    begin(w, false, answers, 2);
    assert_true(sp_token_get(w->token, 0, NULL, &first, &w->failure));
    sp_token_invalidate(w->token, first);
    assert_string_equal(get(w), "two");
    sp_token_invalidate(w->token, first); /* somebody else was refused with the old one, too */
    assert_string_equal(get(w), "two");
    assert_int_equal(fake_https_requests(w->server), 2);
    sp_secret_free(&first);
}

static enum sp_class
class_of(const struct sp_token_failure *failure, const char **ret_cause)
{
    struct sp_diagnosis diagnosis;
    const struct sp_event event = { .stage = failure->stage,
                                    .trouble = failure->trouble,
                                    .method = "submission",
                                    .code = failure->code,
                                    .words = failure->words };
    sp_diagnose(&event, &(struct sp_facts){ 0 }, &diagnosis);
    *ret_cause = diagnosis.cause;
    return diagnosis.class_;
}

static void
test_refusal_is_told_word_for_word(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = { { 401, "Retry-After: 5\r\n", EXPIRED, HTTPS_KEEPS } };
    const char *cause = NULL;
    begin(w, false, answers, 1);
    assert_string_equal(get(w), "");
    assert_int_equal(w->failure.stage, SP_STAGE_TOKEN);
    assert_int_equal(w->failure.trouble, SP_TROUBLE_REPLY);
    assert_int_equal(w->failure.code, 401);
    assert_int_equal(w->failure.retry_after, 5);
    const char *expected = "AADSTS7000222: The provided client secret keys for app 'app-1' are expired.";
    assert_ptr_equal(strstr(w->failure.words, expected), w->failure.words);
    assert_null(strpbrk(w->failure.words, "\r\n"));
    assert_int_equal(class_of(&w->failure, &cause), SP_CLASS_AUTH_FAILED);
    assert_string_equal(cause, "secret_expired");
}

static void
test_successor_is_tried_by_itself_and_stays(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = { { 401, NULL, EXPIRED, HTTPS_KEEPS },
                                                        { 200, NULL, TOKEN("one", "3600"), HTTPS_KEEPS },
                                                        { 200, NULL, TOKEN("two", "3600"), HTTPS_KEEPS } };
    begin(w, true, answers, 3);
    assert_string_equal(get(w), "one");
    assert_int_equal(sp_token_works_by(w->token), SP_TOKEN_BY_NEXT);
    assert_non_null(strstr(fake_https_request(w->server, 1), "&client_secret=the-next"));
    w->passed = 3500 * SECOND;
    assert_string_equal(get(w), "two");
    assert_int_equal(fake_https_requests(w->server), 3);
    assert_non_null(strstr(fake_https_request(w->server, 2), "&client_secret=the-next"));
}

static void
test_when_both_are_refused_the_first_ones_words_are_told(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = {
        { 401, NULL, EXPIRED, HTTPS_KEEPS },
        { 401, NULL, "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: no\"}", HTTPS_KEEPS },
    };
    begin(w, true, answers, 2);
    assert_string_equal(get(w), "");
    assert_int_equal(fake_https_requests(w->server), 2);
    assert_non_null(strstr(w->failure.words, "AADSTS7000222"));
}

static void
test_other_refusals_do_not_cost_the_successor(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = { { 400, NULL, UNKNOWN_APP, HTTPS_KEEPS } };
    begin(w, true, answers, 1);
    assert_string_equal(get(w), "");
    assert_int_equal(fake_https_requests(w->server), 1);
}

static void
test_secret_that_cannot_be_read_is_told_and_its_successor_used(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = { { 200, NULL, TOKEN("one", "3600"), HTTPS_KEEPS } };
    begin_with(w, (struct sp_token_proof){ "/nonexistent", "", "" }, (struct sp_token_proof){ w->next, "", "" },
               answers, 1);
    assert_string_equal(get(w), "one");
    sp_token_free(&w->token);
    sp_https_free(&w->https);
    fake_https_free(&w->server);
    begin_with(w, (struct sp_token_proof){ "/nonexistent", "", "" }, (struct sp_token_proof){ "", "", "" }, answers, 1);
    assert_string_equal(get(w), "");
    assert_int_equal(w->failure.trouble, SP_TROUBLE_LOCAL);
    assert_non_null(strstr(w->failure.words, "/nonexistent"));
}

static void
test_certificate_signs_in_and_may_succeed_a_secret(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = { { 401, NULL, EXPIRED, HTTPS_KEEPS },
                                                        { 200, NULL, TOKEN("one", "3600"), HTTPS_KEEPS } };
    struct pair pair;
    pair_make(&pair, w->folder, "app", PAIR_RSA);
    begin_with(w, (struct sp_token_proof){ w->secret, "", "" },
               (struct sp_token_proof){ "", pair.certificate_file, pair.key_file }, answers, 2);
    assert_string_equal(get(w), "one");
    const char *heard = fake_https_request(w->server, 1);
    assert_non_null(strstr(heard, "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3A"
                                  "jwt-bearer&client_assertion=eyJ"));
    assert_null(strstr(heard, "client_secret"));
    pair_free(&pair);
}

static void
test_answers_that_are_none(void **state)
{
    struct world *w = *state;
    static const struct fake_https_answer answers[] = {
        { 200, NULL, "<html>log in here</html>", HTTPS_KEEPS },
        { 200, NULL, "{\"access_token\":7}", HTTPS_KEEPS },
        { 502, NULL, NULL, HTTPS_KEEPS },
        { 0, NULL, NULL, HTTPS_HANGS_UP },
    };
    static const enum sp_trouble expected[] = { SP_TROUBLE_GARBAGE, SP_TROUBLE_GARBAGE, SP_TROUBLE_REPLY };
    begin(w, true, answers, SP_LEN(answers));
    for (size_t i = 0; i < SP_LEN(expected); i++) {
        assert_string_equal(get(w), "");
        assert_int_equal(w->failure.trouble, expected[i]);
    }
    assert_int_equal(fake_https_requests(w->server), 3);
    fake_https_free(&w->server);
    assert_string_equal(get(w), "");
    assert_int_equal(w->failure.trouble, SP_TROUBLE_REFUSED);
    assert_int_equal(w->failure.stage, SP_STAGE_TOKEN);
}

#define world_test(test) cmocka_unit_test_setup_teardown(test, setup_world, teardown_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_asked_as_the_protocol_wants_and_kept),
        world_test(test_written_down_without_secret_and_token),
        world_test(test_renewed_ahead_of_its_end),
        world_test(test_short_lived_tokens_are_used_for_half_their_life),
        world_test(test_old_token_serves_while_no_new_one_is_to_be_had),
        world_test(test_a_crowd_costs_one_request),
        world_test(test_refused_token_is_fetched_anew_once),
        world_test(test_refusal_is_told_word_for_word),
        world_test(test_successor_is_tried_by_itself_and_stays),
        world_test(test_when_both_are_refused_the_first_ones_words_are_told),
        world_test(test_other_refusals_do_not_cost_the_successor),
        world_test(test_secret_that_cannot_be_read_is_told_and_its_successor_used),
        world_test(test_certificate_signs_in_and_may_succeed_a_secret),
        world_test(test_answers_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
