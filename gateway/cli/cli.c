/* cli.c - finds the command, reads its options, and what all commands need. */
#include "gateway/cli/cli.h"

#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/settings.h"
#include "base/str.h"
#include "base/text.h"
#include "gateway/client/client.h"
#include "gateway/setup/wrap.h"

#define GLOBAL_OPTIONS                                                                                                 \
    { "-c", "FILE", false }, { "--config", "FILE", false }, { "--json", NULL, true }, { "--help", NULL, true },        \
        { "-h", NULL, true },                                                                                          \
    {                                                                                                                  \
        "--version", NULL, true                                                                                        \
    }

static const struct sp_option global_options[] = { GLOBAL_OPTIONS, { 0 } };
enum { OPTIONS_MAX = 64, HELP_WIDTH = 110 };

static const struct sp_command *const groups[] = {
    sp_setup_commands,  sp_send_commands,     sp_check_commands,  sp_job_commands,
    sp_source_commands, sp_identity_commands, sp_people_commands, sp_share_commands,
    sp_audit_commands,  sp_backup_commands,   sp_doctor_commands, sp_explain_commands,
};

/* --- help --- */

static void
print_summary(const struct sp_command *command, int indent)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    sp_wrap(&out, command->summary, indent, HELP_WIDTH);
    (void)fputs(sp_str_text(&out), stdout);
}

static void
print_help(void)
{
    puts("Usage: scanpost [-c FILE] [--json] COMMAND\n\n"
         "Talks to scanpostd on this machine: what was scanned, where it went, and why not.\n\nCommands:");
    for (size_t g = 0; g < SP_LEN(groups); g++)
        for (const struct sp_command *c = groups[g]; c->name != NULL; c++)
            if (c->summary != NULL) {
                printf("  %s%s%s\n", c->name, c->usage[0] == '\0' ? "" : " ", c->usage);
                print_summary(c, 6);
            }
    puts("\nOptions:\n"
         "  -c FILE     the daemon's configuration, which says where its socket is (" SP_DEFAULT_FILE ")\n"
         "  --json      answer in JSON\n"
         "  --version   print the version\n"
         "  --help      print this, or the use of one command\n\n"
         "Exit status: 0 fine, 1 failed, 2 wrong use. See scanpost(1).");
}

static int
print_command_help(const struct sp_command *command)
{
    printf("Usage: scanpost [-c FILE] [--json] %s%s%s\n\n", command->name, command->usage[0] == '\0' ? "" : " ",
           command->usage);
    print_summary(command, 0);
    for (const struct sp_option *o = command->options; o != NULL && o->name != NULL; o++)
        printf("%s  %s%s%s%s\n", o == command->options ? "\nOptions:\n" : "", o->name, o->value == NULL ? "" : " ",
               o->value == NULL ? "" : o->value, o->many ? " (may be given several times)" : "");
    return SP_EXIT_OK;
}

/* --- what commands need --- */

int
sp_cli_fail(const struct sp_err *err)
{
    fprintf(stderr, "scanpost: %s\n", err->text);
    return SP_EXIT_FAILED;
}

int
sp_cli_usage(const char *format, ...)
{
    SP_AUTO(sp_str_free) struct sp_str words = { 0 };
    va_list args;
    va_start(args, format);
    sp_str_vaddf(&words, format, args);
    va_end(args);
    fprintf(stderr, "scanpost: %s\nTry 'scanpost --help'.\n", sp_str_text(&words));
    return SP_EXIT_USAGE;
}

/* Without -c there need be no configuration: it may be readable by root alone. */
static enum sp_rc
find_run_dir(const struct sp_cli *cli, char **ret, struct sp_err *err)
{
    const char *file = cli->config == NULL ? SP_DEFAULT_FILE : cli->config;
    if (cli->config == NULL && access(file, R_OK) < 0) {
        *ret = strdup(SP_DEFAULT_RUN_DIR);
        return *ret == NULL ? sp_fail(err, SP_E_NOMEM, "out of memory") : SP_OK;
    }
    return sp_settings_run_dir(file, ret, err);
}

enum sp_rc
sp_cli_client(struct sp_cli *cli, struct sp_client **ret, struct sp_err *err)
{
    SP_AUTO_FREE char *run_dir = NULL;
    enum sp_rc rc = SP_OK;
    if (cli->client == NULL) {
        rc = find_run_dir(cli, &run_dir, err);
        if (rc == SP_OK)
            rc = sp_client_new(run_dir, &cli->client, err);
    }
    if (rc == SP_OK)
        *ret = cli->client;
    return rc;
}

enum sp_rc
sp_cli_try(struct sp_cli *cli, const char *method, const char *path, json_t **ret, struct sp_err *err)
{
    struct sp_client *client = NULL;
    enum sp_rc rc = sp_cli_client(cli, &client, err);
    return rc != SP_OK ? rc : sp_client_call(client, method, path, NULL, ret, err);
}

