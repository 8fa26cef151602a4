/* scanpost-sandbox: a stand-in for Microsoft 365 on loopback, for trying scanpost without a tenant and for tests.
 *
 *   main thread     starts all, then waits for SIGTERM or SIGINT
 *   a door each     accepts clients of the MX and of client submission, and starts
 *   a thread each   for a client (smtp.c), at most SP_BOX_GUESTS_MAX a door
 *   resolver        answers DNS
 *
 * All wait on stop_fd too; once it is readable they end. Nothing here is shared with scanpost's own SMTP client or TLS:
 * a peer that has our bugs would not find them. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "backend/sandbox/certificate.h"
#include "backend/sandbox/door.h"
#include "backend/sandbox/options.h"
#include "backend/sandbox/resolver.h"
#include "backend/sandbox/scenario.h"
#include "backend/sandbox/seats.h"
#include "backend/sandbox/smtp.h"
#include "backend/sandbox/store.h"
#include "base/auto.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"

static const char submission_name[] = "smtp.office365.com";

struct sandbox {
    struct sp_box_options options;
    struct sp_log log;
    char dir[PATH_MAX];
    int dirfd, lock_fd;
    struct sp_str mx_name, user, password_file;
    struct sp_box_account account;
    struct sp_box_scenarios *scenarios;
    struct sp_box_store *store;
    struct sp_box_seats seats;
    struct sp_box_hall hall;
    struct sp_box_zone zone;
    struct sp_box_smtp mx, submission;
    struct sp_box_door *mx_door, *submission_door;
    struct sp_box_resolver *resolver;
};

static enum sp_rc
open_folder(struct sandbox *box, struct sp_err *err)
{
    enum sp_rc rc = sp_io_mkdir_path(box->options.dir, 0755, err);
    if (rc == SP_OK && realpath(box->options.dir, box->dir) == NULL)
        rc = sp_fail_errno(err, "sandbox: '%s'", box->options.dir);
    if (rc == SP_OK)
        rc = sp_io_open_dir(AT_FDCWD, box->dir, &box->dirfd, err);
    if (rc == SP_OK)
        rc = sp_io_lock(box->dirfd, "lock", 0644, &box->lock_fd, err);
    if (rc == SP_E_BUSY)
        rc = sp_fail(err, SP_E_BUSY, "sandbox: another one runs in '%s'", box->dir);
    if (rc == SP_OK && unlinkat(box->dirfd, "sandbox.json", 0) != 0 && errno != ENOENT)
        rc = sp_fail_errno(err, "sandbox: sandbox.json");
    return rc;
}

/* contoso.com: contoso-com.mail.protection.outlook.com, unless told. */
static enum sp_rc
choose_names(struct sandbox *box, struct sp_err *err)
{
    const char *domain = box->options.domains.items[0];
    if (box->options.mx_host != NULL) {
        sp_str_add(&box->mx_name, box->options.mx_host);
    } else {
        for (const char *at = domain; *at != '\0'; at++)
            sp_str_add_n(&box->mx_name, *at == '.' ? "-" : at, 1);
        sp_str_add(&box->mx_name, ".mail.protection.outlook.com");
    }
    if (box->options.user != NULL)
        sp_str_add(&box->user, box->options.user);
    else
        sp_str_addf(&box->user, "scanner@%s", domain);
    box->account.user = sp_str_text(&box->user);
    return box->mx_name.failed || box->user.failed ? sp_fail(err, SP_E_NOMEM, "sandbox: out of memory") : SP_OK;
}

