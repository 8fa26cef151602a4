/* share.c - `scanpost share NAME`: prints the script that makes a Samba share of a drop folder, or runs it. */
#include "gateway/cli/cli.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/secret.h"
#include "base/settings.h"
#include "base/str.h"
#include "base/text.h"
#include "gateway/cli/password.h"
#include "gateway/cli/share_script.h"
#include "gateway/doctor/sight.h"

#define SMB_CONF  "/etc/samba/smb.conf"
#define SMB1_CONF "/etc/samba/scanpost-smb1.conf"

enum { USER_SIZE = 64, PASSWORD_BYTES = 12 };

/* The group of the user that the gateway process runs as; its name when the user is not there yet. */
static const char *
group_of(const char *user)
{
    const struct passwd *account = getpwnam(user);
    const struct group *group = account != NULL ? getgrgid(account->pw_gid) : NULL;
    return group != NULL ? group->gr_name : user;
}

static void
default_user(const char *folder, char user[USER_SIZE])
{
    (void)sp_text_format(user, USER_SIZE, "scan-%s", folder);
    sp_text_lower(user);
}

static const char *
value_or(const struct sp_args *args, const char *name, const char *otherwise)
{
    const char *value = sp_args_value(args, name);
    return value != NULL ? value : otherwise;
}

static enum sp_rc
fill(struct sp_share *share, const struct sp_settings *settings, const struct sp_args *args, char user[USER_SIZE],
     struct sp_err *err)
{
    const struct sp_folder_settings *folder = sp_settings_folder(settings, args->words[0]);
    if (folder == NULL)
        return sp_fail(err, SP_E_NOTFOUND, "the configuration has no folder '%s'", args->words[0]);
    default_user(folder->name, user);
    bool smb1 = sp_args_has(args, "--smb1");
    *share = (struct sp_share){
        .name = folder->name,
        .path = folder->path,
        .user = value_or(args, "--user", user),
        .group = value_or(args, "--group", group_of(settings->gateway.user)),
        .smb_conf = value_or(args, "--smb-conf", smb1 ? SMB1_CONF : SMB_CONF),
        .smb1 = smb1,
        .address = value_or(args, "--address", ""),
        /* The unit has this configuration and no other. */
        .hidden =
            strcmp(settings->file, SP_DEFAULT_FILE) == 0 && sp_sight_has_unit() && sp_sight_needs_file(folder->path),
    };
    return sp_args_has(args, "--service") ? SP_OK : sp_share_check(share, err);
}

/* From standard input when asked, else one of our own making, which is shown once. */
static enum sp_rc
choose_password(const struct sp_args *args, struct sp_secret **ret, struct sp_err *err)
{
    unsigned char random[PASSWORD_BYTES];
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    if (sp_args_has(args, "--password-stdin"))
        return sp_password_from(STDIN_FILENO, ret, err);
    sp_random_bytes(random, sizeof random);
    sp_base64_add(&text, random, sizeof random);
    *ret = sp_secret_new(sp_str_text(&text), text.len);
    (void)printf("password for the copier, shown this once: %s\n", sp_str_text(&text));
    sp_wipe(random, sizeof random);
    return *ret != NULL && fflush(stdout) == 0 ? SP_OK : sp_fail(err, SP_E_IO, "cannot write");
}

/* The password may be NULL: the script asks for none then. */
static int
run_script(const struct sp_str *script, const struct sp_secret *password, struct sp_err *err)
{
    int status = 0;
    if (password != NULL && setenv("SCANPOST_SHARE_PASSWORD", sp_secret_bytes(password), 1) != 0)
        return sp_cli_fail(err);
    FILE *shell =
        popen("/bin/sh -s", "w"); // NOLINT(cert-env33-c): a fixed command; what varies is quoted in the script
    (void)unsetenv("SCANPOST_SHARE_PASSWORD");
    if (shell == NULL || fputs(sp_str_text(script), shell) < 0) {
        (void)sp_fail_errno(err, "cannot run /bin/sh");
        return sp_cli_fail(err);
    }
    status = pclose(shell);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? SP_EXIT_OK : SP_EXIT_FAILED;
}

static int
install(const struct sp_str *script, const struct sp_args *args)
{
    struct sp_err err = { 0 };
    struct sp_secret *password = NULL;
    if (geteuid() != 0) {
        (void)sp_fail(&err, SP_E_DENIED, "--install needs root; without it the commands are only printed");
        return sp_cli_fail(&err);
    }
    if (!sp_args_has(args, "--service") && choose_password(args, &password, &err) != SP_OK)
        return sp_cli_fail(&err);
    int code = script->failed ? SP_EXIT_FAILED : run_script(script, password, &err);
    sp_secret_free(&password);
    return code;
}

static int
run_share(struct sp_cli *cli, const struct sp_args *args)
{
    char user[USER_SIZE];
    struct sp_share share;
    struct sp_err err = { 0 };
    SP_AUTO(sp_settings_free) struct sp_settings *settings = NULL;
    SP_AUTO(sp_str_free) struct sp_str script = { 0 };
    if (args->n_words != 1)
        return sp_cli_usage("share: say which folder");
    if (sp_settings_load(cli->config != NULL ? cli->config : SP_DEFAULT_FILE, &settings, &err) != SP_OK ||
        fill(&share, settings, args, user, &err) != SP_OK)
        return sp_cli_fail(&err);
    bool service = sp_args_has(args, "--service");
    if ((service ? sp_share_service_script : sp_share_script)(&script, &share, &err) != SP_OK)
        return sp_cli_fail(&err);
    if (service && script.len == 0)
        sp_str_addf(&script, ": %s needs nothing: the service sees the folder, or is not installed\n", share.name);
    return sp_args_has(args, "--install") ? install(&script, args) : sp_cli_print(&script);
}

static const struct sp_option share_options[] = {
    { "--install", NULL, false },        { "--user", "NAME", false },     { "--group", "NAME", false },
    { "--password-stdin", NULL, false }, { "--smb-conf", "FILE", false }, { "--smb1", NULL, false },
    { "--address", "ADDRESS", false },   { "--service", NULL, false },    { 0 },
};

const struct sp_command sp_share_commands[] = {
    { "share",
      "NAME [--install] [--user NAME] [--group NAME] [--password-stdin] [--smb-conf FILE] [--smb1 --address ADDRESS] "
      "[--service]",
      "Prints the script that makes a Samba share of a drop folder, for a copier; runs it with --install.",
      share_options, run_share },
    { 0 },
};
