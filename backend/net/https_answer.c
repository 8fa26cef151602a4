/* https_answer.c - what an answer says of itself. Bounded: of the headers a few values are kept, of the body the first
 * SP_HTTPS_BODY_MAX bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/net/https_inside.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"

enum { HEADER_MAX = 256, RETRY_AFTER_MAX_S = 24 * 3600 };

void
sp_https_answer_begin(struct sp_https_response *response)
{
    response->retry_after = -1;
    response->date_ms = 0;
    response->request_id[0] = '\0';
}

/* Seconds, or a date (RFC 9110 section 10.2.3). Anything else: not said. */
static int64_t
parse_retry_after(const char *value, int64_t now)
{
    int64_t seconds = 0;
    if (sp_parse_int(value, 0, INT64_MAX, &seconds))
        return seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S;
    time_t at = curl_getdate(value, NULL);
    if (at < 0)
        return -1;
    seconds = (int64_t)at - now / 1000;
    return seconds < 0 ? 0 : seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S;
}

static void
note(struct sp_https_response *response, const char *name, const char *value, int64_t now)
{
    if (sp_text_equal_nocase(name, "retry-after")) {
        response->retry_after = parse_retry_after(value, now);
    } else if (sp_text_equal_nocase(name, "date")) {
        time_t at = curl_getdate(value, NULL);
        response->date_ms = at > 0 ? (int64_t)at * 1000 : 0;
    } else if (sp_text_equal_nocase(name, "request-id") || sp_text_equal_nocase(name, "x-ms-request-id")) {
        (void)sp_log_clean(response->request_id, sizeof response->request_id, value);
    }
}

void
sp_https_answer_header(struct sp_https_response *response, const char *line, size_t len, int64_t now)
{
    char copy[HEADER_MAX];
    if (len >= sizeof copy || memchr(line, '\0', len) != NULL)
        return; /* none of those that matter is so long */
    memcpy(copy, line, len);
    copy[len] = '\0';
    copy[strcspn(copy, "\r\n")] = '\0';
    char *colon = strchr(copy, ':');
    if (colon == NULL)
        return;
    *colon = '\0';
    note(response, sp_text_trim(copy), sp_text_trim(colon + 1), now);
}

bool
sp_https_answer_body(struct sp_https_response *response, const char *bytes, size_t size)
{
    /* All at once: growing would leave copies of a token behind. Pages that are not written to cost nothing. */
    if (response->body == NULL)
        response->body = malloc(SP_HTTPS_BODY_MAX + 1);
    if (response->body == NULL)
        return false;
    size_t room = SP_HTTPS_BODY_MAX - response->body_size;
    if (size > room) {
        response->body_cut = true;
        size = room;
    }
    memcpy(response->body + response->body_size, bytes, size);
    response->body_size += size;
    response->body[response->body_size] = '\0';
    return true;
}

void
sp_https_response_free(struct sp_https_response *response)
{
    if (response->body != NULL)
        sp_wipe(response->body, response->body_size);
    free(response->body);
    *response = (struct sp_https_response){ 0 };
}
