/* child.h - what every child process gets from the supervisor, and how it starts. */
#ifndef SP_DAEMON_CHILD_H
#define SP_DAEMON_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/log.h"
#include "gateway/daemon/listeners.h"
#include "gateway/daemon/privileges.h"

struct sp_settings;

/* Signals to a child: SIGTERM, end within seconds; SIGUSR1, a successor is there, finish what you have in hand. */
struct sp_house {
    const struct sp_settings *settings;
    struct sp_identity identity;
    struct sp_listeners listeners;
    struct sp_log log;                   /* of the process that reads this */
    int wake_gateway_fd, wake_sender_fd; /* eventfds */
    int changes_fd[2]; /* a pipe: both processes tell what they wrote, the gateway reads (db/changes.h) */
    int life_fd[2];    /* a pipe whose writing end only the supervisor has: end of file means that it is gone */
    int opener_fd[2];  /* a socket pair: the gateway asks at [0], the opener answers at [1] */
    int ask_gateway_fd, ask_sender_fd; /* eventfds: the supervisor asks whether the main loop comes round */
    int told_fd[2];                    /* a pipe: at [1] children answer, each with its pid */
    int lock_fd;                       /* the supervisor's; children close it */
    pid_t supervisor;
    bool database_fresh; /* migration made it just now */
    bool renewed;        /* configuration was read again since the sender before */
    bool alone;          /* no gateway process before this one is still finishing */
};

/* The work of a child; returns its exit status. */
typedef int sp_child_fn(struct sp_house *house);

int sp_child_migrate(struct sp_house *house); /* 0: migrated, SP_CHILD_FRESH: and made just now, 1: failed */
int sp_child_gateway(struct sp_house *house);
int sp_child_sender(struct sp_house *house);
int sp_child_opener(struct sp_house *house);
enum { SP_CHILD_FRESH = 3 };

/* Forks. In the child: the signals it listens to, the name it has in ps and log; then fn; never returns there. -1: no
 * process could be made, told by errno. */
pid_t sp_child_start(struct sp_house *house, const char *name, sp_child_fn *fn);

/* A descriptor that becomes readable when one of the child's signals came, and which one it was. */
int sp_child_signals(void);
int sp_child_signal_read(int fd);
/* The main loop came round, for the first time or because it was asked. */
void sp_child_alive(const struct sp_house *house);
/* Takes state-dir/name, waiting for a predecessor. SP_E_CLOSED: told to stop meanwhile. */
enum sp_rc sp_child_lock(const struct sp_house *house, const char *name, int stop_fd, int *ret_fd, struct sp_err *err);

#endif
