/* answer.h - what a token endpoint says (RFC 6749 sections 5.1 and 5.2). Pure. Inside this folder. */
#ifndef SP_OAUTH_ANSWER_H
#define SP_OAUTH_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

struct sp_https_response;
struct sp_secret;
struct sp_token_failure;

/* true: *ret is the token, the caller's to free, good for *ret_seconds. false: failure says why not; *ret_proof: what
 * was refused is the secret or the certificate, so that another one may pass. */
bool sp_token_answer(const struct sp_https_response *response, struct sp_secret **ret, int64_t *ret_seconds,
                     struct sp_token_failure *failure, bool *ret_proof);

#endif
