/* folder.h - what the files about drop folders share; nobody else includes it.
 *
 *   folders.c        start, stop, status; the worker threads and what passes between them and the watcher
 *   folder_watch.c   the watcher thread: what is quiet, what is due, what came of it
 *   folder_set.c     which files make one scan, and whether all of them are there
 *   folder_notice.c  what is there: looks into the folder, opening and closing it
 *   folder_ears.c    what inotify says, and whether it can be trusted
 *   folder_subs.c    sub-folders
 *   folder_status.c  what people see
 *   folder_dirs.c    opening a folder and its .scanpost, and whether it still is what it was
 *   folder_take.c    from the folder to the claim, on a worker thread
 *   folder_store.c   from the claim to the job, on the same
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
#include <sys/stat.h>

#include "base/shared_sync.h"
#include "base/ulid.h"
#include "gateway/content.h"
#include "gateway/folders.h"
#include "gateway/pending.h"

struct sp_folder_settings;
struct sp_intake_request;

enum {
    SP_WORKERS = 8, /* most of their time is the disk's, which serves them together */
    SP_HANDED_MAX = 2 * SP_WORKERS,
    SP_PENDING_MAX = 20000,
    SP_SET_MAX = 1000, /* documents of one scan, as many as the intake takes */
    SP_SUBS_MAX = 5000,
    SP_GONE_KEPT = 16,
};

#define SP_CLAIMS_NAME   ".scanpost"
#define SP_REJECTED_NAME "rejected"

/* Tests are in more of a hurry. */
struct sp_folder_times {
    int64_t rescan_ms;      /* a look into a folder that inotify watches, as a net */
    int64_t look_again_ms;  /* at a folder that cannot be used */
    int64_t poll_min_ms;    /* between two looks where inotify is blind */
    int64_t patience_ms;    /* how long a file without its end may be quiet, at least */
    int64_t backoff_max_ms; /* between two tries of a file that cannot be taken */
    int64_t probe_ms;       /* within this time inotify must have reported the probe */
    int64_t sweep_ms;       /* an empty file that is so old goes: a copier's test whether it may write here */
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
    struct sp_shared_sync dir_sync, claims_sync;
    atomic_uint users;
};
/* SP_E_NOTFOUND, SP_E_DENIED, SP_E_IO, with words for the admin. */
enum sp_rc sp_folder_dirs_open(const char *path, struct sp_folder_dirs **ret, struct sp_err *err);
/* A sub-folder, whose claims are in .scanpost/SUB; "": the folder itself. Never follows a link: SP_E_NOTFOUND. */
enum sp_rc sp_folder_dirs_open_sub(struct sp_folder_dirs *folder, const char *sub, struct sp_folder_dirs **ret,
                                   struct sp_err *err);
struct sp_folder_dirs *sp_folder_dirs_share(struct sp_folder_dirs *dirs);
void sp_folder_dirs_drop(struct sp_folder_dirs **dirs);
/* Whether the path still leads to the directory that is open, we may still use it, and .scanpost in it is ours. */
bool sp_folder_dirs_current(const struct sp_folder_dirs *dirs, const char *path);
/* Whether both are the same directory, by whatever names. */
bool sp_folder_dirs_equal(const struct sp_folder_dirs *a, const struct sp_folder_dirs *b);
/* On a file system that other machines write to, inotify does not hear them. */
bool sp_folder_dirs_remote(const struct sp_folder_dirs *dirs);
/* Makes and removes a file that inotify must report under this name. */
enum sp_rc sp_folder_probe(const struct sp_folder_dirs *dirs, struct sp_err *err);
#define SP_PROBE_NAME ".scanpost-probe"
/* Names that are left alone: hidden ones, what editors and Windows leave about, and our own notes. */
bool sp_folder_ignores(const char *name);
/* Those of them that somebody is going to rename when they are whole. */
bool sp_folder_unfinished(const char *name);

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
/* Several files under one claim: a directory of that name. It is called ULID+name until all are in it; when one of them
 * is not there any more, the others go back. */
struct sp_take_file;
enum sp_rc sp_claim_make_set(const struct sp_folder_dirs *dirs, const struct sp_take_file *files, size_t n,
                             const char *claim, struct sp_err *err);
/* A set that a crash left half full: its files go back. What cannot, because its name is used again, becomes a claim of
 * its own. false: the name is not one of those. */
bool sp_claim_undo_set(const struct sp_folder_dirs *dirs, const char *name);
/* A link, or whatever else was put in a file's place in the moment of the rename, goes back, or away when its name is
 * used again. What is a file or a directory stays. */
void sp_claim_give_back(const struct sp_folder_dirs *dirs, const char *claim);
/* Makes the rename durable. Before the job is: were the rename undone by a power cut after that, the file would be back
 * under its old name, and become a second job. */
enum sp_rc sp_claim_sync(struct sp_folder_dirs *dirs, struct sp_err *err);
/* When the job is stored. Not synced: should a power cut bring the claim back, its id says that it is a job already. */
enum sp_rc sp_claim_remove(const struct sp_folder_dirs *dirs, const char *claim, struct sp_err *err);

