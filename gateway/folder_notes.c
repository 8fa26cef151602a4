/* folder_notes.c - words for the person at the copier, in the folder where the scan was dropped. Anybody may put files
 * and links there, so nothing is followed and nothing is overwritten but a note of our own, which its first line tells.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/settings.h"
#include "base/str.h"
#include "base/text.h"
#include "db/job.h"
#include "gateway/folder.h"
#include "gateway/route.h"

static const char first_line[] = "scanpost: this scan was not sent\n";
#define REJECTED_NAME SP_REJECTED_NAME
#define FAILED_SUFFIX ".FAILED.txt"
enum { TRIES = 10000, NUMBER_ROOM = 6 /* "-9999" */ };

/* Who may read the folder may read what we put there. */
static void
share_like(int fd, int dir, mode_t mask)
{
    struct stat info;
    if (fstat(dir, &info) == 0)
        (void)fchmod(fd, info.st_mode & mask);
}

/* Several files that were claimed together stay together, in a directory that was ours alone until now. */
static void
share_directory(int parent, const char *name)
{
    SP_AUTO_CLOSE int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0)
        share_like(fd, parent, 07777);
}

/* Windows' Notepad is where these are read. */
static enum sp_rc
write_text(int fd, const char *text, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str lines = { 0 };
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            sp_str_add_char(&lines, '\r');
        sp_str_add_char(&lines, *text);
    }
    if (lines.failed)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    return sp_io_write_all(fd, sp_str_text(&lines), lines.len, err);
}

/* ---- rejected/ ---- */

static enum sp_rc
open_rejected(int dir, int *ret_fd, struct sp_err *err)
{
    bool made = mkdirat(dir, REJECTED_NAME, 0770) == 0;
    if (!made && errno != EEXIST)
        return sp_fail_errno(err, "cannot make " REJECTED_NAME "/");
    int fd = openat(dir, REJECTED_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return sp_fail_errno(err, "cannot open " REJECTED_NAME "/");
    if (made)
        share_like(fd, dir, 07777);
    *ret_fd = fd;
    return SP_OK;
}

/* "scan.pdf", then "scan-1.pdf", "scan-2.pdf"; cut so that ".txt" fits behind it. */
static void
numbered_name(char buffer[NAME_MAX + 1], const char *name, int number)
{
    const char *dot = strrchr(name, '.');
    size_t tail = dot == NULL || dot == name || strlen(dot) > 10 ? 0 : strlen(dot);
    size_t room = NAME_MAX - strlen(".txt") - NUMBER_ROOM - tail, stem = strlen(name) - tail;
    char digits[16] = "";
    if (number > 0)
        snprintf(digits, sizeof(digits), "-%d", number);
    snprintf(buffer, NAME_MAX + 1, "%.*s%s%s", (int)(stem < room ? stem : room), name, digits,
             name + strlen(name) - tail);
}

/* The note reserves the name, then the file goes beside it. SP_E_CONFLICT: one of the two names is taken. */
static enum sp_rc
reject_as(const struct sp_folder_dirs *dirs, int rejected, const char *claim, const char *name, const char *reason,
          struct sp_err *err)
{
    char note[NAME_MAX + 1];
    snprintf(note, sizeof(note), "%.*s.txt", NAME_MAX - 4, name);
    SP_AUTO_CLOSE int fd = openat(rejected, note, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0660);
    if (fd < 0)
        return errno == EEXIST ? sp_fail(err, SP_E_CONFLICT, "name taken") : sp_fail_errno(err, "cannot write a note");
    share_like(fd, rejected, 0666);
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    sp_str_add(&text, "scanpost did not take ");
    sp_utf8_repair(&text, name, strlen(name), true);
    sp_str_add(&text, ".\n\nWhy: ");
    sp_str_add(&text, reason);
    sp_str_add(&text,
               "\n\nNothing was sent. The scan is beside this note. When the cause is mended, move it back into the "
               "folder, or scan again.\n");
    enum sp_rc rc = write_text(fd, sp_str_text(&text), err);
    if (rc == SP_OK && renameat2(dirs->claims, claim, rejected, name, RENAME_NOREPLACE) != 0)
        rc = errno == EEXIST ? sp_fail(err, SP_E_CONFLICT, "name taken")
                             : sp_fail_errno(err, "cannot move a file to " REJECTED_NAME "/");
    if (rc != SP_OK)
        unlinkat(rejected, note, 0);
    else
        share_directory(rejected, name);
    return rc;
}

enum sp_rc
sp_folder_reject(const struct sp_folder_dirs *dirs, const char *claim, const char *reason, struct sp_err *err)
{
    char id[SP_ULID_SIZE], numbered[NAME_MAX + 1];
    const char *name = claim;
    SP_AUTO_CLOSE int rejected = -1;
    sp_claim_parse(claim, id, &name);
    enum sp_rc rc = open_rejected(dirs->dir, &rejected, err);
    if (rc != SP_OK)
        return rc;
    rc = SP_E_CONFLICT;
    for (int number = 0; rc == SP_E_CONFLICT && number < TRIES; number++) {
        numbered_name(numbered, name, number);
        rc = reject_as(dirs, rejected, claim, numbered, reason, err);
    }
    return rc == SP_OK ? sp_io_sync(rejected, REJECTED_NAME, err) : rc;
}

/* ---- NAME.FAILED.txt ---- */

/* Why, in the words of the last attempt that failed; what to do, if it said. */
static void
add_reason(struct sp_str *text, const struct sp_job *job)
{
    const struct sp_job_attempt *last = NULL;
    for (size_t i = 0; i < job->n_attempts; i++)
        if (job->attempts[i].outcome != SP_OUTCOME_ACCEPTED)
            last = &job->attempts[i];
    const char *why = last != NULL && *last->summary != '\0' ? last->summary : job->trouble;
    sp_str_addf(text, "Why:   %s\n", *why != '\0' ? why : "unknown; the administrator can see more");
    if (last != NULL && *last->reply != '\0')
        sp_str_addf(text, "The mail server said:\n       %s\n", last->reply);
    if (last != NULL && *last->fix != '\0')
        sp_str_addf(text, "\nWhat to do:\n%s\n", last->fix);
}

static void
add_recipients(struct sp_str *text, const struct sp_job *job)
{
    enum { LISTED = 10 };
    size_t listed = 0, failed = 0;
    sp_str_add(text, "For:   ");
    for (size_t i = 0; i < job->n_recipients; i++) {
        if (job->recipients[i].state == SP_RECIPIENT_SENT)
            continue;
        if (failed++ < LISTED)
            sp_str_addf(text, "%s%s", listed++ > 0 ? ", " : "", job->recipients[i].address);
    }
    if (failed > listed)
        sp_str_addf(text, " and %zu more", failed - listed);
    sp_str_add(text, "\n");
}

static char *
note_text(const struct sp_settings *settings, const struct sp_job *job)
{
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    char time[32];
    int offset = 0;
    sp_office_time(job->created, settings->gateway.time_zone, time, &offset);
    sp_str_add(&text, first_line);
    sp_str_add(&text, "\nFile:  ");
    sp_utf8_repair(&text, job->folder_name, strlen(job->folder_name), true);
    sp_str_addf(&text, "\nTaken: %s\n", time);
    add_recipients(&text, job);
    add_reason(&text, job);
    sp_str_addf(
        &text,
        "\nThe scan is still in scanpost's keeping. When the cause is mended, the administrator can send it with\n"
        "    scanpost retry %s\nor you scan it again. This note can be deleted.\n",
        job->id);
    return text.failed ? NULL : sp_str_steal(&text);
}

/* Ours: made by this user, with one name, and beginning as our notes do (or cut short by a crash while it was written).
 */
static bool
is_our_note(int fd)
{
    char start[sizeof(first_line)] = "";
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != geteuid() || info.st_nlink != 1)
        return false;
    return info.st_size == 0 ||
           (pread(fd, start, sizeof(start) - 1, 0) > 0 && strncmp(start, first_line, strlen("scanpost:")) == 0);
}

