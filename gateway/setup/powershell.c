/* powershell.c - see powershell.h.
 *
 * Sources: learn.microsoft.com "Authenticate an IMAP, POP or SMTP connection using OAuth", "Role Based Access Control
 * for Applications in Exchange Online", the pages of New-ServicePrincipal, Add-MailboxPermission, Set-CASMailbox,
 * New-InboundConnector, New-MgApplication, Add-MgApplicationPassword (read 2026-11).
 *
 * What surprised people most: New-ServicePrincipal wants the object id of the ENTERPRISE application, not that of the
 * app registration, which is another object with another id. The script takes it from Get-MgServicePrincipal. */
#include "gateway/setup/powershell.h"

#include <stdbool.h>
#include <string.h>

#include "base/str.h"
#include "gateway/setup/answers.h"

/* 'text' for PowerShell: a quote is doubled; so are the typographic ones, which it takes for quotes as well. */
static void
put_quoted(struct sp_str *out, const char *text)
{
    sp_str_add_char(out, '\'');
    for (const char *c = text; *c != '\0'; c++) {
        bool curly = strncmp(c, "\xe2\x80", 2) == 0 && ((unsigned char)c[2] & 0xfc) == 0x98; /* U+2018 to U+201B */
        if (curly) {
            sp_str_add_n(out, c, 3);
            sp_str_add_n(out, c, 3);
            c += 2;
            continue;
        }
        if (*c == '\'')
            sp_str_add_char(out, '\'');
        sp_str_add_char(out, *c);
    }
    sp_str_add_char(out, '\'');
}

static void
put_variable(struct sp_str *out, const char *name, const char *value)
{
    sp_str_addf(out, "$%s = ", name);
    put_quoted(out, value);
    sp_str_add_char(out, '\n');
}

static bool
has_app(const struct sp_answers *a)
{
    return a->auth == SP_AUTH_OAUTH2 && (a->use[SP_TYPE_SUBMISSION] || a->use[SP_TYPE_GRAPH]);
}

static const char *
graph_environment(enum sp_cloud cloud)
{
    static const char *const names[] = { "Global", "USGov", "USGovDoD", "China" };
    return names[cloud];
}

static const char *
exchange_environment(enum sp_cloud cloud)
{
    static const char *const names[] = { "O365Default", "O365USGovGCCHigh", "O365USGovDoD", "O365China" };
    return names[cloud];
}

/* --- what both begin with --- */

static void
put_names(struct sp_str *out, const struct sp_answers *a)
{
    struct sp_str name = { 0 };
    sp_str_addf(&name, "scanpost on %s", a->hostname);
    sp_str_add(out, "$ErrorActionPreference = 'Stop'\n");
    put_variable(out, "Domain", a->domain);
    put_variable(out, "Mailbox", a->sender);
    put_variable(out, "Name", sp_str_text(&name));
    sp_str_free(&name);
    sp_str_add(out, "\n");
}

static void
put_connect(struct sp_str *out, const struct sp_answers *a)
{
    sp_str_addf(
        out,
        "$modules = @('ExchangeOnlineManagement'%s)\n"
        "foreach ($module in $modules) {\n"
        "    if (-not (Get-Module -ListAvailable $module)) { Install-Module $module -Scope CurrentUser -Force }\n"
        "}\n",
        has_app(a) ? ", 'Microsoft.Graph.Authentication', 'Microsoft.Graph.Applications'" : "");
    sp_str_add(out, "# Azure Cloud Shell has no browser: there you are given a code to type in one.\n"
                    "$graph = @{}; $exchange = @{}\n"
                    "if ($env:ACC_CLOUD) { $graph.UseDeviceCode = $true; $exchange.Device = $true }\n");
    if (has_app(a))
        sp_str_addf(out,
                    "Connect-MgGraph @graph -NoWelcome -Environment %s -TenantId $Domain `\n"
                    "    -Scopes 'Application.ReadWrite.All', 'AppRoleAssignment.ReadWrite.All'\n",
                    graph_environment(a->cloud));
    sp_str_addf(out, "Connect-ExchangeOnline @exchange -ShowBanner:$false -ExchangeEnvironmentName %s\n\n",
                exchange_environment(a->cloud));
}

/* What was made a moment ago is not known everywhere yet. */
static void
put_patiently(struct sp_str *out)
{
    sp_str_add(out, "function Patiently([scriptblock] $work) {\n"
                    "    for ($try = 1; ; $try++) {\n"
                    "        try { & $work | Out-Null; return }\n"
                    "        catch { if ($try -eq 12) { throw }; Start-Sleep -Seconds 10 }\n"
                    "    }\n"
                    "}\n\n");
}

/* --- the application --- */

