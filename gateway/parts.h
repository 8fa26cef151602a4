/* parts.h - a print job of several files, which CUPS hands over one file at a time: kept, each durably, until the last
 * one is there, then taken in as one scan.
 *
 * CUPS starts at file 1 again when it runs a job once more, and does not say which file it gives. So a part comes with
 * the run it was given in: the files of one run come in order. What is there already is dropped. A job that never
 * becomes whole, because it was cancelled or a filter failed, becomes a job that is held, for a person to decide. */
#ifndef SP_GATEWAY_PARTS_H
#define SP_GATEWAY_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ulid.h"

struct sp_batch;
struct sp_clock;
struct sp_db;
struct sp_intake;
struct sp_intake_request;
struct sp_log;
struct sp_parts;
struct sp_scan;
struct sp_settings;

struct sp_parts_options {
    const struct sp_settings *settings;
    struct sp_batch *batch;
    struct sp_intake *intake;
    const struct sp_clock *clock;
    const struct sp_log *log;
};
/* Borrows everything, which outlives it. Parts lie in STATE/parts. */
enum sp_rc sp_parts_open(const struct sp_parts_options *options, struct sp_parts **ret, struct sp_err *err);
void sp_parts_close(struct sp_parts **parts); /* accepts NULL; leaves NULL */
/* What a crash left: unfinished parts go, those the database does not know are noted again. Before anybody else writes.
 */
enum sp_rc sp_parts_recover(struct sp_parts *parts, struct sp_db *db, struct sp_err *err);

enum { SP_PARTS_MAX = 1000 };

struct sp_part_request {
    int n;                    /* which file, from 1; 0: the giver does not know */
    int of;                   /* of how many: 2 to SP_PARTS_MAX */
    const char *run;          /* equal for all files of one run through the job */
    const char *giver;        /* equal only when the very same handing over is tried again, because no answer came */
    const char *const *names; /* what the documents are called, in order; none, or as many as there are files */
    size_t n_names;
};
struct sp_part_result {
    int n, have;           /* which file it was, how many are there now */
    bool whole;            /* it was the last one that was missing: the scan is taken */
    char id[SP_ULID_SIZE]; /* the job, when whole */
    bool repeated;
};
/* Takes a scan of one document as a part. The print job is known by the request's idempotency owner and key. SP_OK: it
 * is safe on disk. Errors as sp_scan_commit, also for what stands in the way of the whole scan; SP_E_CONFLICT: the
 * print job was taken before. The scan stays the caller's, to be freed. */
enum sp_rc sp_parts_take(struct sp_parts *parts, struct sp_scan *scan, const struct sp_intake_request *request,
                         const struct sp_part_request *part, struct sp_part_result *ret, struct sp_err *err);

/* The print job was cancelled: forgets the parts of it. Absent is fine. */
enum sp_rc sp_parts_withdraw(struct sp_parts *parts, const char *owner, const char *key, struct sp_err *err);

/* Makes a held job of every print job that got no part for half a day. */
void sp_parts_sweep(struct sp_parts *parts);

#endif
