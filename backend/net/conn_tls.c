/* conn_tls.c - the handshake, and reading and writing under TLS.
 *
 * A lost connection shows as SSL_ERROR_SYSCALL or as an end of file without close_notify; both are the peer hanging up.
 * Whether a message came through is known from the SMTP reply alone, so a missing close_notify truncates nothing. */
#include "backend/net/conn_inside.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "backend/net/wait.h"
#include "base/text.h"

static enum sp_io
verdict(const SSL *ssl, int result)
{
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_NONE:
        return SP_IO_DONE;
    case SSL_ERROR_WANT_READ:
        return SP_IO_WANTS_READ;
    case SSL_ERROR_WANT_WRITE:
        return SP_IO_WANTS_WRITE;
    case SSL_ERROR_ZERO_RETURN:
    case SSL_ERROR_SYSCALL:
        return SP_IO_HUNG_UP;
    default: /* not an enum of ours: SSL_ERROR_SSL and what newer versions add */
        if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
            return SP_IO_HUNG_UP;
        return SP_IO_FAILED;
    }
}

enum sp_io
sp_conn_tls_read(struct sp_conn *conn, void *bytes, size_t room, size_t *ret_got)
{
    ERR_clear_error();
    return verdict(conn->ssl, SSL_read_ex(conn->ssl, bytes, room, ret_got));
}

enum sp_io
sp_conn_tls_write(struct sp_conn *conn, const void *bytes, size_t size, size_t *ret_done)
{
    ERR_clear_error();
    return verdict(conn->ssl, SSL_write_ex(conn->ssl, bytes, size, ret_done));
}

void
sp_conn_tls_end(struct sp_conn *conn)
{
    if (conn->ssl == NULL)
        return;
    ERR_clear_error();
    /* OpenSSL forbids a farewell after an error, and forgets the session when none was said. */
    if (!conn->broken && SSL_is_init_finished(conn->ssl))
        SSL_shutdown(conn->ssl);
    ERR_clear_error();
    SSL_free(conn->ssl);
    conn->ssl = NULL;
}

static enum sp_trouble
refused(const struct sp_conn *conn, struct sp_err *err)
{
    const struct sp_tls_peer *peer = &conn->peer;
    sp_fail(err, SP_E_TLS, "the certificate shown for %s was refused: %s; it belongs to '%s', issued by '%s'",
            peer->host, X509_verify_cert_error_string(peer->refusal), peer->subject, peer->issuer);
    ERR_clear_error();
    return SP_TROUBLE_CERTIFICATE;
}

static enum sp_trouble
handshake_failed(struct sp_conn *conn, enum sp_io io, struct sp_err *err)
{
    conn->broken = true;
    if (conn->peer.refusal != X509_V_OK)
        return refused(conn, err);
    if (io == SP_IO_HUNG_UP) {
        sp_fail(err, SP_E_CLOSED, "the connection was closed during the TLS handshake");
        return SP_TROUBLE_CLOSED;
    }
    sp_fail(err, SP_E_TLS, "the TLS handshake failed: %s", sp_tls_reason());
    return SP_TROUBLE_HANDSHAKE;
}

static enum sp_trouble
handshake(struct sp_conn *conn, int64_t deadline, struct sp_err *err)
{
    for (;;) {
        ERR_clear_error();
        enum sp_io io = verdict(conn->ssl, SSL_connect(conn->ssl));
        if (io == SP_IO_DONE)
            return SP_TROUBLE_NONE;
        if (io != SP_IO_WANTS_READ && io != SP_IO_WANTS_WRITE)
            return handshake_failed(conn, io, err);
        if (sp_net_wait(conn->fd, io == SP_IO_WANTS_READ ? POLLIN : POLLOUT, conn->clock, deadline) != SP_WAIT_READY) {
            conn->broken = true;
            sp_fail(err, SP_E_TIMEOUT, "no answer in time during the TLS handshake");
            return SP_TROUBLE_TIMEOUT;
        }
    }
}

static void
learn(struct sp_conn *conn)
{
    sp_text_copy(conn->tls_version, sizeof conn->tls_version, SSL_get_version(conn->ssl));
    conn->resumed = SSL_session_reused(conn->ssl) == 1;
    const X509 *certificate = SSL_get0_peer_certificate(conn->ssl);
    if (certificate != NULL)
        sp_tls_name(X509_get_issuer_name(certificate), conn->issuer);
}

enum sp_trouble
sp_conn_starttls(struct sp_conn *conn, struct sp_tls *tls, const char *name, int64_t deadline, struct sp_err *err)
{
    /* What was said in clear must not be read as if TLS had protected it (RFC 3207 section 4.2 and 5). */
    if (sp_conn_pending(conn)) {
        conn->broken = true;
        sp_fail(err, SP_E_PROTO, "text in clear came where TLS should begin: somebody on the way injects commands");
        return SP_TROUBLE_GARBAGE;
    }
    if (sp_tls_client(tls, name, conn->fd, &conn->peer, &conn->ssl, err) != SP_OK)
        return SP_TROUBLE_LOCAL;
    enum sp_trouble trouble = handshake(conn, deadline, err);
    if (trouble != SP_TROUBLE_NONE)
        return trouble;
    learn(conn);
    return SP_TROUBLE_NONE;
}
