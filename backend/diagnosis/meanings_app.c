/* meanings_app.c - the app registration in Entra, its tokens, and Microsoft Graph. */
#include "backend/diagnosis/rules.h"

const struct sp_meaning sp_means_secret_expired = {
    .cause = "secret_expired",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "The client secret of the app {client} has expired. Scans wait until there is a new one.",
    .fix = "An administrator makes a new secret (Entra admin center, App registrations, the app, Certificates & "
           "secrets, New client secret) and copies its Value. Whoever runs scanpost puts it into "
           "oauth-client-secret-file and runs: systemctl reload scanpost. A certificate lasts longer.",
};

const struct sp_meaning sp_means_secret_id_pasted = {
    .cause = "secret_id_pasted",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "The client secret of the app {client} is not right: probably the Secret ID was copied instead of the "
               "secret's Value.",
    .fix = "The Value is shown only once, when the secret is made. An administrator makes a new one (Entra admin "
           "center, App registrations, the app, Certificates & secrets) and copies the column Value, not Secret ID, "
           "into the oauth-client-secret-file. Then: systemctl reload scanpost",
};

const struct sp_meaning sp_means_secret_wrong = {
    .cause = "secret_wrong",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "The client secret or certificate of the app {client} was not accepted.",
    .fix = "Whoever runs scanpost checks that oauth-client-secret-file holds the Value of a secret of this app (not "
           "of another app, no quotes, no blank line), and that oauth-client-id is the Application (client) ID. If "
           "in doubt an administrator makes a new secret under Certificates & secrets.",
};

const struct sp_meaning sp_means_secret_missing = {
    .cause = "secret_missing",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "The secret or certificate that this method needs is missing or cannot be read. {said}",
    .fix = "Whoever runs scanpost checks the files named in the method (password-file, oauth-client-secret-file, "
           "oauth-certificate and oauth-key): they belong to root:scanpost-sender with mode 0640. Then: systemctl "
           "reload scanpost",
};

const struct sp_meaning sp_means_app_missing = {
    .cause = "app_missing",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "The app {client} does not exist in this tenant.",
    .fix = "Whoever runs scanpost compares oauth-client-id with Application (client) ID and oauth-tenant with "
           "Directory (tenant) ID in the Entra admin center, App registrations, the app, Overview. If the app was "
           "deleted or lives in another tenant, an administrator registers it here and grants admin consent.",
};

const struct sp_meaning sp_means_app_disabled = {
    .cause = "app_disabled",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "The app {client}, or the service it asks for, is disabled in this tenant.",
    .fix = "An administrator opens the Entra admin center, Enterprise applications, the app, Properties, and sets "
           "'Enabled for users to sign-in' to Yes.",
};

const struct sp_meaning sp_means_app_permission = {
    .cause = "app_permission",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "The app {client} lacks the permission to send, or an administrator has not consented to it.",
    .fix = "An administrator opens App registrations, the app, API permissions, adds the application permission "
           "(graph: Microsoft Graph Mail.Send; submission: Office 365 Exchange Online SMTP.SendAsApp) and presses "
           "'Grant admin consent'. Where RBAC for Applications is used instead, in Exchange Online PowerShell:\n"
           "Test-ServicePrincipalAuthorization {client} -Resource {mailbox}",
};

const struct sp_meaning sp_means_app_access_policy = {
    .cause = "app_access_policy",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "A policy of the tenant does not let the app {client} use the mailbox {mailbox}.",
    .fix = "An Exchange administrator adds the mailbox to the app's scope. In Exchange Online PowerShell:\n"
           "Test-ApplicationAccessPolicy -AppId {client} -Identity {mailbox}\n"
           "Get-ApplicationAccessPolicy | fl AppId,ScopeName,AccessRight\n"
           "Test-ServicePrincipalAuthorization {client} -Resource {mailbox}",
};

const struct sp_meaning sp_means_tenant_unknown = {
    .cause = "tenant_unknown",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "Microsoft Entra does not know the tenant that is configured.",
    .fix = "Whoever runs scanpost corrects oauth-tenant: the Directory (tenant) ID from the Entra admin center, "
           "Overview, or a domain of the tenant; and cloud, if the tenant is not in the worldwide cloud.",
};

const struct sp_meaning sp_means_scope_wrong = {
    .cause = "scope_wrong",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "The scope asked of Microsoft Entra is not one that exists for an app.",
    .fix = "Whoever runs scanpost removes oauth-scope from the method, so that the right one is used by itself: "
           "https://outlook.office365.com/.default for submission, https://graph.microsoft.com/.default for graph "
           "(other names in national clouds: check the tenant's cloud).",
};

const struct sp_meaning sp_means_certificate_unregistered = {
    .cause = "certificate_unregistered",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "The certificate that scanpost signs in with is not registered with the app {client}.",
    .fix = "An administrator uploads the certificate (oauth-certificate, without its key) in the Entra admin center, "
           "App registrations, the app, Certificates & secrets, Certificates, and compares the thumbprint.",
};

const struct sp_meaning sp_means_app_certificate_expired = {
    .cause = "app_certificate_expired",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "The certificate that scanpost signs in with has expired. Scans wait until there is a new one.",
    .fix = "Whoever runs scanpost makes a new key and certificate, an administrator uploads the certificate under "
           "App registrations, the app, Certificates & secrets, and then: systemctl reload scanpost. Put the next "
           "one into next-oauth-certificate in time.",
};

