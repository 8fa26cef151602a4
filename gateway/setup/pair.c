/* pair.c - see pair.h. */
#include "gateway/setup/pair.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/secret.h"
#include "base/str.h"

enum { KEY_BITS = 2048, SERIAL_BITS = 128, SECONDS_A_DAY = 24 * 60 * 60 };

static enum sp_rc
fail_tls(struct sp_err *err, const char *what)
{
    char reason[200] = "";
    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    ERR_clear_error();
    return sp_fail(err, SP_E_TLS, "cannot %s: %s", what, reason);
}

static void
free_certificate(X509 **certificate)
{
    X509_free(*certificate);
}

static void
free_key(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static void
free_bio(BIO **bio)
{
    BIO_free(*bio);
}

/* --- making --- */

static bool
is_address(const char *name)
{
    unsigned char buffer[16];
    return inet_pton(AF_INET, name, buffer) == 1 || inet_pton(AF_INET6, name, buffer) == 1;
}

static bool
add_extension(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool well = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return well;
}

static bool
add_names(X509 *certificate, const struct sp_pair_wish *wish)
{
    SP_AUTO(sp_str_free) struct sp_str names = { 0 };
    for (size_t i = 0; i < wish->n_names; i++)
        sp_str_addf(&names, "%s%s:%s", i == 0 ? "" : ",", is_address(wish->names[i]) ? "IP" : "DNS", wish->names[i]);
    return !names.failed && (names.len == 0 || add_extension(certificate, NID_subject_alt_name, sp_str_text(&names)));
}

static bool
fill(X509 *certificate, EVP_PKEY *key, const struct sp_pair_wish *wish)
{
    unsigned char random[SERIAL_BITS / 8];
    sp_random_bytes(random, sizeof random);
    random[0] &= 0x7f; /* serial numbers are positive */
    BIGNUM *serial = BN_bin2bn(random, sizeof random, NULL);
    X509_NAME *name = X509_get_subject_name(certificate);
    bool well =
        serial != NULL && BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate)) != NULL &&
        X509_set_version(certificate, 2) == 1 &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), -SECONDS_A_DAY) != NULL &&
        X509_gmtime_adj(X509_getm_notAfter(certificate), (long)wish->days * SECONDS_A_DAY) != NULL &&
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)wish->common, -1, -1, 0) == 1 &&
        X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, key) == 1 &&
        add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(certificate, NID_key_usage, "critical,digitalSignature,keyEncipherment") &&
        add_extension(certificate, NID_ext_key_usage, "serverAuth,clientAuth") && add_names(certificate, wish);
    BN_free(serial);
    return well && X509_sign(certificate, key, EVP_sha256()) > 0;
}

static enum sp_rc
take(BIO *bio, struct sp_str *ret, struct sp_err *err)
{
    char *bytes = NULL;
    long size = BIO_get_mem_data(bio, &bytes);
    sp_str_add_n(ret, bytes, (size_t)size);
    sp_wipe(bytes, (size_t)size);
    return ret->failed ? sp_fail(err, SP_E_NOMEM, "out of memory") : SP_OK;
}

enum sp_rc
sp_pair_make(const struct sp_pair_wish *wish, struct sp_str *ret_certificate, struct sp_str *ret_key,
             struct sp_err *err)
{
    SP_AUTO(free_key) EVP_PKEY *key = EVP_RSA_gen(KEY_BITS);
    SP_AUTO(free_certificate) X509 *certificate = X509_new();
    SP_AUTO(free_bio) BIO *public = BIO_new(BIO_s_mem());
    SP_AUTO(free_bio) BIO *private = BIO_new(BIO_s_mem());
    if (key == NULL || certificate == NULL || public == NULL || private == NULL || !fill(certificate, key, wish) ||
        PEM_write_bio_X509(public, certificate) != 1 ||
        PEM_write_bio_PKCS8PrivateKey(private, key, NULL, NULL, 0, NULL, NULL) != 1)
        return fail_tls(err, "make a certificate");
    enum sp_rc rc = take(public, ret_certificate, err);
    return rc == SP_OK ? take(private, ret_key, err) : rc;
}

/* --- reading --- */

static X509 *
read_certificate(const struct sp_str *pem)
{
    SP_AUTO(free_bio) BIO *bio = BIO_new_mem_buf(sp_str_text(pem), (int)pem->len);
    return bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
}

enum sp_rc
sp_pair_der_base64(const struct sp_str *pem, struct sp_str *ret, struct sp_err *err)
{
    SP_AUTO(free_certificate) X509 *certificate = read_certificate(pem);
    unsigned char *der = NULL;
    int size = certificate == NULL ? -1 : i2d_X509(certificate, &der);
    ERR_clear_error();
    if (size < 0)
        return sp_fail(err, SP_E_INVALID, "there is no certificate in the file");
    sp_base64_add(ret, der, (size_t)size);
    OPENSSL_free(der);
    return ret->failed ? sp_fail(err, SP_E_NOMEM, "out of memory") : SP_OK;
}

/* A key with a passphrase has nobody to ask for it: scanpostd could not read it either. */
static int
/* NOLINTNEXTLINE(readability-non-const-parameter): the type is OpenSSL's */
no_passphrase(char *buffer, int size, int writing, void *context)
{
    (void)buffer, (void)size, (void)writing, (void)context;
    return -1;
}

enum sp_rc
sp_pair_check(const struct sp_str *certificate, const struct sp_str *key, struct sp_err *err)
{
    SP_AUTO(free_certificate) X509 *public = read_certificate(certificate);
    SP_AUTO(free_bio) BIO *bio = BIO_new_mem_buf(sp_str_text(key), (int)key->len);
    SP_AUTO(free_key) EVP_PKEY *private = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    bool fits = public != NULL && private != NULL && X509_check_private_key(public, private) == 1;
    ERR_clear_error();
    if (public == NULL)
        return sp_fail(err, SP_E_INVALID, "there is no certificate in the file");
    if (private == NULL)
        return sp_fail(err, SP_E_INVALID, "there is no private key without passphrase in the file");
    return fits ? SP_OK : sp_fail(err, SP_E_INVALID, "certificate and key do not belong together");
}
