/* doctor_files.c - owners and modes: the configuration, the secrets, the state. Who must read what is the design of the
 * daemon: secrets are the sender's alone, the page's key is the gateway's, the state is shared by both and by nobody
 * else. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/str.h"
#include "base/text.h"
#include "gateway/doctor/doctor_inside.h"

/* --- configuration and secrets --- */

static void
look_at_config(void *context, const char *file)
{
    const struct sp_doctor *d = context;
    struct stat at;
    char mend[600];
    (void)sp_text_format(mend, sizeof mend, "chown root: %s && chmod go-w %s", file, file);
    if (stat(file, &at) != 0)
        return;
    bool ours = at.st_uid == 0 || at.st_uid == geteuid();
    if ((at.st_mode & 002) != 0 || (d->split && !ours))
        sp_doctor_say(d, SP_DOCTOR_WRONG, "configuration",
                      "Whoever can change it decides where scans go, and which programs root's daemon runs.", mend,
                      "%s can be changed by others than root", file);
}

struct secret_look {
    struct sp_str seen; /* names, each ended by a zero byte: submission and Graph often share one */
    const struct sp_doctor *d;
    const char *user; /* who has to read it */
    uid_t uid;
    gid_t gid;
    bool closed_to_gateway;
    size_t looked, wrong;
};

static void
say_secret(struct secret_look *look, const char *file, const char *text, const char *means)
{
    char mend[600];
    if (look->d->split)
        (void)sp_text_format(mend, sizeof mend, "chown root:%s %s && chmod 640 %s", look->user, file, file);
    else
        (void)sp_text_format(mend, sizeof mend, "chmod 600 %s", file);
    look->wrong++;
    sp_doctor_say(look->d, SP_DOCTOR_WRONG, "secrets", means, mend, "%s %s", file, text);
}

static void
look_at_secret(struct secret_look *look, const char *file)
{
    struct stat at;
    const struct sp_doctor *d = look->d;
    if (file[0] == '\0')
        return;
    for (size_t i = 0; i < look->seen.len; i += strlen(look->seen.text + i) + 1)
        if (strcmp(look->seen.text + i, file) == 0)
            return;
    sp_str_add_n(&look->seen, file, strlen(file) + 1);
    look->looked++;
    if (stat(file, &at) != 0)
        say_secret(look, file, "cannot be looked at", "The method that needs it does not work.");
    else if ((at.st_mode & 007) != 0)
        say_secret(look, file, "can be read by everybody on this machine", "scanpostd refuses to use it.");
    else if (d->split && !sp_doctor_may(&at, look->uid, look->gid, R_OK))
        say_secret(look, file, "cannot be read by the process that needs it",
                   "The method or the page that needs it does not work.");
    else if (d->split && look->closed_to_gateway && sp_doctor_may(&at, d->gateway_uid, d->gateway_gid, R_OK))
        say_secret(look, file, "can be read by the process that faces the network",
                   "The separation of the two processes protects it no more.");
}

static void
look_at_secrets(const struct sp_doctor *d)
{
    const struct sp_settings *s = d->settings;
    struct secret_look sender = {
        .d = d, .user = s->gateway.sender_user, .uid = d->sender_uid, .gid = d->sender_gid, .closed_to_gateway = true
    };
    struct secret_look gateway = { .d = d, .user = s->gateway.user, .uid = d->gateway_uid, .gid = d->gateway_gid };
    for (size_t i = 0; i < s->n_methods; i++) {
        const struct sp_method_settings *m = &s->methods[i];
        const char *const files[] = { m->client_key,
                                      m->next_client_key,
                                      m->password_file,
                                      m->next_password_file,
                                      m->oauth_client_secret_file,
                                      m->next_oauth_client_secret_file,
                                      m->oauth_key,
                                      m->next_oauth_key };
        for (size_t k = 0; m->enabled && k < SP_LEN(files); k++)
            look_at_secret(&sender, files[k]);
    }
    look_at_secret(&gateway, s->http.tls_key);
    if (sender.wrong + gateway.wrong == 0)
        sp_doctor_say(d, SP_DOCTOR_OK, "secrets", "", "", "%zu file(s), each for the process that needs it alone",
                      sender.looked + gateway.looked);
    sp_str_free(&sender.seen);
    sp_str_free(&gateway.seen);
}

/* --- the state --- */