static void
put_app(struct sp_str *out)
{
    sp_str_add(
        out,
        "# The app registration, and its ENTERPRISE application (service principal), whose object id Exchange wants.\n"
        "$filter = $Name.Replace(\"'\", \"''\")\n"
        "$app = Get-MgApplication -Filter \"displayName eq '$filter'\" | Select-Object -First 1\n"
        "if (-not $app) {\n"
        "    $app = New-MgApplication -DisplayName $Name -SignInAudience AzureADMyOrg\n"
        "    \"Made the app registration '$Name'.\"\n"
        "}\n"
        "$principal = Get-MgServicePrincipal -Filter \"appId eq '$($app.AppId)'\"\n"
        "if (-not $principal) { $principal = New-MgServicePrincipal -AppId $app.AppId }\n\n");
}

static void
put_secret(struct sp_str *out)
{
    sp_str_add(out,
               "# A secret for two years, shown once. To make another one later: delete the old one, run this again.\n"
               "$secret = $null\n"
               "$now = (Get-Date).ToUniversalTime()\n"
               "$valid = @($app.PasswordCredentials | Where-Object { $_.EndDateTime -gt $now })\n"
               "if ($valid.Count -eq 0) {\n"
               "    $wanted = @{ displayName = 'scanpost'; endDateTime = $now.AddMonths(24) }\n"
               "    $secret = Add-MgApplicationPassword -ApplicationId $app.Id -PasswordCredential $wanted\n"
               "}\n\n");
}

static void
put_certificate(struct sp_str *out, const char *der_base64)
{
    sp_str_add(out, "# How scanpost proves that it is this application: a certificate whose key stays on its machine.\n"
                    "$pem = @'\n");
    for (size_t at = 0, size = strlen(der_base64); at < size; at += 76)
        sp_str_addf(out, "%.76s\n", der_base64 + at);
    sp_str_add(
        out, "'@\n"
             "$bytes = [Convert]::FromBase64String(($pem -replace '\\s', ''))\n"
             "$x509 = [Security.Cryptography.X509Certificates.X509Certificate2]::new($bytes)\n"
             "$thumb = $x509.GetCertHash()\n"
             "$known = @($app.KeyCredentials | Where-Object {\n"
             "    $_.CustomKeyIdentifier -and [Convert]::ToBase64String($_.CustomKeyIdentifier) -eq "
             "[Convert]::ToBase64String($thumb) })\n"
             "if ($known.Count -eq 0) {\n"
             "    $credential = @{ type = 'AsymmetricX509Cert'; usage = 'Verify'; key = $bytes; displayName = $Name }\n"
             "    # Others that are registered stay: Graph takes them back without their content.\n"
             "    Update-MgApplication -ApplicationId $app.Id -KeyCredentials (@($app.KeyCredentials) + $credential)\n"
             "}\n\n");
}

static void
put_exchange_principal(struct sp_str *out)
{
    sp_str_add(out,
               "# Exchange must know the application; by the object id of the enterprise application.\n"
               "$known = Get-ServicePrincipal | Where-Object { $_.AppId -eq $app.AppId }\n"
               "if (-not $known) {\n"
               "    Patiently { New-ServicePrincipal -AppId $app.AppId -ObjectId $principal.Id -DisplayName $Name }\n"
               "}\n\n");
}

/* SMTP.SendAsApp is a role of the application "Office 365 Exchange Online", which has the same id in every tenant. */
static void
put_send_as_app(struct sp_str *out)
{
    sp_str_add(
        out,
        "# Permission SMTP.SendAsApp of 'Office 365 Exchange Online', with the administrator's consent.\n"
        "$exchange = Get-MgServicePrincipal -Filter \"appId eq '00000002-0000-0ff1-ce00-000000000000'\"\n"
        "$role = $exchange.AppRoles | Where-Object { $_.Value -eq 'SMTP.SendAsApp' }\n"
        "$has = Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $principal.Id -All |\n"
        "    Where-Object { $_.AppRoleId -eq $role.Id -and $_.ResourceId -eq $exchange.Id }\n"
        "if (-not $has) {\n"
        "    New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $principal.Id "
        "-PrincipalId $principal.Id `\n"
        "        -ResourceId $exchange.Id -AppRoleId $role.Id | Out-Null\n"
        "}\n"
        "# That application may use this mailbox, and no other.\n"
        "$has = Get-MailboxPermission $Mailbox | Where-Object { $_.User -in $principal.Id, $Name -and\n"
        "    $_.AccessRights -contains 'FullAccess' }\n"
        "if (-not $has) {\n"
        "    Patiently {\n"
        "        Add-MailboxPermission $Mailbox -User $principal.Id -AccessRights FullAccess -AutoMapping:$false }\n"
        "}\n\n");
}

