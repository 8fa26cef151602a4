#include "unit/smtp/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/net/tls.h"
#include "base/clock.h"

static int64_t
ample(enum sp_stage stage)
{
    (void)stage;
    return 15000;
}

static int64_t
little(enum sp_stage stage)
{
    (void)stage;
    return 300;
}

static void
world_tls(struct world *w)
{
    struct sp_err err = { 0 };
    sp_tls_free(&w->tls);
    assert_int_equal(sp_tls_new(fake_smtp_ca_file(w->server), "", "", &w->tls, &err), SP_OK);
    fake_smtp_address(w->server, &w->address);
    w->options.tls = w->tls;
}

int
setup_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->server = fake_smtp_new(FAKE_GOOD);
    w->options = (struct sp_smtp_options){
        .host = FAKE_SMTP_HOST,
        .addresses = &w->address,
        .n_addresses = 1,
        .hostname = "scan.example.test",
        .pipelining = true,
        .clock = &sp_clock_system,
        .timeout_ms = ample,
    };
    world_tls(w);
    *state = w;
    return 0;
}

int
teardown_world(void **state)
{
    struct world *w = *state;
    sp_smtp_close(&w->smtp);
    fake_smtp_free(&w->server);
    sp_tls_free(&w->tls);
    free(w);
    return 0;
}

void
world_certificate(struct world *w, enum fake_certificate kind)
{
    fake_smtp_free(&w->server);
    w->server = fake_smtp_new(kind);
    world_tls(w);
}

void
world_hurry(struct world *w)
{
    w->options.timeout_ms = little;
}

bool
world_open(struct world *w)
{
    return sp_smtp_open(&w->options, &w->smtp, &w->got);
}

void
world_end(struct world *w)
{
    sp_smtp_close(&w->smtp);
    const char *fault = fake_smtp_end(w->server);
    if (fault != NULL)
        fail_msg("%s", fault);
}

void
world_got(const struct world *w, enum sp_stage stage, enum sp_trouble trouble)
{
    if (w->got.trouble != trouble || w->got.stage != stage)
        print_error("words: %s, reply: %d %s\n", w->got.words, w->got.reply.code, w->got.reply.text);
    assert_int_equal(w->got.trouble, trouble);
    assert_int_equal(w->got.stage, stage);
    if (trouble != SP_TROUBLE_NONE && trouble != SP_TROUBLE_REPLY)
        assert_true(w->got.words[0] != '\0');
}

void
world_got_reply(const struct world *w, enum sp_stage stage, int code)
{
    world_got(w, stage, SP_TROUBLE_REPLY);
    assert_int_equal(w->got.reply.code, code);
}

static enum sp_rc
text_begin(void *context, bool binary, struct sp_err *err)
{
    (void)err;
    struct text *text = context;
    text->at = 0;
    text->binary = binary;
    return SP_OK;
}

static enum sp_rc
text_read(void *context, void *buffer, size_t room, size_t *ret_got, struct sp_err *err)
{
    struct text *text = context;
    size_t size = text->size - text->at < room ? text->size - text->at : room;
    if (text->fails_at > 0 && text->at + size > text->fails_at)
        return sp_fail(err, SP_E_IO, "the disk has a hole");
    memcpy(buffer, text->bytes + text->at, size);
    text->at += size;
    *ret_got = size;
    return SP_OK;
}

struct sp_smtp_body
text_body(struct text *text)
{
    return (struct sp_smtp_body){ .context = text, .size = text->size, .begin = text_begin, .read = text_read };
}
