/* Which scenarios there are, and how a line is read. */
#include <string.h>

#include "backend/sandbox/scenario.h"
#include "base/address.h"
#include "base/auto.h"
#include "base/str.h"
#include "base/text.h"

enum argument {
    NOTHING,
    ADDRESS,
    STAGE,
    MAYBE_STAGE,
    NUMBER,
    MAYBE_NUMBER,
    SECONDS,
    KIND,
    STAGE_AND_TEXT,
    TEXT,
    MAYBE_TEXT,
};

static const char *const argument_words[] = {
    [NOTHING] = "",
    [ADDRESS] = ":ADDRESS",
    [STAGE] = ":STAGE",
    [MAYBE_STAGE] = "[:STAGE]",
    [NUMBER] = ":N",
    [MAYBE_NUMBER] = "[:N]",
    [SECONDS] = ":SECONDS",
    [KIND] = ":KIND",
    [STAGE_AND_TEXT] = ":STAGE:REPLY",
    [TEXT] = ":TEXT",
    [MAYBE_TEXT] = "[:TEXT]",
};

enum {
    ANY_MX = SP_BOX_MX | SP_BOX_RELAY,
    SMTP = ANY_MX | SP_BOX_SUBMISSION,
    HTTPS = SP_BOX_TOKEN | SP_BOX_GRAPH,
    SERVERS = SMTP | HTTPS,
};

