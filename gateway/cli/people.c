/* people.c - the people file: what the daemon has read, checking it, making it from an export, and sub-folders for
 * everybody in it. Checking and making look at files themselves and need no daemon. */
#include "gateway/people/people.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/settings.h"
#include "base/str.h"
#include "base/text.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/print.h"
#include "gateway/people/import.h"

/* ---- list ---- */

static void
add_aliases_cell(struct sp_table *table, const json_t *person)
{
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    size_t i = 0;
    const json_t *alias = NULL;
    json_array_foreach (json_object_get(person, "aliases"), i, alias)
        sp_str_addf(&text, "%s%s", i > 0 ? ", " : "", json_string_value(alias));
    sp_table_cell(table, sp_str_text(&text));
}

static void
show_people(struct sp_str *out, const json_t *answer)
{
    static const char *const titles[] = { "NAME", "ADDRESS", "ALIASES" };
    SP_AUTO(sp_table_free) struct sp_table table = { 0 };
    size_t i = 0;
    const json_t *one = NULL;
    const json_t *people = json_object_get(answer, "people");
    if (json_array_size(people) == 0)
        sp_str_add(out, "Nobody is known. people { file = FILE } in the configuration names the file.\n");
    else
        sp_table_head(&table, titles, SP_LEN(titles));
    json_array_foreach (people, i, one) {
        sp_table_cell(&table, sp_member_text(one, "name"));
        sp_table_cell(&table, sp_member_text(one, "address"));
        add_aliases_cell(&table, one);
    }
    if (json_array_size(people) > 0)
        sp_table_put(out, &table, 0);
    json_array_foreach (json_object_get(answer, "problems"), i, one) {
        sp_put_clean(out, sp_member_text(answer, "file"));
        sp_str_add(out, ": ");
        sp_put_clean(out, json_string_value(one));
        sp_str_add_char(out, '\n');
    }
}

static int
people_list(struct sp_cli *cli)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    json_t *answer = NULL;
    if (sp_cli_call(cli, "GET", "/api/v1/people", NULL, &answer) != SP_OK)
        return SP_EXIT_FAILED;
    show_people(&out, answer);
    int code = cli->json ? sp_cli_print_json(answer) : sp_cli_print(&out);
    json_decref(answer);
    return code;
}

/* ---- the file ---- */

static enum sp_rc
load_settings(const struct sp_cli *cli, struct sp_settings **ret, struct sp_err *err)
{
    return sp_settings_load(cli->config == NULL ? SP_DEFAULT_FILE : cli->config, ret, err);
}

static enum sp_rc
need_file(const struct sp_settings *settings, struct sp_err *err)
{
    if (settings->people_file[0] != '\0')
        return SP_OK;
    return sp_fail(err, SP_E_INVALID,
                   "%s does not say where the people are: people { file = /etc/scanpost/people.csv }", settings->file);
}

/* All that is wrong, a line each, on stderr. Returns whether nothing is. */
static bool
tell_problems(const char *file, const struct sp_people *people)
{
    const char *const *problems = NULL;
    size_t kept = 0, all = sp_people_problems(people, &problems, &kept);
    for (size_t i = 0; i < kept; i++) {
        SP_AUTO(sp_str_free) struct sp_str line = { 0 };
        sp_put_clean(&line, problems[i]);
        fprintf(stderr, "%s: %s\n", file, sp_str_text(&line));
    }
    if (all > kept)
        fprintf(stderr, "%s: and %zu more\n", file, all - kept);
    return all == 0;
}

static int
tell_count(const struct sp_cli *cli, const char *file, size_t people, size_t skipped)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    if (cli->json) {
        json_t *answer =
            json_pack("{s:s, s:I, s:I}", "file", file, "people", (json_int_t)people, "skipped", (json_int_t)skipped);
        int code = sp_cli_print_json(answer);
        json_decref(answer);
        return code;
    }
    sp_str_addf(&out, "%s: %zu people", file, people);
    if (skipped > 0)
        sp_str_addf(&out, "; %zu without an address were left out", skipped);
    sp_str_add(&out, "\n");
    return sp_cli_print(&out);
}

