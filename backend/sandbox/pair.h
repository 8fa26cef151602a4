/* pair.h - a certificate and its key: made, written to two files, read again. */
#ifndef SP_SANDBOX_PAIR_H
#define SP_SANDBOX_PAIR_H

#include <openssl/types.h>
#include <stdbool.h>

#include "base/err.h"

enum { SP_BOX_LIFE_DAYS = 825 };

struct sp_box_pair {
    X509 *certificate;
    EVP_PKEY *key;
};

enum sp_box_purpose { SP_BOX_AUTHORITY, SP_BOX_SERVER, SP_BOX_CLIENT };

struct sp_box_wish {
    enum sp_box_purpose purpose;
    const char *common; /* name */
    const char *names;  /* subjectAltName as OpenSSL's configuration writes it: "DNS:a,IP:127.0.0.1"; NULL: none */
    int days;           /* from now until it ends; negative: it has ended */
    EVP_PKEY *key;      /* borrowed; NULL: a new one */
    bool rsa;           /* the new one is RSA of 2048 bits, instead of P-256 */
};

/* issuer NULL: signed by itself. SP_E_TLS. */
enum sp_rc sp_box_pair_make(const struct sp_box_wish *wish, const struct sp_box_pair *issuer, struct sp_box_pair *ret,
                            struct sp_err *err);
void sp_box_pair_free(struct sp_box_pair *pair); /* leaves { 0 } */

/* NAME.pem, and NAME.key with mode 0600. */
enum sp_rc sp_box_pair_write(int dirfd, const char *name, const struct sp_box_pair *pair, struct sp_err *err);
/* SP_E_NOTFOUND; SP_E_CORRUPT for files that are no certificate and its key; SP_E_IO. */
enum sp_rc sp_box_pair_read(int dirfd, const char *name, struct sp_box_pair *ret, struct sp_err *err);
/* What the files hold; made and written when they are missing, or end within a week. */
enum sp_rc sp_box_pair_open(int dirfd, const char *name, const struct sp_box_wish *wish,
                            const struct sp_box_pair *issuer, struct sp_box_pair *ret, struct sp_err *err);

/* "sandbox: cannot WHAT: " and OpenSSL's reason. SP_E_TLS. */
enum sp_rc sp_box_fail_tls(struct sp_err *err, const char *what);

#endif
