/* settings_table.c - every section and key that exists. A row here, a field in settings.h and a paragraph in
 * scanpost.conf(5) make a setting. */
#include "base/settings_table.h"

#include <limits.h>
#include <string.h>

#include "base/auto.h"
#include "base/settings.h"

static const char *const word_log_level[] = { "error", "warning", "notice", "info", "debug", NULL };
static const char *const word_metrics[] = { "open", "viewer", "off", NULL };
static const char *const word_cloud[] = { "worldwide", "gcc-high", "dod", "china", NULL };
static const char *const word_type[] = { "direct", "relay", "submission", "graph", NULL };
static const char *const word_auth[] = { "oauth2", "password", NULL };
static const char *const word_recipient_from[] = { "fixed", "subfolder", "owner", "filename", "sidecar", NULL };
static const char *const word_accept[] = { "pdf", "tiff", "jpeg", "png", "docx", "xlsx", "pptx", "xps", NULL };
static const char *const word_watch[] = { "auto", "inotify", "poll", NULL };
static const char *const word_duplicates[] = { "send", "hold", NULL };
static const char *const word_group[] = { "none", "pages", NULL };

/* In the order of enum sp_method_type. Microsoft allows a mailbox 30 messages a minute and 10000 recipients a day
 * (learn.microsoft.com, "Exchange Online limits"); direct and relay have no such fixed limit. */
static const char *const type_port[] = { "25", "25", "587", "443" };
static const char *const type_rate[] = { "off", "off", "30/1m", "30/1m" };
static const char *const type_per_day[] = { "off", "off", "10000", "10000" };

enum {
    SIGNED_IN = SP_FOR_SUBMISSION | SP_FOR_GRAPH,
    PORT_MAX = 65535,
    SECOND = 1000,
    MINUTE = 60 * SECOND,
};

#define AT(struct_name, field) .offset = offsetof(struct struct_name, field)

#define GATEWAY(field) AT(sp_gateway_settings, field)
static const struct sp_key gateway_keys[] = {
    { "state-dir", SP_KIND_PATH, .by_default = "/var/lib/scanpost", GATEWAY(state_dir) },
    { "run-dir", SP_KIND_PATH, .by_default = SP_DEFAULT_RUN_DIR, GATEWAY(run_dir) },
    { "hostname", SP_KIND_DOMAIN, .by_default = "", GATEWAY(hostname) },
    { "resolver", SP_KIND_ENDPOINT, .by_default = "", GATEWAY(resolver) },
    { "proxy", SP_KIND_URL, .by_default = "", GATEWAY(proxy) },
    { "time-zone", SP_KIND_ZONE, .by_default = "", GATEWAY(time_zone) },
    { "user", SP_KIND_NAME, .by_default = "scanpost", GATEWAY(user) },
    { "sender-user", SP_KIND_NAME, .by_default = "scanpost-sender", GATEWAY(sender_user) },
    { "log-level", SP_KIND_WORD, .by_default = "info", GATEWAY(log_level), .words = word_log_level, .min = 3 },
    { "max-document", SP_KIND_SIZE, .by_default = "150M", GATEWAY(max_document), .min = 1 },
    { "reserve", SP_KIND_SIZE, .by_default = "256M", GATEWAY(reserve), .min = 1 },
    { "dnsbl", SP_KIND_YES_NO, .by_default = "yes", GATEWAY(dnsbl) },
};

#define HTTP(field) AT(sp_http_settings, field)
static const struct sp_key http_keys[] = {
    { "listen", SP_KIND_ENDPOINT, .list = true, .by_default = "{127.0.0.1:8631}", HTTP(listen) },
    { "tls-certificate", SP_KIND_FILE, .by_default = "", HTTP(tls_certificate) },
    { "tls-key", SP_KIND_FILE, .by_default = "", HTTP(tls_key) },
    { "metrics", SP_KIND_WORD, .by_default = "viewer", HTTP(metrics), .words = word_metrics },
};

#define TENANT(field) AT(sp_tenant_settings, field)
static const struct sp_key tenant_keys[] = {
    { "domain", SP_KIND_DOMAIN, .by_default = "", TENANT(domain) },
    { "accepted-domains", SP_KIND_DOMAIN, .list = true, .by_default = "", TENANT(accepted_domains) },
    { "sender", SP_KIND_ADDRESS, .by_default = "", TENANT(sender) },
    { "from-name", SP_KIND_PATTERN, .by_default = "{source}", TENANT(from_name) },
    { "methods", SP_KIND_NAME, .list = true, .by_default = "auto", TENANT(methods) },
    { "cloud", SP_KIND_WORD, .by_default = "worldwide", TENANT(cloud), .words = word_cloud },
    { "onmicrosoft", SP_KIND_DOMAIN, .by_default = "", TENANT(onmicrosoft) },
};

