/* AUTH, by both mechanisms, and what servers do instead of saying yes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/net/transcript.h"
#include "base/log.h"
#include "base/secret.h"
#include "unit/smtp/world.h"

#define OPEN    FAKE_SMTP_OPEN("250-PIPELINING\r\n250 AUTH LOGIN XOAUTH2")
#define USER    "scanner@contoso.com"
#define USER64  "c2Nhbm5lckBjb250b3NvLmNvbQ=="
#define PASS64  "czNjcmV0" /* s3cret */
#define TOKEN64 "dXNlcj1zY2FubmVyQGNvbnRvc28uY29tAWF1dGg9QmVhcmVyIHMzY3JldAEB"

static bool
sign_in_with(struct world *w, enum sp_sasl mechanism, const char *text)
{
    if (w->smtp == NULL)
        assert_true(world_open(w));
    struct sp_secret *secret = sp_secret_new(text, strlen(text));
    bool fine = sp_smtp_auth(w->smtp, mechanism, USER, secret, &w->got);
    sp_secret_free(&secret);
    return fine;
}

static bool
sign_in(struct world *w, enum sp_sasl mechanism)
{
    return sign_in_with(w, mechanism, "s3cret");
}

static void
test_login_sends_the_name_along(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, OPEN, ">AUTH LOGIN " USER64 "\r\n", "<334 UGFzc3dvcmQ6", ">" PASS64 "\r\n",
                   "<235 2.7.0 Authentication successful", ">QUIT", NULL);
    assert_true(sign_in(w, SP_SASL_LOGIN));
    world_got(w, SP_STAGE_AUTH, SP_TROUBLE_NONE);
    assert_true(w->got.alive);
    world_end(w);
}

static void
test_login_answers_challenges_of_any_words(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, OPEN, ">AUTH LOGIN " USER64 "\r\n", "<334 tell me more, this is not base64",
                   ">" PASS64 "\r\n", "<235 ok", ">QUIT", NULL);
    assert_true(sign_in(w, SP_SASL_LOGIN));
    world_end(w);
}

static void
test_login_says_the_name_again_when_asked_for_it(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, OPEN, ">AUTH LOGIN", "<334 VXNlcm5hbWU6", ">" USER64 "\r\n", "<334 UGFzc3dvcmQ6",
                   ">" PASS64 "\r\n", "<235 ok", ">QUIT", NULL);
    assert_true(sign_in(w, SP_SASL_LOGIN));
    world_end(w);
}

static void
test_login_gives_up_on_endless_challenges(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, OPEN, ">AUTH", "<334 ", ">", "<334 ", ">", "<334 ", ">", "<334 ", ">", "<334 ", ">",
                   "<334 ", "!hang", NULL);
    assert_false(sign_in(w, SP_SASL_LOGIN));
    world_got(w, SP_STAGE_AUTH, SP_TROUBLE_GARBAGE);
    sp_smtp_close(&w->smtp);
}

/* As long as Entra's: a command with it would be longer than RFC 5321 allows. */
static char long_token[1500];

static bool
sign_in_by_long_token(struct world *w)
{
    static const char head[] = "eyJ0eXAiOiJKV1QifQ.";
    memset(long_token, 'T', sizeof long_token - 1);
    for (size_t i = 0; head[i] != '\0'; i++)
        long_token[i] = head[i];
    return sign_in_with(w, SP_SASL_XOAUTH2, long_token);
}

static void
test_xoauth2_sends_a_long_token_in_a_second_step(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, OPEN, ">AUTH XOAUTH2\r\n", "<334 ", ">dXNlcj1zY2FubmVyQGNvbnRvc28uY29tAWF1dGg9QmVhcmVyI",
                   "<235 2.7.0 ok", ">QUIT", NULL);
    assert_true(sign_in_by_long_token(w));
    world_end(w);
}

static void
test_xoauth2_sends_a_short_token_along(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, OPEN, ">AUTH XOAUTH2 " TOKEN64 "\r\n", "<235 2.7.0 ok", ">QUIT", NULL);
    assert_true(sign_in(w, SP_SASL_XOAUTH2));
    world_end(w);
}

static void
test_xoauth2_says_the_token_again_where_it_was_overlooked(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, OPEN, ">AUTH XOAUTH2 " TOKEN64, "<334 ", ">" TOKEN64 "\r\n", "<235 2.7.0 ok", ">QUIT",
                   NULL);
    assert_true(sign_in(w, SP_SASL_XOAUTH2));
    world_end(w);
}

