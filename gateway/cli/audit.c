/* audit.c - who did what: the audit log. */
#include "gateway/cli/cli.h"

#include "base/auto.h"
#include "base/str.h"
#include "base/text.h"
#include "gateway/cli/print.h"

enum { ENTRIES_BY_DEFAULT = 50, ENTRIES_MAX = 1000, WHAT_MAX = 160 };

/* "ada", or who it may have been. */
static void
add_who_cell(struct sp_table *table, const json_t *entry)
{
    const char *who = sp_member_text(entry, "who");
    sp_table_cell(table, who[0] == '\0' ? "(nobody known)" : who);
}

/* "01J... scan.pdf", and how often; a thousand jobs are for --json. */
static void
add_what_cell(struct sp_table *table, const json_t *entry)
{
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    const char *detail = sp_member_text(entry, "detail");
    int64_t count = sp_member_number(entry, "count");
    sp_str_add(&text, sp_member_text(entry, "object"));
    if (detail[0] != '\0')
        sp_str_addf(&text, "%s%s", text.len > 0 ? " " : "", detail);
    if (count > 1)
        sp_str_addf(&text, "%s%lld times", text.len > 0 ? ", " : "", (long long)count);
    if (text.len > WHAT_MAX) {
        sp_str_cut(&text, sp_utf8_prefix(text.text, text.len, WHAT_MAX));
        sp_str_add(&text, "...");
    }
    sp_table_cell(table, sp_str_text(&text));
}

static void
show_entries(struct sp_str *out, const json_t *entries)
{
    static const char *const titles[] = { "TIME", "WHO", "ROLE", "FROM", "ACTION", "WHAT" };
    SP_AUTO(sp_table_free) struct sp_table table = { 0 };
    size_t i = 0;
    const json_t *entry = NULL;
    sp_table_head(&table, titles, SP_LEN(titles));
    json_array_foreach (entries, i, entry) {
        SP_AUTO(sp_str_free) struct sp_str time = { 0 };
        sp_put_time(&time, sp_member_text(entry, "at"));
        sp_table_cell(&table, sp_str_text(&time));
        add_who_cell(&table, entry);
        sp_table_cell(&table, sp_member_text(entry, "role"));
        sp_table_cell(&table, sp_member_text(entry, "address"));
        sp_table_cell(&table, sp_member_text(entry, "action"));
        add_what_cell(&table, entry);
    }
    sp_table_put(out, &table, 0);
}

static int
run_audit(struct sp_cli *cli, const struct sp_args *args)
{
    SP_AUTO(sp_str_free) struct sp_str path = { 0 }, out = { 0 };
    const char *text = sp_args_value(args, "--limit");
    int64_t limit = ENTRIES_BY_DEFAULT;
    json_t *answer = NULL;
    if (args->n_words > 0)
        return sp_cli_usage("audit: '%s'? It lists who did what, newest first", args->words[0]);
    if (text != NULL && !sp_parse_int(text, 1, ENTRIES_MAX, &limit))
        return sp_cli_usage("audit: --limit takes a whole number from 1 to %d", ENTRIES_MAX);
    sp_str_addf(&path, "/api/v1/audit?limit=%lld", (long long)limit);
    if (sp_cli_call(cli, "GET", sp_str_text(&path), NULL, &answer) != SP_OK)
        return SP_EXIT_FAILED;
    if (json_array_size(json_object_get(answer, "entries")) == 0)
        sp_str_add(&out, "Nobody did anything yet.\n");
    else
        show_entries(&out, json_object_get(answer, "entries"));
    int code = cli->json ? sp_cli_print_json(answer) : sp_cli_print(&out);
    json_decref(answer);
    return code;
}

static const struct sp_option audit_options[] = { { "--limit", "N", false }, { 0 } };

const struct sp_command sp_audit_commands[] = {
    { "audit", "[--limit N]", "Who did what: signed in, retried, cancelled, opened a document, made a token.",
      audit_options, run_audit },
    { 0 },
};
