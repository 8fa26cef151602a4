/* session.c - saying and hearing: stages and their times, what is written down of it, and what becomes of a lost
 * connection. */
#include "backend/smtp/session.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "backend/net/conn.h"
#include "backend/net/transcript.h"
#include "backend/smtp/session_inside.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"

enum {
    BLOCK_SECONDS = 180, /* RFC 5321 section 4.5.3.2.5: data block */
    LAST_WORDS_MS = 1000,
    QUIT_MS = 1000,
};

/* Times from RFC 5321 section 4.5.3.2. Where it has none: connecting takes a second or never; STARTTLS, TLS and AUTH
 * get two minutes, because a busy Exchange front end tarpits for seconds and looks accounts up far away. */
static const struct {
    const char *doing;
    int seconds;
} stage_info[] = {
    [SP_STAGE_NONE] = { "doing nothing", 60 },
    [SP_STAGE_DNS] = { "looking its name up", 30 },
    [SP_STAGE_CONNECT] = { "connecting", 45 },
    [SP_STAGE_BANNER] = { "waiting for its greeting", 300 },
    [SP_STAGE_EHLO] = { "greeting it (EHLO)", 300 },
    [SP_STAGE_STARTTLS] = { "asking for TLS (STARTTLS)", 120 },
    [SP_STAGE_TLS] = { "agreeing on TLS", 120 },
    [SP_STAGE_AUTH] = { "signing in (AUTH)", 120 },
    [SP_STAGE_MAIL] = { "naming the sender (MAIL FROM)", 300 },
    [SP_STAGE_RCPT] = { "naming the recipients (RCPT TO)", 300 },
    [SP_STAGE_DATA] = { "asking to send the message (DATA)", 120 },
    [SP_STAGE_MESSAGE] = { "handing the message over", 600 },
    [SP_STAGE_TOKEN] = { "getting a token", 60 },
    [SP_STAGE_API] = { "calling an API", 60 },
};

void
sp_smtp_enter(struct sp_smtp *smtp, enum sp_stage stage)
{
    if (smtp->stage == stage)
        return;
    sp_debug(smtp->log, "smtp %s: %s -> %s", smtp->host, sp_stage_name(smtp->stage), sp_stage_name(stage));
    smtp->stage = stage;
}

static int64_t
deadline_in(const struct sp_smtp *smtp, int seconds)
{
    int64_t ms = smtp->timeout_ms != NULL ? smtp->timeout_ms(smtp->stage) : seconds * INT64_C(1000);
    return sp_mono_ms(smtp->clock) + ms;
}

int64_t
sp_smtp_deadline(const struct sp_smtp *smtp)
{
    return deadline_in(smtp, stage_info[smtp->stage].seconds);
}

static void
note_line(const struct sp_smtp *smtp, char who, const char *line)
{
    char clean[1024];
    if (smtp->log == NULL || smtp->log->level < SP_LOG_DEBUG)
        return;
    (void)sp_log_clean(clean, sizeof clean, line);
    sp_secret_blot(clean, smtp->secret);
    sp_debug(smtp->log, "smtp %s: %c: %s", smtp->host, who, clean);
}

/* Servers list what they can twice. Before TLS nobody believes it, and the list comes again. */
static void
transcribe_reply(const struct sp_smtp *smtp, const struct sp_reply *reply)
{
    char text[SP_TRANSCRIPT_LINE];
    if (smtp->transcript == NULL)
        return;
    sp_reply_format(reply, text, sizeof text);
    if (smtp->stage == SP_STAGE_EHLO && !smtp->secured && strstr(text, "STARTTLS") != NULL)
        text[strcspn(text, "/")] = '\0';
    sp_transcript_peer(smtp->transcript, text);
}

void
sp_smtp_transcribe(struct sp_smtp *smtp, struct sp_transcript *transcript)
{
    smtp->transcript = transcript;
}

void
sp_smtp_time(struct sp_smtp *smtp, int64_t (*timeout_ms)(enum sp_stage stage))
{
    smtp->timeout_ms = timeout_ms;
}

static void
broke(struct sp_smtp *smtp, enum sp_trouble trouble, const struct sp_err *err)
{
    smtp->alive = false;
    smtp->broken = trouble;
    smtp->broken_err = *err;
}

void
sp_smtp_put(struct sp_smtp *smtp, const void *bytes, size_t size)
{
    if (smtp->broken != SP_TROUBLE_NONE)
        return;
    struct sp_err err = { 0 };
    enum sp_trouble trouble = sp_conn_write(smtp->conn, bytes, size, deadline_in(smtp, BLOCK_SECONDS), &err);
    if (trouble != SP_TROUBLE_NONE)
        broke(smtp, trouble, &err);
}

void
sp_smtp_flush(struct sp_smtp *smtp)
{
    if (smtp->broken != SP_TROUBLE_NONE)
        return;
    struct sp_err err = { 0 };
    enum sp_trouble trouble = sp_conn_flush(smtp->conn, deadline_in(smtp, BLOCK_SECONDS), &err);
    if (trouble != SP_TROUBLE_NONE)
        broke(smtp, trouble, &err);
}

void
sp_smtp_say(struct sp_smtp *smtp, const char *format, ...)
{
    assert(smtp->secured || smtp->stage == SP_STAGE_EHLO || smtp->stage == SP_STAGE_STARTTLS);
    SP_AUTO(sp_str_free) struct sp_str line = { 0 };
    va_list args;
    va_start(args, format);
    sp_str_vaddf(&line, format, args);
    va_end(args);
    note_line(smtp, 'C', sp_str_text(&line));
    sp_transcript_us(smtp->transcript, "%s", sp_str_text(&line));
    sp_str_add(&line, "\r\n");
    if (line.failed)
        broke(smtp, SP_TROUBLE_LOCAL, &(struct sp_err){ SP_E_NOMEM, "out of memory" });
    else
        sp_smtp_put(smtp, line.text, line.len);
}

