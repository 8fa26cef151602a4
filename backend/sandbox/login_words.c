#include "backend/sandbox/login_words.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/sandbox/http.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/str.h"
#include "base/text.h"

/* Templates: {client} {tenant} {scope} {detail}, as the caller says. */
static const struct row {
    int status;
    const char *error;
    int code; /* of AADSTS; 0: the text stands alone */
    const char *words;
} rows[] = {
    [SP_BOX_ENTRA_METHOD] = { 400, "invalid_request", 900561,
                              "The endpoint only accepts POST, OPTIONS requests. Received a {detail} request." },
    [SP_BOX_ENTRA_TENANT] = { 400, "invalid_request", 90002,
                              "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are "
                              "signing into the correct cloud. Check with your subscription administrator, this may "
                              "happen if there are no active subscriptions for the tenant." },
    [SP_BOX_ENTRA_PARAMETER] = { 400, "invalid_request", 900144,
                                 "The request body must contain the following parameter: '{detail}'." },
    [SP_BOX_ENTRA_GRANT] = { 400, "unsupported_grant_type", 70003,
                             "The app requested an unsupported grant type '{detail}'." },
    [SP_BOX_ENTRA_APP] = { 400, "unauthorized_client", 700016,
                           "Application with identifier '{client}' was not found in the directory '{tenant}'. This can "
                           "happen if the application has not been installed by the administrator of the tenant or "
                           "consented to by any user in the tenant. You may have sent your authentication request to "
                           "the wrong tenant." },
    [SP_BOX_ENTRA_NO_PROOF] = { 401, "invalid_client", 7000218,
                                "The request body must contain the following parameter: 'client_assertion' or "
                                "'client_secret'." },
    [SP_BOX_ENTRA_SECRET_WRONG] = { 401, "invalid_client", 7000215,
                                    "Invalid client secret provided. Ensure the secret being sent in the request is "
                                    "the client secret value, not the client secret ID, for a secret added to app "
                                    "'{client}'." },
    [SP_BOX_ENTRA_SECRET_EXPIRED] = { 401, "invalid_client", 7000222,
                                      "The provided client secret keys for app '{client}' are expired. Visit the Azure "
                                      "portal to create new keys for your app: https://aka.ms/NewClientSecret, or "
                                      "consider using certificate credentials for added security: "
                                      "https://aka.ms/certCreds." },
    [SP_BOX_ENTRA_ASSERTION] = { 401, "invalid_client", 50027,
                                 "JWT token is invalid or malformed. The client assertion could not be read." },
    [SP_BOX_ENTRA_CERTIFICATE_UNKNOWN] = { 401, "invalid_client", 700027,
                                           "The certificate with identifier used to sign the client assertion is not "
                                           "registered on application. [Reason - The key was not found., Thumbprint "
                                           "of key used by client: '{detail}', Please visit the Azure Portal, Graph "
                                           "Explorer or directly use MS Graph to see configured keys for app Id "
                                           "'{client}'.]" },
    [SP_BOX_ENTRA_CERTIFICATE_EXPIRED] = { 401, "invalid_client", 700027,
                                           "The certificate with identifier used to sign the client assertion is "
                                           "expired on application. [Reason - The key used is expired., Thumbprint of "
                                           "key used by client: '{detail}', Please visit the Azure Portal, Graph "
                                           "Explorer or directly use MS Graph to see configured keys for app Id "
                                           "'{client}'.]" },
    [SP_BOX_ENTRA_SIGNATURE] = { 401, "invalid_client", 700027,
                                 "Client assertion failed signature validation. [Reason - The provided signature value "
                                 "did not match the expected signature value., Thumbprint of key used by client: "
                                 "'{detail}']" },
    [SP_BOX_ENTRA_SUBJECT] = { 401, "invalid_client", 700021,
                               "Client assertion application identifier doesn't match 'client_id' parameter." },
    [SP_BOX_ENTRA_AUDIENCE] = { 401, "invalid_client", 700023,
                                "Client assertion audience claim does not match Realm issuer. Review the documentation "
                                "at https://learn.microsoft.com/entra/identity-platform/certificate-credentials." },
    [SP_BOX_ENTRA_TIME] = { 401, "invalid_client", 700024,
                            "Client assertion is not within its valid time range. {detail}. Review the documentation "
                            "at https://learn.microsoft.com/entra/identity-platform/certificate-credentials." },
    /* The words for this one are ours: Entra's were not found. */
    [SP_BOX_ENTRA_REPLAYED] = { 401, "invalid_client", 50013,
                                "Assertion failed validation. [Reason - Its jti is missing, or was seen before.]" },
    [SP_BOX_ENTRA_NO_SCOPE] = { 400, "invalid_scope", 70011,
                                "The provided request must include a 'scope' input parameter. The provided value for "
                                "the input parameter 'scope' is not valid. The scope {scope} is not valid." },
    [SP_BOX_ENTRA_SCOPE_WORDS] = { 400, "invalid_scope", 1002012,
                                   "The provided value for scope {scope} is not valid. Client credential flows must "
                                   "have a scope value with /.default suffixed to the resource identifier "
                                   "(application ID URI)." },
    [SP_BOX_ENTRA_RESOURCE] = { 400, "invalid_resource", 500011,
                                "The resource principal named {scope} was not found in the tenant named {tenant}. This "
                                "can happen if the application has not been installed by the administrator of the "
                                "tenant or consented to by any user in the tenant. You might have sent your "
                                "authentication request to the wrong tenant." },
    [SP_BOX_ENTRA_POLICY] = { 400, "invalid_grant", 53003,
                              "Access has been blocked by Conditional Access policies. The access policy does not "
                              "allow token issuance." },
    [SP_BOX_ENTRA_UNAVAILABLE] = { 503, "temporarily_unavailable", 90033,
                                   "A transient error has occurred. Please try again." },
    [SP_BOX_ENTRA_THROTTLED] = { 429, "invalid_request", 50196,
                                 "The server terminated an operation because it encountered a client request loop. "
                                 "Please contact your app vendor." },
};