const struct sp_meaning sp_means_assertion_refused = {
    .cause = "assertion_refused",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "Microsoft Entra did not accept the signature by which the app {client} signs in.",
    .fix = "Whoever runs scanpost checks that oauth-key belongs to oauth-certificate, that oauth-client-id is the "
           "app where the certificate was uploaded, and that oauth-token-url is not set to another tenant or cloud.",
};

const struct sp_meaning sp_means_assertion_clock = {
    .cause = "clock_wrong",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "Microsoft Entra says the sign-in is not within its time: this computer's clock is wrong.",
    .fix = "Whoever runs this computer sets its clock and turns on time synchronisation: timedatectl set-ntp true; "
           "then looks at: timedatectl",
};

const struct sp_meaning sp_means_user_unknown = {
    .cause = "user_unknown",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "The account {mailbox} does not exist in this tenant.",
    .fix = "Whoever runs scanpost corrects username (the user principal name) and oauth-tenant; an administrator "
           "looks the account up under Active users, and under Deleted users.",
};

const struct sp_meaning sp_means_request_incomplete = {
    .cause = "request_incomplete",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "Microsoft Entra found the request for a token incomplete or malformed. {said}",
    .fix = "Whoever runs scanpost checks oauth-tenant, oauth-client-id and the secret or certificate of the method "
           "for empty values, quotes and stray spaces, and that oauth-token-url and proxy are right.",
};

const struct sp_meaning sp_means_wrong_cloud = {
    .cause = "wrong_cloud",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "The tenant lives in another Microsoft cloud than the one that is configured.",
    .fix = "Whoever runs scanpost sets cloud in the tenant section: worldwide, gcc-high, dod or china, and removes "
           "oauth-token-url and oauth-scope.",
};

const struct sp_meaning sp_means_tenant_restrictions = {
    .cause = "tenant_restrictions",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "A proxy or policy restricts which tenants may be signed in to from here, and this one is not among "
               "them.",
    .fix = "Whoever runs the proxy (header Restrict-Access-To-Tenants) or the tenant's cross-tenant access settings "
           "allows the tenant of {domain}.",
};

const struct sp_meaning sp_means_consent_expired = {
    .cause = "consent_expired",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "The stored sign-in has expired or was revoked (90 days without use, a changed password, or a policy).",
    .fix = "Use an app registration with a secret or certificate (client credentials), which does not depend on a "
           "person's sign-in; otherwise somebody signs in again.",
};

const struct sp_meaning sp_means_token_refused = {
    .cause = "token_refused",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "Microsoft Entra refused a token for the app {client}: {said}",
    .fix = "An administrator looks the number after AADSTS up at https://login.microsoftonline.com/error and opens "
           "the sign-in logs (Entra admin center, Service principal sign-ins) for the reason.",
};

const struct sp_meaning sp_means_token_service_busy = {
    .cause = "token_service_busy",
    .class_ = SP_CLASS_BUSY,
    .summary = "Microsoft's sign-in service has a passing fault.",
    .fix = "Nothing to mend here: it is tried again. If it stays, see https://status.cloud.microsoft",
};

const struct sp_meaning sp_means_token_throttled = {
    .cause = "token_throttled",
    .class_ = SP_CLASS_RATE_LIMITED,
    .summary = "Microsoft's sign-in service was asked too often.",
    .fix = "Nothing to mend here: it is tried again later. If it stays, an administrator looks for another program "
           "that uses the app {client}.",
};

const struct sp_meaning sp_means_token_invalid = {
    .cause = "token_invalid",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "Microsoft Graph did not accept the access token.",
    .fix = "Whoever runs scanpost checks the clock (timedatectl), that oauth-scope is not set (the right one is "
           "https://graph.microsoft.com/.default) and that cloud is right.",
};

const struct sp_meaning sp_means_mailbox_missing = {
    .cause = "mailbox_missing",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "{mailbox} is no mailbox in Exchange Online: it does not exist, has no licence, or is kept on premises.",
    .fix = "Whoever runs scanpost checks username; an administrator checks the mailbox and its licence. In Exchange "
           "Online PowerShell:\n"
           "Get-Recipient {mailbox} | fl RecipientTypeDetails,PrimarySmtpAddress\n"
           "Get-Mailbox {mailbox} | fl RecipientTypeDetails,IsInactiveMailbox",
};

const struct sp_meaning sp_means_graph_throttled = {
    .cause = "graph_throttled",
    .class_ = SP_CLASS_RATE_LIMITED,
    .summary = "Microsoft Graph asks for a pause: too many requests for this app or mailbox.",
    .fix = "Nothing to mend at once: scanpost waits as long as Microsoft asks. If it happens daily, lower rate and "
           "connections of the method, or use another mailbox for part of the scans.",
};

const struct sp_meaning sp_means_graph_unavailable = {
    .cause = "graph_unavailable",
    .class_ = SP_CLASS_BUSY,
    .summary = "Microsoft Graph has a passing fault.",
    .fix = "Nothing to mend here: the scan is kept and tried again, or by another method. If it stays, see "
           "https://status.cloud.microsoft",
};

const struct sp_meaning sp_means_graph_request = {
    .cause = "graph_request",
    .class_ = SP_CLASS_PROTOCOL,
    .summary = "Microsoft Graph did not understand the request: {said}",
    .fix = "Another method is tried once. Whoever runs scanpost sends this text to its makers.",
};

const struct sp_meaning sp_means_upload_lost = {
    .cause = "upload_lost",
    .class_ = SP_CLASS_BUSY,
    .summary = "The draft or upload that carried the scan is gone at Microsoft's side (deleted, or over its time).",
    .fix = "Nothing to mend here: it is uploaded again. If it happens often, look for a rule or person that empties "
           "the Drafts of {mailbox}, and at the speed of the line.",
};
