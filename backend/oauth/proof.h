/* proof.h - what proves to the token endpoint that we are the application: a client secret (RFC 6749 section 2.3.1), or
 * a certificate whose key signs an assertion (RFC 7523). Inside this folder and for its tests. */
#ifndef SP_OAUTH_PROOF_H
#define SP_OAUTH_PROOF_H

#include <stddef.h>
#include <stdint.h>

#include "backend/oauth/token.h"
#include "base/err.h"

struct sp_proof;
struct sp_str;

enum {
    SP_ASSERTION_LIFE_S = 480, /* Microsoft asks for five to ten minutes */
};

/* Reads the files. The key must be RSA and belong to the certificate. SP_E_NOTFOUND, SP_E_DENIED, SP_E_INVALID,
 * SP_E_IO, SP_E_NOMEM; the text names the file. */
enum sp_rc sp_proof_load(const struct sp_token_proof *files, struct sp_proof **ret, struct sp_err *err);
void sp_proof_free(struct sp_proof **proof);

/* Appends "&client_secret=...", or "&client_assertion_type=...&client_assertion=...", to a form. */
enum sp_rc sp_proof_add(const struct sp_proof *proof, const char *client_id, const char *url, int64_t wall_ms,
                        struct sp_str *form, struct sp_err *err);

/* "secret" or "certificate" */
const char *sp_proof_name(const struct sp_proof *proof);
/* Blots the secret out of what the endpoint says. */
void sp_proof_blot(const struct sp_proof *proof, char *text);

/* application/x-www-form-urlencoded: all but RFC 3986's unreserved characters becomes %XX. */
void sp_form_escape(struct sp_str *form, const char *bytes, size_t size);

#endif
