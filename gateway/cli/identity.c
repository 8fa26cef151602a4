/* identity.c - who may come in: people by password, devices by token. */
#include "gateway/cli/cli.h"

#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/secret.h"
#include "base/str.h"
#include "gateway/cli/password.h"
#include "gateway/cli/print.h"

enum { WORD_AND_NAME = 2 };

/* "/api/v1/users/NAME" and what follows */
static void
name_path(struct sp_str *path, const char *kind, const char *name, const char *rest)
{
    sp_str_addf(path, "/api/v1/%s/", kind);
    sp_put_escaped(path, name);
    sp_str_add(path, rest);
}

/* The daemon's answer in JSON, or our sentence about NAME. */
static int
tell(const struct sp_cli *cli, json_t *answer, const char *before, const char *name, const char *after)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    sp_str_add(&out, before);
    sp_put_clean(&out, name);
    sp_str_add(&out, after);
    int code = cli->json ? sp_cli_print_json(answer) : sp_cli_print(&out);
    json_decref(answer);
    return code;
}

/* {"password": ...}, or NULL when the reason is on stderr. */
static json_t *
password_body(const struct sp_args *args)
{
    SP_AUTO(sp_secret_free) struct sp_secret *password = NULL;
    struct sp_err err = { 0 };
    enum sp_rc rc = sp_args_has(args, "--password-stdin") ? sp_password_from(STDIN_FILENO, &password, &err)
                                                          : sp_password_ask(&password, &err);
    json_t *body = NULL;
    if (rc == SP_OK) {
        body = json_pack("{s:s%}", "password", sp_secret_bytes(password), sp_secret_size(password));
        if (body == NULL)
            (void)sp_fail(&err, SP_E_INVALID, "the password is not UTF-8 text");
    }
    if (body == NULL)
        (void)sp_cli_fail(&err);
    return body;
}

static int
user_add(struct sp_cli *cli, const struct sp_args *args, const char *name)
{
    const char *role = sp_args_value(args, "--role");
    json_t *answer = NULL, *body = password_body(args);
    if (body == NULL)
        return SP_EXIT_FAILED;
    json_object_set_new(body, "name", json_string(name));
    json_object_set_new(body, "role", json_string(role == NULL ? "viewer" : role));
    if (sp_cli_call(cli, "POST", "/api/v1/users", body, &answer) != SP_OK)
        return SP_EXIT_FAILED;
    return tell(cli, answer, "User ", name, " may sign in.\n");
}

static int
user_passwd(struct sp_cli *cli, const struct sp_args *args, const char *name)
{
    SP_AUTO(sp_str_free) struct sp_str path = { 0 };
    json_t *answer = NULL, *body = password_body(args);
    name_path(&path, "users", name, "/password");
    if (body == NULL || sp_cli_call(cli, "PUT", sp_str_text(&path), body, &answer) != SP_OK)
        return SP_EXIT_FAILED;
    return tell(cli, answer, "The password of ", name, " is changed.\n");
}

static int
delete_name(struct sp_cli *cli, const char *kind, const char *name, const char *before, const char *after)
{
    SP_AUTO(sp_str_free) struct sp_str path = { 0 };
    json_t *answer = NULL;
    name_path(&path, kind, name, "");
    if (sp_cli_call(cli, "DELETE", sp_str_text(&path), NULL, &answer) != SP_OK)
        return SP_EXIT_FAILED;
    return tell(cli, answer, before, name, after);
}

static int
user_remove(struct sp_cli *cli, const struct sp_args *args, const char *name)
{
    (void)args;
    return delete_name(cli, "users", name, "User ", " is removed.\n");
}

static void
add_time_cell(struct sp_table *table, const json_t *object, const char *key)
{
    SP_AUTO(sp_str_free) struct sp_str time = { 0 };
    sp_put_time(&time, sp_member_text(object, key));
    sp_table_cell(table, sp_str_text(&time));
}

static void
show_users(struct sp_str *out, const json_t *users)
{
    static const char *const titles[] = { "NAME", "ROLE", "CREATED" };
    SP_AUTO(sp_table_free) struct sp_table table = { 0 };
    size_t i = 0;
    const json_t *user = NULL;
    sp_table_head(&table, titles, SP_LEN(titles));
    json_array_foreach (users, i, user) {
        sp_table_cell(&table, sp_member_text(user, "name"));
        sp_table_cell(&table, sp_member_text(user, "role"));
        add_time_cell(&table, user, "created");
    }
    sp_table_put(out, &table, 0);
}

static void
add_patterns_cell(struct sp_table *table, const json_t *patterns)
{
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    size_t i = 0;
    const json_t *pattern = NULL;
    json_array_foreach (patterns, i, pattern)
        sp_str_addf(&text, "%s%s", i == 0 ? "" : ", ", json_is_string(pattern) ? json_string_value(pattern) : "");
    sp_table_cell(table, sp_str_text(&text));
}

static void
show_tokens(struct sp_str *out, const json_t *tokens)
{
    static const char *const titles[] = { "NAME", "ROUTE", "CREATED", "LAST USED", "REVOKED", "TO" };
    SP_AUTO(sp_table_free) struct sp_table table = { 0 };
    size_t i = 0;
    const json_t *token = NULL;
    sp_table_head(&table, titles, SP_LEN(titles));
    json_array_foreach (tokens, i, token) {
        sp_table_cell(&table, sp_member_text(token, "name"));
        sp_table_cell(&table, sp_member_text(token, "route"));
        add_time_cell(&table, token, "created");
        add_time_cell(&table, token, "last_used");
        add_time_cell(&table, token, "revoked");
        add_patterns_cell(&table, json_object_get(token, "to"));
    }
    sp_table_put(out, &table, 0);
}

