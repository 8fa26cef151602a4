/* pair.h - a key and a certificate signed by it, as an admin makes them for an application. */
#ifndef TESTS_PAIR_H
#define TESTS_PAIR_H

#include <openssl/ossl_typ.h>

enum pair_kind { PAIR_RSA, PAIR_EC };

struct pair {
    X509 *certificate;
    EVP_PKEY *key;
    char certificate_file[100], key_file[100]; /* PEM, the key 0600 */
};

/* Writes folder/name.pem and folder/name.key. Aborts when it cannot. */
void pair_make(struct pair *pair, const char *folder, const char *name, enum pair_kind kind);
void pair_free(struct pair *pair); /* and removes the files */

#endif
