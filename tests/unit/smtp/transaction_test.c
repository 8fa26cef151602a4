/* One message after another, on every path that MAIL, RCPT, DATA and BDAT can take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/net/transcript.h"
#include "base/auto.h"
#include "unit/smtp/world.h"

/* Servers by what they can. */
#define PLAIN  FAKE_SMTP_OPEN("250 8BITMIME")
#define PIPES  FAKE_SMTP_OPEN("250-PIPELINING\r\n250 8BITMIME")
#define CHUNKS FAKE_SMTP_OPEN("250-PIPELINING\r\n250-CHUNKING\r\n250 SIZE 1000000")

static const char small[] = "Subject: x\r\n\r\nhello\r\n"; /* 21 octets */

struct mail {
    struct text text;
    struct sp_smtp_recipient to[3];
    size_t n;
};

static struct mail
mail_to(size_t n)
{
    return (struct mail){
        .text = { .bytes = small, .size = sizeof small - 1 },
        .to = { { .address = "a@contoso.com" }, { .address = "b@contoso.com" }, { .address = "c@contoso.com" } },
        .n = n,
    };
}

static bool
deliver(struct world *w, struct mail *mail)
{
    if (w->smtp == NULL)
        assert_true(world_open(w));
    struct sp_smtp_body body = text_body(&mail->text);
    return sp_smtp_deliver(w->smtp, "scanner@contoso.com", mail->to, mail->n, &body, &w->got);
}

static bool
deliver_one(struct world *w)
{
    struct mail mail = mail_to(1);
    return deliver(w, &mail);
}

static void
assert_sent(const struct world *w)
{
    world_got(w, SP_STAGE_MESSAGE, SP_TROUBLE_NONE);
    assert_int_equal(w->got.reply.code, 250);
    assert_true(w->got.alive);
    assert_false(w->got.maybe_sent);
}

static void
assert_body(const struct world *w, size_t number, const char *expected, size_t expected_size)
{
    size_t size = 0;
    const char *body = fake_smtp_body(w->server, number, &size);
    assert_non_null(body);
    assert_int_equal(size, expected_size);
    assert_memory_equal(body, expected, expected_size);
}

/* --- how it goes when it goes well --- */

static void
test_waits_for_each_answer_without_pipelining(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, PLAIN, ">MAIL FROM:<scanner@contoso.com>\r\n", "!quiet", "<250 ok",
                   ">RCPT TO:<a@contoso.com>\r\n", "!quiet", "<250 ok", ">RCPT TO:<b@contoso.com>\r\n", "!quiet",
                   "<250 ok", ">DATA\r\n", "!quiet", "<354 go", "!dots", "<250 2.6.0 queued", ">QUIT", "!eof", NULL);
    struct mail mail = mail_to(2);
    assert_true(deliver(w, &mail));
    assert_sent(w);
    assert_true(mail.to[0].accepted && mail.to[1].accepted);
    world_end(w);
    assert_body(w, 0, small, sizeof small - 1);
}

/* The fake says nothing until it has heard the whole flight: a client that waited for an answer would wait forever. */
static void
test_sends_the_envelope_and_data_in_one_flight(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, PIPES, ">MAIL", ">RCPT", ">RCPT", ">DATA", "!quiet",
                   "<250 ok\r\n250 ok\r\n250 ok\r\n354 go", "!dots", "<250 queued", ">QUIT", NULL);
    struct mail mail = mail_to(2);
    assert_true(deliver(w, &mail));
    assert_sent(w);
    world_end(w);
    assert_body(w, 0, small, sizeof small - 1);
}

static void
test_sends_a_small_message_in_a_single_flight(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, CHUNKS, ">MAIL FROM:<scanner@contoso.com> SIZE=21\r\n", ">RCPT", ">RCPT",
                   ">BDAT 21 LAST\r\n", "!octets 21", "!quiet", "<250 ok\r\n250 ok\r\n250 ok\r\n250 queued", ">QUIT",
                   NULL);
    struct mail mail = mail_to(2);
    assert_true(deliver(w, &mail));
    assert_sent(w);
    world_end(w);
    assert_body(w, 0, small, sizeof small - 1);
}

