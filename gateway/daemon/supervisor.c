/* supervisor.c - the process that all others come from. It is single-threaded, parses nothing from outside and holds no
 * secret; when started by root it stays root, because it opens sockets and forks those that give root up.
 *
 *   supervisor ---- migrate    once at start: brings the database to the newest version, and ends
 *              |--- gateway    takes in, shows            (gateway_process.c)
 *              |--- sender     sends, knows the secrets   (sender_process.c)
 *              |--- opener     opens dropped files that only their owner may read; when started by root (opener.c)
 *              `--- gateway'   after SIGHUP: the one before, until its uploads are finished
 *
 * Children are forked and never executed: they inherit settings, sockets and eventfds as they are. Each takes its own
 * lock in state-dir, so that there are never two at work, whatever is killed and started again in whatever order. */
#include "gateway/daemon/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/journal.h"
#include "base/settings.h"
#include "db/changes.h"
#include "gateway/daemon/child.h"
#include "gateway/daemon/herald.h"
#include "gateway/daemon/places.h"

enum {
    END_PATIENCE_MS = 9000,
    SHORT_LIFE_MS = 3000, /* who lives shorter is started again after a pause that grows */
    FIRST_PAUSE_MS = 100,
    LONGEST_PAUSE_MS = 10000,
    LEAVING_MAX = 4,
};

struct kid {
    const char *name;
    sp_child_fn *work;
    pid_t pid;                 /* 0: not running */
    int64_t started, start_at; /* monotonic */
    int64_t pause;
    bool told_to_end; /* a new one will take its place */
};

struct supervisor {
    struct sp_house house;
    struct sp_settings *settings; /* owned; house.settings is the same */
    struct kid gateway, sender, opener;
    pid_t leaving[LEAVING_MAX]; /* gateways that finish their uploads */
    struct sp_herald herald;
    struct sp_journal journal;
    int signals;
    bool ending;
};

/* --- children --- */

static int64_t
now_ms(void)
{
    return sp_mono_ms(&sp_clock_system);
}

static bool
anybody_leaving(const struct supervisor *s)
{
    for (size_t i = 0; i < LEAVING_MAX; i++)
        if (s->leaving[i] != 0)
            return true;
    return false;
}

static void
start(struct supervisor *s, struct kid *kid)
{
    s->house.alone = !anybody_leaving(s);
    kid->started = now_ms();
    kid->told_to_end = false;
    kid->pid = sp_child_start(&s->house, kid->name, kid->work);
    if (kid->pid > 0)
        return;
    sp_error(&s->house.log, "cannot fork: %s", strerror(errno));
    kid->pid = 0;
    kid->start_at = now_ms() + LONGEST_PAUSE_MS;
}

enum { KIDS = 3 };

/* Those that have to run; returns how many. An ordinary user's opener could open no more than the gateway. */
static size_t
kids_of(struct supervisor *s, struct kid *ret[KIDS])
{
    ret[0] = &s->gateway;
    ret[1] = &s->sender;
    ret[2] = &s->opener;
    return s->house.identity.root ? 3 : 2;
}

static void
start_who_is_due(struct supervisor *s)
{
    struct kid *kids[KIDS];
    size_t n = kids_of(s, kids);
    for (size_t i = 0; i < n; i++)
        if (!s->ending && kids[i]->pid == 0 && kids[i]->start_at <= now_ms())
            start(s, kids[i]);
}

