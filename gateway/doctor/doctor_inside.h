/* doctor_inside.h - what the files doctor*.c share. */
#ifndef SP_DOCTOR_DOCTOR_INSIDE_H
#define SP_DOCTOR_DOCTOR_INSIDE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/settings.h"
#include "gateway/doctor/doctor.h"

struct sp_doctor {
    const struct sp_settings *settings;
    sp_doctor_tell_fn *tell;
    void *context;
    bool root;  /* we are */
    bool split; /* scanpostd is started by root and becomes the two users */
    uid_t gateway_uid, sender_uid;
    gid_t gateway_gid, sender_gid, data_gid;
    char user[64]; /* who takes scans in: by name */
    bool running;
    pid_t supervisor;
};

/* means and mend may be "". */
void sp_doctor_say(const struct sp_doctor *d, enum sp_doctor_level level, const char *subject, const char *means,
                   const char *mend, const char *format, ...) __attribute__((format(printf, 6, 7)));
/* Whether a user with one group could: mask is made of R_OK, W_OK, X_OK. Pure. */
bool sp_doctor_may(const struct stat *at, uid_t uid, gid_t gid, int mask);

void sp_doctor_find_daemon(struct sp_doctor *d); /* needs nothing but settings->gateway.run_dir */
void sp_doctor_accounts(struct sp_doctor *d);    /* then: finds out who is who */
void sp_doctor_daemon(struct sp_doctor *d);
void sp_doctor_files(struct sp_doctor *d);
void sp_doctor_data(struct sp_doctor *d);
void sp_doctor_folders(struct sp_doctor *d);
/* A folder that the daemon cannot see is said, and false. */
bool sp_doctor_sight(const struct sp_doctor *d, const struct sp_folder_settings *folder);
void sp_doctor_system(struct sp_doctor *d);
void sp_doctor_network(struct sp_doctor *d);

#endif
