/* setup.c - `scanpost setup`: from a fresh machine to a scan in the mailbox. First everything is asked, then told, then
 * done, then proven; before the answer to the plan nothing is written but the scripts for the Microsoft side, and the
 * certificate that stands in them. */
#include "gateway/cli/setup_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/io.h"
#include "base/secret.h"
#include "gateway/setup/conf_edit.h"

enum { CONFIG_MAX = 1024 * 1024, BOX_MAX = 64 * 1024 };

/* --- what the other files need --- */

enum sp_rc
sp_setup_add_file(struct sp_setup *s, const char *name, struct sp_secret *bytes, enum sp_setup_reader reader,
                  const char **ret_path, struct sp_err *err)
{
    const char *path = name[0] == '/' ? name : sp_arena_format(s->arena, "%s/%s", s->dir, name);
    if (bytes == NULL || path == NULL || s->n_files == SP_SETUP_FILES_MAX) {
        sp_secret_free(&bytes);
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    }
    s->files[s->n_files++] = (struct sp_setup_file){ path, bytes, reader };
    *ret_path = path;
    return SP_OK;
}

const char *
sp_setup_set(const struct sp_setup *s, const char *key, const char *by_default)
{
    size_t len = strlen(key);
    for (size_t i = 0; i < s->answers.sets.count; i++)
        if (strncmp(s->sets[i], key, len) == 0 && s->sets[i][len] == '=')
            return s->sets[i] + len + 1;
    return by_default;
}

const struct sp_method_settings *
sp_setup_old_method(const struct sp_setup *s, enum sp_method_type type)
{
    return s->old == NULL ? NULL : sp_settings_method(s->old, sp_method_type_name(type));
}

/* --- beginning --- */

/* The first one for a key counts: what is said with --set goes before what the sandbox says. */
static void
add_set(struct sp_setup *s, const char *set)
{
    if (set == NULL) /* there was no memory for it */
        return;
    size_t len = strcspn(set, "=");
    for (size_t i = 0; i < s->answers.sets.count; i++)
        if (strncmp(s->sets[i], set, len) == 0 && s->sets[i][len] == '=')
            return;
    if (s->answers.sets.count < SP_SETUP_SETS_MAX)
        s->sets[s->answers.sets.count++] = set;
}

/* What --sandbox DIR stands for: where its servers are, and whom to trust. */
static void
add_box_sets(struct sp_setup *s)
{
    static const struct {
        const char *key, *fact;
    } rows[] = {
        { "direct.port", "mx_port" },
        { "relay.port", "mx_port" },
        { "submission.host", "submission_host" },
        { "submission.port", "submission_port" },
        { "graph.host", "graph_host" },
        { "graph.port", "graph_port" },
        { "submission.oauth-token-url", "token_url" },
        { "graph.oauth-token-url", "token_url" },
    };
    static const char *const trusting[] = { "direct", "relay", "submission", "graph" };
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        const json_t *fact = json_object_get(s->box, rows[i].fact);
        if (json_is_integer(fact))
            add_set(s, sp_arena_format(s->arena, "%s=%lld", rows[i].key, (long long)json_integer_value(fact)));
        else if (json_is_string(fact))
            add_set(s, sp_arena_format(s->arena, "%s=%s", rows[i].key, json_string_value(fact)));
    }
    for (size_t i = 0; i < SP_LEN(trusting); i++)
        add_set(s, sp_arena_format(s->arena, "%s.ca-file=%s/sandbox-ca.pem", trusting[i], s->dir));
}

static enum sp_rc
read_box(struct sp_setup *s, struct sp_err *err)
{
    const char *dir = sp_args_value(s->args, "--sandbox"), *path = NULL;
    SP_AUTO(sp_str_free) struct sp_str text = { 0 }, ca = { 0 };
    if (dir == NULL)
        return SP_OK;
    enum sp_rc rc = sp_io_read_file(AT_FDCWD, sp_arena_format(s->arena, "%s/sandbox.json", dir), BOX_MAX, &text, err);
    if (rc != SP_OK)
        return sp_err_prefix(err, "--sandbox");
    s->box = json_loads(sp_str_text(&text), 0, NULL);
    const char *file = json_string_value(json_object_get(s->box, "ca"));
    if (file == NULL)
        return sp_fail(err, SP_E_INVALID, "--sandbox: '%s/sandbox.json' is none of scanpost-sandbox's", dir);
    rc = sp_io_read_file(AT_FDCWD, file, BOX_MAX, &ca, err);
    if (rc == SP_OK) /* a copy: the sandbox's folder may be closed to scanpost's users */
        rc = sp_setup_add_file(s, "sandbox-ca.pem", sp_secret_new(sp_str_text(&ca), ca.len), SP_READER_ALL, &path, err);
    add_box_sets(s);
    return rc;
}