static int
people_check(const struct sp_cli *cli, const char *file)
{
    SP_AUTO(sp_settings_free) struct sp_settings *settings = NULL;
    SP_AUTO(sp_people_free) struct sp_people *people = NULL;
    struct sp_err err = { 0 };
    enum sp_rc rc = SP_OK;
    if (file == NULL) {
        rc = load_settings(cli, &settings, &err);
        if (rc == SP_OK)
            rc = need_file(settings, &err);
        file = rc == SP_OK ? settings->people_file : "";
    }
    if (rc == SP_OK)
        rc = sp_people_load(file, &people, &err);
    if (rc != SP_OK)
        return sp_cli_fail(&err);
    bool fine = tell_problems(file, people);
    int code = tell_count(cli, file, sp_people_count(people), 0);
    return fine ? code : SP_EXIT_FAILED;
}

/* ---- import ---- */

/* The old file stays beside the new one: it may hold lines that somebody wrote by hand. */
static enum sp_rc
replace_file(const char *file, const struct sp_str *text, struct sp_err *err)
{
    struct stat old;
    mode_t mode = 0644; /* scanpost reads it as its own user */
    SP_AUTO(sp_str_free) struct sp_str kept = { 0 }, aside = { 0 };
    if (stat(file, &old) == 0) {
        mode = old.st_mode & 0777;
        sp_str_addf(&aside, "%s.old", file);
        enum sp_rc rc = sp_io_read_file(AT_FDCWD, file, SP_PEOPLE_FILE_MAX, &kept, err);
        if (rc == SP_OK)
            rc = sp_io_put_file(AT_FDCWD, sp_str_text(&aside), sp_str_text(&kept), kept.len, mode, err);
        if (rc != SP_OK)
            return rc;
    }
    enum sp_rc rc = sp_io_put_file(AT_FDCWD, file, sp_str_text(text), text->len, mode, err);
    if (rc == SP_OK && aside.len > 0 && chown(file, old.st_uid, old.st_gid) != 0)
        return sp_fail_errno(err, "'%s': cannot give it its owner back", file);
    return rc;
}

static int
people_import(const struct sp_cli *cli, const char *from)
{
    SP_AUTO(sp_settings_free) struct sp_settings *settings = NULL;
    SP_AUTO(sp_people_free) struct sp_people *people = NULL;
    SP_AUTO(sp_str_free) struct sp_str text = { 0 }, made = { 0 };
    struct sp_err err = { 0 };
    size_t skipped = 0;
    enum sp_rc rc = load_settings(cli, &settings, &err);
    if (rc == SP_OK)
        rc = need_file(settings, &err);
    if (rc == SP_OK)
        rc = sp_io_read_file(AT_FDCWD, from, SP_PEOPLE_FILE_MAX, &text, &err);
    if (rc == SP_OK && (rc = sp_people_import(sp_str_text(&text), text.len, &people, &skipped, &err)) != SP_OK)
        sp_err_prefix(&err, "%s", from);
    if (rc != SP_OK)
        return sp_cli_fail(&err);
    if (!tell_problems(from, people)) {
        fprintf(stderr, "scanpost: %s is as it was\n", settings->people_file);
        return SP_EXIT_FAILED;
    }
    sp_people_write(&made, people);
    rc = made.failed ? sp_fail(&err, SP_E_NOMEM, "out of memory") : replace_file(settings->people_file, &made, &err);
    if (rc != SP_OK)
        return sp_cli_fail(&err);
    int code = tell_count(cli, settings->people_file, sp_people_count(people), skipped);
    if (!cli->json)
        puts("scanpostd reads it when it is reloaded (systemctl reload scanpost, or SIGHUP).");
    return code;
}

/* ---- make-folders ---- */

struct made {
    size_t made, there, refused;
};

/* As its parent: whoever may write there may write here. */
static bool
make_folder(int parent, const struct stat *like, const char *name, struct sp_err *err)
{
    SP_AUTO_CLOSE int fd = -1;
    if (mkdirat(parent, name, 0700) != 0 || sp_io_open_dir(parent, name, &fd, err) != SP_OK) {
        sp_fail_errno(err, "'%s' cannot be made", name);
        return false;
    }
    if ((geteuid() == 0 && fchown(fd, like->st_uid, like->st_gid) != 0) || fchmod(fd, like->st_mode & 07777) != 0) {
        sp_fail_errno(err, "'%s' cannot get the rights of the folder it is in", name);
        return false;
    }
    return true;
}