static const struct row {
    const char *name;
    enum sp_box_trick trick;
    unsigned where;
    enum argument argument;
    enum sp_box_stage stage; /* when none is said */
    const char *class;       /* "-": none */
    const char *what;
} table[] = {
    { "ip-blocked", SP_BOX_IP_BLOCKED, SP_BOX_MX, NOTHING, SP_BOX_NO_STAGE, "ip_reputation", "550 5.7.606 at RCPT" },
    { "spamhaus", SP_BOX_SPAMHAUS, SP_BOX_MX, NOTHING, SP_BOX_NO_STAGE, "ip_reputation", "550 5.7.1 at MAIL" },
    { "ip-rate-limited", SP_BOX_IP_RATE, SP_BOX_MX, NOTHING, SP_BOX_NO_STAGE, "ip_reputation", "451 4.7.650 at MAIL" },
    { "direct-rejected", SP_BOX_DIRECT_REJECTED, SP_BOX_MX, NOTHING, SP_BOX_NO_STAGE, "direct_send_rejected",
      "550 5.7.68 at RCPT for senders in an accepted domain" },
    { "not-attributed", SP_BOX_NOT_ATTRIBUTED, ANY_MX, NOTHING, SP_BOX_NO_STAGE, "not_attributed",
      "550 5.7.64 at RCPT" },
    { "wrong-region", SP_BOX_WRONG_REGION, ANY_MX, NOTHING, SP_BOX_NO_STAGE, "not_attributed", "451 4.4.62 at RCPT" },
    { "connector-ip", SP_BOX_CONNECTOR_IP, ANY_MX, NOTHING, SP_BOX_NO_STAGE, "-",
      "every client's address is in a connector" },
    { "no-connector", SP_BOX_NO_CONNECTOR, ANY_MX, NOTHING, SP_BOX_NO_STAGE, "not_attributed",
      "no connector matches: relaying to others is refused" },
    { "recipient-unknown", SP_BOX_RECIPIENT_UNKNOWN, SMTP, ADDRESS, SP_BOX_NO_STAGE, "recipient_unknown",
      "550 5.4.1 at RCPT" },
    { "recipient-auth-required", SP_BOX_RECIPIENT_AUTH_REQUIRED, ANY_MX, ADDRESS, SP_BOX_NO_STAGE, "recipient_refused",
      "550 5.7.133 at RCPT" },
    { "quota", SP_BOX_QUOTA, SMTP, ADDRESS, SP_BOX_NO_STAGE, "quota", "554 5.2.2 at RCPT" },
    { "auth-disabled", SP_BOX_AUTH_DISABLED, SP_BOX_SUBMISSION, NOTHING, SP_BOX_NO_STAGE, "auth_disabled",
      "535 5.7.139, SMTP AUTH is disabled for the tenant" },
    { "auth-failed", SP_BOX_AUTH_FAILED, SP_BOX_SUBMISSION, NOTHING, SP_BOX_NO_STAGE, "auth_failed",
      "535 5.7.139, wrong credentials; 535 5.7.3 for a token" },
    { "logon-failed", SP_BOX_LOGON_FAILED, SP_BOX_SUBMISSION, NOTHING, SP_BOX_NO_STAGE, "auth_failed",
      "430 4.2.0 after the message: the application has no FullAccess" },
    { "auth-required", SP_BOX_AUTH_REQUIRED, SP_BOX_SUBMISSION, NOTHING, SP_BOX_NO_STAGE, "auth_required",
      "530 5.7.57 at MAIL, signed in or not" },
    { "basic-auth-retired", SP_BOX_BASIC_AUTH_RETIRED, SP_BOX_SUBMISSION, NOTHING, SP_BOX_NO_STAGE,
      "basic_auth_retired", "535 5.7.139, basic authentication is disabled; a token still works" },
    { "basic-auth-removed", SP_BOX_BASIC_AUTH_REMOVED, SP_BOX_SUBMISSION, NOTHING, SP_BOX_NO_STAGE,
      "basic_auth_retired", "550 5.7.30, as announced for the end; a token still works" },
    { "sender-denied", SP_BOX_SENDER_DENIED, SP_BOX_SUBMISSION | SP_BOX_GRAPH, NOTHING, SP_BOX_NO_STAGE,
      "sender_denied", "554 5.2.252 after the message; Graph: 403 ErrorSendAsDenied" },
    { "sender-authentication", SP_BOX_SENDER_AUTHENTICATION, SP_BOX_MX, NOTHING, SP_BOX_NO_STAGE,
      "sender_authentication", "550 5.7.509 after the message: DMARC says reject" },
    { "throttled", SP_BOX_THROTTLED, SERVERS, MAYBE_STAGE, SP_BOX_RCPT, "rate_limited",
      "451 4.7.500 at RCPT or STAGE, 421 at the banner; HTTPS: 429" },
    { "submission-quota", SP_BOX_SUBMISSION_QUOTA, SP_BOX_SUBMISSION | SP_BOX_GRAPH, NOTHING, SP_BOX_NO_STAGE,
      "rate_limited", "554 5.2.0 SubmissionQuotaExceeded; Graph: 429 ErrorExceededMessageLimit" },
    { "busy", SP_BOX_BUSY, SMTP, MAYBE_STAGE, SP_BOX_RCPT, "busy", "451 4.7.0 at RCPT or STAGE, 421 at the banner" },
    { "unavailable", SP_BOX_UNAVAILABLE, HTTPS, NOTHING, SP_BOX_NO_STAGE, "busy",
      "503 ServiceUnavailable; token endpoint: temporarily_unavailable" },
    { "spam", SP_BOX_SPAM, SMTP, NOTHING, SP_BOX_NO_STAGE, "spam_content", "550 5.7.1 after the message" },
    { "too-large", SP_BOX_TOO_LARGE, SMTP | SP_BOX_GRAPH, NUMBER, SP_BOX_NO_STAGE, "too_large",
      "550 5.2.3 after a message of more bytes; Graph: 413 ErrorMessageSizeExceeded" },
    { "malformed", SP_BOX_MALFORMED, SMTP, NOTHING, SP_BOX_NO_STAGE, "protocol", "550 5.7.512 after the message" },
    { "other", SP_BOX_OTHER, SMTP, NOTHING, SP_BOX_NO_STAGE, "other", "a refusal that nobody has ever heard of" },
    { "reply", SP_BOX_REPLY, SERVERS, STAGE_AND_TEXT, SP_BOX_NO_STAGE, "-",
      "this reply; HTTPS, at request: status and body" },
    { "slow", SP_BOX_SLOW, SERVERS, NUMBER, SP_BOX_NO_STAGE, "-", "N milliseconds before each reply" },
    { "hang", SP_BOX_HANG, SERVERS, STAGE, SP_BOX_NO_STAGE, "network", "silence" },
    { "drop", SP_BOX_DROP, SERVERS, STAGE, SP_BOX_NO_STAGE, "network", "hangs up" },
    { "garbage", SP_BOX_GARBAGE, SERVERS, MAYBE_STAGE, SP_BOX_BANNER, "protocol",
      "something that is neither SMTP nor HTTP; HTTPS: at request" },
    { "lost-answer", SP_BOX_LOST_ANSWER, SMTP | SP_BOX_GRAPH, MAYBE_NUMBER, SP_BOX_NO_STAGE, "-",
      "takes the message, then hangs up; the first N times" },
    { "no-starttls", SP_BOX_NO_STARTTLS, SMTP, NOTHING, SP_BOX_NO_STAGE, "tls", "STARTTLS is not offered" },
    { "old-tls", SP_BOX_OLD_TLS, SMTP, NOTHING, SP_BOX_NO_STAGE, "tls", "421 4.7.66 at STARTTLS" },
    { "certificate", SP_BOX_CERTIFICATE, SERVERS, KIND, SP_BOX_NO_STAGE, "tls",
      "the server's is expired, for another name, untrusted" },
    { "dns-silent", SP_BOX_DNS_SILENT, SP_BOX_DNS, NOTHING, SP_BOX_NO_STAGE, "network", "no answer" },
    { "dns-fails", SP_BOX_DNS_FAILS, SP_BOX_DNS, NOTHING, SP_BOX_NO_STAGE, "network", "SERVFAIL" },
    { "mx-foreign", SP_BOX_MX_FOREIGN, SP_BOX_DNS, NOTHING, SP_BOX_NO_STAGE, "-", "the MX is a third party's" },
    { "spf", SP_BOX_SPF, SP_BOX_DNS, TEXT, SP_BOX_NO_STAGE, "-", "the domain's TXT record; none: there is none" },
    { "dnsbl-listed", SP_BOX_DNSBL_LISTED, SP_BOX_DNS, MAYBE_TEXT, SP_BOX_NO_STAGE, "-",
      "block lists, or the one of that name, name every address" },
    { "clock", SP_BOX_CLOCK, HTTPS, SECONDS, SP_BOX_NO_STAGE, "-",
      "the server's clock is ahead by so much (-: behind)" },
    { "retry-after", SP_BOX_RETRY_AFTER, HTTPS, NUMBER, SP_BOX_NO_STAGE, "-", "what Retry-After says, in seconds" },
    { "secret-wrong", SP_BOX_SECRET_WRONG, SP_BOX_TOKEN, NOTHING, SP_BOX_NO_STAGE, "auth_failed", "AADSTS7000215" },
    { "secret-expired", SP_BOX_SECRET_EXPIRED, SP_BOX_TOKEN, NOTHING, SP_BOX_NO_STAGE, "auth_failed",
      "AADSTS7000222 for the first secret; the next one works" },
    { "certificate-unknown", SP_BOX_CERTIFICATE_UNKNOWN, SP_BOX_TOKEN, NOTHING, SP_BOX_NO_STAGE, "auth_failed",
      "AADSTS700027 for the first certificate: not registered" },
    { "certificate-expired", SP_BOX_CERTIFICATE_EXPIRED, SP_BOX_TOKEN, NOTHING, SP_BOX_NO_STAGE, "auth_failed",
      "AADSTS700027 for the first certificate: expired" },
    { "app-missing", SP_BOX_APP_MISSING, SP_BOX_TOKEN, NOTHING, SP_BOX_NO_STAGE, "auth_failed", "AADSTS700016" },
    { "tenant-unknown", SP_BOX_TENANT_UNKNOWN, SP_BOX_TOKEN, NOTHING, SP_BOX_NO_STAGE, "auth_failed", "AADSTS90002" },
    { "scope-refused", SP_BOX_SCOPE_REFUSED, SP_BOX_TOKEN, NOTHING, SP_BOX_NO_STAGE, "auth_failed", "AADSTS70011" },
    { "conditional-access", SP_BOX_CONDITIONAL_ACCESS, SP_BOX_TOKEN, NOTHING, SP_BOX_NO_STAGE, "auth_disabled",
      "AADSTS53003" },
    { "token-lifetime", SP_BOX_TOKEN_LIFETIME, SP_BOX_TOKEN, NUMBER, SP_BOX_NO_STAGE, "-", "tokens live N seconds" },
    { "no-roles", SP_BOX_NO_ROLES, SP_BOX_TOKEN, NOTHING, SP_BOX_NO_STAGE, "-", "tokens have no roles" },
    { "invalid-token", SP_BOX_INVALID_TOKEN, SP_BOX_GRAPH, NOTHING, SP_BOX_NO_STAGE, "auth_failed",
      "401 InvalidAuthenticationToken" },
    { "access-denied", SP_BOX_ACCESS_DENIED, SP_BOX_GRAPH, NOTHING, SP_BOX_NO_STAGE, "auth_failed",
      "403 ErrorAccessDenied" },
    { "invalid-user", SP_BOX_INVALID_USER, SP_BOX_GRAPH, NOTHING, SP_BOX_NO_STAGE, "auth_failed",
      "404 ErrorInvalidUser" },
    { "mailbox-missing", SP_BOX_MAILBOX_MISSING, SP_BOX_GRAPH, NOTHING, SP_BOX_NO_STAGE, "auth_failed",
      "404 MailboxNotEnabledForRESTAPI" },
    { "no-directory", SP_BOX_NO_DIRECTORY, SP_BOX_GRAPH, NOTHING, SP_BOX_NO_STAGE, "-",
      "403 Authorization_RequestDenied for GET /users/MAILBOX, as without User.Read.All" },
    { "upload-lost", SP_BOX_UPLOAD_LOST, SP_BOX_GRAPH, NOTHING, SP_BOX_NO_STAGE, "-",
      "404 ErrorItemNotFound from every upload session" },
};

