/* scanpost-sandbox: a stand-in for Microsoft 365 on loopback, for trying scanpost without a tenant and for tests.
 *
 *   main thread     starts all, then waits for SIGTERM or SIGINT
 *   a door each     accepts clients of the MX, client submission, token endpoint and Graph, and starts
 *   a thread each   for a client (smtp.c, http.c), at most SP_BOX_GUESTS_MAX a door
 *   resolver        answers DNS
 *
 * All wait on stop_fd too; once it is readable they end. Nothing here is shared with scanpost's own SMTP client, HTTP
 * client or TLS: a peer that has our bugs would not find them. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "backend/sandbox/sandbox.h"

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
run(struct sp_sandbox *box)
{
    struct sp_err err = { 0 };
    sigset_t set;
    int got = 0;
    if (!hold_signals(&set, box->options.parent_death)) {
        sp_error(&box->log, "cannot hold signals: %s", strerror(errno));
        return 1;
    }
    enum sp_rc rc = sp_sandbox_start(box, &err);
    if (rc == SP_OK)
        rc = sp_sandbox_write_card(box, &err);
    if (rc == SP_OK) {
        sp_sandbox_print_card(box);
        (void)sigwait(&set, &got);
    } else {
        sp_error(&box->log, "%s", err.text);
    }
    sp_sandbox_stop(box);
    return rc == SP_OK ? 0 : 1;
}

/* What is only printed; false: nothing was asked for. */
static bool
print(const struct sp_box_options *options)
{
    struct sp_str list = { 0 };
    if (options->list_scenarios) {
        sp_box_scenario_list(&list);
        (void)fputs(sp_str_text(&list), stdout);
        sp_str_free(&list);
    } else if (options->help) {
        (void)fputs(sp_box_usage(), stdout);
    } else if (options->version) {
        (void)puts("scanpost-sandbox " SP_VERSION);
    } else {
        return false;
    }
    return true;
}

int
main(int argc, char **argv)
{
    static struct sp_sandbox box; /* large, and there is one */
    struct sp_err err = { 0 };
    sp_sandbox_init(&box);
    box.log = (struct sp_log){ .level = SP_LOG_INFO, .who = "sandbox", .fd = STDERR_FILENO };
    if (sp_box_options_parse(argc, argv, &box.options, &err) != SP_OK) {
        (void)fprintf(stderr, "scanpost-sandbox: %s\n%s", err.text, sp_box_usage());
        return 2;
    }
    return print(&box.options) ? 0 : run(&box);
}
