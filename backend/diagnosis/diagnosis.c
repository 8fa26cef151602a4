/* diagnosis.c - the answer: finds the rule, then writes its words with the tenant's own values in them.
 *
 * Those values come from the configuration, from copiers' address books and from replies, and end in PowerShell that
 * somebody will paste. So a value that is more than letters, digits and ". _ - @ :" becomes a PowerShell literal in
 * single quotes (about_Quoting_Rules: typographic quotes close it too, all are doubled), and control characters never
 * pass. */
#include "backend/diagnosis/diagnosis.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "backend/diagnosis/rules.h"
#include "base/auto.h"
#include "base/text.h"

enum { SAID_MAX = 160, VALUE_MAX = 256 };

/* A text of bounded size being written. */
struct out {
    char *text;
    size_t size, len;
};

/* Adds n bytes; what does not fit is cut between characters. */
static void
out_add(struct out *out, const char *bytes, size_t n)
{
    size_t fit = sp_utf8_prefix(bytes, n, out->size - 1 - out->len);
    memcpy(out->text + out->len, bytes, fit);
    out->len += fit;
    out->text[out->len] = '\0';
}

/* Adds valid characters; control characters and broken ones become '?'. */
static void
out_add_clean(struct out *out, const char *text, size_t max)
{
    size_t size = strnlen(text, max + 4);
    size_t end = sp_utf8_prefix(text, size, max);
    for (size_t at = 0; at < end;) {
        size_t n = sp_utf8_char(text + at, end - at);
        bool control = n == 1 && (unsigned char)(text[at] + 1) < 0x21;
        bool good = n > 0 && !control && text[at] != 0x7f && !(n == 2 && text[at] == '\xc2' && text[at + 1] < '\xa0');
        out_add(out, good ? text + at : (control ? " " : "?"), good ? n : 1);
        at += n == 0 ? 1 : n;
    }
    if (end < size)
        out_add(out, "...", 3);
}

static bool
is_plain_value(const char *value)
{
    for (const char *c = value; *c != '\0'; c++)
        if (!(isascii(*c) && isalnum((unsigned char)*c)) && strchr("._-@:", *c) == NULL)
            return false;
    return *value != '@' && *value != '-';
}

/* ' and U+2018 to U+201B, which PowerShell takes for it. */
static size_t
quote_at(const char *value)
{
    if (*value == '\'')
        return 1;
    return strncmp(value, "\xe2\x80", 2) == 0 && value[2] >= '\x98' && value[2] <= '\x9b' ? 3 : 0;
}

/* quoted: the sentence has the quotes already, as in @{Add='{ip}'}. */
static void
out_add_value(struct out *out, const char *value, bool quoted)
{
    if (is_plain_value(value)) {
        out_add_clean(out, value, VALUE_MAX);
        return;
    }
    if (!quoted)
        out_add(out, "'", 1);
    while (*value != '\0') {
        size_t quote = quote_at(value);
        size_t n = quote > 0 ? quote : sp_utf8_char(value, strnlen(value, 4));
        n = n == 0 ? 1 : n;
        char one[5] = "";
        memcpy(one, value, n);
        out_add_clean(out, one, n);
        if (quote > 0)
            out_add_clean(out, one, n);
        value += n;
    }
    if (!quoted)
        out_add(out, "'", 1);
}

/* Everything a sentence may name. */
struct values {
    const struct sp_facts *facts;
    const char *said;
    char ip[INET6_ADDRSTRLEN]; /* ours, as the reply tells it: "Client host [192.0.2.1] blocked" */
};

static void
find_ip(const char *words, char ip[INET6_ADDRSTRLEN])
{
    unsigned char parsed[sizeof(struct in6_addr)];
    for (const char *at = strchr(words, '['); at != NULL; at = strchr(at, '[')) {
        const char *end = strchr(++at, ']');
        if (end == NULL)
            break;
        size_t len = (size_t)(end - at);
        if (len >= INET6_ADDRSTRLEN)
            continue;
        memcpy(ip, at, len);
        ip[len] = '\0';
        if (inet_pton(AF_INET, ip, parsed) == 1 || inet_pton(AF_INET6, ip, parsed) == 1)
            return;
    }
    ip[0] = '\0';
}

/* name: between its braces. */
static void
add_named(struct out *out, const char *name, size_t len, bool quoted, const struct values *values)
{
    const struct sp_facts *facts = values->facts;
    const struct {
        const char *name, *value, *unknown;
    } table[] = {
        { "mailbox", facts->mailbox, "<mailbox>" },
        { "domain", facts->tenant_domain, "<domain>" },
        { "ip", facts->public_ip != NULL && facts->public_ip[0] != '\0' ? facts->public_ip : values->ip,
          "<public IP>" },
        { "client", facts->client_id, "<client id>" },
        { "recipient", facts->recipient, "<recipient>" },
        { "host", facts->host, "<host>" },
        { "hostname", facts->hostname, "<hostname>" },
    };
    if (strncmp(name, "said", len) == 0 && len == 4) {
        out_add_clean(out, values->said, SAID_MAX);
        return;
    }
    for (size_t i = 0; i < SP_LEN(table); i++)
        if (strlen(table[i].name) == len && strncmp(name, table[i].name, len) == 0) {
            if (table[i].value != NULL && table[i].value[0] != '\0')
                out_add_value(out, table[i].value, quoted);
            else
                out_add(out, table[i].unknown, strlen(table[i].unknown));
            return;
        }
    out_add(out, name - 1, len + 2); /* no name of ours: PowerShell's own braces */
}

/* Writes the sentence with the values in their places. */
static void
fill(char *text, size_t size, const char *sentence, const struct values *values)
{
    struct out out = { .text = text, .size = size };
    const char *at = sentence;
    text[0] = '\0';
    while (*at != '\0') {
        size_t n = strcspn(at, "{");
        out_add(&out, at, n);
        at += n;
        const char *close = strchr(at, '}');
        if (close == NULL) {
            out_add(&out, at, strlen(at));
            break;
        }
        size_t len = strcspn(at + 1, "{}");
        if (at + 1 + len != close) { /* "{ ... {": the outer one is not ours */
            out_add(&out, at, 1);
            at++;
            continue;
        }
        bool quoted = at > sentence && at[-1] == '\'' && close[1] == '\'';
        add_named(&out, at + 1, len, quoted, values);
        at = close + 1;
    }
    while (out.len > 0 && (text[out.len - 1] == ' ' || text[out.len - 1] == '\n'))
        text[--out.len] = '\0';
}

static const struct sp_meaning *
meaning_of(const struct sp_event *event)
{
    if (event->trouble == SP_TROUBLE_NONE)
        return &sp_means_accepted;
    const struct sp_rule *rule = sp_rule_find(event);
    return rule == NULL ? &sp_means_unclear : rule->means;
}

void
sp_diagnose(const struct sp_event *event, const struct sp_facts *facts, struct sp_diagnosis *ret)
{
    static const struct sp_facts nothing_known;
    const struct sp_meaning *meaning = meaning_of(event);
    struct values values = { .facts = facts == NULL ? &nothing_known : facts,
                             .said = event->words == NULL ? "" : event->words };
    find_ip(values.said, values.ip);
    ret->class_ = meaning->class_;
    ret->scope = meaning->scope != SP_SCOPE_NONE ? meaning->scope : sp_class_scope(meaning->class_);
    ret->elsewhere = meaning->elsewhere;
    ret->cause = meaning->cause;
    fill(ret->summary, sizeof ret->summary, meaning->summary, &values);
    fill(ret->fix, sizeof ret->fix, meaning->fix, &values);
}
