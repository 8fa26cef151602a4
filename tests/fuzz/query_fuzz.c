/* query_fuzz.c - whatever is typed into the search box: it is understood or explained, within bounds, and what was
 * understood can be asked of a job. */
#include "fuzz.h"

#include "base/auto.h"
#include "base/fold.h"
#include "base/str.h"
#include "base/text.h"
#include "db/query.h"

#define NOW ((int64_t)1700000000000)

static void
parse(const char *text, int zone)
{
    struct sp_query query;
    struct sp_err err = { 0 };
    enum sp_rc rc = sp_query_parse(text, NOW, zone, &query, &err);
    PROMISE(rc == SP_OK || rc == SP_E_INVALID);
    PROMISE((rc == SP_OK) == (err.text[0] == '\0'));
    PROMISE(query.count <= SP_QUERY_TERMS && query.used <= sizeof(query.room));
    for (size_t i = 0; i < query.count; i++) {
        const struct sp_query_term *term = &query.terms[i];
        PROMISE(term->word >= query.room && term->word + strlen(term->word) < query.room + sizeof(query.room));
        PROMISE(term->word[0] != '\0');
        PROMISE(term->key != SP_QUERY_STATUS || term->states != 0);
        (void)sp_query_lists(term->word, "failed");
    }
}

/* Folding keeps the length, is done once and for all, and leaves UTF-8 what it was. */
static void
fold(const char *text, size_t size)
{
    SP_AUTO(sp_str_free) struct sp_str once = { 0 }, twice = { 0 }, scratch = { 0 };
    sp_str_add_n(&once, text, size);
    if (once.len == 0)
        return;
    sp_fold(once.text, once.len);
    PROMISE(sp_utf8_valid(text, size) == sp_utf8_valid(once.text, once.len));
    sp_str_add_n(&twice, once.text, once.len);
    sp_fold(twice.text, twice.len);
    PROMISE(memcmp(once.text, twice.text, once.len) == 0);
    PROMISE(sp_fold_contains(&scratch, text, sp_str_text(&once)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO_FREE char *text = fuzz_text(data, size);
    parse(text, 0);
    parse(text, size > 0 ? (int)data[0] * 6 - 720 : 0);
    fold(text, strlen(text));
    return 0;
}
