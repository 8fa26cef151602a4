#include "backend/sandbox/certificate.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/str.h"

enum { DAY = 24 * 60 * 60, LIFE_DAYS = 825, FILE_MAX = 65536 };

/* A certificate with its key. */
struct pair {
    X509 *certificate;
    EVP_PKEY *key;
};

struct sp_box_authority {
    struct pair known;   /* what ca.pem says */
    struct pair unknown; /* what nobody trusts */
};

static enum sp_rc
fail_tls(struct sp_err *err, const char *what)
{
    char reason[160];
    ERR_error_string_n(ERR_get_error(), reason, sizeof(reason));
    ERR_clear_error();
    return sp_fail(err, SP_E_TLS, "sandbox: cannot %s: %s", what, reason);
}

static void
pair_free(struct pair *pair)
{
    X509_free(pair->certificate);
    EVP_PKEY_free(pair->key);
    *pair = (struct pair){ 0 };
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

/* Key, name and times; valid from a day ago, because clocks differ, for `days` from now. */
static bool
prepare(struct pair *ret, const char *common, int days)
{
    ret->key = EVP_EC_gen("P-256");
    ret->certificate = X509_new();
    X509 *x = ret->certificate;
    return ret->key != NULL && x != NULL && X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
           set_name(X509_get_subject_name(x), common) && X509_set_pubkey(x, ret->key) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(x), days < 0 ? -30L * DAY : -DAY) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(x), (long)days * DAY) != NULL;
}

static bool
sign(X509 *certificate, const struct pair *issuer)
{
    return X509_set_issuer_name(certificate, X509_get_subject_name(issuer->certificate)) == 1 &&
           extend(certificate, issuer->certificate, NID_authority_key_identifier, "keyid:always") &&
           X509_sign(certificate, issuer->key, EVP_sha256()) > 0;
}

