/* sender_process.c - the process that holds the credentials: it sends, listens on nothing and reads the spool. */
#include <unistd.h>

#include "backend/sender/sender.h"
#include "base/auto.h"
#include "base/clock.h"
#include "gateway/daemon/child.h"

enum { PATIENCE_MS = 7000 }; /* scanpostd ends within 10 s of SIGTERM */

static void
alive(void *house)
{
    sp_child_alive(house);
}

int
sp_child_sender(struct sp_house *house)
{
    struct sp_err err = { 0 };
    SP_AUTO_CLOSE int stop = sp_child_signals();
    sp_listeners_close(&house->listeners);
    close(house->opener_fd[0]);
    close(house->opener_fd[1]);
    close(house->changes_fd[0]);
    enum sp_rc rc = sp_privileges_drop(&house->identity, house->identity.sender_uid, house->identity.sender_gid,
                                       SP_KEEP_NOTHING, house->supervisor, &err);
    const struct sp_sender_options options = {
        .settings = house->settings,
        .clock = &sp_clock_system,
        .log = &house->log,
        .wake_fd = house->wake_sender_fd,
        .gateway_wake_fd = house->wake_gateway_fd,
        .changes_fd = house->changes_fd[1],
        .stop_fd = stop,
        .life_fd = house->life_fd[0],
        .ask_fd = house->ask_sender_fd,
        .alive = alive,
        .alive_context = house,
        .renewed = house->renewed,
        .patience_ms = PATIENCE_MS,
    };
    if (rc == SP_OK)
        rc = sp_sender_run(&options, &err);
    if (rc == SP_E_BUSY)
        sp_warn(&house->log, "%s", err.text);
    else if (rc != SP_OK)
        sp_error(&house->log, "cannot send: %s", err.text);
    return rc == SP_OK || rc == SP_E_BUSY ? 0 : 1;
}
