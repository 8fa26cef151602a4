/* pair.h - certificates made on the spot: for the page, with the names of this machine; for the application in Entra,
 * where it is registered and so needs nobody's signature. */
#ifndef SP_SETUP_PAIR_H
#define SP_SETUP_PAIR_H

#include <stddef.h>

#include "base/err.h"

struct sp_str;

struct sp_pair_wish {
    const char *common;       /* name */
    const char *const *names; /* host names and IP addresses; may be none */
    size_t n_names;
    int days;
};

/* Signed by itself, with an RSA key of 2048 bits, which every browser and Entra take. Both as PEM. SP_E_TLS. */
enum sp_rc sp_pair_make(const struct sp_pair_wish *wish, struct sp_str *ret_certificate, struct sp_str *ret_key,
                        struct sp_err *err);
/* The first certificate of a PEM text in DER and base64, as Entra takes it. SP_E_INVALID. */
enum sp_rc sp_pair_der_base64(const struct sp_str *pem, struct sp_str *ret, struct sp_err *err);
/* SP_E_INVALID: the two do not belong together, or are none. */
enum sp_rc sp_pair_check(const struct sp_str *certificate, const struct sp_str *key, struct sp_err *err);

#endif
