/* check_mail.h - the mail that `check --send` sends: a few words, no document. */
#ifndef SP_SENDER_CHECK_MAIL_H
#define SP_SENDER_CHECK_MAIL_H

#include <stdint.h>

#include "backend/delivery/method.h"
#include "backend/mail/compose.h"

struct sp_check_mail {
    struct sp_message message; /* points into what follows: do not copy */
    struct sp_mail mail;
    const char *to[1];
    char subject[160], body[600], message_id[320], boundary[40];
};

/* Whom a check of this method names as the sender: the mailbox that signs in, unless it may send as others. */
const char *sp_check_mail_from(const struct sp_method_settings *method, const struct sp_tenant_settings *tenant);
/* id: of the check, an ULID. Borrows all texts. */
void sp_check_mail_make(struct sp_check_mail *mail, const struct sp_method_settings *method,
                        const struct sp_tenant_settings *tenant, const char *hostname, const char *id, const char *to,
                        int64_t now);

#endif
