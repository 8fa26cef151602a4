#include "backend/sandbox/jwt.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/digest.h"

enum { P256_SIZE = 32, P256_PAIR = 64, DER_MAX = 128 };

/* base64url. */

void
sp_box_base64url_add(struct sp_str *out, const void *bytes, size_t size)
{
    size_t start = out->len;
    sp_base64_add(out, bytes, size);
    for (size_t i = start; i < out->len; i++) {
        if (out->text[i] == '+')
            out->text[i] = '-';
        if (out->text[i] == '/')
            out->text[i] = '_';
    }
    while (out->len > start && out->text[out->len - 1] == '=')
        sp_str_cut(out, out->len - 1);
}

static bool
base64url_decode(struct sp_str *out, const char *text, size_t size)
{
    struct sp_str plain = { 0 };
    if (memchr(text, '+', size) != NULL || memchr(text, '/', size) != NULL || memchr(text, '=', size) != NULL)
        return false;
    sp_str_add_n(&plain, text, size);
    for (size_t i = 0; i < plain.len; i++) {
        if (plain.text[i] == '-')
            plain.text[i] = '+';
        if (plain.text[i] == '_')
            plain.text[i] = '/';
    }
    while (plain.len % 4 != 0 && !plain.failed)
        sp_str_add_char(&plain, '=');
    bool fine = !plain.failed && sp_base64_decode(out, sp_str_text(&plain), plain.len);
    sp_str_free(&plain);
    return fine;
}

/* Reading. */

static json_t *
part_parse(const char *text, size_t size)
{
    struct sp_str bytes = { 0 };
    json_t *json = NULL;
    if (base64url_decode(&bytes, text, size))
        json = json_loadb(sp_str_text(&bytes), bytes.len, JSON_REJECT_DUPLICATES, NULL);
    sp_str_free(&bytes);
    if (json_is_object(json))
        return json;
    json_decref(json);
    return NULL;
}

bool
sp_box_jwt_parse(const char *text, struct sp_box_jwt *ret)
{
    *ret = (struct sp_box_jwt){ 0 };
    const char *first = strchr(text, '.'), *second = first != NULL ? strchr(first + 1, '.') : NULL;
    if (second == NULL)
        return false;
    sp_str_add_n(&ret->signed_part, text, (size_t)(second - text));
    ret->header = part_parse(text, (size_t)(first - text));
    ret->payload = part_parse(first + 1, (size_t)(second - first - 1));
    return !ret->signed_part.failed && ret->header != NULL && ret->payload != NULL &&
           base64url_decode(&ret->signature, second + 1, strlen(second + 1));
}

void
sp_box_jwt_free(struct sp_box_jwt *jwt)
{
    json_decref(jwt->header);
    json_decref(jwt->payload);
    sp_str_free(&jwt->signed_part);
    sp_str_free(&jwt->signature);
    *jwt = (struct sp_box_jwt){ 0 };
}

const char *
sp_box_jwt_text(const json_t *part, const char *name)
{
    const char *text = json_string_value(json_object_get(part, name));
    return text != NULL ? text : "";
}

json_int_t
sp_box_jwt_number(const json_t *part, const char *name)
{
    return json_integer_value(json_object_get(part, name));
}

/* Signatures. ECDSA's two numbers stand side by side in a JWT (RFC 7518 section 3.4), and in DER in OpenSSL. */

static bool
ecdsa_to_der(const struct sp_str *raw, struct sp_str *ret)
{
    unsigned char der[DER_MAX], *end = der;
    if (raw->len != P256_PAIR)
        return false;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn((const unsigned char *)raw->text, P256_SIZE, NULL);
    BIGNUM *s = BN_bin2bn((const unsigned char *)raw->text + P256_SIZE, P256_SIZE, NULL);
    int size = -1;
    if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1) {
        r = s = NULL; /* the pair's now */
        size = i2d_ECDSA_SIG(pair, &end);
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(pair);
    if (size > 0)
        sp_str_add_n(ret, der, (size_t)size);
    return size > 0 && !ret->failed;
}

static bool
ecdsa_from_der(const unsigned char *der, size_t size, unsigned char raw[P256_PAIR])
{
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)size);
    bool fine = pair != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, P256_SIZE) == P256_SIZE &&
                BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + P256_SIZE, P256_SIZE) == P256_SIZE;
    ECDSA_SIG_free(pair);
    return fine;
}

/* The salt is as long as the digest (RFC 7518 section 3.5). */
static bool
set_padding(EVP_PKEY_CTX *context, bool pss)
{
    if (!pss)
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static bool
verify(EVP_PKEY *key, const char *algorithm, const struct sp_str *signed_part, const struct sp_str *signature)
{
    EVP_PKEY_CTX *context = NULL; /* the digest's own */
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool good = digest != NULL && EVP_DigestVerifyInit(digest, &context, EVP_sha256(), NULL, key) == 1 &&
                (strcmp(algorithm, "ES256") == 0 || set_padding(context, strcmp(algorithm, "PS256") == 0)) &&
                EVP_DigestVerify(digest, (const unsigned char *)signature->text, signature->len,
                                 (const unsigned char *)signed_part->text, signed_part->len) == 1;
    EVP_MD_CTX_free(digest);
    ERR_clear_error();
    return good;
}

bool
sp_box_jwt_verify(const struct sp_box_jwt *jwt, EVP_PKEY *key)
{
    const char *algorithm = sp_box_jwt_text(jwt->header, "alg");
    int type = EVP_PKEY_get_base_id(key);
    if (type == EVP_PKEY_RSA && (strcmp(algorithm, "PS256") == 0 || strcmp(algorithm, "RS256") == 0))
        return verify(key, algorithm, &jwt->signed_part, &jwt->signature);
    if (type != EVP_PKEY_EC || strcmp(algorithm, "ES256") != 0)
        return false;
    struct sp_str der = { 0 };
    bool good = ecdsa_to_der(&jwt->signature, &der) && verify(key, algorithm, &jwt->signed_part, &der);
    sp_str_free(&der);
    return good;
}

static bool
add_part(struct sp_str *out, const json_t *part)
{
    SP_AUTO_FREE char *text = json_dumps(part, JSON_COMPACT);
    if (text != NULL)
        sp_box_base64url_add(out, text, strlen(text));
    return text != NULL;
}

bool
sp_box_jwt_sign(const json_t *header, const json_t *payload, EVP_PKEY *key, struct sp_str *out)
{
    unsigned char der[DER_MAX], raw[P256_PAIR];
    size_t start = out->len, size = sizeof(der);
    if (!add_part(out, header))
        return false;
    sp_str_add_char(out, '.');
    if (!add_part(out, payload) || out->failed)
        return false;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool made = digest != NULL && EVP_DigestSignInit(digest, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestSign(digest, der, &size, (const unsigned char *)out->text + start, out->len - start) == 1 &&
                ecdsa_from_der(der, size, raw);
    EVP_MD_CTX_free(digest);
    if (!made)
        return false;
    sp_str_add_char(out, '.');
    sp_box_base64url_add(out, raw, sizeof(raw));
    return !out->failed;
}
