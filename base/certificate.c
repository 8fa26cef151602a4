/* certificate.c - reading an end date; see certificate.h. */
#include "base/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <time.h>

#include "base/err.h"

static enum sp_rc
read_end(const X509 *certificate, const char *path, int64_t *ret_wall_ms, struct sp_err *err)
{
    struct tm end = { 0 };
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1)
        return sp_fail(err, SP_E_INVALID, "certificate: '%s' has no end date that can be read", path);
    *ret_wall_ms = (int64_t)timegm(&end) * 1000;
    return SP_OK;
}

enum sp_rc
sp_certificate_expiry(const char *path, int64_t *ret_wall_ms, struct sp_err *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return sp_fail_errno(err, "certificate: cannot open '%s'", path);
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    ERR_clear_error();
    if (certificate == NULL)
        return sp_fail(err, SP_E_INVALID, "certificate: there is none in '%s'", path);
    enum sp_rc rc = read_end(certificate, path, ret_wall_ms, err);
    X509_free(certificate);
    return rc;
}
