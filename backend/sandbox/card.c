/* Where things are, for who starts the sandbox. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend/sandbox/sandbox.h"
#include "base/auto.h"
#include "base/io.h"

static void
put_path(json_t *card, const struct sp_sandbox *box, const char *key, const char *name)
{
    struct sp_str path = { 0 };
    sp_str_addf(&path, "%s/%s", box->dir, name);
    json_object_set_new(card, key, json_string(sp_str_text(&path)));
    sp_str_free(&path);
}

static void
put_paths(json_t *card, const struct sp_sandbox *box)
{
    static const struct {
        const char *key, *name;
    } paths[] = {
        { "ca", "ca.pem" },
        { "mail", "mail" },
        { "scenario", "scenario" },
        { "stats", "stats.json" },
        { "oauth_client_secret_file", "client-secret" },
        { "oauth_next_client_secret_file", "next-client-secret" },
        { "oauth_certificate", "oauth.pem" },
        { "oauth_key", "oauth.key" },
        { "oauth_next_certificate", "next-oauth.pem" },
        { "oauth_next_key", "next-oauth.key" },
        { "relay_certificate", "relay.pem" },
        { "relay_key", "relay.key" },
    };
    for (size_t i = 0; i < SP_LEN(paths); i++)
        put_path(card, box, paths[i].key, paths[i].name);
}

static void
put_service(json_t *card, const char *name, const char *host, unsigned port)
{
    char key[64];
    (void)snprintf(key, sizeof(key), "%s_port", name);
    json_object_set_new(card, key, json_integer(port));
    (void)snprintf(key, sizeof(key), "%s_host", name);
    if (host != NULL)
        json_object_set_new(card, key, json_string(host));
}

static void
put_oauth(json_t *card, const struct sp_sandbox *box)
{
    struct sp_str url = { 0 };
    sp_str_addf(&url, "https://%s:%u/%s/oauth2/v2.0/token", SP_BOX_LOGIN_NAME, sp_box_door_port(box->login_door),
                box->app.tenant);
    json_object_set_new(card, "token_url", json_string(sp_str_text(&url)));
    sp_str_free(&url);
    json_object_set_new(card, "oauth_tenant", json_string(box->app.tenant));
    json_object_set_new(card, "oauth_client_id", json_string(box->app.client));
}

enum sp_rc
sp_sandbox_write_card(const struct sp_sandbox *box, struct sp_err *err)
{
    char resolver[64];
    json_t *card = json_object();
    unsigned dns_port = sp_box_resolver_port(box->resolver);
    (void)snprintf(resolver, sizeof(resolver), "%s:%u", box->options.listen, dns_port);
    json_object_set_new(card, "pid", json_integer(getpid()));
    json_object_set_new(card, "listen", json_string(box->options.listen));
    json_object_set_new(card, "domain", json_string(box->options.domains.items[0]));
    put_service(card, "mx", sp_str_text(&box->mx_name), sp_box_door_port(box->mx_door));
    put_service(card, "submission", SP_BOX_SUBMISSION_NAME, sp_box_door_port(box->submission_door));
    put_service(card, "login", SP_BOX_LOGIN_NAME, sp_box_door_port(box->login_door));
    put_service(card, "graph", SP_BOX_GRAPH_NAME, sp_box_door_port(box->graph_door));
    put_service(card, "dns", NULL, dns_port);
    json_object_set_new(card, "resolver", json_string(resolver));
    json_object_set_new(card, "user", json_string(box->account.user));
    json_object_set_new(card, "password_file", json_string(sp_str_text(&box->password_file)));
    json_object_set_new(card, "relay_name", json_string(sp_str_text(&box->connector)));
    put_oauth(card, box);
    put_paths(card, box);
    SP_AUTO_FREE char *text = json_dumps(card, JSON_INDENT(1));
    json_decref(card);
    if (text == NULL)
        return sp_fail(err, SP_E_NOMEM, "sandbox: out of memory");
    return sp_io_put_file(box->dirfd, "sandbox.json", text, strlen(text), 0644, err);
}

void
sp_sandbox_print_card(const struct sp_sandbox *box)
{
    const char *address = box->options.listen;
    (void)printf("mx          %s:%u, %s, takes mail for %s\n", address, sp_box_door_port(box->mx_door),
                 sp_str_text(&box->mx_name), box->options.domains.items[0]);
    (void)printf("relay       the same, with %s/relay.pem, %s\n", box->dir, sp_str_text(&box->connector));
    (void)printf("submission  %s:%u, %s, sign in as %s, password in %s\n", address,
                 sp_box_door_port(box->submission_door), SP_BOX_SUBMISSION_NAME, box->account.user,
                 sp_str_text(&box->password_file));
    (void)printf("tokens      %s:%u, %s, tenant %s, client %s, secret in %s/client-secret\n", address,
                 sp_box_door_port(box->login_door), SP_BOX_LOGIN_NAME, box->app.tenant, box->app.client, box->dir);
    (void)printf("graph       %s:%u, %s\n", address, sp_box_door_port(box->graph_door), SP_BOX_GRAPH_NAME);
    (void)printf("resolver    %s:%u\n", address, sp_box_resolver_port(box->resolver));
    (void)printf("trust       %s/ca.pem\n", box->dir);
    (void)printf("mail        %s/mail\n", box->dir);
    (void)printf("scenarios   %s/scenario\n", box->dir);
    (void)printf("ready       %s/sandbox.json\n", box->dir);
    (void)fflush(stdout);
}
