/* search_ask.c - which tokens of a word to ask for. Each is a list to read, and "com" stands in every address: a few
 * that are rare say as much as all of them. How rare they are tells a sample of jobs from all over the history.
 *
 * One or two bytes are the beginning of many tokens, which FTS5 merges in memory before it answers. So they are asked
 * for only when there is nothing longer and the sample hardly knows them; what is frequent is found by reading. */
#include "db/search_ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fold.h"
#include "base/str.h"
#include "db/query.h"
#include "db/search_token.h"

enum {
    SAMPLE = 32,     /* jobs */
    GRAMS_ASKED = 5, /* of one word at most */
    RARE = 2,        /* of the sample: two tokens as rare as that are enough */
    OFTEN = 2,       /* of the sample: one or two bytes that are there so often are found by reading */
    WORD_MAX = 512,
};

struct sample {
    struct sp_str texts[SAMPLE][SP_FIELDS]; /* folded */
    size_t count;
    bool failed;
};

static void
sample_free(struct sample **place)
{
    if (*place == NULL)
        return;
    for (size_t i = 0; i < SAMPLE; i++)
        for (size_t f = 0; f < SP_FIELDS; f++)
            sp_str_free(&(*place)->texts[i][f]);
    free(*place);
    *place = NULL;
}

static void
add_text(void *context, enum sp_search_field field, const char *text)
{
    struct sample *sample = context;
    struct sp_str *all = &sample->texts[sample->count][field];
    size_t before = all->len;
    sp_str_add(all, text);
    sp_str_add_char(all, '\n'); /* no word holds one, so none is found across two texts */
    sample->failed = sample->failed || all->failed;
    if (!all->failed)
        sp_fold(all->text + before, all->len - before);
}

static enum sp_rc
take_sample(struct sp_db *db, int64_t indexed, struct sample *sample, struct sp_err *err)
{
    enum sp_rc rc = SP_OK;
    int64_t step = indexed / SAMPLE + 1;
    for (int64_t row = indexed; rc == SP_OK && row > 0 && sample->count < SAMPLE; row -= step, sample->count++)
        rc = sp_search_texts(db, row, add_text, sample, err);
    return rc == SP_OK && sample->failed ? sp_fail(err, SP_E_NOMEM, "db: out of memory") : rc;
}

/* In how many jobs of the sample that field holds the bytes. */
static unsigned
frequency(const struct sample *sample, enum sp_search_field field, const char *bytes, size_t size)
{
    unsigned count = 0;
    for (size_t i = 0; i < sample->count; i++) {
        const struct sp_str *text = &sample->texts[i][field];
        count += text->len > 0 && memmem(text->text, text->len, bytes, size) != NULL;
    }
    return count;
}

/* --- one word in one field -----------------------------------------------------------------------------------------
 */

/* The place of the rarest gram that was not chosen; of equals, the one that is farthest from those that were. */
static size_t
rarest(const unsigned *counts, size_t n, const size_t *chosen, size_t n_chosen)
{
    size_t best = n, best_distance = 0;
    for (size_t at = 0; at < n; at++) {
        size_t distance = n;
        for (size_t i = 0; i < n_chosen; i++) {
            size_t apart = at > chosen[i] ? at - chosen[i] : chosen[i] - at;
            distance = apart < distance ? apart : distance;
        }
        if (distance > 0 &&
            (best == n || counts[at] < counts[best] || (counts[at] == counts[best] && distance > best_distance))) {
            best = at;
            best_distance = distance;
        }
    }
    return best;
}

static size_t
choose(const unsigned *counts, size_t n, size_t chosen[GRAMS_ASKED])
{
    size_t n_chosen = 0, n_rare = 0;
    while (n_chosen < GRAMS_ASKED && n_rare < 3) {
        size_t at = rarest(counts, n, chosen, n_chosen);
        if (at == n)
            break;
        n_rare += counts[at] <= RARE;
        chosen[n_chosen++] = at;
    }
    return n_chosen;
}

static void
ask_grams(const struct sample *sample, struct sp_str *out, enum sp_search_field field, const char *word, size_t size)
{
    unsigned counts[WORD_MAX];
    size_t chosen[GRAMS_ASKED];
    size_t n = size - SP_SEARCH_GRAM + 1 < WORD_MAX ? size - SP_SEARCH_GRAM + 1 : WORD_MAX;
    for (size_t at = 0; at < n; at++)
        counts[at] = frequency(sample, field, word + at, SP_SEARCH_GRAM);
    size_t n_chosen = choose(counts, n, chosen);
    sp_str_add_char(out, '(');
    for (size_t i = 0; i < n_chosen; i++) {
        sp_str_add(out, i > 0 ? " AND " : "");
        sp_search_put_token(out, field, sp_search_gram(word + chosen[i]), SP_SEARCH_GRAM);
    }
    sp_str_add_char(out, ')');
}

static void
ask(const struct sample *sample, struct sp_str *out, enum sp_search_field field, const char *word)
{
    size_t size = strlen(word);
    char padded[SP_SEARCH_GRAM + 1] = { word[0], word[size > 1], '\0' }; /* of one byte, its end */
    if (size >= SP_SEARCH_GRAM) {
        ask_grams(sample, out, field, word, size);
        return;
    }
    sp_search_put_token(out, field, sp_search_gram(padded), size);
    sp_str_add_char(out, '*');
}

