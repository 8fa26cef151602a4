#include "backend/sandbox/login.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "backend/sandbox/login_words.h"
#include "backend/sandbox/stats.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/text.h"

enum { GRANT_SIZE = 64, CLIENT_SIZE = 128, SCOPE_SIZE = 512, DETAIL_SIZE = 256, RETRY_AFTER_S = 5 };

/* What was asked. */
struct asked {
    char tenant[256];
    char grant[GRANT_SIZE], client[CLIENT_SIZE], scope[SCOPE_SIZE], assertion_type[128];
    struct sp_str secret, assertion;
    char detail[DETAIL_SIZE]; /* of a refusal */
    size_t proof;             /* which of the application's */
    int64_t now_ms;
};

/* The form. */

/* A field of application/x-www-form-urlencoded; false: absent or malformed. */
static bool
field(const char *form, const char *name, struct sp_str *out)
{
    size_t len = strlen(name);
    for (const char *at = form; *at != '\0';) {
        size_t size = strcspn(at, "&");
        if (size > len && strncmp(at, name, len) == 0 && at[len] == '=')
            return sp_box_percent_decode(out, at + len + 1, size - len - 1, true);
        at += size + (at[size] == '&');
    }
    return false;
}

static void
short_field(const char *form, const char *name, char *to, size_t size)
{
    struct sp_str text = { 0 };
    (void)field(form, name, &text);
    (void)sp_text_copy(to, size, sp_str_text(&text));
    sp_str_free(&text);
}

static bool
form_read(const struct sp_box_request *request, struct asked *asked)
{
    struct sp_str form = { 0 };
    bool read = sp_box_request_text(request, SP_BOX_LOGIN_BODY_MAX, &form);
    const char *text = sp_str_text(&form);
    short_field(text, "grant_type", asked->grant, sizeof(asked->grant));
    short_field(text, "client_id", asked->client, sizeof(asked->client));
    short_field(text, "scope", asked->scope, sizeof(asked->scope));
    short_field(text, "client_assertion_type", asked->assertion_type, sizeof(asked->assertion_type));
    (void)field(text, "client_secret", &asked->secret);
    (void)field(text, "client_assertion", &asked->assertion);
    if (form.text != NULL)
        sp_wipe(form.text, form.len);
    sp_str_free(&form);
    return read;
}

static void
asked_free(struct asked *asked)
{
    if (asked->secret.text != NULL)
        sp_wipe(asked->secret.text, asked->secret.len);
    sp_str_free(&asked->secret);
    sp_str_free(&asked->assertion);
}

/* Who asks. */

/* "/TENANT" and the rest */
static bool
path_parse(const char *path, const char *rest, char *tenant, size_t size)
{
    size_t len = strcspn(path + 1, "/");
    if (len == 0 || len >= size || strcasecmp(path + 1 + len, rest) != 0)
        return false;
    memcpy(tenant, path + 1, len);
    tenant[len] = '\0';
    return true;
}

/* A tenant goes by its id or by any of its domains. */
static bool
is_tenant(const struct sp_box_login *login, const char *name)
{
    const struct sp_box_list *domains = &login->options->domains;
    bool is = strcasecmp(name, login->app->tenant) == 0;
    for (size_t i = 0; !is && i < domains->n; i++)
        is = strcasecmp(name, domains->items[i]) == 0;
    return is;
}

static bool
plays(const struct sp_box_login *login, enum sp_box_trick trick)
{
    return sp_box_plays(login->scenarios, SP_BOX_TOKEN, trick, NULL);
}

/* Each check below returns whether it went well, and says otherwise why not. */

static bool
secret_good(const struct sp_box_login *login, struct asked *asked, enum sp_box_refused *why)
{
    struct sp_secret *told = sp_secret_new(asked->secret.text, asked->secret.len);
    while (told != NULL && asked->proof < SP_BOX_PROOFS && !sp_secret_equal(told, login->app->secrets[asked->proof]))
        asked->proof++;
    sp_secret_free(&told);
    if (asked->proof == 0 && plays(login, SP_BOX_SECRET_EXPIRED)) {
        *why = SP_BOX_ENTRA_SECRET_EXPIRED;
        return false;
    }
    *why = SP_BOX_ENTRA_SECRET_WRONG;
    return asked->proof < SP_BOX_PROOFS && !plays(login, SP_BOX_SECRET_WRONG);
}

