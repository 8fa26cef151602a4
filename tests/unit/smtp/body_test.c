/* Large bodies, dots, and servers that speak while one is on its way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/str.h"
#include "unit/smtp/world.h"

#define PIPES  FAKE_SMTP_OPEN("250-PIPELINING\r\n250 8BITMIME")
#define CHUNKS FAKE_SMTP_OPEN("250-PIPELINING\r\n250 CHUNKING")

static bool
deliver(struct world *w, struct text *text)
{
    if (w->smtp == NULL)
        assert_true(world_open(w));
    struct sp_smtp_recipient to = { .address = "a@contoso.com" };
    struct sp_smtp_body body = text_body(text);
    return sp_smtp_deliver(w->smtp, "scanner@contoso.com", &to, 1, &body, &w->got);
}

/* Lines of 80 octets, some of them beginning with dots, `size` octets in all. */
static char *
lines(size_t size)
{
    char *text = malloc(size);
    assert_non_null(text);
    for (size_t i = 0; i < size; i++)
        text[i] = "abcdefghijklmnopqrstuvwxyz"[i % 26];
    for (size_t i = 0; i < size; i += 240)
        text[i] = '.';
    for (size_t i = 79; i < size; i += 80)
        memcpy(text + i - 1, "\r\n", 2); /* NOLINT(bugprone-not-null-terminated-result): octets, not a string */
    return text;
}

static void
assert_stuffed(const char *body, const char *wire)
{
    struct world *w;
    void *state = NULL;
    setup_world(&state);
    w = state;
    fake_smtp_plan(w->server, PIPES, ">MAIL", ">RCPT", ">DATA", "<250 ok\r\n250 ok\r\n354 go", "!dots", "<250 ok",
                   ">QUIT", NULL);
    struct text text = { .bytes = body, .size = strlen(body) };
    assert_true(deliver(w, &text));
    world_end(w);
    size_t size = 0;
    const char *got = fake_smtp_body(w->server, 0, &size);
    assert_non_null(got);
    assert_string_equal(got, wire);
    teardown_world(&state);
}

static void
test_dots_at_the_start_of_lines_are_doubled(void **state)
{
    (void)state;
    static const struct {
        const char *body, *wire;
    } cases[] = {
        { "a\r\n", "a\r\n" },       { ".\r\n", "..\r\n" },
        { "..\r\n", "...\r\n" },    { ".a\r\n.b\r\n.\r\n", "..a\r\n..b\r\n..\r\n" },
        { "a.b.\r\n", "a.b.\r\n" }, { "a\r\n\r\n.", "a\r\n\r\n..\r\n" },
        { "no end", "no end\r\n" }, { "", "" },
    };
    for (size_t i = 0; i < SP_LEN(cases); i++)
        assert_stuffed(cases[i].body, cases[i].wire);
}

static void
test_dots_are_doubled_across_blocks(void **state)
{
    struct world *w = *state;
    size_t size = 400000;
    SP_AUTO_FREE char *bytes = lines(size);
    bytes[65534] = '\r'; /* the end of the first block of 64 KiB */
    bytes[65535] = '\n';
    bytes[65536] = '.';
    fake_smtp_plan(w->server, PIPES, ">MAIL", ">RCPT", ">DATA", "<250 ok\r\n250 ok\r\n354 go", "!dots", "<250 ok",
                   ">QUIT", NULL);
    struct text text = { .bytes = bytes, .size = size };
    assert_true(deliver(w, &text));
    world_end(w);
    SP_AUTO(sp_str_free) struct sp_str wire = { 0 };
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '.' && (i == 0 || bytes[i - 1] == '\n'))
            sp_str_add_char(&wire, '.');
        sp_str_add_char(&wire, bytes[i]);
    }
    size_t got_size = 0;
    const char *got = fake_smtp_body(w->server, 0, &got_size);
    assert_int_equal(got_size, wire.len);
    assert_memory_equal(got, wire.text, wire.len);
}

static void
test_large_body_waits_for_the_recipients_and_goes_in_one_chunk(void **state)
{
    struct world *w = *state;
    size_t size = 1000000;
    SP_AUTO_FREE char *bytes = lines(size);
    fake_smtp_plan(w->server, CHUNKS, ">MAIL", ">RCPT", "!quiet", "<250 ok\r\n250 ok", ">BDAT 1000000 LAST\r\n",
                   "!octets 1000000", "!quiet", "<250 ok", ">QUIT", NULL);
    struct text text = { .bytes = bytes, .size = size };
    assert_true(deliver(w, &text));
    world_end(w);
    size_t got_size = 0;
    const char *got = fake_smtp_body(w->server, 0, &got_size);
    assert_int_equal(got_size, size);
    assert_memory_equal(got, bytes, size);
}

