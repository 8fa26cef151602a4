#include "backend/sandbox/app.h"

#include <fcntl.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend/sandbox/jwt.h"
#include "base/auto.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/secret.h"

enum { SECRET_BYTES = 30, CLOCK_SKEW_S = 300 };

static const struct {
    const char *resource;
    enum sp_box_audience audience;
} resources[] = {
    { "https://outlook.office365.com", SP_BOX_FOR_OUTLOOK },
    { "https://outlook.office.com", SP_BOX_FOR_OUTLOOK },
    { "https://outlook.office365.us", SP_BOX_FOR_OUTLOOK },
    { "https://partner.outlook.cn", SP_BOX_FOR_OUTLOOK },
    { "https://graph.microsoft.com", SP_BOX_FOR_GRAPH },
    { "https://graph.microsoft.us", SP_BOX_FOR_GRAPH },
    { "https://dod-graph.microsoft.us", SP_BOX_FOR_GRAPH },
    { "https://microsoftgraph.chinacloudapi.cn", SP_BOX_FOR_GRAPH },
};

enum sp_box_audience
sp_box_audience_of(const char *resource)
{
    size_t len = strlen(resource);
    if (len > 0 && resource[len - 1] == '/')
        len--;
    for (size_t i = 0; i < SP_LEN(resources); i++)
        if (strlen(resources[i].resource) == len && strncmp(resources[i].resource, resource, len) == 0)
            return resources[i].audience;
    return SP_BOX_FOR_NOBODY;
}

/* Opening. */

/* A GUID that is always the same for the same words. */
static void
make_guid(const char *what, const char *domain, char guid[SP_BOX_GUID_SIZE])
{
    char hex[SP_SHA256_HEX_SIZE];
    struct sp_str text = { 0 };
    sp_str_addf(&text, "%s of %s", what, domain);
    sp_sha256_hex(sp_str_text(&text), text.len, hex);
    sp_str_free(&text);
    (void)snprintf(guid, SP_BOX_GUID_SIZE, "%.8s-%.4s-4%.3s-a%.3s-%.12s", hex, hex + 8, hex + 12, hex + 15, hex + 18);
}

/* A secret as the portal makes them, about 40 characters. */
static enum sp_rc
make_secret(int dirfd, const char *name, struct sp_err *err)
{
    unsigned char random[SECRET_BYTES];
    struct sp_str text = { 0 };
    sp_random_bytes(random, sizeof(random));
    sp_box_base64url_add(&text, random, sizeof(random));
    sp_str_add_char(&text, '\n');
    enum sp_rc rc = sp_io_put_file(dirfd, name, sp_str_text(&text), text.len, 0600, err);
    sp_wipe(text.text, text.len);
    sp_str_free(&text);
    return rc;
}

static enum sp_rc
open_secret(int dirfd, const char *dir, const char *name, struct sp_secret **ret, struct sp_err *err)
{
    struct sp_str path = { 0 };
    enum sp_rc rc = SP_OK;
    if (faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
        rc = make_secret(dirfd, name, err);
    sp_str_addf(&path, "%s/%s", dir, name);
    if (rc == SP_OK)
        rc = sp_secret_from_file(sp_str_text(&path), ret, err);
    sp_str_free(&path);
    return rc;
}

static enum sp_rc
open_certificates(int dirfd, struct sp_box_app *app, struct sp_err *err)
{
    const struct sp_box_wish first = {
        .purpose = SP_BOX_CLIENT, .common = "scanpost", .days = SP_BOX_LIFE_DAYS, .rsa = true
    };
    const struct sp_box_wish signer = { .purpose = SP_BOX_CLIENT,
                                        .common = "accounts.accesscontrol.windows.net",
                                        .days = SP_BOX_LIFE_DAYS };
    enum sp_rc rc = sp_box_pair_open(dirfd, "oauth", &first, NULL, &app->certificates[0], err);
    struct sp_box_wish second = first;
    second.key = app->certificates[0].key;
    if (rc == SP_OK)
        rc = sp_box_pair_open(dirfd, "next-oauth", &second, NULL, &app->certificates[1], err);
    if (rc == SP_OK)
        rc = sp_box_pair_open(dirfd, "token", &signer, NULL, &app->signer, err);
    return rc;
}

enum sp_rc
sp_box_app_open(int dirfd, const char *dir, const char *domain, struct sp_box_app *ret, struct sp_err *err)
{
    make_guid("tenant", domain, ret->tenant);
    make_guid("application", domain, ret->client);
    make_guid("service principal", domain, ret->object);
    enum sp_rc rc = open_secret(dirfd, dir, "client-secret", &ret->secrets[0], err);
    if (rc == SP_OK)
        rc = open_secret(dirfd, dir, "next-client-secret", &ret->secrets[1], err);
    return rc == SP_OK ? open_certificates(dirfd, ret, err) : rc;
}

void
sp_box_app_close(struct sp_box_app *app)
{
    for (size_t i = 0; i < SP_BOX_PROOFS; i++) {
        sp_secret_free(&app->secrets[i]);
        sp_box_pair_free(&app->certificates[i]);
    }
    sp_box_pair_free(&app->signer);
}

/* Tokens. */

static json_t *
roles_for(enum sp_box_audience audience)
{
    switch (audience) {
    case SP_BOX_FOR_OUTLOOK:
        return json_pack("[s]", "SMTP.SendAsApp");
    case SP_BOX_FOR_GRAPH:
        return json_pack("[ss]", "Mail.ReadWrite", "Mail.Send");
    case SP_BOX_FOR_NOBODY:
        break;
    }
    return json_array();
}

/* No one knows what these say; they are as long as Entra's, because length is what breaks buffers. */
static json_t *
opaque(size_t size)
{
    unsigned char random[64];
    struct sp_str text = { 0 };
    sp_random_bytes(random, sizeof(random));
    sp_box_base64url_add(&text, random, size);
    json_t *json = json_string(sp_str_text(&text));
    sp_str_free(&text);
    return json;
}

static json_t *
header_make(const struct sp_box_app *app)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    struct sp_str thumbprint = { 0 };
    if (X509_digest(app->signer.certificate, EVP_sha1(), digest, &size) == 1)
        sp_box_base64url_add(&thumbprint, digest, size);
    const char *text = sp_str_text(&thumbprint);
    json_t *header = json_pack("{s:s, s:o, s:s, s:s, s:s}", "typ", "JWT", "nonce", opaque(32), "alg", "ES256", "x5t",
                               text, "kid", text);
    sp_str_free(&thumbprint);
    return header;
}