static void
test_written_down_as_a_dialogue_without_the_message(void **state)
{
    struct world *w = *state;
    static struct sp_transcript transcript;
    fake_smtp_plan(w->server, CHUNKS, ">MAIL", ">RCPT", ">RCPT", ">BDAT 21 LAST\r\n", "!octets 21",
                   "<250 ok\r\n250 ok\r\n550-5.1.1 nobody\r\n550 5.1.1 here\r\n250 queued", ">QUIT", NULL);
    assert_true(world_open(w));
    sp_transcript_begin(&transcript, w->options.clock);
    sp_smtp_transcribe(w->smtp, &transcript);
    struct mail mail = mail_to(2);
    assert_true(deliver(w, &mail));
    sp_smtp_transcribe(w->smtp, NULL);
    world_end(w);
    static const char *const lines[] = {
        "C: MAIL FROM:<scanner@contoso.com> SIZE=21",
        "C: RCPT TO:<a@contoso.com>",
        "C: RCPT TO:<b@contoso.com>",
        "C: BDAT 21 LAST",
        "C: (21 octets of message)",
        "S: 250 ok",
        "S: 250 ok",
        "S: 550 5.1.1 nobody / here",
        "S: 250 queued",
    };
    const char *at = sp_transcript_text(&transcript);
    for (size_t i = 0; i < SP_LEN(lines); i++) {
        size_t n = strcspn(at, "\n");
        assert_int_equal(n, strlen("    0.000 ") + strlen(lines[i]));
        assert_memory_equal(at + n - strlen(lines[i]), lines[i], strlen(lines[i]));
        at += n + 1;
    }
    assert_string_equal(at, "");
}

static void
test_pipelining_is_not_used_when_switched_off(void **state)
{
    struct world *w = *state;
    w->options.pipelining = false;
    fake_smtp_plan(w->server, CHUNKS, ">MAIL", "!quiet", "<250 ok", ">RCPT", "!quiet", "<250 ok", ">BDAT 21 LAST",
                   "!octets 21", "<250 queued", ">QUIT", NULL);
    assert_true(deliver_one(w));
    world_end(w);
}

static void
test_one_connection_carries_several_messages(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, CHUNKS, ">MAIL", ">RCPT", ">BDAT", "!octets 21", "<250 ok\r\n250 ok\r\n250 one", ">MAIL",
                   ">RCPT", ">BDAT", "!octets 21", "<250 ok\r\n550 5.1.10 nobody\r\n503 no recipients", ">RSET",
                   "<250 ok", ">MAIL", ">RCPT", ">BDAT", "!octets 21", "<250 ok\r\n250 ok\r\n250 three", ">QUIT", NULL);
    assert_true(deliver_one(w));
    assert_false(deliver_one(w));
    assert_true(w->got.alive && sp_smtp_idle_ok(w->smtp));
    assert_true(deliver_one(w));
    assert_string_equal(w->got.reply.text, "three");
    world_end(w);
}

static void
test_more_recipients_than_fit_a_window(void **state)
{
    enum { MANY = 200 };
    struct world *w = *state;
    struct sp_smtp_recipient *to = calloc(MANY, sizeof *to);
    assert_non_null(to);
    for (size_t i = 0; i < MANY; i++)
        to[i].address = "a@contoso.com";
#define TAKEN        ">RCPT", "<250 ok"
#define TEN_TAKEN    TAKEN, TAKEN, TAKEN, TAKEN, TAKEN, TAKEN, TAKEN, TAKEN, TAKEN, TAKEN
#define EIGHTY_TAKEN TEN_TAKEN, TEN_TAKEN, TEN_TAKEN, TEN_TAKEN, TEN_TAKEN, TEN_TAKEN, TEN_TAKEN, TEN_TAKEN
    fake_smtp_plan(w->server, PIPES, ">MAIL", "<250 ok", EIGHTY_TAKEN, ">RCPT", "<421 4.3.2 enough", "!hang", NULL);
    assert_true(world_open(w));
    struct text text = { .bytes = small, .size = sizeof small - 1 };
    struct sp_smtp_body body = text_body(&text);
    assert_false(sp_smtp_deliver(w->smtp, "scanner@contoso.com", to, MANY, &body, &w->got));
    world_got_reply(w, SP_STAGE_RCPT, 421);
    assert_true(to[79].accepted);
    assert_int_equal(to[80].reply.code, 421);
    assert_int_equal(to[81].reply.code, 0);
    free(to);
    world_end(w);
}

