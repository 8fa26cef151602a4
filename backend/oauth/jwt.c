/* jwt.c - see jwt.h. Microsoft wants PSS padding with SHA-256, and a salt as long as the digest (RFC 7518 section 3.5).
 */
#include "backend/oauth/jwt.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "backend/oauth/proof.h"
#include "base/auto.h"
#include "base/digest.h"
#include "base/str.h"

enum { CLAIMS_MAX = 64 * 1024 };

static void
replace(struct sp_str *text, size_t start, char from, char to)
{
    for (size_t i = start; i < text->len; i++)
        if (text->text[i] == from)
            text->text[i] = to;
}

void
sp_base64url_add(struct sp_str *out, const void *bytes, size_t size)
{
    size_t start = out->len;
    sp_base64_add(out, bytes, size);
    if (out->failed)
        return;
    while (out->len > start && out->text[out->len - 1] == '=')
        sp_str_cut(out, out->len - 1);
    replace(out, start, '+', '-');
    replace(out, start, '/', '_');
}

static void
add_json(struct sp_str *out, json_t *json)
{
    SP_AUTO_FREE char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (text == NULL)
        out->failed = true;
    else
        sp_base64url_add(out, text, strlen(text));
}

static void
add_header(struct sp_str *out, const X509 *certificate)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    SP_AUTO(sp_str_free) struct sp_str thumbprint = { 0 };
    if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1)
        out->failed = true;
    sp_base64url_add(&thumbprint, digest, size);
    add_json(out, json_pack("{s:s, s:s, s:s}", "alg", "PS256", "typ", "JWT", "x5t#S256", sp_str_text(&thumbprint)));
}

/* RFC 4122 section 4.4: random, so that no assertion is like another. */
static void
make_uuid(char text[37])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char bytes[16];
    sp_random_bytes(bytes, sizeof bytes);
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    char *at = text;
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = hex[bytes[i] >> 4];
        *at++ = hex[bytes[i] & 0x0f];
    }
    *at = '\0';
}

static void
add_claims(struct sp_str *out, const char *client_id, const char *audience, int64_t wall_ms)
{
    char id[37];
    json_int_t now = wall_ms / 1000;
    make_uuid(id);
    add_json(out, json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "aud", audience, "iss", client_id, "sub", client_id,
                            "jti", id, "nbf", now, "iat", now, "exp", now + SP_ASSERTION_LIFE_S));
}

/* Signs out->text and appends the signature. false: OpenSSL would not. */
static bool
sign(struct sp_str *out, EVP_PKEY *key)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *how = NULL;
    unsigned char signature[2048]; /* RSA keys of up to 16384 bits */
    size_t size = sizeof signature;
    bool signed_ = context != NULL && EVP_DigestSignInit(context, &how, EVP_sha256(), NULL, key) == 1 &&
                   EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1 &&
                   EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) == 1 &&
                   EVP_DigestSign(context, signature, &size, (const unsigned char *)out->text, out->len) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    if (!signed_)
        return false;
    sp_str_add_char(out, '.');
    sp_base64url_add(out, signature, size);
    return true;
}

enum sp_rc
sp_jwt_assert(struct sp_str *out, X509 *certificate, EVP_PKEY *key, const char *client_id, const char *audience,
              int64_t wall_ms, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str token = { 0 };
    add_header(&token, certificate);
    sp_str_add_char(&token, '.');
    add_claims(&token, client_id, audience, wall_ms);
    if (token.failed)
        return sp_fail(err, SP_E_NOMEM, "oauth: out of memory");
    if (!sign(&token, key))
        return sp_fail(err, SP_E_INVALID, "oauth: the application's key cannot sign (PS256)");
    sp_str_add(out, sp_str_text(&token));
    return out->failed || token.failed ? sp_fail(err, SP_E_NOMEM, "oauth: out of memory") : SP_OK;
}

json_t *
sp_jwt_claims(const char *token, size_t size)
{
    const char *start = memchr(token, '.', size);
    if (start == NULL)
        return NULL;
    start++;
    const char *end = memchr(start, '.', size - (size_t)(start - token));
    if (end == NULL || end - start > CLAIMS_MAX)
        return NULL;
    SP_AUTO(sp_str_free) struct sp_str padded = { 0 }, text = { 0 };
    sp_str_add_n(&padded, start, (size_t)(end - start));
    while (!padded.failed && padded.len % 4 != 0)
        sp_str_add_char(&padded, '=');
    replace(&padded, 0, '-', '+');
    replace(&padded, 0, '_', '/');
    if (padded.failed || !sp_base64_decode(&text, sp_str_text(&padded), padded.len))
        return NULL;
    json_t *claims = json_loadb(sp_str_text(&text), text.len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(claims)) {
        json_decref(claims);
        return NULL;
    }
    return claims;
}
