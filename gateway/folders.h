/* folders.h - drop folders: a copier writes a file there, and it becomes a job.
 *
 * One thread watches all folders (inotify, and a slow rescan as a net; polling where inotify is blind), a few workers
 * take files. A file's way:
 *
 *   seen -> quiet for `settle` -> no writer (F_RDLCK lease) -> content whole to its end
 *        -> renamed to FOLDER/.scanpost/ULID~name (the claim) -> looked at again -> copied and hashed into the spool
 *        -> committed -> the claim removed
 *
 * Several files may be one scan: pages (group = pages), documents and their sidecar; they are claimed as one directory.
 * Sub-folders may be people's (recipient-from = subfolder): FOLDER/NAME/scan.pdf is "NAME/scan.pdf" in what follows.
 *
 * A claim that a crash left is finished at start under the ULID in its name, so one scan makes one job. What is
 * readable but cannot be taken moves to FOLDER/rejected/ beside a NAME.txt that says why. No room, or a database that
 * does not answer: the file stays, and is tried again. */
#ifndef SP_GATEWAY_FOLDERS_H
#define SP_GATEWAY_FOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_clock;
struct sp_folders;
struct sp_intake;
struct sp_job;
struct sp_log;
struct sp_settings;

/* Opens dropped files that our own rights do not reach: a copier's own user, mode 0600. path: from the folder of that
 * name on, without links, at most SP_OPENER_DEPTH parts (.scanpost/SUB/CLAIM/NAME). Returns a descriptor for reading,
 * or -1 and errno. Calls come from several threads. */
enum { SP_OPENER_DEPTH = 4 };
struct sp_folder_opener {
    int (*open)(void *context, const char *folder, const char *path);
    void *context;
};

/* Finishes old claims, then watches. A folder that is missing or not usable is a trouble of that folder (status), not a
 * failure here. opener may be NULL. Borrows everything. */
enum sp_rc sp_folders_start(const struct sp_settings *settings, struct sp_intake *intake, const struct sp_clock *clock,
                            const struct sp_log *log, const struct sp_folder_opener *opener, struct sp_folders **ret,
                            struct sp_err *err);
/* Takes no new file, finishes the ones in hand, ends the threads; status can still be asked for. Accepts NULL, and a
 * second call. */
void sp_folders_halt(struct sp_folders *folders);
/* Halts, and frees. Accepts NULL; leaves NULL. */
void sp_folders_stop(struct sp_folders **folders);

struct sp_folder_status {
    const char *name, *path, *watch; /* watch: "inotify" or "poll" */
    int64_t last_scan;               /* wall ms of the last file taken; 0: never */
    uint64_t taken, rejected;
    size_t waiting;            /* files seen and not settled yet */
    size_t subfolders;         /* that are people's */
    char trouble[256];         /* "" : none */
    int64_t advised_settle_ms; /* a source reopened files after they seemed finished: what would fit; 0: nothing */
};
size_t sp_folders_count(const struct sp_folders *folders);
void sp_folders_status(struct sp_folders *folders, size_t index, struct sp_folder_status *ret);

/* Writes FOLDER/NAME.FAILED.txt for a job that failed for good: why, and what to do. Never overwrites anything but an
 * older note of ours, never follows a link. */
enum sp_rc sp_folders_note(struct sp_folders *folders, const struct sp_job *job, struct sp_err *err);

#endif
