/* setup_page.c - the page: where it listens, the certificate it shows, and who signs in first. */
#include "gateway/cli/setup_inside.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/certificate.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/secret.h"
#include "base/text.h"
#include "gateway/cli/password.h"
#include "gateway/cli/print.h"
#include "gateway/setup/pair.h"

enum { NAMES_MAX = 32, PAGE_DAYS = 825, PEM_MAX = 64 * 1024, DEFAULT_PORT = 8631 };
static const int64_t soon_ms = (int64_t)30 * 24 * 60 * 60 * 1000;

/* --- certificate --- */

static void
add_name(struct sp_setup *s, const char **names, size_t *n, const char *name)
{
    for (size_t i = 0; i < *n; i++)
        if (strcmp(names[i], name) == 0)
            return;
    if (*n < NAMES_MAX && name[0] != '\0')
        names[(*n)++] = sp_arena_text(s->arena, name);
}

/* Every address of this machine by which somebody might open the page; link-local ones need a zone, which no
 * certificate can hold. */
static void
add_addresses(struct sp_setup *s, const char **names, size_t *n)
{
    struct ifaddrs *list = NULL;
    char text[INET6_ADDRSTRLEN];
    if (getifaddrs(&list) != 0)
        return;
    for (const struct ifaddrs *at = list; at != NULL; at = at->ifa_next) {
        const struct sockaddr *address = at->ifa_addr;
        const void *bytes = NULL;
        if (address != NULL && address->sa_family == AF_INET)
            bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
        else if (address != NULL && address->sa_family == AF_INET6 &&
                 !IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr))
            bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
        if (bytes != NULL && inet_ntop(address->sa_family, bytes, text, sizeof text) != NULL)
            add_name(s, names, n, text);
    }
    freeifaddrs(list);
}

static enum sp_rc
make_certificate(struct sp_setup *s, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str public = { 0 }, private = { 0 };
    const char *names[NAMES_MAX] = { NULL };
    char system[65] = "";
    size_t n = 0;
    add_name(s, names, &n, s->answers.hostname);
    if (gethostname(system, sizeof system - 1) == 0)
        add_name(s, names, &n, system);
    add_name(s, names, &n, "localhost");
    add_addresses(s, names, &n);
    const struct sp_pair_wish wish = { s->answers.hostname, names, n, PAGE_DAYS };
    enum sp_rc rc = sp_pair_make(&wish, &public, &private, err);
    if (rc == SP_OK)
        rc = sp_setup_add_file(s, "page.pem", sp_secret_new(sp_str_text(&public), public.len), SP_READER_ALL,
                               &s->answers.tls_certificate, err);
    if (rc == SP_OK)
        rc = sp_setup_add_file(s, "page.key", sp_secret_new(sp_str_text(&private), private.len), SP_READER_GATEWAY,
                               &s->answers.tls_key, err);
    if (private.text != NULL)
        sp_wipe(private.text, private.len);
    if (rc == SP_OK)
        sp_say(
            &s->asker, 2,
            "A certificate is made on the spot, for %s and this machine's addresses; browsers will ask once whether to "
            "trust it. Your own: --tls-certificate and --tls-key.",
            s->answers.hostname);
    return rc;
}

/* Copied, because the gateway's user has to read the key, and because a key in somebody's home may go away. */
static enum sp_rc
use_own_certificate(struct sp_setup *s, const char *certificate, const char *key, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str public = { 0 }, private = { 0 };
    if (certificate == NULL || key == NULL)
        return sp_fail(err, SP_E_INVALID, "--tls-certificate and --tls-key need each other");
    enum sp_rc rc = sp_io_read_file(AT_FDCWD, certificate, PEM_MAX, &public, err);
    if (rc == SP_OK)
        rc = sp_io_read_file(AT_FDCWD, key, PEM_MAX, &private, err);
    if (rc == SP_OK)
        rc = sp_pair_check(&public, &private, err);
    if (rc == SP_OK)
        rc = sp_setup_add_file(s, "page.pem", sp_secret_new(sp_str_text(&public), public.len), SP_READER_ALL,
                               &s->answers.tls_certificate, err);
    if (rc == SP_OK)
        rc = sp_setup_add_file(s, "page.key", sp_secret_new(sp_str_text(&private), private.len), SP_READER_GATEWAY,
                               &s->answers.tls_key, err);
    if (private.text != NULL)
        sp_wipe(private.text, private.len);
    if (rc == SP_OK)
        sp_say(&s->asker, 2, "Certificate and key are copied to %s; when they are renewed, run this again.", s->dir);
    return rc;
}

