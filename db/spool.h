/* spool.h - the documents on disk, and the only copy of them.
 *
 *   STATE/spool/ULID/            02770, whole from the moment it has this name
 *       envelope.json            who, where to, when: all that is needed to make the job again (envelope.h)
 *       1, 2, ...                the documents; all files 0660, because the sender is another user of the group
 *   STATE/spool/.new/ULID/       being written; removed at start
 *   STATE/spool/.old/ULID/       being removed; removed at start
 *
 * Writing: begin, then for each document open/add/close, then put the envelope, then publish. Everything is fsynced
 * before publish renames the entry into place and fsyncs spool/; after SP_OK the scan survives anything but the disk.
 * No function is called for one entry from two threads; different entries do not disturb each other. */
#ifndef SP_DB_SPOOL_H
#define SP_DB_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/ulid.h"

struct sp_spool;
struct sp_spool_entry;

/* Makes the folders when missing. */
enum sp_rc sp_spool_open(const char *state_dir, struct sp_spool **ret, struct sp_err *err);
void sp_spool_close(struct sp_spool **place);
/* Bytes free on its file system; checked against `reserve` by intake. */
enum sp_rc sp_spool_room(struct sp_spool *spool, uint64_t *ret, struct sp_err *err);

/* An unfinished entry of that id from before a crash is removed first. SP_E_CONFLICT: published already. */
enum sp_rc sp_spool_begin(struct sp_spool *spool, const char *id, struct sp_spool_entry **ret, struct sp_err *err);
/* Starts the next document; its number is the count so far. */
enum sp_rc sp_spool_document(struct sp_spool_entry *entry, struct sp_err *err);
enum sp_rc sp_spool_add(struct sp_spool_entry *entry, const void *bytes, size_t size, struct sp_err *err);
/* Copies a file from its start into the current document, by reflink where the file system can, hashing in one pass.
 * The file's own offset stays. Over `max` bytes: SP_E_TOO_LARGE. */
enum sp_rc sp_spool_add_file(struct sp_spool_entry *entry, int fd, uint64_t max, struct sp_err *err);
/* The current document is whole: what it holds is now fsynced, and known. */
enum sp_rc sp_spool_document_end(struct sp_spool_entry *entry, uint64_t *ret_size, char ret_sha256[SP_SHA256_HEX_SIZE],
                                 struct sp_err *err);
/* The descriptor of a finished document (number from 1), for looking at its content with pread; borrowed, valid until
 * the next call for this entry. -1: there is none. */
int sp_spool_document_fd(struct sp_spool_entry *entry, size_t number);
enum sp_rc sp_spool_publish(struct sp_spool_entry *entry, const char *envelope_json, struct sp_err *err);
/* Ends the handle. An entry that was not published leaves nothing behind. Accepts NULL; leaves NULL. */
void sp_spool_entry_free(struct sp_spool_entry **place);

/* Opens a document for reading. SP_E_NOTFOUND. */
enum sp_rc sp_spool_read(struct sp_spool *spool, const char *id, size_t number, int *ret_fd, struct sp_err *err);
enum sp_rc sp_spool_envelope(struct sp_spool *spool, const char *id, struct sp_str *ret, struct sp_err *err);
/* The same, to be read by the caller, from its start. */
enum sp_rc sp_spool_envelope_open(struct sp_spool *spool, const char *id, int *ret_fd, struct sp_err *err);
/* Removes a published entry; absent is fine. */
enum sp_rc sp_spool_remove(struct sp_spool *spool, const char *id, struct sp_err *err);
/* Calls fn for every published entry, in no order, until it fails. */
typedef enum sp_rc sp_spool_fn(void *context, const char *id, struct sp_err *err);
enum sp_rc sp_spool_each(struct sp_spool *spool, sp_spool_fn *fn, void *context, struct sp_err *err);
/* Removes what a crash left unfinished or half removed. Only while nobody else writes. */
enum sp_rc sp_spool_sweep(struct sp_spool *spool, struct sp_err *err);

#endif
