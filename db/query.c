/* query.c - see query.h for the grammar. */
#include "db/query.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fold.h"
#include "base/text.h"
#include "db/job.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)

enum { KEY_MAX = 16, SHOWN = 40 /* bytes of what was typed that an answer repeats */ };

static const struct key {
    const char *name;
    enum sp_query_key key;
    const char *example;
} keys[] = {
    { "to", SP_QUERY_TO, "to:anna@contoso.com" },       { "from", SP_QUERY_FROM, "from:scanner" },
    { "subject", SP_QUERY_SUBJECT, "subject:invoice" }, { "user", SP_QUERY_USER, "user:anna" },
    { "name", SP_QUERY_NAME, "name:contract.pdf" },     { "id", SP_QUERY_ID, "id:01KBA9" },
    { "status", SP_QUERY_STATUS, "status:failed" },     { "method", SP_QUERY_METHOD, "method:direct" },
    { "class", SP_QUERY_CLASS, "class:ip_reputation" }, { "cause", SP_QUERY_CAUSE, "cause:spamhaus" },
    { "source", SP_QUERY_SOURCE, "source:folder" },     { "before", SP_QUERY_BEFORE, "before:2026-11-23" },
    { "after", SP_QUERY_AFTER, "after:24h" },           { "larger", SP_QUERY_LARGER, "larger:5M" },
    { "smaller", SP_QUERY_SMALLER, "smaller:300k" },
};

/* What sp_job.source can be; another word after source: is the name of one. */
static const char *const kinds[] = { "folder", "http", "webdav", "smtp", "cups", "cli", "notice" };

struct parser {
    struct sp_query *query;
    int64_t now;
    int zone_offset_min;
    struct sp_err *err;
};

bool
sp_query_lists(const char *list, const char *word)
{
    size_t size = strlen(word);
    for (const char *at = list;; at++) {
        size_t length = strcspn(at, ",");
        if (length == size && strncasecmp(at, word, size) == 0)
            return true;
        at += length;
        if (*at == '\0')
            return false;
    }
}

/* --- what a value means --------------------------------------------------------------------------------------------
 */

static const unsigned waiting = 1U << SP_JOB_QUEUED | 1U << SP_JOB_SENDING | 1U << SP_JOB_DEFERRED | 1U << SP_JOB_HELD;
static const unsigned trouble = 1U << SP_JOB_FAILED | 1U << SP_JOB_PARTIAL | 1U << SP_JOB_HELD | 1U << SP_JOB_DEFERRED;

static bool
states_of(const char *word, unsigned *ret)
{
    enum sp_job_state state = SP_JOB_QUEUED;
    if (strcmp(word, "waiting") == 0)
        *ret |= waiting;
    else if (strcmp(word, "trouble") == 0)
        *ret |= trouble;
    else if (sp_job_state_parse(word, &state))
        *ret |= 1U << state;
    else
        return false;
    return true;
}

static enum sp_rc
read_states(struct parser *p, struct sp_query_term *term)
{
    char list[SP_QUERY_MAX + 1], *rest = list;
    (void)sp_text_copy(list, sizeof(list), term->word);
    for (char *word = strsep(&rest, ","); word != NULL; word = strsep(&rest, ","))
        if (!states_of(word, &term->states))
            return sp_fail(p->err, SP_E_INVALID,
                           "status:%.*s is not known: it is one of queued, sending, deferred, held, sent, partial, "
                           "failed, cancelled, waiting, trouble",
                           SHOWN, word);
    return SP_OK;
}

/* Midnight there of the day that this moment is in. */
static int64_t
midnight(const struct parser *p, int64_t moment)
{
    int64_t offset = (int64_t)p->zone_offset_min * 60000;
    return moment - (moment + offset) % DAY_MS;
}

static enum sp_rc
read_time(struct parser *p, struct sp_query_term *term, const char *key)
{
    const char *word = term->word;
    int64_t ago = 0;
    if (strcmp(word, "today") == 0)
        term->number = midnight(p, p->now);
    else if (strcmp(word, "yesterday") == 0)
        term->number = midnight(p, p->now) - DAY_MS;
    else if (sp_time_parse(word, &term->number))
        term->number -= strlen(word) == strlen("2026-11-23") ? (int64_t)p->zone_offset_min * 60000 : 0;
    else if (sp_parse_duration(word, &ago) && ago <= p->now)
        term->number = p->now - ago;
    else
        return sp_fail(p->err, SP_E_INVALID,
                       "%s:%.*s is no time: say %s:2026-11-23, %s:2026-11-23T12:00:00Z, %s:today, or how long ago, "
                       "%s:24h",
                       key, SHOWN, word, key, key, key, key);
    return SP_OK;
}