/* ---- folder_take.c ---- */

enum sp_take_verdict {
    SP_TAKE_TAKEN,
    SP_TAKE_REJECTED,
    SP_TAKE_GONE,    /* not there any more, or nothing to take */
    SP_TAKE_WAIT,    /* not ready: after wait_ms again */
    SP_TAKE_TROUBLE, /* err says why; to be tried again */
};
enum sp_take_kind {
    SP_TAKE_FILES,
    SP_TAKE_FOLDER, /* one that holds pages */
    SP_TAKE_CLAIM,
};
struct sp_take_file {
    char name[NAME_MAX + 1];
    struct sp_seen seen;      /* how it looked when it was found quiet */
    struct sp_pending *entry; /* the watcher's */
};
struct sp_take {
    const struct sp_folder_settings *set;
    struct sp_folder_dirs *dirs, *here; /* of the folder; of the sub-folder, the worker's */
    enum sp_take_kind kind;
    char sub[NAME_MAX + 1];  /* "" : none */
    char name[NAME_MAX + 1]; /* the claim; or what a claim will be called after */
    char id[SP_ULID_SIZE];
    int64_t quiet_ms; /* for how long it was */

    enum sp_take_verdict verdict;
    int64_t wait_ms;
    char claimed[NAME_MAX + 1]; /* what it is called in .scanpost now; "" : it was not claimed */
    struct sp_err err;          /* of TROUBLE; of REJECTED: the reason */

    struct sp_folder *folder; /* for the watcher */
    struct sp_take *next;     /* in a queue */
    size_t n_files;
    struct sp_take_file files[]; /* in order, a sidecar last; the folder of pages or the claim alone */
};
struct sp_taker {
    struct sp_intake *intake;
    const struct sp_settings *settings;
    const struct sp_folder_times *times;
    const struct sp_log *log;
    const struct sp_folder_opener *opener; /* NULL: none */
};
void sp_folder_take(const struct sp_taker *taker, struct sp_take *take);
/* By our own rights, else by those of the opener. path: from the folder on, links are not followed; what is below
 * .scanpost is looked for in the one that is open. -1 and errno. */
int sp_folder_open_file(const struct sp_taker *taker, const struct sp_folder_settings *set,
                        const struct sp_folder_dirs *dirs, const char *path);

/* An open file, and how it looked when it was opened. */
struct sp_dropped {
    int fd;
    struct stat info;
    struct sp_content content;
};
void sp_dropped_close(struct sp_dropped *file);
/* Opens what must be a regular file with something in it. false: take->verdict says what else. */
bool sp_dropped_open(const struct sp_taker *taker, struct sp_take *take, const char *path, struct sp_dropped *file);
/* All regular files of a folder of pages: their sizes together, the youngest of their times. Locked: one of them says
 * that more will come. false: it is none. */
bool sp_folder_pages_seen(int dir, const char *path, struct sp_seen *ret, bool *ret_locked);

/* ---- folder_store.c ---- */

/* take->claimed is a claim: makes a job of it, or rejects it, or leaves it to be tried again. */
void sp_folder_store(const struct sp_taker *taker, struct sp_take *take);
/* What a file of this folder asks of the intake. */
void sp_folder_request(const struct sp_folder_settings *set, struct sp_intake_request *ret);

/* ---- folder_notes.c ---- */

/* Moves a claim to rejected/ and writes down the reason beside it. */
enum sp_rc sp_folder_reject(const struct sp_folder_dirs *dirs, const char *claim, const char *reason,
                            struct sp_err *err);

/* ---- folders.c and folder_watch.c ---- */

enum sp_folder_ears { SP_EARS_NONE, SP_EARS_PROBING, SP_EARS_PROVEN }; /* what inotify is good for here */

struct sp_sub {
    char *name;
    int wd;     /* of inotify; -1: none */
    bool heard; /* inotify had its ear here since we last looked */
};

struct sp_gone {   /* a file that was taken */
    unsigned name; /* its hash */
    int64_t changed;
};

