#include "unit/oauth/pair.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void
must(bool fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "pair: %s\n", what);
    abort();
}

static void
write_pem(const char *path, const X509 *certificate, const EVP_PKEY *key)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    must(file != NULL, path);
    must(certificate != NULL ? PEM_write_X509(file, certificate)
                             : PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL),
         path);
    fclose(file);
}

void
pair_make(struct pair *pair, const char *folder, const char *name, enum pair_kind kind)
{
    pair->key = kind == PAIR_RSA ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    pair->certificate = X509_new();
    must(pair->key != NULL && pair->certificate != NULL, "key");
    X509_set_version(pair->certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(pair->certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(pair->certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(pair->certificate), 3600);
    X509_set_pubkey(pair->certificate, pair->key);
    X509_NAME *subject = X509_get_subject_name(pair->certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(pair->certificate, subject);
    must(X509_sign(pair->certificate, pair->key, EVP_sha256()) > 0, "signature");
    snprintf(pair->certificate_file, sizeof pair->certificate_file, "%s/%s.pem", folder, name);
    snprintf(pair->key_file, sizeof pair->key_file, "%s/%s.key", folder, name);
    write_pem(pair->certificate_file, pair->certificate, NULL);
    write_pem(pair->key_file, NULL, pair->key);
}

void
pair_free(struct pair *pair)
{
    unlink(pair->certificate_file);
    unlink(pair->key_file);
    X509_free(pair->certificate);
    EVP_PKEY_free(pair->key);
}
