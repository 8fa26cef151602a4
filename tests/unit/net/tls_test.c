/* Whom TLS trusts and what it shows; handshakes that go wrong are in the session's tests. */
#include "backend/net/tls.h"

#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/net/conn.h"
#include "base/certificate.h"
#include "base/clock.h"
#include "base/str.h"
#include "unit/smtp/fake_tls.h"

struct world {
    struct fake_ca *ca;
    struct sp_tls *tls;
    char folder[40], certificate[60], key[60];
    struct sp_err err;
};

static int
setup_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->ca = fake_ca_new();
    strcpy(w->folder, "/tmp/scanpost_tls_XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->certificate, sizeof w->certificate, "%s/cert.pem", w->folder);
    snprintf(w->key, sizeof w->key, "%s/key.pem", w->folder);
    fake_ca_write(w->ca, "scan.example.test", w->certificate, w->key);
    *state = w;
    return 0;
}

static int
teardown_world(void **state)
{
    struct world *w = *state;
    sp_tls_free(&w->tls);
    unlink(w->certificate);
    unlink(w->key);
    rmdir(w->folder);
    fake_ca_free(&w->ca);
    free(w);
    return 0;
}

struct server {
    SSL_CTX *context;
    int fd;
    char client[64]; /* the name in the client's certificate */
};

static void *
serve(void *context)
{
    struct server *s = context;
    SSL *ssl = SSL_new(s->context);
    SSL_set_fd(ssl, s->fd);
    if (SSL_accept(ssl) == 1) {
        const X509 *shown = SSL_get0_peer_certificate(ssl);
        if (shown != NULL)
            X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, s->client, sizeof s->client);
        SSL_write(ssl, "250 hi\r\n", 8);
    }
    SSL_free(ssl);
    shutdown(s->fd, SHUT_WR); /* without a farewell; the client closes */
    return NULL;
}

/* One handshake, with the client asking for `name`; returns what became of it. */
static enum sp_trouble
shake(struct world *w, SSL_CTX *context, const char *name, struct server *ret)
{
    int ends[2];
    pthread_t thread;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    *ret = (struct server){ .context = context, .fd = ends[1] };
    assert_int_equal(pthread_create(&thread, NULL, serve, ret), 0);
    struct sp_conn *conn = sp_conn_adopt(ends[0], &sp_clock_system);
    int64_t deadline = sp_mono_ms(&sp_clock_system) + 15000;
    enum sp_trouble trouble = sp_conn_starttls(conn, w->tls, name, deadline, &w->err);
    const char *line = NULL;
    size_t len = 0;
    if (trouble == SP_TROUBLE_NONE)
        trouble = sp_conn_line(conn, deadline, &line, &len, &w->err);
    sp_conn_close(&conn);
    pthread_join(thread, NULL);
    close(ends[1]);
    return trouble;
}

static void
test_shows_its_certificate_when_asked(void **state)
{
    struct world *w = *state;
    struct server server;
    assert_int_equal(sp_tls_new(fake_ca_file(w->ca), w->certificate, w->key, &w->tls, &w->err), SP_OK);
    SSL_CTX *context = fake_ca_server(w->ca, FAKE_GOOD, "mail.example.test");
    SSL_CTX_load_verify_file(context, fake_ca_file(w->ca));
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    assert_int_equal(shake(w, context, "mail.example.test", &server), SP_TROUBLE_NONE);
    assert_string_equal(server.client, "scan.example.test");
    SSL_CTX_free(context);
}

static void
test_name_may_end_in_a_dot_but_not_be_another(void **state)
{
    struct world *w = *state;
    struct server server;
    assert_int_equal(sp_tls_new(fake_ca_file(w->ca), "", "", &w->tls, &w->err), SP_OK);
    SSL_CTX *context = fake_ca_server(w->ca, FAKE_GOOD, "mail.example.test");
    assert_int_equal(shake(w, context, "mail.example.test.", &server), SP_TROUBLE_NONE);
    assert_int_equal(shake(w, context, "MAIL.example.test", &server), SP_TROUBLE_NONE);
    static const char *const others[] = { "example.test", "mail.example.test.evil.test", "mail.example", "127.0.0.1",
                                          "::1" };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(shake(w, context, others[i], &server), SP_TROUBLE_CERTIFICATE);
    assert_int_equal(shake(w, context, "", &server), SP_TROUBLE_LOCAL);
    SSL_CTX_free(context);
}

