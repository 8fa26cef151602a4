#include "backend/sandbox/words.h"

#include "base/auto.h"

/* What must hold beside trick and stage. */
enum condition {
    ALWAYS,
    SAID_STAGE, /* the scenario names the stage, or has this one by default */
    FOR_ADDRESS,
    FROM_INSIDE,
    BY_PASSWORD,
    BY_TOKEN,
    OVER_SIZE,
};

static const struct refusal {
    enum sp_box_trick trick;
    enum sp_box_stage stage; /* NO_STAGE: any */
    enum condition condition;
    const char *words;
} refusals[] = {
    { SP_BOX_THROTTLED, SP_BOX_BANNER, SAID_STAGE, "421 4.7.500 Server busy. Please try again later." },
    { SP_BOX_THROTTLED, SP_BOX_NO_STAGE, SAID_STAGE,
      "451 4.7.500 Server busy. Please try again later from [{ip}]. (AS843) {at}" },
    { SP_BOX_BUSY, SP_BOX_BANNER, SAID_STAGE,
      "421 4.3.2 The maximum number of concurrent connections per resource forest has exceeded a limit, closing "
      "transmission channel. {host}. PRX8 {at}" },
    { SP_BOX_BUSY, SP_BOX_NO_STAGE, SAID_STAGE, "451 4.7.0 Temporary server error. Please try again later. PRX4 {at}" },
    { SP_BOX_SPAMHAUS, SP_BOX_MAIL, ALWAYS,
      "550 5.7.1 Service unavailable, Client host [{ip}] blocked using Spamhaus. To request removal from this list see "
      "https://www.spamhaus.org/query/ip/{ip} (AS3130). [Name=Protocol Filter Agent][AGT=PFA][MxId=11BB60EC9FF1E732] "
      "{at}" },
    { SP_BOX_IP_RATE, SP_BOX_MAIL, ALWAYS,
      "451 4.7.650 The mail server [{ip}] has been temporarily rate limited due to IP reputation. For e-mail delivery "
      "information, see https://aka.ms/postmaster (S775) [Name=Protocol Filter Agent][AGT=PFA][MxId=11BCD825A78A8D0B] "
      "{at}" },
    { SP_BOX_AUTH_REQUIRED, SP_BOX_MAIL, ALWAYS,
      "530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM {at}" },
    { SP_BOX_OLD_TLS, SP_BOX_STARTTLS, ALWAYS,
      "421 4.7.66 TLS 1.0 and 1.1 are not supported. Please upgrade/update your client to support TLS 1.2. Visit "
      "https://aka.ms/smtp_auth_tls. {at}" },
    { SP_BOX_NOT_ATTRIBUTED, SP_BOX_RCPT, ALWAYS, "550 5.7.64 TenantAttribution; Relay Access Denied {at}" },
    { SP_BOX_WRONG_REGION, SP_BOX_RCPT, ALWAYS,
      "451 4.4.62 Mail sent to the wrong Office 365 region. ATTR35. For more information please go to "
      "https://go.microsoft.com/fwlink/?linkid=865268 {at}" },
    { SP_BOX_IP_BLOCKED, SP_BOX_RCPT, ALWAYS,
      "550 5.7.606 Access denied, banned sending IP [{ip}]. To request removal from this list please visit "
      "https://sender.office.com/ and follow the directions. For more information please go to  "
      "http://go.microsoft.com/fwlink/?LinkID=526655 (AS16012609) {at}" },
    { SP_BOX_DIRECT_REJECTED, SP_BOX_RCPT, FROM_INSIDE,
      "550 5.7.68 TenantInboundAttribution; Direct Send not allowed for this organization from unauthorized sources "
      "{at}" },
    { SP_BOX_RECIPIENT_UNKNOWN, SP_BOX_RCPT, FOR_ADDRESS,
      "550 5.4.1 Recipient address rejected: Access denied. AS(201806281) {at}" },
    { SP_BOX_RECIPIENT_AUTH_REQUIRED, SP_BOX_RCPT, FOR_ADDRESS,
      "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check "
      "failed because the sender was not authenticated when sending to this group {at}" },
    { SP_BOX_QUOTA, SP_BOX_RCPT, FOR_ADDRESS,
      "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded; "
      "Failed to process message due to a permanent exception with message The message store has reached its maximum "
      "size. {at}" },
    { SP_BOX_AUTH_DISABLED, SP_BOX_AUTH, ALWAYS,
      "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit "
      "https://aka.ms/smtp_auth_disabled for more information. {at}" },
    { SP_BOX_BASIC_AUTH_RETIRED, SP_BOX_AUTH, BY_PASSWORD,
      "535 5.7.139 Authentication unsuccessful, basic authentication is disabled. {at}" },
    { SP_BOX_BASIC_AUTH_REMOVED, SP_BOX_AUTH, BY_PASSWORD,
      "550 5.7.30 Basic authentication is not supported for Client Submission. {at}" },
    { SP_BOX_AUTH_FAILED, SP_BOX_AUTH, BY_PASSWORD,
      "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect. {at}" },
    { SP_BOX_AUTH_FAILED, SP_BOX_AUTH, BY_TOKEN, "535 5.7.3 Authentication unsuccessful {at}" },
    { SP_BOX_TOO_LARGE, SP_BOX_MESSAGE, OVER_SIZE,
      "550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient {at}" },
    { SP_BOX_SENDER_DENIED, SP_BOX_MESSAGE, ALWAYS,
      "554 5.2.252 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process "
      "message due to a permanent exception with message Cannot submit message. {at}" },
    { SP_BOX_LOGON_FAILED, SP_BOX_MESSAGE, ALWAYS,
      "430 4.2.0 STOREDRV; mailbox logon failure; STOREDRV.Submission.Exception:LogonFailedException."
      "MapiExceptionLogonFailed; Failed to process message due to a transient exception with message Cannot open "
      "mailbox. {at}" },
    { SP_BOX_SENDER_AUTHENTICATION, SP_BOX_MESSAGE, ALWAYS,
      "550 5.7.509 Access denied, sending domain [{domain}] does not pass DMARC verification and has a DMARC policy of "
      "reject. {at}" },
    { SP_BOX_SUBMISSION_QUOTA, SP_BOX_MESSAGE, ALWAYS,
      "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message due to a "
      "permanent exception with message The sender's submission quota was exceeded. {at}" },
    { SP_BOX_MALFORMED, SP_BOX_MESSAGE, ALWAYS,
      "550 5.7.512 Access denied, message must be RFC 5322 section 3.6.2 compliant {at}" },
    { SP_BOX_OTHER, SP_BOX_MESSAGE, ALWAYS, "554 5.9.9 The moon is in the wrong house {at}" },
    { SP_BOX_SPAM, SP_BOX_MESSAGE, ALWAYS, "550 5.7.1 Message rejected as spam by Content Filtering. {at}" },
};

