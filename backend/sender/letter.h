/* letter.h - a job as one mail. What was frozen when the job was made goes in as it is; only From depends on the
 * method: a mailbox without Send As signs with its own name, and the wanted sender moves to Reply-To. */
#ifndef SP_SENDER_LETTER_H
#define SP_SENDER_LETTER_H

#include "backend/mail/compose.h"
#include "base/settings.h"
#include "db/job.h"

struct sp_spool;

struct sp_letter {
    struct sp_mail mail;
    const char *mail_from; /* of the envelope */
    const struct sp_job *job;
    struct sp_spool *spool;
    const char **to, **cc;              /* owned */
    struct sp_mail_document *documents; /* owned */
    char *body;                         /* owned; with the note */
};

/* Borrows all of them. note: stands before the body, "" is none. SP_E_NOMEM. */
enum sp_rc sp_letter_open(struct sp_letter *letter, const struct sp_job *job, const char *note,
                          const struct sp_method_settings *method, struct sp_spool *spool, struct sp_err *err);
void sp_letter_close(struct sp_letter *letter);
/* About how large the mail will be in base64, without making it. */
uint64_t sp_letter_estimate(const struct sp_job *job);

#endif
