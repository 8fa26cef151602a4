/* jwt.h - JSON Web Tokens (RFC 7515, 7519) in compact form: HEADER.PAYLOAD.SIGNATURE, each in base64url. */
#ifndef SP_SANDBOX_JWT_H
#define SP_SANDBOX_JWT_H

#include <jansson.h>
#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct sp_box_jwt {
    json_t *header, *payload; /* objects */
    struct sp_str signed_part, signature;
};

/* false: it is none. Free in any case. */
bool sp_box_jwt_parse(const char *text, struct sp_box_jwt *ret);
void sp_box_jwt_free(struct sp_box_jwt *jwt);
/* Whether the signature is the key's. The header says how: PS256, RS256 or ES256; anything else is never good. */
bool sp_box_jwt_verify(const struct sp_box_jwt *jwt, EVP_PKEY *key);
/* Signs with ES256; the key is P-256. Appends to out; false: it did not work. */
bool sp_box_jwt_sign(const json_t *header, const json_t *payload, EVP_PKEY *key, struct sp_str *out);

/* "" and 0 when absent, or of another type. */
const char *sp_box_jwt_text(const json_t *part, const char *name);
json_int_t sp_box_jwt_number(const json_t *part, const char *name);

/* RFC 4648 section 5, without padding. */
void sp_box_base64url_add(struct sp_str *out, const void *bytes, size_t size);

#endif