/* "Current time: 2026-11-23T12:00:00.000Z, assertion valid from ..., expiry time of assertion ..." */
static void
describe_times(struct asked *asked, const struct sp_box_asserted *asserted)
{
    char now[SP_ISO_TIME_SIZE], from[SP_ISO_TIME_SIZE], until[SP_ISO_TIME_SIZE];
    sp_time_iso(asked->now_ms, now);
    sp_time_iso(asserted->from_s * 1000, from);
    sp_time_iso(asserted->until_s * 1000, until);
    (void)snprintf(asked->detail, sizeof(asked->detail),
                   "Current time: %s, assertion valid from %s, expiry time of assertion %s", now, from, until);
}

static bool
verdict_good(enum sp_box_verdict verdict, enum sp_box_refused *why)
{
    static const enum sp_box_refused words[] = {
        [SP_BOX_ASSERTION_UNREADABLE] = SP_BOX_ENTRA_ASSERTION,
        [SP_BOX_ASSERTION_KEY_UNKNOWN] = SP_BOX_ENTRA_CERTIFICATE_UNKNOWN,
        [SP_BOX_ASSERTION_SIGNATURE] = SP_BOX_ENTRA_SIGNATURE,
        [SP_BOX_ASSERTION_SUBJECT] = SP_BOX_ENTRA_SUBJECT,
        [SP_BOX_ASSERTION_AUDIENCE] = SP_BOX_ENTRA_AUDIENCE,
        [SP_BOX_ASSERTION_TIME] = SP_BOX_ENTRA_TIME,
        [SP_BOX_ASSERTION_REPLAYED] = SP_BOX_ENTRA_REPLAYED,
    };
    if (verdict != SP_BOX_ASSERTION_GOOD)
        *why = words[verdict];
    return verdict == SP_BOX_ASSERTION_GOOD;
}

static bool
assertion_good(struct sp_box_login *login, const char *path, struct asked *asked, enum sp_box_refused *why)
{
    static const char type[] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    struct sp_box_asserted asserted;
    *why = SP_BOX_ENTRA_ASSERTION;
    if (strcmp(asked->assertion_type, type) != 0)
        return false;
    enum sp_box_verdict verdict = sp_box_assertion_check(login->app, &login->jtis, sp_str_text(&asked->assertion),
                                                         asked->client, path, asked->now_ms / 1000, &asserted);
    asked->proof = asserted.proof;
    (void)sp_text_copy(asked->detail, sizeof(asked->detail), asserted.thumbprint);
    if (verdict == SP_BOX_ASSERTION_TIME)
        describe_times(asked, &asserted);
    if (asserted.proof == 0 && plays(login, SP_BOX_CERTIFICATE_UNKNOWN)) {
        *why = SP_BOX_ENTRA_CERTIFICATE_UNKNOWN;
        return false;
    }
    if (asserted.proof == 0 && plays(login, SP_BOX_CERTIFICATE_EXPIRED)) {
        *why = SP_BOX_ENTRA_CERTIFICATE_EXPIRED;
        return false;
    }
    return verdict_good(verdict, why);
}

static bool
proof_good(struct sp_box_login *login, const char *path, struct asked *asked, enum sp_box_refused *why)
{
    if (asked->assertion.len > 0)
        return assertion_good(login, path, asked, why);
    if (asked->secret.len > 0)
        return secret_good(login, asked, why);
    *why = SP_BOX_ENTRA_NO_PROOF;
    return false;
}

