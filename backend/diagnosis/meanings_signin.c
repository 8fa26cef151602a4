/* meanings_signin.c - signing in to smtp.office365.com with a mailbox: off, wrong, missing, retired. */
#include "backend/diagnosis/rules.h"

#define CHECK_LATER "It can take up to an hour to take effect. OAuth needs this switch as well."

const struct sp_meaning sp_means_smtp_auth_off_tenant = {
    .cause = "smtp_auth_off_tenant",
    .class_ = SP_CLASS_AUTH_DISABLED,
    .summary = "Authenticated SMTP is switched off for the whole organisation, and not switched on for {mailbox}.",
    .fix = "An Exchange administrator switches it on for this one mailbox, which overrides the organisation's switch. "
           "In Exchange Online PowerShell:\n"
           "Set-CASMailbox {mailbox} -SmtpClientAuthenticationDisabled $false\n"
           "Get-CASMailbox {mailbox} | fl SmtpClientAuthenticationDisabled\n"
           "Get-TransportConfig | fl SmtpClientAuthenticationDisabled\n" CHECK_LATER,
};

const struct sp_meaning sp_means_smtp_auth_off_mailbox = {
    .cause = "smtp_auth_off_mailbox",
    .class_ = SP_CLASS_AUTH_DISABLED,
    .summary = "Authenticated SMTP is switched off for the mailbox {mailbox}.",
    .fix = "An Exchange administrator switches it on: admin center, the user, Mail, Manage email apps, Authenticated "
           "SMTP; or in Exchange Online PowerShell:\n"
           "Set-CASMailbox {mailbox} -SmtpClientAuthenticationDisabled $false\n" CHECK_LATER,
};

const struct sp_meaning sp_means_smtp_auth_off = {
    .cause = "smtp_auth_off",
    .class_ = SP_CLASS_AUTH_DISABLED,
    .summary = "Microsoft 365 does not let {mailbox} sign in over SMTP: authenticated SMTP is switched off.",
    .fix = "An Exchange administrator looks where it is off and switches it on for this mailbox. In Exchange Online "
           "PowerShell:\n"
           "Get-CASMailbox {mailbox} | fl SmtpClientAuthenticationDisabled\n"
           "Get-TransportConfig | fl SmtpClientAuthenticationDisabled\n"
           "Set-CASMailbox {mailbox} -SmtpClientAuthenticationDisabled $false\n" CHECK_LATER,
};

const struct sp_meaning sp_means_mechanism_not_offered = {
    .cause = "mechanism_not_offered",
    .class_ = SP_CLASS_AUTH_DISABLED,
    .summary = "The server does not offer the way of signing in that is configured. Either authenticated SMTP is off "
               "for {mailbox}, or the host is not a submission server.",
    .fix = "The administrator checks that host is smtp.office365.com (not the MX host) and switches authenticated "
           "SMTP on for the mailbox. In Exchange Online PowerShell:\n"
           "Set-CASMailbox {mailbox} -SmtpClientAuthenticationDisabled $false\n"
           "Microsoft 365 takes LOGIN and XOAUTH2 only, after STARTTLS only.",
};

const struct sp_meaning sp_means_organization_config = {
    .cause = "organization_config",
    .class_ = SP_CLASS_AUTH_DISABLED,
    .summary = "The organisation's settings do not allow {mailbox} to sign in with a password over SMTP: security "
               "defaults, or an authentication policy without SMTP.",
    .fix = "Best: change the method to auth = oauth2. Otherwise an administrator gives the account an authentication "
           "policy that allows it, and security defaults must be off. In Exchange Online PowerShell:\n"
           "New-AuthenticationPolicy -Name 'Scan gateway' -AllowBasicAuthSmtp\n"
           "Set-User {mailbox} -AuthenticationPolicy 'Scan gateway'",
};

const struct sp_meaning sp_means_security_defaults = {
    .cause = "security_defaults",
    .class_ = SP_CLASS_AUTH_DISABLED,
    .summary = "Security defaults are on in Microsoft Entra and stop {mailbox} from signing in with a password.",
    .fix = "Best: change the method to auth = oauth2 with an app registration, which security defaults allow. "
           "Otherwise a Global Administrator replaces security defaults by Conditional Access policies that leave "
           "out this account (Entra admin center, Overview, Properties, Manage security defaults).",
};

const struct sp_meaning sp_means_conditional_access = {
    .cause = "conditional_access",
    .class_ = SP_CLASS_AUTH_DISABLED,
    .summary = "A policy of the organisation (Conditional Access, or security defaults) refused the sign-in of "
               "{mailbox}.",
    .fix = "An Entra administrator opens the sign-in logs, finds the failed sign-in and the policy that blocked it, "
           "and leaves this account or app out of it, or allows it from the office's address {ip}. Signing in as an "
           "app (auth = oauth2) avoids the policies for users. See https://aka.ms/smtp_auth_disabled for SMTP AUTH "
           "itself.",
};

const struct sp_meaning sp_means_user_credentials = {
    .cause = "user_credentials",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "User name or password of {mailbox} is wrong.",
    .fix = "Whoever looks after the account signs in with it at https://outlook.office.com and corrects the password "
           "file (and username, which must be the user principal name). If that works, an administrator checks that "
           "sign-in is not blocked for the account and that no policy asks for a second factor.",
};

const struct sp_meaning sp_means_account_locked = {
    .cause = "account_locked",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "The account {mailbox} is locked after too many failed sign-ins.",
    .fix = "An administrator unlocks it in the Entra admin center (or waits until the lock ends) and looks in the "
           "sign-in logs for the device that keeps trying an old password.",
};

