/* proof.c - secrets, certificates and keys from their files, and their place in the form; see proof.h. */
#include "backend/oauth/proof.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "backend/oauth/jwt.h"
#include "base/auto.h"
#include "base/io.h"
#include "base/secret.h"
#include "base/str.h"

enum { CERTIFICATE_FILE_MAX = 256 * 1024 };

struct sp_proof {
    struct sp_secret *secret; /* or: */
    X509 *certificate;
    EVP_PKEY *key;
};

const char *
sp_proof_name(const struct sp_proof *proof)
{
    return proof->secret != NULL ? "secret" : "certificate";
}

void
sp_proof_blot(const struct sp_proof *proof, char *text)
{
    sp_secret_blot(text, proof->secret);
}

void
sp_proof_free(struct sp_proof **proof)
{
    struct sp_proof *p = *proof;
    *proof = NULL;
    if (p == NULL)
        return;
    sp_secret_free(&p->secret);
    X509_free(p->certificate);
    EVP_PKEY_free(p->key); /* wipes the private parts */
    free(p);
}

static enum sp_rc
load_certificate(const char *path, X509 **ret, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str pem = { 0 };
    enum sp_rc rc = sp_io_read_file(AT_FDCWD, path, CERTIFICATE_FILE_MAX, &pem, err);
    if (rc != SP_OK)
        return sp_err_prefix(err, "oauth");
    BIO *text = BIO_new_mem_buf(sp_str_text(&pem), (int)pem.len);
    *ret = text != NULL ? PEM_read_bio_X509(text, NULL, NULL, NULL) : NULL;
    BIO_free(text);
    ERR_clear_error();
    return *ret != NULL ? SP_OK : sp_fail(err, SP_E_INVALID, "oauth: there is no certificate in '%s'", path);
}

/* Answers OpenSSL's question for a pass phrase, which would go to the terminal. The type is OpenSSL's. */
static int
no_passphrase(char *buffer /* NOLINT(readability-non-const-parameter) */, int size, int writing, void *context)
{
    (void)buffer, (void)size, (void)writing, (void)context;
    return -1;
}

static enum sp_rc
load_key(const char *path, EVP_PKEY **ret, struct sp_err *err)
{
    SP_AUTO(sp_secret_free) struct sp_secret *pem = NULL;
    enum sp_rc rc = sp_secret_from_file(path, &pem, err);
    if (rc != SP_OK)
        return rc;
    BIO *text = BIO_new_mem_buf(sp_secret_bytes(pem), (int)sp_secret_size(pem));
    *ret = text != NULL ? PEM_read_bio_PrivateKey(text, NULL, no_passphrase, NULL) : NULL;
    BIO_free(text);
    ERR_clear_error();
    if (*ret == NULL)
        return sp_fail(err, SP_E_INVALID, "oauth: there is no key without a pass phrase in '%s'", path);
    if (!EVP_PKEY_is_a(*ret, "RSA") && !EVP_PKEY_is_a(*ret, "RSA-PSS"))
        return sp_fail(err, SP_E_INVALID, "oauth: the key in '%s' is not RSA, which Microsoft Entra asks for", path);
    return SP_OK;
}

static enum sp_rc
load(const struct sp_token_proof *files, struct sp_proof *proof, struct sp_err *err)
{
    if (files->certificate[0] == '\0')
        return sp_secret_from_file(files->secret_file, &proof->secret, err);
    enum sp_rc rc = load_certificate(files->certificate, &proof->certificate, err);
    if (rc == SP_OK)
        rc = load_key(files->key, &proof->key, err);
    if (rc != SP_OK)
        return rc;
    int belongs = X509_check_private_key(proof->certificate, proof->key);
    ERR_clear_error();
    return belongs == 1 ? SP_OK
                        : sp_fail(err, SP_E_INVALID, "oauth: the key '%s' does not belong to '%s'", files->key,
                                  files->certificate);
}

enum sp_rc
sp_proof_load(const struct sp_token_proof *files, struct sp_proof **ret, struct sp_err *err)
{
    SP_AUTO(sp_proof_free) struct sp_proof *proof = calloc(1, sizeof *proof);
    if (proof == NULL)
        return sp_fail(err, SP_E_NOMEM, "oauth: out of memory");
    enum sp_rc rc = load(files, proof, err);
    if (rc == SP_OK)
        *ret = SP_STEAL(proof);
    return rc;
}

void
sp_form_escape(struct sp_str *form, const char *bytes, size_t size)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != '\0' && strchr(unreserved, bytes[i]) != NULL)
            sp_str_add_char(form, bytes[i]);
        else
            sp_str_addf(form, "%%%02X", (unsigned)(unsigned char)bytes[i]);
    }
}

enum sp_rc
sp_proof_add(const struct sp_proof *proof, const char *client_id, const char *url, int64_t wall_ms, struct sp_str *form,
             struct sp_err *err)
{
    if (proof->secret != NULL) {
        sp_str_add(form, "&client_secret=");
        sp_form_escape(form, sp_secret_bytes(proof->secret), sp_secret_size(proof->secret));
    } else {
        sp_str_add(form, "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
                         "&client_assertion=");
        enum sp_rc rc = sp_jwt_assert(form, proof->certificate, proof->key, client_id, url, wall_ms, err);
        if (rc != SP_OK)
            return rc;
    }
    return form->failed ? sp_fail(err, SP_E_NOMEM, "oauth: out of memory") : SP_OK;
}