static enum sp_rc
read_old(struct sp_setup *s, struct sp_err *err)
{
    enum sp_rc rc = sp_io_read_file(AT_FDCWD, s->file, CONFIG_MAX, &s->old_text, err);
    if (rc == SP_E_NOTFOUND)
        return SP_OK;
    if (rc != SP_OK)
        return rc;
    s->exists = true;
    if (!sp_conf_has(sp_str_text(&s->old_text), "tenant", NULL)) /* as the package brings it */
        return SP_OK;
    rc = sp_settings_load(s->file, &s->old, err);
    return rc == SP_OK ? SP_OK : sp_err_prefix(err, "the configuration has a mistake; mend it, or move it away");
}

static enum sp_rc
find_file(struct sp_setup *s, struct sp_err *err)
{
    const char *file = s->cli->config != NULL ? s->cli->config : SP_DEFAULT_FILE;
    SP_AUTO_FREE char *here = getcwd(NULL, 0);
    s->file = file[0] == '/' ? sp_arena_text(s->arena, file) : sp_arena_format(s->arena, "%s/%s", here, file);
    char *dir = sp_arena_text(s->arena, s->file);
    if (dir == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    char *slash = strrchr(dir, '/');
    *(slash == dir ? slash + 1 : slash) = '\0';
    s->dir = dir;
    s->scripts = sp_args_has(s->args, "--scripts") ? sp_args_value(s->args, "--scripts") : dir;
    return s->scripts[0] == '/' ? SP_OK : sp_fail(err, SP_E_INVALID, "--scripts: '%s' is no full path", s->scripts);
}

/* What is nowhere to be written for whom this is must be said before the first question, not after the last one. */
static enum sp_rc
choose_places(struct sp_setup *s, struct sp_err *err)
{
    bool usual = strcmp(s->file, SP_DEFAULT_FILE) == 0;
    if (usual && !s->root && !s->dry_run)
        return sp_fail(
            err, SP_E_DENIED,
            "setup writes %s: run it as root. To try it out as you are, name a file of your own: scanpost -c "
            "FILE setup",
            SP_DEFAULT_FILE);
    s->trial = !usual && (!s->root || s->box != NULL);
    if (!s->trial || s->old != NULL)
        return SP_OK;
    add_set(s, sp_arena_format(s->arena, "gateway.state-dir=%s/state", s->dir));
    add_set(s, sp_arena_format(s->arena, "gateway.run-dir=%s/run", s->dir));
    return SP_OK;
}

static void
clear_answers(struct sp_answers *a)
{
    *a = (struct sp_answers){ .hostname = "",
                              .resolver = "",
                              .proxy = "",
                              .tenant = "",
                              .domain = "",
                              .onmicrosoft = "",
                              .sender = "",
                              .tenant_id = "",
                              .client_id = "",
                              .secret_file = "",
                              .secret_expires = "",
                              .certificate = "",
                              .key = "",
                              .password_file = "",
                              .relay_certificate = "",
                              .relay_key = "",
                              .route = "",
                              .to = "",
                              .folder = "",
                              .path = "",
                              .notify = "",
                              .tls_certificate = "",
                              .tls_key = "" };
}

static enum sp_rc
begin(struct sp_setup *s, struct sp_err *err)
{
    const char *value = NULL;
    clear_answers(&s->answers);
    s->root = geteuid() == 0;
    s->dry_run = sp_args_has(s->args, "--dry-run");
    s->answers.sets.items = s->sets;
    for (size_t i = 0; (value = sp_args_value_at(s->args, "--set", i)) != NULL; i++)
        add_set(s, value);
    enum sp_rc rc = find_file(s, err);
    if (rc == SP_OK)
        rc = read_old(s, err);
    if (rc == SP_OK)
        rc = read_box(s, err);
    if (rc == SP_OK)
        rc = choose_places(s, err);
    if (rc != SP_OK)
        return rc;
    const char *resolver = s->box != NULL ? json_string_value(json_object_get(s->box, "resolver")) : NULL;
    value = sp_args_value(s->args, "--resolver");
    s->answers.resolver = value != NULL      ? value
                          : resolver != NULL ? resolver
                          : s->old != NULL   ? s->old->gateway.resolver
                                             : "";
    value = sp_args_value(s->args, "--proxy");
    s->answers.proxy = value != NULL ? value : s->old != NULL ? s->old->gateway.proxy : "";
    return SP_OK;
}

/* --- the plan --- */

/* The sandbox's places of methods that are not used would only clutter the file. */
static void
drop_unused_sets(struct sp_setup *s)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->answers.sets.count; i++) {
        bool unused = false;
        for (int type = 0; type < SP_METHOD_TYPES; type++) {
            const char *name = sp_method_type_name((enum sp_method_type)type);
            size_t len = strlen(name);
            unused = unused || (!s->answers.use[type] && strncmp(s->sets[i], name, len) == 0 && s->sets[i][len] == '.');
        }
        if (!unused)
            s->sets[kept++] = s->sets[i];
    }
    s->answers.sets.count = kept;
}

