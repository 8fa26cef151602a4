#include "backend/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "backend/sandbox/certificate.h"
#include "base/auto.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/secret.h"

/* The names of all clouds: who asks for another one's is answered too. */
static const char *const submission_names[] = {
    SP_BOX_SUBMISSION_NAME,    "smtp.office365.us",     "outlook-dod.office365.us",
    "smtp.partner.outlook.cn", "smtp.hve.mx.microsoft", NULL,
};
static const char *const login_names[] = {
    SP_BOX_LOGIN_NAME, "login.microsoftonline.us", "login.partner.microsoftonline.cn", "localhost", "127.0.0.1", NULL,
};
static const char *const graph_names[] = {
    SP_BOX_GRAPH_NAME,
    "graph.microsoft.us",
    "dod-graph.microsoft.us",
    "microsoftgraph.chinacloudapi.cn",
    "localhost",
    "127.0.0.1",
    NULL,
};

static enum sp_rc
open_folder(struct sp_sandbox *box, struct sp_err *err)
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
choose_names(struct sp_sandbox *box, struct sp_err *err)
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
    if (box->options.connector_certificate != NULL)
        sp_str_add(&box->connector, box->options.connector_certificate);
    else
        sp_str_addf(&box->connector, "scan.%s", domain);
    box->account.user = sp_str_text(&box->user);
    return box->mx_name.failed || box->user.failed || box->connector.failed
               ? sp_fail(err, SP_E_NOMEM, "sandbox: out of memory")
               : SP_OK;
}

/* A password of its own, once, for who does not bring one. */
static enum sp_rc
make_password(struct sp_sandbox *box, struct sp_err *err)
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
open_account(struct sp_sandbox *box, struct sp_err *err)
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
open_scenarios(struct sp_sandbox *box, struct sp_err *err)
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
open_store(struct sp_sandbox *box, struct sp_err *err)
{
    box->submission_budget = sp_box_budget_new(&box->options.allowance);
    box->graph_budget = sp_box_budget_new(&box->options.allowance);
    if (box->submission_budget == NULL || box->graph_budget == NULL)
        return sp_fail(err, SP_E_NOMEM, "sandbox: out of memory");
    enum sp_rc rc = sp_box_store_open(box->dirfd, "mail", &box->store, err);
    return rc == SP_OK ? sp_box_stats_open(box->dirfd, &box->stats, err) : rc;
}

static enum sp_rc
open_app(struct sp_sandbox *box, struct sp_err *err)
{
    return sp_box_app_open(box->dirfd, box->dir, box->options.domains.items[0], &box->app, err);
}

/* Servers. */

static void
describe_smtp(struct sp_sandbox *box)
{
    const struct sp_box_smtp common = { .options = &box->options,
                                        .account = &box->account,
                                        .app = &box->app,
                                        .connector = sp_str_text(&box->connector),
                                        .scenarios = box->scenarios,
                                        .store = box->store,
                                        .stats = box->stats,
                                        .budget = box->submission_budget,
                                        .seats = &box->seats,
                                        .log = &box->log };
    box->mx = box->submission = common;
    box->mx.where = SP_BOX_MX;
    box->mx.method = "mx";
    box->mx.host = "AMS0EPF000001A7.mail.protection.outlook.com";
    box->mx.inner_host = "AMS0EPF000001A7.eurprd05.prod.outlook.com";
    box->submission.where = SP_BOX_SUBMISSION;
    box->submission.method = "submission";
    box->submission.host = "FR4P281CA0026.outlook.office365.com";
    box->submission.inner_host = "FR4P281CA0026.DEUP281.PROD.OUTLOOK.COM";
}

static void
describe_login(struct sp_sandbox *box)
{
    box->login.app = &box->app;
    box->login.options = &box->options;
    box->login.scenarios = box->scenarios;
    box->login.stats = box->stats;
    sp_box_jtis_init(&box->login.jtis);
    box->login_server = (struct sp_box_http){ .where = SP_BOX_TOKEN,
                                              .name = "token",
                                              .dirfd = box->dirfd,
                                              .body_max = SP_BOX_LOGIN_BODY_MAX,
                                              .fns = &sp_box_login_fns,
                                              .context = &box->login,
                                              .open = SP_BOX_TOKEN_OPEN,
                                              .stats = box->stats,
                                              .scenarios = box->scenarios,
                                              .log = &box->log };
}

static void
describe_graph(struct sp_sandbox *box)
{
    struct sp_box_graph *graph = &box->graph;
    graph->app = &box->app;
    graph->options = &box->options;
    graph->account = &box->account;
    graph->scenarios = box->scenarios;
    graph->store = box->store;
    graph->stats = box->stats;
    graph->budget = box->graph_budget;
    graph->log = &box->log;
    graph->dirfd = box->dirfd;
    pthread_mutex_init(&graph->lock, NULL);
    box->graph_server = (struct sp_box_http){ .where = SP_BOX_GRAPH,
                                              .name = "graph",
                                              .dirfd = box->dirfd,
                                              .body_max = SP_BOX_GRAPH_BODY_MAX,
                                              .fns = &sp_box_graph_fns,
                                              .context = graph,
                                              .open = SP_BOX_GRAPH_OPEN,
                                              .stats = box->stats,
                                              .scenarios = box->scenarios,
                                              .log = &box->log };
}