static enum sp_rc
read_size(struct parser *p, struct sp_query_term *term, const char *key)
{
    uint64_t size = 0;
    if (!sp_parse_size(term->word, &size) || size > INT64_MAX)
        return sp_fail(p->err, SP_E_INVALID, "%s:%.*s is no size: say %s:5M or %s:300k", key, SHOWN, term->word, key,
                       key);
    term->number = (int64_t)size;
    return SP_OK;
}

static bool
is_kind(const char *word)
{
    for (size_t i = 0; i < SP_LEN(kinds); i++)
        if (strcmp(word, kinds[i]) == 0)
            return true;
    return false;
}

/* Kinds, or the name of one source. */
static enum sp_rc
read_source(struct parser *p, struct sp_query_term *term)
{
    char list[SP_QUERY_MAX + 1], *rest = list;
    size_t n = 0, n_kinds = 0;
    (void)sp_text_copy(list, sizeof(list), term->word);
    for (char *word = strsep(&rest, ","); word != NULL; word = strsep(&rest, ","), n++)
        n_kinds += is_kind(word);
    if (n_kinds == n)
        return SP_OK;
    if (n_kinds > 0)
        return sp_fail(p->err, SP_E_INVALID,
                       "source:%.*s mixes kinds of sources and names: say one name, or some of folder, http, webdav, "
                       "cups, cli, notice",
                       SHOWN, term->word);
    term->key = SP_QUERY_DOOR;
    return SP_OK;
}

static enum sp_rc
read_value(struct parser *p, struct sp_query_term *term, char *word, const char *key)
{
    switch (term->key) {
    case SP_QUERY_STATUS:
        return read_states(p, term);
    case SP_QUERY_SOURCE:
        return read_source(p, term);
    case SP_QUERY_BEFORE:
    case SP_QUERY_AFTER:
        sp_text_upper(word);
        if (strchr(word, 'T') == NULL || strchr(word, '-') == NULL) /* "24H", "TODAY" */
            sp_text_lower(word);
        return read_time(p, term, key);
    case SP_QUERY_LARGER:
    case SP_QUERY_SMALLER:
        return read_size(p, term, key);
    case SP_QUERY_ID:
        sp_text_upper(word);
        return SP_OK;
    case SP_QUERY_TEXT:
    case SP_QUERY_TO:
    case SP_QUERY_FROM:
    case SP_QUERY_SUBJECT:
    case SP_QUERY_USER:
    case SP_QUERY_NAME:
    case SP_QUERY_DOOR:
    case SP_QUERY_METHOD:
    case SP_QUERY_CLASS:
    case SP_QUERY_CAUSE:
        return SP_OK;
    }
    return SP_OK;
}

/* --- terms ---------------------------------------------------------------------------------------------------------
 */

static const char *
name_of(enum sp_query_key key)
{
    for (size_t i = 0; i < SP_LEN(keys); i++)
        if (keys[i].key == key)
            return keys[i].name;
    return "";
}

static enum sp_rc
add_term(struct parser *p, enum sp_query_key key, bool negated, const char *bytes, size_t size)
{
    struct sp_query *query = p->query;
    if (query->count == SP_QUERY_TERMS)
        return sp_fail(p->err, SP_E_INVALID, "a search has at most %d words", SP_QUERY_TERMS);
    if (sizeof(query->room) - query->used < size + 1)
        return sp_fail(p->err, SP_E_INVALID, "the search is too long: %d bytes are the most", SP_QUERY_MAX);
    char *word = query->room + query->used;
    memcpy(word, bytes, size);
    word[size] = '\0';
    sp_fold(word, size);
    struct sp_query_term term = { .key = key, .negated = negated, .word = word };
    enum sp_rc rc = read_value(p, &term, word, name_of(key));
    if (rc != SP_OK)
        return rc;
    query->used += size + 1;
    query->terms[query->count++] = term;
    return SP_OK;
}

static bool
is_letter(char c)
{
    c = sp_char_lower(c);
    return c >= 'a' && c <= 'z';
}

/* The number of single letters to change, add or leave out to come from one word to the other; both are short. */
static size_t
distance(const char *a, const char *b)
{
    size_t row[KEY_MAX + 1];
    size_t n = strlen(b);
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t changed = corner + (sp_char_lower(a[i - 1]) != b[j - 1]);
            corner = row[j];
            size_t best = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            row[j] = changed < best ? changed : best;
        }
    }
    return row[n];
}

