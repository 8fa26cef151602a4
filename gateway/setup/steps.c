/* steps.c - see steps.h. Where the portals keep things: entra.microsoft.com and admin.exchange.microsoft.com, 2026-11.
 */
#include "gateway/setup/steps.h"

#include <stdbool.h>

#include "base/str.h"
#include "gateway/setup/answers.h"
#include "gateway/setup/recommend.h"

struct list {
    struct sp_str *out;
    int n;
};

#define STEP(list, format, ...) sp_str_addf((list)->out, "%d. " format "\n", ++(list)->n, __VA_ARGS__)

static void
app_steps(struct list *list, const struct sp_answers *a)
{
    STEP(list,
         "entra.microsoft.com > App registrations > New registration: name 'scanpost on %s', this directory only. Note "
         "the Application (client) ID.",
         a->hostname);
    if (a->certificate[0] != '\0')
        STEP(list, "There > Certificates & secrets > Certificates > Upload certificate: %s", a->certificate);
    else
        STEP(list, "%s",
             "There > Certificates & secrets > New client secret, 24 months. Copy its Value (not the Secret "
             "ID): it is shown once.");
    if (a->use[SP_TYPE_SUBMISSION] && !a->rbac)
        STEP(list, "%s",
             "There > API permissions > Add > APIs my organization uses > Office 365 Exchange Online > "
             "Application permissions > SMTP.SendAsApp, then 'Grant admin consent'.");
    STEP(list, "%s",
         "entra.microsoft.com > Enterprise applications > the same name: note its Object ID. It differs from "
         "that of the app registration, and Exchange wants this one.");
    STEP(list,
         "Exchange Online PowerShell: New-ServicePrincipal -AppId CLIENT-ID -ObjectId OBJECT-ID -DisplayName "
         "'scanpost on %s'",
         a->hostname);
}

static void
right_steps(struct list *list, const struct sp_answers *a)
{
    if (a->use[SP_TYPE_SUBMISSION] && !a->rbac)
        STEP(list, "There: Add-MailboxPermission %s -User OBJECT-ID -AccessRights FullAccess", a->sender);
    if (a->use[SP_TYPE_GRAPH] || a->rbac)
        STEP(list,
             "There: New-ManagementScope -Name 'scanpost on %s' -RecipientRestrictionFilter \"PrimarySmtpAddress -eq "
             "'%s'\"",
             a->hostname, a->sender);
    if (a->use[SP_TYPE_SUBMISSION] && a->rbac)
        STEP(list,
             "There: New-ManagementRoleAssignment -Role 'Application SMTP.SendAsApp' -App OBJECT-ID "
             "-CustomResourceScope "
             "'scanpost on %s'. Leave SMTP.SendAsApp out of the API permissions.",
             a->hostname);
    if (a->use[SP_TYPE_GRAPH])
        STEP(list,
             "There, for 'Application Mail.Send' and 'Application Mail.ReadWrite' each: New-ManagementRoleAssignment "
             "-Role "
             "ROLE -App OBJECT-ID -CustomResourceScope 'scanpost on %s'",
             a->hostname);
}

static void
direct_steps(struct list *list, const struct sp_answers *a, const struct sp_facts *facts)
{
    char record[600];
    if (facts->public_ip[0] != '\0' && sp_spf_with(facts->spf, facts->public_ip, record, sizeof record))
        STEP(list, "The DNS of %s, record TXT (SPF), so that direct send does not end in Junk: %s", a->domain, record);
    STEP(list, "%s",
         "Exchange Online PowerShell: (Get-OrganizationConfig).RejectDirectSend. If it is True, make a "
         "connector of type Partner for this office's address; the switch itself can stay.");
}

static void
relay_step(struct list *list, const struct sp_answers *a, const struct sp_facts *facts)
{
    if (a->relay_certificate[0] != '\0')
        STEP(list,
             "admin.exchange.microsoft.com > Mail flow > Connectors > Add: from 'Your organization's email server', by "
             "the "
             "certificate's name %s (from a public authority, its domain accepted in the tenant).",
             a->hostname);
    else
        STEP(list,
             "admin.exchange.microsoft.com > Mail flow > Connectors > Add: from 'Your organization's email server', by "
             "the "
             "IP address %s.",
             facts->public_ip[0] != '\0' ? facts->public_ip : "of this office");
}

void
sp_steps(struct sp_str *out, const struct sp_answers *a, const struct sp_facts *facts)
{
    struct list list = { .out = out };
    bool signs_in = a->use[SP_TYPE_SUBMISSION] || a->use[SP_TYPE_GRAPH];
    STEP(&list,
         "admin.microsoft.com > Teams & groups > Shared mailboxes: %s, if it is not there. Somebody should read it.",
         a->sender);
    if (signs_in && a->auth == SP_AUTH_OAUTH2) {
        app_steps(&list, a);
        right_steps(&list, a);
    }
    if (a->use[SP_TYPE_SUBMISSION])
        STEP(&list, "Exchange Online PowerShell: Set-CASMailbox %s -SmtpClientAuthenticationDisabled $false",
             a->sender);
    if (a->use[SP_TYPE_SUBMISSION] && a->auth == SP_AUTH_PASSWORD)
        STEP(&list, "%s",
             "Microsoft turns sign-in by password off at the end of December 2026 unless an administrator "
             "turns it on again: plan for OAuth.");
    if (a->use[SP_TYPE_DIRECT])
        direct_steps(&list, a, facts);
    if (a->use[SP_TYPE_RELAY])
        relay_step(&list, a, facts);
}
