/* expiries.c - see expiries.h. */
#include "web/api/expiries.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/certificate.h"
#include "base/clock.h"
#include "base/settings.h"
#include "web/api/job_json.h"

enum { MOST = 64 };
#define DAY_MS ((int64_t)24 * 3600000)

struct end {
    const char *method, *what;
    int64_t at;
};

struct ends {
    struct end items[MOST];
    size_t count;
};

static void
add(struct ends *ends, const char *method, const char *what, int64_t at)
{
    if (ends->count < MOST)
        ends->items[ends->count++] = (struct end){ method, what, at };
}

static void
add_certificate(struct ends *ends, const char *method, const char *what, const char *path)
{
    int64_t at = 0;
    if (path[0] != '\0' && sp_certificate_expiry(path, &at, NULL) == SP_OK)
        add(ends, method, what, at);
}

static void
add_method(struct ends *ends, const struct sp_method_settings *method)
{
    int64_t at = 0;
    if (sp_time_parse(method->oauth_client_secret_expires, &at))
        add(ends, method->name, "client secret", at);
    add_certificate(ends, method->name, "certificate for signing in", method->oauth_certificate);
    add_certificate(ends, method->name, "connector's certificate", method->client_certificate);
}

static int
next_first(const void *a, const void *b)
{
    const struct end *x = a, *y = b;
    return x->at < y->at ? -1 : x->at > y->at;
}

json_t *
sp_expiries_json(const struct sp_api *api)
{
    struct ends ends = { .count = 0 };
    int64_t now = sp_wall_ms(api->clock);
    json_t *list = json_array();
    for (size_t i = 0; i < api->settings->n_methods; i++)
        if (api->settings->methods[i].enabled)
            add_method(&ends, &api->settings->methods[i]);
    add_certificate(&ends, "", "certificate of the page", api->settings->http.tls_certificate);
    qsort(ends.items, ends.count, sizeof(ends.items[0]), next_first);
    for (size_t i = 0; i < ends.count; i++) {
        int64_t left = ends.items[i].at - now;
        json_array_append_new(list, json_pack("{s:o, s:s, s:o, s:I}", "method", sp_json_text(ends.items[i].method),
                                              "what", ends.items[i].what, "expires", sp_json_time(ends.items[i].at),
                                              "days", (json_int_t)(left < 0 ? -1 : left / DAY_MS)));
    }
    return list;
}
