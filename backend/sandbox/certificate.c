#include "backend/sandbox/certificate.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "backend/sandbox/pair.h"
#include "base/auto.h"
#include "base/str.h"

struct sp_box_authority {
    struct sp_box_pair known;   /* what ca.pem says */
    struct sp_box_pair unknown; /* what nobody trusts */
};

enum sp_rc
sp_box_authority_open(int dirfd, struct sp_box_authority **ret, struct sp_err *err)
{
    const struct sp_box_wish known = { .purpose = SP_BOX_AUTHORITY,
                                       .common = "scanpost sandbox CA (throw-away)",
                                       .days = SP_BOX_LIFE_DAYS };
    const struct sp_box_wish unknown = { .purpose = SP_BOX_AUTHORITY,
                                         .common = "Authority That Nobody Trusts",
                                         .days = SP_BOX_LIFE_DAYS };
    struct sp_box_authority *authority = calloc(1, sizeof(*authority));
    if (authority == NULL)
        return sp_fail(err, SP_E_NOMEM, "sandbox: out of memory");
    enum sp_rc rc = sp_box_pair_open(dirfd, "ca", &known, NULL, &authority->known, err);
    if (rc == SP_OK)
        rc = sp_box_pair_make(&unknown, NULL, &authority->unknown, err);
    if (rc != SP_OK)
        sp_box_authority_free(&authority);
    else
        *ret = authority;
    return rc;
}

void
sp_box_authority_free(struct sp_box_authority **authority)
{
    if (*authority != NULL) {
        sp_box_pair_free(&(*authority)->known);
        sp_box_pair_free(&(*authority)->unknown);
    }
    free(*authority);
    *authority = NULL;
}

/* Contexts. */

static enum sp_rc
context_make(const struct sp_box_pair *pair, const char *kind, SSL_CTX **ret, struct sp_err *err)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    *ret = context;
    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_session_id_context(context, (const unsigned char *)kind, (unsigned)strlen(kind)) != 1 ||
        SSL_CTX_use_certificate(context, pair->certificate) != 1 || SSL_CTX_use_PrivateKey(context, pair->key) != 1)
        return sp_box_fail_tls(err, "set up TLS");
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return SP_OK;
}

/* "DNS:a,DNS:b,IP:127.0.0.1" */
static void
add_names(struct sp_str *out, const char *const *hosts)
{
    for (; *hosts != NULL; hosts++) {
        bool address = (*hosts)[strspn(*hosts, "0123456789.")] == '\0';
        sp_str_addf(out, "%s%s:%s", out->len > 0 ? "," : "", address ? "IP" : "DNS", *hosts);
    }
}

static enum sp_rc
kind_make(const struct sp_box_authority *authority, enum sp_box_certificate kind, const char *const *hosts,
          struct sp_box_pair *ret, struct sp_err *err)
{
    static const char *const elsewhere[] = { "mail.example.net", NULL };
    struct sp_str names = { 0 };
    add_names(&names, kind == SP_BOX_OTHER_NAME ? elsewhere : hosts);
    const struct sp_box_wish wish = { .purpose = SP_BOX_SERVER,
                                      .common = kind == SP_BOX_OTHER_NAME ? elsewhere[0] : hosts[0],
                                      .names = names.text,
                                      .days = kind == SP_BOX_EXPIRED ? -2 : SP_BOX_LIFE_DAYS };
    enum sp_rc rc = names.failed ? sp_fail(err, SP_E_NOMEM, "sandbox: out of memory") : SP_OK;
    if (rc == SP_OK)
        rc = sp_box_pair_make(&wish, kind == SP_BOX_UNTRUSTED ? &authority->unknown : &authority->known, ret, err);
    sp_str_free(&names);
    return rc;
}

enum sp_rc
sp_box_contexts_make(const struct sp_box_authority *authority, int dirfd, const char *file, const char *const *hosts,
                     SSL_CTX *ret[SP_BOX_CERTIFICATES], struct sp_err *err)
{
    static const char *const names[] = { "good", "expired", "name", "untrusted" };
    enum sp_rc rc = SP_OK;
    for (unsigned kind = SP_BOX_GOOD; kind < SP_BOX_CERTIFICATES && rc == SP_OK; kind++) {
        struct sp_box_pair pair = { 0 };
        rc = kind_make(authority, (enum sp_box_certificate)kind, hosts, &pair, err);
        if (rc == SP_OK && kind == SP_BOX_GOOD)
            rc = sp_box_pair_write(dirfd, file, &pair, err);
        if (rc == SP_OK)
            rc = context_make(&pair, names[kind], &ret[kind], err);
        sp_box_pair_free(&pair);
    }
    return rc;
}

/* Every certificate is let through the handshake: Exchange does not hang up on a bad one, it attributes the connection
 * to nobody. Whether it was good is asked later. */
static int
let_through(int fine, X509_STORE_CTX *store)
{
    (void)fine;
    (void)store;
    return 1;
}

enum sp_rc
sp_box_contexts_ask(const struct sp_box_authority *authority, SSL_CTX *contexts[SP_BOX_CERTIFICATES],
                    struct sp_err *err)
{
    for (unsigned kind = SP_BOX_GOOD; kind < SP_BOX_CERTIFICATES; kind++) {
        SSL_CTX_set_verify(contexts[kind], SSL_VERIFY_PEER, let_through);
        if (X509_STORE_add_cert(SSL_CTX_get_cert_store(contexts[kind]), authority->known.certificate) != 1)
            return sp_box_fail_tls(err, "set up TLS");
    }
    return SP_OK;
}

void
sp_box_contexts_free(SSL_CTX *contexts[SP_BOX_CERTIFICATES])
{
    for (unsigned kind = SP_BOX_GOOD; kind < SP_BOX_CERTIFICATES; kind++) {
        SSL_CTX_free(contexts[kind]);
        contexts[kind] = NULL;
    }
}

/* A client. */

enum sp_rc
sp_box_client_make(const struct sp_box_authority *authority, int dirfd, const char *file, const char *name,
                   struct sp_err *err)
{
    struct sp_box_pair pair = { 0 };
    struct sp_str names = { 0 };
    sp_str_addf(&names, "DNS:%s", name);
    const struct sp_box_wish wish = {
        .purpose = SP_BOX_CLIENT, .common = name, .names = names.text, .days = SP_BOX_LIFE_DAYS
    };
    enum sp_rc rc = names.failed ? sp_fail(err, SP_E_NOMEM, "sandbox: out of memory") : SP_OK;
    if (rc == SP_OK)
        rc = sp_box_pair_make(&wish, &authority->known, &pair, err);
    if (rc == SP_OK)
        rc = sp_box_pair_write(dirfd, file, &pair, err);
    sp_box_pair_free(&pair);
    sp_str_free(&names);
    return rc;
}