/* Cuts "/.default" off the scope, which leaves the resource. */
static bool
scope_good(const struct sp_box_login *login, struct asked *asked, enum sp_box_refused *why)
{
    static const char ending[] = "/.default";
    *why = SP_BOX_ENTRA_NO_SCOPE;
    if (*asked->scope == '\0' || strchr(asked->scope, ' ') != NULL || plays(login, SP_BOX_SCOPE_REFUSED))
        return false;
    *why = SP_BOX_ENTRA_SCOPE_WORDS;
    if (!sp_text_ends_nocase(asked->scope, ending))
        return false;
    asked->scope[strlen(asked->scope) - strlen(ending)] = '\0';
    *why = SP_BOX_ENTRA_RESOURCE;
    return sp_box_audience_of(asked->scope) != SP_BOX_FOR_NOBODY;
}

static bool
request_good(const struct sp_box_login *login, struct asked *asked, enum sp_box_refused *why)
{
    if (!is_tenant(login, asked->tenant) || plays(login, SP_BOX_TENANT_UNKNOWN)) {
        *why = SP_BOX_ENTRA_TENANT;
        return false;
    }
    if (*asked->grant == '\0' || *asked->client == '\0') {
        *why = SP_BOX_ENTRA_PARAMETER;
        (void)sp_text_copy(asked->detail, sizeof(asked->detail), *asked->grant == '\0' ? "grant_type" : "client_id");
        return false;
    }
    if (strcmp(asked->grant, "client_credentials") != 0) {
        *why = SP_BOX_ENTRA_GRANT;
        (void)sp_text_copy(asked->detail, sizeof(asked->detail), asked->grant);
        return false;
    }
    *why = SP_BOX_ENTRA_APP;
    return strcasecmp(asked->client, login->app->client) == 0 && !plays(login, SP_BOX_APP_MISSING);
}

/* Answering. */

static int64_t
lifetime(const struct sp_box_login *login)
{
    struct sp_box_scenario said;
    if (sp_box_plays(login->scenarios, SP_BOX_TOKEN, SP_BOX_TOKEN_LIFETIME, &said))
        return said.number < INT32_MAX ? (int64_t)said.number : INT32_MAX;
    return login->options->token_lifetime_s;
}

static bool
grant_token(const struct sp_box_login *login, const struct asked *asked, struct sp_box_answer *answer)
{
    struct sp_str token = { 0 };
    const struct sp_box_grant grant = { .resource = asked->scope,
                                        .by_certificate = asked->assertion.len > 0,
                                        .without_roles = plays(login, SP_BOX_NO_ROLES),
                                        .now_s = asked->now_ms / 1000,
                                        .lifetime_s = lifetime(login) };
    bool made = sp_box_app_grant(login->app, &grant, &token);
    answer->status = made ? 200 : 500;
    answer->type = "application/json; charset=utf-8";
    sp_str_add(&answer->headers, "Cache-Control: no-store, no-cache\r\nPragma: no-cache\r\n");
    if (made)
        sp_str_addf(&answer->body,
                    "{\"token_type\":\"Bearer\",\"expires_in\":%lld,\"ext_expires_in\":%lld,\"access_token\":\"%s\"}",
                    (long long)grant.lifetime_s, (long long)grant.lifetime_s, sp_str_text(&token));
    sp_str_free(&token);
    return made;
}

static void
add_retry_after(const struct sp_box_login *login, struct sp_box_answer *answer)
{
    struct sp_box_scenario said = { .number = RETRY_AFTER_S };
    (void)sp_box_plays(login->scenarios, SP_BOX_TOKEN, SP_BOX_RETRY_AFTER, &said);
    sp_str_addf(&answer->headers, "Retry-After: %llu\r\n", (unsigned long long)said.number);
}

static void
refuse(const struct sp_box_login *login, const struct asked *asked, enum sp_box_refused why,
       struct sp_box_answer *answer)
{
    const struct sp_box_entra words = { .client = asked->client,
                                        .tenant = asked->tenant,
                                        .scope = asked->scope,
                                        .detail = asked->detail,
                                        .now_ms = asked->now_ms };
    if (why == SP_BOX_ENTRA_THROTTLED || why == SP_BOX_ENTRA_UNAVAILABLE)
        add_retry_after(login, answer);
    sp_box_entra_refuse(answer, why, &words);
}

