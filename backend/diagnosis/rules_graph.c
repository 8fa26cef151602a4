/* rules_graph.c - errors of Microsoft Graph: its own codes, those of EWS that it passes on, then the HTTP status. */
#include "backend/diagnosis/rules.h"
#include "base/auto.h"

#define GRAPH(words, meaning, page, sample)                                                                            \
    {                                                                                                                  \
        .stages = SP_AT(API) | SP_AT(NONE), .phrases = (words), .means = &(meaning), .source = (page),                 \
        .example = (sample)                                                                                            \
    }

static const struct sp_rule rules[] = {
    /* In whose name, and whose mailbox */
    GRAPH("errorsendasdenied | errorsendonbehalfdenied", sp_means_send_as, SP_SRC_EWS,
          "{\"error\":{\"code\":\"ErrorSendAsDenied\",\"message\":\"The user account which was used to submit this "
          "request does not have the right to send mail on behalf of the specified sending account.\"}}"),
    GRAPH("raop | blocked by tenant configured apponly | accesspolicy settings", sp_means_app_access_policy,
          SP_SRC_GRAPH,
          "{\"error\":{\"code\":\"ErrorAccessDenied\",\"message\":\"Access to OData is disabled: [RAOP] : Blocked by "
          "tenant configured AppOnly AccessPolicy settings.\"}}"),
    GRAPH("mailboxnotenabledforrestapi | restapinotenabled | errorinvaliduser | request_resourcenotfound | "
          "errornonexistentmailbox | errormailboxnotfound | mailboxnotfound | errormissingemailaddress | "
          "mailboxnotsupportedforrestapi | errormailboxconfiguration | mailbox is either inactive | "
          "user & not found & resourcenotfound | errornomailbox",
          sp_means_mailbox_missing, SP_SRC_GRAPH,
          "{\"error\":{\"code\":\"MailboxNotEnabledForRESTAPI\",\"message\":\"The mailbox is either inactive, "
          "soft-deleted, or is hosted on-premise.\"}}"),
    GRAPH("errormessagesubmissionblocked | erroraccountsuspend | accountsuspended | errorsubmissionblocked",
          sp_means_sender_restricted, SP_SRC_EWS,
          "{\"error\":{\"code\":\"ErrorMessageSubmissionBlocked\",\"message\":\"Cannot send mail.\"}}"),

    /* Limits */
    GRAPH("errorexceededmessagelimit | errorsubmissionquotaexceeded | errorexceededrecipientlimit",
          sp_means_daily_recipients, SP_SRC_GRAPH,
          "{\"error\":{\"code\":\"ErrorExceededMessageLimit\",\"message\":\"Cannot send mail. Follow the "
          "instructions in your Inbox to verify your account.\"}}"),
    GRAPH("mailboxconcurrency | applicationthrottled | toomanyrequests | too many requests | activitylimitreached | "
          "applicationconcurrency | errorexceededconnectioncount | errorapplicationthrottled | request_throttled | "
          "resourcethrottled | quotalimitreached",
          sp_means_graph_throttled, SP_SRC_GRAPH,
          "{\"error\":{\"code\":\"ApplicationThrottled\",\"message\":\"Application is over its MailboxConcurrency "
          "limit.\"}}"),
    GRAPH("errorquotaexceeded | errorsendquotaexceeded | errormailboxfull | mailbox quota & sending",
          sp_means_sender_mailbox_full, SP_SRC_EWS,
          "{\"error\":{\"code\":\"ErrorQuotaExceeded\",\"message\":\"The mailbox quota has been exceeded.\"}}"),
    GRAPH("errormessagesizeexceeded | errormessagetoobig | errorattachmentsizelimitexceeded | "
          "requestentitytoolarge | requestbodytoolarge | maxrequestlength | errorinvalidattachmentsize | "
          "attachmentsizelimit | request entity too large | payload too large | content too large | "
          "maximum request length",
          sp_means_request_size, SP_SRC_EWS,
          "{\"error\":{\"code\":\"ErrorMessageSizeExceeded\",\"message\":\"The message exceeds the maximum supported "
          "size.\"}}"),
    GRAPH("errortoomanyrecipients | errorrecipientlimit", sp_means_recipients_per_message, SP_SRC_EWS,
          "{\"error\":{\"code\":\"ErrorTooManyRecipients\",\"message\":\"The message has too many recipients.\"}}"),
    GRAPH("errorinvalidrecipients | errorrecipientnotfound | errorinvalidrecipient", sp_means_no_such_recipient,
          SP_SRC_EWS,
          "{\"error\":{\"code\":\"ErrorInvalidRecipients\",\"message\":\"At least one recipient isn't valid.\"}}"),
    GRAPH("errorinvalidsmtpaddress", sp_means_bad_address, SP_SRC_EWS,
          "{\"error\":{\"code\":\"ErrorInvalidSmtpAddress\",\"message\":\"The SMTP address has invalid format.\"}}"),

    /* The token, the app */
    GRAPH("organizationfromtenantguidnotfound | invalidtenant | tenantnotfound", sp_means_tenant_unknown, SP_SRC_GRAPH,
          "{\"error\":{\"code\":\"OrganizationFromTenantGuidNotFound\",\"message\":\"The tenant for tenant guid does "
          "not exist.\"}}"),
    GRAPH("lifetime validation failed | token is expired | token has expired | token expired | token not yet valid | "
          "idx10223 | idx10222",
          sp_means_assertion_clock, SP_SRC_GRAPH,
          "{\"error\":{\"code\":\"InvalidAuthenticationToken\",\"message\":\"Lifetime validation failed, the token "
          "is expired.\"}}"),
    GRAPH("invalidauthenticationtoken | compacttoken | authenticationerror | access token validation failure | "
          "authentication_expiredtoken | invalidmsaticket | access token is empty | jwt is not well formed | "
          "unknownidentity",
          sp_means_token_invalid, SP_SRC_GRAPH,
          "{\"error\":{\"code\":\"InvalidAuthenticationToken\",\"message\":\"Access token validation failure. "
          "Invalid audience.\"}}"),
    GRAPH("erroraccessdenied | authorization_requestdenied | accessdenied | access is denied. check credentials | "
          "insufficient privileges | errorinsufficientpermissions | authorization_identitynotfound | "
          "nopermissionsinaccesstoken | errorimpersonateuserdenied",
          sp_means_app_permission, SP_SRC_GRAPH,
          "{\"error\":{\"code\":\"ErrorAccessDenied\",\"message\":\"Access is denied. Check credentials and try "
          "again.\"}}"),

    /* Faults that pass */
    GRAPH(
        "serviceunavailable | service_unavailable | errorserverbusy | errortimeoutexpired | "
        "errormailboxstoreunavailable | errorinternalservertransient | gatewaytimeout | gateway timeout | "
        "errormailboxmoveinprogress | generalexception | unknownerror | errorinternalservererror | "
        "errorconnectionfailed | servernotavailable | timeouterror | errormailboxfailover | "
        "upstream request timeout | bad gateway | internalservererror | errorbatchprocessingstopped",
        sp_means_graph_unavailable, SP_SRC_GRAPH,
        "{\"error\":{\"code\":\"ErrorServerBusy\",\"message\":\"The server cannot service this request right now.\"}}"),
    GRAPH("erroritemnotfound | uploadsessionnotfound | upload session & not found | upload session & expired | "
          "errorirresolvableconflict | erroritemsave | errorinvalidchangekey | errorstaleobject",
          sp_means_upload_lost, SP_SRC_GRAPH,
          "{\"error\":{\"code\":\"ErrorItemNotFound\",\"message\":\"The specified object was not found in the "
          "store.\"}}"),
    GRAPH("errormimecontentinvalid | errorinvalidrequest | requestbodyread | errorinvalidproperty | "
          "errorschemavalidation | errorinvalididmalformed | errorinvalidargument | invalidrange | "
          "unsupportedmediatype | errormimecontent | errorcontentconversion | unabletodeserializepostbody | "
          "badrequest | invalidrequest | errorinvalid",
          sp_means_graph_request, SP_SRC_GRAPH,
          "{\"error\":{\"code\":\"ErrorMimeContentInvalid\",\"message\":\"The MIME content is invalid.\"}}"),
    GRAPH("resourcenotfound", sp_means_mailbox_missing, SP_SRC_GRAPH,
          "{\"error\":{\"code\":\"ResourceNotFound\",\"message\":\"Resource could not be discovered.\"}}"),

    /* The status alone */
    { .stages = SP_AT(API),
      .code = SP_CODE(407),
      .means = &sp_means_proxy_auth,
      .source = "RFC 9110 section 15.5.8",
      .example = "407 Proxy Authentication Required" },
    { .stages = SP_AT(API),
      .code = SP_CODES(300, 499),
      .phrases = "<html | <!doctype",
      .means = &sp_means_proxy,
      .source = SP_SRC_SEEN,
      .example = "403 <!DOCTYPE html><title>Web filter</title>" },
    { .stages = SP_AT(API) | SP_AT(NONE),
      .code = SP_CODE(413),
      .means = &sp_means_request_size,
      .source = SP_SRC_GRAPH,
      .example = "413" },
    { .stages = SP_AT(API) | SP_AT(NONE),
      .code = SP_CODE(429),
      .means = &sp_means_graph_throttled,
      .source = SP_SRC_GRAPH,
      .example = "429" },
    { .stages = SP_AT(API),
      .code = SP_CODE(401),
      .means = &sp_means_token_invalid,
      .source = SP_SRC_GRAPH,
      .example = "401 Unauthorized" },
    { .stages = SP_AT(API),
      .code = SP_CODE(403),
      .means = &sp_means_app_permission,
      .source = SP_SRC_GRAPH,
      .example = "403 Forbidden" },
    { .stages = SP_AT(API),
      .code = SP_CODE(404),
      .means = &sp_means_mailbox_missing,
      .source = SP_SRC_GRAPH,
      .example = "404 Not Found" },
    { .stages = SP_AT(API),
      .code = SP_CODE(410),
      .means = &sp_means_upload_lost,
      .source = SP_SRC_GRAPH,
      .example = "410 Gone" },
    { .stages = SP_AT(API),
      .code = SP_CODE(507),
      .means = &sp_means_sender_mailbox_full,
      .source = SP_SRC_GRAPH,
      .example = "507 Insufficient Storage" },
    { .stages = SP_AT(API),
      .code = SP_CODE(408),
      .means = &sp_means_graph_unavailable,
      .source = "RFC 9110 section 15.5.9",
      .example = "408 Request Timeout" },
    { .stages = SP_AT(API),
      .code = SP_CODES(500, 599),
      .means = &sp_means_graph_unavailable,
      .source = SP_SRC_GRAPH,
      .example = "503 Try later" },
    { .stages = SP_AT(API),
      .code = SP_CODES(400, 499),
      .means = &sp_means_graph_request,
      .source = SP_SRC_GRAPH,
      .example = "400 What?" },
};

const struct sp_rule_table sp_rules_graph = { rules, SP_LEN(rules) };