static const struct {
    const char *name;
    enum sp_box_stage stage;
} stages[] = {
    { "banner", SP_BOX_BANNER },   { "ehlo", SP_BOX_EHLO },       { "starttls", SP_BOX_STARTTLS },
    { "tls", SP_BOX_TLS },         { "auth", SP_BOX_AUTH },       { "mail", SP_BOX_MAIL },
    { "rcpt", SP_BOX_RCPT },       { "data", SP_BOX_DATA },       { "body", SP_BOX_BODY },
    { "message", SP_BOX_MESSAGE }, { "request", SP_BOX_REQUEST },
};

static const struct {
    const char *name;
    unsigned where;
} prefixes[] = {
    { "direct", SP_BOX_MX },   { "relay", SP_BOX_RELAY }, { "mx", ANY_MX },      { "submission", SP_BOX_SUBMISSION },
    { "token", SP_BOX_TOKEN }, { "graph", SP_BOX_GRAPH }, { "dns", SP_BOX_DNS },
};

static const char *const kinds[] = { "expired", "name", "untrusted" };

/* Reading a line. */

static enum sp_rc
parse_stage(const char *word, size_t len, enum sp_box_stage *ret, struct sp_err *err)
{
    for (size_t i = 0; i < SP_LEN(stages); i++) {
        if (strlen(stages[i].name) == len && strncmp(word, stages[i].name, len) == 0) {
            *ret = stages[i].stage;
            return SP_OK;
        }
    }
    return sp_fail(err, SP_E_INVALID,
                   "'%.*s' is no stage: banner ehlo starttls tls auth mail rcpt data body message request", (int)len,
                   word);
}