/* A password of its own, once, for who does not bring one. */
static enum sp_rc
make_password(struct sandbox *box, struct sp_err *err)
{
    unsigned char random[18];
    struct sp_str text = { 0 };
    if (faccessat(box->dirfd, "password", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return SP_OK;
    sp_random_bytes(random, sizeof(random));
    sp_base64_add(&text, random, sizeof(random));
    sp_str_add_char(&text, '\n');
    enum sp_rc rc = sp_io_put_file(box->dirfd, "password", sp_str_text(&text), text.len, 0600, err);
    sp_wipe(text.text, text.len);
    sp_str_free(&text);
    return rc;
}

static enum sp_rc
open_account(struct sandbox *box, struct sp_err *err)
{
    const struct sp_box_options *o = &box->options;
    enum sp_rc rc = o->password_file != NULL ? SP_OK : make_password(box, err);
    if (o->password_file != NULL)
        sp_str_add(&box->password_file, o->password_file);
    else
        sp_str_addf(&box->password_file, "%s/password", box->dir);
    if (rc == SP_OK)
        rc = sp_secret_from_file(sp_str_text(&box->password_file), &box->account.password, err);
    if (rc == SP_OK && o->token_file != NULL)
        rc = sp_secret_from_file(o->token_file, &box->account.token, err);
    return rc;
}

/* The scenarios of the command line are what the file says at the start; from then on the file counts. */
static enum sp_rc
open_scenarios(struct sandbox *box, struct sp_err *err)
{
    struct sp_str text = { 0 };
    sp_str_add(&text, "# One scenario a line, counts at once. See scanpost-sandbox(1).\n");
    for (size_t i = 0; i < box->options.scenarios.n; i++)
        sp_str_addf(&text, "%s\n", box->options.scenarios.items[i]);
    enum sp_rc rc = sp_io_put_file(box->dirfd, "scenario", sp_str_text(&text), text.len, 0644, err);
    sp_str_free(&text);
    box->scenarios = sp_box_scenarios_new(box->dirfd, "scenario", &box->log);
    return rc == SP_OK && box->scenarios == NULL ? sp_fail(err, SP_E_NOMEM, "sandbox: out of memory") : rc;
}

static enum sp_rc
prepare_servers(struct sandbox *box, struct sp_err *err)
{
    const struct sp_box_smtp common = { .options = &box->options,
                                        .account = &box->account,
                                        .scenarios = box->scenarios,
                                        .store = box->store,
                                        .seats = &box->seats,
                                        .log = &box->log };
    struct sp_box_authority *authority = NULL;
    sp_box_seats_init(&box->seats);
    box->mx = box->submission = common;
    box->mx.where = SP_BOX_MX;
    box->mx.method = "mx";
    box->mx.host = "AMS0EPF000001A7.mail.protection.outlook.com";
    box->mx.inner_host = "AMS0EPF000001A7.eurprd05.prod.outlook.com";
    box->submission.where = SP_BOX_SUBMISSION;
    box->submission.method = "submission";
    box->submission.host = "FR4P281CA0026.outlook.office365.com";
    box->submission.inner_host = "FR4P281CA0026.DEUP281.PROD.OUTLOOK.COM";
    enum sp_rc rc = sp_box_authority_open(box->dirfd, &authority, err);
    if (rc == SP_OK)
        rc = sp_box_contexts_make(authority, box->dirfd, "mx", sp_str_text(&box->mx_name), box->mx.tls, err);
    if (rc == SP_OK)
        rc = sp_box_contexts_make(authority, box->dirfd, "submission", submission_name, box->submission.tls, err);
    sp_box_authority_free(&authority);
    return rc;
}

static enum sp_rc
open_doors(struct sandbox *box, struct sp_err *err)
{
    static const char full[] =
        "421 4.3.2 The maximum number of concurrent connections per resource forest has exceeded "
        "a limit, closing transmission channel.\r\n";
    const struct sp_box_options *o = &box->options;
    const struct sp_box_service mx = { sp_box_smtp_serve, &box->mx, full };
    const struct sp_box_service submission = { sp_box_smtp_serve, &box->submission, full };
    box->zone = (struct sp_box_zone){ .domains = &o->domains,
                                      .mx_host = sp_str_text(&box->mx_name),
                                      .hosts = { sp_str_text(&box->mx_name), submission_name },
                                      .address = o->listen };
    enum sp_rc rc = sp_box_door_open(o->listen, o->mx_port, &box->hall, &mx, &box->mx_door, err);
    if (rc == SP_OK)
        rc = sp_box_door_open(o->listen, o->submission_port, &box->hall, &submission, &box->submission_door, err);
    if (rc == SP_OK)
        rc = sp_box_resolver_open(o->listen, o->dns_port, &box->hall, &box->zone, box->scenarios, &box->resolver, err);
    return rc;
}

static void
put_path(json_t *card, const struct sandbox *box, const char *key, const char *name)
{
    struct sp_str path = { 0 };
    sp_str_addf(&path, "%s/%s", box->dir, name);
    json_object_set_new(card, key, json_string(sp_str_text(&path)));
    sp_str_free(&path);
}

static void
put_service(json_t *card, const char *name, const char *host, unsigned port)
{
    char key[64];
    (void)snprintf(key, sizeof(key), "%s_port", name);
    json_object_set_new(card, key, json_integer(port));
    (void)snprintf(key, sizeof(key), "%s_host", name);
    if (host != NULL)
        json_object_set_new(card, key, json_string(host));
}

/* For scripts: everything they need to find. */
static enum sp_rc
write_card(const struct sandbox *box, struct sp_err *err)
{
    char resolver[64];
    json_t *card = json_object();
    unsigned dns_port = sp_box_resolver_port(box->resolver);
    (void)snprintf(resolver, sizeof(resolver), "%s:%u", box->options.listen, dns_port);
    json_object_set_new(card, "pid", json_integer(getpid()));
    json_object_set_new(card, "listen", json_string(box->options.listen));
    json_object_set_new(card, "domain", json_string(box->options.domains.items[0]));
    put_service(card, "mx", sp_str_text(&box->mx_name), sp_box_door_port(box->mx_door));
    put_service(card, "submission", submission_name, sp_box_door_port(box->submission_door));
    put_service(card, "dns", NULL, dns_port);
    json_object_set_new(card, "resolver", json_string(resolver));
    json_object_set_new(card, "user", json_string(box->account.user));
    json_object_set_new(card, "password_file", json_string(sp_str_text(&box->password_file)));
    put_path(card, box, "ca", "ca.pem");
    put_path(card, box, "mail", "mail");
    put_path(card, box, "scenario", "scenario");
    SP_AUTO_FREE char *text = json_dumps(card, JSON_INDENT(1));
    json_decref(card);
    if (text == NULL)
        return sp_fail(err, SP_E_NOMEM, "sandbox: out of memory");
    return sp_io_put_file(box->dirfd, "sandbox.json", text, strlen(text), 0644, err);
}

static void
print_card(const struct sandbox *box)
{
    const char *address = box->options.listen;
    (void)printf("mx          %s:%u, %s, takes mail for %s\n", address, sp_box_door_port(box->mx_door),
                 sp_str_text(&box->mx_name), box->options.domains.items[0]);
    (void)printf("submission  %s:%u, %s, sign in as %s, password in %s\n", address,
                 sp_box_door_port(box->submission_door), submission_name, box->account.user,
                 sp_str_text(&box->password_file));
    (void)printf("resolver    %s:%u\n", address, sp_box_resolver_port(box->resolver));
    (void)printf("trust       %s/ca.pem\n", box->dir);
    (void)printf("mail        %s/mail\n", box->dir);
    (void)printf("scenarios   %s/scenario\n", box->dir);
    (void)printf("ready       %s/sandbox.json\n", box->dir);
    (void)fflush(stdout);
}

static enum sp_rc
start(struct sandbox *box, struct sp_err *err)
{
    box->hall.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (box->hall.stop_fd < 0)
        return sp_fail_errno(err, "sandbox: eventfd");
    enum sp_rc (*const steps[])(struct sandbox *, struct sp_err *) = { open_folder, choose_names, open_account,
                                                                       open_scenarios };
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; i < SP_LEN(steps) && rc == SP_OK; i++)
        rc = steps[i](box, err);
    if (rc == SP_OK)
        rc = sp_box_store_open(box->dirfd, "mail", &box->store, err);
    if (rc == SP_OK)
        rc = prepare_servers(box, err);
    if (rc == SP_OK)
        rc = open_doors(box, err);
    if (rc == SP_OK)
        rc = write_card(box, err);
    return rc;
}

/* Ends what was started, however far that was. */
static void
stop(struct sandbox *box)
{
    if (box->hall.stop_fd >= 0)
        (void)eventfd_write(box->hall.stop_fd, 1);
    sp_box_door_close(&box->mx_door);
    sp_box_door_close(&box->submission_door);
    sp_box_resolver_close(&box->resolver);
    sp_box_contexts_free(box->mx.tls);
    sp_box_contexts_free(box->submission.tls);
    sp_box_store_close(&box->store);
    sp_box_scenarios_free(&box->scenarios);
    sp_secret_free(&box->account.password);
    sp_secret_free(&box->account.token);
    sp_str_free(&box->mx_name);
    sp_str_free(&box->user);
    sp_str_free(&box->password_file);
    const int fds[] = { box->lock_fd, box->dirfd, box->hall.stop_fd };
    for (size_t i = 0; i < SP_LEN(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* Before the first thread, so that all of them have these signals blocked and only sigwait gets them. */
static bool
hold_signals(sigset_t *set, bool parent_death)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || pthread_sigmask(SIG_BLOCK, set, NULL) != 0)
        return false;
    return !parent_death || prctl(PR_SET_PDEATHSIG, SIGTERM) == 0;
}

static int
run(struct sandbox *box)
{
    struct sp_err err = { 0 };
    sigset_t set;
    int got = 0;
    if (!hold_signals(&set, box->options.parent_death)) {
        sp_error(&box->log, "cannot hold signals: %s", strerror(errno));
        return 1;
    }
    enum sp_rc rc = start(box, &err);
    if (rc == SP_OK) {
        print_card(box);
        (void)sigwait(&set, &got);
    } else {
        sp_error(&box->log, "%s", err.text);
    }
    stop(box);
    return rc == SP_OK ? 0 : 1;
}

int
main(int argc, char **argv)
{
    struct sandbox box = { .log = { .level = SP_LOG_INFO, .who = "sandbox", .fd = STDERR_FILENO },
                           .dirfd = -1,
                           .lock_fd = -1,
                           .hall = { .stop_fd = -1 } };
    struct sp_err err = { 0 };
    if (sp_box_options_parse(argc, argv, &box.options, &err) != SP_OK) {
        (void)fprintf(stderr, "scanpost-sandbox: %s\n%s", err.text, sp_box_usage());
        return 2;
    }
    if (box.options.help || box.options.version) {
        (void)printf("%s", box.options.help ? sp_box_usage() : "scanpost-sandbox " SP_VERSION "\n");
        return 0;
    }
    return run(&box);
}
