/* spool_place.h - inside db/ only: what spool.c and spool_entry.c share. */
#ifndef SP_DB_SPOOL_PLACE_H
#define SP_DB_SPOOL_PLACE_H

#include <stdatomic.h>

#include "base/shared_sync.h"
#include "db/spool.h"

#define SP_SPOOL_ENVELOPE "envelope.json"

enum { SP_SPOOL_FILE_MODE = 0660, SP_SPOOL_DIR_MODE = 02770 };

struct sp_spool {
    int root, new, old;         /* STATE/spool, .new and .old in it */
    struct sp_shared_sync sync; /* of spool/ */
    struct sp_shared_sync all;  /* of its file system */
    atomic_uint finishing;      /* entries whose bytes are there and that are not published yet */
    atomic_llong alone_until;   /* mono ms: until then each entry pays for its own fsyncs */
    atomic_uint large;          /* entries with many bytes that may not be on disk yet */
};

/* SP_E_INVALID for anything that is no ULID: ids become file names. */
enum sp_rc sp_spool_check_id(const char *id, struct sp_err *err);
/* Makes a directory with our mode whatever the umask is, and opens it. */
enum sp_rc sp_spool_make_dir(int parent, const char *name, int *ret_fd, struct sp_err *err);
/* Opens a regular file of an entry. A link or a device in its place is refused. */
enum sp_rc sp_spool_open_file(int dir, const char *name, int *ret_fd, struct sp_err *err);

#endif
