/* tls_client.h - tls.h from the inside: one client handshake of a struct sp_tls, for conn_tls.c. */
#ifndef SP_NET_TLS_CLIENT_H
#define SP_NET_TLS_CLIENT_H

#include <openssl/ossl_typ.h>

#include "backend/net/tls.h"

enum { SP_TLS_HOST_SIZE = 256, SP_TLS_NAME_SIZE = 160 };

/* Lives as long as the SSL, which points to it. */
struct sp_tls_peer {
    struct sp_tls *tls;
    char host[SP_TLS_HOST_SIZE];                              /* as asked for, without a dot at the end */
    long refusal;                                             /* X509_V_ERR_..., 0: the certificate was not refused */
    char subject[SP_TLS_NAME_SIZE], issuer[SP_TLS_NAME_SIZE]; /* of a refused certificate */
};

/* An SSL that will only accept a certificate for `host`, with a session to resume where one is known. The caller runs
 * SSL_connect and frees it. SP_E_INVALID, SP_E_NOMEM. */
enum sp_rc sp_tls_client(struct sp_tls *tls, const char *host, int fd, struct sp_tls_peer *peer, SSL **ret,
                         struct sp_err *err);
/* Subject or issuer as people read it: "CN=mail.example, O=Example", cleaned. */
void sp_tls_name(const X509_NAME *name, char buffer[SP_TLS_NAME_SIZE]);
/* The words for the newest error in OpenSSL's queue, which is emptied. */
const char *sp_tls_reason(void);

#endif
