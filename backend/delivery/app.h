/* app.h - what a method has that signs in as an application: an HTTPS client with the method's ca-file and the proxy,
 * and a token, both made from its settings. */
#ifndef SP_DELIVERY_APP_H
#define SP_DELIVERY_APP_H

#include "base/err.h"

struct sp_https;
struct sp_method_settings;
struct sp_token;
struct sp_way_env;

struct sp_app {
    struct sp_https *https; /* for the token, and for Graph */
    struct sp_token *token;
};

/* Connects to nothing. SP_E_NOMEM; SP_E_INVALID: the settings name no token endpoint. Nothing stays open on failure. */
enum sp_rc sp_app_open(const struct sp_method_settings *settings, const struct sp_way_env *env, struct sp_app *ret,
                       struct sp_err *err);
void sp_app_close(struct sp_app *app); /* accepts one that is all zero */

#endif
