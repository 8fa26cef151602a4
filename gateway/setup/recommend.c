/* recommend.c - see recommend.h. The facts behind the sentences: Microsoft's comparison of the options for devices
 * (learn.microsoft.com, "How to set up a multifunction device or application to send email"), the retirement of
 * passwords (techcommunity, 27 January 2026) and of direct send. */
#include "gateway/setup/recommend.h"

#include <string.h>

#include "base/text.h"

static bool
is_open(const struct sp_door *door)
{
    return door->state == SP_DOOR_OPEN;
}

#define SAY(row, ...) (void)sp_text_format((row)->why, sizeof(row)->why, __VA_ARGS__)

static void
submission(const struct sp_facts *facts, struct sp_recommendation *row)
{
    row->method = SP_TYPE_SUBMISSION;
    row->advice = is_open(&facts->submission) && is_open(&facts->https) ? SP_ADVICE_YES : SP_ADVICE_NO;
    if (row->advice == SP_ADVICE_YES)
        SAY(row,
            "Signs in as a mailbox with an application of your own (OAuth). Reaches everybody, does not care which "
            "address the office has, and is what Microsoft keeps.");
    else
        SAY(row, "Needs port 587 and HTTPS, and %s does not answer: %s",
            is_open(&facts->submission) ? facts->https.host : facts->submission.host,
            is_open(&facts->submission) ? facts->https.words : facts->submission.words);
}

static void
graph(const struct sp_facts *facts, struct sp_recommendation *row)
{
    row->method = SP_TYPE_GRAPH;
    row->advice = !is_open(&facts->https)       ? SP_ADVICE_NO
                  : is_open(&facts->submission) ? SP_ADVICE_POSSIBLE
                                                : SP_ADVICE_YES;
    if (row->advice == SP_ADVICE_YES)
        SAY(row, "Goes through HTTPS alone, which is open here while port 587 is not. Same application as submission.");
    else if (row->advice == SP_ADVICE_POSSIBLE)
        SAY(row, "Through HTTPS alone, with the same application as submission: a good second way if port 587 is ever "
                 "closed. Needs the right Mail.Send, and Mail.ReadWrite for scans over 3 MB.");
    else
        SAY(row, "Needs HTTPS, and %s does not answer: %s", facts->https.host, facts->https.words);
}

static void
direct(const struct sp_facts *facts, struct sp_recommendation *row)
{
    const char *ip = facts->public_ip[0] != '\0' ? facts->public_ip : "the office's public address";
    row->method = SP_TYPE_DIRECT;
    row->advice = is_open(&facts->smtp) && facts->mx_microsoft ? SP_ADVICE_YES : SP_ADVICE_NO;
    if (row->advice == SP_ADVICE_YES)
        SAY(row,
            "Needs no account: works beside a sign-in that has expired. Reaches people of this tenant only, and the "
            "inbox rather than Junk only if the SPF record names %s. Microsoft means to switch it off one day.",
            ip);
    else if (facts->mx_found && !facts->mx_microsoft)
        SAY(row, "The domain's mail goes to %s, which is not Microsoft's; give the onmicrosoft.com domain to use it.",
            facts->mx);
    else
        SAY(row, "Needs port 25 to the domain's mail exchanger: %s",
            facts->smtp.words[0] != '\0' ? facts->smtp.words : facts->mx_words);
}

static void
relay(const struct sp_facts *facts, bool external, struct sp_recommendation *row)
{
    row->method = SP_TYPE_RELAY;
    row->advice = is_open(&facts->smtp) && facts->mx_microsoft ? SP_ADVICE_POSSIBLE : SP_ADVICE_NO;
    if (row->advice == SP_ADVICE_NO)
        SAY(row, "Needs port 25 to the domain's mail exchanger, as direct send does.");
    else
        SAY(row,
            "Through a connector that knows %s, or a certificate. Worth it with a fixed address that no other tenant "
            "uses%s.",
            facts->public_ip[0] != '\0' ? facts->public_ip : "your address",
            external ? ", and for people outside without a sign-in" : "");
}

void
sp_recommend(const struct sp_facts *facts, bool external, struct sp_recommendation ret[SP_METHOD_TYPES])
{
    submission(facts, &ret[0]);
    direct(facts, &ret[1]);
    graph(facts, &ret[2]);
    relay(facts, external, &ret[3]);
}

/* Whether a term of the record is exactly ip4:IP. */
static bool
names(const char *record, const char *term)
{
    size_t len = strlen(term);
    for (const char *at = record; (at = sp_text_find_nocase(at, term)) != NULL; at += len)
        if ((at == record || at[-1] == ' ' || at[-1] == '+') && (at[len] == ' ' || at[len] == '\0'))
            return true;
    return false;
}

bool
sp_spf_with(const char *record, const char *ip, char *buffer, size_t size)
{
    static const char version[] = "v=spf1";
    char term[80];
    (void)sp_text_format(term, sizeof term, "%s:%s", strchr(ip, ':') != NULL ? "ip6" : "ip4", ip);
    if (names(record, term))
        return false;
    if (!sp_text_starts_nocase(record, version))
        (void)sp_text_format(buffer, size, "v=spf1 %s include:spf.protection.outlook.com ~all", term);
    else
        (void)sp_text_format(buffer, size, "v=spf1 %s%s", term, record + strlen(version));
    return true;
}
