/* rules_smtp_signin.c - phrases about AUTH, what comes instead of it, and what comes when it was left out. The many
 * meanings of 535 5.7.139 are told apart by their words alone; what they say is also found inside 530 5.7.57, in
 * bounces and in message boxes, so most rows ask for no code. */
#include "backend/diagnosis/rules.h"
#include "base/auto.h"

static const struct sp_rule rules[] = {
    /* Switched off */
    { .phrases = "smtpclientauthentication & tenant | smtpclientauthentication & organization | "
                 "smtp auth & disabled & tenant | smtp client authentication & disabled & tenant",
      .means = &sp_means_smtp_auth_off_tenant,
      .source = SP_SRC_AUTH,
      .example = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant." },
    { .phrases = "smtpclientauthentication & mailbox | smtpclientauthentication & user | "
                 "smtp auth & disabled & mailbox | smtp client authentication & disabled & mailbox",
      .means = &sp_means_smtp_auth_off_mailbox,
      .source = SP_SRC_AUTH,
      .example = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox." },
    { .phrases = "smtpclientauthentication | smtp_auth_disabled | smtp auth & disabled | "
                 "smtp client authentication & disabled",
      .means = &sp_means_smtp_auth_off,
      .source = SP_SRC_SEEN,
      .example = "535 5.7.139 Authentication unsuccessful, see https://aka.ms/smtp_auth_disabled" },
    { .phrases = "basic auth & not supported | basic auth & retired | basic auth & deprecated | "
                 "basic auth & no longer | basic auth & removed",
      .means = &sp_means_basic_auth_retired,
      .source = SP_SRC_SEEN,
      .example = "550 5.7.0 Basic authentication is no longer supported for SMTP AUTH" },
    { .phrases = "basic auth | basicauth",
      .means = &sp_means_basic_auth_disabled,
      .source = SP_SRC_AUTH,
      .example = "535 5.7.139 Authentication unsuccessful, basic authentication is disabled." },
    { .phrases = "security defaults",
      .means = &sp_means_security_defaults,
      .source = SP_SRC_SEEN,
      .example = "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults "
                 "policy. Contact your administrator." },
    { .phrases = "organization configuration | organisation configuration | authentication policy | "
                 "authenticationpolicy | organization & not allow & authentication",
      .means = &sp_means_organization_config,
      .source = "Microsoft: Troubleshoot High Volume Email",
      .example = "535 5.7.139 Authentication unsuccessful, the organization configuration doesn't allow this "
                 "authentication request." },
    { .phrases = "did not meet the criteria | didn't meet the criteria | conditional access & auth | "
                 "blocked by policy & auth",
      .means = &sp_means_conditional_access,
      .source = "Dynamics 365: email troubleshooting, Authentication unsuccessful",
      .example = "535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated "
                 "successfully. Contact your administrator." },

    /* Wrong */
    { .phrases = "federated sts | sts service & unreachable | federation & unreachable | adfs & unreachable | "
                 "federated & unreachable",
      .means = &sp_means_federated_sts,
      .source = SP_SRC_SEEN,
      .example = "535 5.7.139 Authentication unsuccessful, federated STS service was unreachable." },
    { .phrases = "account locked | account is locked | user is locked | locked out | account has been locked",
      .means = &sp_means_account_locked,
      .source = SP_SRC_SEEN,
      .example = "535 5.7.139 Authentication unsuccessful, account locked." },
    { .phrases = "password & expired | credentials have expired | password must be changed | must change password | "
                 "password needs to be",
      .means = &sp_means_password_expired,
      .source = SP_SRC_SEEN,
      .example = "535 5.7.139 Authentication unsuccessful, the password has expired." },
    { .stages = SP_AT(AUTH),
      .phrases = "account disabled | account is disabled | user is disabled | account has been disabled | "
                 "sign-in & blocked | signin & blocked | account is blocked",
      .means = &sp_means_account_disabled,
      .source = SP_SRC_SEEN,
      .example = "535 5.7.139 Authentication unsuccessful, account disabled." },
    { .enhanced = "x.7.139, 5.7.3, 5.7.8",
      .phrases = "account & disabled | user & disabled | account & blocked",
      .means = &sp_means_account_disabled,
      .source = SP_SRC_SEEN,
      .example = "535 5.7.139 Authentication unsuccessful, the user account is disabled." },
    { .phrases = "multi-factor | multifactor | mfa & required | strong authentication | "
                 "application-specific password | app password",
      .stages = SP_AT_SMTP,
      .means = &sp_means_mfa_required,
      .source = SP_SRC_SEEN,
      .example = "534 5.7.9 Multi-factor authentication is required for this account" },
    { .phrases = "xoauth2 & invalid | invalid & oauth & token | oauth & user address | bearer & invalid",
      .stages = SP_AT_SMTP,
      .means = &sp_means_xoauth2_data,
      .source = SP_SRC_SEEN,
      .example = "535 5.7.8 Invalid XOAUTH2 data" },
    { .phrases = "user credentials | credentials were incorrect | credentials & invalid | bad username | "
                 "username and password not accepted | invalid username | invalid user name | password & incorrect | "
                 "incorrect password | wrong password | invalid password | invalid login | bad credentials",
      .stages = SP_AT_SMTP,
      .means = &sp_means_user_credentials,
      .source = SP_SRC_AUTH,
      .example = "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect." },
    { .phrases = "mailbox logon failure | mapiexceptionlogonfailed | logonfailed | mailbox & logon fail | "
                 "logondenied | logon denied",
      .means = &sp_means_mailbox_permission,
      .source = "Microsoft: Authenticate an IMAP, POP or SMTP connection using OAuth; observed after the dot",
      .example = "430 4.2.0 STOREDRV; mailbox logon failure; Failed to process message" },

    /* Not offered, not understood, left out */
    { .stages = SP_AT_SMTP,
      .phrases = "unrecognized authentication | unrecognised authentication | unsupported authentication | "
                 "authentication mechanism & not | authentication type & not | mechanism & not supported | "
                 "auth mechanism | authentication & not enabled | authentication is disabled",
      .means = &sp_means_mechanism_not_offered,
      .source = SP_SRC_AUTH,
      .example = "504 5.7.4 Unrecognized authentication type [MW4PR03CA0123.namprd03.prod.outlook.com]" },
    { .enhanced = "x.7.4",
      .stages = SP_AT_SMTP,
      .means = &sp_means_mechanism_not_offered,
      .source = SP_SRC_3463,
      .example = "504 5.7.4 Mechanism?" },
    { .stages = SP_AT(AUTH), /* ours out of turn, which says nothing about what is offered */
      .code = SP_CODE(503),
      .phrases = "hello | helo | ehlo | bad sequence | out of sequence | already | nested",
      .means = &sp_means_sequence,
      .source = SP_SRC_SERV,
      .example = "503 5.5.2 Send hello first" },
    { .stages = SP_AT(AUTH),
      .code = SP_CODES(502, 504),
      .means = &sp_means_mechanism_not_offered,
      .source = "RFC 4954 section 4",
      .example = "503 5.5.1 Error: not here" },
    { .stages = SP_AT_SMTP,
      .phrases = "client was not authenticated | client not authenticated | client is not authenticated | "
                 "not logged in | must authenticate | must be authenticated | authentication required before | "
                 "authenticate first | authenticate before | authentication is required | log in first | "
                 "anonymous mail during | need to authenticate | requires authentication | user not authenticated",
      .means = &sp_means_not_signed_in,
      .source = SP_SRC_NDR,
      .example = "550 5.7.1 Client was not authenticated" },
    { .code = SP_CODE(530),
      .stages = SP_AT_SMTP,
      .means = &sp_means_not_signed_in,
      .source = "RFC 4954 section 6",
      .example = "530 5.7.1 Authentication" },

    /* At AUTH, the rest */
    { .stages = SP_AT_SMTP,
      .phrases = "temporary authentication | authentication & temporarily | authentication & try again | "
                 "authentication & internal error",
      .code = SP_CODES(400, 499),
      .means = &sp_means_auth_service_busy,
      .source = "RFC 4954 section 6",
      .example = "454 4.7.0 Temporary authentication failure" },
    { .code = SP_CODE(454),
      .stages = SP_AT(AUTH),
      .means = &sp_means_auth_service_busy,
      .source = "RFC 4954 section 6",
      .example = "454 4.3.0 Try later" },
    { .enhanced = "x.7.139, 5.7.8, 5.7.9",
      .stages = SP_AT_SMTP,
      .means = &sp_means_sign_in_refused,
      .source = SP_SRC_AUTH,
      .example = "535 5.7.139 Authentication unsuccessful" },
    { .code = SP_CODE(535),
      .stages = SP_AT_SMTP,
      .means = &sp_means_sign_in_refused,
      .source = "Microsoft: Authenticate an IMAP, POP or SMTP connection using OAuth",
      .example = "535 5.7.3 Authentication unsuccessful [SN2PR00CA0018.namprd00.prod.outlook.com]" },
    { .code = SP_CODE(534),
      .stages = SP_AT_SMTP,
      .means = &sp_means_mechanism_not_offered,
      .source = "RFC 4954 section 6",
      .example = "534 Too weak" },
    { .stages = SP_AT_SMTP,
      .phrases = "authentication unsuccessful | authentication failed | authentication failure | auth failed | "
                 "login failed | failed to authenticate | authentication rejected | login denied",
      .code = SP_CODES(500, 599),
      .means = &sp_means_sign_in_refused,
      .source = SP_SRC_SEEN,
      .example = "550 5.7.1 Authentication failed" },
    { .bare = true,
      .phrases = "authentication unsuccessful | authentication failed | login failed | failed to authenticate",
      .stages = SP_AT_SMTP,
      .means = &sp_means_sign_in_refused,
      .source = SP_SRC_SEEN,
      .example = "Authentication unsuccessful" },
};

const struct sp_rule_table sp_rules_smtp_signin = { rules, SP_LEN(rules) };