static void
tell_plan(const struct sp_setup *s)
{
    SP_AUTO(sp_str_free) struct sp_str methods = { 0 };
    const struct sp_answers *a = &s->answers;
    for (int type = 0; type < SP_METHOD_TYPES; type++)
        if (a->use[type])
            sp_str_addf(&methods, "%s%s", methods.len > 0 ? ", " : "", sp_method_type_name((enum sp_method_type)type));
    sp_say_heading(&s->asker, "6. The plan");
    sp_say(&s->asker, 2, "From     %s, as %s", a->hostname, a->sender);
    sp_say(&s->asker, 2, "Out      %s%s", sp_str_text(&methods),
           a->signin_waits ? " (those that sign in wait for the Microsoft side)" : "");
    sp_say(&s->asker, 2, "In       %s, to %s%s%s", a->path, a->to, s->share_user[0] != '\0' ? ", shared for " : "",
           s->share_user);
    if (a->listen.count > 0)
        sp_say(&s->asker, 2, "Page     %s%s", a->listen.items[0], a->tls_key[0] != '\0' ? ", by HTTPS" : "");
    for (size_t i = 0; i < s->n_files; i++)
        sp_say(&s->asker, 2, "File     %s", s->files[i].path);
    sp_say(&s->asker, 2, "Changes  %s%s", s->file, s->exists ? " (a copy of it is kept)" : " (new)");
}

static enum sp_rc
ask_everything(struct sp_setup *s, struct sp_err *err)
{
    enum sp_rc rc = sp_setup_ask_tenant(s, err);
    if (rc == SP_OK)
        rc = sp_setup_ask_methods(s, err);
    if (rc == SP_OK) {
        drop_unused_sets(s);
        rc = sp_setup_ask_signin(s, err);
    }
    if (rc == SP_OK)
        rc = sp_setup_ask_way_in(s, err);
    if (rc == SP_OK)
        rc = sp_setup_ask_page(s, err);
    s->start = !sp_args_has(s->args, "--no-start");
    s->test = s->start && !sp_args_has(s->args, "--no-test");
    s->test_to = sp_args_has(s->args, "--test-to") ? sp_args_value(s->args, "--test-to") : s->answers.to;
    return rc;
}

static enum sp_rc
confirm(struct sp_setup *s, bool *ret, struct sp_err *err)
{
    tell_plan(s);
    *ret = true;
    if (s->dry_run || s->asker.unattended || sp_args_has(s->args, "--yes"))
        return SP_OK;
    return sp_ask_yes(&s->asker, "--yes", "Do it", true, ret, err);
}

