/* backup.h - everything that an installation remembers, in one tar file, taken while it works:
 *
 *   scanpost-backup/manifest.json          what it is, and of which installation
 *   scanpost-backup/spool/ULID/...         documents and envelopes; likewise parts/ULID/...
 *   scanpost-backup/scanpost.db            the database, of one moment
 *   scanpost-backup/config/ETC/...         configuration, people file, certificates, under their full names
 *   scanpost-backup/secrets/ETC/...        with secrets only
 *   scanpost-backup/SHA256SUMS             of all of them
 *
 * No job lacks its documents: what is in the spool is copied first, which may take long; then, while nobody can write,
 * the files that have come since are opened and the moment of the database is pinned. Documents that are deleted after
 * that are copied from the open files. */
#ifndef SP_BACKUP_BACKUP_H
#define SP_BACKUP_BACKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_settings;

struct sp_backup_options {
    const struct sp_settings *settings;
    const char *file;
    bool with_secrets;
    bool replace; /* file may exist */
    int64_t wall_ms;
};
struct sp_backup_counts {
    size_t scans, documents, config_files;
    uint64_t bytes; /* of the file */
};
/* The file appears whole, with mode 0600, or not at all. SP_E_CONFLICT: it exists; SP_E_NO_ROOM: there is no room, or
 * the reserve of the state directory's disk would be touched; SP_E_NOTFOUND: there is no database yet. */
enum sp_rc sp_backup(const struct sp_backup_options *options, struct sp_backup_counts *ret, struct sp_err *err);

#endif
