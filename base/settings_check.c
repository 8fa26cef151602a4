/* settings_check.c - what no value can tell alone. A check says what is wrong and what would be right, at the line of
 * the key, or of the section where the key is missing. Files are looked at only where this version reads them. */
#include "base/settings_check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/address.h"
#include "base/arena.h"
#include "base/auto.h"
#include "base/settings.h"
#include "base/settings_parse.h"

#define COMPLAIN(object, key, ...) sp_parsed_complain(p, object, key, __VA_ARGS__)

typedef enum sp_rc check_fn(struct sp_parsed *p);

static bool
is_set(const char *text)
{
    return text[0] != '\0';
}

/* --- gateway, http --- */

static enum sp_rc
check_hostname(struct sp_parsed *p)
{
    struct sp_gateway_settings *gateway = &p->settings->gateway;
    char system[SP_DOMAIN_MAX + 1] = "";
    if (is_set(gateway->hostname))
        return SP_OK;
    if (gethostname(system, sizeof system - 1) < 0 || !sp_domain_valid(system, false))
        return COMPLAIN(gateway, "hostname",
                        "section 'gateway' needs a hostname, a full name such as scan.contoso.com: "
                        "the system's own, '%.80s', is none",
                        system);
    gateway->hostname = sp_arena_text(p->settings->arena, system);
    return gateway->hostname == NULL ? sp_fail(p->err, SP_E_NOMEM, "settings: out of memory") : SP_OK;
}

static enum sp_rc
check_file(const struct sp_parsed *p, const void *object, const char *key, const char *file)
{
    struct stat at;
    if (!is_set(file))
        return SP_OK;
    if (stat(file, &at) < 0 || faccessat(AT_FDCWD, file, R_OK, AT_EACCESS) < 0)
        return COMPLAIN(object, key, "cannot read the file of '%s', '%s': %s", key, file, strerror(errno));
    return S_ISREG(at.st_mode) ? SP_OK : COMPLAIN(object, key, "'%s' must be a regular file, '%s' is none", key, file);
}

static enum sp_rc
check_http(struct sp_parsed *p)
{
    const struct sp_http_settings *http = &p->settings->http;
    if (is_set(http->tls_certificate) != is_set(http->tls_key))
        return COMPLAIN(http, is_set(http->tls_key) ? "tls-key" : "tls-certificate",
                        "TLS needs both, tls-certificate and tls-key");
    enum sp_rc rc = check_file(p, http, "tls-certificate", http->tls_certificate);
    return rc != SP_OK ? rc : check_file(p, http, "tls-key", http->tls_key);
}

/* --- tenants --- */

static enum sp_rc
complete_tenant(struct sp_parsed *p, struct sp_tenant_settings *tenant)
{
    if (tenant->methods.count == 1 && strcmp(tenant->methods.items[0], "auto") == 0)
        tenant->methods.count = 0;
    if (tenant->accepted_domains.count > 0)
        return SP_OK;
    const char **only = sp_arena_array(p->settings->arena, 1, sizeof *only);
    if (only == NULL)
        return sp_fail(p->err, SP_E_NOMEM, "settings: out of memory");
    *only = tenant->domain;
    tenant->accepted_domains = (struct sp_texts){ .items = only, .count = 1 };
    return SP_OK;
}

/* An order names methods of this tenant, each once. */
static enum sp_rc
check_order(const struct sp_parsed *p, const struct sp_tenant_settings *tenant)
{
    for (size_t i = 0; i < tenant->methods.count; i++) {
        const char *name = tenant->methods.items[i];
        const struct sp_method_settings *method = sp_settings_method(p->settings, name);
        if (strcmp(name, "auto") == 0)
            return COMPLAIN(tenant, "methods", "'auto' stands alone: methods = auto, or an order of names");
        if (method == NULL)
            return COMPLAIN(tenant, "methods", "there is no method '%s'; declare it: method %s { }", name, name);
        if (strcmp(method->tenant, tenant->name) != 0)
            return COMPLAIN(tenant, "methods", "method '%s' belongs to tenant '%s'", name, method->tenant);
        for (size_t k = 0; k < i; k++)
            if (strcmp(tenant->methods.items[k], name) == 0)
                return COMPLAIN(tenant, "methods", "'%s' stands twice in the order", name);
    }
    return SP_OK;
}

