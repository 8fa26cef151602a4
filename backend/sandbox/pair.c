#include "backend/sandbox/pair.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "base/str.h"

enum { DAY = 24 * 60 * 60, FILE_MAX = 65536, RSA_BITS = 2048 };

enum sp_rc
sp_box_fail_tls(struct sp_err *err, const char *what)
{
    char reason[160];
    ERR_error_string_n(ERR_get_error(), reason, sizeof(reason));
    ERR_clear_error();
    return sp_fail(err, SP_E_TLS, "sandbox: cannot %s: %s", what, reason);
}

void
sp_box_pair_free(struct sp_box_pair *pair)
{
    X509_free(pair->certificate);
    EVP_PKEY_free(pair->key);
    *pair = (struct sp_box_pair){ 0 };
}

/* Making. */

static bool
extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static bool
set_serial(X509 *certificate)
{
    unsigned char bytes[8];
    uint64_t serial;
    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return false;
    memcpy(&serial, bytes, sizeof(serial));
    return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1 | 1) == 1;
}

static bool
set_name(X509_NAME *name, const char *common)
{
    return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"scanpost sandbox", -1, -1, 0) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common, -1, -1, 0);
}

static EVP_PKEY *
key_for(const struct sp_box_wish *wish)
{
    if (wish->key == NULL)
        return wish->rsa ? EVP_RSA_gen(RSA_BITS) : EVP_EC_gen("P-256");
    return EVP_PKEY_up_ref(wish->key) == 1 ? wish->key : NULL;
}

/* Key, name and times; valid from a day ago, because clocks differ. */
static bool
prepare(const struct sp_box_wish *wish, struct sp_box_pair *ret)
{
    ret->key = key_for(wish);
    ret->certificate = X509_new();
    X509 *x = ret->certificate;
    return ret->key != NULL && x != NULL && X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
           set_name(X509_get_subject_name(x), wish->common) && X509_set_pubkey(x, ret->key) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(x), wish->days < 0 ? -30L * DAY : -DAY) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(x), (long)wish->days * DAY) != NULL;
}

static bool
describe(const struct sp_box_wish *wish, X509 *x, X509 *issuer)
{
    if (wish->purpose == SP_BOX_AUTHORITY)
        return extend(x, issuer, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
               extend(x, issuer, NID_key_usage, "critical,keyCertSign,cRLSign") &&
               extend(x, issuer, NID_subject_key_identifier, "hash");
    return extend(x, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
           extend(x, issuer, NID_key_usage, "critical,digitalSignature") &&
           extend(x, issuer, NID_ext_key_usage, wish->purpose == SP_BOX_SERVER ? "serverAuth" : "clientAuth") &&
           extend(x, issuer, NID_subject_key_identifier, "hash") &&
           (wish->names == NULL || extend(x, issuer, NID_subject_alt_name, wish->names));
}

static bool
sign(X509 *certificate, const struct sp_box_pair *issuer)
{
    return X509_set_issuer_name(certificate, X509_get_subject_name(issuer->certificate)) == 1 &&
           extend(certificate, issuer->certificate, NID_authority_key_identifier, "keyid:always") &&
           X509_sign(certificate, issuer->key, EVP_sha256()) > 0;
}

enum sp_rc
sp_box_pair_make(const struct sp_box_wish *wish, const struct sp_box_pair *issuer, struct sp_box_pair *ret,
                 struct sp_err *err)
{
    bool made = prepare(wish, ret);
    if (issuer == NULL)
        issuer = ret;
    if (made && describe(wish, ret->certificate, issuer->certificate) && sign(ret->certificate, issuer))
        return SP_OK;
    sp_box_pair_free(ret);
    return sp_box_fail_tls(err, "make a certificate");
}

/* Files. */

static enum sp_rc
put_bio(int dirfd, const char *file, const char *ending, BIO *bio, mode_t mode, struct sp_err *err)
{
    char *bytes = NULL, name[64];
    long size = BIO_get_mem_data(bio, &bytes);
    (void)snprintf(name, sizeof(name), "%s.%s", file, ending);
    return sp_io_put_file(dirfd, name, bytes, (size_t)size, mode, err);
}

enum sp_rc
sp_box_pair_write(int dirfd, const char *name, const struct sp_box_pair *pair, struct sp_err *err)
{
    BIO *pem = BIO_new(BIO_s_mem()), *key = BIO_new(BIO_s_secmem());
    enum sp_rc rc = SP_OK;
    if (pem == NULL || key == NULL || PEM_write_bio_X509(pem, pair->certificate) != 1 ||
        PEM_write_bio_PrivateKey(key, pair->key, NULL, NULL, 0, NULL, NULL) != 1)
        rc = sp_box_fail_tls(err, "write a certificate");
    if (rc == SP_OK)
        rc = put_bio(dirfd, name, "key", key, 0600, err);
    if (rc == SP_OK)
        rc = put_bio(dirfd, name, "pem", pem, 0644, err);
    BIO_free(pem);
    BIO_free(key);
    return rc;
}

static enum sp_rc
read_bio(int dirfd, const char *file, const char *ending, BIO **ret, struct sp_err *err)
{
    struct sp_str text = { 0 };
    char name[64];
    (void)snprintf(name, sizeof(name), "%s.%s", file, ending);
    enum sp_rc rc = sp_io_read_file(dirfd, name, FILE_MAX, &text, err);
    if (rc == SP_OK) {
        *ret = BIO_new(BIO_s_mem());
        if (*ret == NULL || BIO_write(*ret, sp_str_text(&text), (int)text.len) != (int)text.len)
            rc = sp_fail(err, SP_E_NOMEM, "sandbox: out of memory");
    }
    OPENSSL_cleanse(text.text, text.len);
    sp_str_free(&text);
    return rc;
}

enum sp_rc
sp_box_pair_read(int dirfd, const char *name, struct sp_box_pair *ret, struct sp_err *err)
{
    BIO *pem = NULL, *key = NULL;
    enum sp_rc rc = read_bio(dirfd, name, "pem", &pem, err);
    if (rc == SP_OK)
        rc = read_bio(dirfd, name, "key", &key, err);
    if (rc == SP_OK) {
        ret->certificate = PEM_read_bio_X509(pem, NULL, NULL, NULL);
        ret->key = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
        if (ret->certificate == NULL || ret->key == NULL || X509_check_private_key(ret->certificate, ret->key) != 1) {
            sp_box_pair_free(ret);
            ERR_clear_error();
            rc = sp_fail(err, SP_E_CORRUPT, "sandbox: %s.pem and %s.key are no certificate and its key: remove them",
                         name, name);
        }
    }
    BIO_free(pem);
    BIO_free(key);
    return rc;
}

static bool
ends_soon(const X509 *certificate)
{
    time_t soon = time(NULL) + 7L * DAY;
    return X509_cmp_time(X509_get0_notAfter(certificate), &soon) <= 0;
}

enum sp_rc
sp_box_pair_open(int dirfd, const char *name, const struct sp_box_wish *wish, const struct sp_box_pair *issuer,
                 struct sp_box_pair *ret, struct sp_err *err)
{
    enum sp_rc rc = sp_box_pair_read(dirfd, name, ret, err);
    if (rc == SP_OK && !ends_soon(ret->certificate))
        return SP_OK;
    if (rc != SP_OK && rc != SP_E_NOTFOUND)
        return rc;
    sp_box_pair_free(ret);
    rc = sp_box_pair_make(wish, issuer, ret, err);
    return rc == SP_OK ? sp_box_pair_write(dirfd, name, ret, err) : rc;
}
