/* Assertions as Microsoft Entra checks them, keys that do not do, and what a token says of itself. */
#include "backend/oauth/jwt.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/oauth/proof.h"
#include "backend/oauth/token.h"
#include "base/auto.h"
#include "base/digest.h"
#include "base/secret.h"
#include "base/str.h"
#include "unit/oauth/pair.h"

struct world {
    struct pair pair;
    char folder[40];
    struct sp_err err;
};

static int
setup_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    strcpy(w->folder, "/tmp/scanpost_jwt_XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    pair_make(&w->pair, w->folder, "app", PAIR_RSA);
    *state = w;
    return 0;
}

static int
teardown_world(void **state)
{
    struct world *w = *state;
    pair_free(&w->pair);
    rmdir(w->folder);
    free(w);
    return 0;
}

static void
decode(const char *text, size_t len, struct sp_str *out)
{
    struct sp_str padded = { 0 };
    sp_str_add_n(&padded, text, len);
    while (padded.len % 4 != 0)
        sp_str_add_char(&padded, '=');
    for (char *at = padded.text; (at = strpbrk(at, "-_")) != NULL;)
        *at = "+/"[*at == '_'];
    assert_true(sp_base64_decode(out, padded.text, padded.len));
    sp_str_free(&padded);
}

static json_t *
json_of(const char *text, size_t len)
{
    struct sp_str plain = { 0 };
    decode(text, len, &plain);
    json_t *json = json_loadb(plain.text, plain.len, 0, NULL);
    assert_non_null(json);
    sp_str_free(&plain);
    return json;
}

static bool
signed_by(EVP_PKEY *key, const char *token)
{
    struct sp_str signature = { 0 };
    const char *dot = strrchr(token, '.');
    decode(dot + 1, strlen(dot + 1), &signature);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *how = NULL;
    assert_int_equal(EVP_DigestVerifyInit(context, &how, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(how, 32), 1);
    int good = EVP_DigestVerify(context, (const unsigned char *)signature.text, signature.len,
                                (const unsigned char *)token, (size_t)(dot - token));
    EVP_MD_CTX_free(context);
    sp_str_free(&signature);
    return good == 1;
}

static void
assert_thumbprint(const X509 *certificate, const char *told)
{
    unsigned char *der = NULL, digest[32];
    int size = i2d_X509(certificate, &der);
    SHA256(der, (size_t)size, digest);
    OPENSSL_free(der);
    struct sp_str raw = { 0 };
    decode(told, strlen(told), &raw);
    assert_int_equal(raw.len, 32);
    assert_memory_equal(raw.text, digest, 32);
    sp_str_free(&raw);
}

static const char *
text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    assert_non_null(text);
    return text;
}

static void
test_assertion_is_what_entra_checks(void **state)
{
    struct world *w = *state;
    struct sp_str token = { 0 };
    assert_int_equal(sp_jwt_assert(&token, w->pair.certificate, w->pair.key, "app-1", "https://login.test/t/token",
                                   1764000000123, &w->err),
                     SP_OK);
    const char *first = strchr(token.text, '.'), *second = strrchr(token.text, '.');
    assert_null(strpbrk(token.text, "=+/"));
    json_t *header = json_of(token.text, (size_t)(first - token.text));
    json_t *claims = json_of(first + 1, (size_t)(second - first - 1));
    assert_string_equal(text_of(header, "alg"), "PS256");
    assert_string_equal(text_of(header, "typ"), "JWT");
    assert_thumbprint(w->pair.certificate, text_of(header, "x5t#S256"));
    assert_string_equal(text_of(claims, "aud"), "https://login.test/t/token");
    assert_string_equal(text_of(claims, "iss"), "app-1");
    assert_string_equal(text_of(claims, "sub"), "app-1");
    assert_int_equal(strlen(text_of(claims, "jti")), 36);
    assert_true(json_integer_value(json_object_get(claims, "nbf")) == 1764000000);
    json_int_t life = json_integer_value(json_object_get(claims, "exp")) - 1764000000;
    assert_in_range(life, 300, 600);
    assert_true(signed_by(w->pair.key, token.text));
    token.text[3] ^= 1;
    assert_false(signed_by(w->pair.key, token.text));
    json_decref(header);
    json_decref(claims);
    sp_str_free(&token);
}

static void
test_no_two_assertions_are_alike(void **state)
{
    struct world *w = *state;
    struct sp_str one = { 0 }, other = { 0 };
    assert_int_equal(sp_jwt_assert(&one, w->pair.certificate, w->pair.key, "a", "b", 1000, &w->err), SP_OK);
    assert_int_equal(sp_jwt_assert(&other, w->pair.certificate, w->pair.key, "a", "b", 1000, &w->err), SP_OK);
    json_t *claims = sp_jwt_claims(one.text, one.len), *others = sp_jwt_claims(other.text, other.len);
    assert_string_not_equal(text_of(claims, "jti"), text_of(others, "jti"));
    json_decref(claims);
    json_decref(others);
    sp_str_free(&one);
    sp_str_free(&other);
}

