/* RFC 7208 section 12, what is followed of it:
 *
 *   record    = "v=spf1" *( 1*SP ( directive / modifier ) ) *SP
 *   directive = [ "+" / "-" / "?" / "~" ] mechanism
 *   mechanism = "all" / "include:" domain / ( "a" / "mx" ) [ ":" domain ] [ "/" bits4 ] [ "//" bits6 ]
 *             / "ip4:" address [ "/" bits ] / "ip6:" address [ "/" bits ] / "exists:" domain / "ptr" [ ":" domain ]
 *   modifier  = "redirect=" domain / name "=" text
 *
 * The first directive that matches decides. Loops need no care of their own: every step into another record costs one
 * of ten lookups (section 4.6.4). */
#include "backend/delivery/spf.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/text.h"

enum { TERM_MAX = 256, NAME_MAX_SIZE = 256, RECORD_MAX = 4096 };

struct evaluation {
    const struct sp_spf_dns *dns;
    struct sp_spf *told;
    int family;
    unsigned char ip[16];
    unsigned lookups, voids;
    bool unsure; /* a term that might have matched was not followed */
};

enum found { FOUND_NO, FOUND_YES, FOUND_UNKNOWN, FOUND_TEMPERROR, FOUND_PERMERROR };

struct term {
    const char *text; /* all of it, for the story */
    char qualifier;
    char name[16];
    char argument[TERM_MAX]; /* a domain, or an address; "" : the record's own domain */
    int bits4, bits6;
};

static enum sp_spf_result evaluate(struct evaluation *e, const char *domain);

__attribute__((format(printf, 2, 3))) static enum found
broken(struct evaluation *e, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)sp_text_vformat(e->told->why, sizeof e->told->why, format, args);
    va_end(args);
    return FOUND_PERMERROR;
}

/* --- matching addresses --- */