static int
list_all(struct sp_cli *cli, const char *kind, void (*show)(struct sp_str *, const json_t *))
{
    SP_AUTO(sp_str_free) struct sp_str path = { 0 }, out = { 0 };
    json_t *answer = NULL;
    sp_str_addf(&path, "/api/v1/%s", kind);
    if (sp_cli_call(cli, "GET", sp_str_text(&path), NULL, &answer) != SP_OK)
        return SP_EXIT_FAILED;
    if (json_array_size(json_object_get(answer, kind)) == 0)
        sp_str_addf(&out, "There are no %s yet.\n", kind);
    else
        show(&out, json_object_get(answer, kind));
    int code = cli->json ? sp_cli_print_json(answer) : sp_cli_print(&out);
    json_decref(answer);
    return code;
}

static json_t *
token_body(const struct sp_args *args, const char *name)
{
    const char *route = sp_args_value(args, "--route"), *pattern = NULL;
    json_t *to = json_array();
    for (size_t i = 0; (pattern = sp_args_value_at(args, "--to", i)) != NULL; i++)
        json_array_append_new(to, json_string(pattern));
    json_t *body = json_pack("{s:s, s:o}", "name", name, "to", to);
    if (body != NULL && route != NULL)
        json_object_set_new(body, "route", json_string(route));
    return body;
}

static int
token_add(struct sp_cli *cli, const struct sp_args *args, const char *name)
{
    SP_AUTO(sp_str_free) struct sp_str after = { 0 };
    json_t *answer = NULL, *body = token_body(args, name);
    if (body == NULL)
        return sp_cli_usage("token: name and patterns must be UTF-8 text");
    if (sp_cli_call(cli, "POST", "/api/v1/tokens", body, &answer) != SP_OK)
        return SP_EXIT_FAILED;
    sp_str_add(&after, ", shown this once:\n");
    sp_put_clean(&after, sp_member_text(answer, "token"));
    sp_str_add_char(&after, '\n');
    return tell(cli, answer, "The token of ", name, sp_str_text(&after));
}

static int
token_revoke(struct sp_cli *cli, const struct sp_args *args, const char *name)
{
    (void)args;
    return delete_name(cli, "tokens", name, "Token ", " is revoked.\n");
}

struct action {
    const char *word;
    int (*run)(struct sp_cli *cli, const struct sp_args *args, const char *name);
};

/* "user add NAME": the word after the command says which action it is. */
static int
dispatch(struct sp_cli *cli, const struct sp_args *args, const char *command, const struct action *actions)
{
    for (const struct action *a = actions; args->n_words > 0 && a->word != NULL; a++) {
        if (strcmp(a->word, args->words[0]) != 0)
            continue;
        if (args->n_words != WORD_AND_NAME)
            return sp_cli_usage("%s %s: name one: scanpost %s %s NAME", command, a->word, command, a->word);
        return a->run(cli, args, args->words[1]);
    }
    if (args->n_words == 0)
        return sp_cli_usage("%s: say what to do: add, list ...", command);
    return sp_cli_usage("%s: '%s'? See 'scanpost %s --help'", command, args->words[0], command);
}

static bool
is_list(const struct sp_args *args)
{
    return args->n_words == 1 && strcmp(args->words[0], "list") == 0;
}

/* "user link": where the first user is made from a browser. */
static int
user_link(struct sp_cli *cli)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    json_t *answer = NULL;
    if (sp_cli_call(cli, "POST", "/api/v1/first-user/link", NULL, &answer) != SP_OK)
        return SP_EXIT_FAILED;
    sp_put_clean(&out, sp_member_text(answer, "link"));
    sp_str_add(&out, "\nIt works once, until ");
    sp_put_time(&out, sp_member_text(answer, "expires"));
    sp_str_add(&out, ".\n");
    int code = cli->json ? sp_cli_print_json(answer) : sp_cli_print(&out);
    json_decref(answer);
    return code;
}

static int
run_user(struct sp_cli *cli, const struct sp_args *args)
{
    static const struct action actions[] = {
        { "add", user_add }, { "passwd", user_passwd }, { "remove", user_remove }, { 0 }
    };
    if (args->n_words == 1 && strcmp(args->words[0], "link") == 0)
        return user_link(cli);
    return is_list(args) ? list_all(cli, "users", show_users) : dispatch(cli, args, "user", actions);
}

static int
run_token(struct sp_cli *cli, const struct sp_args *args)
{
    static const struct action actions[] = { { "add", token_add }, { "revoke", token_revoke }, { 0 } };
    return is_list(args) ? list_all(cli, "tokens", show_tokens) : dispatch(cli, args, "token", actions);
}

static const struct sp_option user_options[] = { { "--role", "ROLE", false },
                                                 { "--password-stdin", NULL, false },
                                                 { 0 } };
static const struct sp_option token_options[] = { { "--route", "ROUTE", false }, { "--to", "PATTERN", true }, { 0 } };

const struct sp_command sp_identity_commands[] = {
    { "user", "add|passwd|remove NAME | list | link [--role viewer|operator|admin] [--password-stdin]",
      "Who may sign in. The password is asked for, or read from standard input. link: where a browser makes the first "
      "one.",
      user_options, run_user },
    { "token", "add|revoke NAME | list [--route ROUTE] [--to PATTERN]...",
      "What a device signs in with. PATTERN: an address, *@domain, or *.", token_options, run_token },
    { 0 },
};
