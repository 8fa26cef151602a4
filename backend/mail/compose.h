/* compose.h - a scan and its headers become one MIME message (RFC 5322, 2045, 2047, 2231), made while it is sent:
 * memory does not grow with the document, and the size is known before the first byte.
 *
 * The same input gives the same bytes, always: a message that is sent again after an unknown outcome must be identical
 * (Exchange drops the second copy by Message-ID and Date). So nothing here looks at a clock or a random number.
 *
 *   header  From To Cc Reply-To Subject Date Message-ID Auto-Submitted X-Auto-Response-Suppress MIME-Version
 *   multipart/mixed
 *       text/plain             7bit or quoted-printable
 *       a part a document      base64, or binary for RFC 3030's BINARYMIME
 *
 * No content can end its part early. Base64 has no dash, and no line of the text begins with two. A binary part may
 * hold anything; there it rests on the boundary: it is made of 80 random bits (a ULID) drawn only when the document is
 * already here and told to nobody before the job exists, so that no document can be written to contain it, and meeting
 * it by chance is a matter of 2^-80 a byte. */
#ifndef SP_MAIL_COMPOSE_H
#define SP_MAIL_COMPOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_composer;

struct sp_mail_document {
    const char *name; /* UTF-8 */
    const char *type; /* "application/pdf" */
    uint64_t size;
};

/* Borrowed by the composer; all texts UTF-8. The composer folds and encodes them; a control character in a header is
 * replaced by a space, whatever the caller checked before. */
struct sp_mail {
    const char *from, *from_name; /* name "" : none */
    const char *reply_to;         /* "" : no header */
    const char *const *to;
    size_t n_to;
    const char *const *cc;
    size_t n_cc;
    const char *subject, *body; /* body: plain text, lines ended by '\n' */
    const char *message_id;     /* "<id@host>" */
    const char *boundary;       /* without dashes in front; at most 70 characters of RFC 2046's set */
    int64_t date_ms;            /* when the scan was taken */
    int utc_offset_minutes;     /* of the office, for the Date header */
    const struct sp_mail_document *documents;
    size_t n_documents;
    /* Opens document n (from 0) for reading at its start; the composer closes it. */
    enum sp_rc (*open)(void *context, size_t n, int *ret_fd, struct sp_err *err);
    void *context;
};

/* The headers are made here, the documents are not touched. SP_E_NOMEM; SP_E_INVALID for a boundary that RFC 2046 does
 * not allow. The mail outlives the composer. Not for two threads at once. */
enum sp_rc sp_composer_new(const struct sp_mail *mail, struct sp_composer **ret, struct sp_err *err);
void sp_composer_free(struct sp_composer **composer); /* accepts NULL; leaves NULL */
/* The message's exact size in octets, in base64 or with binary parts. */
uint64_t sp_composer_size(const struct sp_composer *composer, bool binary);
/* Starts from the beginning, as often as wanted. */
enum sp_rc sp_composer_begin(struct sp_composer *composer, bool binary, struct sp_err *err);
/* Fills the buffer as far as it can; *ret_got 0: the end. A document that is shorter or longer than its size was:
 * SP_E_CORRUPT, and before the message has ended. After a failure only begin or free make sense. */
enum sp_rc sp_composer_read(struct sp_composer *composer, void *buffer, size_t room, size_t *ret_got,
                            struct sp_err *err);

#endif