static void
test_binary_form_is_sent_where_allowed_and_offered(void **state)
{
    struct world *w = *state;
    w->options.binarymime = true;
    fake_smtp_plan(w->server, FAKE_SMTP_OPEN("250-PIPELINING\r\n250-CHUNKING\r\n250 BINARYMIME"),
                   ">MAIL FROM:<scanner@contoso.com> BODY=BINARYMIME\r\n", ">RCPT", ">BDAT 21 LAST", "!octets 21",
                   "<250 ok\r\n250 ok\r\n250 queued", ">QUIT", NULL);
    struct mail mail = mail_to(1);
    assert_true(world_open(w));
    struct sp_smtp_body body = text_body(&mail.text);
    body.size = 99999;
    body.binary_size = 21;
    assert_true(sp_smtp_deliver(w->smtp, "scanner@contoso.com", mail.to, 1, &body, &w->got));
    assert_true(mail.text.binary);
    world_end(w);
}

static void
test_smtputf8_is_said_only_when_needed(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, FAKE_SMTP_OPEN("250 SMTPUTF8"), ">MAIL FROM:<scanner@contoso.com> SMTPUTF8\r\n",
                   "<250 ok", ">RCPT TO:<j\xc3\xbcrgen@contoso.com>\r\n", "<250 ok", ">DATA", "<354 go", "!dots",
                   "<250 ok", ">MAIL FROM:<scanner@contoso.com>\r\n", "<550 no", ">RSET", "<250 ok", ">QUIT", NULL);
    struct mail mail = mail_to(1);
    mail.to[0].address = "j\xc3\xbcrgen@contoso.com";
    assert_true(deliver(w, &mail));
    assert_false(deliver_one(w));
    world_end(w);
}

static void
test_probe_goes_up_to_rcpt_and_resets(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, CHUNKS, ">MAIL FROM:<scanner@contoso.com>\r\n", ">RCPT", "<250 ok\r\n250 2.1.5 fine",
                   ">RSET\r\n", "<250 ok", ">QUIT", "!eof", NULL);
    assert_true(world_open(w));
    struct mail mail = mail_to(1);
    assert_true(sp_smtp_probe(w->smtp, "scanner@contoso.com", mail.to, 1, &w->got));
    world_got(w, SP_STAGE_RCPT, SP_TROUBLE_NONE);
    assert_string_equal(w->got.reply.text, "fine");
    assert_true(w->got.alive);
    world_end(w);
}

/* --- refusals --- */

static void
test_some_recipients_refused_the_others_get_it(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, CHUNKS, ">MAIL", ">RCPT", ">RCPT", ">RCPT", ">BDAT", "!octets 21",
                   "<250 ok\r\n250 ok\r\n550 5.1.10 nobody\r\n451 4.7.500 later\r\n250 queued", ">QUIT", NULL);
    struct mail mail = mail_to(3);
    assert_true(deliver(w, &mail));
    assert_sent(w);
    assert_true(mail.to[0].accepted);
    assert_false(mail.to[1].accepted || mail.to[2].accepted);
    assert_int_equal(mail.to[1].reply.code, 550);
    assert_string_equal(mail.to[1].reply.enhanced, "5.1.10");
    assert_int_equal(mail.to[2].reply.code, 451);
    world_end(w);
}

static void
test_all_recipients_refused_nothing_was_sent_by_bdat(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, CHUNKS, ">MAIL", ">RCPT", ">RCPT", ">BDAT", "!octets 21",
                   "<250 ok\r\n550 5.7.606 banned\r\n550 5.1.10 nobody\r\n503 5.5.2 need RCPT", ">RSET", "<250 ok",
                   ">QUIT", NULL);
    struct mail mail = mail_to(2);
    assert_false(deliver(w, &mail));
    world_got_reply(w, SP_STAGE_RCPT, 550);
    assert_string_equal(w->got.reply.enhanced, "5.7.606");
    assert_false(w->got.maybe_sent);
    assert_true(w->got.alive);
    world_end(w);
}