static void
test_xoauth2_refused_at_once(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, OPEN, ">AUTH XOAUTH2\r\n", "<334 ", ">dXNlcj1",
                   "<535 5.7.3 Authentication unsuccessful [host]", "!hang", NULL);
    assert_false(sign_in_by_long_token(w));
    world_got_reply(w, SP_STAGE_AUTH, 535);
    assert_string_equal(w->got.reply.enhanced, "5.7.3");
    assert_false(w->got.alive);
    world_end(w);
}

static void
test_xoauth2_refused_by_a_challenge_gets_an_empty_line(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, OPEN, ">AUTH XOAUTH2\r\n", "<334 ", ">dXNlcj1", "<334 eyJzdGF0dXMiOiI0MDAifQ==", ">\r\n",
                   "<535 5.7.8 no", "!hang", NULL);
    assert_false(sign_in_by_long_token(w));
    world_got_reply(w, SP_STAGE_AUTH, 535);
    world_end(w);
}

static void
test_xoauth2_in_one_step_refused_by_a_challenge_gets_an_empty_line(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, OPEN, ">AUTH XOAUTH2 " TOKEN64, "<334 eyJzdGF0dXMiOiI0MDAifQ==", ">\r\n", "<535 5.7.8 no",
                   "!hang", NULL);
    assert_false(sign_in(w, SP_SASL_XOAUTH2));
    world_got_reply(w, SP_STAGE_AUTH, 535);
    world_end(w);
}

static void
test_nothing_is_said_when_the_mechanism_is_not_offered(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, FAKE_SMTP_OPEN("250 AUTH LOGIN PLAIN"), ">QUIT", "!eof", NULL);
    assert_false(sign_in(w, SP_SASL_XOAUTH2));
    world_got(w, SP_STAGE_AUTH, SP_TROUBLE_NO_MECHANISM);
    world_end(w);
}

static void
test_password_refused(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, OPEN, ">AUTH", "<334 UGFzc3dvcmQ6", ">" PASS64,
                   "<535 5.7.139 Authentication unsuccessful, basic authentication is disabled.", "!hang", NULL);
    assert_false(sign_in(w, SP_SASL_LOGIN));
    world_got_reply(w, SP_STAGE_AUTH, 535);
    assert_string_equal(w->got.reply.enhanced, "5.7.139");
    world_end(w);
}

static void
test_auth_refused_before_any_challenge(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, OPEN, ">AUTH", "<504 5.7.4 Unrecognized authentication type", "!hang", NULL);
    assert_false(sign_in(w, SP_SASL_LOGIN));
    world_got_reply(w, SP_STAGE_AUTH, 504);
    world_end(w);
}

static void
test_server_leaves_during_auth(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, OPEN, ">AUTH", "<334 UGFzc3dvcmQ6", ">" PASS64, "!close", NULL);
    assert_false(sign_in(w, SP_SASL_LOGIN));
    world_got(w, SP_STAGE_AUTH, SP_TROUBLE_CLOSED);
    world_end(w);
}

static void
test_server_is_silent_during_auth(void **state)
{
    struct world *w = *state;
    world_hurry(w);
    fake_smtp_plan(w->server, OPEN, ">AUTH", "!hang", NULL);
    assert_false(sign_in(w, SP_SASL_LOGIN));
    world_got(w, SP_STAGE_AUTH, SP_TROUBLE_TIMEOUT);
    world_end(w);
}

/* Neither log nor transcript, nor what is told of a refusal, may hold the secret in any form. */
static void
assert_kept_secret(const char *text, const char *secret)
{
    assert_null(strstr(text, secret));
    assert_null(strstr(text, PASS64));
    assert_null(strstr(text, "dXNlcj1zY2FubmVy"));
    assert_null(strstr(text, USER64));
}

static void
sign_in_watched(struct world *w, enum sp_sasl mechanism, const char *secret, char text[SP_TRANSCRIPT_SIZE])
{
    static struct sp_transcript transcript;
    static char log_text[64 * 1024];
    int fd = memfd_create("log", MFD_CLOEXEC);
    assert_true(fd >= 0);
    const struct sp_log log = { .level = SP_LOG_DEBUG, .who = "test", .fd = fd };
    w->options.log = &log;
    w->options.transcript = &transcript;
    sp_transcript_begin(&transcript, w->options.clock);
    (void)sign_in_with(w, mechanism, secret);
    sp_smtp_close(&w->smtp);
    ssize_t size = pread(fd, log_text, sizeof log_text - 1, 0);
    assert_true(size > 0);
    log_text[size] = '\0';
    close(fd);
    strcpy(text, sp_transcript_text(&transcript));
    assert_kept_secret(log_text, secret);
    assert_kept_secret(text, secret);
    assert_kept_secret(w->got.reply.text, secret);
    assert_kept_secret(w->got.words, secret);
}

