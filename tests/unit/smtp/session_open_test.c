/* Everything that can go wrong between connect and the second EHLO. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "unit/smtp/world.h"

#define GREETED "<220 hi", ">EHLO scan.example.test\r\n", "<250-fake\r\n250 STARTTLS", ">STARTTLS\r\n"

static void
expect_trouble(struct world *w, enum sp_stage stage, enum sp_trouble trouble)
{
    assert_false(world_open(w));
    assert_null(w->smtp);
    world_got(w, stage, trouble);
    assert_false(w->got.alive);
    assert_false(w->got.maybe_sent);
    world_end(w);
}

static void
test_opens_and_tells_what_it_learnt(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server,
                   FAKE_SMTP_OPEN("250-SIZE 157286400\r\n250-PIPELINING\r\n250-DSN\r\n250-CHUNKING\r\n250-8BITMIME\r\n"
                                  "250-AUTH LOGIN XOAUTH2\r\n250 SMTPUTF8"),
                   ">QUIT", "!eof", NULL);
    assert_true(world_open(w));
    const struct sp_smtp_facts *facts = sp_smtp_facts(w->smtp);
    assert_string_equal(facts->ip, "127.0.0.1");
    assert_int_equal(facts->port, fake_smtp_port(w->server));
    assert_string_equal(facts->banner, "fake.example.test ready");
    assert_string_equal(facts->public_ip, "192.0.2.7");
    assert_string_equal(facts->tls_version, "TLSv1.3");
    assert_string_equal(facts->certificate_issuer, "CN=Fake Test Authority");
    assert_int_equal(facts->max_size, 157286400);
    assert_true(facts->pipelining && facts->chunking && facts->eightbit && facts->smtputf8);
    assert_true(facts->auth_login && facts->auth_xoauth2 && facts->size);
    assert_false(facts->binarymime);
    world_end(w);
    assert_string_equal(fake_smtp_clear(w->server), "EHLO scan.example.test\r\nSTARTTLS\r\n");
}

static void
test_what_was_offered_in_clear_is_forgotten(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, "<220 hi", ">EHLO", "<250-fake\r\n250-CHUNKING\r\n250-AUTH LOGIN\r\n250 STARTTLS",
                   ">STARTTLS", "<220 go", "!tls", ">EHLO", "<250 fake", ">QUIT", NULL);
    assert_true(world_open(w));
    assert_false(sp_smtp_facts(w->smtp)->chunking);
    assert_false(sp_smtp_facts(w->smtp)->auth_login);
    world_end(w);
}

static void
test_tls_session_is_resumed_by_the_next_connection(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, FAKE_SMTP_OPEN("250 SIZE"), ">QUIT", "!eof", "!close", FAKE_SMTP_OPEN("250 SIZE"),
                   ">QUIT", NULL);
    assert_true(world_open(w));
    assert_false(sp_smtp_facts(w->smtp)->tls_resumed);
    sp_smtp_close(&w->smtp);
    assert_true(world_open(w));
    assert_true(sp_smtp_facts(w->smtp)->tls_resumed);
    assert_string_equal(sp_smtp_facts(w->smtp)->certificate_issuer, "CN=Fake Test Authority");
    world_end(w);
}

static void
test_refused_when_nobody_listens(void **state)
{
    struct world *w = *state;
    fake_smtp_free(&w->server);
    assert_false(world_open(w));
    world_got(w, SP_STAGE_CONNECT, SP_TROUBLE_REFUSED);
    assert_non_null(strstr(w->got.words, "127.0.0.1"));
}

static void
test_next_address_when_the_first_refuses(void **state)
{
    struct world *w = *state;
    struct sp_net_address two[2] = { w->address, w->address };
    struct fake_smtp *gone = fake_smtp_new(FAKE_GOOD);
    fake_smtp_address(gone, &two[0]);
    fake_smtp_free(&gone);
    w->options.addresses = two;
    w->options.n_addresses = 2;
    fake_smtp_plan(w->server, FAKE_SMTP_OPEN("250 SIZE"), ">QUIT", NULL);
    assert_true(world_open(w));
    world_end(w);
}

static void
test_timeout_when_banner_never_comes(void **state)
{
    struct world *w = *state;
    world_hurry(w);
    fake_smtp_plan(w->server, "!hang", NULL);
    expect_trouble(w, SP_STAGE_BANNER, SP_TROUBLE_TIMEOUT);
}

static void
test_timeout_when_banner_stops_half_way(void **state)
{
    struct world *w = *state;
    world_hurry(w);
    fake_smtp_plan(w->server, "!raw 220 half a ban", "!hang", NULL);
    expect_trouble(w, SP_STAGE_BANNER, SP_TROUBLE_TIMEOUT);
}

static void
test_timeout_when_ehlo_is_not_answered(void **state)
{
    struct world *w = *state;
    world_hurry(w);
    fake_smtp_plan(w->server, "<220 hi", ">EHLO", "!hang", NULL);
    expect_trouble(w, SP_STAGE_EHLO, SP_TROUBLE_TIMEOUT);
}

static void
test_timeout_when_starttls_is_not_answered(void **state)
{
    struct world *w = *state;
    world_hurry(w);
    fake_smtp_plan(w->server, GREETED, "!hang", NULL);
    expect_trouble(w, SP_STAGE_STARTTLS, SP_TROUBLE_TIMEOUT);
}

static void
test_timeout_when_handshake_hangs(void **state)
{
    struct world *w = *state;
    world_hurry(w);
    fake_smtp_plan(w->server, GREETED, "<220 go", "!hello", "!deaf", NULL);
    expect_trouble(w, SP_STAGE_TLS, SP_TROUBLE_TIMEOUT);
}

static void
test_timeout_when_second_ehlo_is_not_answered(void **state)
{
    struct world *w = *state;
    world_hurry(w);
    fake_smtp_plan(w->server, GREETED, "<220 go", "!tls", ">EHLO", "!hang", NULL);
    expect_trouble(w, SP_STAGE_EHLO, SP_TROUBLE_TIMEOUT);
}

static void
test_closed_before_banner(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, "!close", NULL);
    expect_trouble(w, SP_STAGE_BANNER, SP_TROUBLE_CLOSED);
}

static void
test_closed_after_reset(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, "<220 hi", ">EHLO", "!reset", NULL);
    expect_trouble(w, SP_STAGE_EHLO, SP_TROUBLE_CLOSED);
}

static void
test_closed_in_the_middle_of_a_reply(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, "<220 hi", ">EHLO", "<250-fake\r\n250-SIZE", "!close", NULL);
    expect_trouble(w, SP_STAGE_EHLO, SP_TROUBLE_CLOSED);
}

static void
test_closed_instead_of_starttls(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, GREETED, "!close", NULL);
    expect_trouble(w, SP_STAGE_STARTTLS, SP_TROUBLE_CLOSED);
}

static void
test_closed_instead_of_handshake(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, GREETED, "<220 go", "!close", NULL);
    expect_trouble(w, SP_STAGE_TLS, SP_TROUBLE_CLOSED);
}

static void
test_closed_after_handshake(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, GREETED, "<220 go", "!tls", ">EHLO", "!close", NULL);
    expect_trouble(w, SP_STAGE_EHLO, SP_TROUBLE_CLOSED);
}

static void
test_garbage_for_a_banner(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, "<HTTP/1.1 400 Bad Request", "!eof", NULL);
    expect_trouble(w, SP_STAGE_BANNER, SP_TROUBLE_GARBAGE);
    assert_non_null(strstr(w->got.words, "HTTP/1.1"));
}

static void
test_garbage_when_a_line_has_a_zero_byte(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, "<220 hi", ">EHLO", "!zero", "!eof", NULL);
    expect_trouble(w, SP_STAGE_EHLO, SP_TROUBLE_GARBAGE);
}

static void
test_garbage_when_a_line_has_no_end(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, "!raw 220 ", "!fill 9000", "!hang", NULL);
    expect_trouble(w, SP_STAGE_BANNER, SP_TROUBLE_GARBAGE);
}

static void
test_garbage_when_a_reply_has_no_end(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, "<220 hi", ">EHLO", "!flood", NULL);
    expect_trouble(w, SP_STAGE_EHLO, SP_TROUBLE_GARBAGE);
}

static void
test_garbage_when_the_banner_is_another_reply(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, "<250 hi", "!eof", NULL);
    expect_trouble(w, SP_STAGE_BANNER, SP_TROUBLE_GARBAGE);
}

static void
test_line_of_eight_thousand_bytes_is_read(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, "!raw 554 ", "!fill 8188", "<", "!eof", NULL);
    assert_false(world_open(w));
    world_got_reply(w, SP_STAGE_BANNER, 554);
    world_end(w);
}

static void
test_refusals_of_each_stage_keep_their_words(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, "<421 4.3.2 too many connections", "!close", "<220 hi", ">EHLO",
                   "<501 5.5.4 Invalid domain name", "!close", GREETED, "<454 4.7.0 TLS not available", "!eof",
                   "!close", GREETED, "<220 go", "!tls", ">EHLO", "<421 4.7.66 TLS too old", NULL);
    static const struct {
        enum sp_stage stage;
        int code;
        const char *enhanced;
    } expected[] = { { SP_STAGE_BANNER, 421, "4.3.2" },
                     { SP_STAGE_EHLO, 501, "5.5.4" },
                     { SP_STAGE_STARTTLS, 454, "4.7.0" },
                     { SP_STAGE_EHLO, 421, "4.7.66" } };
    for (size_t i = 0; i < SP_LEN(expected); i++) {
        assert_false(world_open(w));
        world_got_reply(w, expected[i].stage, expected[i].code);
        assert_string_equal(w->got.reply.enhanced, expected[i].enhanced);
    }
    world_end(w);
}

static void
test_nothing_more_is_said_when_starttls_is_not_offered(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, "<220 ******", ">EHLO", "<250-fake\r\n250-XXXXXXXA\r\n250 SIZE", "!eof", NULL);
    expect_trouble(w, SP_STAGE_STARTTLS, SP_TROUBLE_NO_STARTTLS);
    assert_non_null(strstr(w->got.words, "******")); /* a firewall's doing: its banner tells */
    assert_string_equal(fake_smtp_clear(w->server), "EHLO scan.example.test\r\n");
}

