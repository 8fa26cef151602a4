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

#include "base/log.h"
#include "base/secret.h"
#include "unit/smtp/world.h"

#define OPEN    FAKE_SMTP_OPEN("250-PIPELINING\r\n250 AUTH LOGIN XOAUTH2")
#define USER    "scanner@contoso.com"
#define USER64  "c2Nhbm5lckBjb250b3NvLmNvbQ=="
#define PASS64  "czNjcmV0" /* s3cret */
#define TOKEN64 "dXNlcj1zY2FubmVyQGNvbnRvc28uY29tAWF1dGg9QmVhcmVyIHMzY3JldAEB"

static bool
sign_in(struct world *w, enum sp_sasl mechanism)
{
    if (w->smtp == NULL)
        assert_true(world_open(w));
    struct sp_secret *secret = sp_secret_new("s3cret", 6);
    bool fine = sp_smtp_auth(w->smtp, mechanism, USER, secret, &w->got);
    sp_secret_free(&secret);
    return fine;
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

static void
test_xoauth2_sends_the_token_in_a_second_step(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, OPEN, ">AUTH XOAUTH2\r\n", "<334 ", ">" TOKEN64 "\r\n", "<235 2.7.0 ok", ">QUIT", NULL);
    assert_true(sign_in(w, SP_SASL_XOAUTH2));
    world_end(w);
}

static void
test_xoauth2_refused_at_once(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, OPEN, ">AUTH XOAUTH2\r\n", "<334 ", ">" TOKEN64,
                   "<535 5.7.3 Authentication unsuccessful [host]", "!hang", NULL);
    assert_false(sign_in(w, SP_SASL_XOAUTH2));
    world_got_reply(w, SP_STAGE_AUTH, 535);
    assert_string_equal(w->got.reply.enhanced, "5.7.3");
    assert_false(w->got.alive);
    world_end(w);
}

static void
test_xoauth2_refused_by_a_challenge_gets_an_empty_line(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, OPEN, ">AUTH XOAUTH2\r\n", "<334 ", ">" TOKEN64, "<334 eyJzdGF0dXMiOiI0MDAifQ==", ">\r\n",
                   "<535 5.7.8 no", "!hang", NULL);
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

static void
test_transcript_shows_the_dialogue_without_the_secret(void **state)
{
    struct world *w = *state;
    int fd = memfd_create("log", MFD_CLOEXEC);
    assert_true(fd >= 0);
    const struct sp_log log = { .level = SP_LOG_DEBUG, .who = "test", .fd = fd };
    w->options.log = &log;
    fake_smtp_plan(w->server, OPEN, ">AUTH", "<334 UGFzc3dvcmQ6", ">" PASS64, "<235 ok", ">QUIT", NULL);
    assert_true(sign_in(w, SP_SASL_LOGIN));
    world_end(w);
    char text[16384] = "";
    assert_true(pread(fd, text, sizeof text - 1, 0) > 0);
    close(fd);
    assert_non_null(strstr(text, "S: 235 ok"));
    assert_non_null(strstr(text, "C: (secret)"));
    assert_null(strstr(text, PASS64));
    assert_null(strstr(text, "s3cret"));
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
        world_test(test_xoauth2_sends_the_token_in_a_second_step),
        world_test(test_xoauth2_refused_at_once),
        world_test(test_xoauth2_refused_by_a_challenge_gets_an_empty_line),
        world_test(test_nothing_is_said_when_the_mechanism_is_not_offered),
        world_test(test_password_refused),
        world_test(test_auth_refused_before_any_challenge),
        world_test(test_server_leaves_during_auth),
        world_test(test_server_is_silent_during_auth),
        world_test(test_transcript_shows_the_dialogue_without_the_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
