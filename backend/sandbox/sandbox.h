/* sandbox.h - all of a running sandbox, for main.c, sandbox.c and card.c. */
#ifndef SP_SANDBOX_SANDBOX_H
#define SP_SANDBOX_SANDBOX_H

#include <limits.h>

#include "backend/sandbox/app.h"
#include "backend/sandbox/door.h"
#include "backend/sandbox/graph.h"
#include "backend/sandbox/http.h"
#include "backend/sandbox/login.h"
#include "backend/sandbox/options.h"
#include "backend/sandbox/resolver.h"
#include "backend/sandbox/scenario.h"
#include "backend/sandbox/seats.h"
#include "backend/sandbox/smtp.h"
#include "backend/sandbox/stats.h"
#include "backend/sandbox/store.h"
#include "base/log.h"
#include "base/str.h"

struct sp_sandbox {
    struct sp_box_options options;
    struct sp_log log;
    char dir[PATH_MAX];
    int dirfd, lock_fd;
    struct sp_str mx_name, user, password_file, connector;
    struct sp_box_account account;
    struct sp_box_app app;
    struct sp_box_scenarios *scenarios;
    struct sp_box_store *store;
    struct sp_box_stats *stats;
    struct sp_box_budget *submission_budget, *graph_budget;
    struct sp_box_seats seats;
    struct sp_box_hall hall;
    struct sp_box_zone zone;
    struct sp_box_smtp mx, submission;
    struct sp_box_login login;
    struct sp_box_graph graph;
    struct sp_box_http login_server, graph_server;
    struct sp_box_door *mx_door, *submission_door, *login_door, *graph_door;
    struct sp_box_resolver *resolver;
};

/* What it calls itself by default. */
#define SP_BOX_SUBMISSION_NAME "smtp.office365.com"
#define SP_BOX_LOGIN_NAME      "login.microsoftonline.com"
#define SP_BOX_GRAPH_NAME      "graph.microsoft.com"

/* Starts everything; then stop in any case. box has options and log, and is otherwise as sp_sandbox_init leaves it. */
void sp_sandbox_init(struct sp_sandbox *box);
enum sp_rc sp_sandbox_start(struct sp_sandbox *box, struct sp_err *err);
void sp_sandbox_stop(struct sp_sandbox *box);

/* sandbox.json, for scripts: all that they need to find. */
enum sp_rc sp_sandbox_write_card(const struct sp_sandbox *box, struct sp_err *err);
/* The same for people, to stdout. */
void sp_sandbox_print_card(const struct sp_sandbox *box);

#endif