static json_t *
payload_make(const struct sp_box_app *app, const struct sp_box_grant *grant)
{
    char issuer[128];
    (void)snprintf(issuer, sizeof(issuer), "https://sts.windows.net/%s/", app->tenant);
    json_t *payload = json_pack(
        "{s:s, s:s, s:I, s:I, s:I, s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:s}", "aud", grant->resource,
        "iss", issuer, "iat", (json_int_t)grant->now_s, "nbf", (json_int_t)grant->now_s, "exp",
        (json_int_t)grant->now_s + (json_int_t)grant->lifetime_s, "aio", opaque(45), "app_displayname", "scanpost",
        "appid", app->client, "appidacr", grant->by_certificate ? "2" : "1", "idp", issuer, "idtyp", "app", "oid",
        app->object, "sub", app->object, "rh", opaque(60), "uti", opaque(16), "ver", "1.0");
    json_object_set_new(payload, "tid", json_string(app->tenant));
    json_object_set_new(payload, "wids", json_pack("[s]", "0997a1d0-0d1d-4acb-b408-d5ca73121e90"));
    if (!grant->without_roles)
        json_object_set_new(payload, "roles", roles_for(sp_box_audience_of(grant->resource)));
    return payload;
}

bool
sp_box_app_grant(const struct sp_box_app *app, const struct sp_box_grant *grant, struct sp_str *out)
{
    json_t *header = header_make(app), *payload = payload_make(app, grant);
    bool made = header != NULL && payload != NULL && sp_box_jwt_sign(header, payload, app->signer.key, out);
    json_decref(header);
    json_decref(payload);
    return made;
}

static bool
may_send(const json_t *payload)
{
    size_t i;
    const json_t *role;
    json_array_foreach (json_object_get(payload, "roles"), i, role) {
        if (json_is_string(role) && strcmp(json_string_value(role), "Mail.Send") == 0)
            return true;
    }
    return false;
}

static enum sp_box_token
judge(const struct sp_box_jwt *jwt, enum sp_box_audience audience, int64_t now_s)
{
    if (sp_box_audience_of(sp_box_jwt_text(jwt->payload, "aud")) != audience)
        return SP_BOX_TOKEN_FOR_OTHERS;
    if (sp_box_jwt_number(jwt->payload, "exp") <= now_s)
        return SP_BOX_TOKEN_EXPIRED;
    if (sp_box_jwt_number(jwt->payload, "nbf") > now_s + CLOCK_SKEW_S)
        return SP_BOX_TOKEN_TOO_EARLY;
    if (audience == SP_BOX_FOR_GRAPH && !may_send(jwt->payload))
        return SP_BOX_TOKEN_WITHOUT_ROLE;
    return SP_BOX_TOKEN_GOOD;
}

enum sp_box_token
sp_box_app_check(const struct sp_box_app *app, const char *token, enum sp_box_audience audience, int64_t now_s)
{
    struct sp_box_jwt jwt;
    enum sp_box_token result = SP_BOX_TOKEN_UNREADABLE;
    if (sp_box_jwt_parse(token, &jwt))
        result = sp_box_jwt_verify(&jwt, app->signer.key) ? judge(&jwt, audience, now_s) : SP_BOX_TOKEN_FORGED;
    sp_box_jwt_free(&jwt);
    return result;
}