static void
put_scope(struct sp_str *out)
{
    sp_str_add(out,
               "# RBAC for Applications: the rights hold for one mailbox, and Entra grants none.\n"
               "if (-not (Get-ManagementScope | Where-Object { $_.Name -eq $Name })) {\n"
               "    New-ManagementScope -Name $Name "
               "-RecipientRestrictionFilter \"PrimarySmtpAddress -eq '$Mailbox'\" | Out-Null\n"
               "}\n"
               "function Grant-Role($role) {\n"
               "    $has = Get-ManagementRoleAssignment -Role $role -ErrorAction SilentlyContinue |\n"
               "        Where-Object { $_.CustomResourceScope -eq $Name }\n"
               "    if (-not $has) {\n"
               "        Patiently {\n"
               "            New-ManagementRoleAssignment -Role $role -App $principal.Id -CustomResourceScope $Name }\n"
               "    }\n"
               "}\n");
}

static void
put_rights(struct sp_str *out, const struct sp_answers *a)
{
    bool scoped = a->use[SP_TYPE_GRAPH] || a->rbac;
    if (a->use[SP_TYPE_SUBMISSION] && !a->rbac)
        put_send_as_app(out);
    if (scoped)
        put_scope(out);
    if (a->use[SP_TYPE_SUBMISSION] && a->rbac)
        sp_str_add(out, "Grant-Role 'Application SMTP.SendAsApp'\n");
    if (a->use[SP_TYPE_GRAPH])
        sp_str_add(out, "Grant-Role 'Application Mail.Send'\n"
                        "Grant-Role 'Application Mail.ReadWrite'   # drafts, for scans over 3 MB\n");
    if (scoped)
        sp_str_add(out, "\n");
}

/* --- the mailbox, connectors, direct send --- */

static void
put_mailbox(struct sp_str *out)
{
    sp_str_add(out,
               "# The sender: a shared mailbox needs no licence; somebody should read it, because bounces go there.\n"
               "if (-not (Get-EXOMailbox $Mailbox -ErrorAction SilentlyContinue)) {\n"
               "    New-Mailbox -Shared -Name $Mailbox.Split('@')[0] -PrimarySmtpAddress $Mailbox | Out-Null\n"
               "    \"Made the shared mailbox $Mailbox. Give somebody access to it.\"\n"
               "}\n\n");
}

static void
put_smtp_auth(struct sp_str *out)
{
    sp_str_add(out, "# SMTP AUTH for this mailbox alone; counts for OAuth as well, and wins over the tenant's switch.\n"
                    "Patiently { Set-CASMailbox $Mailbox -SmtpClientAuthenticationDisabled $false }\n\n");
}

static void
put_connector(struct sp_str *out, const struct sp_answers *a, const struct sp_facts *facts)
{
    bool by_certificate = a->relay_certificate[0] != '\0';
    sp_str_add(out, "# The connector that lets this office relay. New ones may be made disabled: then ask Microsoft's "
                    "support.\n"
                    "if (-not (Get-InboundConnector | Where-Object { $_.Name -eq $Name })) {\n"
                    "    New-InboundConnector -Name $Name -ConnectorType OnPremises -SenderDomains '*' ");
    if (by_certificate) {
        sp_str_add(out, "-RequireTls $true `\n        -TlsSenderCertificateName ");
        put_quoted(out, a->hostname);
    } else {
        sp_str_add(out, "`\n        -SenderIPAddresses ");
        put_quoted(out, facts->public_ip[0] != '\0' ? facts->public_ip : "PUT THE PUBLIC ADDRESS HERE");
    }
    sp_str_add(out, " | Out-Null\n"
                    "}\n"
                    "Get-InboundConnector $Name | Format-List Name, Enabled, ConnectorType, SenderIPAddresses, "
                    "TlsSenderCertificateName\n\n");
}

/* A partner connector for the gateway's address is enough for RejectDirectSend; the switch itself stays as it is. */
static void
put_direct(struct sp_str *out, const struct sp_answers *a, const struct sp_facts *facts)
{
    sp_str_add(out,
               "# Direct send. Where the tenant rejects it (550 5.7.68), a partner connector exempts this office.\n"
               "if ((Get-OrganizationConfig).RejectDirectSend) {\n");
    if (facts->public_ip[0] != '\0') {
        sp_str_add(out,
                   "    if (-not (Get-InboundConnector | Where-Object { $_.Name -eq \"$Name (direct send)\" })) {\n"
                   "        New-InboundConnector -Name \"$Name (direct send)\" -ConnectorType Partner `\n"
                   "            -SenderDomains '*' -SenderIPAddresses ");
        put_quoted(out, facts->public_ip);
        sp_str_add(out, " | Out-Null\n    }\n");
    } else {
        sp_str_add(out,
                   "    'Direct send is rejected in this tenant: run scanpost setup where port 25 is open, so that the"
                   " public address is known.'\n");
    }
    sp_str_addf(
        out,
        "}\n"
        "# Not done here: the SPF record in the DNS of %s has to name the office's address (scanpost check says "
        "how).\n\n",
        a->domain);
}

