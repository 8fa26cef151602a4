/* spool_place.h - inside db/ only: what spool.c and spool_entry.c share. */
#ifndef SP_DB_SPOOL_PLACE_H
#define SP_DB_SPOOL_PLACE_H

#include "base/dir_sync.h"
#include "db/spool.h"

#define SP_SPOOL_ENVELOPE "envelope.json"

enum { SP_SPOOL_FILE_MODE = 0660, SP_SPOOL_DIR_MODE = 02770 };

struct sp_spool {
    int root, new, old; /* STATE/spool, .new and .old in it */
    struct sp_dir_sync sync;
};

/* SP_E_INVALID for anything that is no ULID: ids become file names. */
enum sp_rc sp_spool_check_id(const char *id, struct sp_err *err);
/* Makes a directory with our mode whatever the umask is, and opens it. */
enum sp_rc sp_spool_make_dir(int parent, const char *name, int *ret_fd, struct sp_err *err);
/* Opens a regular file of an entry. A link or a device in its place is refused. */
enum sp_rc sp_spool_open_file(int dir, const char *name, int *ret_fd, struct sp_err *err);

#endif