static void
test_body_of_512_kib_goes_in_one_flight_and_one_more_octet_does_not(void **state)
{
    struct world *w = *state;
    SP_AUTO_FREE char *bytes = lines(524289);
    fake_smtp_plan(w->server, CHUNKS, ">MAIL", ">RCPT", ">BDAT 524288 LAST", "!octets 524288", "!quiet",
                   "<250 ok\r\n250 ok\r\n250 ok", ">MAIL", ">RCPT", "!quiet", "<250 ok\r\n250 ok", ">BDAT 524289 LAST",
                   "!octets 524289", "<250 ok", ">QUIT", NULL);
    assert_true(deliver(w, &(struct text){ .bytes = bytes, .size = 524288 }));
    assert_true(deliver(w, &(struct text){ .bytes = bytes, .size = 524289 }));
    world_end(w);
}

static void
test_recipient_refused_while_the_body_was_in_flight_ends_only_that_message(void **state)
{
    struct world *w = *state;
    SP_AUTO_FREE char *bytes = lines(300000);
    fake_smtp_plan(w->server, CHUNKS, ">MAIL", ">RCPT", "<250 ok\r\n550 5.7.606 banned", ">BDAT 300000 LAST",
                   "!octets 300000", "<503 5.5.2 need RCPT", ">RSET", "<250 ok", ">MAIL", ">RCPT", ">BDAT 300000 LAST",
                   "!octets 300000", "<250 ok\r\n250 ok\r\n250 ok", ">QUIT", NULL);
    assert_false(deliver(w, &(struct text){ .bytes = bytes, .size = 300000 }));
    world_got_reply(w, SP_STAGE_RCPT, 550);
    assert_false(w->got.maybe_sent);
    assert_true(w->got.alive);
    assert_true(deliver(w, &(struct text){ .bytes = bytes, .size = 300000 }));
    world_end(w);
}

static void
expect_early_refusal(struct world *w, size_t size)
{
    SP_AUTO_FREE char *bytes = lines(size);
    struct text text = { .bytes = bytes, .size = size };
    assert_false(deliver(w, &text));
    world_got_reply(w, SP_STAGE_MESSAGE, 552);
    assert_string_equal(w->got.reply.enhanced, "5.3.4");
    assert_false(w->got.maybe_sent);
    assert_false(w->got.alive);
    world_end(w);
}

static void
test_552_in_the_middle_of_data_is_heard(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, PIPES, ">MAIL", ">RCPT", ">DATA", "<250 ok\r\n250 ok\r\n354 go", "!some 200000",
                   "<552 5.3.4 too large", "!hang", NULL);
    expect_early_refusal(*state, 20000000);
}

static void
test_552_and_a_closed_door_in_the_middle_of_a_chunk_are_heard(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, CHUNKS, ">MAIL", ">RCPT", "<250 ok\r\n250 ok", ">BDAT", "!some 200000",
                   "<552 5.3.4 too large", "!close", NULL);
    expect_early_refusal(*state, 20000000);
}

static void
test_552_is_heard_although_the_server_reads_no_more(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, CHUNKS, ">MAIL", ">RCPT", "<250 ok\r\n250 ok", ">BDAT", "!some 1000",
                   "<552 5.3.4 too large", "!deaf", NULL);
    expect_early_refusal(*state, 20000000);
}

static void
test_connection_lost_in_the_middle_of_the_body_is_not_maybe_sent(void **state)
{
    struct world *w = *state;
    SP_AUTO_FREE char *bytes = lines(20000000);
    fake_smtp_plan(w->server, PIPES, ">MAIL", ">RCPT", ">DATA", "<250 ok\r\n250 ok\r\n354 go", "!some 200000", "!reset",
                   CHUNKS, ">MAIL", ">RCPT", "<250 ok\r\n250 ok", ">BDAT", "!some 200000", "!reset", NULL);
    for (int i = 0; i < 2; i++) {
        assert_false(deliver(w, &(struct text){ .bytes = bytes, .size = 20000000 }));
        world_got(w, SP_STAGE_MESSAGE, SP_TROUBLE_CLOSED);
        assert_false(w->got.maybe_sent);
        sp_smtp_close(&w->smtp);
    }
    world_end(w);
}

static void
test_server_that_reads_no_more_runs_into_the_deadline(void **state)
{
    struct world *w = *state;
    world_hurry(w);
    SP_AUTO_FREE char *bytes = lines(20000000);
    fake_smtp_plan(w->server, PIPES, ">MAIL", ">RCPT", ">DATA", "<250 ok\r\n250 ok\r\n354 go", "!deaf", NULL);
    assert_false(deliver(w, &(struct text){ .bytes = bytes, .size = 20000000 }));
    world_got(w, SP_STAGE_MESSAGE, SP_TROUBLE_TIMEOUT);
    assert_false(w->got.maybe_sent);
    world_end(w);
}

