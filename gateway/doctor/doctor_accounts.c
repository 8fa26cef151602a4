/* doctor_accounts.c - users and groups, and whether the daemon runs. Whether root starts it, and it becomes two users,
 * is seen from the running one, else from who owns its state. */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>

#include "base/auto.h"
#include "base/text.h"
#include "gateway/client/client.h"
#include "gateway/doctor/doctor_inside.h"

void
sp_doctor_find_daemon(struct sp_doctor *d)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    struct ucred who = { 0 };
    socklen_t size = sizeof who;
    SP_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 ||
        !sp_text_format(name.sun_path, sizeof name.sun_path, "%s/scanpost.sock", d->settings->gateway.run_dir) ||
        connect(fd, (const struct sockaddr *)&name, sizeof name) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0)
        return;
    d->running = true;
    d->supervisor = who.pid;
    d->split = who.uid == 0;
}

static bool
find_user(const struct sp_doctor *d, const char *name, uid_t *uid, gid_t *gid)
{
    char mend[200];
    const struct passwd *account = getpwnam(name);
    if (account != NULL) {
        *uid = account->pw_uid;
        *gid = account->pw_gid;
        return true;
    }
    (void)sp_text_format(mend, sizeof mend,
                         "useradd --system --user-group --no-create-home --shell /usr/sbin/nologin %s", name);
    sp_doctor_say(d, SP_DOCTOR_WRONG, "accounts", "scanpostd, started by root, does not start without it.", mend,
                  "there is no user '%s'", name);
    return false;
}

static bool
state_is_shared(struct sp_doctor *d)
{
    struct stat at;
    if (stat(d->settings->gateway.state_dir, &at) != 0)
        return d->root;
    const struct passwd *owner = getpwuid(at.st_uid);
    (void)sp_text_copy(d->user, sizeof d->user, owner != NULL ? owner->pw_name : "root");
    return at.st_gid == d->data_gid && d->data_gid != 0;
}

void
sp_doctor_accounts(struct sp_doctor *d)
{
    const struct group *data = getgrnam("scanpost-data");
    d->data_gid = data != NULL ? data->gr_gid : 0;
    bool shared = state_is_shared(d);
    if (!d->running)
        d->split = shared;
    if (!d->split) {
        sp_doctor_say(d, SP_DOCTOR_OK, "accounts", "", "",
                      "scanpostd runs whole as %s, without two users between which the secrets are kept apart",
                      d->user);
        return;
    }
    (void)sp_text_copy(d->user, sizeof d->user, d->settings->gateway.user);
    bool well = find_user(d, d->settings->gateway.user, &d->gateway_uid, &d->gateway_gid);
    well = find_user(d, d->settings->gateway.sender_user, &d->sender_uid, &d->sender_gid) && well;
    if (data == NULL)
        sp_doctor_say(d, SP_DOCTOR_WRONG, "accounts", "It shares database and documents between the two processes.",
                      "groupadd --system scanpost-data", "there is no group 'scanpost-data'");
    if (well && data != NULL)
        sp_doctor_say(d, SP_DOCTOR_OK, "accounts", "", "", "%s, %s and the group scanpost-data are there",
                      d->settings->gateway.user, d->settings->gateway.sender_user);
    d->split = well && data != NULL;
}

/* --- the daemon --- */

static void
tell_version(const struct sp_doctor *d, const json_t *about)
{
    const char *version = json_string_value(json_object_get(about, "version"));
    if (version == NULL)
        sp_doctor_say(d, SP_DOCTOR_NOTE, "daemon", "", "", "scanpostd runs (pid %d); its version is not told to you",
                      (int)d->supervisor);
    else if (strcmp(version, SP_VERSION) == 0)
        sp_doctor_say(d, SP_DOCTOR_OK, "daemon", "", "", "scanpostd %s runs (pid %d)", version, (int)d->supervisor);
    else
        sp_doctor_say(d, SP_DOCTOR_WRONG, "daemon", "It was not restarted after an upgrade.",
                      "systemctl restart scanpost", "scanpostd %s runs, but %s is installed", version, SP_VERSION);
}

void
sp_doctor_daemon(struct sp_doctor *d)
{
    struct sp_client *client = NULL;
    json_t *about = NULL, *health = NULL;
    struct sp_err err = { 0 };
    if (!d->running) {
        sp_doctor_say(d, SP_DOCTOR_WRONG, "daemon", "Nothing is taken in and nothing is sent; what was taken waits.",
                      "systemctl enable --now scanpost, then journalctl -u scanpost", "scanpostd does not run");
        return;
    }
    if (sp_client_new(d->settings->gateway.run_dir, &client, &err) != SP_OK)
        return;
    (void)sp_client_call(client, "GET", "/api/v1/about", NULL, &about, &err);
    tell_version(d, about);
    if (sp_client_call(client, "GET", "/healthz", NULL, &health, &err) != SP_OK)
        sp_doctor_say(d, SP_DOCTOR_WRONG, "daemon", "No scan is taken now.", "journalctl -u scanpost says more",
                      "scanpostd is not well: %s", err.text);
    json_decref(about);
    json_decref(health);
    sp_client_free(&client);
}