/* A new file, or the old note of that name made empty: always by its descriptor, so nothing can be put in its place. */
static enum sp_rc
open_note(int dir, const char *name, int *ret_fd, struct sp_err *err)
{
    SP_AUTO_CLOSE int fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0660);
    if (fd < 0 && errno == EEXIST) {
        fd = openat(dir, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0 || !is_our_note(fd) || ftruncate(fd, 0) != 0)
            return sp_fail(err, SP_E_CONFLICT, "'%s' is there already and is no note of ours", name);
    }
    if (fd < 0)
        return sp_fail_errno(err, "cannot write '%s'", name);
    share_like(fd, dir, 0666);
    *ret_fd = sp_steal_fd(&fd);
    return SP_OK;
}

/* The folder, or the sub-folder in front of the slash: a directory of that name and no link. */
static enum sp_rc
open_place(const struct sp_folder_settings *set, const char *name, const char *slash, int *ret_fd, struct sp_err *err)
{
    SP_AUTO_CLOSE int dir = open(set->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return sp_fail_errno(err, "%s: cannot open the folder", set->path);
    if (slash == NULL) {
        *ret_fd = sp_steal_fd(&dir);
        return SP_OK;
    }
    char sub[NAME_MAX + 1];
    if (slash - name > NAME_MAX || *name == '.' || slash == name)
        return sp_fail(err, SP_E_INVALID, "'%s' is not a name in a folder", name);
    snprintf(sub, sizeof(sub), "%.*s", (int)(slash - name), name);
    return sp_io_open_dir(dir, sub, ret_fd, err);
}

enum sp_rc
sp_folders_note(struct sp_folders *folders, const struct sp_job *job, struct sp_err *err)
{
    const struct sp_folder_settings *set = sp_settings_folder(folders->settings, job->source_name);
    char name[NAME_MAX + 1];
    if (strcmp(job->source, "folder") != 0 || set == NULL)
        return sp_fail(err, SP_E_NOTFOUND, "there is no folder '%s' any more", job->source_name);
    const char *slash = strchr(job->folder_name, '/'), *leaf = slash == NULL ? job->folder_name : slash + 1;
    if (*leaf == '\0' || strchr(leaf, '/') != NULL)
        return sp_fail(err, SP_E_INVALID, "'%s' is not a name in a folder", job->folder_name);
    snprintf(name, sizeof(name), "%.*s" FAILED_SUFFIX, (int)(NAME_MAX - strlen(FAILED_SUFFIX)), leaf);
    SP_AUTO_FREE char *text = note_text(folders->settings, job);
    if (text == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    SP_AUTO_CLOSE int dir = -1;
    SP_AUTO_CLOSE int fd = -1;
    enum sp_rc rc = open_place(set, job->folder_name, slash, &dir, err);
    if (rc == SP_OK)
        rc = open_note(dir, name, &fd, err);
    if (rc == SP_OK)
        rc = write_text(fd, text, err);
    return rc == SP_OK ? sp_io_sync(fd, name, err) : rc;
}