static void
test_all_recipients_refused_yet_354_gets_a_lone_dot(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, PIPES, ">MAIL", ">RCPT", ">DATA", "<250 ok\r\n550 5.7.606 banned\r\n354 go", "!dots",
                   "<554 5.5.1 no recipients", ">RSET", "<250 ok", ">QUIT", NULL);
    assert_false(deliver_one(w));
    world_got_reply(w, SP_STAGE_RCPT, 550);
    assert_false(w->got.maybe_sent);
    assert_true(w->got.alive);
    world_end(w);
    assert_body(w, 0, "", 0);
}

static void
test_all_recipients_refused_in_lock_step_nothing_more_is_said(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, PLAIN, ">MAIL", "<250 ok", ">RCPT", "<550 5.7.606 banned", ">RSET", "<250 ok", ">QUIT",
                   NULL);
    assert_false(deliver_one(w));
    world_got_reply(w, SP_STAGE_RCPT, 550);
    world_end(w);
}

static void
test_sender_refused_says_nothing_about_recipients(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, CHUNKS, ">MAIL", ">RCPT", ">BDAT", "!octets 21",
                   "<550 5.7.60 not allowed\r\n503 need MAIL\r\n503 need MAIL", ">RSET", "<250 ok", ">QUIT", NULL);
    struct mail mail = mail_to(1);
    assert_false(deliver(w, &mail));
    world_got_reply(w, SP_STAGE_MAIL, 550);
    assert_int_equal(mail.to[0].reply.code, 0);
    assert_false(mail.to[0].accepted);
    world_end(w);
}

static void
test_refusals_for_now_and_for_good_at_each_stage(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, PLAIN,                                                     /* one after the other */
                   ">MAIL", "<451 4.7.0 later", ">RSET", "<250 ok",                      /* */
                   ">MAIL", "<250 ok", ">RCPT", "<451 4.7.500 busy", ">RSET", "<250 ok", /* */
                   ">MAIL", "<250 ok", ">RCPT", "<250 ok", ">DATA", "<452 4.3.1 disk", ">RSET", "<250 ok", /* */
                   ">MAIL", "<250 ok", ">RCPT", "<250 ok", ">DATA", "<550 5.7.1 no", ">RSET", "<250 ok",   /* */
                   ">MAIL", "<250 ok", ">RCPT", "<250 ok", ">DATA", "<354 go", "!dots", "<432 4.3.2 too many", ">RSET",
                   "<250 ok", /* */
                   ">MAIL", "<250 ok", ">RCPT", "<250 ok", ">DATA", "<354 go", "!dots", "<554 5.2.0 SendAsDenied",
                   ">RSET", "<250 ok", ">QUIT", NULL);
    static const struct {
        enum sp_stage stage;
        int code;
    } expected[] = { { SP_STAGE_MAIL, 451 }, { SP_STAGE_RCPT, 451 },    { SP_STAGE_DATA, 452 },
                     { SP_STAGE_DATA, 550 }, { SP_STAGE_MESSAGE, 432 }, { SP_STAGE_MESSAGE, 554 } };
    for (size_t i = 0; i < SP_LEN(expected); i++) {
        assert_false(deliver_one(w));
        world_got_reply(w, expected[i].stage, expected[i].code);
        assert_true(w->got.alive);
        assert_false(w->got.maybe_sent);
    }
    world_end(w);
}

static void
test_message_over_the_announced_size_is_not_begun(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, FAKE_SMTP_OPEN("250 SIZE 20"), ">QUIT", "!eof", NULL);
    assert_false(deliver_one(w));
    world_got(w, SP_STAGE_MAIL, SP_TROUBLE_TOO_LARGE);
    assert_true(w->got.alive);
    world_end(w);
}

static void
test_size_without_a_limit_is_no_limit(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, FAKE_SMTP_OPEN("250 SIZE"), ">MAIL FROM:<scanner@contoso.com> SIZE=21", "<250 ok",
                   ">RCPT", "<250 ok", ">DATA", "<354 go", "!dots", "<250 ok", ">QUIT", NULL);
    assert_true(deliver_one(w));
    world_end(w);
}