static enum sp_rc
parse_number(const char *word, uint64_t *ret, struct sp_err *err)
{
    if (sp_parse_size(word, ret))
        return SP_OK;
    return sp_fail(err, SP_E_INVALID, "'%s' is no number", word);
}

/* "90", "-90", "10m", "-1h" */
static enum sp_rc
parse_seconds(const char *word, struct sp_box_scenario *ret, struct sp_err *err)
{
    int64_t ms = 0, s = 0;
    ret->negative = *word == '-';
    word += ret->negative;
    if (sp_parse_int(word, 0, INT32_MAX, &s))
        ret->number = (uint64_t)s;
    else if (sp_parse_duration(word, &ms))
        ret->number = (uint64_t)ms / 1000;
    else
        return sp_fail(err, SP_E_INVALID, "'%s' is no time: 90, 10m, -1h", word);
    return SP_OK;
}

static enum sp_rc
parse_kind(const char *word, struct sp_err *err)
{
    for (size_t i = 0; i < SP_LEN(kinds); i++)
        if (strcmp(word, kinds[i]) == 0)
            return SP_OK;
    return sp_fail(err, SP_E_INVALID, "'%s' is no kind of certificate: expired name untrusted", word);
}

/* "STAGE:550 5.7.1 text" */
static enum sp_rc
parse_stage_and_text(const char *word, struct sp_box_scenario *ret, struct sp_err *err)
{
    size_t len = strcspn(word, ":");
    enum sp_rc rc = parse_stage(word, len, &ret->stage, err);
    if (rc != SP_OK)
        return rc;
    const char *text = word[len] == ':' ? word + len + 1 : "";
    if (strspn(text, "0123456789") != 3 || !sp_text_copy(ret->text, sizeof(ret->text), text))
        return sp_fail(err, SP_E_INVALID, "after the stage comes the reply: three digits and its words");
    return SP_OK;
}

static enum sp_rc
parse_text(const char *word, struct sp_box_scenario *ret, struct sp_err *err)
{
    if (sp_text_copy(ret->text, sizeof(ret->text), word))
        return SP_OK;
    return sp_fail(err, SP_E_INVALID, "the text is too long");
}

