#include "unit/smtp/fake_tls.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY (24L * 60 * 60)

struct identity {
    X509 *certificate;
    EVP_PKEY *key;
};

struct fake_ca {
    struct identity own;
    char path[64];
};

static void
must(int fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "fake_tls: %s\n", what);
    abort();
}

static void
identity_free(struct identity *identity)
{
    X509_free(identity->certificate);
    EVP_PKEY_free(identity->key);
}

static void
extend(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    must(extension != NULL && X509_add_ext(certificate, extension, -1), "extension");
    X509_EXTENSION_free(extension);
}

/* issuer NULL: signed by itself. Valid from `from` to `to` seconds from now. */
static struct identity
issue(const char *name, const struct identity *issuer, bool authority, long from, long to)
{
    static long serial = 1000;
    struct identity made = { X509_new(), EVP_EC_gen("P-256") };
    must(made.certificate != NULL && made.key != NULL, "key");
    X509_set_version(made.certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made.certificate), from);
    X509_gmtime_adj(X509_getm_notAfter(made.certificate), to);
    X509_set_pubkey(made.certificate, made.key);
    X509_NAME *subject = X509_get_subject_name(made.certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(made.certificate, issuer != NULL ? X509_get_subject_name(issuer->certificate) : subject);
    extend(made.certificate, NID_basic_constraints, authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (!authority) {
        char alternative[300];
        snprintf(alternative, sizeof alternative, "DNS:%s", name);
        extend(made.certificate, NID_subject_alt_name, alternative);
    }
    must(X509_sign(made.certificate, issuer != NULL ? issuer->key : made.key, EVP_sha256()) > 0, "signature");
    return made;
}

static void
write_pem(const char *path, const struct identity *identity, bool key)
{
    FILE *file = fopen(path, "we");
    must(file != NULL, path);
    must(key ? PEM_write_PrivateKey(file, identity->key, NULL, NULL, 0, NULL, NULL)
             : PEM_write_X509(file, identity->certificate),
         path);
    fclose(file);
}

struct fake_ca *
fake_ca_new(void)
{
    struct fake_ca *ca = calloc(1, sizeof *ca);
    must(ca != NULL, "memory");
    ca->own = issue("Fake Test Authority", NULL, true, -DAY, DAY);
    strcpy(ca->path, "/tmp/scanpost_fake_ca_XXXXXX");
    int fd = mkstemp(ca->path);
    must(fd >= 0, "temporary file");
    close(fd);
    write_pem(ca->path, &ca->own, false);
    return ca;
}

void
fake_ca_free(struct fake_ca **ca)
{
    if (*ca == NULL)
        return;
    unlink((*ca)->path);
    identity_free(&(*ca)->own);
    free(*ca);
    *ca = NULL;
}

const char *
fake_ca_file(const struct fake_ca *ca)
{
    return ca->path;
}

static struct identity
issue_kind(const struct fake_ca *ca, enum fake_certificate kind, const char *host)
{
    switch (kind) {
    case FAKE_GOOD:
        break;
    case FAKE_EXPIRED:
        return issue(host, &ca->own, false, -2 * DAY, -DAY);
    case FAKE_NOT_YET_VALID:
        return issue(host, &ca->own, false, DAY, 2 * DAY);
    case FAKE_WRONG_NAME:
        return issue("somebody-else.example.test", &ca->own, false, -DAY, DAY);
    case FAKE_SELF_SIGNED:
        return issue(host, NULL, false, -DAY, DAY);
    case FAKE_UNTRUSTED: {
        struct identity stranger = issue("Firewall Inspection CA", NULL, true, -DAY, DAY);
        struct identity made = issue(host, &stranger, false, -DAY, DAY);
        identity_free(&stranger);
        return made;
    }
    }
    return issue(host, &ca->own, false, -DAY, DAY);
}

SSL_CTX *
fake_ca_server(const struct fake_ca *ca, enum fake_certificate kind, const char *host)
{
    struct identity identity = issue_kind(ca, kind, host);
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    must(context != NULL && SSL_CTX_use_certificate(context, identity.certificate) == 1 &&
             SSL_CTX_use_PrivateKey(context, identity.key) == 1,
         "server");
    SSL_CTX_set_session_id_context(context, (const unsigned char *)"fake", 4);
    identity_free(&identity);
    return context;
}

void
fake_ca_write(const struct fake_ca *ca, const char *host, const char *certificate_path, const char *key_path)
{
    struct identity identity = issue_kind(ca, FAKE_GOOD, host);
    write_pem(certificate_path, &identity, false);
    write_pem(key_path, &identity, true);
    identity_free(&identity);
}
