/* What Graph says when it refuses. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/sandbox/graph_call.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"

enum { RETRY_AFTER_S = 10 };

/* {detail} as the caller says. */
static const struct row {
    int status;
    const char *code, *words;
} rows[] = {
    [SP_BOX_GRAPH_NO_TOKEN] = { 401, "InvalidAuthenticationToken", "Access token is empty." },
    [SP_BOX_GRAPH_TOKEN_UNREADABLE] = { 401, "InvalidAuthenticationToken",
                                        "IDX14100: JWT is not well formed, there are no dots (.)." },
    [SP_BOX_GRAPH_TOKEN_FORGED] = { 401, "InvalidAuthenticationToken",
                                    "Access token validation failure. Signature is invalid." },
    [SP_BOX_GRAPH_TOKEN_AUDIENCE] = { 401, "InvalidAuthenticationToken",
                                      "Access token validation failure. Invalid audience." },
    [SP_BOX_GRAPH_TOKEN_EXPIRED] = { 401, "InvalidAuthenticationToken",
                                     "Lifetime validation failed, the token is expired." },
    [SP_BOX_GRAPH_TOKEN_EARLY] = { 401, "InvalidAuthenticationToken",
                                   "Lifetime validation failed, the token is not yet valid." },
    [SP_BOX_GRAPH_ACCESS_DENIED] = { 403, "ErrorAccessDenied", "Access is denied. Check credentials and try again." },
    [SP_BOX_GRAPH_SEND_AS] = { 403, "ErrorSendAsDenied",
                               "The user account which was used to submit this request does not have the right to send "
                               "mail on behalf of the specified sending account., Cannot submit message." },
    [SP_BOX_GRAPH_NO_DIRECTORY] = { 403, "Authorization_RequestDenied",
                                    "Insufficient privileges to complete the operation." },
    [SP_BOX_GRAPH_INVALID_USER] = { 404, "ErrorInvalidUser", "The requested user '{detail}' is invalid." },
    [SP_BOX_GRAPH_MAILBOX_MISSING] = { 404, "MailboxNotEnabledForRESTAPI",
                                       "The mailbox is either inactive, soft-deleted, or is hosted on-premise." },
    [SP_BOX_GRAPH_NO_ITEM] = { 404, "ErrorItemNotFound", "The specified object was not found in the store." },
    [SP_BOX_GRAPH_NO_RESOURCE] = { 400, "BadRequest", "Resource not found for the segment '{detail}'." },
    [SP_BOX_GRAPH_METHOD] = { 405, "Request_BadRequest",
                              "Specified HTTP method is not allowed for the request target." },
    [SP_BOX_GRAPH_TOO_LARGE] = { 413, "RequestEntityTooLarge", "The request body is larger than the maximum of 4 MB." },
    [SP_BOX_GRAPH_MESSAGE_TOO_LARGE] = { 413, "ErrorMessageSizeExceeded",
                                         "The message exceeds the maximum supported size." },
    [SP_BOX_GRAPH_CONCURRENT] = { 429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit." },
    [SP_BOX_GRAPH_RATE] = { 429, "ApplicationThrottled",
                            "Application is over its limit of messages a minute for this mailbox." },
    [SP_BOX_GRAPH_DAY] = { 429, "ErrorExceededMessageLimit",
                           "Cannot send mail. The mailbox has sent to as many recipients as it may in a day." },
    [SP_BOX_GRAPH_UNAVAILABLE] = { 503, "ServiceUnavailable", "The service is temporarily unavailable." },
    [SP_BOX_GRAPH_BASE64] = { 400, "ErrorMimeContentInvalidBase64String", "Invalid base64 string for MIME content." },
    [SP_BOX_GRAPH_JSON] = { 400, "BadRequest",
                            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload "
                            "is of valid JSON format." },
    [SP_BOX_GRAPH_TYPE] = { 415, "RequestBodyRead", "A supported MIME type could not be found." },
    [SP_BOX_GRAPH_RECIPIENT] = { 400, "ErrorInvalidRecipients",
                                 "At least one recipient is not valid., Recipient '{detail}' could not be resolved." },
    [SP_BOX_GRAPH_HEADER] = { 400, "InvalidInternetMessageHeader",
                              "The internet message header name '{detail}' should start with 'x-' or 'X-'." },
    [SP_BOX_GRAPH_ATTACHMENT_SMALL] = { 400, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize",
                                        "Attachment Size should be greater than the minimum size 3145728." },
    [SP_BOX_GRAPH_ATTACHMENT_LARGE] = { 413, "ErrorAttachmentSizeLimitExceeded",
                                        "The attachment size exceeds the maximum supported size." },
    [SP_BOX_GRAPH_RANGE] = { 416, "InvalidRange", "The range is not the next one that is expected: {detail}." },
    [SP_BOX_GRAPH_INCOMPLETE] = { 400, "ErrorInvalidRequest",
                                  "The message has an upload session that is not complete." },
    [SP_BOX_GRAPH_AUTHORIZED_UPLOAD] = { 401, "InvalidAuthenticationToken",
                                         "The upload URL is authorized already: send no Authorization header." },
    [SP_BOX_GRAPH_STORE] = { 507, "ErrorInsufficientResources", "The sandbox has no room for it." },
};

static void
add_retry_after(const struct sp_box_graph *graph, struct sp_box_answer *answer, int64_t seconds)
{
    struct sp_box_scenario said = { .number = (uint64_t)(seconds > 0 ? seconds : RETRY_AFTER_S) };
    (void)sp_box_plays(graph->scenarios, SP_BOX_GRAPH, SP_BOX_RETRY_AFTER, &said);
    sp_str_addf(&answer->headers, "Retry-After: %llu\r\n", (unsigned long long)said.number);
}

static void
add_words(struct sp_str *out, const char *words, const char *detail)
{
    const char *place = strstr(words, "{detail}");
    if (place == NULL) {
        sp_str_add(out, words);
        return;
    }
    sp_str_add_n(out, words, (size_t)(place - words));
    sp_utf8_repair(out, detail, strlen(detail), true);
    sp_str_add(out, place + strlen("{detail}"));
}

void
sp_box_graph_error(const struct sp_box_graph *graph, struct sp_box_answer *answer, enum sp_box_graph_error error,
                   const char *detail, int64_t retry_after_s)
{
    const struct row *row = &rows[error];
    char when[SP_ISO_TIME_SIZE];
    struct sp_str words = { 0 };
    sp_time_iso(sp_box_now_ms(graph->scenarios, SP_BOX_GRAPH), when);
    when[19] = '\0'; /* "2026-11-23T12:00:00" */
    add_words(&words, row->words, detail != NULL ? detail : "");
    json_t *json = json_pack("{s:{s:s, s:s, s:{s:s}}}", "error", "code", row->code, "message", sp_str_text(&words),
                             "innerError", "date", when);
    SP_AUTO_FREE char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    sp_str_free(&words);
    answer->status = row->status;
    sp_str_add(&answer->body, text != NULL ? text : "");
    if (row->status == 429 || row->status == 503)
        add_retry_after(graph, answer, retry_after_s);
    if (row->status == 401)
        sp_str_addf(
            &answer->headers,
            "WWW-Authenticate: Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/"
            "oauth2/authorize\", client_id=\"00000003-0000-0000-c000-000000000000\", error=\"invalid_token\"\r\n");
}

/* Scenarios. */

bool
sp_box_graph_spoils_call(const struct sp_box_call *call)
{
    static const struct {
        enum sp_box_trick trick;
        enum sp_box_graph_error error;
    } table[] = {
        { SP_BOX_UNAVAILABLE, SP_BOX_GRAPH_UNAVAILABLE },
        { SP_BOX_THROTTLED, SP_BOX_GRAPH_CONCURRENT },
        { SP_BOX_INVALID_TOKEN, SP_BOX_GRAPH_TOKEN_UNREADABLE },
        { SP_BOX_ACCESS_DENIED, SP_BOX_GRAPH_ACCESS_DENIED },
        { SP_BOX_INVALID_USER, SP_BOX_GRAPH_INVALID_USER },
        { SP_BOX_MAILBOX_MISSING, SP_BOX_GRAPH_MAILBOX_MISSING },
    };
    for (size_t i = 0; i < SP_LEN(table); i++) {
        if (sp_box_plays(call->graph->scenarios, SP_BOX_GRAPH, table[i].trick, NULL)) {
            sp_box_graph_error(call->graph, call->answer, table[i].error, call->segments[2], 0);
            return true;
        }
    }
    return false;
}

bool
sp_box_graph_spoils_message(const struct sp_box_call *call, uint64_t size)
{
    struct sp_box_scenarios *scenarios = call->graph->scenarios;
    struct sp_box_scenario limit;
    if (sp_box_plays(scenarios, SP_BOX_GRAPH, SP_BOX_TOO_LARGE, &limit) && size > limit.number)
        return !sp_box_graph_fail(call, SP_BOX_GRAPH_MESSAGE_TOO_LARGE, NULL);
    if (sp_box_plays(scenarios, SP_BOX_GRAPH, SP_BOX_SENDER_DENIED, NULL))
        return !sp_box_graph_fail(call, SP_BOX_GRAPH_SEND_AS, NULL);
    if (sp_box_plays(scenarios, SP_BOX_GRAPH, SP_BOX_SUBMISSION_QUOTA, NULL))
        return !sp_box_graph_fail(call, SP_BOX_GRAPH_DAY, NULL);
    return false;
}