static enum sp_rc
make_certificates(struct sp_sandbox *box, const struct sp_box_authority *authority, struct sp_err *err)
{
    const char *const mx_names[] = { sp_str_text(&box->mx_name), NULL };
    const struct {
        const char *file;
        const char *const *names;
        SSL_CTX **contexts;
    } servers[] = {
        { "mx", mx_names, box->mx.tls },
        { "submission", submission_names, box->submission.tls },
        { "login", login_names, box->login_server.tls },
        { "graph", graph_names, box->graph_server.tls },
    };
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; i < SP_LEN(servers) && rc == SP_OK; i++)
        rc = sp_box_contexts_make(authority, box->dirfd, servers[i].file, servers[i].names, servers[i].contexts, err);
    if (rc == SP_OK)
        rc = sp_box_contexts_ask(authority, box->mx.tls, err);
    if (rc == SP_OK)
        rc = sp_box_client_make(authority, box->dirfd, "relay", sp_str_text(&box->connector), err);
    return rc;
}

static enum sp_rc
prepare_servers(struct sp_sandbox *box, struct sp_err *err)
{
    struct sp_box_authority *authority = NULL;
    sp_box_seats_init(&box->seats);
    describe_smtp(box);
    describe_login(box);
    describe_graph(box);
    enum sp_rc rc = sp_box_authority_open(box->dirfd, &authority, err);
    if (rc == SP_OK)
        rc = make_certificates(box, authority, err);
    sp_box_authority_free(&authority);
    return rc;
}

static void
describe_zone(struct sp_sandbox *box)
{
    size_t n = 0;
    box->zone = (struct sp_box_zone){ .domains = &box->options.domains,
                                      .mx_host = sp_str_text(&box->mx_name),
                                      .address = box->options.listen };
    box->zone.hosts[n++] = sp_str_text(&box->mx_name);
    for (const char *const *name = submission_names; *name != NULL; name++)
        box->zone.hosts[n++] = *name;
    for (const char *const *name = login_names; *name != NULL; name++)
        box->zone.hosts[n++] = *name;
    for (const char *const *name = graph_names; *name != NULL; name++)
        box->zone.hosts[n++] = *name;
}

static enum sp_rc
open_doors(struct sp_sandbox *box, struct sp_err *err)
{
    static const char full[] =
        "421 4.3.2 The maximum number of concurrent connections per resource forest has exceeded "
        "a limit, closing transmission channel.\r\n";
    const struct sp_box_options *o = &box->options;
    const struct {
        unsigned port;
        struct sp_box_service service;
        struct sp_box_door **door;
    } doors[] = {
        { o->mx_port, { sp_box_smtp_serve, &box->mx, full }, &box->mx_door },
        { o->submission_port, { sp_box_smtp_serve, &box->submission, full }, &box->submission_door },
        { o->login_port, { sp_box_http_serve, &box->login_server, "" }, &box->login_door },
        { o->graph_port, { sp_box_http_serve, &box->graph_server, "" }, &box->graph_door },
    };
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; i < SP_LEN(doors) && rc == SP_OK; i++)
        rc = sp_box_door_open(o->listen, doors[i].port, &box->hall, &doors[i].service, doors[i].door, err);
    describe_zone(box);
    if (rc == SP_OK)
        rc = sp_box_resolver_open(o->listen, o->dns_port, &box->hall, &box->zone, box->scenarios, &box->resolver, err);
    return rc;
}

/* All of it. */

void
sp_sandbox_init(struct sp_sandbox *box)
{
    *box = (struct sp_sandbox){ .dirfd = -1, .lock_fd = -1, .hall = { .stop_fd = -1 } };
}

typedef enum sp_rc step_fn(struct sp_sandbox *box, struct sp_err *err);

enum sp_rc
sp_sandbox_start(struct sp_sandbox *box, struct sp_err *err)
{
    box->hall.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (box->hall.stop_fd < 0)
        return sp_fail_errno(err, "sandbox: eventfd");
    static step_fn *const steps[] = {
        open_folder, choose_names, open_account, open_app, open_scenarios, open_store, prepare_servers, open_doors,
    };
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; i < SP_LEN(steps) && rc == SP_OK; i++)
        rc = steps[i](box, err);
    return rc;
}

void
sp_sandbox_stop(struct sp_sandbox *box)
{
    struct sp_box_door **const doors[] = { &box->mx_door, &box->submission_door, &box->login_door, &box->graph_door };
    SSL_CTX **const contexts[] = { box->mx.tls, box->submission.tls, box->login_server.tls, box->graph_server.tls };
    if (box->hall.stop_fd >= 0)
        (void)eventfd_write(box->hall.stop_fd, 1);
    for (size_t i = 0; i < SP_LEN(doors); i++)
        sp_box_door_close(doors[i]);
    sp_box_resolver_close(&box->resolver);
    for (size_t i = 0; i < SP_LEN(contexts); i++)
        sp_box_contexts_free(contexts[i]);
    sp_box_drafts_free(&box->graph.drafts);
    sp_box_store_close(&box->store);
    sp_box_stats_close(&box->stats);
    sp_box_budget_free(&box->submission_budget);
    sp_box_budget_free(&box->graph_budget);
    sp_box_scenarios_free(&box->scenarios);
    sp_box_app_close(&box->app);
    sp_secret_free(&box->account.password);
    sp_secret_free(&box->account.token);
    struct sp_str *const texts[] = { &box->mx_name, &box->user, &box->password_file, &box->connector };
    for (size_t i = 0; i < SP_LEN(texts); i++)
        sp_str_free(texts[i]);
    const int fds[] = { box->lock_fd, box->dirfd, box->hall.stop_fd };
    for (size_t i = 0; i < SP_LEN(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
}
