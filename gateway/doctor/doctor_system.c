/* doctor_system.c - disk, clock, time zone, and what an interrupted restore left. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/text.h"
#include "gateway/doctor/doctor_inside.h"

enum { INODES_FEW = 2000 };

static void
look_at_disk(const struct sp_doctor *d)
{
    struct statvfs fs;
    const char *dir = d->settings->gateway.state_dir;
    uint64_t reserve = d->settings->gateway.reserve;
    if (statvfs(dir, &fs) != 0)
        return;
    uint64_t room = (uint64_t)fs.f_bavail * fs.f_frsize;
    unsigned long long mb = room >> 20, reserve_mb = reserve >> 20;
    if (room < reserve)
        sp_doctor_say(d, SP_DOCTOR_WRONG, "disk", "Scans are refused (507) until there is room: nothing is lost.",
                      "make room; documents can be kept for less long (retention), reserve can be smaller",
                      "%llu MB are free for %s, less than the reserve of %llu MB", mb, dir, reserve_mb);
    else if (room / 2 < reserve)
        sp_doctor_say(d, SP_DOCTOR_NOTE, "disk", "At the reserve scans are refused.", "make room",
                      "%llu MB are free for %s, the reserve is %llu MB", mb, dir, reserve_mb);
    else
        sp_doctor_say(d, SP_DOCTOR_OK, "disk", "", "", "%llu MB are free for %s, the reserve is %llu MB", mb, dir,
                      reserve_mb);
    if (fs.f_files > 0 && fs.f_favail < INODES_FEW)
        sp_doctor_say(d, SP_DOCTOR_WRONG, "disk", "Each scan needs a few.",
                      "df -i, and remove what has many small files", "only %llu more files fit on the disk of %s",
                      (unsigned long long)fs.f_favail, dir);
}

/* Tokens and certificates depend on it, and Microsoft's answers do not say so. */
static void
look_at_clock(const struct sp_doctor *d)
{
    struct timex state = { 0 };
    struct tm local;
    char zone[64] = "", text[64] = "";
    time_t now = time(NULL);
    if (d->settings->gateway.time_zone[0] != '\0')
        (void)setenv("TZ", d->settings->gateway.time_zone, 1);
    tzset();
    if (localtime_r(&now, &local) != NULL) {
        (void)strftime(text, sizeof text, "%Y-%m-%d %H:%M", &local);
        (void)strftime(zone, sizeof zone, "%Z", &local);
    }
    bool synchronised = adjtimex(&state) != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
    if (synchronised)
        sp_doctor_say(d, SP_DOCTOR_OK, "clock", "", "", "synchronised; it is %s %s%s%s", text, zone,
                      d->settings->gateway.time_zone[0] != '\0' ? ", " : "", d->settings->gateway.time_zone);
    else
        sp_doctor_say(
            d, SP_DOCTOR_NOTE, "clock",
            "A clock that is minutes off makes sign-in by OAuth fail. In a container the host looks after it.",
            "timedatectl set-ntp true", "nothing keeps it right; it is %s %s", text, zone);
}

static void
look_for_leftovers(const struct sp_doctor *d)
{
    char path[4200];
    if (sp_text_format(path, sizeof path, "%s/.restore", d->settings->gateway.state_dir) && access(path, F_OK) == 0)
        sp_doctor_say(d, SP_DOCTOR_WRONG, "restore", "What was to be restored is not in place.",
                      "scanpost restore FILE again, with --force", "a restore was interrupted (%s)", path);
}

void
sp_doctor_system(struct sp_doctor *d)
{
    look_at_disk(d);
    look_at_clock(d);
    look_for_leftovers(d);
}