struct walk {
    const struct sp_doctor *d;
    uid_t owner;
    size_t looked, open, foreign; /* foreign: the other process cannot use it */
    char first_open[400], first_foreign[400];
};

static void
note_entry(struct walk *walk, const char *path, const struct stat *at, bool shared)
{
    const struct sp_doctor *d = walk->d;
    walk->looked++;
    if ((at->st_mode & 007) != 0 && walk->open++ == 0)
        (void)sp_text_copy(walk->first_open, sizeof walk->first_open, path);
    unsigned need = S_ISDIR(at->st_mode) ? 070 : 060;
    bool usable =
        d->split ? !shared || (at->st_gid == d->data_gid && (at->st_mode & need) == need) : at->st_uid == walk->owner;
    if (!usable && walk->foreign++ == 0)
        (void)sp_text_copy(walk->first_foreign, sizeof walk->first_foreign, path);
}

/* depth bounds it: state/parts/spool/ULID/1 is the deepest. Locks and parts are one process's own. */
static void
walk_dir(struct walk *walk, const char *path, bool shared, int depth)
{
    DIR *dir = depth > 5 ? NULL : opendir(path);
    if (dir == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        SP_AUTO(sp_str_free) struct sp_str name = { 0 };
        struct stat at;
        sp_str_addf(&name, "%s/%s", path, entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            sp_text_starts(entry->d_name, ".before-restore") || lstat(sp_str_text(&name), &at) != 0)
            continue;
        bool ours = shared && strcmp(entry->d_name, "parts") != 0 && strcmp(entry->d_name, "supervisor.lock") != 0 &&
                    strcmp(entry->d_name, ".old") != 0 && strcmp(entry->d_name, ".new") != 0;
        note_entry(walk, sp_str_text(&name), &at, ours);
        if (S_ISDIR(at.st_mode))
            walk_dir(walk, sp_str_text(&name), ours, depth + 1);
    }
    closedir(dir);
}

static void
tell_walk(const struct walk *walk)
{
    const struct sp_doctor *d = walk->d;
    const char *dir = d->settings->gateway.state_dir;
    char mend[480];
    if (walk->open > 0) {
        (void)sp_text_format(mend, sizeof mend, "chmod -R o= %s", dir);
        sp_doctor_say(d, SP_DOCTOR_WRONG, "state", "Every user of this machine can read scans, or who sent what.", mend,
                      "%zu file(s) and folder(s) are open to everybody, the first is %s", walk->open, walk->first_open);
    }
    if (walk->foreign > 0) {
        (void)sp_text_format(mend, sizeof mend,
                             d->split ? "chown -R %s:scanpost-data %s && chmod -R ug+rwX %s"
                                      : "chown -R %s: %s && chmod -R u+rwX %s",
                             d->user, dir, dir);
        sp_doctor_say(d, SP_DOCTOR_WRONG, "state", "What one process writes the other cannot read: scans are not sent.",
                      mend, "%zu file(s) and folder(s) have the wrong owner, group or mode, the first is %s",
                      walk->foreign, walk->first_foreign);
    }
    if (walk->open + walk->foreign == 0)
        sp_doctor_say(d, SP_DOCTOR_OK, "state", "", "", "%s: owners and modes of %zu file(s) and folder(s) are right",
                      dir, walk->looked);
}

static void
look_at_state(const struct sp_doctor *d)
{
    const char *dir = d->settings->gateway.state_dir;
    struct stat at;
    struct walk walk = { .d = d };
    if (stat(dir, &at) != 0) {
        sp_doctor_say(d, errno == ENOENT && !d->running ? SP_DOCTOR_NOTE : SP_DOCTOR_WRONG, "state",
                      "scanpostd makes it at its first start.", "", "%s: %s", dir, strerror(errno));
        return;
    }
    if (access(dir, R_OK | X_OK) != 0) {
        sp_doctor_say(d, SP_DOCTOR_NOTE, "state", "", "sudo scanpost doctor", "%s may not be looked at by you", dir);
        return;
    }
    walk.owner = at.st_uid;
    note_entry(&walk, dir, &at, true);
    walk_dir(&walk, dir, true, 0);
    tell_walk(&walk);
}

void
sp_doctor_files(struct sp_doctor *d)
{
    (void)sp_settings_files(d->settings->file, look_at_config, d, NULL);
    look_at_secrets(d);
    look_at_state(d);
}
