/* setup_inside.h - what the files setup*.c share: the answers so far, and what follows from them. */
#ifndef SP_GATEWAY_CLI_SETUP_INSIDE_H
#define SP_GATEWAY_CLI_SETUP_INSIDE_H

#include <stdbool.h>
#include <sys/types.h>

#include <jansson.h>

#include "base/str.h"
#include "gateway/cli/ask.h"
#include "gateway/cli/cli.h"
#include "gateway/setup/answers.h"
#include "gateway/setup/probe.h"

struct sp_secret;

enum { SP_SETUP_FILES_MAX = 16, SP_SETUP_SETS_MAX = 64, SP_SETUP_LISTEN_MAX = 2 };

/* Who has to read a file that is written: 0640 for that group when root does it, else 0600. */
enum sp_setup_reader { SP_READER_ALL, SP_READER_GATEWAY, SP_READER_SENDER };

struct sp_setup_file { /* written when everything has been asked */
    const char *path;
    struct sp_secret *bytes;
    enum sp_setup_reader reader;
};

struct sp_setup {
    struct sp_cli *cli;
    const struct sp_args *args;
    struct sp_asker asker;
    struct sp_arena *arena;
    const char *file, *dir; /* the configuration, and its folder */
    struct sp_str old_text;
    struct sp_settings *old; /* what it says; NULL: there is none yet */
    bool exists, dry_run, root;
    bool trial;  /* by an ordinary user or against the sandbox, with a file of its own: all of it lives beside that */
    json_t *box; /* sandbox.json; NULL without --sandbox */
    const char *scripts;
    struct sp_answers answers;
    struct sp_facts facts;
    const char *sets[SP_SETUP_SETS_MAX], *listen[SP_SETUP_LISTEN_MAX];
    struct sp_setup_file files[SP_SETUP_FILES_MAX];
    size_t n_files;
    struct sp_str certificate_base64; /* of the application */
    const char *admin, *share_user;   /* "" : none is wanted */
    struct sp_secret *admin_password, *share_password;
    bool start, test;
    pid_t daemon;    /* that was started in the background; 0: none was */
    const char *log; /* where it logs to */
    const char *test_to;
};

/* setup_ask.c: everything that is asked. */
enum sp_rc sp_setup_ask_tenant(struct sp_setup *s, struct sp_err *err);
enum sp_rc sp_setup_ask_methods(struct sp_setup *s, struct sp_err *err);
enum sp_rc sp_setup_ask_way_in(struct sp_setup *s, struct sp_err *err);
/* setup_signin.c: the Microsoft side. */
enum sp_rc sp_setup_ask_signin(struct sp_setup *s, struct sp_err *err);
/* setup_page.c: page, certificate, first admin. */
enum sp_rc sp_setup_ask_page(struct sp_setup *s, struct sp_err *err);
/* setup_apply.c: writes what was answered. In a dry run it tells what it would write. */
enum sp_rc sp_setup_apply(struct sp_setup *s, struct sp_err *err);
/* Writes the files that were added so far; in a dry run it tells them. */
enum sp_rc sp_setup_write_files(const struct sp_setup *s, struct sp_err *err);
/* The service will not see the folder without a drop-in. */
bool sp_setup_hides_folder(const struct sp_setup *s);
/* setup_finish.c: daemon, admin, share, check, test scan. Returns an exit code. */
int sp_setup_finish(struct sp_setup *s);

/* Takes bytes over, for later writing: beside the configuration, or where an absolute name says. */
enum sp_rc sp_setup_add_file(struct sp_setup *s, const char *name, struct sp_secret *bytes, enum sp_setup_reader reader,
                             const char **ret_path, struct sp_err *err);
/* The value of a --set for that key, else what is written now, else by_default: for keys that setup does not ask for
 * but has to know. */
const char *sp_setup_set(const struct sp_setup *s, const char *key, const char *by_default);
const struct sp_method_settings *sp_setup_old_method(const struct sp_setup *s, enum sp_method_type type);

#endif
