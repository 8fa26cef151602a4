/* login.h - Microsoft Entra's token endpoint: POST /TENANT/oauth2/v2.0/token, client credentials with a secret or a
 * signed assertion. It checks what Entra checks, and refuses in Entra's words. */
#ifndef SP_SANDBOX_LOGIN_H
#define SP_SANDBOX_LOGIN_H

#include "backend/sandbox/app.h"
#include "backend/sandbox/assertion.h"
#include "backend/sandbox/http.h"
#include "backend/sandbox/options.h"

struct sp_box_stats;

enum { SP_BOX_LOGIN_BODY_MAX = 64 * 1024 };

/* All borrowed. */
struct sp_box_login {
    const struct sp_box_app *app;
    const struct sp_box_options *options; /* domains of the tenant, lifetime of tokens */
    struct sp_box_scenarios *scenarios;
    struct sp_box_stats *stats;
    struct sp_box_jtis jtis;
};

extern const struct sp_box_service_fns sp_box_login_fns; /* their context is a struct sp_box_login */

#endif
