/* doctor.c - one look after another; see doctor.h. */
#include "gateway/doctor/doctor.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/text.h"
#include "gateway/doctor/doctor_inside.h"

const char *
sp_doctor_level_name(enum sp_doctor_level level)
{
    static const char *const names[] = { "ok", "note", "wrong" };
    return names[level];
}

void
sp_doctor_say(const struct sp_doctor *d, enum sp_doctor_level level, const char *subject, const char *means,
              const char *mend, const char *format, ...)
{
    struct sp_doctor_finding finding = { .level = level, .subject = subject };
    va_list args;
    va_start(args, format);
    (void)sp_text_vformat(finding.text, sizeof finding.text, format, args);
    va_end(args);
    (void)sp_text_copy(finding.means, sizeof finding.means, means);
    (void)sp_text_copy(finding.mend, sizeof finding.mend, mend);
    d->tell(d->context, &finding);
}

bool
sp_doctor_may(const struct stat *at, uid_t uid, gid_t gid, int mask)
{
    unsigned mode = at->st_mode;
    if (uid == 0)
        return true;
    unsigned bits = at->st_uid == uid ? mode >> 6 : at->st_gid == gid ? mode >> 3 : mode;
    return (bits & (unsigned)mask & 7U) == (unsigned)mask;
}

/* Files of the sender are closed to everybody else, and checking the configuration reads them. Whoever may not can at
 * least be told whether the daemon runs. */
static void
look_from_outside(struct sp_doctor *d, const char *config, const struct sp_err *err)
{
    SP_AUTO_FREE char *run_dir = NULL;
    sp_doctor_say(d, SP_DOCTOR_NOTE, "configuration", "Without it most of what could be wrong cannot be looked at.",
                  "sudo scanpost doctor", "%s", err->text);
    const char *dir = sp_settings_run_dir(config, &run_dir, NULL) == SP_OK ? run_dir : SP_DEFAULT_RUN_DIR;
    const struct sp_settings settings = { .gateway.run_dir = dir };
    d->settings = &settings;
    sp_doctor_find_daemon(d);
    sp_doctor_daemon(d);
    d->settings = NULL;
}

static void
tell_config(struct sp_doctor *d, const char *config, const struct sp_err *err)
{
    if (!d->root && strstr(err->text, strerror(EACCES)) != NULL)
        look_from_outside(d, config, err);
    else
        sp_doctor_say(d, SP_DOCTOR_WRONG, "configuration",
                      "scanpostd does not start with it, and keeps the one it has when it is told to reload.",
                      "scanpostd -t, after each change, until it is fine; or scanpost setup, to begin", "%s",
                      err->text);
}

void
sp_doctor(const char *config, sp_doctor_tell_fn *tell, void *context)
{
    static void (*const looks[])(struct sp_doctor * d) = { sp_doctor_find_daemon, sp_doctor_accounts, sp_doctor_daemon,
                                                           sp_doctor_files,       sp_doctor_data,     sp_doctor_folders,
                                                           sp_doctor_system,      sp_doctor_network };
    SP_AUTO(sp_settings_free) struct sp_settings *settings = NULL;
    struct sp_doctor d = { .tell = tell, .context = context, .root = geteuid() == 0 };
    struct sp_err err = { 0 };
    if (sp_settings_load(config, &settings, &err) != SP_OK) {
        tell_config(&d, config, &err);
        return;
    }
    sp_doctor_say(&d, SP_DOCTOR_OK, "configuration", "", "", "%s: %zu tenant(s), %zu method(s), %zu folder(s)", config,
                  settings->n_tenants, settings->n_methods, settings->n_folders);
    d.settings = settings;
    for (size_t i = 0; i < SP_LEN(looks); i++)
        looks[i](&d);
}
