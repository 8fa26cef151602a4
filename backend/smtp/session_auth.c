/* session_auth.c - the dialogue of AUTH (RFC 4954 section 4): challenge, answer, until it is 235 or a refusal. */
#include <string.h>

#include "backend/smtp/sasl.h"
#include "backend/smtp/session.h"
#include "backend/smtp/session_inside.h"
#include "base/auto.h"
#include "base/digest.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/text.h"

enum { CHALLENGES_MAX = 4, COMMAND_MAX = 512 };

static void
wipe_str(struct sp_str *str)
{
    if (str->text != NULL)
        sp_wipe(str->text, str->room);
    sp_str_free(str);
}

static bool
no_memory(struct sp_smtp *smtp, struct sp_smtp_outcome *outcome)
{
    smtp->alive = false;
    return sp_smtp_fail(smtp, outcome, SP_TROUBLE_LOCAL, "out of memory");
}

/* RFC 4954 section 4: an initial response that makes the command longer than RFC 5321's 512 octets must not be used. */
static bool
fits(const struct sp_sasl_mechanism *mechanism, const struct sp_str *first)
{
    static const char around[] = "AUTH  \r\n";
    return !first->failed && first->len > 0 && sizeof around - 1 + strlen(mechanism->name) + first->len <= COMMAND_MAX;
}

static bool
begin(struct sp_smtp *smtp, const struct sp_sasl_mechanism *mechanism, struct sp_sasl_asked *asked,
      struct sp_smtp_outcome *outcome)
{
    SP_AUTO(wipe_str) struct sp_str first = { 0 }, line = { 0 };
    char shown[64];
    mechanism->first(asked, &first);
    asked->initial = fits(mechanism, &first);
    if (!asked->initial) {
        sp_smtp_say(smtp, "AUTH %s", mechanism->name);
        return true;
    }
    sp_str_more(&line, COMMAND_MAX); /* at once: growing would leave a copy behind */
    sp_str_cut(&line, 0);
    sp_str_addf(&line, "AUTH %s %s", mechanism->name, first.text);
    if (line.failed)
        return no_memory(smtp, outcome);
    (void)sp_text_format(shown, sizeof shown, "AUTH %s (%s)", mechanism->name, mechanism->first_shown);
    sp_smtp_say_secret(smtp, sp_str_text(&line), line.len, shown);
    return true;
}

static bool
answer(struct sp_smtp *smtp, const struct sp_sasl_mechanism *mechanism, const struct sp_sasl_asked *asked,
       struct sp_smtp_outcome *outcome)
{
    SP_AUTO(wipe_str) struct sp_str line = { 0 };
    mechanism->answer(asked, &line);
    if (line.failed)
        return no_memory(smtp, outcome);
    sp_smtp_say_secret(smtp, sp_str_text(&line), line.len, line.len > 0 ? "(secret)" : "");
    return true;
}

static bool
converse(struct sp_smtp *smtp, const struct sp_sasl_mechanism *mechanism, struct sp_sasl_asked *asked,
         struct sp_smtp_outcome *outcome)
{
    struct sp_reply reply;
    if (!begin(smtp, mechanism, asked, outcome))
        return false;
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
    smtp->secret = secret;
    bool signed_in = converse(smtp, how, &asked, outcome);
    smtp->secret = NULL;
    if (!signed_in)
        outcome->alive = false; /* whoever is not signed in sends nothing here */
    return signed_in;
}