static bool
holds(struct sp_box_scenarios *scenarios, const struct sp_box_moment *m, const struct refusal *row)
{
    struct sp_box_scenario scenario;
    switch (row->condition) {
    case ALWAYS:
        return sp_box_plays(scenarios, m->where, row->trick, NULL);
    case SAID_STAGE:
        return sp_box_plays_at(scenarios, m->where, row->trick, m->stage, NULL);
    case FOR_ADDRESS:
        return m->address != NULL && sp_box_plays_for(scenarios, m->where, row->trick, m->address);
    case FROM_INSIDE:
        return m->from_inside && sp_box_plays(scenarios, m->where, row->trick, NULL);
    case BY_PASSWORD:
        return !m->by_token && sp_box_plays(scenarios, m->where, row->trick, NULL);
    case BY_TOKEN:
        return m->by_token && sp_box_plays(scenarios, m->where, row->trick, NULL);
    case OVER_SIZE:
        return sp_box_plays(scenarios, m->where, row->trick, &scenario) && m->size > scenario.number;
    }
    return false;
}

const char *
sp_box_refusal(struct sp_box_scenarios *scenarios, const struct sp_box_moment *moment)
{
    for (size_t i = 0; i < SP_LEN(refusals); i++) {
        const struct refusal *row = &refusals[i];
        bool now = row->stage == SP_BOX_NO_STAGE || row->stage == moment->stage;
        if (now && holds(scenarios, moment, row))
            return row->words;
    }
    return NULL;
}