#define METHOD(field) AT(sp_method_settings, field)
#define A_FILE        SP_KIND_FILE, .by_default = ""
static const struct sp_key method_keys[] = {
    { "type", SP_KIND_WORD, .by_default = "by name", METHOD(type), .words = word_type, .by_type = word_type },
    { "tenant", SP_KIND_NAME, .by_default = "", METHOD(tenant) },
    { "enabled", SP_KIND_YES_NO, .by_default = "yes", METHOD(enabled) },
    { "host", SP_KIND_HOST, .by_default = "", METHOD(host) },
    { "port", SP_KIND_COUNT, .by_default = "by type", METHOD(port), .min = 1, .max = PORT_MAX, .by_type = type_port },
    { "ca-file", A_FILE, METHOD(ca_file) },
    { "connections", SP_KIND_COUNT, .by_default = "3", METHOD(connections), .min = 1, .max = 64 },
    { "rate", SP_KIND_RATE, .by_default = "by type", METHOD(rate), .by_type = type_rate },
    { "per-day", SP_KIND_LIMIT, .by_default = "by type", METHOD(per_day), .min = 1, .max = INT_MAX,
      .by_type = type_per_day },
    { "max-size", SP_KIND_SIZE, .by_default = "35M", METHOD(max_size), .min = 1 },
    { "max-recipients", SP_KIND_LIMIT, .by_default = "off", METHOD(max_recipients), .min = 1, .max = 1000 },
    { "internal-only", SP_KIND_YES_NO, .by_default = "no", METHOD(internal_only) },
    { "binarymime", SP_KIND_YES_NO, .by_default = "no", METHOD(binarymime) },
    { "pipelining", SP_KIND_YES_NO, .by_default = "yes", METHOD(pipelining) },
    { "send-as", SP_KIND_YES_NO, .by_default = "no", METHOD(send_as) },
    { "client-certificate", A_FILE, METHOD(client_certificate), .only = SP_FOR_RELAY },
    { "client-key", A_FILE, METHOD(client_key), .only = SP_FOR_RELAY },
    { "next-client-certificate", A_FILE, METHOD(next_client_certificate), .only = SP_FOR_RELAY },
    { "next-client-key", A_FILE, METHOD(next_client_key), .only = SP_FOR_RELAY },
    { "username", SP_KIND_ADDRESS, .by_default = "", METHOD(username), .only = SIGNED_IN },
    { "auth", SP_KIND_WORD, .by_default = "oauth2", METHOD(auth), .words = word_auth, .only = SIGNED_IN },
    { "password-file", A_FILE, METHOD(password_file), .only = SIGNED_IN },
    { "next-password-file", A_FILE, METHOD(next_password_file), .only = SIGNED_IN },
    { "oauth-tenant", SP_KIND_TEXT, .by_default = "", METHOD(oauth_tenant), .only = SIGNED_IN },
    { "oauth-client-id", SP_KIND_TEXT, .by_default = "", METHOD(oauth_client_id), .only = SIGNED_IN },
    { "oauth-client-secret-file", A_FILE, METHOD(oauth_client_secret_file), .only = SIGNED_IN },
    { "next-oauth-client-secret-file", A_FILE, METHOD(next_oauth_client_secret_file), .only = SIGNED_IN },
    { "oauth-client-secret-expires", SP_KIND_DATE, .by_default = "", METHOD(oauth_client_secret_expires),
      .only = SIGNED_IN },
    { "oauth-certificate", A_FILE, METHOD(oauth_certificate), .only = SIGNED_IN },
    { "oauth-key", A_FILE, METHOD(oauth_key), .only = SIGNED_IN },
    { "next-oauth-certificate", A_FILE, METHOD(next_oauth_certificate), .only = SIGNED_IN },
    { "next-oauth-key", A_FILE, METHOD(next_oauth_key), .only = SIGNED_IN },
    { "oauth-token-url", SP_KIND_URL, .by_default = "", METHOD(oauth_token_url), .only = SIGNED_IN },
    { "oauth-scope", SP_KIND_TEXT, .by_default = "", METHOD(oauth_scope), .only = SIGNED_IN },
};

static const struct sp_key people_keys[] = {
    { "file", SP_KIND_PATH, .by_default = "", AT(sp_settings, people_file) },
};

#define ROUTE(field) AT(sp_route_settings, field)
static const struct sp_key route_keys[] = {
    { "tenant", SP_KIND_NAME, .by_default = "", ROUTE(tenant) },
    { "to", SP_KIND_ADDRESS, .list = true, .by_default = "", ROUTE(to) },
    { "cc", SP_KIND_ADDRESS, .list = true, .by_default = "", ROUTE(cc) },
    { "from", SP_KIND_MAILBOX, .by_default = "", ROUTE(from) },
    { "from-name", SP_KIND_PATTERN, .by_default = "", ROUTE(from_name) },
    { "reply-to", SP_KIND_MAILBOX, .by_default = "", ROUTE(reply_to) },
    { "subject", SP_KIND_PATTERN, .by_default = "Scan from {source} {time}", ROUTE(subject) },
    { "body", SP_KIND_LINES, .by_default = "", ROUTE(body) },
    { "file-name", SP_KIND_PATTERN, .by_default = "{document}", ROUTE(file_name) },
    { "allow-external", SP_KIND_YES_NO, .by_default = "no", ROUTE(allow_external) },
    { "otherwise", SP_KIND_ADDRESS, .list = true, .by_default = "", ROUTE(otherwise) },
};