static void
tell_death(const struct supervisor *s, const char *name, int status)
{
    if (WIFSIGNALED(status))
        sp_error(&s->house.log, "%s was killed by signal %d, starting it again", name, WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        sp_error(&s->house.log, "%s ended with status %d, starting it again", name, WEXITSTATUS(status));
}

static void
kid_died(struct supervisor *s, struct kid *kid, int status)
{
    bool short_life = now_ms() - kid->started < SHORT_LIFE_MS;
    bool failed = WIFSIGNALED(status) || WEXITSTATUS(status) != 0;
    kid->pid = 0;
    kid->pause = !short_life || !failed ? 0 : kid->pause == 0 ? FIRST_PAUSE_MS : kid->pause * 2;
    if (kid->pause > LONGEST_PAUSE_MS)
        kid->pause = LONGEST_PAUSE_MS;
    kid->start_at = now_ms() + kid->pause;
    if (!s->ending)
        tell_death(s, kid->name, status);
    if (!s->ending && kid == &s->gateway)
        sp_herald_died(&s->herald, SP_HERALD_GATEWAY, failed);
    if (!s->ending && kid == &s->sender)
        sp_herald_died(&s->herald, SP_HERALD_SENDER, failed);
    if (kid == &s->gateway)
        s->house.database_fresh = false; /* the spool was read, or will be found half read: as after a crash */
}

static void
bury(struct supervisor *s)
{
    int status = 0;
    for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid == s->gateway.pid)
            kid_died(s, &s->gateway, status);
        else if (pid == s->sender.pid)
            kid_died(s, &s->sender, status);
        else if (pid == s->opener.pid)
            kid_died(s, &s->opener, status);
        for (size_t i = 0; i < LEAVING_MAX; i++)
            if (pid == s->leaving[i])
                s->leaving[i] = 0;
    }
}

/* --- are they alive? --- */

static void
ask(struct supervisor *s)
{
    int64_t now = now_ms();
    if (sp_herald_asks(&s->herald, SP_HERALD_GATEWAY, now))
        sp_wake(s->house.ask_gateway_fd);
    if (sp_herald_asks(&s->herald, SP_HERALD_SENDER, now))
        sp_wake(s->house.ask_sender_fd);
    sp_herald_asked(&s->herald, now);
}

static void
hear_answers(struct supervisor *s)
{
    pid_t pid = 0;
    while (read(s->house.told_fd[0], &pid, sizeof pid) == (ssize_t)sizeof pid) {
        if (pid == s->gateway.pid && !s->gateway.told_to_end)
            sp_herald_alive(&s->herald, SP_HERALD_GATEWAY);
        else if (pid == s->sender.pid && !s->sender.told_to_end)
            sp_herald_alive(&s->herald, SP_HERALD_SENDER);
    }
}

/* Runs the migration to its end; nobody else is there yet. */
static enum sp_rc
migrate(struct supervisor *s, struct sp_err *err)
{
    int status = 0;
    pid_t pid = sp_child_start(&s->house, "migrate", sp_child_migrate);
    if (pid < 0)
        return sp_fail_errno(err, "cannot fork");
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return sp_fail_errno(err, "cannot wait for the migration");
    if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != SP_CHILD_FRESH))
        return sp_fail(err, SP_E_IO, "the database could not be made ready");
    s->house.database_fresh = WEXITSTATUS(status) == SP_CHILD_FRESH;
    return SP_OK;
}

/* --- a new configuration --- */

static enum sp_rc
same_house(const struct sp_settings *old, const struct sp_settings *new, struct sp_err *err)
{
    const struct sp_gateway_settings *a = &old->gateway, *b = &new->gateway;
    if (strcmp(a->state_dir, b->state_dir) != 0 || strcmp(a->run_dir, b->run_dir) != 0 ||
        strcmp(a->user, b->user) != 0 || strcmp(a->sender_user, b->sender_user) != 0)
        return sp_fail(err, SP_E_INVALID, "state-dir, run-dir, user and sender-user change only with a restart");
    return SP_OK;
}

static void
use(struct supervisor *s, struct sp_settings *settings)
{
    s->settings = settings;
    s->house.settings = settings;
    s->house.log.level = (enum sp_log_level)settings->gateway.log_level;
    if (settings->gateway.time_zone[0] != '\0')
        (void)setenv("TZ", settings->gateway.time_zone, 1);
    tzset();
}