static void
test_text_injected_behind_the_starttls_reply_is_refused(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, GREETED, "<220 go\r\n250-fake\r\n250 AUTH LOGIN", "!eof", NULL);
    expect_trouble(w, SP_STAGE_STARTTLS, SP_TROUBLE_GARBAGE);
}

static void
test_garbage_instead_of_tls(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, GREETED, "<220 go", "!hello", "!raw 500 what is this?\r\n", "!deaf", NULL);
    expect_trouble(w, SP_STAGE_TLS, SP_TROUBLE_HANDSHAKE);
}

static void
expect_certificate_refused(struct world *w, enum fake_certificate kind, const char *word)
{
    world_certificate(w, kind);
    fake_smtp_plan(w->server, GREETED, "<220 go", "!tls", NULL);
    assert_false(world_open(w));
    world_got(w, SP_STAGE_TLS, SP_TROUBLE_CERTIFICATE);
    if (strstr(w->got.words, word) == NULL)
        fail_msg("'%s' is not in '%s'", word, w->got.words);
    fake_smtp_end(w->server);
    assert_string_equal(fake_smtp_clear(w->server), "EHLO scan.example.test\r\nSTARTTLS\r\n");
}

static void
test_expired_certificate_is_refused(void **state)
{
    expect_certificate_refused(*state, FAKE_EXPIRED, "expired");
}