static void
test_what_is_no_address_is_never_said(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, PLAIN, ">QUIT", "!eof", NULL);
    static const char *const bad[] = { "", "a", "a@b.test>\r\nRSET", "a@b.test\r\nDATA", "<a@b.test", "a b@c.test" };
    for (size_t i = 0; i < SP_LEN(bad); i++) {
        struct mail mail = mail_to(1);
        mail.to[0].address = bad[i];
        assert_false(deliver(w, &mail));
        assert_int_equal(w->got.trouble, SP_TROUBLE_LOCAL);
        assert_true(w->got.alive);
    }
    world_end(w);
}

/* --- leaving, silence, nonsense --- */

static void
test_421_midway_is_told_and_ends_the_session(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, PIPES, ">MAIL", ">RCPT", ">RCPT", ">DATA", "<250 ok\r\n421 4.3.2 shutting down", "!close",
                   NULL);
    struct mail mail = mail_to(2);
    assert_false(deliver(w, &mail));
    world_got_reply(w, SP_STAGE_RCPT, 421);
    assert_false(w->got.alive);
    assert_false(w->got.maybe_sent);
    assert_int_equal(mail.to[1].reply.code, 0);
    world_end(w);
}

static void
test_server_leaves_after_a_refusal(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, CHUNKS, ">MAIL", ">RCPT", ">BDAT", "!octets 21", "<250 ok\r\n550 5.7.606 banned",
                   "!close", NULL);
    assert_false(deliver_one(w));
    world_got_reply(w, SP_STAGE_RCPT, 550);
    assert_false(w->got.alive);
    assert_false(w->got.maybe_sent);
    world_end(w);
}

static void
test_connection_lost_at_each_stage(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, PLAIN, ">MAIL", "!close", PLAIN, ">MAIL", "<250 ok", ">RCPT", "!close", PLAIN, ">MAIL",
                   "<250 ok", ">RCPT", "<250 ok", ">DATA", "!reset", PLAIN, ">MAIL", "<250 ok", ">RCPT", "<250 ok",
                   ">DATA", "<354 go", "!dots", "!close", NULL);
    static const struct {
        enum sp_stage stage;
        bool maybe_sent;
    } expected[] = {
        { SP_STAGE_MAIL, false }, { SP_STAGE_RCPT, false }, { SP_STAGE_DATA, false }, { SP_STAGE_MESSAGE, true }
    };
    for (size_t i = 0; i < SP_LEN(expected); i++) {
        assert_false(deliver_one(w));
        world_got(w, expected[i].stage, SP_TROUBLE_CLOSED);
        assert_int_equal(w->got.maybe_sent, expected[i].maybe_sent);
        assert_false(w->got.alive);
        sp_smtp_close(&w->smtp);
    }
    world_end(w);
}

static void
test_silence_at_each_stage(void **state)
{
    struct world *w = *state;
    world_hurry(w);
    fake_smtp_plan(w->server, PLAIN, ">MAIL", "!hang", "!close", PLAIN, ">MAIL", "<250 ok", ">RCPT", "!hang", "!close",
                   PLAIN, ">MAIL", "<250 ok", ">RCPT", "<250 ok", ">DATA", "!hang", "!close", PLAIN, ">MAIL", "<250 ok",
                   ">RCPT", "<250 ok", ">DATA", "<354 go", "!dots", "!hang", NULL);
    static const enum sp_stage expected[] = { SP_STAGE_MAIL, SP_STAGE_RCPT, SP_STAGE_DATA, SP_STAGE_MESSAGE };
    for (size_t i = 0; i < SP_LEN(expected); i++) {
        assert_false(deliver_one(w));
        world_got(w, expected[i], SP_TROUBLE_TIMEOUT);
        assert_int_equal(w->got.maybe_sent, expected[i] == SP_STAGE_MESSAGE);
        sp_smtp_close(&w->smtp);
    }
    world_end(w);
}

