/* about.c - what this scanpost is: version, name, and the configuration that the page shows choices from. */
#include "base/clock.h"
#include "base/settings.h"
#include "web/api/input.h"
#include "web/api/job_json.h"
#include "web/api/tables.h"

static json_t *
texts_json(const struct sp_texts *texts)
{
    json_t *list = json_array();
    for (size_t i = 0; i < texts->count; i++)
        json_array_append_new(list, sp_json_text(texts->items[i]));
    return list;
}

static json_t *
routes_json(const struct sp_settings *settings)
{
    json_t *list = json_array();
    for (size_t i = 0; i < settings->n_routes; i++) {
        const struct sp_route_settings *route = &settings->routes[i];
        json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:o, s:b}", "name", sp_json_text(route->name), "tenant",
                                              sp_json_text(route->tenant), "to", texts_json(&route->to), "cc",
                                              texts_json(&route->cc), "allow_external", route->allow_external));
    }
    return list;
}

static json_t *
tenants_json(const struct sp_settings *settings)
{
    json_t *list = json_array();
    for (size_t i = 0; i < settings->n_tenants; i++) {
        const struct sp_tenant_settings *tenant = &settings->tenants[i];
        json_array_append_new(list,
                              json_pack("{s:o, s:o, s:o, s:o}", "name", sp_json_text(tenant->name), "domain",
                                        sp_json_text(tenant->domain), "accepted_domains",
                                        texts_json(&tenant->accepted_domains), "sender", sp_json_text(tenant->sender)));
    }
    return list;
}

static const char *
metrics_word(enum sp_metrics_access access)
{
    switch (access) {
    case SP_METRICS_OPEN:
        return "open";
    case SP_METRICS_VIEWER:
        return "viewer";
    case SP_METRICS_OFF:
        return "off";
    }
    return "";
}

static void
about(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    const struct sp_settings *settings = api->settings;
    (void)req;
    sp_respond_json_steal(res, 200,
                          json_pack("{s:s, s:o, s:o, s:I, s:o, s:o, s:s, s:o}", "version", SP_VERSION, "hostname",
                                    sp_json_text(settings->gateway.hostname), "time_zone",
                                    sp_json_text(settings->gateway.time_zone), "max_document",
                                    (json_int_t)settings->gateway.max_document, "routes", routes_json(settings),
                                    "tenants", tenants_json(settings), "metrics", metrics_word(settings->http.metrics),
                                    "now", sp_json_time(sp_wall_ms(api->clock))));
}

const struct sp_route sp_routes_about[] = {
    { "GET", "/api/v1/about", SP_MAY_READ, about, NULL },
    { 0 },
};