/* Everything that could be wrong, in the order in which Entra looks. */
static bool
ask(struct sp_box_login *login, const struct sp_box_request *request, struct asked *asked, enum sp_box_refused *why)
{
    static const struct {
        enum sp_box_trick trick;
        enum sp_box_refused refused;
    } storms[] = { { SP_BOX_UNAVAILABLE, SP_BOX_ENTRA_UNAVAILABLE }, { SP_BOX_THROTTLED, SP_BOX_ENTRA_THROTTLED } };
    for (size_t i = 0; i < SP_LEN(storms); i++) {
        *why = storms[i].refused;
        if (plays(login, storms[i].trick))
            return false;
    }
    if (strcmp(request->method, "POST") != 0) {
        *why = SP_BOX_ENTRA_METHOD;
        (void)sp_text_copy(asked->detail, sizeof(asked->detail), request->method);
        return false;
    }
    if (!form_read(request, asked) || !request_good(login, asked, why) ||
        !proof_good(login, request->path, asked, why) || !scope_good(login, asked, why))
        return false;
    *why = SP_BOX_ENTRA_POLICY;
    return !plays(login, SP_BOX_CONDITIONAL_ACCESS);
}

static enum sp_box_count
count_for(bool granted, bool by_certificate)
{
    if (!granted)
        return SP_BOX_TOKENS_REFUSED;
    return by_certificate ? SP_BOX_TOKENS_BY_CERTIFICATE : SP_BOX_TOKENS_BY_SECRET;
}

/* GET /TENANT/v2.0/.well-known/openid-configuration: how everybody finds the tenant's id from one of its domains. */
static bool
describe(const struct sp_box_login *login, const struct sp_box_request *request, struct asked *asked,
         struct sp_box_answer *answer)
{
    const char *host = sp_box_request_header(request, "Host"), *tenant = login->app->tenant;
    if (strcmp(request->method, "GET") != 0 ||
        !path_parse(request->path, "/v2.0/.well-known/openid-configuration", asked->tenant, sizeof(asked->tenant)))
        return false;
    answer->status = 200;
    answer->type = "application/json; charset=utf-8";
    json_t *json =
        json_pack("{s:o, s:o, s:s}", "token_endpoint", json_sprintf("https://%s/%s/oauth2/v2.0/token", host, tenant),
                  "issuer", json_sprintf("https://%s/%s/v2.0", host, tenant), "tenant_region_scope", "EU");
    SP_AUTO_FREE char *text = json == NULL ? NULL : json_dumps(json, 0);
    json_decref(json);
    if (!is_tenant(login, asked->tenant))
        refuse(login, asked, SP_BOX_ENTRA_TENANT, answer);
    else
        sp_str_add(&answer->body, text == NULL ? "{}" : text);
    return true;
}

static void
handle(void *context, const struct sp_box_request *request, const struct sp_box_guest *guest,
       struct sp_box_answer *answer)
{
    struct sp_box_login *login = context;
    struct asked asked = { .now_ms = sp_box_now_ms(login->scenarios, SP_BOX_TOKEN) };
    enum sp_box_refused why = SP_BOX_ENTRA_PARAMETER;
    (void)guest;
    if (describe(login, request, &asked, answer))
        return;
    if (!path_parse(request->path, "/oauth2/v2.0/token", asked.tenant, sizeof(asked.tenant))) {
        answer->status = 404;
        return;
    }
    bool granted = ask(login, request, &asked, &why) && grant_token(login, &asked, answer);
    if (!granted && answer->status == 0)
        refuse(login, &asked, why, answer);
    sp_box_stats_add(login->stats, count_for(granted, asked.assertion.len > 0), 1);
    asked_free(&asked);
}

static void
too_large(void *context, struct sp_box_answer *answer)
{
    (void)context;
    answer->status = 413;
}

const struct sp_box_service_fns sp_box_login_fns = { .handle = handle, .too_large = too_large };
