/* dav_if.c - a parser that walks the header once. */
#include "web/dav/dav_if.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

struct walk {
    const char *at;
    struct sp_arena *arena;
    struct sp_dav_if *what;
    unsigned list;
};

static void
skip_blanks(struct walk *w)
{
    w->at += strspn(w->at, " \t");
}

/* What stands between two marks, copied; NULL when the second one is missing or memory is out. */
static const char *
take_between(struct walk *w, char last)
{
    const char *from = w->at + 1;
    const char *end = strchr(from, last);
    if (end == NULL)
        return NULL;
    w->at = end + 1;
    return sp_arena_text_n(w->arena, from, (size_t)(end - from));
}

static bool
read_condition(struct walk *w, const char *resource)
{
    struct sp_dav_if *what = w->what;
    if (what->count == SP_DAV_CONDITIONS_MAX)
        return false;
    struct sp_dav_condition *condition = &what->conditions[what->count];
    *condition = (struct sp_dav_condition){ .resource = resource, .list = w->list };
    if (sp_text_starts_nocase(w->at, "not")) {
        condition->negated = true;
        w->at += 3;
        skip_blanks(w);
    }
    if (*w->at != '<' && *w->at != '[')
        return false;
    condition->is_etag = *w->at == '[';
    condition->text = take_between(w, condition->is_etag ? ']' : '>');
    what->count += condition->text != NULL;
    return condition->text != NULL;
}

static bool
read_list(struct walk *w, const char *resource)
{
    size_t before = w->what->count;
    w->at++;
    w->list++;
    for (skip_blanks(w); *w->at != ')'; skip_blanks(w))
        if (!read_condition(w, resource))
            return false;
    w->at++;
    return w->what->count > before;
}

static bool
read_all(struct walk *w)
{
    const char *resource = NULL;
    bool tagged = *w->at == '<';
    for (; *w->at != '\0'; skip_blanks(w)) {
        if (*w->at == '<' && tagged) {
            resource = take_between(w, '>');
            skip_blanks(w);
            if (resource == NULL || *w->at != '(')
                return false;
        }
        if (*w->at != '(' || !read_list(w, resource))
            return false;
    }
    return w->what->count > 0;
}

enum sp_rc
sp_dav_if_read(const char *header, struct sp_arena *arena, struct sp_dav_if *ret, struct sp_err *err)
{
    struct walk w = { .at = header, .arena = arena, .what = ret };
    ret->count = 0;
    skip_blanks(&w);
    return read_all(&w) ? SP_OK : sp_fail(err, SP_E_INVALID, "the If header is not well formed, or too long");
}

bool
sp_dav_if_true(const struct sp_dav_if *what, sp_dav_holds_fn *holds, void *context)
{
    bool list_true = false;
    for (size_t i = 0; i < what->count; i++) {
        const struct sp_dav_condition *condition = &what->conditions[i];
        bool first = i == 0 || condition->list != what->conditions[i - 1].list;
        if (first && list_true)
            return true;
        list_true = (first || list_true) && holds(context, condition) != condition->negated;
    }
    return list_true || what->count == 0;
}

bool
sp_dav_if_shows(const struct sp_dav_if *what, const char *token)
{
    for (size_t i = 0; i < what->count; i++)
        if (!what->conditions[i].is_etag && strcmp(what->conditions[i].text, token) == 0)
            return true;
    return false;
}
