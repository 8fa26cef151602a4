/* tls.c - the context, the verification that has no off switch, and the sessions kept for resumption.
 *
 * Sessions come from OpenSSL's new-session callback, because with TLS 1.3 tickets arrive after the handshake, with the
 * first data (RFC 8446 section 4.6.1). A few are kept, newest last. A TLS 1.3 ticket is used once (appendix C.4, so
 * that two connections cannot be linked); a TLS 1.2 session as long as it works. */
#include "backend/net/tls_client.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/text.h"

/* Three connections to each of a tenant's few hosts, two tickets each. */
enum { SESSIONS_MAX = 16 };

struct kept_session {
    char host[SP_TLS_HOST_SIZE];
    SSL_SESSION *session;
};

struct sp_tls {
    SSL_CTX *context;
    BIO_METHOD *socket;
    pthread_mutex_t lock; /* guards what follows */
    struct kept_session kept[SESSIONS_MAX];
    size_t n_kept;
};

const char *
sp_tls_reason(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return reason != NULL ? reason : "no reason given";
}

void
sp_tls_name(const X509_NAME *name, char buffer[SP_TLS_NAME_SIZE])
{
    buffer[0] = '\0';
    BIO *text = BIO_new(BIO_s_mem());
    if (text == NULL)
        return;
    /* RFC 2253's way of writing, but UTF-8 as it is. */
    unsigned long style = XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN | ASN1_STRFLGS_UTF8_CONVERT | ASN1_STRFLGS_ESC_CTRL;
    char raw[2 * SP_TLS_NAME_SIZE] = "";
    if (X509_NAME_print_ex(text, name, 0, style) >= 0) {
        int len = BIO_read(text, raw, sizeof raw - 1);
        raw[len > 0 ? len : 0] = '\0';
    }
    BIO_free(text);
    sp_log_clean(buffer, SP_TLS_NAME_SIZE, raw);
}

/* OpenSSL's own socket BIO uses write(2), and a peer that has gone would end the process by SIGPIPE. */
static int
socket_write(BIO *bio, const char *bytes, int size)
{
    ssize_t sent = send((int)(intptr_t)BIO_get_data(bio), bytes, (size_t)size, MSG_NOSIGNAL);
    BIO_clear_retry_flags(bio);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_write(bio);
    return (int)sent;
}

static int
socket_read(BIO *bio, char *bytes, int room)
{
    ssize_t got = recv((int)(intptr_t)BIO_get_data(bio), bytes, (size_t)room, 0);
    BIO_clear_retry_flags(bio);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(bio);
    return (int)got;
}

static long
socket_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *
socket_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "scanpost socket");
    if (method == NULL)
        return NULL;
    BIO_meth_set_write(method, socket_write);
    BIO_meth_set_read(method, socket_read);
    BIO_meth_set_ctrl(method, socket_ctrl);
    return method;
}

/* Remembers what is wrong with whose certificate while OpenSSL still has it at hand; never overrules the verdict. */
static int
on_verify(int fine, X509_STORE_CTX *chain)
{
    if (fine)
        return 1;
    const SSL *ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct sp_tls_peer *peer = SSL_get_app_data(ssl);
    const X509 *leaf = X509_STORE_CTX_get0_cert(chain);
    peer->refusal = X509_STORE_CTX_get_error(chain);
    if (leaf != NULL) {
        sp_tls_name(X509_get_subject_name(leaf), peer->subject);
        sp_tls_name(X509_get_issuer_name(leaf), peer->issuer);
    }
    return 0;
}

static void
drop_kept(struct sp_tls *tls, size_t index)
{
    tls->n_kept--;
    memmove(&tls->kept[index], &tls->kept[index + 1], (tls->n_kept - index) * sizeof tls->kept[0]);
}

/* Returns 1: the session's reference is ours now. */
static int
on_new_session(SSL *ssl, SSL_SESSION *session)
{
    const struct sp_tls_peer *peer = SSL_get_app_data(ssl);
    struct sp_tls *tls = peer->tls;
    pthread_mutex_lock(&tls->lock);
    if (tls->n_kept == SESSIONS_MAX) {
        SSL_SESSION_free(tls->kept[0].session);
        drop_kept(tls, 0);
    }
    struct kept_session *place = &tls->kept[tls->n_kept++];
    sp_text_copy(place->host, sizeof place->host, peer->host);
    place->session = session;
    pthread_mutex_unlock(&tls->lock);
    return 1;
}

/* The newest session for the host, as the caller's reference; NULL when there is none. */
static SSL_SESSION *
take_session(struct sp_tls *tls, const char *host)
{
    SSL_SESSION *found = NULL;
    pthread_mutex_lock(&tls->lock);
    for (size_t i = tls->n_kept; i-- > 0 && found == NULL;) {
        if (strcmp(tls->kept[i].host, host) != 0)
            continue;
        found = tls->kept[i].session;
        bool once = SSL_SESSION_get_protocol_version(found) >= TLS1_3_VERSION || !SSL_SESSION_is_resumable(found);
        if (once)
            drop_kept(tls, i);
        else
            SSL_SESSION_up_ref(found);
    }
    pthread_mutex_unlock(&tls->lock);
    return found;
}

