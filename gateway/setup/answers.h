/* answers.h - what `scanpost setup` was told, and what it found out. Texts are never NULL, "" where there is none, and
 * borrowed. */
#ifndef SP_SETUP_ANSWERS_H
#define SP_SETUP_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/settings.h"

enum { SP_METHOD_TYPES = 4 /* of enum sp_method_type */ };

struct sp_answers {
    const char *hostname, *resolver, *proxy;
    const char *tenant; /* the section's name */
    const char *domain, *onmicrosoft, *sender;
    enum sp_cloud cloud;
    bool use[SP_METHOD_TYPES]; /* by enum sp_method_type */
    /* How submission and Graph sign in: the file names are those that the configuration will hold. */
    enum sp_auth_kind auth;
    const char *tenant_id, *client_id, *secret_file, *secret_expires, *certificate, *key, *password_file;
    bool rbac; /* the application's rights by RBAC for Applications, instead of SMTP.SendAsApp and FullAccess */
    /* The Microsoft side is not done: methods that sign in are written, and not enabled. */
    bool signin_waits;
    const char *relay_certificate, *relay_key; /* "": the connector knows the address */
    const char *route, *to, *folder, *path, *notify;
    bool allow_external;
    struct sp_texts listen; /* count 0: stays as it is */
    const char *tls_certificate, *tls_key;
    struct sp_texts sets; /* "submission.port=1587": for what is not asked for */
};

enum sp_door_state { SP_DOOR_UNTRIED, SP_DOOR_OPEN, SP_DOOR_SHUT };

struct sp_door {
    enum sp_door_state state;
    char host[256];
    int port;
    char words[480]; /* shut: why */
};

struct sp_facts {
    bool mx_found, mx_microsoft;
    char mx[256];       /* the first that is Microsoft's, else the first */
    char mx_words[480]; /* not found: why */
    struct sp_door smtp, submission, https;
    char public_ip[64]; /* as Microsoft sees the office; "" : not known */
    char spf[480];      /* the domain's record; "" : none, or not known */
    char tenant_id[64]; /* "" : not found */
    char tenant_words[480];
    enum sp_cloud cloud;
};

#endif
