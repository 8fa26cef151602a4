/* child.c - the birth of a child process, and the one that lives for the migration only; see child.h. */
#include "gateway/daemon/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/settings.h"
#include "db/db.h"

enum { LOCK_PATIENCE_MS = 60 * 1000, LOCK_PAUSE_MS = 20 };

static void
child_signals(sigset_t *ret)
{
    sigemptyset(ret);
    sigaddset(ret, SIGTERM);
    sigaddset(ret, SIGUSR1);
}

pid_t
sp_child_start(struct sp_house *house, const char *name, sp_child_fn *fn)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    sigset_t listened;
    close(house->life_fd[1]);
    close(house->lock_fd);
    house->log.who = name;
    (void)prctl(PR_SET_NAME, name, 0, 0, 0);
    (void)signal(SIGINT, SIG_IGN); /* Ctrl-C and pkill -HUP reach us all: the supervisor answers for all */
    (void)signal(SIGHUP, SIG_IGN);
    child_signals(&listened);
    (void)sigprocmask(SIG_SETMASK, &listened, NULL);
    int status = fn(house);
    _exit(status); /* no atexit work of the supervisor's */
}

int
sp_child_signals(void)
{
    sigset_t listened;
    child_signals(&listened);
    return signalfd(-1, &listened, SFD_CLOEXEC | SFD_NONBLOCK);
}

int
sp_child_signal_read(int fd)
{
    struct signalfd_siginfo info;
    return read(fd, &info, sizeof info) == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

void
sp_child_alive(const struct sp_house *house)
{
    const pid_t pid = getpid();
    (void)!write(house->told_fd[1], &pid, sizeof pid); /* small enough to be whole; never waits */
}

enum sp_rc
sp_child_lock(const struct sp_house *house, const char *name, int stop_fd, int *ret_fd, struct sp_err *err)
{
    SP_AUTO_CLOSE int dir = -1;
    enum sp_rc rc = sp_io_open_dir(AT_FDCWD, house->settings->gateway.state_dir, &dir, err);
    for (int waited = 0; rc == SP_OK; waited += LOCK_PAUSE_MS) {
        rc = sp_io_lock(dir, name, 0660, ret_fd, err);
        if (rc != SP_E_BUSY || waited >= LOCK_PATIENCE_MS)
            return rc;
        struct pollfd fds[] = { { .fd = stop_fd, .events = POLLIN }, { .fd = house->life_fd[0], .events = POLLIN } };
        if (poll(fds, SP_LEN(fds), LOCK_PAUSE_MS) > 0)
            return sp_fail(err, SP_E_CLOSED, "told to stop while a predecessor held %s", name);
        rc = SP_OK;
    }
    return rc;
}

/* A damaged database is put aside, not repaired: what was taken is in the spool, and is found there again. */
static enum sp_rc
migrate(const struct sp_house *house, bool *ret_fresh, struct sp_err *err)
{
    const char *dir = house->settings->gateway.state_dir;
    enum sp_rc rc = sp_db_migrate(dir, ret_fresh, err);
    if (rc != SP_E_CORRUPT)
        return rc;
    sp_error(&house->log, "the database is damaged (%s): it is put aside and made again from the spool", err->text);
    rc = sp_db_set_aside(dir, sp_wall_ms(&sp_clock_system), err);
    return rc == SP_OK ? sp_db_migrate(dir, ret_fresh, err) : rc;
}

int
sp_child_migrate(struct sp_house *house)
{
    struct sp_err err = { 0 };
    bool fresh = false;
    SP_AUTO_CLOSE int stop = sp_child_signals();
    SP_AUTO_CLOSE int gateway_lock = -1;
    SP_AUTO_CLOSE int sender_lock = -1;
    enum sp_rc rc = sp_privileges_drop(&house->identity, house->identity.gateway_uid, house->identity.gateway_gid,
                                       SP_KEEP_NOTHING, house->supervisor, &err);
    if (rc == SP_OK)
        rc = sp_child_lock(house, "gateway.lock", stop, &gateway_lock, &err);
    if (rc == SP_OK)
        rc = sp_child_lock(house, "sender.lock", stop, &sender_lock, &err);
    if (rc == SP_OK)
        rc = migrate(house, &fresh, &err);
    if (rc != SP_OK)
        sp_error(&house->log, "the database cannot be made ready: %s", err.text);
    return rc != SP_OK ? 1 : fresh ? SP_CHILD_FRESH : 0;
}
