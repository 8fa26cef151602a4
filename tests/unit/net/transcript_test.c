/* What is written down of a dialogue: bounded, clean, and without what looks like a secret. */
#include "backend/net/transcript.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

static int64_t
now(void *context)
{
    return *(const int64_t *)context;
}

struct world {
    int64_t ms;
    struct sp_clock clock;
    struct sp_transcript transcript;
};

static int
setup_world(void **state)
{
    static struct world world;
    world.ms = 5000;
    world.clock = (struct sp_clock){ .wall_ms = now, .mono_ms = now, .context = &world.ms };
    sp_transcript_begin(&world.transcript, &world.clock);
    *state = &world;
    return 0;
}

static void
test_a_line_tells_when_and_who(void **state)
{
    struct world *w = *state;
    sp_transcript_note(&w->transcript, "connected to %s", "192.0.2.1");
    w->ms += 12;
    sp_transcript_us(&w->transcript, "EHLO %s", "scan.contoso.com");
    w->ms += 61000;
    sp_transcript_peer(&w->transcript, "250 mx Hello");
    assert_string_equal(sp_transcript_text(&w->transcript), "    0.000 -- connected to 192.0.2.1\n"
                                                            "    0.012 C: EHLO scan.contoso.com\n"
                                                            "   61.012 S: 250 mx Hello\n");
}

static void
test_no_transcript_writes_nothing(void **state)
{
    (void)state;
    sp_transcript_us(NULL, "x");
    sp_transcript_peer(NULL, "x");
    sp_transcript_note(NULL, "x");
}

static void
test_control_characters_make_no_lines(void **state)
{
    struct world *w = *state;
    sp_transcript_peer(&w->transcript, "550 a\n    0.000 C: QUIT\033[2J");
    const char *text = sp_transcript_text(&w->transcript);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    assert_null(strchr(text, '\033'));
}

static void
test_the_beginning_and_the_end_of_a_long_dialogue_stay(void **state)
{
    struct world *w = *state;
    char mark[40];
    for (int i = 0; i < 1000; i++)
        sp_transcript_us(&w->transcript, "RCPT TO:<recipient-%d@contoso.com>", i);
    const char *text = sp_transcript_text(&w->transcript);
    assert_true(strlen(text) < SP_TRANSCRIPT_SIZE);
    assert_non_null(strstr(text, "recipient-0@"));
    assert_non_null(strstr(text, "recipient-999@"));
    assert_null(strstr(text, "recipient-500@"));
    size_t lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    snprintf(mark, sizeof mark, "(%zu lines are left out)", 1000 - (lines - 1));
    assert_non_null(strstr(text, mark));
    assert_ptr_equal(sp_transcript_text(&w->transcript), text);
    assert_ptr_equal(strstr(strstr(text, mark) + 1, mark), NULL);
}

static void
test_lines_of_any_length_fit(void **state)
{
    struct world *w = *state;
    static char words[20000];
    for (size_t n = 0; n < sizeof words - 1; n += 37) {
        memset(words, n % 2 == 0 ? ' ' : 'x', n);
        words[n] = '\0';
        sp_transcript_peer(&w->transcript, words);
        sp_transcript_note(&w->transcript, "%s", words);
        assert_true(strlen(w->transcript.text) == w->transcript.len && w->transcript.len < SP_TRANSCRIPT_SIZE);
    }
    assert_true(strlen(sp_transcript_text(&w->transcript)) < SP_TRANSCRIPT_SIZE);
}

static void
assert_shown(struct world *w, const char *said, const char *wanted)
{
    char line[SP_TRANSCRIPT_LINE];
    sp_transcript_begin(&w->transcript, &w->clock);
    sp_transcript_peer(&w->transcript, said);
    snprintf(line, sizeof line, "    0.000 S: %s\n", wanted);
    assert_string_equal(sp_transcript_text(&w->transcript), line);
}

static void
test_words_like_tokens_are_not_shown(void **state)
{
    struct world *w = *state;
    assert_shown(w, "401 bad token eyJ0eXAiOiJKV1Qi.eyJhdWQiOiJo.c2lnbmF0dXJl here", "401 bad token (secret) here");
    assert_shown(w, "access_token=eyJ0eXAiOiJKV1Qi.eyJh.c2ln", "access_token=(secret)");
    assert_shown(w, "535 dXNlcj1zY2FubmVyQGNvbnRvc28uY29tAWF1dGg9QmVhcmVyIHMzY3JldAEB no", "535 (secret) no");
    assert_shown(w, "{\"sig\":\"abcdefghijklmnopqrstuvwxyz0123456789_-ABCDEF\"}", "{\"sig\":\"(secret)\"}");
}

static void
test_what_support_asks_for_is_shown(void **state)
{
    struct world *w = *state;
    static const char *const said[] = {
        "535 5.7.139 Authentication unsuccessful [FR3P281CA0044.DEUP281.PROD.OUTLOOK.COM 2026-12-30T07:01:55.410Z "
        "08DF00AA11BB22CC]",
        "401 AADSTS7000222 Trace ID: 11f5c1f0-0f5e-4b53-9d8e-c2f0a1b2c3d4 Correlation ID: "
        "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        "[Thumbprint of key used by client: '1234567890ABCDEF1234567890ABCDEF12345678']",
        "250 2.6.0 <01J2QK3P7X9W8V5T4S3R2Q1P0N@scan.contoso.com> [InternalId=123, Hostname=x]",
    };
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        assert_shown(w, said[i], said[i]);
}

#define world_test(name) cmocka_unit_test_setup(name, setup_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_a_line_tells_when_and_who),
        world_test(test_no_transcript_writes_nothing),
        world_test(test_control_characters_make_no_lines),
        world_test(test_the_beginning_and_the_end_of_a_long_dialogue_stay),
        world_test(test_lines_of_any_length_fit),
        world_test(test_words_like_tokens_are_not_shown),
        world_test(test_what_support_asks_for_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
