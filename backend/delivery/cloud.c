/* cloud.c - the table; see cloud.h. Sources: learn.microsoft.com, "Office 365 URLs and IP address ranges" by cloud,
 * "National clouds" of Microsoft Entra and of Graph (read 2026-11), and docs.azure.cn for China, whose login host has
 * replaced login.chinacloudapi.cn. */
#include "backend/delivery/cloud.h"

#include <stdio.h>

#include "base/text.h"

static const struct sp_cloud_places places[] = {
    [SP_CLOUD_WORLDWIDE] = {
        .submission_host = "smtp.office365.com",
        .login_host = "login.microsoftonline.com",
        .smtp_scope = "https://outlook.office365.com/.default",
        .graph_scope = "https://graph.microsoft.com/.default",
        .graph_host = "graph.microsoft.com",
        .upload_sessions = true,
    },
    [SP_CLOUD_GCC_HIGH] = {
        .submission_host = "smtp.office365.us",
        .login_host = "login.microsoftonline.us",
        .smtp_scope = "https://outlook.office365.us/.default",
        .graph_scope = "https://graph.microsoft.us/.default",
        .graph_host = "graph.microsoft.us",
    },
    [SP_CLOUD_DOD] = {
        .submission_host = "outlook-dod.office365.us",
        .login_host = "login.microsoftonline.us",
        .smtp_scope = "https://outlook.office365.us/.default",
        .graph_scope = "https://dod-graph.microsoft.us/.default",
        .graph_host = "dod-graph.microsoft.us",
    },
    [SP_CLOUD_CHINA] = {
        .submission_host = "smtp.partner.outlook.cn",
        .login_host = "login.partner.microsoftonline.cn",
        .smtp_scope = "https://partner.outlook.cn/.default",
        .graph_scope = "https://microsoftgraph.chinacloudapi.cn/.default",
        .graph_host = "microsoftgraph.chinacloudapi.cn",
        .upload_sessions = true,
    },
};

const struct sp_cloud_places *
sp_cloud_places(enum sp_cloud cloud)
{
    return &places[cloud];
}

bool
sp_cloud_token_url(enum sp_cloud cloud, const struct sp_method_settings *method, char *buffer, size_t size)
{
    if (method->oauth_token_url[0] != '\0')
        return sp_text_copy(buffer, size, method->oauth_token_url);
    return method->oauth_tenant[0] != '\0' && sp_text_format(buffer, size, "https://%s/%s/oauth2/v2.0/token",
                                                             places[cloud].login_host, method->oauth_tenant);
}

const char *
sp_cloud_scope(enum sp_cloud cloud, const struct sp_method_settings *method)
{
    if (method->oauth_scope[0] != '\0')
        return method->oauth_scope;
    return method->type == SP_TYPE_GRAPH ? places[cloud].graph_scope : places[cloud].smtp_scope;
}