static void
test_answer_to_the_last_chunk_is_lost(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, CHUNKS, ">MAIL", ">RCPT", ">BDAT", "!octets 21", "<250 ok\r\n250 ok\r\n250-half",
                   "!close", NULL);
    assert_false(deliver_one(w));
    world_got(w, SP_STAGE_MESSAGE, SP_TROUBLE_CLOSED);
    assert_true(w->got.maybe_sent);
    world_end(w);
}

/* With all in one flight the message is gone before MAIL is answered. */
static void
test_answers_to_a_whole_flight_are_lost(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, CHUNKS, ">MAIL", ">RCPT", ">BDAT", "!octets 21", "!close", NULL);
    assert_false(deliver_one(w));
    world_got(w, SP_STAGE_MAIL, SP_TROUBLE_CLOSED);
    assert_true(w->got.maybe_sent);
    world_end(w);
}

static void
test_garbage_after_the_message_may_mean_anything(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, PLAIN, ">MAIL", "<250 ok", ">RCPT", "<250 ok", ">DATA", "<354 go", "!dots",
                   "<mail accepted, thank you", "!eof", NULL);
    assert_false(deliver_one(w));
    world_got(w, SP_STAGE_MESSAGE, SP_TROUBLE_GARBAGE);
    assert_true(w->got.maybe_sent);
    assert_false(w->got.alive);
    world_end(w);
}

static void
test_answers_that_have_no_meaning_there(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, PLAIN, ">MAIL", "<354 go", "!close", PLAIN, ">MAIL", "<250 ok", ">RCPT", "<354 go",
                   "!close", PLAIN, ">MAIL", "<250 ok", ">RCPT", "<250 ok", ">DATA", "<250 ok", "!close", NULL);
    static const enum sp_stage expected[] = { SP_STAGE_MAIL, SP_STAGE_RCPT, SP_STAGE_DATA };
    for (size_t i = 0; i < SP_LEN(expected); i++) {
        assert_false(deliver_one(w));
        world_got(w, expected[i], SP_TROUBLE_GARBAGE);
        assert_false(w->got.maybe_sent);
        sp_smtp_close(&w->smtp);
    }
    world_end(w);
}

static void
test_session_is_over_when_reset_is_refused(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, PLAIN, ">MAIL", "<550 no", ">RSET", "<421 bye", NULL);
    assert_false(deliver_one(w));
    world_got_reply(w, SP_STAGE_MAIL, 550);
    assert_false(w->got.alive);
    world_end(w);
}

#define world_test(name) cmocka_unit_test_setup_teardown(name, setup_world, teardown_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_waits_for_each_answer_without_pipelining),
        world_test(test_sends_the_envelope_and_data_in_one_flight),
        world_test(test_sends_a_small_message_in_a_single_flight),
        world_test(test_written_down_as_a_dialogue_without_the_message),
        world_test(test_pipelining_is_not_used_when_switched_off),
        world_test(test_one_connection_carries_several_messages),
        world_test(test_more_recipients_than_fit_a_window),
        world_test(test_binary_form_is_sent_where_allowed_and_offered),
        world_test(test_smtputf8_is_said_only_when_needed),
        world_test(test_probe_goes_up_to_rcpt_and_resets),
        world_test(test_some_recipients_refused_the_others_get_it),
        world_test(test_all_recipients_refused_nothing_was_sent_by_bdat),
        world_test(test_all_recipients_refused_yet_354_gets_a_lone_dot),
        world_test(test_all_recipients_refused_in_lock_step_nothing_more_is_said),
        world_test(test_sender_refused_says_nothing_about_recipients),
        world_test(test_refusals_for_now_and_for_good_at_each_stage),
        world_test(test_message_over_the_announced_size_is_not_begun),
        world_test(test_size_without_a_limit_is_no_limit),
        world_test(test_what_is_no_address_is_never_said),
        world_test(test_421_midway_is_told_and_ends_the_session),
        world_test(test_server_leaves_after_a_refusal),
        world_test(test_connection_lost_at_each_stage),
        world_test(test_silence_at_each_stage),
        world_test(test_answer_to_the_last_chunk_is_lost),
        world_test(test_answers_to_a_whole_flight_are_lost),
        world_test(test_garbage_after_the_message_may_mean_anything),
        world_test(test_answers_that_have_no_meaning_there),
        world_test(test_session_is_over_when_reset_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
