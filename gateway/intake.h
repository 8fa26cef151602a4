/* intake.h - the one door. Folders, HTTP, the command line and the print queue all hand their scans in here:
 *
 *   begin -> (document -> write... -> end)... -> commit(request) -> job id
 *
 * commit answers only when the documents and the envelope are fsynced in the spool and the job is in the database: from
 * then on the copier's own copy may go. Whatever fails before leaves nothing behind, and the giver keeps the scan.
 * Different scans may be handed in from different threads; one scan belongs to one thread at a time. */
#ifndef SP_GATEWAY_INTAKE_H
#define SP_GATEWAY_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ulid.h"

struct sp_batch;
struct sp_clock;
struct sp_intake;
struct sp_job_document;
struct sp_log;
struct sp_people;
struct sp_refusals;
struct sp_scan;
struct sp_settings;
struct sp_spool;

struct sp_intake_options {
    const struct sp_settings *settings;
    struct sp_batch *batch;
    struct sp_spool *spool;
    const struct sp_people *people; /* NULL: nobody is known */
    const struct sp_clock *clock;
    const struct sp_log *log;
    struct sp_refusals *refusals; /* where those are remembered who are refused; NULL: nowhere */
    int wake_fd;                  /* eventfd of the sender: one is added when a job was made; -1: nobody to wake */
};
/* Borrows everything, which outlives it. */
enum sp_rc sp_intake_new(const struct sp_intake_options *options, struct sp_intake **ret, struct sp_err *err);
void sp_intake_free(struct sp_intake **intake);
const struct sp_people *sp_intake_people(const struct sp_intake *intake);
struct sp_refusals *sp_intake_refusals(const struct sp_intake *intake); /* NULL: nobody wants to know */

/* A fresh id, for whoever must name a scan before it begins (the claim of a dropped file). */
void sp_intake_id(struct sp_intake *intake, char ret_id[SP_ULID_SIZE]);
/* SP_E_NO_ROOM: with `size` more bytes less than `reserve` would be free. */
enum sp_rc sp_intake_room(struct sp_intake *intake, uint64_t size, struct sp_err *err);

/* id: NULL for a new one, or one from sp_intake_id, perhaps of a run before a crash. SP_E_NO_ROOM: less than `reserve`
 * would be free; SP_E_CONFLICT: that id is a job already (when its documents are gone, only commit finds that out). */
enum sp_rc sp_intake_begin(struct sp_intake *intake, const char *id, struct sp_scan **ret, struct sp_err *err);
const char *sp_scan_id(const struct sp_scan *scan);
/* Begins a document. name: as the giver calls it, any bytes; it is repaired to UTF-8, cleaned of paths and control
 * characters and cut to 200 bytes. At most 1000 documents a scan. */
enum sp_rc sp_scan_document(struct sp_scan *scan, const char *name, struct sp_err *err);
/* SP_E_TOO_LARGE over max-document (all documents of the scan together), SP_E_NO_ROOM, SP_E_IO. */
enum sp_rc sp_scan_write(struct sp_scan *scan, const void *bytes, size_t size, struct sp_err *err);
enum sp_rc sp_scan_write_file(struct sp_scan *scan, int fd, struct sp_err *err); /* the whole file, from its start */
/* Looks at the content: SP_E_TYPE when it is none of the kinds scanpost knows or the document is empty. */
enum sp_rc sp_scan_document_end(struct sp_scan *scan, struct sp_err *err);
/* What is known of the document that was ended last. */
const struct sp_job_document *sp_scan_last_document(const struct sp_scan *scan);

/* A finished document (number from 1): its name, and a descriptor to read it by, which is borrowed until the next call
 * for this scan. -1: there is none. */
const char *sp_scan_document_name(const struct sp_scan *scan, size_t number);
int sp_scan_document_fd(struct sp_scan *scan, size_t number);

struct sp_intake_request {
    const char *source, *source_name; /* "folder" "http" "cups" "cli" ...; which folder, token, queue */
    const char *user;                 /* who scanned, when known; "". Somebody among the people gets the answers */
    const char *route;                /* a name, or "" when `to` says it all */
    const char *const *to;            /* explicit recipients, besides the route's; validated here */
    size_t n_to;
    const char *const *cc; /* more of them, for the Cc line */
    size_t n_cc;
    const char *subject, *body; /* "" : the route's */
    const char *folder_name;    /* raw name below its folder; "" */
    const char *const *accept;  /* kinds taken here; NULL: all that are known */
    size_t n_accept;
    const char *const *allowed; /* address patterns that the giver may name; NULL: any */
    size_t n_allowed;
    const char *idempotency_owner, *idempotency_key; /* key "" or NULL: none */
    const char
        *untold; /* why it cannot be told whom it is for, in words: the route's `otherwise` gets it; NULL: it can */
    bool hold_duplicates;       /* one that is alike to another shortly before waits for a person */
    const char *forwarded_from; /* the job whose documents these are: only `to` gets them, under the names they have */
    const char *tenant;         /* whose it is, where no route says; NULL or "": its recipients tell */
    bool any_recipient;         /* also outside the tenant's domains, whatever the route says */
    const char *held;           /* why the job waits for a person from the start, in words; NULL: it does not */
};
/* On success the scan is taken and *ret_repeated tells whether it was one taken before (same idempotency key).
 * SP_E_INVALID (no recipient, bad address, control characters in the subject, unknown route), SP_E_DENIED (recipient
 * not allowed here), SP_E_TYPE, SP_E_CONFLICT (key used for something else, or the scan's id is a job), SP_E_NO_ROOM,
 * SP_E_BUSY, SP_E_IO. */
enum sp_rc sp_scan_commit(struct sp_scan *scan, const struct sp_intake_request *request, char ret_id[SP_ULID_SIZE],
                          bool *ret_repeated, struct sp_err *err);
/* Ends the handle; what was not committed is removed. Accepts NULL; leaves NULL. */
void sp_scan_free(struct sp_scan **scan);

#endif