#define FOLDER(field) AT(sp_folder_settings, field)
static const struct sp_key folder_keys[] = {
    { "path", SP_KIND_PATH, .by_default = "", FOLDER(path) },
    { "route", SP_KIND_NAME, .by_default = "", FOLDER(route) },
    { "to", SP_KIND_ADDRESS, .list = true, .by_default = "", FOLDER(to) },
    { "recipient-from", SP_KIND_WORD, .by_default = "fixed", FOLDER(recipient_from), .words = word_recipient_from },
    { "accept", SP_KIND_WORD, .list = true, .by_default = "{pdf, tiff, jpeg, png, docx, xlsx, pptx, xps}",
      FOLDER(accept), .words = word_accept },
    { "settle", SP_KIND_DURATION, .by_default = "10s", FOLDER(settle_ms), .min = 1 },
    { "watch", SP_KIND_WORD, .by_default = "auto", FOLDER(watch), .words = word_watch },
    { "duplicates", SP_KIND_WORD, .by_default = "send", FOLDER(duplicates), .words = word_duplicates },
    { "group", SP_KIND_WORD, .by_default = "none", FOLDER(group), .words = word_group },
};

#define RETRY(field) AT(sp_retry_settings, field)
static const struct sp_key retry_keys[] = {
    { "first", SP_KIND_DURATION, .by_default = "1m", RETRY(first_ms), .min = 1 },
    { "max", SP_KIND_DURATION, .by_default = "30m", RETRY(max_ms), .min = 1 },
    { "expire", SP_KIND_DURATION, .by_default = "5d", RETRY(expire_ms), .min = 1 },
};

#define RETENTION(field) AT(sp_retention_settings, field)
static const struct sp_key retention_keys[] = {
    { "documents", SP_KIND_DURATION, .by_default = "7d", RETENTION(documents_ms) },
    { "failed", SP_KIND_DURATION, .by_default = "30d", RETENTION(failed_ms), .min = MINUTE },
    { "history", SP_KIND_DURATION, .by_default = "400d", RETENTION(history_ms), .min = MINUTE },
};

#define NOTIFY(field) AT(sp_notify_settings, field)
static const struct sp_key notify_keys[] = {
    { "to", SP_KIND_ADDRESS, .list = true, .by_default = "", NOTIFY(to) },
    { "webhook", SP_KIND_URL, .by_default = "", NOTIFY(webhook) },
    { "command", SP_KIND_TEXT, .by_default = "", NOTIFY(command) },
    { "silent-after", SP_KIND_DURATION, .by_default = "0s", NOTIFY(silent_after_ms) },
    { "every", SP_KIND_DURATION, .by_default = "15m", NOTIFY(every_ms) },
    { "late-after", SP_KIND_DURATION, .by_default = "1h", NOTIFY(late_after_ms) },
    { "check-to", SP_KIND_ADDRESS, .by_default = "", NOTIFY(check_to) },
};

#define KEYS(array) .keys = (array), .n_keys = SP_LEN(array)
#define ONE(field)  .offset = offsetof(struct sp_settings, field)
#define MANY(array, count, struct_name)                                                                                \
    .titled = true, .offset = offsetof(struct sp_settings, array), .size = sizeof(struct struct_name),                 \
    .count_offset = offsetof(struct sp_settings, count)

const struct sp_section sp_sections[] = {
    { "gateway", KEYS(gateway_keys), ONE(gateway) },
    { "http", KEYS(http_keys), ONE(http) },
    { "tenant", KEYS(tenant_keys), MANY(tenants, n_tenants, sp_tenant_settings) },
    { "method", KEYS(method_keys), MANY(methods, n_methods, sp_method_settings) },
    { "people", KEYS(people_keys), .offset = 0 },
    { "route", KEYS(route_keys), MANY(routes, n_routes, sp_route_settings) },
    { "folder", KEYS(folder_keys), MANY(folders, n_folders, sp_folder_settings) },
    { "retry", KEYS(retry_keys), ONE(retry) },
    { "retention", KEYS(retention_keys), ONE(retention) },
    { "notify", KEYS(notify_keys), ONE(notify) },
};
const size_t sp_n_sections = SP_LEN(sp_sections);

const struct sp_section *
sp_section_find(const char *name)
{
    for (size_t i = 0; i < sp_n_sections; i++)
        if (strcmp(sp_sections[i].name, name) == 0)
            return &sp_sections[i];
    return NULL;
}

void
sp_settings_keys(sp_settings_key_fn *fn, void *context)
{
    for (size_t i = 0; i < sp_n_sections; i++)
        for (size_t k = 0; k < sp_sections[i].n_keys; k++)
            fn(context, sp_sections[i].name, sp_sections[i].keys[k].name, sp_sections[i].keys[k].by_default);
}

const char *
sp_method_type_name(enum sp_method_type type)
{
    return word_type[type];
}