static void
test_the_dialogue_is_written_down_without_the_password(void **state)
{
    struct world *w = *state;
    char text[SP_TRANSCRIPT_SIZE];
    fake_smtp_plan(w->server, OPEN, ">AUTH", "<334 UGFzc3dvcmQ6", ">" PASS64, "<235 2.7.0 ok", ">QUIT", NULL);
    sign_in_watched(w, SP_SASL_LOGIN, "s3cret", text);
    assert_non_null(strstr(text, "C: EHLO scan.example.test\n"));
    assert_non_null(strstr(text, "S: 250 fake.example.test Hello [192.0.2.7] / PIPELINING / AUTH LOGIN XOAUTH2\n"));
    assert_non_null(strstr(text, "C: AUTH LOGIN (user name)\n"));
    assert_non_null(strstr(text, "C: (secret)\n"));
    assert_non_null(strstr(text, "S: 235 2.7.0 ok\n"));
}

static void
test_the_dialogue_is_written_down_without_the_token(void **state)
{
    struct world *w = *state;
    char text[SP_TRANSCRIPT_SIZE];
    fake_smtp_plan(w->server, OPEN, ">AUTH XOAUTH2 " TOKEN64, "<334 eyJzdGF0dXMiOiI0MDAifQ==", ">\r\n", "<535 5.7.8 no",
                   "!hang", NULL);
    sign_in_watched(w, SP_SASL_XOAUTH2, "s3cret", text);
    assert_non_null(strstr(text, "C: AUTH XOAUTH2 (secret)\n"));
}

static void
test_the_dialogue_is_written_down_without_a_token_in_two_steps(void **state)
{
    struct world *w = *state;
    char text[SP_TRANSCRIPT_SIZE], token[1500];
    memset(token, 'T', sizeof token - 1);
    token[sizeof token - 1] = '\0';
    fake_smtp_plan(w->server, OPEN, ">AUTH XOAUTH2\r\n", "<334 ", ">dXNlcj1", "<535 5.7.3 no", "!hang", NULL);
    sign_in_watched(w, SP_SASL_XOAUTH2, token, text);
    assert_non_null(strstr(text, "(secret)\n"));
    assert_non_null(strstr(text, "S: 535 5.7.3 no\n"));
}

static void
test_a_server_that_repeats_the_secret_is_not_quoted(void **state)
{
    struct world *w = *state;
    char text[SP_TRANSCRIPT_SIZE];
    fake_smtp_plan(w->server, OPEN, ">AUTH", "<334 " PASS64, ">" PASS64, "<535 5.7.8 '" PASS64 "' is s3cret, and wrong",
                   "!hang", NULL);
    sign_in_watched(w, SP_SASL_LOGIN, "s3cret", text);
    world_got_reply(w, SP_STAGE_AUTH, 535);
    assert_non_null(strstr(text, "S: 535 5.7.8 '********' is ******, and wrong\n"));
}

static void
test_a_server_that_repeats_the_token_as_garbage_is_not_quoted(void **state)
{
    struct world *w = *state;
    char text[SP_TRANSCRIPT_SIZE];
    fake_smtp_plan(w->server, OPEN, ">AUTH", "<what is " PASS64 " or s3cret?", "!hang", NULL);
    sign_in_watched(w, SP_SASL_LOGIN, "s3cret", text);
    world_got(w, SP_STAGE_AUTH, SP_TROUBLE_GARBAGE);
}

#define world_test(name) cmocka_unit_test_setup_teardown(name, setup_world, teardown_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_login_sends_the_name_along),
        world_test(test_login_answers_challenges_of_any_words),
        world_test(test_login_says_the_name_again_when_asked_for_it),
        world_test(test_login_gives_up_on_endless_challenges),
        world_test(test_xoauth2_sends_a_long_token_in_a_second_step),
        world_test(test_xoauth2_sends_a_short_token_along),
        world_test(test_xoauth2_says_the_token_again_where_it_was_overlooked),
        world_test(test_xoauth2_in_one_step_refused_by_a_challenge_gets_an_empty_line),
        world_test(test_xoauth2_refused_at_once),
        world_test(test_xoauth2_refused_by_a_challenge_gets_an_empty_line),
        world_test(test_nothing_is_said_when_the_mechanism_is_not_offered),
        world_test(test_password_refused),
        world_test(test_auth_refused_before_any_challenge),
        world_test(test_server_leaves_during_auth),
        world_test(test_server_is_silent_during_auth),
        world_test(test_the_dialogue_is_written_down_without_the_password),
        world_test(test_the_dialogue_is_written_down_without_the_token),
        world_test(test_the_dialogue_is_written_down_without_a_token_in_two_steps),
        world_test(test_a_server_that_repeats_the_secret_is_not_quoted),
        world_test(test_a_server_that_repeats_the_token_as_garbage_is_not_quoted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