static void
end_kid(struct supervisor *s, struct kid *kid, uid_t uid, int signal_)
{
    if (kid->pid == 0)
        return;
    kid->told_to_end = true;
    sp_privileges_signal(&s->house.identity, uid, kid->pid, signal_);
}

/* The old gateway finishes its uploads beside the new one; the old sender ends before the new one begins. */
static void
replace_children(struct supervisor *s)
{
    const uid_t gateway = s->house.identity.gateway_uid, sender = s->house.identity.sender_uid;
    for (size_t i = 0; i < LEAVING_MAX && s->gateway.pid != 0; i++) {
        if (s->leaving[i] != 0)
            continue;
        sp_privileges_signal(&s->house.identity, gateway, s->gateway.pid, SIGUSR1);
        s->leaving[i] = s->gateway.pid;
        s->gateway.pid = 0;
    }
    end_kid(s, &s->gateway, gateway, SIGTERM); /* too many changes in a row: this one is given seconds, not minutes */
    end_kid(s, &s->sender, sender, SIGTERM);
    end_kid(s, &s->opener, gateway, SIGTERM);
    s->house.renewed = true;
    s->house.database_fresh = false;
    s->gateway.start_at = s->sender.start_at = s->opener.start_at = now_ms();
    sp_herald_replaced(&s->herald);
}

static void
reload(struct supervisor *s)
{
    struct sp_err err = { 0 };
    struct sp_settings *next = NULL;
    struct sp_identity identity = s->house.identity;
    sp_herald_reloading(&s->herald, now_ms());
    enum sp_rc rc = sp_settings_load(s->settings->file, &next, &err);
    if (rc == SP_OK)
        rc = same_house(s->settings, next, &err);
    if (rc == SP_OK)
        rc = sp_identity_find(next, &identity, &err);
    if (rc == SP_OK)
        rc = sp_listeners_change(&s->house.listeners, s->settings, next, &err);
    if (rc != SP_OK) {
        sp_error(&s->house.log, "the new configuration is not used: %s", err.text);
        sp_settings_free(&next);
        sp_herald_refused(&s->herald, err.text);
        return;
    }
    struct sp_settings *old = s->settings;
    s->house.identity = identity;
    use(s, next);
    sp_settings_free(&old);
    sp_notice(&s->house.log, "configuration read again");
    replace_children(s);
}

/* --- the loop --- */

static void
answer_signals(struct supervisor *s)
{
    struct signalfd_siginfo info;
    while (read(s->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            bury(s);
        else if (info.ssi_signo == SIGHUP)
            reload(s);
        else
            s->ending = true;
    }
}

static int
time_to_next_start(struct supervisor *s)
{
    struct kid *kids[KIDS];
    size_t n = kids_of(s, kids);
    int timeout = sp_herald_wait(&s->herald, now_ms());
    for (size_t i = 0; i < n; i++) {
        int left = kids[i]->pid == 0 ? sp_ms_left(&sp_clock_system, kids[i]->start_at) : -1;
        if (left >= 0 && (timeout < 0 || left < timeout))
            timeout = left;
    }
    return timeout;
}

static void
wait_for_something(struct supervisor *s, int timeout)
{
    struct pollfd fds[] = { { .fd = s->signals, .events = POLLIN }, { .fd = s->house.told_fd[0], .events = POLLIN } };
    if (poll(fds, SP_LEN(fds), timeout) <= 0)
        return;
    hear_answers(s);
    if (fds[0].revents != 0)
        answer_signals(s);
}

static void
signal_all(struct supervisor *s, int signal_)
{
    const uid_t gateway = s->house.identity.gateway_uid, sender = s->house.identity.sender_uid;
    end_kid(s, &s->gateway, gateway, signal_);
    end_kid(s, &s->sender, sender, signal_);
    end_kid(s, &s->opener, gateway, signal_);
    for (size_t i = 0; i < LEAVING_MAX; i++)
        if (s->leaving[i] != 0)
            sp_privileges_signal(&s->house.identity, gateway, s->leaving[i], signal_);
}

static bool
anybody_left(const struct supervisor *s)
{
    return s->gateway.pid != 0 || s->sender.pid != 0 || s->opener.pid != 0 || anybody_leaving(s);
}

static void
end_all(struct supervisor *s)
{
    int64_t deadline = now_ms() + END_PATIENCE_MS;
    sp_info(&s->house.log, "ending");
    sp_herald_ending(&s->herald);
    signal_all(s, SIGTERM);
    while (anybody_left(s) && now_ms() < deadline)
        wait_for_something(s, sp_ms_left(&sp_clock_system, deadline));
    if (!anybody_left(s))
        return;
    sp_warn(&s->house.log, "not everything ended in time; nothing is lost by that");
    signal_all(s, SIGKILL);
}

static enum sp_rc
open_signals(struct supervisor *s, struct sp_err *err)
{
    static const int ours[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < SP_LEN(ours); i++)
        sigaddset(&set, ours[i]);
    sigaddset(&set, SIGUSR1); /* a child's; never lost between fork and its own signalfd */
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGIO, SIG_IGN); /* a lease that somebody breaks (gateway/folder*.c) */
    if (sigprocmask(SIG_SETMASK, &set, NULL) != 0)
        return sp_fail_errno(err, "cannot block signals");
    sigdelset(&set, SIGUSR1);
    s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->signals >= 0 ? SP_OK : sp_fail_errno(err, "cannot listen to signals");
}

