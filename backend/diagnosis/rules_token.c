/* rules_token.c - what Microsoft Entra says instead of a token. The number behind AADSTS is stable, the sentence is
 * not. */
#include "backend/diagnosis/rules.h"
#include "base/auto.h"

#define AADSTS(numbers, meaning, words)                                                                                \
    {                                                                                                                  \
        .phrases = (numbers), .means = &(meaning), .source = SP_SRC_AADS, .example = (words)                           \
    }

static const struct sp_rule rules[] = {
    AADSTS(
        "aadsts7000222", sp_means_secret_expired,
        "AADSTS7000222: The provided client secret keys for app '11111111-1111-1111-1111-111111111111' are expired."),
    { .phrases =
          "aadsts7000215 & secret id | aadsts7000215 & not the client secret id | invalid client secret & secret id",
      .means = &sp_means_secret_id_pasted,
      .source = SP_SRC_AADS,
      .example = "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the "
                 "client secret value, not the client secret ID, for a secret added to app" },
    AADSTS("aadsts7000215 | aadsts7000216 | aadsts50012 | aadsts50013 | invalid client secret", sp_means_secret_wrong,
           "AADSTS7000215: Invalid client secret is provided."),
    AADSTS(
        "aadsts7000218 | aadsts700025 | aadsts7000217", sp_means_secret_missing,
        "AADSTS7000218: The request body must contain the following parameter: 'client_assertion' or 'client_secret'."),
    AADSTS("aadsts700016 | aadsts7000229 | aadsts70001 | aadsts700038 | aadsts70011 & client_id | aadsts7000221",
           sp_means_app_missing,
           "AADSTS700016: Application with identifier '11111111-1111-1111-1111-111111111111' was not found in the "
           "directory 'Contoso'."),
    AADSTS("aadsts7000112 | aadsts7000113 | aadsts700054 | aadsts500014 | aadsts50001 & disabled",
           sp_means_app_disabled,
           "AADSTS7000112: Application '11111111-1111-1111-1111-111111111111'(scanpost) is disabled."),
    AADSTS("aadsts90002 | aadsts900021 | aadsts900023 | aadsts50059 | aadsts50128 | aadsts90019 | aadsts5000224",
           sp_means_tenant_unknown,
           "AADSTS90002: Tenant 'contoso.example' not found. Check to make sure you have the correct tenant ID."),
    AADSTS("aadsts70011 | aadsts1002012 | aadsts500011 | aadsts50001 | aadsts700022 | aadsts70022 | aadsts28002 | "
           "aadsts28003 | aadsts650053 | aadsts650057",
           sp_means_scope_wrong,
           "AADSTS1002012: The provided value for scope https://outlook.office365.com is not valid. Client "
           "credential flows must have a scope value with /.default suffixed to the resource identifier."),
    { .phrases = "aadsts700027 & expired | aadsts700027 & not within its valid time | aadsts1000502",
      .means = &sp_means_app_certificate_expired,
      .source = SP_SRC_AADS,
      .example = "AADSTS700027: The certificate with identifier used to sign the client assertion is expired on "
                 "application." },
    { .phrases = "aadsts700027 & not registered | aadsts700027 & not found | aadsts700030 | aadsts700027 & thumbprint",
      .means = &sp_means_certificate_unregistered,
      .source = SP_SRC_AADS,
      .example = "AADSTS700027: The certificate with identifier used to sign the client assertion is not registered "
                 "on application. [Reason - The key was not found.]" },
    { .phrases = "aadsts700024 | aadsts500133 | aadsts700021 & time | assertion is not within its valid time range",
      .means = &sp_means_assertion_clock,
      .source = SP_SRC_AADS,
      .example =
          "AADSTS700024: Client assertion is not within its valid time range. Current time: 2026-11-23T12:00:00Z" },
    AADSTS("aadsts700027 | aadsts700021 | aadsts700023 | aadsts50027 | aadsts5002723 | aadsts700211 | aadsts700212 | "
           "aadsts700213 | aadsts70021 | aadsts50148",
           sp_means_assertion_refused, "AADSTS700027: Client assertion failed signature validation."),
    AADSTS("aadsts65001 | aadsts65002 | aadsts65004 | aadsts90094 | aadsts90008 | aadsts650052 | aadsts650056 | "
           "aadsts650051 | aadsts50105 | aadsts501051 | aadsts82001 | aadsts900971 | aadsts65005",
           sp_means_app_permission,
           "AADSTS65001: The user or administrator has not consented to use the application with ID"),
    AADSTS("aadsts530035 | aadsts530034 & security defaults | aadsts530036", sp_means_security_defaults,
           "AADSTS530035: Access has been blocked by security defaults."),
    AADSTS(
        "aadsts53000 | aadsts53001 | aadsts53002 | aadsts53003 | aadsts53004 | aadsts53009 | aadsts53010 | "
        "aadsts53011 | aadsts530031 | aadsts530032 | aadsts530033 | aadsts530034 | aadsts50097 | aadsts50005 | "
        "aadsts50131 | aadsts50158 | aadsts50155 | aadsts53008",
        sp_means_conditional_access,
        "AADSTS53003: Access has been blocked by Conditional Access policies. The access policy does not allow token "
        "issuance."),
    AADSTS("aadsts50034 | aadsts51004 | aadsts50020 | aadsts50177 | aadsts50178 | aadsts16003 | aadsts50107",
           sp_means_user_unknown,
           "AADSTS50034: The user account scan@contoso.com does not exist in the contoso.com directory."),
    AADSTS("aadsts50126 | aadsts50056 | aadsts50064 | aadsts50061", sp_means_user_credentials,
           "AADSTS50126: Error validating credentials due to invalid username or password."),
    AADSTS("aadsts50053", sp_means_account_locked,
           "AADSTS50053: The account is locked, you've tried to sign in too many times with an incorrect user ID or "
           "password."),
    AADSTS("aadsts50057", sp_means_account_disabled, "AADSTS50057: The user account is disabled."),
    AADSTS("aadsts50055 | aadsts50144 | aadsts50142", sp_means_password_expired,
           "AADSTS50055: The password is expired."),
    AADSTS("aadsts50076 | aadsts50079 | aadsts50072 | aadsts50074 | aadsts50078 | aadsts50125 | aadsts50207",
           sp_means_mfa_required,
           "AADSTS50076: Due to a configuration change made by your administrator, or because you moved to a new "
           "location, you must use multi-factor authentication to access."),
    AADSTS("aadsts70008 | aadsts700082 | aadsts700084 | aadsts50173 | aadsts50132 | aadsts50133 | aadsts70043 | "
           "aadsts700081 | aadsts54005 | aadsts50089 | aadsts700003 | aadsts50140",
           sp_means_consent_expired, "AADSTS700082: The refresh token has expired due to inactivity."),
    AADSTS("aadsts80001 | aadsts80002 | aadsts80005 | aadsts80007 | aadsts80010 | aadsts80012 | aadsts80013 | "
           "aadsts80014 | aadsts81004 | aadsts50008 | aadsts50006 | aadsts50107 | aadsts90033 & federat",
           sp_means_federated_sts, "AADSTS80002: The Authentication Agent's password validation request timed out."),
    AADSTS("aadsts5000211 | aadsts500021 | aadsts500212 | aadsts500213 | aadsts5000212 | aadsts50127",
           sp_means_tenant_restrictions, "AADSTS500021: Access to 'Contoso' tenant is denied."),
    AADSTS("aadsts900382 | aadsts900381 | aadsts50049 | aadsts900384 | aadsts90038 | aadsts500031 | aadsts900439 | "
           "aadsts900432",
           sp_means_wrong_cloud, "AADSTS900382: Confidential Client is not supported in Cross Cloud request."),
    AADSTS("aadsts50196 | aadsts90055 | aadsts900809 | aadsts90056 & too many | aadsts50199 & too many",
           sp_means_token_throttled,
           "AADSTS50196: The server terminated an operation because it encountered a client request loop."),
    AADSTS("aadsts90033 | aadsts50000 | aadsts90024 | aadsts90051 & try | aadsts90006 | aadsts90004 | "
           "aadsts50194 & try | aadsts10001 & try | aadsts1000031 | temporarily_unavailable | aadsts90085",
           sp_means_token_service_busy, "AADSTS90033: A transient error has occurred. Please try again."),
    AADSTS("aadsts90014 | aadsts900144 | aadsts90013 | aadsts900561 | aadsts9002313 | aadsts90023 | aadsts70003 | "
           "aadsts900971 | aadsts90056 | aadsts900941 | aadsts50011 | aadsts90015 | aadsts70002 | aadsts900491 | "
           "aadsts9002",
           sp_means_request_incomplete,
           "AADSTS900144: The request body must contain the following parameter: 'client_id'."),
    { .phrases = "aadsts",
      .means = &sp_means_token_refused,
      .source = SP_SRC_AADS,
      .example = "AADSTS999999: Something new." },

    /* Without a number: the words of OAuth, then of HTTP */
    { .phrases = "invalid_client & expired",
      .means = &sp_means_secret_expired,
      .source = "RFC 6749 section 5.2",
      .example = "{\"error\":\"invalid_client\",\"error_description\":\"The client secret is expired\"}" },
    { .phrases = "invalid_client | unauthorized_client & secret",
      .means = &sp_means_secret_wrong,
      .source = "RFC 6749 section 5.2",
      .example = "{\"error\":\"invalid_client\"}" },
    { .phrases = "unauthorized_client",
      .means = &sp_means_app_missing,
      .source = "RFC 6749 section 5.2",
      .example = "{\"error\":\"unauthorized_client\"}" },
    { .phrases = "invalid_scope | invalid_resource | invalid_target",
      .means = &sp_means_scope_wrong,
      .source = "RFC 6749 section 5.2",
      .example = "{\"error\":\"invalid_scope\"}" },
    { .phrases = "consent_required | interaction_required | login_required",
      .means = &sp_means_app_permission,
      .source = "OpenID Connect Core section 3.1.2.6",
      .example = "{\"error\":\"consent_required\"}" },
    { .phrases = "invalid_tenant | tenant_not_found",
      .means = &sp_means_tenant_unknown,
      .source = SP_SRC_SEEN,
      .example = "{\"error\":\"invalid_tenant\"}" },
    { .phrases = "invalid_grant",
      .means = &sp_means_consent_expired,
      .source = "RFC 6749 section 5.2",
      .example = "{\"error\":\"invalid_grant\"}" },
    { .phrases = "\"invalid_request\" | unsupported_grant_type",
      .means = &sp_means_request_incomplete,
      .source = "RFC 6749 section 5.2",
      .example = "{\"error\":\"invalid_request\"}" },
    { .stages = SP_AT(TOKEN),
      .code = SP_CODE(407),
      .means = &sp_means_proxy_auth,
      .source = "RFC 9110 section 15.5.8",
      .example = "407 Proxy Authentication Required" },
    { .stages = SP_AT(TOKEN),
      .code = SP_CODE(429),
      .means = &sp_means_token_throttled,
      .source = "RFC 6585 section 4",
      .example = "429 Too Many Requests" },
    { .stages = SP_AT(TOKEN),
      .phrases = "<html | <!doctype | captive | login page",
      .code = SP_CODES(200, 499),
      .means = &sp_means_proxy,
      .source = SP_SRC_SEEN,
      .example = "403 <!DOCTYPE html><title>Web filter</title>" },
    { .stages = SP_AT(TOKEN),
      .code = SP_CODES(500, 599),
      .means = &sp_means_token_service_busy,
      .source = "RFC 9110 section 15.6",
      .example = "503 Service Unavailable" },
    { .stages = SP_AT(TOKEN),
      .code = SP_CODE(404),
      .means = &sp_means_tenant_unknown,
      .source = SP_SRC_SEEN,
      .example = "404 Not Found" },
    { .stages = SP_AT(TOKEN),
      .code = SP_CODES(400, 499),
      .means = &sp_means_token_refused,
      .source = "RFC 6749 section 5.2",
      .example = "401 Unauthorized" },
    { .stages = SP_AT(TOKEN),
      .code = SP_CODES(300, 399),
      .means = &sp_means_proxy,
      .source = SP_SRC_SEEN,
      .example = "302 Found" },
};

const struct sp_rule_table sp_rules_token = { rules, SP_LEN(rules) };
