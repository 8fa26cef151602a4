/* check_show.c - see check_show.h. */
#include "gateway/cli/check_show.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "gateway/cli/print.h"

enum { INDENT = 18 };

static bool
is(const json_t *object, const char *key, const char *word)
{
    return strcmp(sp_member_text(object, key), word) == 0;
}

/* "unproven" is a word of the interface; people read what it means for them. */
static const char *
word_of(const json_t *step)
{
    if (is(step, "outcome", "ok"))
        return "ok";
    if (is(step, "outcome", "failed"))
        return "FAILED";
    return is(step, "outcome", "unproven") ? "unsure" : "note";
}

static void
put_part(struct sp_str *out, const char *what, const char *text)
{
    if (text[0] == '\0')
        return;
    sp_str_addf(out, "          %-8s", what);
    sp_put_lines(out, text, INDENT);
    sp_str_add_char(out, '\n');
}

void
sp_show_check_step(struct sp_str *out, const json_t *step)
{
    sp_str_addf(out, "  %-8s", word_of(step));
    sp_put_clean(out, sp_member_text(step, "title"));
    sp_str_add(out, ": ");
    sp_put_lines(out, sp_member_text(step, "text"), INDENT);
    sp_str_add_char(out, '\n');
    put_part(out, "said", sp_member_text(step, "reply"));
    put_part(out, "mend", sp_member_text(step, "fix"));
}

bool
sp_check_is_well(const json_t *check)
{
    return is(check, "result", "ok");
}

void
sp_show_check_result(struct sp_str *out, const json_t *check)
{
    const char *words = "does not work; see FAILED above";
    if (is(check, "result", "interrupted"))
        words = "was not checked to the end: scanpostd was restarted meanwhile";
    else if (sp_check_is_well(check))
        words = sp_member_text(check, "send_to")[0] != '\0' ? "works, and is proven by a test mail"
                                                            : "works as far as can be known without sending";
    sp_str_add(out, "  => ");
    sp_put_clean(out, sp_member_text(check, "method"));
    sp_str_addf(out, " %s\n", words);
}

/* --- the order --- */

static const json_t *
check_of(const json_t *checks, const char *method)
{
    size_t i = 0;
    const json_t *check = NULL;
    json_array_foreach (checks, i, check)
        if (is(check, "method", method))
            return check;
    return NULL;
}

/* Its place in the order, smaller is better; -1: out. Microsoft puts much of what nobody signed for into Junk, without
 * a word: direct send has to be proven before it may come first. */
static int
rank_of(const json_t *method, const json_t *checks)
{
    static const char *const types[] = { "direct", "relay", "submission", "graph" };
    const json_t *check = check_of(checks, sp_member_text(method, "name"));
    bool proven = json_is_string(json_object_get(method, "proven_at"));
    int type = 0;
    if (check == NULL || !sp_check_is_well(check))
        return -1;
    while (type < (int)SP_LEN(types) - 1 && !is(method, "type", types[type]))
        type++;
    if (proven)
        return type;
    return (int)SP_LEN(types) + (type == 0 ? (int)SP_LEN(types) : type);
}

json_t *
sp_recommend_order(const json_t *methods, const json_t *checks, const char *tenant)
{
    json_t *order = json_array();
    for (int rank = 0; rank <= 8; rank++) {
        size_t i = 0;
        const json_t *method = NULL;
        json_array_foreach (methods, i, method)
            if (is(method, "tenant", tenant) && rank_of(method, checks) == rank)
                json_array_append(order, json_object_get(method, "name"));
    }
    return order;
}

static void
put_order(struct sp_str *out, const json_t *methods, const json_t *checks, const char *tenant)
{
    json_t *order = sp_recommend_order(methods, checks, tenant);
    size_t i = 0;
    const json_t *name = NULL;
    sp_str_add(out, "Tenant ");
    sp_put_clean(out, tenant);
    sp_str_add(out, json_array_size(order) == 0 ? ": no method works here" : ": recommended order");
    json_array_foreach (order, i, name) {
        sp_str_add(out, i == 0 ? ": " : ", ");
        sp_put_clean(out, json_string_value(name));
    }
    sp_str_add(out, ".\n");
    json_decref(order);
}

/* The first method of the list that belongs to its tenant. */
static bool
is_first_of_tenant(const json_t *methods, size_t at)
{
    const char *tenant = sp_member_text(json_array_get(methods, at), "tenant");
    for (size_t i = 0; i < at; i++)
        if (is(json_array_get(methods, i), "tenant", tenant))
            return false;
    return true;
}

static void
put_unproven(struct sp_str *out, const json_t *methods, const json_t *checks)
{
    size_t i = 0;
    const json_t *method = NULL;
    json_array_foreach (methods, i, method) {
        const char *name = sp_member_text(method, "name");
        const json_t *check = check_of(checks, name);
        if (check == NULL || !sp_check_is_well(check) || json_is_string(json_object_get(method, "proven_at")))
            continue;
        sp_str_add(out, "No mail has gone by ");
        sp_put_clean(out, name);
        sp_str_add(out, " yet; prove it with: scanpost check ");
        sp_put_clean(out, name);
        sp_str_add(out, " --send ADDRESS\n");
    }
}

void
sp_show_recommendation(struct sp_str *out, const json_t *methods, const json_t *checks)
{
    size_t i = 0;
    const json_t *method = NULL;
    json_array_foreach (methods, i, method)
        if (is_first_of_tenant(methods, i))
            put_order(out, methods, checks, sp_member_text(method, "tenant"));
    sp_str_add(out, "'methods = auto' chooses so by itself; direct send reaches recipients inside the tenant only.\n");
    put_unproven(out, methods, checks);
}
