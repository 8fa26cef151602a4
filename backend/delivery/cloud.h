/* cloud.h - where the clouds of Microsoft 365 are: hosts and scopes by cloud, and what a method's settings make of
 * them. Whose mail exchangers are Microsoft's, in any cloud, is in backend/net/microsoft.c. Pure. */
#ifndef SP_DELIVERY_CLOUD_H
#define SP_DELIVERY_CLOUD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/settings.h"

struct sp_cloud_places {
    const char *submission_host; /* "smtp.office365.com" */
    const char *login_host;      /* "login.microsoftonline.com" */
    const char *smtp_scope;      /* "https://outlook.office365.com/.default" */
    const char *graph_scope;     /* "https://graph.microsoft.com/.default" */
    const char *graph_host;      /* "graph.microsoft.com" */
    bool upload_sessions;        /* Graph has them: not in the clouds of the US government */
};

const struct sp_cloud_places *sp_cloud_places(enum sp_cloud cloud);

/* Where tokens are fetched: oauth-token-url, or the cloud's login host with oauth-tenant. false: it does not fit, or
 * there is no oauth-tenant. */
bool sp_cloud_token_url(enum sp_cloud cloud, const struct sp_method_settings *method, char *buffer, size_t size);
/* oauth-scope, or what type and cloud need. */
const char *sp_cloud_scope(enum sp_cloud cloud, const struct sp_method_settings *method);

#endif