static void
expand(struct sp_str *out, const char *template, const struct sp_box_entra *words)
{
    const struct {
        const char *name, *value;
    } places[] = { { "{client}", words->client },
                   { "{tenant}", words->tenant },
                   { "{scope}", words->scope },
                   { "{detail}", words->detail } };
    while (*template != '\0') {
        size_t len = strcspn(template, "{"), i = 0;
        sp_str_add_n(out, template, len);
        template += len;
        while (i < SP_LEN(places) && !sp_text_starts(template, places[i].name))
            i++;
        if (i < SP_LEN(places)) {
            sp_utf8_repair(out, places[i].value, strlen(places[i].value), true); /* it becomes JSON */
            template += strlen(places[i].name);
        }
    }
}

static void
make_guid(char guid[37])
{
    unsigned r[4];
    sp_random_bytes(r, sizeof(r));
    (void)snprintf(guid, 37, "%08x-%04x-4%03x-a%03x-%08x%04x", r[0], r[1] >> 16, r[1] & 0xfffU, r[2] & 0xfffU, r[3],
                   r[2] >> 16);
}

void
sp_box_entra_refuse(struct sp_box_answer *answer, enum sp_box_refused refused, const struct sp_box_entra *words)
{
    const struct row *row = &rows[refused];
    char when[SP_ISO_TIME_SIZE], trace[37], correlation[37], uri[96];
    struct sp_str text = { 0 };
    make_guid(trace);
    make_guid(correlation);
    sp_time_iso(words->now_ms, when);
    when[10] = ' '; /* "2026-11-23 12:00:00Z" */
    when[19] = 'Z';
    when[20] = '\0';
    (void)snprintf(uri, sizeof(uri), "https://login.microsoftonline.com/error?code=%d", row->code);
    sp_str_addf(&text, "AADSTS%d: ", row->code);
    expand(&text, row->words, words);
    sp_str_addf(&text, " Trace ID: %s Correlation ID: %s Timestamp: %s", trace, correlation, when);
    json_t *json = json_pack("{s:s, s:s, s:[i], s:s, s:s, s:s, s:s}", "error", row->error, "error_description",
                             sp_str_text(&text), "error_codes", row->code, "timestamp", when, "trace_id", trace,
                             "correlation_id", correlation, "error_uri", uri);
    SP_AUTO_FREE char *body = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    sp_str_free(&text);
    answer->status = row->status;
    answer->type = "application/json; charset=utf-8";
    sp_str_add(&answer->body, body != NULL ? body : "");
}