static enum sp_rc
make_authority(struct pair *ret, const char *common, struct sp_err *err)
{
    bool made = prepare(ret, common, LIFE_DAYS);
    X509 *x = ret->certificate;
    made = made && extend(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
           extend(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") &&
           extend(x, x, NID_subject_key_identifier, "hash") && sign(x, ret);
    if (made)
        return SP_OK;
    pair_free(ret);
    return fail_tls(err, "make a certificate authority");
}

static enum sp_rc
make_server(struct pair *ret, const char *host, int days, const struct pair *issuer, struct sp_err *err)
{
    struct sp_str names = { 0 };
    sp_str_addf(&names, "DNS:%s", host);
    bool made = !names.failed && prepare(ret, host, days);
    X509 *x = ret->certificate;
    made = made && extend(x, issuer->certificate, NID_basic_constraints, "critical,CA:FALSE") &&
           extend(x, issuer->certificate, NID_key_usage, "critical,digitalSignature") &&
           extend(x, issuer->certificate, NID_ext_key_usage, "serverAuth") &&
           extend(x, issuer->certificate, NID_subject_alt_name, names.text) && sign(x, issuer);
    sp_str_free(&names);
    if (made)
        return SP_OK;
    pair_free(ret);
    return fail_tls(err, "make a certificate");
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

static enum sp_rc
pair_write(int dirfd, const char *file, const struct pair *pair, struct sp_err *err)
{
    BIO *pem = BIO_new(BIO_s_mem()), *key = BIO_new(BIO_s_secmem());
    enum sp_rc rc = SP_OK;
    if (pem == NULL || key == NULL || PEM_write_bio_X509(pem, pair->certificate) != 1 ||
        PEM_write_bio_PrivateKey(key, pair->key, NULL, NULL, 0, NULL, NULL) != 1)
        rc = fail_tls(err, "write a certificate");
    if (rc == SP_OK)
        rc = put_bio(dirfd, file, "key", key, 0600, err);
    if (rc == SP_OK)
        rc = put_bio(dirfd, file, "pem", pem, 0644, err);
    BIO_free(pem);
    BIO_free(key);
    return rc;
}

static enum sp_rc
read_bio(int dirfd, const char *name, BIO **ret, struct sp_err *err)
{
    struct sp_str text = { 0 };
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

static enum sp_rc
authority_read(int dirfd, struct pair *ret, struct sp_err *err)
{
    BIO *pem = NULL, *key = NULL;
    enum sp_rc rc = read_bio(dirfd, "ca.pem", &pem, err);
    if (rc == SP_OK)
        rc = read_bio(dirfd, "ca.key", &key, err);
    if (rc == SP_OK) {
        ret->certificate = PEM_read_bio_X509(pem, NULL, NULL, NULL);
        ret->key = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
        if (ret->certificate == NULL || ret->key == NULL || X509_check_private_key(ret->certificate, ret->key) != 1) {
            pair_free(ret);
            ERR_clear_error();
            rc = sp_fail(err, SP_E_CORRUPT, "sandbox: ca.pem and ca.key are no certificate and its key: remove them");
        }
    }
    BIO_free(pem);
    BIO_free(key);
    return rc;
}

/* An authority that ends within a week is made anew. */
static bool
ends_soon(const X509 *certificate)
{
    time_t soon = time(NULL) + 7L * DAY;
    return X509_cmp_time(X509_get0_notAfter(certificate), &soon) <= 0;
}

static enum sp_rc
known_open(int dirfd, struct pair *ret, struct sp_err *err)
{
    enum sp_rc rc = authority_read(dirfd, ret, err);
    if (rc == SP_OK && !ends_soon(ret->certificate))
        return SP_OK;
    if (rc != SP_OK && rc != SP_E_NOTFOUND)
        return rc;
    pair_free(ret);
    rc = make_authority(ret, "scanpost sandbox CA (throw-away)", err);
    return rc == SP_OK ? pair_write(dirfd, "ca", ret, err) : rc;
}

enum sp_rc
sp_box_authority_open(int dirfd, struct sp_box_authority **ret, struct sp_err *err)
{
    struct sp_box_authority *authority = calloc(1, sizeof(*authority));
    if (authority == NULL)
        return sp_fail(err, SP_E_NOMEM, "sandbox: out of memory");
    enum sp_rc rc = known_open(dirfd, &authority->known, err);
    if (rc == SP_OK)
        rc = make_authority(&authority->unknown, "Authority That Nobody Trusts", err);
    if (rc != SP_OK)
        sp_box_authority_free(&authority);
    else
        *ret = authority;
    return rc;
}

void
sp_box_authority_free(struct sp_box_authority **authority)
{
    if (*authority != NULL) {
        pair_free(&(*authority)->known);
        pair_free(&(*authority)->unknown);
    }
    free(*authority);
    *authority = NULL;
}

/* Contexts. */

static enum sp_rc
context_make(const struct pair *pair, const char *kind, SSL_CTX **ret, struct sp_err *err)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    *ret = context;
    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_session_id_context(context, (const unsigned char *)kind, (unsigned)strlen(kind)) != 1 ||
        SSL_CTX_use_certificate(context, pair->certificate) != 1 || SSL_CTX_use_PrivateKey(context, pair->key) != 1)
        return fail_tls(err, "set up TLS");
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return SP_OK;
}

static enum sp_rc
kind_make(const struct sp_box_authority *authority, enum sp_box_certificate kind, const char *host, struct pair *ret,
          struct sp_err *err)
{
    switch (kind) {
    case SP_BOX_GOOD:
        return make_server(ret, host, LIFE_DAYS, &authority->known, err);
    case SP_BOX_EXPIRED:
        return make_server(ret, host, -2, &authority->known, err);
    case SP_BOX_OTHER_NAME:
        return make_server(ret, "mail.example.net", LIFE_DAYS, &authority->known, err);
    case SP_BOX_UNTRUSTED:
        return make_server(ret, host, LIFE_DAYS, &authority->unknown, err);
    case SP_BOX_CERTIFICATES:
        break;
    }
    return SP_E_INVALID;
}

enum sp_rc
sp_box_contexts_make(const struct sp_box_authority *authority, int dirfd, const char *file, const char *host,
                     SSL_CTX *ret[SP_BOX_CERTIFICATES], struct sp_err *err)
{
    static const char *const names[] = { "good", "expired", "name", "untrusted" };
    enum sp_rc rc = SP_OK;
    for (unsigned kind = SP_BOX_GOOD; kind < SP_BOX_CERTIFICATES && rc == SP_OK; kind++) {
        struct pair pair = { 0 };
        rc = kind_make(authority, (enum sp_box_certificate)kind, host, &pair, err);
        if (rc == SP_OK && kind == SP_BOX_GOOD)
            rc = pair_write(dirfd, file, &pair, err);
        if (rc == SP_OK)
            rc = context_make(&pair, names[kind], &ret[kind], err);
        pair_free(&pair);
    }
    return rc;
}

void
sp_box_contexts_free(SSL_CTX *contexts[SP_BOX_CERTIFICATES])
{
    for (unsigned kind = SP_BOX_GOOD; kind < SP_BOX_CERTIFICATES; kind++) {
        SSL_CTX_free(contexts[kind]);
        contexts[kind] = NULL;
    }
}