/* --- a term --------------------------------------------------------------------------------------------------------
 */

/* Where a term looks; 0 fields: the index knows nothing of it. */
static size_t
fields_of(const struct sp_query_term *term, const enum sp_search_field **ret)
{
    static const enum sp_search_field anywhere[] = { SP_FIELD_SUBJECT, SP_FIELD_NAME, SP_FIELD_TO, SP_FIELD_USER };
    static const enum sp_search_field one[] = {
        [SP_FIELD_SUBJECT] = SP_FIELD_SUBJECT, [SP_FIELD_NAME] = SP_FIELD_NAME, [SP_FIELD_TO] = SP_FIELD_TO,
        [SP_FIELD_USER] = SP_FIELD_USER,       [SP_FIELD_FROM] = SP_FIELD_FROM, [SP_FIELD_DOOR] = SP_FIELD_DOOR,
    };
    switch (term->key) {
    case SP_QUERY_TEXT:
        *ret = anywhere;
        return SP_LEN(anywhere);
    case SP_QUERY_TO:
        *ret = &one[SP_FIELD_TO];
        return 1;
    case SP_QUERY_FROM:
        *ret = &one[SP_FIELD_FROM];
        return 1;
    case SP_QUERY_SUBJECT:
        *ret = &one[SP_FIELD_SUBJECT];
        return 1;
    case SP_QUERY_USER:
        *ret = &one[SP_FIELD_USER];
        return 1;
    case SP_QUERY_NAME:
        *ret = &one[SP_FIELD_NAME];
        return 1;
    case SP_QUERY_DOOR:
        *ret = &one[SP_FIELD_DOOR];
        return 1;
    case SP_QUERY_ID:
    case SP_QUERY_STATUS:
    case SP_QUERY_METHOD:
    case SP_QUERY_CLASS:
    case SP_QUERY_CAUSE:
    case SP_QUERY_SOURCE:
    case SP_QUERY_BEFORE:
    case SP_QUERY_AFTER:
    case SP_QUERY_LARGER:
    case SP_QUERY_SMALLER:
        break;
    }
    return 0;
}

static void
ask_term(const struct sample *sample, struct sp_str *out, const struct sp_query_term *term)
{
    const enum sp_search_field *fields = NULL;
    size_t n = fields_of(term, &fields);
    sp_str_add(out, out->len > 0 ? " AND (" : "(");
    for (size_t i = 0; i < n; i++) {
        sp_str_add(out, i > 0 ? " OR " : "");
        ask(sample, out, fields[i], term->word);
    }
    sp_str_add_char(out, ')');
}

/* How many jobs of the sample hold the word. */
static unsigned
hits(const struct sample *sample, const struct sp_query_term *term)
{
    const enum sp_search_field *fields = NULL;
    size_t n = fields_of(term, &fields), size = strlen(term->word);
    unsigned count = 0;
    for (size_t i = 0; i < sample->count; i++)
        for (size_t f = 0; f < n; f++) {
            const struct sp_str *text = &sample->texts[i][fields[f]];
            if (text->len > 0 && memmem(text->text, text->len, term->word, size) != NULL) {
                count++;
                break;
            }
        }
    return count;
}

static bool
may_be_asked(const struct sp_query_term *term, size_t least)
{
    const enum sp_search_field *fields = NULL;
    return !term->negated && strlen(term->word) >= least && fields_of(term, &fields) > 0;
}

/* Words that half of the jobs hold are not worth their lists beside others that few do. */
static void
ask_words(const struct sample *sample, const struct sp_query *query, struct sp_str *out)
{
    unsigned fewest = SAMPLE;
    for (size_t i = 0; i < query->count; i++)
        if (may_be_asked(&query->terms[i], SP_SEARCH_GRAM)) {
            unsigned count = hits(sample, &query->terms[i]);
            fewest = count < fewest ? count : fewest;
        }
    for (size_t i = 0; i < query->count; i++)
        if (may_be_asked(&query->terms[i], SP_SEARCH_GRAM) &&
            hits(sample, &query->terms[i]) <= (fewest > SAMPLE / 4 ? fewest : SAMPLE / 4))
            ask_term(sample, out, &query->terms[i]);
}

static void
ask_short_words(const struct sample *sample, const struct sp_query *query, struct sp_str *out)
{
    for (size_t i = 0; i < query->count; i++)
        if (may_be_asked(&query->terms[i], 1) && hits(sample, &query->terms[i]) < OFTEN) {
            ask_term(sample, out, &query->terms[i]);
            return;
        }
}

enum sp_rc
sp_search_ask(struct sp_db *db, const struct sp_query *query, int64_t indexed, struct sp_str *ret, struct sp_err *err)
{
    bool any = false;
    for (size_t i = 0; i < query->count; i++)
        any = any || may_be_asked(&query->terms[i], 1);
    if (!any || indexed == 0)
        return SP_OK;
    SP_AUTO(sample_free) struct sample *sample = calloc(1, sizeof(*sample));
    if (sample == NULL)
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    enum sp_rc rc = take_sample(db, indexed, sample, err);
    if (rc != SP_OK)
        return rc;
    ask_words(sample, query, ret);
    if (ret->len == 0)
        ask_short_words(sample, query, ret);
    return ret->failed ? sp_fail(err, SP_E_NOMEM, "db: out of memory") : SP_OK;
}