enum sp_rc
sp_cli_call(struct sp_cli *cli, const char *method, const char *path, json_t *body, json_t **ret)
{
    struct sp_client *client = NULL;
    struct sp_err err = { 0 };
    enum sp_rc rc = sp_cli_client(cli, &client, &err);
    if (rc == SP_OK)
        rc = sp_client_call(client, method, path, body, ret, &err);
    json_decref(body);
    if (rc != SP_OK)
        (void)sp_cli_fail(&err);
    return rc;
}

static int
flushed(bool well)
{
    if (well && fflush(stdout) == 0)
        return SP_EXIT_OK;
    fprintf(stderr, "scanpost: cannot write: %s\n", strerror(errno));
    return SP_EXIT_FAILED;
}

int
sp_cli_print(const struct sp_str *text)
{
    if (text->failed) {
        fputs("scanpost: out of memory\n", stderr);
        return SP_EXIT_FAILED;
    }
    return flushed(fputs(sp_str_text(text), stdout) >= 0);
}

/* JSON escapes the old control characters; a terminal is spared the newer ones (C1) as well. */
int
sp_cli_print_json(const json_t *json)
{
    size_t flags = JSON_INDENT(2) | JSON_ENCODE_ANY | (isatty(STDOUT_FILENO) ? JSON_ENSURE_ASCII : 0);
    if (json == NULL)
        return flushed(puts("{}") >= 0);
    return flushed(json_dumpf(json, stdout, flags) == 0 && putchar('\n') != EOF);
}

/* --- main --- */

static const struct sp_command *
find_command(const char *name)
{
    for (size_t g = 0; g < SP_LEN(groups); g++)
        for (const struct sp_command *c = groups[g]; c->name != NULL; c++)
            if (strcmp(c->name, name) == 0)
                return c;
    return NULL;
}

/* In full: a backup writes it down, and programs that we start may stand elsewhere. */
static void
set_config(struct sp_cli *cli, const char *file)
{
    SP_AUTO_FREE char *here = file[0] == '/' ? NULL : getcwd(NULL, 0);
    bool fits = here != NULL && sp_text_format(cli->config_path, sizeof cli->config_path, "%s/%s", here, file);
    cli->config = fits ? cli->config_path : file;
}

static void
take_globals(struct sp_cli *cli, const struct sp_args *args)
{
    if (sp_args_has(args, "-c"))
        set_config(cli, sp_args_value(args, "-c"));
    if (sp_args_has(args, "--config"))
        set_config(cli, sp_args_value(args, "--config"));
    cli->json = cli->json || sp_args_has(args, "--json");
}

static bool
wants_help(const struct sp_args *args)
{
    return sp_args_has(args, "--help") || sp_args_has(args, "-h");
}

/* The command's own options, and the global ones behind it as well. */
static int
run_command(struct sp_cli *cli, const struct sp_command *command, int argc, char **argv)
{
    struct sp_option options[OPTIONS_MAX] = { GLOBAL_OPTIONS };
    size_t count = SP_LEN(global_options) - 1;
    for (const struct sp_option *o = command->options; o != NULL && o->name != NULL && count + 1 < OPTIONS_MAX; o++)
        options[count++] = *o;
    SP_AUTO(sp_args_free) struct sp_args args = { 0 };
    struct sp_err err = { 0 };
    int used = 0;
    enum sp_rc rc = sp_args_parse(&args, options, argc, argv, false, &used, &err);
    if (rc != SP_OK)
        return sp_cli_usage("%s: %s", command->name, err.text);
    take_globals(cli, &args);
    return wants_help(&args) ? print_command_help(command) : command->run(cli, &args);
}

static int
run(struct sp_cli *cli, int argc, char **argv)
{
    SP_AUTO(sp_args_free) struct sp_args args = { 0 };
    struct sp_err err = { 0 };
    int used = 0;
    if (sp_args_parse(&args, global_options, argc, argv, true, &used, &err) != SP_OK)
        return sp_cli_usage("%s", err.text);
    take_globals(cli, &args);
    if (wants_help(&args)) {
        print_help();
        return SP_EXIT_OK;
    }
    if (sp_args_has(&args, "--version")) {
        puts("scanpost " SP_VERSION);
        return SP_EXIT_OK;
    }
    if (used == argc)
        return sp_cli_usage("say what to do: send, jobs, show, methods ...");
    const struct sp_command *command = find_command(argv[used]);
    if (command == NULL)
        return sp_cli_usage("there is no command '%s'", argv[used]);
    return run_command(cli, command, argc - used - 1, argv + used + 1);
}

int
sp_cli_main(int argc, char **argv)
{
    struct sp_cli cli = { 0 };
    setlocale(LC_TIME, "");
    int code = run(&cli, argc - 1, argv + 1);
    sp_client_free(&cli.client);
    return code;
}