static void
test_certificate_of_tomorrow_is_refused(void **state)
{
    expect_certificate_refused(*state, FAKE_NOT_YET_VALID, "not yet valid");
}

static void
test_certificate_of_another_host_is_refused(void **state)
{
    expect_certificate_refused(*state, FAKE_WRONG_NAME, "somebody-else.example.test");
}

static void
test_certificate_of_an_unknown_authority_is_refused_and_named(void **state)
{
    expect_certificate_refused(*state, FAKE_UNTRUSTED, "Firewall Inspection CA");
}

static void
test_self_signed_certificate_is_refused(void **state)
{
    expect_certificate_refused(*state, FAKE_SELF_SIGNED, "self-signed");
}

static void
test_idle_session_notices_that_the_server_left(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, FAKE_SMTP_OPEN("250 SIZE"), "!quiet", "<421 4.4.2 idle too long", "!hang", NULL);
    assert_true(world_open(w));
    assert_true(sp_smtp_idle_ok(w->smtp)); /* although the TLS tickets are still to be read */
    while (sp_smtp_idle_ok(w->smtp))
        usleep(1000);
    world_end(w);
}

#define world_test(name) cmocka_unit_test_setup_teardown(name, setup_world, teardown_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_opens_and_tells_what_it_learnt),
        world_test(test_what_was_offered_in_clear_is_forgotten),
        world_test(test_tls_session_is_resumed_by_the_next_connection),
        world_test(test_refused_when_nobody_listens),
        world_test(test_next_address_when_the_first_refuses),
        world_test(test_timeout_when_banner_never_comes),
        world_test(test_timeout_when_banner_stops_half_way),
        world_test(test_timeout_when_ehlo_is_not_answered),
        world_test(test_timeout_when_starttls_is_not_answered),
        world_test(test_timeout_when_handshake_hangs),
        world_test(test_timeout_when_second_ehlo_is_not_answered),
        world_test(test_closed_before_banner),
        world_test(test_closed_after_reset),
        world_test(test_closed_in_the_middle_of_a_reply),
        world_test(test_closed_instead_of_starttls),
        world_test(test_closed_instead_of_handshake),
        world_test(test_closed_after_handshake),
        world_test(test_garbage_for_a_banner),
        world_test(test_garbage_when_a_line_has_a_zero_byte),
        world_test(test_garbage_when_a_line_has_no_end),
        world_test(test_garbage_when_a_reply_has_no_end),
        world_test(test_garbage_when_the_banner_is_another_reply),
        world_test(test_line_of_eight_thousand_bytes_is_read),
        world_test(test_refusals_of_each_stage_keep_their_words),
        world_test(test_nothing_more_is_said_when_starttls_is_not_offered),
        world_test(test_text_injected_behind_the_starttls_reply_is_refused),
        world_test(test_garbage_instead_of_tls),
        world_test(test_expired_certificate_is_refused),
        world_test(test_certificate_of_tomorrow_is_refused),
        world_test(test_certificate_of_another_host_is_refused),
        world_test(test_certificate_of_an_unknown_authority_is_refused_and_named),
        world_test(test_self_signed_certificate_is_refused),
        world_test(test_idle_session_notices_that_the_server_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
