/* settings.h - the configuration, read once, checked whole, never changed afterwards; shared by threads without locks.
 *
 * The table in settings_table.c has a row for every key: section, name, type, default, where it goes. The manual page
 * is held against that table by a test. A new setting is a row there, a field here and a paragraph in scanpost.conf(5).
 */
#ifndef SP_BASE_SETTINGS_H
#define SP_BASE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_arena;

struct sp_texts { /* a list of words; items are never NULL */
    const char **items;
    size_t count;
};

enum sp_method_type { SP_TYPE_DIRECT, SP_TYPE_RELAY, SP_TYPE_SUBMISSION, SP_TYPE_GRAPH };
enum sp_cloud { SP_CLOUD_WORLDWIDE, SP_CLOUD_GCC_HIGH, SP_CLOUD_DOD, SP_CLOUD_CHINA };
enum sp_auth_kind { SP_AUTH_OAUTH2, SP_AUTH_PASSWORD };
enum sp_recipient_from { SP_FROM_FIXED, SP_FROM_SUBFOLDER, SP_FROM_OWNER, SP_FROM_FILENAME, SP_FROM_SIDECAR };
enum sp_watch { SP_WATCH_AUTO, SP_WATCH_INOTIFY, SP_WATCH_POLL };
enum sp_duplicates { SP_DUPLICATES_SEND, SP_DUPLICATES_HOLD };
enum sp_group { SP_GROUP_NONE, SP_GROUP_PAGES };
enum sp_metrics_access { SP_METRICS_OPEN, SP_METRICS_VIEWER, SP_METRICS_OFF };

/* Texts that were not set are "" unless noted; sizes are bytes, durations milliseconds. */
struct sp_gateway_settings {
    const char *state_dir, *run_dir, *hostname, *resolver, *proxy, *time_zone; /* hostname is never "" */
    const char *user, *sender_user;
    int log_level; /* enum sp_log_level */
    uint64_t max_document, reserve;
    bool dnsbl; /* checks may ask the block lists about our address */
};

struct sp_http_settings {
    struct sp_texts listen; /* "127.0.0.1:8631", "[::1]:8631" */
    const char *tls_certificate, *tls_key;
    enum sp_metrics_access metrics;
};

struct sp_tenant_settings {
    const char *name;
    const char *domain, *sender, *from_name, *onmicrosoft;
    struct sp_texts accepted_domains; /* the domain when nothing was set */
    struct sp_texts methods;          /* names in order; empty means auto */
    enum sp_cloud cloud;
};

struct sp_rate { /* at most `count` messages in `window_ms`; count 0: no limit */
    unsigned count;
    int64_t window_ms;
};

struct sp_method_settings {
    const char *name; /* "direct", "hve" */
    enum sp_method_type type;
    const char *tenant; /* the name of one; of the only one when nothing was set */
    bool enabled, internal_only, binarymime, pipelining, send_as;
    const char *host; /* "" for direct, relay: by MX; for the others: by cloud */
    unsigned port;
    const char *ca_file;
    unsigned connections;
    struct sp_rate rate;
    unsigned per_day; /* 0: no limit */
    uint64_t max_size;
    unsigned max_recipients; /* of one message; 0: no limit */
    const char *client_certificate, *client_key, *next_client_certificate, *next_client_key;
    const char *username;
    enum sp_auth_kind auth;
    const char *password_file, *next_password_file;
    const char *oauth_tenant, *oauth_client_id;
    const char *oauth_client_secret_file, *next_oauth_client_secret_file;
    const char *oauth_client_secret_expires; /* "2027-03-31" */
    const char *oauth_certificate, *oauth_key, *next_oauth_certificate, *next_oauth_key;
    const char *oauth_token_url, *oauth_scope;
};

struct sp_route_settings {
    const char *name, *tenant;
    struct sp_texts to, cc;
    const char *from, *from_name, *reply_to, *subject, *body, *file_name;
    bool allow_external;
    struct sp_texts otherwise;
};

struct sp_folder_settings {
    const char *name, *path, *route;
    struct sp_texts to;
    enum sp_recipient_from recipient_from;
    struct sp_texts accept; /* "pdf" "tiff" "jpeg" "png" "docx" "xlsx" "pptx" "xps" */
    int64_t settle_ms;
    enum sp_watch watch;
    enum sp_duplicates duplicates;
    enum sp_group group;
};

struct sp_retry_settings {
    int64_t first_ms, max_ms, expire_ms;
};

struct sp_retention_settings {
    int64_t documents_ms, failed_ms, history_ms;
};

struct sp_notify_settings {
    struct sp_texts to;
    const char *webhook, *command, *check_to;
    int64_t silent_after_ms; /* 0: sources may be silent */
    int64_t every_ms;        /* at most one mail in this time */
    int64_t late_after_ms;   /* a scan that waits for so long is told of */
};

struct sp_settings {
    struct sp_arena *arena; /* owns every text and list below */
    const char *file;
    struct sp_gateway_settings gateway;
    struct sp_http_settings http;
    struct sp_tenant_settings *tenants;
    size_t n_tenants;
    struct sp_method_settings *methods;
    size_t n_methods;
    struct sp_route_settings *routes;
    size_t n_routes;
    struct sp_folder_settings *folders;
    size_t n_folders;
    const char *people_file;
    struct sp_retry_settings retry;
    struct sp_retention_settings retention;
    struct sp_notify_settings notify;
};

/* Reads and checks a file and what it includes. On failure err->text is "FILE:LINE: what is wrong". */
enum sp_rc sp_settings_load(const char *file, struct sp_settings **ret, struct sp_err *err);
void sp_settings_free(struct sp_settings **settings); /* accepts NULL; leaves NULL */

#define SP_DEFAULT_FILE    "/etc/scanpost/scanpost.conf"
#define SP_DEFAULT_RUN_DIR "/run/scanpost"
/* Only where the socket is, for clients: they must work, too, while another section has a mistake that the daemon
 * refuses to take over. The caller frees *ret. */
enum sp_rc sp_settings_run_dir(const char *file, char **ret, struct sp_err *err);

/* Calls fn for the file and each that it includes, some perhaps more than once; what stands in them is not looked at.
 */
typedef void sp_settings_file_fn(void *context, const char *file);
enum sp_rc sp_settings_files(const char *file, sp_settings_file_fn *fn, void *context, struct sp_err *err);

/* Whom Microsoft counts a method's messages for: the mailbox; the method itself where none signs in. */
const char *sp_method_identity(const struct sp_settings *settings, const struct sp_method_settings *method);

/* NULL when there is none of that name. */
const struct sp_tenant_settings *sp_settings_tenant(const struct sp_settings *settings, const char *name);
const struct sp_method_settings *sp_settings_method(const struct sp_settings *settings, const char *name);
const struct sp_route_settings *sp_settings_route(const struct sp_settings *settings, const char *name);
const struct sp_folder_settings *sp_settings_folder(const struct sp_settings *settings, const char *name);

/* Walks the table of keys, for the manual page's test and for `scanpostd --keys`: section, key, default as written. */
typedef void sp_settings_key_fn(void *context, const char *section, const char *key, const char *by_default);
void sp_settings_keys(sp_settings_key_fn *fn, void *context);

const char *sp_method_type_name(enum sp_method_type type); /* "direct" "relay" "submission" "graph" */
bool sp_tenant_is_internal(const struct sp_tenant_settings *tenant, const char *address);

#endif
