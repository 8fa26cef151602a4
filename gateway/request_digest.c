/* request_digest.c - the canonical form is a row of netstrings ("5:hello,"), lists with their length in front, so that
 * no two requests look alike. It is stored for a day, so it may change between releases without much harm. */
#include "gateway/request_digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "db/job.h"
#include "gateway/intake.h"

static void
add_text(struct sp_sha256 *sum, const char *text)
{
    char length[24];
    size_t size = text == NULL ? 0 : strlen(text);
    snprintf(length, sizeof(length), "%zu:", size);
    sp_sha256_add(sum, length, strlen(length));
    if (size > 0)
        sp_sha256_add(sum, text, size);
    sp_sha256_add(sum, ",", 1);
}

static void
add_number(struct sp_sha256 *sum, uint64_t number)
{
    char digits[24];
    snprintf(digits, sizeof(digits), "%" PRIu64, number);
    add_text(sum, digits);
}

enum sp_rc
sp_request_digest(const struct sp_intake_request *request, const struct sp_job *job, char ret[SP_SHA256_HEX_SIZE],
                  struct sp_err *err)
{
    SP_AUTO(sp_sha256_free) struct sp_sha256 *sum = sp_sha256_new();
    if (sum == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    add_text(sum, request->route);
    add_text(sum, request->user);
    add_text(sum, request->subject);
    add_text(sum, request->body);
    add_number(sum, request->n_to);
    for (size_t i = 0; i < request->n_to; i++)
        add_text(sum, request->to[i]);
    add_number(sum, request->n_cc);
    for (size_t i = 0; i < request->n_cc; i++)
        add_text(sum, request->cc[i]);
    add_number(sum, job->n_documents);
    for (size_t i = 0; i < job->n_documents; i++) {
        add_text(sum, job->documents[i].name);
        add_number(sum, job->documents[i].size);
        add_text(sum, job->documents[i].sha256);
    }
    sp_sha256_end_hex(sum, ret);
    return SP_OK;
}