static enum sp_rc
trust(SSL_CTX *context, const char *ca_file, struct sp_err *err)
{
    if (*ca_file == '\0') {
        if (SSL_CTX_set_default_verify_paths(context) != 1)
            return sp_fail(err, SP_E_TLS, "tls: cannot load the system's certificate authorities: %s", sp_tls_reason());
        return SP_OK;
    }
    if (SSL_CTX_load_verify_file(context, ca_file) != 1)
        return sp_fail(err, SP_E_TLS, "tls: cannot load certificate authorities from '%s': %s", ca_file,
                       sp_tls_reason());
    return SP_OK;
}

/* A key with a pass phrase fails here; OpenSSL would ask the terminal. Its type is OpenSSL's. */
static int
no_passphrase(char *buffer /* NOLINT(readability-non-const-parameter) */, int size, int writing, void *context)
{
    (void)buffer, (void)size, (void)writing, (void)context;
    return -1;
}

static enum sp_rc
identify(SSL_CTX *context, const char *certificate, const char *key, struct sp_err *err)
{
    if (*certificate == '\0')
        return SP_OK;
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
        return sp_fail(err, SP_E_TLS, "tls: cannot load the certificate '%s': %s", certificate, sp_tls_reason());
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        return sp_fail(err, SP_E_TLS, "tls: cannot load the key '%s': %s", key, sp_tls_reason());
    if (SSL_CTX_check_private_key(context) != 1)
        return sp_fail(err, SP_E_TLS, "tls: the key '%s' does not belong to '%s'", key, certificate);
    return SP_OK;
}

static void
configure(SSL_CTX *context)
{
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, on_verify);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context, 1); /* one recv for an answer, not one for its record's head and one for the rest */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, on_new_session);
}

enum sp_rc
sp_tls_new(const char *ca_file, const char *certificate, const char *key, struct sp_tls **ret, struct sp_err *err)
{
    ERR_clear_error();
    SP_AUTO(sp_tls_free) struct sp_tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL)
        return sp_fail(err, SP_E_NOMEM, "tls: out of memory");
    pthread_mutex_init(&tls->lock, NULL);
    tls->context = SSL_CTX_new(TLS_client_method());
    tls->socket = socket_method();
    if (tls->context == NULL || tls->socket == NULL)
        return sp_fail(err, SP_E_NOMEM, "tls: cannot make a context: %s", sp_tls_reason());
    configure(tls->context);
    enum sp_rc rc = trust(tls->context, ca_file, err);
    if (rc == SP_OK)
        rc = identify(tls->context, certificate, key, err);
    if (rc == SP_OK)
        *ret = SP_STEAL(tls);
    return rc;
}

void
sp_tls_free(struct sp_tls **tls)
{
    struct sp_tls *t = *tls;
    *tls = NULL;
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->n_kept; i++)
        SSL_SESSION_free(t->kept[i].session);
    SSL_CTX_free(t->context);
    BIO_meth_free(t->socket);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

/* The certificate must name the host, or carry the address when the host is one. SNI only has names (RFC 6066). */
static bool
expect(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1)
        return true;
    ERR_clear_error();
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

static void
resume(struct sp_tls *tls, SSL *ssl, const char *host)
{
    SSL_SESSION *session = take_session(tls, host);
    if (session == NULL)
        return;
    SSL_set_session(ssl, session);
    SSL_SESSION_free(session);
}

enum sp_rc
sp_tls_client(struct sp_tls *tls, const char *host, int fd, struct sp_tls_peer *peer, SSL **ret, struct sp_err *err)
{
    ERR_clear_error();
    *peer = (struct sp_tls_peer){ .tls = tls };
    if (*host == '\0' || !sp_text_copy(peer->host, sizeof peer->host, host))
        return sp_fail(err, SP_E_INVALID, "tls: a host name is needed to check the certificate");
    size_t len = strlen(peer->host);
    if (peer->host[len - 1] == '.')
        peer->host[len - 1] = '\0';
    SSL *ssl = SSL_new(tls->context);
    BIO *bio = BIO_new(tls->socket);
    if (ssl == NULL || bio == NULL || !expect(ssl, peer->host)) {
        BIO_free(bio);
        SSL_free(ssl);
        return sp_fail(err, SP_E_NOMEM, "tls: cannot begin: %s", sp_tls_reason());
    }
    BIO_set_data(bio, (void *)(intptr_t)fd);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_app_data(ssl, peer);
    resume(tls, ssl, peer->host);
    *ret = ssl;
    return SP_OK;
}