static enum sp_rc
parse_argument(enum argument argument, const char *word, struct sp_box_scenario *ret, struct sp_err *err)
{
    bool given = *word != '\0';
    switch (argument) {
    case NOTHING:
        return given ? sp_fail(err, SP_E_INVALID, "takes no argument") : SP_OK;
    case ADDRESS:
        (void)sp_text_copy(ret->text, sizeof(ret->text), word);
        return sp_address_valid(word) ? SP_OK : sp_fail(err, SP_E_INVALID, "needs an address");
    case STAGE:
        return parse_stage(word, strlen(word), &ret->stage, err);
    case MAYBE_STAGE:
        return given ? parse_stage(word, strlen(word), &ret->stage, err) : SP_OK;
    case NUMBER:
        return parse_number(word, &ret->number, err);
    case MAYBE_NUMBER:
        return given ? parse_number(word, &ret->number, err) : SP_OK;
    case SECONDS:
        return parse_seconds(word, ret, err);
    case KIND:
        (void)sp_text_copy(ret->text, sizeof(ret->text), word);
        return parse_kind(word, err);
    case STAGE_AND_TEXT:
        return parse_stage_and_text(word, ret, err);
    case TEXT:
        return given ? parse_text(word, ret, err) : sp_fail(err, SP_E_INVALID, "needs a text");
    case MAYBE_TEXT:
        return parse_text(word, ret, err);
    }
    return SP_E_INVALID;
}

/* The prefix is what stands before a slash that comes before any colon: replies may hold slashes. */
static enum sp_rc
parse_prefix(const char **line, unsigned *where, struct sp_err *err)
{
    size_t len = strcspn(*line, "/:");
    *where = 0;
    if ((*line)[len] != '/')
        return SP_OK;
    for (size_t i = 0; i < SP_LEN(prefixes) && *where == 0; i++)
        if (strlen(prefixes[i].name) == len && strncmp(*line, prefixes[i].name, len) == 0)
            *where = prefixes[i].where;
    if (*where == 0)
        return sp_fail(err, SP_E_INVALID, "'%.*s/' is no prefix: direct relay mx submission token graph dns", (int)len,
                       *line);
    *line += len + 1;
    return SP_OK;
}

enum sp_rc
sp_box_scenario_parse(const char *line, struct sp_box_scenario *ret, struct sp_err *err)
{
    unsigned where = 0;
    const char *name = line;
    enum sp_rc rc = parse_prefix(&name, &where, err);
    if (rc != SP_OK)
        return rc;
    size_t len = strcspn(name, ":");
    const char *argument = name[len] == ':' ? name + len + 1 : "";
    for (size_t i = 0; i < SP_LEN(table); i++) {
        if (strlen(table[i].name) != len || strncmp(name, table[i].name, len) != 0)
            continue;
        *ret = (struct sp_box_scenario){ .trick = table[i].trick, .stage = table[i].stage };
        ret->where = where != 0 ? where : table[i].where;
        rc = parse_argument(table[i].argument, argument, ret, err);
        return rc == SP_OK ? SP_OK : sp_err_prefix(err, "scenario %s", table[i].name);
    }
    return sp_fail(err, SP_E_INVALID, "scenario '%.*s' is not known", (int)len, name);
}

/* Listing. */

static void
add_places(struct sp_str *out, unsigned where)
{
    static const struct {
        unsigned where;
        const char *name;
    } places[] = {
        { SP_BOX_MX, "direct" },   { SP_BOX_RELAY, "relay" }, { SP_BOX_SUBMISSION, "submission" },
        { SP_BOX_TOKEN, "token" }, { SP_BOX_GRAPH, "graph" }, { SP_BOX_DNS, "dns" },
    };
    const char *between = "\t";
    for (size_t i = 0; i < SP_LEN(places); i++) {
        if ((where & places[i].where) == 0)
            continue;
        sp_str_addf(out, "%s%s", between, places[i].name);
        between = ",";
    }
}

void
sp_box_scenario_list(struct sp_str *out)
{
    for (size_t i = 0; i < SP_LEN(table); i++) {
        const struct row *row = &table[i];
        sp_str_addf(out, "%s%s", row->name, argument_words[row->argument]);
        add_places(out, row->where);
        sp_str_addf(out, "\t%s\t%s\n", row->class, row->what);
    }
}
