/* session_auth.c - the dialogue of AUTH (RFC 4954 section 4): challenge, answer, until it is 235 or a refusal. */
#include <string.h>

#include "backend/smtp/sasl.h"
#include "backend/smtp/session.h"
#include "backend/smtp/session_inside.h"
#include "base/auto.h"
#include "base/digest.h"
#include "base/secret.h"
#include "base/str.h"

enum { CHALLENGES_MAX = 4 };

static void
wipe_str(struct sp_str *str)
{
    if (str->text != NULL)
        sp_wipe(str->text, str->room);
    sp_str_free(str);
}

static void
begin(struct sp_smtp *smtp, const struct sp_sasl_mechanism *mechanism, const char *user)
{
    SP_AUTO(wipe_str) struct sp_str first = { 0 };
    if (mechanism->user_first)
        sp_base64_add(&first, user, strlen(user));
    if (first.len > 0)
        sp_smtp_say(smtp, "AUTH %s %s", mechanism->name, first.text);
    else
        sp_smtp_say(smtp, "AUTH %s", mechanism->name);
}

static bool
answer(struct sp_smtp *smtp, const struct sp_sasl_mechanism *mechanism, const struct sp_sasl_asked *asked,
       struct sp_smtp_outcome *outcome)
{
    SP_AUTO(wipe_str) struct sp_str line = { 0 };
    mechanism->answer(asked, &line);
    if (line.failed) {
        smtp->alive = false;
        return sp_smtp_fail(smtp, outcome, SP_TROUBLE_LOCAL, "out of memory");
    }
    sp_smtp_say_secret(smtp, sp_str_text(&line), line.len);
    return true;
}

static bool
converse(struct sp_smtp *smtp, const struct sp_sasl_mechanism *mechanism, struct sp_sasl_asked *asked,
         struct sp_smtp_outcome *outcome)
{
    struct sp_reply reply;
    begin(smtp, mechanism, asked->user);
    for (asked->step = 0; asked->step <= CHALLENGES_MAX; asked->step++) {
        if (!sp_smtp_hear(smtp, &reply, outcome))
            return false;
        if (sp_reply_negative(&reply))
            return sp_smtp_refused(smtp, outcome, &reply);
        if (reply.code == 235) {
            *outcome = (struct sp_smtp_outcome){ .stage = smtp->stage, .reply = reply, .alive = smtp->alive };
            return true;
        }
        if (reply.code != 334)
            break;
        asked->challenge = reply.text;
        if (!answer(smtp, mechanism, asked, outcome))
            return false;
    }
    return sp_smtp_senseless(smtp, outcome, &reply);
}

bool
sp_smtp_auth(struct sp_smtp *smtp, enum sp_sasl mechanism, const char *user, const struct sp_secret *secret,
             struct sp_smtp_outcome *outcome)
{
    const struct sp_sasl_mechanism *how = sp_sasl_mechanism(mechanism);
    sp_smtp_enter(smtp, SP_STAGE_AUTH);
    if (!how->offered(&smtp->facts))
        return sp_smtp_fail(smtp, outcome, SP_TROUBLE_NO_MECHANISM, "AUTH %s is not offered", how->name);
    struct sp_sasl_asked asked = { .user = user, .secret = secret };
    bool signed_in = converse(smtp, how, &asked, outcome);
    if (!signed_in)
        outcome->alive = false; /* whoever is not signed in sends nothing here */
    return signed_in;
}
