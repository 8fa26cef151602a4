/* fake_tls.h - a certificate authority that lives as long as a test, and servers' certificates from it: a good one, and
 * one for each way to be bad. */
#ifndef TESTS_FAKE_TLS_H
#define TESTS_FAKE_TLS_H

#include <openssl/ossl_typ.h>

enum fake_certificate {
    FAKE_GOOD,
    FAKE_EXPIRED,
    FAKE_NOT_YET_VALID,
    FAKE_WRONG_NAME,
    FAKE_UNTRUSTED, /* signed, by an authority nobody knows */
    FAKE_SELF_SIGNED,
};

struct fake_ca;

struct fake_ca *fake_ca_new(void);
void fake_ca_free(struct fake_ca **ca);
/* A PEM file with the authority's certificate, for a ca-file setting. */
const char *fake_ca_file(const struct fake_ca *ca);
/* For accepting connections as `host`; the caller frees it. */
SSL_CTX *fake_ca_server(const struct fake_ca *ca, enum fake_certificate kind, const char *host);
/* Writes a certificate for `host` and its key as PEM files. */
void fake_ca_write(const struct fake_ca *ca, const char *host, const char *certificate_path, const char *key_path);

#endif
