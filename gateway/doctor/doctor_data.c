/* doctor_data.c - the database, and whether it and the spool agree. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "db/inspect.h"
#include "gateway/doctor/doctor_inside.h"

static const int64_t grace_ms = (int64_t)5 * 60 * 1000, hour_ms = (int64_t)60 * 60 * 1000;
enum { WAL_LARGE = 64 * 1024 * 1024 };

static void
tell_spool(const struct sp_doctor *d, const struct sp_inspection *seen)
{
    char mend[300];
    if (seen->missing > 0) {
        (void)sp_text_format(mend, sizeof mend,
                             "scanpost show %s; restore its files from a backup, or scanpost cancel %s",
                             seen->first_missing, seen->first_missing);
        sp_doctor_say(d, SP_DOCTOR_WRONG, "spool", "They cannot be sent, and were not removed by scanpost.", mend,
                      "documents of %zu job(s) are missing or shorter than they were, the first is %s", seen->missing,
                      seen->first_missing);
    }
    if (seen->orphans > 0)
        sp_doctor_say(
            d, SP_DOCTOR_WRONG, "spool",
            "Scans that no job sends: a crash came between, or their envelope is damaged. A start takes over what "
            "can be read, and logs the rest.",
            "systemctl restart scanpost, then journalctl -u scanpost | grep -i spool",
            "%zu entr%s unknown to the database, the first is spool/%s", seen->orphans,
            seen->orphans == 1 ? "y is" : "ies are", seen->first_orphan);
    if (seen->missing + seen->orphans == 0)
        sp_doctor_say(d, SP_DOCTOR_OK, "spool", "", "", "spool and database agree: %zu job(s), %zu of them wait",
                      seen->jobs, seen->waiting);
}

static void
tell_database(const struct sp_doctor *d, const struct sp_inspection *seen)
{
    if (seen->version > seen->newest) {
        sp_doctor_say(d, SP_DOCTOR_WRONG, "database", "This scanpost cannot work with it.",
                      "install the newer version again, or scanpost restore a backup of this one",
                      "it was made by a newer scanpost (version %d, this one knows %d)", seen->version, seen->newest);
        return;
    }
    if (seen->version < seen->newest)
        sp_doctor_say(
            d, SP_DOCTOR_NOTE, "database", "scanpostd brings it up to date at its next start, and keeps a copy.",
            "systemctl restart scanpost", "it has version %d, this scanpost's is %d", seen->version, seen->newest);
    if (seen->wal_size > WAL_LARGE)
        sp_doctor_say(d, SP_DOCTOR_WRONG, "database",
                      "Its log grows when something reads for very long, such as a copy or another program.",
                      "systemctl restart scanpost", "its log has %llu MB", (unsigned long long)(seen->wal_size >> 20));
    if (seen->newest_job > sp_wall_ms(&sp_clock_system) + hour_ms)
        sp_doctor_say(d, SP_DOCTOR_WRONG, "clock", "The clock was set back: times of jobs are wrong.",
                      "timedatectl set-ntp true", "the newest job is from the future");
    if (seen->version == seen->newest)
        sp_doctor_say(d, SP_DOCTOR_OK, "database", "", "", "sound, version %d, %llu KB", seen->version,
                      (unsigned long long)(seen->size >> 10));
    tell_spool(d, seen);
}

void
sp_doctor_data(struct sp_doctor *d)
{
    struct sp_inspection seen;
    struct sp_err err = { 0 };
    enum sp_rc rc = sp_inspect(d->settings->gateway.state_dir, sp_wall_ms(&sp_clock_system), grace_ms, &seen, &err);
    if (rc == SP_E_NOTFOUND)
        sp_doctor_say(d, d->running ? SP_DOCTOR_WRONG : SP_DOCTOR_NOTE, "database",
                      "scanpostd makes it at its first start, from the spool if there is one.", "", "%s", err.text);
    else if (rc == SP_E_DENIED)
        sp_doctor_say(d, SP_DOCTOR_NOTE, "database", "", "sudo scanpost doctor", "not to be looked at by you");
    else if (rc != SP_OK)
        sp_doctor_say(d, SP_DOCTOR_WRONG, "database", "", "journalctl -u scanpost", "%s", err.text);
    else if (seen.damage[0] != '\0')
        sp_doctor_say(
            d, SP_DOCTOR_WRONG, "database",
            "scanpostd puts it aside at its next start and makes it again from the spool; what waited is held. "
            "The history is then only in a backup.",
            "check the disk (journalctl -k, smartctl), then systemctl restart scanpost, or scanpost restore FILE",
            "it is damaged: %s", seen.damage);
    else
        tell_database(d, &seen);
}
