/* jwt.h - JSON Web Tokens (RFC 7519) as far as we need them: one that we sign, and the claims of one that we hold.
 *
 *   token = base64url(header) "." base64url(claims) "." base64url(signature)                                        */
#ifndef SP_OAUTH_JWT_H
#define SP_OAUTH_JWT_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <openssl/ossl_typ.h>

#include "base/err.h"

struct sp_str;

/* RFC 4648 section 5, without padding. */
void sp_base64url_add(struct sp_str *out, const void *bytes, size_t size);

/* The assertion of learn.microsoft.com, "certificate credentials": PS256, named by the certificate's SHA-256
 * thumbprint. Appends it to out. SP_E_INVALID: the key cannot sign so; SP_E_NOMEM. */
enum sp_rc sp_jwt_assert(struct sp_str *out, X509 *certificate, EVP_PKEY *key, const char *client_id,
                         const char *audience, int64_t wall_ms, struct sp_err *err);

/* The claims of a token, unchecked; the caller releases them. NULL: it is none. */
json_t *sp_jwt_claims(const char *token, size_t size);

#endif
