/* cli.h - scanpost, the admin's command line: a table of commands, a file for each group of them. */
#ifndef SP_GATEWAY_CLI_CLI_H
#define SP_GATEWAY_CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include "base/err.h"
#include "gateway/cli/args.h"

struct sp_client;
struct sp_str;

enum { SP_EXIT_OK = 0, SP_EXIT_FAILED = 1, SP_EXIT_USAGE = 2 };

struct sp_cli {
    const char *config; /* a full name; NULL: the usual file, if there is one */
    char config_path[4096];
    bool json;
    struct sp_client *client; /* made by the first request */
};

struct sp_command {
    const char *name;
    const char *usage;   /* what follows the name */
    const char *summary; /* one line of the help; NULL: not listed */
    const struct sp_option *options;
    int (*run)(struct sp_cli *cli, const struct sp_args *args); /* returns an exit code */
};
/* Each ends with a row whose name is NULL. */
extern const struct sp_command sp_audit_commands[], sp_backup_commands[], sp_doctor_commands[], sp_check_commands[],
    sp_setup_commands[];
extern const struct sp_command sp_send_commands[], sp_job_commands[], sp_source_commands[], sp_identity_commands[],
    sp_people_commands[], sp_share_commands[], sp_explain_commands[];

int sp_cli_main(int argc, char **argv);

/* --- for the commands --- */

/* One request; a body is released. On failure the reason is on stderr already. *ret may be NULL when nothing came. */
enum sp_rc sp_cli_call(struct sp_cli *cli, const char *method, const char *path, json_t *body, json_t **ret);
/* The same, without a word on failure. */
enum sp_rc sp_cli_try(struct sp_cli *cli, const char *method, const char *path, json_t **ret, struct sp_err *err);
enum sp_rc sp_cli_client(struct sp_cli *cli, struct sp_client **ret, struct sp_err *err);
/* Say why on stderr; return SP_EXIT_FAILED, SP_EXIT_USAGE. */
int sp_cli_fail(const struct sp_err *err);
int sp_cli_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Write to stdout; SP_EXIT_FAILED when it is closed or memory was out. */
int sp_cli_print(const struct sp_str *text);
int sp_cli_print_json(const json_t *json);

#endif