static enum sp_rc
check_tenant(const struct sp_parsed *p, const struct sp_tenant_settings *tenant)
{
    size_t methods = 0;
    if (!is_set(tenant->domain))
        return COMPLAIN(tenant, "domain", "tenant '%s' needs a domain, such as domain = contoso.com", tenant->name);
    if (!is_set(tenant->sender))
        return COMPLAIN(tenant, "sender",
                        "tenant '%s' needs a sender, a mailbox that somebody reads: sender = scanner@%s", tenant->name,
                        tenant->domain);
    for (size_t i = 0; i < p->settings->n_methods; i++)
        methods += strcmp(p->settings->methods[i].tenant, tenant->name) == 0;
    if (methods == 0)
        return COMPLAIN(tenant, NULL,
                        "no method is configured for tenant '%s'; nothing could leave; for direct send: "
                        "method direct { }",
                        tenant->name);
    return check_order(p, tenant);
}

static enum sp_rc
complete_tenants(struct sp_parsed *p)
{
    enum sp_rc rc = SP_OK;
    if (p->settings->n_tenants == 0)
        return COMPLAIN(NULL, NULL,
                        "no tenant is configured; one is needed: "
                        "tenant contoso { domain = contoso.com  sender = scanner@contoso.com }");
    if (p->settings->n_methods == 0)
        return COMPLAIN(NULL, NULL, "no method is configured; nothing could leave; for direct send: method direct { }");
    for (size_t i = 0; rc == SP_OK && i < p->settings->n_tenants; i++)
        rc = complete_tenant(p, &p->settings->tenants[i]);
    return rc;
}

static enum sp_rc
check_tenants(struct sp_parsed *p)
{
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; rc == SP_OK && i < p->settings->n_tenants; i++)
        rc = check_tenant(p, &p->settings->tenants[i]);
    return rc;
}

/* A reference to a tenant: the only one when nothing was written. */
static enum sp_rc
check_reference(const struct sp_parsed *p, const void *object, const char **tenant)
{
    if (!is_set(*tenant) && p->settings->n_tenants == 1)
        *tenant = p->settings->tenants[0].name;
    if (!is_set(*tenant))
        return COMPLAIN(object, NULL, "there are several tenants: say which with tenant = %s",
                        p->settings->tenants[0].name);
    if (sp_settings_tenant(p->settings, *tenant) == NULL)
        return COMPLAIN(object, "tenant", "there is no tenant '%s'", *tenant);
    return SP_OK;
}

/* --- methods --- */

/* One way for the application to prove itself: a secret, or a certificate with its key. next: its successor, which may
 * be of the other kind. */
static enum sp_rc
check_proof(const struct sp_parsed *p, const struct sp_method_settings *method, bool next)
{
    static const char *const keys[2][3] = {
        { "oauth-client-secret-file", "oauth-certificate", "oauth-key" },
        { "next-oauth-client-secret-file", "next-oauth-certificate", "next-oauth-key" },
    };
    const char *const *key = keys[next];
    const char *secret = next ? method->next_oauth_client_secret_file : method->oauth_client_secret_file;
    const char *certificate = next ? method->next_oauth_certificate : method->oauth_certificate;
    const char *private = next ? method->next_oauth_key : method->oauth_key;
    if (is_set(certificate) != is_set(private))
        return COMPLAIN(method, is_set(certificate) ? key[1] : key[2], "%s and %s need each other", key[1], key[2]);
    if (is_set(certificate) && is_set(secret))
        return COMPLAIN(method, key[0], "an application signs in by %s or by %s, not by both", key[0], key[1]);
    enum sp_rc rc = check_file(p, method, key[0], secret);
    if (rc == SP_OK)
        rc = check_file(p, method, key[1], certificate);
    return rc != SP_OK ? rc : check_file(p, method, key[2], private);
}