static void
put_result(struct sp_str *out, bool by_certificate)
{
    sp_str_add(out, "\"\"\n\"For scanpost setup on the gateway:\"\n"
                    "\"  --tenant-id $((Get-MgContext).TenantId)\"\n"
                    "\"  --client-id $($app.AppId)\"\n");
    if (by_certificate)
        return;
    sp_str_add(out, "if ($secret) {\n"
                    "    \"  --secret-expires $($secret.EndDateTime.ToString('yyyy-MM-dd'))\"\n"
                    "    \"  the secret, shown once; put it into a file for --secret-file, or paste it when asked:\"\n"
                    "    $secret.SecretText\n"
                    "} else { '  the secret that was made earlier is still valid' }\n");
}

void
sp_powershell_do(struct sp_str *out, const struct sp_answers *a, const struct sp_facts *facts,
                 const char *certificate_der_base64)
{
    sp_str_addf(
        out,
        "# microsoft365.ps1 - lets scanpost on %s send as %s.\n"
        "# Made by `scanpost setup`. Run it once in PowerShell 7, or paste it into https://shell.azure.com, as a\n"
        "# Global Administrator. It may be run again: what is there stays. microsoft365-undo.ps1 takes it back.\n"
        "# Rights take up to an hour to count everywhere.\n",
        a->hostname, a->sender);
    put_names(out, a);
    put_connect(out, a);
    put_patiently(out);
    put_mailbox(out);
    if (has_app(a)) {
        put_app(out);
        if (certificate_der_base64[0] != '\0')
            put_certificate(out, certificate_der_base64);
        else
            put_secret(out);
        put_exchange_principal(out);
        put_rights(out, a);
    }
    if (a->use[SP_TYPE_SUBMISSION])
        put_smtp_auth(out);
    if (a->use[SP_TYPE_RELAY])
        put_connector(out, a, facts);
    if (a->use[SP_TYPE_DIRECT])
        put_direct(out, a, facts);
    if (has_app(a))
        put_result(out, certificate_der_base64[0] != '\0');
}

void
sp_powershell_undo(struct sp_str *out, const struct sp_answers *a)
{
    sp_str_addf(out,
                "# microsoft365-undo.ps1 - takes back what microsoft365.ps1 did for scanpost on %s.\n"
                "# The mailbox %s stays, with what is in it. May be run again.\n",
                a->hostname, a->sender);
    put_names(out, a);
    put_connect(out, a);
    sp_str_add(out, "foreach ($connector in $Name, \"$Name (direct send)\") {\n"
                    "    Get-InboundConnector | Where-Object { $_.Name -eq $connector } |\n"
                    "        ForEach-Object { Remove-InboundConnector $_.Name -Confirm:$false }\n"
                    "}\n");
    if (a->use[SP_TYPE_SUBMISSION])
        sp_str_add(out, "# The mailbox follows the tenant's switch for SMTP AUTH again.\n"
                        "Set-CASMailbox $Mailbox -SmtpClientAuthenticationDisabled $null\n");
    if (!has_app(a))
        return;
    sp_str_add(
        out,
        "Get-ManagementRoleAssignment | Where-Object { $_.CustomResourceScope -eq $Name } |\n"
        "    ForEach-Object { Remove-ManagementRoleAssignment $_.Name -Confirm:$false }\n"
        "Get-ManagementScope | Where-Object { $_.Name -eq $Name } |\n"
        "    ForEach-Object { Remove-ManagementScope $_.Name -Confirm:$false }\n"
        "$filter = $Name.Replace(\"'\", \"''\")\n"
        "$app = Get-MgApplication -Filter \"displayName eq '$filter'\" | Select-Object -First 1\n"
        "if ($app) {\n"
        "    $principal = Get-MgServicePrincipal -Filter \"appId eq '$($app.AppId)'\"\n"
        "    if ($principal -and (Get-EXOMailbox $Mailbox -ErrorAction SilentlyContinue)) {\n"
        "        Remove-MailboxPermission $Mailbox -User $principal.Id -AccessRights FullAccess -Confirm:$false `\n"
        "            -ErrorAction SilentlyContinue\n"
        "    }\n"
        "    Get-ServicePrincipal | Where-Object { $_.AppId -eq $app.AppId } |\n"
        "        ForEach-Object { Remove-ServicePrincipal $_.ObjectId -Confirm:$false }\n"
        "    Remove-MgApplication -ApplicationId $app.Id   # takes the enterprise application along\n"
        "}\n");
}
