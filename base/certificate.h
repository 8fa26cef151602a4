/* certificate.h - how long a certificate in a file is good for, to tell in time. */
#ifndef SP_BASE_CERTIFICATE_H
#define SP_BASE_CERTIFICATE_H

#include <stdint.h>

#include "base/err.h"

/* When the first certificate of a PEM file ends, wall ms. SP_E_NOTFOUND, SP_E_DENIED, SP_E_IO: no file to read;
 * SP_E_INVALID: no certificate in it. err may be NULL. */
enum sp_rc sp_certificate_expiry(const char *path, int64_t *ret_wall_ms, struct sp_err *err);

#endif
