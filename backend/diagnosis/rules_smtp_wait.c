/* rules_smtp_wait.c - phrases of those who ask us to wait: limits, throttles, faults that pass. Here the words count
 * more than the first digit: there are 5xx that clear by waiting. */
#include "backend/diagnosis/rules.h"
#include "base/auto.h"

static const struct sp_rule rules[] = {
    /* Limits of an account, a tenant, a day */
    { .phrases = "trial tenant",
      .means = &sp_means_trial_tenant,
      .source = "Exchange team blog: tenant outbound email limits",
      .example = "550 5.7.1 Your trial tenant has exceeded its daily limit for sending email to external recipients" },
    { .phrases = "onmicrosoft & limit",
      .means = &sp_means_onmicrosoft_daily,
      .source = "Exchange team blog: limiting onmicrosoft domain usage",
      .example = "550 5.7.1 The limit for onmicrosoft.com senders is exceeded" },
    { .phrases = "tenant exceeded its daily limit | external recipient rate limit | tenant & daily limit | "
                 "tenant & exceeded & limit",
      .means = &sp_means_tenant_daily,
      .source = "Exchange team blog: tenant outbound email limits",
      .example = "550 5.7.1 Your tenant exceeded its daily limit for sending email to external recipients" },
    { .phrases = "submissionquotaexceeded | submission quota | daily limit for message recipients | "
                 "recipient rate limit & sender | reached & daily & limit & recipients | daily & recipient & limit",
      .means = &sp_means_daily_recipients,
      .source = SP_SRC_NDR,
      .example = "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException" },
    { .phrases = "recipient's per hour | message receive limit | recipient & receiving mail & rate | "
                 "recipient thread limit | recipient & too many messages | recipient & receiving & too quickly | "
                 "user & receiving mail",
      .means = &sp_means_recipient_rate,
      .source = SP_SRC_NDR,
      .example = "432 4.3.2 STOREDRV.Deliver; recipient thread limit exceeded" },
    { .phrases = "too many recipients | recipient limit | reciplimit | maximum number of recipients | "
                 "number of recipients & exceed",
      .code = SP_CODES(400, 499),
      .means = &sp_means_too_many_recipients,
      .source = SP_SRC_5321,
      .example = "452 4.3.1 Too many recipients in this session" },
    { .phrases = "too many recipients | recipient limit | reciplimit | maximum number of recipients | "
                 "number of recipients & exceed | recipients & exceeds",
      .means = &sp_means_recipients_per_message,
      .source = SP_SRC_SERV,
      .example = "552 5.5.0 Too many recipients in this message" },
    { .phrases = "submission rate | messages per minute | message rate limit & client | sending rate & exceeded | "
                 "sending limit | send limit",
      .means = &sp_means_submission_rate,
      .source = SP_SRC_AUTH,
      .example = "421 4.4.2 Message submission rate for this client has exceeded the configured limit" },
    { .phrases = "concurrent & exceed | concurrent connections | too many connections | too many concurrent | "
                 "maximum number of connections | maximum number of concurrent | thread limit | connection limit | "
                 "too many sessions | connections & exceeded | simultaneous connections | connection rate | "
                 "sessions & open | too many open",
      .stages = SP_AT_SMTP | SP_AT(API),
      .means = &sp_means_connections,
      .source = "Microsoft: Improvements to SMTP client submission throttling",
      .example = "432 4.3.2 Concurrent connections limit exceeded." },
    { .phrases = "rate limit | rate-limit | ratelimit | throttl | too many messages | too many emails | "
                 "too many mails | too much mail | exceeded & rate | rate exceeded | rp-001 | rp-002 | rp-003 | "
                 "too fast | too quickly | unusual rate | permitted limits | over quota & sending | "
                 "messages & per hour | messages per | slow down | exceeded & threshold | "
                 "has exceeded & maximum number of messages | sending too",
      .stages = SP_AT_SMTP,
      .means = &sp_means_message_rate,
      .source = SP_SRC_LIVE,
      .example = "421 RP-001 Unfortunately, some messages from 192.0.2.1 weren't sent. The mail server IP connecting "
                 "has exceeded the rate limit allowed." },
    { .phrases = "suspicious & temporarily | suspicious activity",
      .stages = SP_AT_SMTP,
      .means = &sp_means_suspicious_activity,
      .source = SP_SRC_NDR,
      .example = "451 4.7.1 Suspicious activity, temporarily restricted" },
    { .phrases = "server busy & from [ | server busy. please try again later | access denied & try again later",
      .stages = SP_AT_SMTP,
      .means = &sp_means_ip_throttled,
      .source = SP_SRC_NDR,
      .example = "451 4.7.1 Server busy. Please try again later from [192.0.2.1]." },

    /* Faults that pass */
    { .phrases = "greylist | graylist | grey-list | gray-list | greylisted | postgrey",
      .stages = SP_AT_SMTP,
      .means = &sp_means_greylisted,
      .source = "RFC 6647",
      .example = "450 4.2.0 <a@contoso.com>: Recipient address rejected: Greylisted" },
    { .phrases = "insufficient system resources | insufficient system storage | insufficient resources | "
                 "insufficient storage | out of memory | disk full | insufficient disk | not enough space | "
                 "no space | back pressure | insufficient queue space | insufficient main memory",
      .stages = SP_AT_SMTP,
      .code = SP_CODES(400, 499),
      .means = &sp_means_resources,
      .source = SP_SRC_SERV,
      .example = "452 4.3.1 Insufficient system resources" },
    { .phrases = "temporary server error | temporarily unavailable | temporary failure | temporary problem | "
                 "temporary error | agent busy | server busy | server is busy | too busy | system busy | "
                 "temporarily busy | not accepting network messages | service not active | service not available | "
                 "service currently unavailable | service is temporarily | temporary local problem | "
                 "temporarily deferred | temporary lookup | local error in processing | shutting down | "
                 "server shutting | service shutting | prx | maintenance | mailbox server is offline | "
                 "database is offline | temporary system problem | transient",
      .stages = SP_AT_SMTP,
      .code = SP_CODES(400, 499),
      .means = &sp_means_server_busy,
      .source = SP_SRC_SERV,
      .example = "451 4.7.0 Temporary server error. Please try again later. PRX4" },
    { .bare = true,
      .phrases = "server busy | temporary server error | service not available",
      .stages = SP_AT_SMTP,
      .means = &sp_means_server_busy,
      .source = SP_SRC_SERV,
      .example = "Server busy" },
};

const struct sp_rule_table sp_rules_smtp_wait = { rules, SP_LEN(rules) };
