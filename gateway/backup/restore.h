/* restore.h - puts a backup back. It is read twice: first to prove it whole, then for its content. */
#ifndef SP_BACKUP_RESTORE_H
#define SP_BACKUP_RESTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_manifest {
    char version[32], created[32], hostname[256], config[4096], state_dir[4096], user[64], sender_user[64];
    bool secrets;
};

struct sp_restore_options {
    const char *file;
    const char *state_dir;  /* where to; of the configuration that is there, or of the manifest */
    const char *user;       /* whom files are given to when root restores */
    bool replace;           /* what is there goes aside */
    bool resume;            /* jobs that waited go out as if nothing had happened */
    const char *config_dir; /* where its files belong, "" : nowhere */
    bool config; /* all of them are written, and a copy is kept of those that are there; else only those that are
                    missing, and belong below config_dir: who made the archive does not say what root writes where */
    int64_t wall_ms;
};
struct sp_restore_counts {
    size_t scans, files, held, config_written, config_kept, config_elsewhere;
};

/* Proves the file whole: every member by its sum, and the list of sums complete. SP_E_CORRUPT. */
enum sp_rc sp_backup_verify(const char *file, struct sp_manifest *ret, struct sp_err *err);
/* sp_backup_verify went well before. SP_E_BUSY, SP_E_CONFLICT as sp_restore_place_open. */
enum sp_rc sp_restore(const struct sp_restore_options *options, const struct sp_manifest *manifest,
                      struct sp_restore_counts *ret, struct sp_err *err);

#endif
