/* login_words.h - why there is no token: a row a reason, in Entra's words. */
#ifndef SP_SANDBOX_LOGIN_WORDS_H
#define SP_SANDBOX_LOGIN_WORDS_H

#include <stdint.h>

struct sp_box_answer;

enum sp_box_refused {
    SP_BOX_ENTRA_METHOD,
    SP_BOX_ENTRA_TENANT,
    SP_BOX_ENTRA_PARAMETER, /* detail: which is missing */
    SP_BOX_ENTRA_GRANT,
    SP_BOX_ENTRA_APP,
    SP_BOX_ENTRA_NO_PROOF,
    SP_BOX_ENTRA_SECRET_WRONG,
    SP_BOX_ENTRA_SECRET_EXPIRED,
    SP_BOX_ENTRA_ASSERTION,
    SP_BOX_ENTRA_CERTIFICATE_UNKNOWN, /* detail: the thumbprint */
    SP_BOX_ENTRA_CERTIFICATE_EXPIRED,
    SP_BOX_ENTRA_SIGNATURE,
    SP_BOX_ENTRA_SUBJECT,
    SP_BOX_ENTRA_AUDIENCE,
    SP_BOX_ENTRA_TIME, /* detail: the times */
    SP_BOX_ENTRA_REPLAYED,
    SP_BOX_ENTRA_NO_SCOPE,
    SP_BOX_ENTRA_SCOPE_WORDS,
    SP_BOX_ENTRA_RESOURCE,
    SP_BOX_ENTRA_POLICY,
    SP_BOX_ENTRA_UNAVAILABLE,
    SP_BOX_ENTRA_THROTTLED,
};

struct sp_box_entra {
    const char *client, *tenant, *scope, *detail;
    int64_t now_ms;
};

void sp_box_entra_refuse(struct sp_box_answer *answer, enum sp_box_refused refused, const struct sp_box_entra *words);

#endif