const struct sp_meaning sp_means_account_disabled = {
    .cause = "account_disabled",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "Sign-in is blocked for the account {mailbox}.",
    .fix = "An administrator unblocks it: Microsoft 365 admin center, Active users, the user, Unblock sign-in; or in "
           "Microsoft Graph PowerShell:\n"
           "Update-MgUser -UserId {mailbox} -AccountEnabled:$true",
};

const struct sp_meaning sp_means_password_expired = {
    .cause = "password_expired",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "The password of {mailbox} has expired or must be changed.",
    .fix = "An administrator sets a new password without 'must change at next sign-in', lets it not expire for this "
           "account, and whoever runs scanpost puts it into the password file:\n"
           "Update-MgUser -UserId {mailbox} -PasswordPolicies DisablePasswordExpiration",
};

const struct sp_meaning sp_means_federated_sts = {
    .cause = "federated_sts",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "The organisation's own sign-in server (AD FS or pass-through agent) could not be reached, so "
               "Microsoft could not check {mailbox}.",
    .fix = "Whoever runs the sign-in server repairs it. To be independent of it, use an account of the "
           "tenant.onmicrosoft.com domain, or auth = oauth2 with an app registration.",
};

const struct sp_meaning sp_means_mailbox_permission = {
    .cause = "mailbox_permission",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "The app signed in but may not open the mailbox {mailbox}. This does not clear by itself unless the "
               "permission was given within the last hour.",
    .fix = "An Exchange administrator registers the app's service principal (with the object id of the enterprise "
           "application, not of the app registration) and gives it the mailbox. In Exchange Online PowerShell:\n"
           "Get-ServicePrincipal | fl AppId,ObjectId\n"
           "New-ServicePrincipal -AppId {client} -ObjectId <object id of the enterprise application>\n"
           "Add-MailboxPermission {mailbox} -User <object id of the enterprise application> -AccessRights FullAccess\n"
           "It can take up to an hour to take effect.",
};

const struct sp_meaning sp_means_sign_in_refused = {
    .cause = "sign_in_refused",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "Microsoft 365 refused the sign-in of {mailbox} without saying why.",
    .fix = "With a password: check it at https://outlook.office.com, and that authenticated SMTP is on for the "
           "mailbox. With oauth2: username must be the mailbox, and an Exchange administrator must have registered the "
           "app. In Exchange Online PowerShell:\n"
           "Get-CASMailbox {mailbox} | fl SmtpClientAuthenticationDisabled\n"
           "Get-ServicePrincipal | fl AppId,ObjectId\n"
           "New-ServicePrincipal -AppId {client} -ObjectId <object id of the enterprise application>\n"
           "Add-MailboxPermission {mailbox} -User <object id of the enterprise application> -AccessRights FullAccess\n"
           "It can take up to an hour to take effect.",
};

const struct sp_meaning sp_means_xoauth2_data = {
    .cause = "xoauth2_data",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "The server did not accept the user name that came with the OAuth token.",
    .fix = "Whoever runs scanpost checks that username is the address of the mailbox (of the High Volume Email "
           "account with HVE). For HVE an Exchange administrator lets the app in:\n"
           "Add-HVEAppAccess -Identity {mailbox} -AppIds <object id of the enterprise application>",
};

const struct sp_meaning sp_means_mfa_required = {
    .cause = "mfa_required",
    .class_ = SP_CLASS_AUTH_FAILED,
    .summary = "The account {mailbox} must sign in with a second factor, which a gateway cannot give.",
    .fix = "Change the method to auth = oauth2 with an app registration (client credentials): a second factor is not "
           "asked of apps. An administrator could also leave this account out of the policy that asks for it.",
};

const struct sp_meaning sp_means_not_signed_in = {
    .cause = "not_signed_in",
    .class_ = SP_CLASS_AUTH_REQUIRED,
    .summary = "The server wants a sign-in before it takes mail, and none took place.",
    .fix = "Whoever runs scanpost checks the host: smtp.office365.com needs a method of type submission with "
           "username and oauth2 or a password. Direct send and relay go to the MX host of {domain}, which is found "
           "by itself when host is not set.",
};

const struct sp_meaning sp_means_basic_auth_disabled = {
    .cause = "basic_auth_disabled",
    .class_ = SP_CLASS_BASIC_AUTH_RETIRED,
    .summary = "Microsoft 365 no longer takes a password from {mailbox}: basic authentication is disabled.",
    .fix =
        "Change the method to auth = oauth2: an administrator registers an app in Entra with the application "
        "permission SMTP.SendAsApp, and whoever runs scanpost sets oauth-tenant, oauth-client-id and a secret or "
        "certificate. For internal mail only, High Volume Email still takes passwords. Where a policy is the reason:\n"
        "Get-AuthenticationPolicy | fl Name,AllowBasicAuthSmtp",
};

const struct sp_meaning sp_means_basic_auth_retired = {
    .cause = "basic_auth_retired",
    .class_ = SP_CLASS_BASIC_AUTH_RETIRED,
    .summary = "Microsoft has retired passwords for sending over SMTP.",
    .fix = "Change the method to auth = oauth2: an administrator registers an app in Entra with the application "
           "permission SMTP.SendAsApp, and whoever runs scanpost sets oauth-tenant, oauth-client-id and a secret or "
           "certificate. A connector (relay) or Graph work as well.",
};
