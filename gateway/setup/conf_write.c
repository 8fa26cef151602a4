/* conf_write.c - see conf_write.h. */
#include "gateway/setup/conf_write.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "gateway/setup/answers.h"
#include "gateway/setup/conf_edit.h"

static const char head[] =
    "# scanpost's configuration, begun by `scanpost setup`, which changes only what it asks for.\n"
    "# scanpost.conf(5) explains every key; `scanpostd -t` checks the file.\n";

struct writer {
    struct sp_str *text;
    const char *section, *title;
};

static void
put(const struct writer *w, const char *key, const char *plain)
{
    SP_AUTO(sp_str_free) struct sp_str value = { 0 };
    sp_conf_value(&value, plain);
    sp_conf_set(w->text, w->section, w->title, key, sp_str_text(&value));
}

/* "" takes the key out: what an earlier run wrote must not stay behind. */
static void
put_or_remove(const struct writer *w, const char *key, const char *plain)
{
    if (plain[0] != '\0')
        put(w, key, plain);
    else
        sp_conf_remove(w->text, w->section, w->title, key);
}

static void
put_list(const struct writer *w, const char *key, const struct sp_texts *list)
{
    SP_AUTO(sp_str_free) struct sp_str value = { 0 };
    sp_str_add(&value, "{ ");
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            sp_str_add(&value, ", ");
        sp_conf_value(&value, list->items[i]);
    }
    sp_str_add(&value, " }");
    sp_conf_set(w->text, w->section, w->title, key, sp_str_text(&value));
}

static void
put_one(const struct writer *w, const char *key, const char *item)
{
    const struct sp_texts list = { .items = &item, .count = 1 };
    put_list(w, key, &list);
}

static void
write_gateway(struct sp_str *text, const struct sp_answers *a)
{
    const struct writer w = { text, "gateway", "" };
    put(&w, "hostname", a->hostname);
    if (a->resolver[0] != '\0')
        put(&w, "resolver", a->resolver);
    if (a->proxy[0] != '\0')
        put(&w, "proxy", a->proxy);
}

static void
write_http(struct sp_str *text, const struct sp_answers *a)
{
    const struct writer w = { text, "http", "" };
    if (a->listen.count == 0)
        return;
    put_list(&w, "listen", &a->listen);
    put_or_remove(&w, "tls-certificate", a->tls_certificate);
    put_or_remove(&w, "tls-key", a->tls_key);
}

static void
write_tenant(struct sp_str *text, const struct sp_answers *a)
{
    static const char *const clouds[] = {
        [SP_CLOUD_WORLDWIDE] = "", [SP_CLOUD_GCC_HIGH] = "gcc-high", [SP_CLOUD_DOD] = "dod", [SP_CLOUD_CHINA] = "china"
    };
    const struct writer w = { text, "tenant", a->tenant };
    put(&w, "domain", a->domain);
    put(&w, "sender", a->sender);
    put_or_remove(&w, "onmicrosoft", a->onmicrosoft);
    put_or_remove(&w, "cloud", clouds[a->cloud]);
}

static void
write_signin(const struct writer *w, const struct sp_answers *a)
{
    bool oauth = a->auth == SP_AUTH_OAUTH2;
    put(w, "username", a->sender);
    put(w, "auth", oauth ? "oauth2" : "password");
    put_or_remove(w, "password-file", oauth ? "" : a->password_file);
    put_or_remove(w, "oauth-tenant", oauth ? a->tenant_id : "");
    put_or_remove(w, "oauth-client-id", oauth ? a->client_id : "");
    put_or_remove(w, "oauth-client-secret-file", oauth ? a->secret_file : "");
    put_or_remove(w, "oauth-client-secret-expires", oauth ? a->secret_expires : "");
    put_or_remove(w, "oauth-certificate", oauth ? a->certificate : "");
    put_or_remove(w, "oauth-key", oauth ? a->key : "");
}

static void
write_methods(struct sp_str *text, const struct sp_answers *a)
{
    for (int type = 0; type < SP_METHOD_TYPES; type++) {
        const struct writer w = { text, "method", sp_method_type_name((enum sp_method_type)type) };
        bool signs_in = type == SP_TYPE_SUBMISSION || type == SP_TYPE_GRAPH;
        if (!a->use[type] && !sp_conf_has(sp_str_text(text), "method", w.title))
            continue;
        put(&w, "enabled", a->use[type] && !(signs_in && a->signin_waits) ? "yes" : "no");
        if (a->use[type] && signs_in)
            write_signin(&w, a);
        if (a->use[type] && type == SP_TYPE_RELAY) {
            put_or_remove(&w, "client-certificate", a->relay_certificate);
            put_or_remove(&w, "client-key", a->relay_key);
        }
    }
}

static void
write_way_in(struct sp_str *text, const struct sp_answers *a)
{
    const struct writer route = { text, "route", a->route };
    const struct writer folder = { text, "folder", a->folder };
    put_one(&route, "to", a->to);
    put_or_remove(&route, "allow-external", a->allow_external ? "yes" : "");
    put(&folder, "path", a->path);
    put(&folder, "route", a->route);
    if (a->notify[0] != '\0') {
        const struct writer notify = { text, "notify", "" };
        put_one(&notify, "to", a->notify);
    }
}

/* --- what was said with --set --- */

static bool
is_untitled(const char *section)
{
    static const char *const names[] = { "gateway", "http", "people", "retry", "retention", "notify" };
    for (size_t i = 0; i < SP_LEN(names); i++)
        if (strcmp(names[i], section) == 0)
            return true;
    return false;
}

/* "gateway.resolver=V", "submission.port=V" (a method), "folder.scans.settle=V" */
static enum sp_rc
write_set(struct sp_str *text, const char *set, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str value = { 0 };
    SP_AUTO_FREE char *copy = strdup(set);
    if (copy == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    char *plain = strchr(copy, '=');
    if (plain != NULL)
        *plain++ = '\0';
    char *first = copy, *dot = strchr(copy, '.'), *last = strrchr(copy, '.');
    if (plain == NULL || dot == NULL || dot == copy || last[1] == '\0')
        return sp_fail(err, SP_E_INVALID, "--set: '%s' is not like SECTION.KEY=VALUE", set);
    *dot = '\0';
    *last = '\0';
    if (plain[0] == '{')
        sp_str_add(&value, plain);
    else
        sp_conf_value(&value, plain);
    if (last != dot)
        sp_conf_set(text, first, dot + 1, last + 1, sp_str_text(&value));
    else if (is_untitled(first))
        sp_conf_set(text, first, "", last + 1, sp_str_text(&value));
    else
        sp_conf_set(text, "method", first, last + 1, sp_str_text(&value));
    return SP_OK;
}

enum sp_rc
sp_conf_write(struct sp_str *text, const struct sp_answers *answers, struct sp_err *err)
{
    enum sp_rc rc = SP_OK;
    if (text->len == 0)
        sp_str_add(text, head);
    write_gateway(text, answers);
    write_http(text, answers);
    write_tenant(text, answers);
    write_methods(text, answers);
    write_way_in(text, answers);
    for (size_t i = 0; rc == SP_OK && i < answers->sets.count; i++)
        rc = write_set(text, answers->sets.items[i], err);
    if (rc == SP_OK && text->failed)
        rc = sp_fail(err, SP_E_NOMEM, "out of memory");
    return rc;
}