struct sp_folder {
    const struct sp_folder_settings *set;
    struct sp_folder_dirs *dirs; /* NULL: not usable now */
    struct sp_pending_table *pending;
    enum sp_folder_ears ears;
    int wd;              /* of inotify; -1: none */
    int64_t next_look;   /* mono ms: into the folder, or at it when it is not usable */
    int64_t probe_until; /* while probing */
    bool left_out;       /* names that did not fit into the table */
    bool deaf;           /* inotify missed a file here once: not asked again */
    struct sp_sub *subs; /* sub-folders that are people's */
    size_t n_subs;
    struct sp_gone gone[SP_GONE_KEPT]; /* the last ones, in a ring */
    size_t n_gone;
    char blocked[256];                /* a directory in it that cannot be used, in words; "" */
    const struct sp_pending *speaker; /* whose trouble is shown; of several one is enough */
    struct sp_folder_status shown;    /* under the lock of the house */
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

/* ---- folder_set.c: for the watcher ---- */

enum sp_readiness { SP_READY, SP_NOT_YET, SP_GONE };
/* Whether the file behind an entry still looks as it did when its quiet time began. NOT_YET: it waits anew. GONE: the
 * entry is removed. */
enum sp_readiness sp_folder_check(struct sp_folders *house, struct sp_folder *folder, struct sp_pending *entry);
/* The scan that an entry is part of, which is due and was checked: *ret holds *ret_n entries in order, to be freed.
 * NULL when it is not complete yet; then the entry has a new time. */
struct sp_pending **sp_folder_gather(struct sp_folders *house, struct sp_folder *folder, struct sp_pending *entry,
                                     size_t *ret_n);
/* The entry is not wanted any more. */
void sp_folder_forget(struct sp_folders *house, struct sp_folder *folder, struct sp_pending *entry);

/* ---- folder_notice.c: for the watcher ---- */

/* How a file came to our notice. */
enum sp_notice {
    SP_BY_LOOK,  /* it was there when we looked, and inotify ought to have told us */
    SP_AT_FIRST, /* it was there when we looked, and nobody was asked to tell us */
    SP_BY_EVENT, /* it was written */
    SP_BY_CLOSE, /* it was closed after writing, or moved here: may be finished */
};
enum { SP_FOLDER_PATH_MAX = 2 * NAME_MAX + 2 }; /* "SUB/NAME" */
/* "SUB/NAME"; "NAME" when sub is "". */
void sp_folder_path(char ret[SP_FOLDER_PATH_MAX], const char *sub, const char *name);
void sp_folder_open(struct sp_folders *house, struct sp_folder *folder);
/* The names are forgotten, except those that workers have; they are found again when the folder is back. */
void sp_folder_close(struct sp_folders *house, struct sp_folder *folder);
void sp_folder_look(struct sp_folders *house, struct sp_folder *folder, enum sp_notice how);
void sp_folder_look_into(struct sp_folders *house, struct sp_folder *folder, const char *sub, enum sp_notice how);
void sp_folder_notice(struct sp_folders *house, struct sp_folder *folder, const char *sub, const char *name,
                      enum sp_notice how);
void sp_folder_begin_waiting(const struct sp_folder *folder, struct sp_pending *entry, const struct sp_seen *seen,
                             int64_t now);
int64_t sp_folder_look_interval(const struct sp_folders *house, const struct sp_folder *folder);

/* ---- folder_ears.c: for the watcher ---- */

/* Asks inotify, and puts it to the proof. */
void sp_folder_listen(struct sp_folders *house, struct sp_folder *folder);
void sp_folder_stop_listening(struct sp_folders *house, struct sp_folder *folder);
/* A watch for a sub-folder; -1: nobody listens here, or it cannot be had. */
int sp_folder_listen_to_sub(struct sp_folders *house, struct sp_folder *folder, const char *sub);
void sp_folder_end_probing(struct sp_folders *house, struct sp_folder *folder, bool heard);
/* inotify said nothing about a file that has been here for a while: it hears only what this machine does. */
void sp_folder_stop_trusting(struct sp_folders *house, struct sp_folder *folder);
void sp_folders_hear(struct sp_folders *house); /* reads all that inotify has to say */

/* ---- folder_subs.c: for the watcher ---- */

/* A directory in a folder that takes its sub-folders for people: it is watched, and looked into when it is new. */
void sp_folder_add_sub(struct sp_folders *house, struct sp_folder *folder, const char *name);
/* Those that are gone are dropped; those that could not be listened to are asked again. */
void sp_folder_tend_subs(struct sp_folders *house, struct sp_folder *folder);
void sp_folder_drop_subs(struct sp_folders *house, struct sp_folder *folder);
struct sp_sub *sp_folder_sub_by_wd(const struct sp_folder *folder, int wd);

/* ---- folder_status.c: for the watcher ---- */

/* Logged when it changes, not every time it is found again. "" : all is well. */
void sp_folder_set_trouble(struct sp_folders *house, struct sp_folder *folder, const char *trouble);
/* The trouble of one file. Of several in trouble one is shown and logged, until it is well again. */
void sp_folder_set_file_trouble(struct sp_folders *house, struct sp_folder *folder, const struct sp_pending *entry,
                                const char *trouble);
/* When no file is in trouble any more: what else there is, or that all is well. */
void sp_folder_calm(struct sp_folders *house, struct sp_folder *folder);
void sp_folder_set_ears(struct sp_folders *house, struct sp_folder *folder, enum sp_folder_ears ears);
/* A source went on with a file that had been quiet for so long after it was closed. */
void sp_folder_advise_settle(struct sp_folders *house, struct sp_folder *folder, int64_t pause);
void sp_folder_count(struct sp_folders *house, struct sp_folder *folder, const struct sp_take *take);
void sp_folders_show_waiting(struct sp_folders *house);

#endif