static enum sp_rc
load(struct world *w, const char *secret, const char *certificate, const char *key)
{
    struct sp_proof *proof = NULL;
    w->err = (struct sp_err){ 0 };
    enum sp_rc rc = sp_proof_load(&(struct sp_token_proof){ secret, certificate, key }, &proof, &w->err);
    sp_proof_free(&proof);
    return rc;
}

static void
test_keys_that_will_not_do_are_named(void **state)
{
    struct world *w = *state;
    struct pair other, curve;
    pair_make(&other, w->folder, "other", PAIR_RSA);
    pair_make(&curve, w->folder, "curve", PAIR_EC);
    assert_int_equal(load(w, "", w->pair.certificate_file, w->pair.key_file), SP_OK);
    assert_int_equal(load(w, "", w->pair.certificate_file, other.key_file), SP_E_INVALID);
    assert_non_null(strstr(w->err.text, "does not belong to"));
    assert_int_equal(load(w, "", curve.certificate_file, curve.key_file), SP_E_INVALID);
    assert_non_null(strstr(w->err.text, "is not RSA"));
    assert_int_equal(load(w, "", w->pair.key_file, w->pair.key_file), SP_E_INVALID);
    assert_non_null(strstr(w->err.text, "there is no certificate in"));
    assert_int_equal(load(w, "", w->pair.certificate_file, w->pair.certificate_file), SP_E_INVALID);
    assert_int_equal(load(w, "", "/nonexistent", w->pair.key_file), SP_E_NOTFOUND);
    assert_int_equal(load(w, "/nonexistent", "", ""), SP_E_NOTFOUND);
    assert_int_equal(chmod(w->pair.key_file, 0644), 0);
    assert_int_equal(load(w, "", w->pair.certificate_file, w->pair.key_file), SP_E_INVALID);
    pair_free(&other);
    pair_free(&curve);
}

static bool
hint_of(const char *claims, struct sp_token_hint *ret)
{
    struct sp_str token = { 0 };
    sp_str_add(&token, "eyJhbGciOiJub25lIn0.");
    sp_base64url_add(&token, claims, strlen(claims));
    sp_str_add(&token, ".c2ln");
    struct sp_secret *secret = sp_secret_new(token.text, token.len);
    bool read = sp_token_hint(secret, ret);
    sp_secret_free(&secret);
    sp_str_free(&token);
    return read;
}

static void
test_token_tells_whom_it_is_for(void **state)
{
    (void)state;
    struct sp_token_hint hint;
    assert_true(
        hint_of("{\"aud\":\"https://outlook.office365.com\",\"tid\":\"t-1\",\"appid\":\"a-1\",\"exp\":1764000000,"
                "\"roles\":[\"SMTP.SendAsApp\",\"Mail.Send\"]}",
                &hint));
    assert_string_equal(hint.audience, "https://outlook.office365.com");
    assert_string_equal(hint.tenant, "t-1");
    assert_string_equal(hint.app, "a-1");
    assert_string_equal(hint.roles, "SMTP.SendAsApp Mail.Send");
    assert_true(hint.expires_ms == 1764000000000);
}

static void
test_token_that_says_nothing_is_no_trouble(void **state)
{
    (void)state;
    struct sp_token_hint hint;
    assert_true(hint_of("{\"aud\":7,\"roles\":\"x\",\"exp\":\"never\"}", &hint));
    assert_string_equal(hint.audience, "");
    assert_string_equal(hint.roles, "");
    assert_true(hint.expires_ms == 0);
    assert_false(hint_of("[1]", &hint));
    assert_false(hint_of("{", &hint));
    static const char *const opaque[] = { "", "opaque", "a.b", "a.!!!.c", ".." };
    for (size_t i = 0; i < SP_LEN(opaque); i++) {
        struct sp_secret *secret = sp_secret_new(opaque[i], strlen(opaque[i]));
        assert_false(sp_token_hint(secret, &hint));
        sp_secret_free(&secret);
    }
}

#define world_test(test) cmocka_unit_test_setup_teardown(test, setup_world, teardown_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_assertion_is_what_entra_checks),
        world_test(test_no_two_assertions_are_alike),
        world_test(test_keys_that_will_not_do_are_named),
        cmocka_unit_test(test_token_tells_whom_it_is_for),
        cmocka_unit_test(test_token_that_says_nothing_is_no_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
