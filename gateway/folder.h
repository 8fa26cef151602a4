/* folder.h - what the files about drop folders share; nobody else includes it.
 *
 *   folders.c        start, stop, status; the worker threads and what passes between them and the watcher
 *   folder_watch.c   the watcher thread: what is quiet, what is due, what came of it
 *   folder_notice.c  what is there: inotify, looks into the folder, opening and closing it
 *   folder_status.c  what people see
 *   folder_dirs.c    opening a folder and its .scanpost, and whether it still is what it was
 *   folder_take.c    one file's way, on a worker thread
 *   folder_claim.c   writers, claims and their names
 *   folder_notes.c   rejected files, and notes for the person at the copier
 *
 * A folder and its table of names belong to the watcher. A worker sees a struct sp_take and nothing else; what people
 * ask for (status) is under a lock. */
#ifndef SP_GATEWAY_FOLDER_H
#define SP_GATEWAY_FOLDER_H

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/ulid.h"
#include "gateway/folders.h"
#include "gateway/pending.h"

struct sp_folder_settings;
struct sp_intake_request;

enum { SP_WORKERS = 3, SP_HANDED_MAX = 2 * SP_WORKERS, SP_PENDING_MAX = 20000 };

/* Tests are in more of a hurry. */
struct sp_folder_times {
    int64_t rescan_ms;      /* a look into a folder that inotify watches, as a net */
    int64_t look_again_ms;  /* at a folder that cannot be used */
    int64_t poll_min_ms;    /* between two looks where inotify is blind */
    int64_t patience_ms;    /* how long a file without its end may be quiet, at least */
    int64_t backoff_max_ms; /* between two tries of a file that cannot be taken */
    int64_t probe_ms;       /* within this time inotify must have reported the probe */
};
extern const struct sp_folder_times sp_folder_times_usual;

enum sp_rc sp_folders_start_timed(const struct sp_settings *settings, struct sp_intake *intake,
                                  const struct sp_clock *clock, const struct sp_log *log,
                                  const struct sp_folder_times *times, const struct sp_folder_opener *opener,
                                  struct sp_folders **ret, struct sp_err *err);

/* ---- folder_dirs.c ---- */

/* An open folder, shared by the watcher and the files in hand: the last one to drop it closes it. */
struct sp_folder_dirs {
    int dir, claims; /* the folder, and .scanpost in it */
    atomic_uint users;
};
/* SP_E_NOTFOUND, SP_E_DENIED, SP_E_IO, with words for the admin. */
enum sp_rc sp_folder_dirs_open(const char *path, struct sp_folder_dirs **ret, struct sp_err *err);
struct sp_folder_dirs *sp_folder_dirs_share(struct sp_folder_dirs *dirs);
void sp_folder_dirs_drop(struct sp_folder_dirs **dirs);
/* Whether the path still leads to the directory that is open. */
bool sp_folder_dirs_current(const struct sp_folder_dirs *dirs, const char *path);
/* On a file system that other machines write to, inotify does not hear them. */
bool sp_folder_dirs_remote(const struct sp_folder_dirs *dirs);
/* Makes and removes a file that inotify must report under this name. */
enum sp_rc sp_folder_probe(const struct sp_folder_dirs *dirs, struct sp_err *err);
#define SP_PROBE_NAME ".scanpost-probe"
/* Names that are left alone: hidden ones, what editors and Windows leave about, and our own notes. */
bool sp_folder_ignores(const char *name);

/* ---- folder_claim.c ---- */

enum sp_writers { SP_WRITERS_NONE, SP_WRITERS_SOME, SP_WRITERS_UNKNOWN };
/* Whether anybody has the file open for writing; UNKNOWN where leases do not work. */
enum sp_writers sp_file_writers(int fd);
/* "ULID~name", the name cut so that the whole is a file name. */
void sp_claim_name(const char *id, const char *name, char ret[NAME_MAX + 1]);
/* false when it is none; *ret_name points into claim. */
bool sp_claim_parse(const char *claim, char ret_id[SP_ULID_SIZE], const char **ret_name);
/* Renames, never over another file. SP_E_NOTFOUND: it is not there any more. */
enum sp_rc sp_claim_make(const struct sp_folder_dirs *dirs, const char *name, const char *claim, struct sp_err *err);
/* Makes the rename durable. Before the job is: were the rename undone by a power cut after that, the file would be back
 * under its old name, and become a second job. */
enum sp_rc sp_claim_sync(const struct sp_folder_dirs *dirs, struct sp_err *err);
enum sp_rc sp_claim_remove(const struct sp_folder_dirs *dirs, const char *claim, struct sp_err *err);

/* ---- folder_take.c ---- */

enum sp_take_verdict {
    SP_TAKE_TAKEN,
    SP_TAKE_REJECTED,
    SP_TAKE_GONE,    /* not there any more, or nothing to take */
    SP_TAKE_WAIT,    /* not ready: after wait_ms again */
    SP_TAKE_TROUBLE, /* err says why; to be tried again */
};
struct sp_take {
    const struct sp_folder_settings *set;
    struct sp_folder_dirs *dirs;
    char name[NAME_MAX + 1]; /* in the folder, or of a claim */
    bool claim;
    char id[SP_ULID_SIZE];
    struct sp_seen seen; /* how it looked when it was found quiet */
    int64_t quiet_ms;    /* for how long it was */

