/* store.h - the mailboxes of the sandbox: every message that was accepted, as two files that stay.
 *
 *   DIR/mail/N.eml     the message, octet for octet, as it came (dots unstuffed)
 *   DIR/mail/N.json    how it came: method, mail_from, rcpts, tls, cipher, peer, auth_user, size, sha256, when, ...
 *   DIR/mail/.N.new    being written
 *
 * N counts from 1, without gaps, over restarts too. N.json appears last: who sees it can read N.eml. Both are fsynced
 * before sp_box_message_keep returns. Memory does not grow with the message. Threads may share a store. */
#ifndef SP_SANDBOX_STORE_H
#define SP_SANDBOX_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_box_message;
struct sp_box_store;

/* Makes the folder when missing and removes what was left half written. */
enum sp_rc sp_box_store_open(int dirfd, const char *name, struct sp_box_store **ret, struct sp_err *err);
void sp_box_store_close(struct sp_box_store **store);

/* How a message came, for N.json. Texts may be NULL or "": they become null. */
struct sp_box_envelope {
    const char *method; /* "mx" or "submission" */
    const char *mail_from;
    const char *const *rcpts;
    size_t n_rcpts;
    const char *helo, *tls, *cipher, *peer, *auth_user, *mechanism;
    const char *transfer; /* "DATA" or "BDAT" */
    const char *body;     /* "7BIT" "8BITMIME" "BINARYMIME" */
    unsigned connection;
};

enum sp_rc sp_box_message_begin(struct sp_box_store *store, struct sp_box_message **ret, struct sp_err *err);
enum sp_rc sp_box_message_add(struct sp_box_message *message, const void *bytes, size_t size, struct sp_err *err);
uint64_t sp_box_message_size(const struct sp_box_message *message);
/* A header field's value, unfolded, "" when absent or beyond the first 64 KiB. The caller frees; NULL: out of memory.
 */
char *sp_box_message_header(const struct sp_box_message *message, const char *name);
/* Durable under its number; then only free. */
enum sp_rc sp_box_message_keep(struct sp_box_message *message, const struct sp_box_envelope *envelope,
                               unsigned *ret_number, struct sp_err *err);
/* One that was not kept leaves nothing behind. Accepts NULL; leaves NULL. */
void sp_box_message_free(struct sp_box_message **message);

#endif
