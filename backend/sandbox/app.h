/* app.h - the application that the sandbox's tenant has registered in Entra: its ids, what it proves itself with, and
 * the access tokens it is given. Once open it does not change; threads may share it.
 *
 *   DIR/client-secret, next-client-secret     two secrets, made once; *secret and *.key are 0600
 *   DIR/oauth.pem, oauth.key                  the certificate that is registered; likewise next-oauth
 *   DIR/token.key                             signs tokens, so that they stay good when the sandbox starts again
 *
 * The "next" ones are as good as the others, except where a scenario has the first one expire. */
#ifndef SP_SANDBOX_APP_H
#define SP_SANDBOX_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/sandbox/pair.h"
#include "base/err.h"
#include "base/str.h"

enum { SP_BOX_GUID_SIZE = 37, SP_BOX_PROOFS = 2 };

struct sp_box_app {
    char tenant[SP_BOX_GUID_SIZE], client[SP_BOX_GUID_SIZE], object[SP_BOX_GUID_SIZE];
    struct sp_secret *secrets[SP_BOX_PROOFS];
    struct sp_box_pair certificates[SP_BOX_PROOFS]; /* both with the same RSA key: making one takes its time */
    struct sp_box_pair signer;
};

/* The ids follow from the domain. SP_E_TLS, SP_E_IO, SP_E_CORRUPT. Close in any case. */
enum sp_rc sp_box_app_open(int dirfd, const char *dir, const char *domain, struct sp_box_app *ret, struct sp_err *err);
void sp_box_app_close(struct sp_box_app *app);

enum sp_box_audience { SP_BOX_FOR_NOBODY, SP_BOX_FOR_OUTLOOK, SP_BOX_FOR_GRAPH };
/* "https://graph.microsoft.com": for Graph; the names of all clouds are known. */
enum sp_box_audience sp_box_audience_of(const char *resource);

struct sp_box_grant {
    const char *resource;
    bool by_certificate, without_roles;
    int64_t now_s, lifetime_s;
};
/* Appends a token; false: it did not work. */
bool sp_box_app_grant(const struct sp_box_app *app, const struct sp_box_grant *grant, struct sp_str *out);

enum sp_box_token {
    SP_BOX_TOKEN_GOOD,
    SP_BOX_TOKEN_UNREADABLE,
    SP_BOX_TOKEN_FORGED,
    SP_BOX_TOKEN_FOR_OTHERS,
    SP_BOX_TOKEN_EXPIRED,
    SP_BOX_TOKEN_TOO_EARLY,
    SP_BOX_TOKEN_WITHOUT_ROLE, /* Graph only: Exchange may know the application by RBAC */
};
enum sp_box_token sp_box_app_check(const struct sp_box_app *app, const char *token, enum sp_box_audience audience,
                                   int64_t now_s);

#endif