void
sp_smtp_say_secret(struct sp_smtp *smtp, const char *line, size_t len, const char *shown)
{
    assert(smtp->secured);
    note_line(smtp, 'C', shown);
    sp_transcript_us(smtp->transcript, "%s", shown);
    sp_smtp_put(smtp, line, len);
    sp_smtp_put(smtp, "\r\n", 2);
}

static enum sp_trouble
listen_for(struct sp_smtp *smtp, int64_t deadline, struct sp_reply *reply, struct sp_err *err)
{
    sp_reply_begin(reply);
    for (;;) {
        const char *line = NULL;
        size_t len = 0;
        enum sp_trouble trouble = sp_conn_line(smtp->conn, deadline, &line, &len, err);
        if (trouble != SP_TROUBLE_NONE)
            return trouble;
        note_line(smtp, 'S', line);
        switch (sp_reply_line(reply, line, len)) {
        case SP_REPLY_MORE:
            continue;
        case SP_REPLY_DONE:
            return SP_TROUBLE_NONE;
        case SP_REPLY_GARBAGE:
            break;
        }
        char clean[120];
        sp_fail(err, SP_E_PROTO, "what came is not SMTP: '%s'", sp_log_clean(clean, sizeof clean, line));
        return SP_TROUBLE_GARBAGE;
    }
}

/* A reply that was not there when the connection broke will not come; one that is on its way gets a moment. */
static int64_t
last_words(const struct sp_smtp *smtp, int64_t deadline)
{
    int64_t soon = sp_mono_ms(smtp->clock) + (smtp->broken == SP_TROUBLE_TIMEOUT ? 0 : LAST_WORDS_MS);
    return soon < deadline ? soon : deadline;
}

bool
sp_smtp_hear(struct sp_smtp *smtp, struct sp_reply *reply, struct sp_smtp_outcome *outcome)
{
    sp_smtp_flush(smtp);
    int64_t deadline = sp_smtp_deadline(smtp);
    if (smtp->broken != SP_TROUBLE_NONE)
        deadline = last_words(smtp, deadline);
    struct sp_err err = { 0 };
    enum sp_trouble trouble = listen_for(smtp, deadline, reply, &err);
    if (trouble == SP_TROUBLE_NONE) {
        sp_secret_blot(reply->text, smtp->secret);
        transcribe_reply(smtp, reply);
        if (reply->code == 421) /* "closing transmission channel", at any moment (RFC 5321 section 3.8) */
            smtp->alive = false;
        return true;
    }
    smtp->alive = false;
    sp_reply_begin(reply);
    if (smtp->broken != SP_TROUBLE_NONE)
        return sp_smtp_fail(smtp, outcome, smtp->broken, "%s", smtp->broken_err.text);
    return sp_smtp_fail(smtp, outcome, trouble, "%s", err.text);
}

bool
sp_smtp_fail(const struct sp_smtp *smtp, struct sp_smtp_outcome *outcome, enum sp_trouble trouble, const char *format,
             ...)
{
    SP_AUTO(sp_str_free) struct sp_str words = { 0 };
    *outcome = (struct sp_smtp_outcome){ .stage = smtp->stage, .trouble = trouble, .alive = smtp->alive };
    sp_str_addf(&words, "%s, %s: ", smtp->host, stage_info[smtp->stage].doing);
    va_list args;
    va_start(args, format);
    sp_str_vaddf(&words, format, args);
    va_end(args);
    sp_log_clean(outcome->words, sizeof outcome->words, sp_str_text(&words));
    sp_secret_blot(outcome->words, smtp->secret);
    sp_transcript_note(smtp->transcript, "%s", outcome->words);
    return false;
}

bool
sp_smtp_refused(const struct sp_smtp *smtp, struct sp_smtp_outcome *outcome, const struct sp_reply *reply)
{
    *outcome = (struct sp_smtp_outcome){
        .stage = smtp->stage, .trouble = SP_TROUBLE_REPLY, .reply = *reply, .alive = smtp->alive
    };
    return false;
}

bool
sp_smtp_senseless(struct sp_smtp *smtp, struct sp_smtp_outcome *outcome, const struct sp_reply *reply)
{
    char text[200];
    sp_reply_format(reply, text, sizeof text);
    smtp->alive = false;
    return sp_smtp_fail(smtp, outcome, SP_TROUBLE_GARBAGE, "an answer that has no meaning there: '%s'", text);
}

bool
sp_smtp_idle_ok(struct sp_smtp *smtp)
{
    return smtp->alive && !sp_conn_readable(smtp->conn);
}

void
sp_smtp_close(struct sp_smtp **smtp)
{
    struct sp_smtp *s = *smtp;
    *smtp = NULL;
    if (s == NULL)
        return;
    if (s->conn != NULL && s->secured && sp_smtp_idle_ok(s)) {
        struct sp_err ignored;
        static const char quit[] = "QUIT\r\n";
        int64_t deadline = sp_mono_ms(s->clock) + QUIT_MS;
        note_line(s, 'C', "QUIT");
        if (sp_conn_write(s->conn, quit, sizeof quit - 1, deadline, &ignored) == SP_TROUBLE_NONE)
            sp_conn_flush(s->conn, deadline, &ignored);
    }
    sp_conn_close(&s->conn);
    free(s->host);
    free(s->hostname);
    free(s);
}

const struct sp_smtp_facts *
sp_smtp_facts(const struct sp_smtp *smtp)
{
    return &smtp->facts;
}
