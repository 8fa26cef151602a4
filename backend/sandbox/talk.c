/* What a session says, and what scenarios make of it. */
#include "backend/sandbox/session.h"

#include <string.h>

#include "backend/sandbox/words.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/text.h"

enum { MISTAKES_MAX = 5 }; /* Exchange's MaxProtocolErrors */

/* Saying. */

/* "[AMS0EPF000001A7.eurprd05.prod.outlook.com 2026-11-23T12:00:00.000Z 08DE6C12E206EF5D]" */
static void
add_brackets(struct sp_str *out, const struct sp_box_session *s)
{
    char when[SP_ISO_TIME_SIZE];
    sp_time_iso(sp_wall_ms(&sp_clock_system), when);
    sp_str_addf(out, "[%s %s %s]", s->server->inner_host, when, s->id);
}

static void
expand(struct sp_str *out, const struct sp_box_session *s, const char *words, const char *address)
{
    while (*words != '\0') {
        size_t len = strcspn(words, "{");
        sp_str_add_n(out, words, len);
        words += len;
        if (sp_text_starts(words, "{ip}"))
            sp_str_add(out, s->guest->ip);
        else if (sp_text_starts(words, "{at}"))
            add_brackets(out, s);
        else if (sp_text_starts(words, "{host}"))
            sp_str_add(out, s->server->host);
        else if (sp_text_starts(words, "{domain}"))
            sp_str_add(out, strchr(s->sender, '@') != NULL ? strchr(s->sender, '@') + 1 : "");
        else if (sp_text_starts(words, "{to}"))
            sp_str_add(out, address != NULL ? address : "");
        else {
            sp_str_add_n(out, words, *words != '\0');
            words += *words != '\0';
            continue;
        }
        words += strcspn(words, "}") + 1;
    }
}

static void
log_refusal(const struct sp_box_session *s, const char *reply)
{
    char clean[SP_BOX_TEXT_MAX];
    if (*reply == '4' || *reply == '5')
        sp_info(s->server->log, "%s %u: %s", s->server->method, s->guest->number,
                sp_log_clean(clean, sizeof(clean), reply));
}

void
sp_box_say(struct sp_box_session *s, const char *words, const char *address)
{
    struct sp_str reply = { 0 };
    struct sp_box_scenario slow;
    if (sp_box_plays(s->server->scenarios, s->where, SP_BOX_SLOW, &slow)) {
        int ms = slow.number < 3600000 ? (int)slow.number : 3600000;
        if (!sp_box_peer_flush(s->peer) || !sp_box_peer_sleep(s->peer, ms))
            s->ended = true;
    }
    expand(&reply, s, words, address);
    log_refusal(s, sp_str_text(&reply));
    if (sp_text_starts(sp_str_text(&reply), "421"))
        s->ended = s->politely = true;
    sp_str_add(&reply, "\r\n");
    if (reply.failed || !sp_box_peer_say(s->peer, sp_str_text(&reply), reply.len))
        s->ended = true;
    sp_str_free(&reply);
}

void
sp_box_say_mistake(struct sp_box_session *s, const char *words)
{
    sp_box_say(s, words, NULL);
    if (++s->errors >= MISTAKES_MAX)
        sp_box_say(s, "421 4.7.0 Too many errors on this connection, closing transmission channel {at}", NULL);
}

void
sp_box_drop(struct sp_box_session *s, const char *why)
{
    sp_info(s->server->log, "%s %u: hangs up: %s", s->server->method, s->guest->number, why);
    (void)sp_box_peer_flush(s->peer);
    s->ended = true;
    s->politely = false;
}

/* Scenarios. */

bool
sp_box_enter(struct sp_box_session *s, enum sp_box_stage stage)
{
    static const char garbage[] = "\x16\x03\x01 \xff\xfe this is not SMTP \x01\x02\r\n";
    struct sp_box_scenarios *scenarios = s->server->scenarios;
    enum sp_box_where where = s->where;
    struct sp_box_scenario said;
    if (sp_box_plays_at(scenarios, where, SP_BOX_DROP, stage, NULL)) {
        sp_box_drop(s, "as the scenario wants");
        return false;
    }
    if (sp_box_plays_at(scenarios, where, SP_BOX_HANG, stage, NULL)) {
        sp_info(s->server->log, "%s %u: hangs, as the scenario wants", s->server->method, s->guest->number);
        if (sp_box_peer_flush(s->peer))
            sp_box_peer_hang(s->peer);
        s->ended = true;
        return false;
    }
    if (sp_box_plays_at(scenarios, where, SP_BOX_GARBAGE, stage, NULL)) {
        s->ended = !sp_box_peer_say(s->peer, garbage, sizeof(garbage) - 1);
        return false;
    }
    if (sp_box_plays_at(scenarios, where, SP_BOX_REPLY, stage, &said)) {
        sp_box_say(s, said.text, NULL);
        return false;
    }
    return true;
}

bool
sp_box_may(struct sp_box_session *s, enum sp_box_stage stage, const char *address)
{
    const struct sp_box_smtp *server = s->server;
    if (!sp_box_enter(s, stage))
        return false;
    const struct sp_box_moment moment = {
        .where = s->where,
        .stage = stage,
        .address = address,
        .from_inside = sp_box_list_has_domain(&server->options->domains, s->sender),
        .by_token = s->mechanism != NULL && strcmp(s->mechanism, "XOAUTH2") == 0,
        .size = s->received,
    };
    const char *words = sp_box_refusal(server->scenarios, &moment);
    if (words != NULL)
        sp_box_say(s, words, address);
    return words == NULL;
}

/* Listening. */

bool
sp_box_next_line(struct sp_box_session *s)
{
    if (s->ended)
        return false;
    switch (sp_box_peer_line(s->peer, s->line)) {
    case SP_BOX_LINE:
        return true;
    case SP_BOX_LINE_TOO_LONG:
        sp_box_say(s, "421 4.7.0 Line too long, closing transmission channel {at}", NULL);
        return false;
    case SP_BOX_GONE:
        break;
    }
    s->ended = true;
    return false;
}