/* One that an earlier run made, and that is good for a while. */
static bool
keeps_certificate(struct sp_setup *s)
{
    int64_t ends = 0;
    if (s->old == NULL || s->old->http.tls_certificate[0] == '\0' ||
        strcmp(s->old->gateway.hostname, s->answers.hostname) != 0 ||
        sp_certificate_expiry(s->old->http.tls_certificate, &ends, NULL) != SP_OK ||
        ends < sp_wall_ms(&sp_clock_system) + soon_ms)
        return false;
    s->answers.tls_certificate = s->old->http.tls_certificate;
    s->answers.tls_key = s->old->http.tls_key;
    return true;
}

static enum sp_rc
choose_certificate(struct sp_setup *s, struct sp_err *err)
{
    const char *certificate = sp_args_value(s->args, "--tls-certificate"), *key = sp_args_value(s->args, "--tls-key");
    if (certificate != NULL || key != NULL)
        return use_own_certificate(s, certificate, key, err);
    return keeps_certificate(s) ? SP_OK : make_certificate(s, err);
}

/* --- where it listens --- */

static enum sp_rc
check_page(const char *answer, struct sp_err *err)
{
    bool fits = strcmp(answer, "lan") == 0 || strcmp(answer, "local") == 0 || strcmp(answer, "keep") == 0;
    return fits ? SP_OK
                : sp_fail(err, SP_E_INVALID,
                          "lan (everybody in the network, by HTTPS), local (this machine alone), or "
                          "keep (as it is)");
}

static enum sp_rc
check_port(const char *answer, struct sp_err *err)
{
    int64_t port = 0;
    return sp_parse_int(answer, 1, UINT16_MAX, &port) ? SP_OK : sp_fail(err, SP_E_INVALID, "a number up to 65535");
}

static enum sp_rc
ask_listen(struct sp_setup *s, struct sp_err *err)
{
    const char *page = NULL, *port = NULL;
    bool v6 = access("/proc/net/if_inet6", R_OK) == 0;
    const struct sp_question where = { "--page", "Who may open the page: lan, local or keep",
                                       s->old != NULL ? "keep"
                                       : s->trial     ? "local"
                                                      : "lan",
                                       check_page, false };
    const struct sp_question number = { "--port", "Its port", sp_arena_format(s->arena, "%d", DEFAULT_PORT), check_port,
                                        false };
    enum sp_rc rc = sp_ask(&s->asker, &where, &page, err);
    if (rc != SP_OK || strcmp(page, "keep") == 0)
        return rc;
    bool lan = strcmp(page, "lan") == 0;
    rc = sp_ask(&s->asker, &number, &port, err);
    if (rc != SP_OK)
        return rc;
    s->listen[0] = sp_arena_format(s->arena, "%s:%s", lan ? "0.0.0.0" : "127.0.0.1", port);
    s->listen[1] = sp_arena_format(s->arena, "%s:%s", lan ? "[::]" : "[::1]", port);
    s->answers.listen = (struct sp_texts){ .items = s->listen, .count = v6 ? 2 : 1 };
    return lan ? choose_certificate(s, err) : SP_OK;
}

/* --- the first admin --- */

static bool
has_users(struct sp_setup *s)
{
    json_t *answer = NULL;
    bool any = s->old != NULL && sp_cli_try(s->cli, "GET", "/api/v1/users", &answer, NULL) == SP_OK &&
               json_array_size(json_object_get(answer, "users")) > 0;
    json_decref(answer);
    return any;
}

static enum sp_rc
ask_admin(struct sp_setup *s, struct sp_err *err)
{
    const struct sp_question name = { "--admin", "The first administrator's name; empty: none now", "admin", NULL,
                                      true };
    s->admin = "";
    if (!sp_args_has(s->args, "--admin") && (s->asker.unattended || s->dry_run || has_users(s)))
        return SP_OK;
    enum sp_rc rc = sp_ask(&s->asker, &name, &s->admin, err);
    if (rc != SP_OK || s->admin[0] == '\0')
        return rc;
    if (sp_args_has(s->args, "--admin-password-file"))
        return sp_secret_from_file(sp_args_value(s->args, "--admin-password-file"), &s->admin_password, err);
    if (s->asker.unattended)
        return sp_fail(err, SP_E_INVALID, "--admin-password-file is missing: the password of %s", s->admin);
    return sp_password_ask(&s->admin_password, err);
}

enum sp_rc
sp_setup_ask_page(struct sp_setup *s, struct sp_err *err)
{
    sp_say_heading(&s->asker, "5. The page");
    enum sp_rc rc = ask_listen(s, err);
    return rc == SP_OK ? ask_admin(s, err) : rc;
}