static int
set_up(struct sp_setup *s)
{
    struct sp_err err = { 0 };
    bool wanted = false;
    s->asker = (struct sp_asker){ .args = s->args, .arena = s->arena };
    s->asker.unattended = sp_args_has(s->args, "--unattended");
    sp_asker_init(&s->asker);
    sp_say(&s->asker, 0,
           "scanpost setup: from here to a scan in the mailbox. Enter takes what stands in brackets; the configuration "
           "is not "
           "touched before you have seen the plan, and Ctrl-C leaves it as it is.");
    if (begin(s, &err) != SP_OK)
        return sp_cli_fail(&err);
    if (ask_everything(s, &err) != SP_OK || confirm(s, &wanted, &err) != SP_OK)
        return err.rc == SP_E_INVALID && s->asker.unattended ? sp_cli_usage("setup: %s", err.text) : sp_cli_fail(&err);
    if (!wanted) {
        sp_say(&s->asker, 0, "Nothing was changed.");
        return SP_EXIT_FAILED;
    }
    sp_say_heading(&s->asker, s->dry_run ? "7. What would be done" : "7. Doing it");
    if (sp_setup_apply(s, &err) != SP_OK)
        return sp_cli_fail(&err);
    return s->dry_run ? SP_EXIT_OK : sp_setup_finish(s);
}

static void
setup_free(struct sp_setup *s)
{
    for (size_t i = 0; i < s->n_files; i++)
        sp_secret_free(&s->files[i].bytes);
    sp_secret_free(&s->admin_password);
    sp_secret_free(&s->share_password);
    sp_str_free(&s->old_text);
    sp_str_free(&s->certificate_base64);
    sp_settings_free(&s->old);
    json_decref(s->box);
    sp_arena_free(&s->arena);
}

static int
run_setup(struct sp_cli *cli, const struct sp_args *args)
{
    struct sp_setup s = { .cli = cli, .args = args, .arena = sp_arena_new(), .admin = "", .share_user = "" };
    if (args->n_words > 0 || s.arena == NULL) {
        setup_free(&s);
        return sp_cli_usage("setup: '%s'? Answers are given by flags: scanpost setup --help", args->words[0]);
    }
    int code = set_up(&s);
    setup_free(&s);
    return code;
}

static const struct sp_option setup_options[] = {
    { "--unattended", NULL, false },
    { "--yes", NULL, false },
    { "--dry-run", NULL, false },
    { "--no-start", NULL, false },
    { "--no-test", NULL, false },
    { "--test-to", "ADDRESS", false },
    { "--sandbox", "DIR", false },
    { "--set", "KEY=VALUE", true },
    { "--scripts", "DIR", false },
    { "--resolver", "IP:PORT", false },
    { "--proxy", "URL", false },
    { "--domain", "DOMAIN", false },
    { "--hostname", "NAME", false },
    { "--sender", "ADDRESS", false },
    { "--onmicrosoft", "DOMAIN", false },
    { "--cloud", "CLOUD", false },
    { "--methods", "LIST", false },
    { "--auth", "KIND", false },
    { "--rbac", NULL, false },
    { "--later", NULL, false },
    { "--tenant-id", "ID", false },
    { "--client-id", "ID", false },
    { "--secret-file", "FILE", false },
    { "--secret-expires", "DATE", false },
    { "--certificate", "FILE", false },
    { "--key", "FILE", false },
    { "--make-certificate", NULL, false },
    { "--password-file", "FILE", false },
    { "--relay-certificate", "FILE", false },
    { "--relay-key", "FILE", false },
    { "--folder", "NAME", false },
    { "--path", "DIR", false },
    { "--route", "NAME", false },
    { "--to", "ADDRESS", false },
    { "--external", "yes|no", false },
    { "--notify", "ADDRESS", false },
    { "--share", "yes|no", false },
    { "--share-user", "NAME", false },
    { "--share-password-file", "FILE", false },
    { "--page", "lan|local|keep", false },
    { "--port", "N", false },
    { "--tls-certificate", "FILE", false },
    { "--tls-key", "FILE", false },
    { "--admin", "NAME", false },
    { "--admin-password-file", "FILE", false },
    { 0 },
};

const struct sp_command sp_setup_commands[] = {
    { "setup", "[OPTION ...]",
      "From a fresh machine to a scan in the mailbox: asks, explains the Microsoft side, configures, proves. Every "
      "question has an option, so that --unattended asks none; --dry-run shows all of it and writes nothing.",
      setup_options, run_setup },
    { 0 },
};