static void
test_wildcard_stands_for_one_label(void **state)
{
    struct world *w = *state;
    struct server server;
    assert_int_equal(sp_tls_new(fake_ca_file(w->ca), "", "", &w->tls, &w->err), SP_OK);
    SSL_CTX *context = fake_ca_server(w->ca, FAKE_GOOD, "*.mail.protection.example");
    assert_int_equal(shake(w, context, "contoso-com.mail.protection.example", &server), SP_TROUBLE_NONE);
    assert_int_equal(shake(w, context, "a.b.mail.protection.example", &server), SP_TROUBLE_CERTIFICATE);
    assert_int_equal(shake(w, context, "mail.protection.example", &server), SP_TROUBLE_CERTIFICATE);
    SSL_CTX_free(context);
}

static void
test_tls_before_1_2_is_refused(void **state)
{
    struct world *w = *state;
    struct server server;
    assert_int_equal(sp_tls_new(fake_ca_file(w->ca), "", "", &w->tls, &w->err), SP_OK);
    SSL_CTX *context = fake_ca_server(w->ca, FAKE_GOOD, "mail.example.test");
    SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
    SSL_CTX_set_security_level(context, 0);
    enum sp_trouble trouble = shake(w, context, "mail.example.test", &server);
    assert_int_equal(trouble, SP_TROUBLE_HANDSHAKE);
    SSL_CTX_free(context);
}

static void
test_tls_1_2_sessions_are_resumed_too(void **state)
{
    struct world *w = *state;
    struct server server;
    assert_int_equal(sp_tls_new(fake_ca_file(w->ca), "", "", &w->tls, &w->err), SP_OK);
    SSL_CTX *context = fake_ca_server(w->ca, FAKE_GOOD, "mail.example.test");
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    for (int i = 0; i < 3; i++)
        assert_int_equal(shake(w, context, "mail.example.test", &server), SP_TROUBLE_NONE);
    assert_int_equal(SSL_CTX_sess_hits(context), 2);
    /* A session belongs to its host: another name never sees it. */
    assert_int_equal(shake(w, context, "other.example.test", &server), SP_TROUBLE_CERTIFICATE);
    assert_int_equal(SSL_CTX_sess_hits(context), 2);
    SSL_CTX_free(context);
}

static void
test_files_that_are_missing_or_do_not_fit_are_named(void **state)
{
    struct world *w = *state;
    char other_key[60], other[60];
    snprintf(other, sizeof other, "%s/other.pem", w->folder);
    snprintf(other_key, sizeof other_key, "%s/otherkey.pem", w->folder);
    fake_ca_write(w->ca, "other.example.test", other, other_key);
    assert_int_equal(sp_tls_new("/nonexistent/ca.pem", "", "", &w->tls, &w->err), SP_E_TLS);
    assert_non_null(strstr(w->err.text, "/nonexistent/ca.pem"));
    assert_int_equal(sp_tls_new("", "/nonexistent/c.pem", w->key, &w->tls, &w->err), SP_E_TLS);
    assert_non_null(strstr(w->err.text, "/nonexistent/c.pem"));
    assert_int_equal(sp_tls_new("", w->certificate, "/nonexistent/k.pem", &w->tls, &w->err), SP_E_TLS);
    assert_int_equal(sp_tls_new("", w->certificate, other_key, &w->tls, &w->err), SP_E_TLS);
    assert_int_equal(sp_tls_new(w->key, "", "", &w->tls, &w->err), SP_E_TLS); /* no certificate in it */
    assert_null(w->tls);
    unlink(other);
    unlink(other_key);
}

static void
test_end_of_a_certificate_is_read(void **state)
{
    struct world *w = *state;
    int64_t end = 0, now = sp_wall_ms(&sp_clock_system);
    assert_int_equal(sp_certificate_expiry(w->certificate, &end, &w->err), SP_OK);
    assert_true(end > now && end < now + INT64_C(3) * 24 * 3600 * 1000);
    assert_int_equal(sp_certificate_expiry(w->key, &end, &w->err), SP_E_INVALID);
    assert_int_equal(sp_certificate_expiry("/nonexistent", &end, NULL), SP_E_NOTFOUND);
}

#define world_test(name) cmocka_unit_test_setup_teardown(name, setup_world, teardown_world)

int
main(void)
{
    signal(SIGPIPE, SIG_IGN); /* for the fake's side, which uses OpenSSL's own socket BIO */
    const struct CMUnitTest tests[] = {
        world_test(test_shows_its_certificate_when_asked),
        world_test(test_name_may_end_in_a_dot_but_not_be_another),
        world_test(test_wildcard_stands_for_one_label),
        world_test(test_tls_before_1_2_is_refused),
        world_test(test_tls_1_2_sessions_are_resumed_too),
        world_test(test_files_that_are_missing_or_do_not_fit_are_named),
        world_test(test_end_of_a_certificate_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