/* What a name would lead elsewhere, or be overlooked as. */
static bool
is_folder_name(const char *name)
{
    return name[0] != '.' && strchr(name, '/') == NULL && strpbrk(name, "\\:*?\"<>|") == NULL &&
           strcmp(name, "rejected") != 0 && !sp_text_ends_nocase(name, ".tmp") && !sp_text_ends_nocase(name, ".part");
}

static void
make_for(int parent, const struct stat *like, const struct sp_person *person, struct made *count)
{
    struct sp_err err = { 0 };
    struct stat there;
    const char *name = is_folder_name(person->name) ? person->name : person->address;
    if (fstatat(parent, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(there.st_mode)) {
        count->there++;
    } else if (make_folder(parent, like, name, &err)) {
        count->made++;
    } else {
        count->refused++;
        (void)sp_cli_fail(&err);
    }
}

static enum sp_rc
open_drop_folder(const struct sp_settings *settings, const char *name, int *ret_fd, struct sp_err *err)
{
    const struct sp_folder_settings *folder = sp_settings_folder(settings, name);
    if (folder == NULL)
        return sp_fail(err, SP_E_NOTFOUND, "there is no folder '%s' in %s", name, settings->file);
    if (folder->recipient_from != SP_FROM_SUBFOLDER)
        return sp_fail(err, SP_E_INVALID, "folder '%s' does not look into sub-folders: recipient-from = subfolder",
                       name);
    *ret_fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *ret_fd < 0 ? sp_fail_errno(err, "'%s' cannot be opened", folder->path) : SP_OK;
}

static int
people_make_folders(const struct sp_cli *cli, const char *name)
{
    SP_AUTO(sp_settings_free) struct sp_settings *settings = NULL;
    SP_AUTO(sp_people_free) struct sp_people *people = NULL;
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    SP_AUTO_CLOSE int dir = -1;
    struct sp_err err = { 0 };
    struct stat like;
    struct made count = { 0 };
    enum sp_rc rc = load_settings(cli, &settings, &err);
    if (rc == SP_OK)
        rc = need_file(settings, &err);
    if (rc == SP_OK)
        rc = sp_people_load(settings->people_file, &people, &err);
    if (rc == SP_OK)
        rc = open_drop_folder(settings, name, &dir, &err);
    if (rc == SP_OK && fstat(dir, &like) != 0)
        rc = sp_fail_errno(&err, "cannot look at the folder");
    if (rc != SP_OK)
        return sp_cli_fail(&err);
    bool fine = tell_problems(settings->people_file, people);
    for (size_t i = 0; i < sp_people_count(people); i++)
        make_for(dir, &like, sp_people_at(people, i), &count);
    sp_str_addf(&out, "%zu sub-folders made, %zu were there.\n", count.made, count.there);
    int code = sp_cli_print(&out);
    return fine && count.refused == 0 ? code : SP_EXIT_FAILED;
}

/* ---- the command ---- */

static int
run_people(struct sp_cli *cli, const struct sp_args *args)
{
    const char *what = args->n_words > 0 ? args->words[0] : "list";
    const char *with = args->n_words > 1 ? args->words[1] : NULL;
    if (args->n_words > 2)
        return sp_cli_usage("people: what is '%s'?", args->words[2]);
    if (strcmp(what, "list") == 0 && with == NULL)
        return people_list(cli);
    if (strcmp(what, "check") == 0)
        return people_check(cli, with);
    if (strcmp(what, "import") == 0 && with != NULL)
        return people_import(cli, with);
    if (strcmp(what, "make-folders") == 0 && with != NULL)
        return people_make_folders(cli, with);
    return sp_cli_usage("people: list, check [FILE], import FILE, or make-folders FOLDER");
}

const struct sp_command sp_people_commands[] = {
    { "people", "[list|check [FILE]|import FILE|make-folders FOLDER]",
      "Lists whom names mean; checks or makes the people file; makes a sub-folder for each of them.", NULL,
      run_people },
    { 0 },
};