static void
test_small_body_that_cannot_be_read_leaves_the_session_alone(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, CHUNKS, ">MAIL", ">RCPT", ">BDAT 5 LAST", "!octets 5", "<250 ok\r\n250 ok\r\n250 ok",
                   ">QUIT", NULL);
    assert_false(deliver(w, &(struct text){ .bytes = "hello", .size = 5, .fails_at = 2 }));
    assert_int_equal(w->got.trouble, SP_TROUBLE_LOCAL);
    assert_non_null(strstr(w->got.words, "the disk has a hole"));
    assert_true(w->got.alive);
    assert_true(deliver(w, &(struct text){ .bytes = "hello", .size = 5 }));
    world_end(w);
}

static void
test_large_body_that_cannot_be_read_is_never_ended(void **state)
{
    struct world *w = *state;
    SP_AUTO_FREE char *bytes = lines(300000);
    fake_smtp_plan(w->server, PIPES, ">MAIL", ">RCPT", ">DATA", "<250 ok\r\n250 ok\r\n354 go", "!hang", "!close",
                   CHUNKS, ">MAIL", ">RCPT", ">BDAT 300000 LAST", "!hang", NULL);
    for (int i = 0; i < 2; i++) {
        assert_false(deliver(w, &(struct text){ .bytes = bytes, .size = 300000, .fails_at = 200000 }));
        world_got(w, SP_STAGE_MESSAGE, SP_TROUBLE_LOCAL);
        assert_false(w->got.alive);
        assert_false(w->got.maybe_sent);
        sp_smtp_close(&w->smtp);
    }
    world_end(w);
}

static bool
never(void *context)
{
    (void)context;
    return false;
}

static void
test_message_that_may_not_be_handed_over_is_never_ended(void **state)
{
    struct world *w = *state;
    SP_AUTO_FREE char *bytes = lines(300000);
    static const size_t sizes[] = { 5, 300000, 300000 };
    fake_smtp_plan(w->server, CHUNKS, "!hang", "!close", CHUNKS, ">MAIL", ">RCPT", "<250 ok\r\n250 ok",
                   ">BDAT 300000 LAST", "!hang", "!close", PIPES, ">MAIL", ">RCPT", ">DATA",
                   "<250 ok\r\n250 ok\r\n354 go", "!some 200000", "!hang", NULL);
    for (size_t i = 0; i < SP_LEN(sizes); i++) {
        struct text text = { .bytes = bytes, .size = sizes[i] };
        struct sp_smtp_recipient to = { .address = "a@contoso.com" };
        struct sp_smtp_body body = text_body(&text);
        body.may_end = never;
        assert_true(world_open(w));
        assert_false(sp_smtp_deliver(w->smtp, "scanner@contoso.com", &to, 1, &body, &w->got));
        assert_int_equal(w->got.trouble, SP_TROUBLE_LOCAL);
        assert_non_null(strstr(w->got.words, "scanpost is stopping"));
        assert_false(w->got.alive);
        assert_false(w->got.maybe_sent);
        sp_smtp_close(&w->smtp);
    }
    world_end(w);
}

static void
test_body_of_another_length_than_it_said_is_not_sent(void **state)
{
    struct world *w = *state;
    fake_smtp_plan(w->server, CHUNKS, ">QUIT", "!eof", NULL);
    assert_true(world_open(w));
    struct text text = { .bytes = "hello", .size = 5 };
    struct sp_smtp_recipient to = { .address = "a@contoso.com" };
    for (uint64_t said = 4; said <= 6; said += 2) {
        struct sp_smtp_body body = text_body(&text);
        body.size = said;
        assert_false(sp_smtp_deliver(w->smtp, "s@contoso.com", &to, 1, &body, &w->got));
        assert_int_equal(w->got.trouble, SP_TROUBLE_LOCAL);
    }
    world_end(w);
}

#define world_test(name) cmocka_unit_test_setup_teardown(name, setup_world, teardown_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dots_at_the_start_of_lines_are_doubled),
        world_test(test_dots_are_doubled_across_blocks),
        world_test(test_large_body_waits_for_the_recipients_and_goes_in_one_chunk),
        world_test(test_body_of_512_kib_goes_in_one_flight_and_one_more_octet_does_not),
        world_test(test_recipient_refused_while_the_body_was_in_flight_ends_only_that_message),
        world_test(test_552_in_the_middle_of_data_is_heard),
        world_test(test_552_and_a_closed_door_in_the_middle_of_a_chunk_are_heard),
        world_test(test_552_is_heard_although_the_server_reads_no_more),
        world_test(test_connection_lost_in_the_middle_of_the_body_is_not_maybe_sent),
        world_test(test_server_that_reads_no_more_runs_into_the_deadline),
        world_test(test_small_body_that_cannot_be_read_leaves_the_session_alone),
        world_test(test_large_body_that_cannot_be_read_is_never_ended),
        world_test(test_message_that_may_not_be_handed_over_is_never_ended),
        world_test(test_body_of_another_length_than_it_said_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
