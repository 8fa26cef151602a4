/* request_digest.h - tells a request that is sent a second time from another one under the same idempotency key. Pure.
 */
#ifndef SP_GATEWAY_REQUEST_DIGEST_H
#define SP_GATEWAY_REQUEST_DIGEST_H

#include "base/digest.h"

struct sp_intake_request;
struct sp_job;

/* SHA-256 over what the giver wrote and the documents it gave (name, size, hash), each in order. SP_E_NOMEM. */
enum sp_rc sp_request_digest(const struct sp_intake_request *request, const struct sp_job *job,
                             char ret[SP_SHA256_HEX_SIZE], struct sp_err *err);

#endif
