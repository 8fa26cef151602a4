/* sources.c - the ways in and out as the daemon sees them: methods, folders. */
#include "gateway/cli/cli.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "gateway/cli/print.h"

enum { FIX_INDENT = 8 };

/* "direct: listed at Spamhaus ..." and what to do, below the table. */
static void
put_trouble(struct sp_str *out, const char *name, const char *reason, const char *fix)
{
    if (reason[0] == '\0' && fix[0] == '\0')
        return;
    sp_str_add_char(out, '\n');
    sp_put_clean(out, name);
    sp_str_add(out, ": ");
    sp_put_lines(out, reason, FIX_INDENT);
    sp_str_add_char(out, '\n');
    if (fix[0] == '\0')
        return;
    sp_str_addf(out, "  mend: ");
    sp_put_lines(out, fix, FIX_INDENT);
    sp_str_add_char(out, '\n');
}

static void
add_time_cell(struct sp_table *table, const char *iso)
{
    SP_AUTO(sp_str_free) struct sp_str time = { 0 };
    sp_put_time(&time, iso);
    sp_table_cell(table, sp_str_text(&time));
}

/* "down" with "auth_failed (secret_expired)" beside it. */
static void
add_class_cell(struct sp_table *table, const json_t *method)
{
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    const char *cause = sp_member_text(method, "cause");
    sp_str_add(&text, sp_member_text(method, "class"));
    if (cause[0] != '\0')
        sp_str_addf(&text, " (%s)", cause);
    sp_table_cell(table, sp_str_text(&text));
}

static void
show_methods(struct sp_str *out, const json_t *methods)
{
    static const char *const titles[] = { "NAME", "TYPE", "TENANT", "STATE", "SINCE", "NEXT TRY", "PROVEN", "CLASS" };
    SP_AUTO(sp_table_free) struct sp_table table = { 0 };
    size_t i = 0;
    const json_t *method = NULL;
    sp_table_head(&table, titles, SP_LEN(titles));
    json_array_foreach (methods, i, method) {
        sp_table_cell(&table, sp_member_text(method, "name"));
        sp_table_cell(&table, sp_member_text(method, "type"));
        sp_table_cell(&table, sp_member_text(method, "tenant"));
        sp_table_cell(&table,
                      json_is_false(json_object_get(method, "enabled")) ? "disabled" : sp_member_text(method, "state"));
        add_time_cell(&table, sp_member_text(method, "since"));
        add_time_cell(&table, sp_member_text(method, "retry_at"));
        add_time_cell(&table, sp_member_text(method, "proven_at"));
        add_class_cell(&table, method);
    }
    sp_table_put(out, &table, 0);
    json_array_foreach (methods, i, method)
        put_trouble(out, sp_member_text(method, "name"), sp_member_text(method, "reason"),
                    sp_member_text(method, "fix"));
}

static void
add_number_cell(struct sp_table *table, const json_t *object, const char *key)
{
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    sp_str_addf(&text, "%lld", (long long)sp_member_number(object, key));
    sp_table_cell(table, sp_str_text(&text));
}

static void
put_advice(struct sp_str *out, const json_t *folder)
{
    int64_t ms = sp_member_number(folder, "advised_settle_ms");
    if (ms == 0)
        return;
    sp_str_add_char(out, '\n');
    sp_put_clean(out, sp_member_text(folder, "name"));
    sp_str_addf(out, ": a source reopens files after they seemed finished; settle = %llds would fit\n",
                (long long)((ms + 999) / 1000));
}

static void
show_folders(struct sp_str *out, const json_t *folders)
{
    static const char *const titles[] = { "NAME", "WATCH", "LAST SCAN", "SCANS", "REJECTED", "WAITING", "PATH" };
    SP_AUTO(sp_table_free) struct sp_table table = { 0 };
    size_t i = 0;
    const json_t *folder = NULL;
    sp_table_head(&table, titles, SP_LEN(titles));
    json_array_foreach (folders, i, folder) {
        sp_table_cell(&table, sp_member_text(folder, "name"));
        sp_table_cell(&table, sp_member_text(folder, "watch"));
        add_time_cell(&table, sp_member_text(folder, "last_scan"));
        add_number_cell(&table, folder, json_object_get(folder, "count") == NULL ? "taken" : "count");
        add_number_cell(&table, folder, "rejected");
        add_number_cell(&table, folder, "waiting");
        sp_table_cell(&table, sp_member_text(folder, "path"));
    }
    sp_table_put(out, &table, 0);
    json_array_foreach (folders, i, folder) {
        put_trouble(out, sp_member_text(folder, "name"), sp_member_text(folder, "trouble"), "");
        put_advice(out, folder);
    }
}

/* ---- all sources ---- */

static void
add_last_cells(struct sp_table *table, const json_t *source)
{
    add_time_cell(table, sp_member_text(source, "last_scan"));
    add_number_cell(table, source, "count");
}