static bool
same_network(const unsigned char *a, const unsigned char *b, int bits)
{
    int whole = bits / 8, rest = bits % 8;
    if (memcmp(a, b, (size_t)whole) != 0)
        return false;
    return rest == 0 || (unsigned)(a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

static bool
matches_sock(const struct evaluation *e, const struct sp_net_address *address, const struct term *term)
{
    if (address->sock.ss_family != e->family)
        return false;
    if (e->family == AF_INET)
        return same_network((const void *)&((const struct sockaddr_in *)(const void *)&address->sock)->sin_addr, e->ip,
                            term->bits4);
    return same_network((const void *)&((const struct sockaddr_in6 *)(const void *)&address->sock)->sin6_addr, e->ip,
                        term->bits6);
}

static enum found
match_literal(struct evaluation *e, const struct term *term, int family)
{
    unsigned char bytes[16];
    if (inet_pton(family, term->argument, bytes) != 1)
        return broken(e, "'%.100s' holds no address", term->text);
    if (family != e->family)
        return FOUND_NO;
    return same_network(bytes, e->ip, family == AF_INET ? term->bits4 : term->bits6) ? FOUND_YES : FOUND_NO;
}

/* --- questions --- */

/* Every question that a term asks costs one. */
static bool
may_ask(struct evaluation *e)
{
    e->told->lookups = ++e->lookups;
    if (e->lookups <= SP_SPF_LOOKUPS_MAX)
        return true;
    (void)broken(e, "more than ten lookups are needed, which receivers refuse%s", "");
    return false;
}

/* NO: nothing there. YES: something. A record that asks for too many empty answers is broken. */
static enum found
weigh_answer(struct evaluation *e, enum sp_rc rc, size_t count, const char *name)
{
    if (rc == SP_OK && count > 0)
        return FOUND_YES;
    if (rc == SP_OK || rc == SP_E_NOTFOUND)
        return ++e->voids > SP_SPF_VOID_MAX ? broken(e, "too many of its names do not exist, '%.100s' among them", name)
                                            : FOUND_NO;
    (void)sp_text_format(e->told->why, sizeof e->told->why, "the name server did not answer for '%.100s'", name);
    return FOUND_TEMPERROR;
}

static enum found
match_host(struct evaluation *e, const char *host, const struct term *term)
{
    struct sp_net_address list[SP_DNS_ADDRESSES_MAX];
    size_t n = 0;
    enum sp_rc rc = e->dns->addresses(e->dns->context, host, e->family == AF_INET6, list, &n);
    enum found found = weigh_answer(e, rc, n, host);
    if (found != FOUND_YES)
        return found;
    for (size_t i = 0; i < n; i++)
        if (matches_sock(e, &list[i], term))
            return FOUND_YES;
    return FOUND_NO;
}

static enum found
match_mx(struct evaluation *e, const char *domain, const struct term *term)
{
    struct sp_mx mx[SP_DNS_MX_MAX];
    size_t n = 0;
    enum sp_rc rc = e->dns->mx(e->dns->context, domain, mx, &n);
    enum found found = weigh_answer(e, rc, n, domain);
    if (found != FOUND_YES)
        return found;
    if (n > SP_SPF_LOOKUPS_MAX)
        return broken(e, "'%.100s' has more mail exchangers than SPF allows", domain);
    for (size_t i = 0; i < n; i++) {
        found = match_host(e, mx[i].host, term);
        if (found != FOUND_NO)
            return found;
    }
    return FOUND_NO;
}

/* Section 5.2: another record's fail is only "not by this one". */
static enum found
match_include(struct evaluation *e, const char *domain)
{
    switch (evaluate(e, domain)) {
    case SP_SPF_PASS:
        return FOUND_YES;
    case SP_SPF_FAIL:
    case SP_SPF_SOFTFAIL:
    case SP_SPF_NEUTRAL:
        return FOUND_NO;
    case SP_SPF_TEMPERROR:
        return FOUND_TEMPERROR;
    case SP_SPF_UNKNOWN:
        return FOUND_UNKNOWN;
    case SP_SPF_NONE:
        return broken(e, "it includes '%.100s', which has no SPF record", domain);
    case SP_SPF_PERMERROR:
        return FOUND_PERMERROR;
    }
    return FOUND_PERMERROR;
}

/* --- terms --- */

/* Names in SPF may have underscores: _spf.example.com. */
static bool
is_name(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t len = strlen(text);
    return len > 0 && len < NAME_MAX_SIZE - 2 && strspn(text, letters) == len && text[0] != '.';
}

static bool
take_bits(char *text, int most, int *ret)
{
    int64_t bits = 0;
    if (!sp_parse_int(text, 0, most, &bits))
        return false;
    *ret = (int)bits;
    return true;
}

/* Cuts "/24" and "//64" off the argument. */
static bool
take_networks(struct term *term, bool is_ip6)
{
    char *six = strstr(term->argument, "//");
    if (six != NULL) {
        *six = '\0';
        if (!take_bits(six + 2, 128, &term->bits6))
            return false;
    }
    char *slash = strchr(term->argument, '/');
    if (slash == NULL)
        return true;
    *slash = '\0';
    return is_ip6 ? take_bits(slash + 1, 128, &term->bits6) : take_bits(slash + 1, 32, &term->bits4);
}

static bool
term_parse(const char *text, struct term *ret)
{
    *ret = (struct term){ .text = text, .qualifier = '+', .bits4 = 32, .bits6 = 128 };
    if (strchr("+-?~", *text) != NULL)
        ret->qualifier = *text++;
    size_t len = strcspn(text, ":/");
    if (len == 0 || len >= sizeof ret->name)
        return false;
    memcpy(ret->name, text, len);
    sp_text_lower(ret->name);
    text += len + (text[len] == ':');
    return sp_text_copy(ret->argument, sizeof ret->argument, text) && take_networks(ret, strcmp(ret->name, "ip6") == 0);
}

static enum found
match_named(struct evaluation *e, const struct term *term, const char *domain)
{
    if (strchr(term->argument, '%') != NULL || strcmp(term->name, "ptr") == 0)
        return may_ask(e) ? FOUND_UNKNOWN : FOUND_PERMERROR;
    const char *name = term->argument[0] != '\0' ? term->argument : domain;
    if (!is_name(name))
        return broken(e, "'%.100s' holds no name", term->text);
    if (!may_ask(e))
        return FOUND_PERMERROR;
    if (strcmp(term->name, "a") == 0)
        return match_host(e, name, term);
    if (strcmp(term->name, "mx") == 0)
        return match_mx(e, name, term);
    if (term->argument[0] == '\0')
        return broken(e, "'%.100s' needs a name", term->text);
    if (strcmp(term->name, "include") == 0)
        return match_include(e, name);
    struct sp_net_address list[SP_DNS_ADDRESSES_MAX]; /* exists: asks for IPv4 whatever we have (section 5.7) */
    size_t n = 0;
    enum sp_rc rc = e->dns->addresses(e->dns->context, name, false, list, &n);
    return weigh_answer(e, rc, n, name);
}

static enum found
match(struct evaluation *e, const struct term *term, const char *domain)
{
    static const char *const named[] = { "a", "mx", "include", "exists", "ptr" };
    if (strcmp(term->name, "all") == 0)
        return FOUND_YES;
    if (strcmp(term->name, "ip4") == 0)
        return match_literal(e, term, AF_INET);
    if (strcmp(term->name, "ip6") == 0)
        return match_literal(e, term, AF_INET6);
    for (size_t i = 0; i < SP_LEN(named); i++)
        if (strcmp(term->name, named[i]) == 0)
            return match_named(e, term, domain);
    return broken(e, "'%.100s' is no term of SPF", term->text);
}

static enum sp_spf_result
result_of(char qualifier)
{
    switch (qualifier) {
    case '-':
        return SP_SPF_FAIL;
    case '~':
        return SP_SPF_SOFTFAIL;
    case '?':
        return SP_SPF_NEUTRAL;
    default: /* a character */
        return SP_SPF_PASS;
    }
}

/* --- records --- */

/* Without anything that was left out, the end is the end; with it, only a pass is sure. */
static enum sp_spf_result
sure(const struct evaluation *e, enum sp_spf_result result)
{
    return e->unsure && result != SP_SPF_PASS ? SP_SPF_UNKNOWN : result;
}

/* false: go on with the next term. */
static bool
decide(struct evaluation *e, const struct term *term, const char *domain, enum sp_spf_result *ret)
{
    switch (match(e, term, domain)) {
    case FOUND_NO:
        return false;
    case FOUND_YES:
        *ret = sure(e, result_of(term->qualifier));
        (void)sp_text_copy(e->told->term, sizeof e->told->term, term->text);
        (void)sp_text_copy(e->told->where, sizeof e->told->where, domain);
        return true;
    case FOUND_UNKNOWN:
        (void)sp_text_format(e->told->why, sizeof e->told->why, "'%.100s' is not followed here", term->text);
        e->unsure = true;
        *ret = SP_SPF_UNKNOWN;
        return term->qualifier != '+'; /* what would have matched might have been a refusal */
    case FOUND_TEMPERROR:
        *ret = SP_SPF_TEMPERROR;
        return true;
    case FOUND_PERMERROR:
        *ret = SP_SPF_PERMERROR;
        return true;
    }
    return true;
}

static enum sp_spf_result
follow_redirect(struct evaluation *e, const char *name)
{
    if (strchr(name, '%') != NULL) {
        (void)sp_text_format(e->told->why, sizeof e->told->why, "'redirect=%.100s' is not followed here", name);
        return SP_SPF_UNKNOWN;
    }
    if (!is_name(name)) {
        (void)broken(e, "'redirect=%.100s' holds no name", name);
        return SP_SPF_PERMERROR;
    }
    if (!may_ask(e))
        return SP_SPF_PERMERROR;
    enum sp_spf_result result = evaluate(e, name);
    if (result != SP_SPF_NONE)
        return result;
    (void)broken(e, "it redirects to '%.100s', which has no SPF record", name);
    return SP_SPF_PERMERROR;
}

/* terms: cut into pieces here. */
static enum sp_spf_result
walk(struct evaluation *e, char *terms, const char *domain)
{
    const char *redirect = NULL;
    char *rest = NULL;
    for (const char *text = strtok_r(terms, " ", &rest); text != NULL; text = strtok_r(NULL, " ", &rest)) {
        size_t name = strcspn(text, "=:/");
        struct term term;
        enum sp_spf_result result = SP_SPF_NEUTRAL;
        if (text[name] == '=') { /* a modifier; unknown ones are ignored (section 6) */
            if (sp_text_starts_nocase(text, "redirect="))
                redirect = text + name + 1;
            continue;
        }
        if (!term_parse(text, &term)) {
            (void)broken(e, "'%.100s' is no term of SPF", text);
            return SP_SPF_PERMERROR;
        }
        if (decide(e, &term, domain, &result))
            return result;
    }
    return redirect != NULL ? follow_redirect(e, redirect) : sure(e, SP_SPF_NEUTRAL);
}

/* "v=spf10" is somebody else's. Returns what follows the version, and how many there are. */
static size_t
find_record(const struct sp_str *texts, size_t count, const char **ret)
{
    static const char version[] = "v=spf1";
    size_t found = 0;
    const char *text = sp_str_text(texts);
    for (size_t i = 0; i < count; i++, text += strlen(text) + 1) {
        char after = text[sizeof version - 1];
        if (after != ' ' && after != '\0')
            continue;
        *ret = text;
        found++;
    }
    return found;
}

static enum sp_spf_result
read_record(struct evaluation *e, const char *domain, const struct sp_str *texts, size_t count)
{
    const char *record = NULL;
    size_t n = find_record(texts, count, &record);
    if (n == 0)
        return SP_SPF_NONE;
    if (e->told->record[0] == '\0')
        (void)sp_text_copy(e->told->record, sizeof e->told->record, record);
    char terms[RECORD_MAX];
    if (n > 1 || !sp_text_copy(terms, sizeof terms, record + strlen("v=spf1"))) {
        (void)broken(e, n > 1 ? "'%.100s' has more than one SPF record" : "the record of '%.100s' is too long", domain);
        return SP_SPF_PERMERROR;
    }
    return walk(e, terms, domain);
}

static enum sp_spf_result
evaluate(struct evaluation *e, const char *domain)
{
    SP_AUTO(sp_str_free) struct sp_str texts = { 0 };
    size_t count = 0;
    enum sp_rc rc = e->dns->txt(e->dns->context, domain, &texts, &count);
    switch (weigh_answer(e, rc, count, domain)) {
    case FOUND_YES:
        return read_record(e, domain, &texts, count);
    case FOUND_NO:
        return SP_SPF_NONE;
    case FOUND_TEMPERROR:
        return SP_SPF_TEMPERROR;
    case FOUND_UNKNOWN:
    case FOUND_PERMERROR:
        break;
    }
    return SP_SPF_PERMERROR;
}

void
sp_spf_evaluate(const struct sp_spf_dns *dns, const char *domain, const char *ip, struct sp_spf *ret)
{
    struct evaluation e = { .dns = dns, .told = ret, .family = strchr(ip, ':') != NULL ? AF_INET6 : AF_INET };
    *ret = (struct sp_spf){ .result = SP_SPF_UNKNOWN };
    if (inet_pton(e.family, ip, e.ip) != 1) {
        (void)sp_text_format(ret->why, sizeof ret->why, "'%.60s' is no address", ip);
        return;
    }
    ret->result = evaluate(&e, domain);
    if (ret->result == SP_SPF_PASS)
        ret->why[0] = '\0'; /* what was not followed on the way does not matter */
}
