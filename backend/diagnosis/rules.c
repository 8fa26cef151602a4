/* rules.c - which rule fits. Reads the event once into the form that rows are compared with, then walks the tables. */
#include "backend/diagnosis/rules.h"

#include <string.h>

#include "backend/diagnosis/words.h"
#include "base/auto.h"

const struct sp_rule_table *const sp_rule_tables[] = {
    &sp_rules_network,    &sp_rules_token,         &sp_rules_graph,       &sp_rules_pasted,
    &sp_rules_smtp_codes, &sp_rules_smtp_tls,      &sp_rules_smtp_signin, &sp_rules_smtp_sender,
    &sp_rules_smtp_wait,  &sp_rules_smtp_delivery, &sp_rules_smtp_plain,  NULL,
};

/* An event, ready to be compared. */
struct said {
    unsigned stage, method; /* bits; method 0: not known */
    enum sp_trouble trouble;
    int code;
    int enhanced[3]; /* 0, 0, 0: none */
    char plain[SP_WORDS_MAX];
};

static unsigned
method_bit(const char *method)
{
    static const char *const names[] = { "direct", "relay", "submission", "graph" };
    for (size_t i = 0; method != NULL && i < SP_LEN(names); i++)
        if (strcmp(method, names[i]) == 0)
            return 1U << i;
    return 0;
}

/* Outer codes that only pass on what another server, or an earlier step, had said: then the inner reply is the true
 * one. 530 5.7.57 is what a client meets that went on after a failed AUTH. */
static bool
is_wrapper(const struct said *said)
{
    const int *e = said->enhanced;
    bool relayed = e[0] != 0 && (e[1] == 0 || (e[1] == 4 && e[2] == 0));
    return said->code == 0 || relayed || (e[1] == 7 && e[2] == 57);
}

static void
unwrap(struct said *said, const char *words)
{
    struct sp_pasted inner;
    if (!is_wrapper(said) || !sp_paste_inside(words, &inner))
        return;
    bool after_auth = said->enhanced[1] == 7 && said->enhanced[2] == 57;
    said->stage = after_auth ? SP_AT(AUTH) : said->stage;
    said->code = inner.code;
    (void)sp_enhanced_read(inner.enhanced, "245", said->enhanced);
    sp_words_plain(said->plain, sizeof said->plain, inner.words);
}

static void
said_init(struct said *said, const struct sp_event *event)
{
    const char *words = event->words == NULL ? "" : event->words;
    said->stage = 1U << event->stage;
    said->method = method_bit(event->method);
    said->trouble = event->trouble;
    said->code = event->code;
    memset(said->enhanced, 0, sizeof said->enhanced);
    if (event->enhanced != NULL && sp_enhanced_read(event->enhanced, "245", said->enhanced) == 0)
        memset(said->enhanced, 0, sizeof said->enhanced);
    if (said->enhanced[0] == 0) /* "550 #5.1.0 Address rejected": a reply parser saw none */
        words += sp_enhanced_read(words + strspn(words, "#([<"), "45", said->enhanced);
    sp_words_plain(said->plain, sizeof said->plain, words);
    if (said->trouble == SP_TROUBLE_REPLY)
        unwrap(said, words);
}

/* "606", "606-649", "*", or "x", which stands for 4 and 5; *at moves behind it. */
static bool
part_fits(const char **at, int value)
{
    if (**at == 'x' || **at == '*') {
        bool is_class = **at == 'x';
        (*at)++;
        return !is_class || value >= 4;
    }
    int bounds[2] = { 0, 0 };
    for (int i = 0; i < 2; i++) {
        while (**at >= '0' && **at <= '9')
            bounds[i] = bounds[i] * 10 + *(*at)++ - '0';
        if (i == 0 && **at != '-')
            return value == bounds[0];
        *at += i == 0 ? 1 : 0;
    }
    return value >= bounds[0] && value <= bounds[1];
}

/* One of "x.7.606-649, 5.7.*"; *at moves behind it and the ", " that follows. */
static bool
enhanced_fits_one(const char **at, const int enhanced[3])
{
    bool fits = true;
    for (int i = 0; i < 3; i++) {
        bool part = part_fits(at, enhanced[i]);
        fits = fits && part;
        *at += **at == '.' ? 1 : 0;
    }
    *at += strspn(*at, ", ");
    return fits;
}

static bool
enhanced_fits(const char *pattern, const int enhanced[3])
{
    while (*pattern != '\0')
        if (enhanced_fits_one(&pattern, enhanced))
            return true;
    return false;
}

static bool
code_fits(struct sp_code_range range, const struct said *said)
{
    if (range.from == 0)
        return true;
    if (said->code != 0)
        return said->code >= range.from && said->code <= range.to;
    return range.from % 100 == 0 && said->enhanced[0] * 100 == range.from;
}

static bool
fits(const struct sp_rule *rule, const struct said *said)
{
    enum sp_trouble trouble = rule->trouble == SP_TROUBLE_NONE ? SP_TROUBLE_REPLY : rule->trouble;
    return trouble == said->trouble && (rule->stages == 0 || (rule->stages & said->stage) != 0) &&
           (rule->methods == 0 || said->method == 0 || (rule->methods & said->method) != 0) &&
           code_fits(rule->code, said) && !(rule->bare && (said->code != 0 || said->enhanced[0] != 0)) &&
           (rule->enhanced == NULL || enhanced_fits(rule->enhanced, said->enhanced)) &&
           (rule->phrases == NULL || sp_words_match(said->plain, rule->phrases));
}

const struct sp_rule *
sp_rule_find(const struct sp_event *event)
{
    struct said said;
    said_init(&said, event);
    for (size_t t = 0; sp_rule_tables[t] != NULL; t++)
        for (size_t i = 0; i < sp_rule_tables[t]->count; i++)
            if (fits(&sp_rule_tables[t]->rules[i], &said))
                return &sp_rule_tables[t]->rules[i];
    return NULL;
}