static enum sp_rc
check_oauth(const struct sp_parsed *p, const struct sp_method_settings *method)
{
    bool proven =
        is_set(method->oauth_certificate) || is_set(method->oauth_key) || is_set(method->oauth_client_secret_file);
    if ((!is_set(method->oauth_tenant) && !is_set(method->oauth_token_url)) || !is_set(method->oauth_client_id) ||
        !proven)
        return COMPLAIN(method, NULL,
                        "oauth2 needs oauth-tenant, oauth-client-id and oauth-client-secret-file "
                        "(or oauth-certificate and oauth-key)");
    if (method->type == SP_TYPE_SUBMISSION && !is_set(method->username))
        return COMPLAIN(method, "username",
                        "method '%s' needs a username, the mailbox it signs in as, "
                        "such as username = scanner@contoso.com",
                        method->name);
    if (is_set(method->oauth_token_url) && strncmp(method->oauth_token_url, "https://", 8) != 0)
        return COMPLAIN(method, "oauth-token-url",
                        "'oauth-token-url' must begin with https://: a secret is sent there");
    enum sp_rc rc = check_proof(p, method, false);
    return rc != SP_OK ? rc : check_proof(p, method, true);
}

static enum sp_rc
check_password(const struct sp_parsed *p, const struct sp_method_settings *method)
{
    if (method->type == SP_TYPE_GRAPH)
        return COMPLAIN(method, "auth", "graph signs in with auth = oauth2 only");
    if (!is_set(method->username))
        return COMPLAIN(method, "username",
                        "method '%s' needs a username, the mailbox it signs in as, "
                        "such as username = scanner@contoso.com",
                        method->name);
    if (!is_set(method->password_file))
        return COMPLAIN(method, "password-file",
                        "method '%s' needs a password-file, which holds nothing but the password "
                        "(auth = password)",
                        method->name);
    enum sp_rc rc = check_file(p, method, "password-file", method->password_file);
    return rc != SP_OK ? rc : check_file(p, method, "next-password-file", method->next_password_file);
}

static enum sp_rc
check_pair(const struct sp_parsed *p, const void *object, const char *certificate, const char *key, bool next)
{
    if (is_set(certificate) != is_set(key))
        return COMPLAIN(object, next ? "next-client-certificate" : "client-certificate",
                        "%sclient-certificate and %sclient-key need each other", next ? "next-" : "",
                        next ? "next-" : "");
    enum sp_rc rc = check_file(p, object, next ? "next-client-certificate" : "client-certificate", certificate);
    return rc != SP_OK ? rc : check_file(p, object, next ? "next-client-key" : "client-key", key);
}

/* What an enabled method needs to be of use. */
static enum sp_rc
check_usable(const struct sp_parsed *p, const struct sp_method_settings *method)
{
    enum sp_rc rc = check_file(p, method, "ca-file", method->ca_file);
    if (rc != SP_OK)
        return rc;
    switch (method->type) {
    case SP_TYPE_DIRECT:
        return SP_OK;
    case SP_TYPE_RELAY:
        rc = check_pair(p, method, method->client_certificate, method->client_key, false);
        return rc != SP_OK ? rc : check_pair(p, method, method->next_client_certificate, method->next_client_key, true);
    case SP_TYPE_SUBMISSION:
    case SP_TYPE_GRAPH:
        return method->auth == SP_AUTH_PASSWORD ? check_password(p, method) : check_oauth(p, method);
    }
    return SP_OK;
}

static enum sp_rc
check_methods(struct sp_parsed *p)
{
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; rc == SP_OK && i < p->settings->n_methods; i++) {
        struct sp_method_settings *method = &p->settings->methods[i];
        rc = check_reference(p, method, &method->tenant);
        if (rc == SP_OK && method->enabled)
            rc = check_usable(p, method);
    }
    return rc;
}

/* --- routes and folders --- */

static enum sp_rc
check_routes(struct sp_parsed *p)
{
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; rc == SP_OK && i < p->settings->n_routes; i++)
        rc = check_reference(p, &p->settings->routes[i], &p->settings->routes[i].tenant);
    return rc;
}

/* Whether path is dir or lies below it, however the slashes are written. Neither holds "." or "..". */
static bool
lies_in(const char *path, const char *dir)
{
    for (;;) {
        path += strspn(path, "/");
        dir += strspn(dir, "/");
        size_t len = strcspn(dir, "/");
        if (len == 0)
            return true;
        if (strcspn(path, "/") != len || strncmp(path, dir, len) != 0)
            return false;
        path += len;
        dir += len;
    }
}