static const char *
state_of(const json_t *source)
{
    if (sp_member_text(source, "revoked")[0] != '\0')
        return "revoked";
    if (sp_member_text(source, "trouble")[0] != '\0')
        return "trouble";
    return json_is_true(json_object_get(source, "silent")) ? "silent" : "";
}

static void
add_sources(struct sp_table *table, const json_t *all, const char *key, const char *kind)
{
    size_t i = 0;
    const json_t *source = NULL;
    json_array_foreach (json_object_get(all, key), i, source) {
        sp_table_cell(table, kind);
        sp_table_cell(table, sp_member_text(source, "name"));
        sp_table_cell(table, sp_member_text(source, "route"));
        add_last_cells(table, source);
        sp_table_cell(table, state_of(source));
    }
}

static void
show_refusals(struct sp_str *out, const json_t *refusals)
{
    static const char *const titles[] = { "LAST", "TIMES", "DOOR", "WHO", "FROM", "REASON" };
    SP_AUTO(sp_table_free) struct sp_table table = { 0 };
    size_t i = 0;
    const json_t *item = NULL;
    if (json_array_size(refusals) == 0)
        return;
    sp_str_add(out, "\nRefused at the door:\n");
    sp_table_head(&table, titles, SP_LEN(titles));
    json_array_foreach (refusals, i, item) {
        add_time_cell(&table, sp_member_text(item, "at"));
        add_number_cell(&table, item, "count");
        sp_table_cell(&table, sp_member_text(item, "door"));
        sp_table_cell(&table, sp_member_text(item, "who"));
        sp_table_cell(&table, sp_member_text(item, "address"));
        sp_table_cell(&table, sp_member_text(item, "reason"));
    }
    sp_table_put(out, &table, 0);
}

static void
show_sources(struct sp_str *out, const json_t *all)
{
    static const char *const titles[] = { "KIND", "NAME", "ROUTE", "LAST SCAN", "SCANS", "STATE" };
    SP_AUTO(sp_table_free) struct sp_table table = { 0 };
    size_t i = 0;
    const json_t *folder = NULL;
    sp_table_head(&table, titles, SP_LEN(titles));
    add_sources(&table, all, "folders", "folder");
    add_sources(&table, all, "devices", "device");
    add_sources(&table, all, "queues", "queue");
    sp_table_put(out, &table, 0);
    json_array_foreach (json_object_get(all, "folders"), i, folder)
        put_trouble(out, sp_member_text(folder, "name"), sp_member_text(folder, "trouble"), "");
    show_refusals(out, json_object_get(all, "refusals"));
}

static int
run_sources(struct sp_cli *cli, const struct sp_args *args)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    json_t *all = NULL;
    if (args->n_words > 0)
        return sp_cli_usage("sources: '%s'? It lists all sources", args->words[0]);
    if (sp_cli_call(cli, "GET", "/api/v1/sources", NULL, &all) != SP_OK)
        return SP_EXIT_FAILED;
    show_sources(&out, all);
    int code = cli->json ? sp_cli_print_json(all) : sp_cli_print(&out);
    json_decref(all);
    return code;
}

/* A list of the daemon's, shown by `show`, or `none` said instead. */
static int
list(struct sp_cli *cli, const char *path, const char *key, void (*show)(struct sp_str *, const json_t *),
     const char *none)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    json_t *answer = NULL;
    if (sp_cli_call(cli, "GET", path, NULL, &answer) != SP_OK)
        return SP_EXIT_FAILED;
    const json_t *items = json_object_get(answer, key);
    if (json_array_size(items) == 0)
        sp_str_add(&out, none);
    else
        show(&out, items);
    int code = cli->json ? sp_cli_print_json(answer) : sp_cli_print(&out);
    json_decref(answer);
    return code;
}

static int
run_methods(struct sp_cli *cli, const struct sp_args *args)
{
    if (args->n_words > 0)
        return sp_cli_usage("methods: '%s'? It lists all methods", args->words[0]);
    return list(cli, "/api/v1/methods", "methods", show_methods, "No method is configured.\n");
}

static int
run_folders(struct sp_cli *cli, const struct sp_args *args)
{
    if (args->n_words > 0)
        return sp_cli_usage("folders: '%s'? It lists all folders", args->words[0]);
    return list(cli, "/api/v1/folders", "folders", show_folders, "No folder is configured.\n");
}

const struct sp_command sp_source_commands[] = {
    { "methods", "", "Lists the ways out: up, down, half-open or unproven, why, and when they are tried again.", NULL,
      run_methods },
    { "folders", "", "Lists the drop folders and what they took in.", NULL, run_folders },
    { "sources", "", "Where scans come from: folders, devices and print queues, and who was refused at the door.", NULL,
      run_sources },
    { 0 },
};