static enum sp_rc
supervisor_open(struct supervisor *s, struct sp_err *err)
{
    struct sp_house *house = &s->house;
    (void)umask(0007);
    enum sp_rc rc = open_signals(s, err);
    if (rc == SP_OK)
        rc = sp_identity_find(house->settings, &house->identity, err);
    if (rc == SP_OK)
        rc = sp_places_make(house->settings, &house->identity, &house->lock_fd, err);
    if (rc == SP_OK)
        rc = sp_listeners_open(house->settings, &house->listeners, err);
    if (rc != SP_OK)
        return rc;
    house->wake_gateway_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    house->wake_sender_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    house->ask_gateway_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    house->ask_sender_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (house->wake_gateway_fd < 0 || house->wake_sender_fd < 0 || house->ask_gateway_fd < 0 ||
        house->ask_sender_fd < 0 || pipe2(house->life_fd, O_CLOEXEC) != 0 ||
        pipe2(house->told_fd, O_CLOEXEC | O_NONBLOCK) != 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, house->opener_fd) != 0)
        return sp_fail_errno(err, "cannot make eventfds, pipes and a socket pair");
    rc = sp_changes_pipe(house->changes_fd, err);
    return rc == SP_OK ? migrate(s, err) : rc;
}

enum sp_rc
sp_supervise(struct sp_settings **settings, struct sp_err *err)
{
    struct supervisor s = {
        .house = { .log = { .who = "supervisor", .fd = STDERR_FILENO }, .supervisor = getpid(), .lock_fd = -1 },
        .gateway = { .name = "gateway", .work = sp_child_gateway },
        .sender = { .name = "sender", .work = sp_child_sender },
        .opener = { .name = "opener", .work = sp_child_opener },
    };
    if (sp_journal_open(&s.journal, STDERR_FILENO, SP_JOURNAL_SOCKET))
        s.house.log.journal = &s.journal;
    use(&s, SP_STEAL(*settings));
    sp_herald_start(&s.herald, now_ms());
    enum sp_rc rc = supervisor_open(&s, err);
    while (rc == SP_OK && !s.ending) {
        start_who_is_due(&s);
        ask(&s);
        wait_for_something(&s, time_to_next_start(&s));
    }
    if (rc == SP_OK)
        end_all(&s);
    sp_listeners_close(&s.house.listeners);
    sp_settings_free(&s.settings);
    sp_journal_close(&s.journal);
    return rc;
}