static enum sp_rc
check_recipients(const struct sp_parsed *p, const struct sp_folder_settings *folder)
{
    const struct sp_route_settings *route = sp_settings_route(p->settings, folder->route);
    if (is_set(folder->route) && route == NULL)
        return COMPLAIN(folder, "route", "there is no route '%s'", folder->route);
    if (route == NULL && p->settings->n_tenants > 1)
        return COMPLAIN(folder, NULL, "there are several tenants: folder '%s' needs a route, which says the tenant",
                        folder->name);
    if (folder->recipient_from != SP_FROM_FIXED || folder->to.count > 0)
        return SP_OK;
    if (route == NULL)
        return COMPLAIN(folder, NULL,
                        "folder '%s' does not say to whom its scans go: route = NAME, or to = { ADDRESS }",
                        folder->name);
    if (route->to.count + route->otherwise.count == 0)
        return COMPLAIN(folder, "route", "neither folder '%s' nor route '%s' says to whom scans go: to = { ADDRESS }",
                        folder->name, route->name);
    return SP_OK;
}

/* Whether it lies where scanpost puts what it takes from a folder, or could not take. */
static bool
lies_in_ours(const char *path, const char *folder)
{
    static const char *const ours[] = { ".scanpost", "rejected" };
    char place[PATH_MAX];
    for (size_t i = 0; i < SP_LEN(ours); i++)
        if ((size_t)snprintf(place, sizeof(place), "%s/%s", folder, ours[i]) < sizeof(place) && lies_in(path, place))
            return true;
    return false;
}

static enum sp_rc
check_place(const struct sp_parsed *p, const struct sp_folder_settings *folder)
{
    const struct sp_gateway_settings *gateway = &p->settings->gateway;
    if (!is_set(folder->path))
        return COMPLAIN(folder, "path", "folder '%s' needs a path, such as path = /srv/%s", folder->name, folder->name);
    if (lies_in(folder->path, gateway->state_dir) || lies_in(folder->path, gateway->run_dir))
        return COMPLAIN(folder, "path", "a drop folder cannot lie in scanpost's own directory, '%s'",
                        lies_in(folder->path, gateway->state_dir) ? gateway->state_dir : gateway->run_dir);
    for (const struct sp_folder_settings *other = p->settings->folders; other < folder; other++) {
        bool below = lies_in(folder->path, other->path), above = lies_in(other->path, folder->path);
        if (below && above)
            return COMPLAIN(folder, "path", "folder '%s' has this path already", other->name);
        if (lies_in_ours(folder->path, other->path) || lies_in_ours(other->path, folder->path))
            return COMPLAIN(folder, "path",
                            "one of '%s' and '%s' lies in the .scanpost or rejected of the other, which scanpost needs "
                            "for itself",
                            folder->name, other->name);
        if ((below && other->recipient_from == SP_FROM_SUBFOLDER) ||
            (above && folder->recipient_from == SP_FROM_SUBFOLDER))
            return COMPLAIN(folder, "path",
                            "one of '%s' and '%s' lies in the other, which takes its sub-folders for "
                            "recipients",
                            folder->name, other->name);
    }
    return SP_OK;
}

static enum sp_rc
check_folders(struct sp_parsed *p)
{
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; rc == SP_OK && i < p->settings->n_folders; i++) {
        rc = check_place(p, &p->settings->folders[i]);
        if (rc == SP_OK)
            rc = check_recipients(p, &p->settings->folders[i]);
    }
    return rc;
}

/* --- times --- */

static enum sp_rc
check_retry(struct sp_parsed *p)
{
    const struct sp_retry_settings *retry = &p->settings->retry;
    if (retry->max_ms < retry->first_ms)
        return COMPLAIN(retry, sp_parsed_has(p, retry, "max") ? "max" : "first",
                        "'max' must not be shorter than 'first'");
    if (retry->expire_ms < retry->first_ms)
        return COMPLAIN(retry, sp_parsed_has(p, retry, "expire") ? "expire" : "first",
                        "'expire' must not be shorter than 'first'");
    return SP_OK;
}

enum sp_rc
sp_settings_check(struct sp_parsed *parsed)
{
    /* Those that complete come before those that rely on it. */
    static check_fn *const checks[] = { complete_tenants, check_methods,  check_tenants, check_routes,
                                        check_folders,    check_hostname, check_http,    check_retry };
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; rc == SP_OK && i < SP_LEN(checks); i++)
        rc = checks[i](parsed);
    return rc;
}