static enum sp_rc
refuse_key(struct parser *p, const char *word)
{
    const struct key *best = NULL;
    size_t closest = 3;
    for (size_t i = 0; strlen(word) <= KEY_MAX && i < SP_LEN(keys); i++) {
        size_t d = distance(word, keys[i].name);
        if (d < closest && d < strlen(keys[i].name)) {
            closest = d;
            best = &keys[i];
        }
    }
    if (best != NULL)
        return sp_fail(p->err, SP_E_INVALID, "'%.*s:' is not known: do you mean '%s:'? To look for the text, quote it",
                       SHOWN, word, best->name);
    return sp_fail(p->err, SP_E_INVALID,
                   "'%.*s:' is not known: there are to, from, subject, user, name, id, status, method, class, cause, "
                   "source, before, after, larger, smaller. To look for the text, quote it",
                   SHOWN, word);
}

/* Takes "key:" off. *ret stays TEXT for an ordinary word. */
static enum sp_rc
take_key(struct parser *p, const char **text, const struct key **ret)
{
    size_t n = 0;
    char word[SHOWN + 1];
    *ret = NULL;
    while (is_letter((*text)[n]))
        n++;
    if (n == 0 || (*text)[n] != ':' || sp_text_starts(*text + n, "://"))
        return SP_OK;
    snprintf(word, sizeof(word), "%.*s", (int)n, *text);
    for (size_t i = 0; i < SP_LEN(keys); i++)
        if (sp_text_equal_nocase(word, keys[i].name))
            *ret = &keys[i];
    if (*ret == NULL)
        return refuse_key(p, word);
    *text += n + 1;
    return SP_OK;
}

/* The bytes of the next value; *text goes on behind it. */
static enum sp_rc
take_value(struct parser *p, const char **text, const char **ret, size_t *ret_size)
{
    if (**text != '"') {
        *ret = *text;
        *ret_size = strcspn(*text, " \t");
        *text += *ret_size;
        return SP_OK;
    }
    const char *end = strchr(*text + 1, '"');
    if (end == NULL)
        return sp_fail(p->err, SP_E_INVALID, "the quote that begins at %.*s has no end", SHOWN, *text);
    *ret = *text + 1;
    *ret_size = (size_t)(end - *ret);
    *text = end + 1;
    return SP_OK;
}

static enum sp_rc
take_term(struct parser *p, const char **text)
{
    const struct key *key = NULL;
    const char *value = NULL;
    size_t size = 0;
    bool negated = **text == '-' && (*text)[1] != '\0' && strchr(" \t", (*text)[1]) == NULL;
    if (negated)
        (*text)++;
    enum sp_rc rc = take_key(p, text, &key);
    if (rc == SP_OK)
        rc = take_value(p, text, &value, &size);
    if (rc != SP_OK)
        return rc;
    if (size > 0)
        return add_term(p, key != NULL ? key->key : SP_QUERY_TEXT, negated, value, size);
    if (key != NULL)
        return sp_fail(p->err, SP_E_INVALID, "'%s:' wants something right behind it, such as %s", key->name,
                       key->example);
    return SP_OK; /* "" finds everything */
}

enum sp_rc
sp_query_parse(const char *text, int64_t now, int zone_offset_min, struct sp_query *ret, struct sp_err *err)
{
    struct parser p = { .query = ret, .now = now, .zone_offset_min = zone_offset_min, .err = err };
    ret->count = ret->used = 0;
    if (text == NULL)
        return SP_OK;
    if (strlen(text) > SP_QUERY_MAX)
        return sp_fail(err, SP_E_INVALID, "the search is too long: %d bytes are the most", SP_QUERY_MAX);
    enum sp_rc rc = SP_OK;
    for (text += strspn(text, " \t"); rc == SP_OK && *text != '\0'; text += strspn(text, " \t"))
        rc = take_term(&p, &text);
    return rc;
}

enum sp_rc
sp_query_add(struct sp_query *query, enum sp_query_key key, const char *word, int64_t now, struct sp_err *err)
{
    struct parser p = { .query = query, .now = now, .err = err };
    return add_term(&p, key, false, word, strlen(word));
}

static enum sp_rc
append(struct sp_query *query, struct sp_query_term term, struct sp_err *err)
{
    if (query->count == SP_QUERY_TERMS)
        return sp_fail(err, SP_E_INVALID, "a search has at most %d words", SP_QUERY_TERMS);
    term.word = "";
    query->terms[query->count++] = term;
    return SP_OK;
}

enum sp_rc
sp_query_add_number(struct sp_query *query, enum sp_query_key key, int64_t number, struct sp_err *err)
{
    return append(query, (struct sp_query_term){ .key = key, .number = number }, err);
}

enum sp_rc
sp_query_add_states(struct sp_query *query, unsigned states, struct sp_err *err)
{
    return append(query, (struct sp_query_term){ .key = SP_QUERY_STATUS, .states = states }, err);
}
