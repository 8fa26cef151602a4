/* settings.c - loading in three steps (settings_text.c, settings_parse.c, settings_check.c), and looking things up. */
#include "base/settings.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "base/arena.h"
#include "base/auto.h"
#include "base/settings_check.h"
#include "base/settings_parse.h"
#include "base/settings_table.h"

static struct sp_settings *
settings_new(const char *file)
{
    struct sp_arena *arena = sp_arena_new();
    struct sp_settings *settings = arena == NULL ? NULL : sp_arena_zalloc(arena, sizeof *settings);
    if (settings == NULL) {
        sp_arena_free(&arena);
        return NULL;
    }
    settings->arena = arena;
    settings->file = sp_arena_text(arena, file);
    if (settings->file == NULL)
        sp_settings_free(&settings);
    return settings;
}

void
sp_settings_free(struct sp_settings **settings)
{
    if (*settings == NULL)
        return;
    struct sp_arena *arena = (*settings)->arena; /* the struct itself lives there */
    *settings = NULL;
    sp_arena_free(&arena);
}

enum sp_rc
sp_settings_load(const char *file, struct sp_settings **ret, struct sp_err *err)
{
    SP_AUTO(sp_settings_free) struct sp_settings *settings = settings_new(file);
    struct sp_err why = { 0 };
    if (settings == NULL)
        return sp_fail(err, SP_E_NOMEM, "settings: out of memory");
    struct sp_parsed parsed = { .settings = settings, .err = &why };
    enum sp_rc rc = sp_parsed_read(&parsed);
    if (rc == SP_OK)
        rc = sp_parsed_fill(&parsed);
    if (rc == SP_OK)
        rc = sp_settings_check(&parsed);
    sp_parsed_free(&parsed);
    if (rc != SP_OK)
        return sp_fail(err, rc, "%s", why.text);
    *ret = SP_STEAL(settings);
    return SP_OK;
}

enum sp_rc
sp_settings_run_dir(const char *file, char **ret, struct sp_err *err)
{
    SP_AUTO(sp_settings_free) struct sp_settings *settings = settings_new(file);
    struct sp_err why = { 0 };
    if (settings == NULL)
        return sp_fail(err, SP_E_NOMEM, "settings: out of memory");
    struct sp_parsed parsed = { .settings = settings, .err = &why };
    enum sp_rc rc = sp_parsed_read(&parsed);
    char *run_dir = NULL;
    if (rc == SP_OK) {
        const char *written = sp_parsed_text(&parsed, "gateway", "run-dir");
        run_dir = strdup(written == NULL || written[0] == '\0' ? SP_DEFAULT_RUN_DIR : written);
    }
    sp_parsed_free(&parsed);
    if (rc != SP_OK)
        return sp_fail(err, rc, "%s", why.text);
    if (run_dir == NULL)
        return sp_fail(err, SP_E_NOMEM, "settings: out of memory");
    *ret = run_dir;
    return SP_OK;
}

enum sp_rc
sp_settings_files(const char *file, sp_settings_file_fn *fn, void *context, struct sp_err *err)
{
    SP_AUTO(sp_settings_free) struct sp_settings *settings = settings_new(file);
    struct sp_err why = { 0 };
    if (settings == NULL)
        return sp_fail(err, SP_E_NOMEM, "settings: out of memory");
    struct sp_parsed parsed = { .settings = settings, .err = &why };
    enum sp_rc rc = sp_parsed_read(&parsed);
    for (size_t i = 0; rc == SP_OK && i < parsed.text.n_pieces; i++)
        fn(context, parsed.text.pieces[i].origin.file);
    sp_parsed_free(&parsed);
    return rc == SP_OK ? SP_OK : sp_fail(err, rc, "%s", why.text);
}

const char *
sp_method_identity(const struct sp_settings *settings, const struct sp_method_settings *method)
{
    switch (method->type) {
    case SP_TYPE_DIRECT:
    case SP_TYPE_RELAY:
        return method->name;
    case SP_TYPE_SUBMISSION:
    case SP_TYPE_GRAPH:
        break;
    }
    const struct sp_tenant_settings *tenant = sp_settings_tenant(settings, method->tenant);
    return method->username[0] != '\0' ? method->username : tenant != NULL ? tenant->sender : method->name;
}

const struct sp_tenant_settings *
sp_settings_tenant(const struct sp_settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->n_tenants; i++)
        if (strcmp(settings->tenants[i].name, name) == 0)
            return &settings->tenants[i];
    return NULL;
}

const struct sp_method_settings *
sp_settings_method(const struct sp_settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->n_methods; i++)
        if (strcmp(settings->methods[i].name, name) == 0)
            return &settings->methods[i];
    return NULL;
}

const struct sp_route_settings *
sp_settings_route(const struct sp_settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->n_routes; i++)
        if (strcmp(settings->routes[i].name, name) == 0)
            return &settings->routes[i];
    return NULL;
}

const struct sp_folder_settings *
sp_settings_folder(const struct sp_settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->n_folders; i++)
        if (strcmp(settings->folders[i].name, name) == 0)
            return &settings->folders[i];
    return NULL;
}

bool
sp_tenant_is_internal(const struct sp_tenant_settings *tenant, const char *address)
{
    const char *domain = sp_address_domain(address);
    for (size_t i = 0; i < tenant->accepted_domains.count; i++)
        if (strcasecmp(tenant->accepted_domains.items[i], domain) == 0)
            return true;
    return false;
}