    enum sp_take_verdict verdict;
    int64_t wait_ms;
    char claimed[NAME_MAX + 1]; /* what it is called in .scanpost now; "" : it was not claimed */
    struct sp_err err;          /* of TROUBLE; of REJECTED: the reason */

    struct sp_folder *folder; /* for the watcher */
    struct sp_pending *entry;
    struct sp_take *next; /* in a queue */
};
struct sp_taker {
    struct sp_intake *intake;
    const struct sp_folder_times *times;
    const struct sp_log *log;
    const struct sp_folder_opener *opener; /* NULL: none */
};
void sp_folder_take(const struct sp_taker *taker, struct sp_take *take);
/* What a file of this folder asks of the intake. */
void sp_folder_request(const struct sp_folder_settings *set, struct sp_intake_request *ret);

/* ---- folder_notes.c ---- */

/* Moves a claim to rejected/ and writes down the reason beside it. */
enum sp_rc sp_folder_reject(const struct sp_folder_dirs *dirs, const char *claim, const char *reason,
                            struct sp_err *err);

/* ---- folders.c and folder_watch.c ---- */

enum sp_folder_ears { SP_EARS_NONE, SP_EARS_PROBING, SP_EARS_PROVEN }; /* what inotify is good for here */

struct sp_folder {
    const struct sp_folder_settings *set;
    struct sp_folder_dirs *dirs; /* NULL: not usable now */
    struct sp_pending_table *pending;
    enum sp_folder_ears ears;
    int wd;                        /* of inotify; -1: none */
    int64_t next_look;             /* mono ms: into the folder, or at it when it is not usable */
    int64_t probe_until;           /* while probing */
    bool left_out;                 /* names that did not fit into the table */
    bool deaf;                     /* inotify missed a file here once: not asked again */
    struct sp_folder_status shown; /* under the lock of the house */
};

struct sp_folders {
    const struct sp_settings *settings;
    struct sp_taker taker;
    const struct sp_clock *clock;
    struct sp_folder *folders;
    size_t n_folders;
    int inotify, wake; /* wake: an eventfd for the watcher */
    pthread_t watcher, workers[SP_WORKERS];
    struct sp_take *handed[SP_HANDED_MAX]; /* the watcher's: what is in the workers' hands */
    size_t n_handed;

    pthread_mutex_t lock; /* for what follows, and for folders[].shown */
    pthread_cond_t work;
    struct sp_take *todo, **todo_end, *done;
    bool stopping;
    bool halted; /* its owner's: the threads have ended */
};
void *sp_folder_watch(void *folders); /* the watcher's thread */
void sp_folders_hand(struct sp_folders *house, struct sp_take *take);
/* What the workers are done with. When stopping, also what no worker began, as GONE: its file stays where it is. */
struct sp_take *sp_folders_collect(struct sp_folders *house, bool *ret_stopping);

/* ---- folder_notice.c: for the watcher ---- */

/* How a file came to our notice. */
enum sp_notice {
    SP_BY_LOOK,  /* it was there when we looked, and inotify ought to have told us */
    SP_AT_FIRST, /* it was there when we looked, and nobody was asked to tell us */
    SP_BY_EVENT, /* it was written */
    SP_BY_CLOSE, /* it was closed after writing, or moved here: may be finished */
};
void sp_folder_open(struct sp_folders *house, struct sp_folder *folder);
/* The names are forgotten, except those that workers have; they are found again when the folder is back. */
void sp_folder_close(struct sp_folders *house, struct sp_folder *folder);
void sp_folder_look(struct sp_folders *house, struct sp_folder *folder, enum sp_notice how);
void sp_folder_begin_waiting(const struct sp_folder *folder, struct sp_pending *entry, const struct sp_seen *seen,
                             int64_t now);
void sp_folder_end_probing(struct sp_folders *house, struct sp_folder *folder, bool heard);
/* inotify said nothing about a file that has been here for a while: it hears only what this machine does. */
void sp_folder_stop_trusting(struct sp_folders *house, struct sp_folder *folder);
void sp_folders_hear(struct sp_folders *house); /* reads all that inotify has to say */

/* ---- folder_status.c: for the watcher ---- */

/* Logged when it changes, not every time it is found again. "" : all is well. */
void sp_folder_set_trouble(struct sp_folders *house, struct sp_folder *folder, const char *trouble);
void sp_folder_set_ears(struct sp_folders *house, struct sp_folder *folder, enum sp_folder_ears ears);
/* A source went on with a file that had been quiet for so long after it was closed. */
void sp_folder_advise_settle(struct sp_folders *house, struct sp_folder *folder, int64_t pause);
void sp_folder_count(struct sp_folders *house, struct sp_folder *folder, const struct sp_take *take);
void sp_folders_show_waiting(struct sp_folders *house);

#endif
