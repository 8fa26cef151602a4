/* certificate.h - a throw-away certificate authority and what it signs, so that clients verify the sandbox just as they
 * verify Microsoft 365: name and chain, with ca.pem as the only difference.
 *
 *   DIR/ca.pem, ca.key            made once, used again; *.key are 0600
 *   DIR/mx.pem, mx.key            the MX's, new at every start; likewise submission, login, graph
 *
 * The bad ones (expired, another name, an authority nobody knows) live in memory only. */
#ifndef SP_SANDBOX_CERTIFICATE_H
#define SP_SANDBOX_CERTIFICATE_H

#include <openssl/types.h>

#include "base/err.h"

enum sp_box_certificate {
    SP_BOX_GOOD,
    SP_BOX_EXPIRED,
    SP_BOX_OTHER_NAME,
    SP_BOX_UNTRUSTED,
    SP_BOX_CERTIFICATES /* how many */
};

struct sp_box_authority;

/* Reads it from the folder, or makes it there. SP_E_CORRUPT for files that are no certificate and key; SP_E_IO,
 * SP_E_TLS. */
enum sp_rc sp_box_authority_open(int dirfd, struct sp_box_authority **ret, struct sp_err *err);
void sp_box_authority_free(struct sp_box_authority **authority);

/* A context of each kind for a server of these names or addresses (up to NULL), TLS 1.2 or newer. `file` names the two
 * files of the good one. The caller frees what is not NULL in ret, also after a failure. SP_E_TLS, SP_E_IO. */
enum sp_rc sp_box_contexts_make(const struct sp_box_authority *authority, int dirfd, const char *file,
                                const char *const *hosts, SSL_CTX *ret[SP_BOX_CERTIFICATES], struct sp_err *err);
/* From now on clients are asked for a certificate; they need not have one. */
enum sp_rc sp_box_contexts_ask(const struct sp_box_authority *authority, SSL_CTX *contexts[SP_BOX_CERTIFICATES],
                               struct sp_err *err);
void sp_box_contexts_free(SSL_CTX *contexts[SP_BOX_CERTIFICATES]);

/* A client's certificate of that name, in two files, new at every start. */
enum sp_rc sp_box_client_make(const struct sp_box_authority *authority, int dirfd, const char *file, const char *name,
                              struct sp_err *err);

#endif
