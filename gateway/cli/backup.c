/* backup.c - `scanpost backup FILE` and `scanpost restore FILE`. Neither asks the daemon: the one works beside it, the
 * other only without it. */
#include "gateway/cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/settings.h"
#include "base/str.h"
#include "gateway/backup/backup.h"
#include "gateway/backup/restore.h"
#include "gateway/cli/print.h"

static const char *
config_of(const struct sp_cli *cli)
{
    return cli->config != NULL ? cli->config : SP_DEFAULT_FILE;
}

static int
tell_backup(const struct sp_cli *cli, const char *file, const struct sp_backup_counts *counts)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    if (cli->json) {
        json_t *json = json_pack("{s:s, s:I, s:I, s:I, s:I}", "file", file, "scans", (json_int_t)counts->scans,
                                 "documents", (json_int_t)counts->documents, "config_files",
                                 (json_int_t)counts->config_files, "bytes", (json_int_t)counts->bytes);
        int code = sp_cli_print_json(json);
        json_decref(json);
        return code;
    }
    sp_str_addf(&out, "%s: %zu scan%s with %zu document%s, the history, %zu file%s of the configuration; ", file,
                counts->scans, counts->scans == 1 ? "" : "s", counts->documents, counts->documents == 1 ? "" : "s",
                counts->config_files, counts->config_files == 1 ? "" : "s");
    sp_put_size(&out, (int64_t)counts->bytes);
    sp_str_add_char(&out, '\n');
    return sp_cli_print(&out);
}

static int
run_backup(struct sp_cli *cli, const struct sp_args *args)
{
    SP_AUTO(sp_settings_free) struct sp_settings *settings = NULL;
    struct sp_backup_counts counts;
    struct sp_err err = { 0 };
    if (args->n_words != 1)
        return sp_cli_usage("backup: say where to: scanpost backup FILE");
    if (sp_settings_load(config_of(cli), &settings, &err) != SP_OK)
        return sp_cli_fail(&err);
    const struct sp_backup_options options = { .settings = settings,
                                               .file = args->words[0],
                                               .with_secrets = sp_args_has(args, "--with-secrets"),
                                               .replace = sp_args_has(args, "--force"),
                                               .wall_ms = sp_wall_ms(&sp_clock_system) };
    if (sp_backup(&options, &counts, &err) != SP_OK)
        return sp_cli_fail(&err);
    return tell_backup(cli, args->words[0], &counts);
}

static int
tell_restore(const struct sp_cli *cli, const struct sp_restore_options *options, const struct sp_manifest *manifest,
             const struct sp_restore_counts *counts)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    if (cli->json) {
        json_t *json =
            json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "state_dir", options->state_dir, "created",
                      manifest->created, "scans", (json_int_t)counts->scans, "held", (json_int_t)counts->held,
                      "config_written", (json_int_t)counts->config_written, "config_kept",
                      (json_int_t)counts->config_kept, "config_elsewhere", (json_int_t)counts->config_elsewhere);
        int code = sp_cli_print_json(json);
        json_decref(json);
        return code;
    }
    sp_str_addf(&out, "%s is as it was at %s on %s: %zu scans with documents, and the history.\n", options->state_dir,
                manifest->created, manifest->hostname, counts->scans);
    if (counts->held > 0)
        sp_str_addf(&out,
                    "%zu %s waited then and may have been sent since, and %s held: look with\n"
                    "'scanpost jobs --state held', then 'scanpost retry ID' or 'scanpost cancel ID'.\n",
                    counts->held, counts->held == 1 ? "job" : "jobs", counts->held == 1 ? "is" : "are");
    if (counts->config_written > 0)
        sp_str_addf(&out, "%zu files of the configuration are written.\n", counts->config_written);
    if (counts->config_kept > 0)
        sp_str_addf(&out, "%zu files of the configuration were there and stay; --config-files replaces them.\n",
                    counts->config_kept);
    if (counts->config_elsewhere > 0)
        sp_str_addf(&out,
                    "%zu files of the configuration belong in other folders and are not written: see tar tf FILE;\n"
                    "--config-files writes them, from a backup that nobody else could change.\n",
                    counts->config_elsewhere);
    if (!manifest->secrets)
        sp_str_add(&out,
                   "The backup holds no secrets: passwords, client secrets and keys have to be put back by hand.\n");
    sp_str_add(&out, "Start scanpostd when all is well: 'scanpost doctor' looks.\n");
    return sp_cli_print(&out);
}

/* The folder of the configuration file, as the archive writes it; NULL: out of memory, or there is no such folder. */
static char *
config_dir(const struct sp_cli *cli)
{
    SP_AUTO_FREE char *dir = strdup(config_of(cli));
    char *slash = dir == NULL ? NULL : strrchr(dir, '/');
    if (slash != NULL)
        *slash = '\0';
    if (slash != NULL && dir[0] == '/')
        return SP_STEAL(dir);
    return realpath(slash != NULL ? dir : ".", NULL);
}

static int
run_restore(struct sp_cli *cli, const struct sp_args *args)
{
    SP_AUTO(sp_settings_free) struct sp_settings *settings = NULL;
    struct sp_manifest manifest;
    struct sp_restore_counts counts;
    struct sp_err err = { 0 };
    if (args->n_words != 1)
        return sp_cli_usage("restore: say from where: scanpost restore FILE");
    if (sp_backup_verify(args->words[0], &manifest, &err) != SP_OK)
        return sp_cli_fail(&err);
    const char *wanted = sp_args_value(args, "--state-dir");
    bool known = sp_settings_load(config_of(cli), &settings, &err) == SP_OK;
    if (!known && wanted == NULL && access(config_of(cli), F_OK) == 0) {
        (void)sp_err_prefix(&err, "where to is not known (--state-dir says it)");
        return sp_cli_fail(&err);
    }
    SP_AUTO_FREE char *dir = config_dir(cli);
    const struct sp_restore_options options = {
        .file = args->words[0],
        .config_dir = dir != NULL ? dir : "",
        .state_dir = wanted != NULL ? wanted
                     : known        ? settings->gateway.state_dir
                                    : manifest.state_dir,
        .user = known ? settings->gateway.user : manifest.user,
        .replace = sp_args_has(args, "--force"),
        .resume = sp_args_has(args, "--resume"),
        .config = sp_args_has(args, "--config-files"),
        .wall_ms = sp_wall_ms(&sp_clock_system),
    };
    if (options.state_dir[0] != '/')
        return sp_cli_usage("restore: --state-dir must be a full path");
    if (sp_restore(&options, &manifest, &counts, &err) != SP_OK)
        return sp_cli_fail(&err);
    return tell_restore(cli, &options, &manifest, &counts);
}

static const struct sp_option backup_options[] = { { "--with-secrets", NULL, false },
                                                   { "--force", NULL, false },
                                                   { 0 } };
static const struct sp_option restore_options[] = { { "--force", NULL, false },
                                                    { "--resume", NULL, false },
                                                    { "--config-files", NULL, false },
                                                    { "--state-dir", "DIR", false },
                                                    { 0 } };

const struct sp_command sp_backup_commands[] = {
    { "backup", "FILE [--with-secrets] [--force]",
      "Everything into one tar file while the daemon works: jobs, documents, history, configuration.", backup_options,
      run_backup },
    { "restore", "FILE [--force] [--resume] [--config-files] [--state-dir DIR]",
      "Puts a backup back; the daemon must be stopped. Jobs that waited come up held: they may have been sent since.",
      restore_options, run_restore },
    { 0 },
};
