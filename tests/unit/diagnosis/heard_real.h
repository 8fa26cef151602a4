/* heard_real.h - replies met in the field, gathered from logs, bounces and Microsoft's pages; addresses are examples.
 */
#ifndef SP_TEST_HEARD_REAL_H
#define SP_TEST_HEARD_REAL_H

#include <stddef.h>

#include "unit/diagnosis/heard.h"

static const struct heard heard_real[] = {
    { SP_STAGE_AUTH, "submission", SP_CLASS_AUTH_DISABLED, NULL,
      "504 5.7.4 Unrecognized authentication type [MW4PR03CA0123.namprd03.prod.outlook.com]" },
    { SP_STAGE_AUTH, "submission", SP_CLASS_AUTH_DISABLED, NULL,
      "535 5.7.139 Authentication unsuccessful, the organization configuration doesn't allow this authentication "
      "request." },
    { SP_STAGE_AUTH, "submission", SP_CLASS_AUTH_DISABLED, NULL,
      "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit "
      "https://aka.ms/smtp_auth_disabled for more information. [BN0PR04CA0011.namprd04.prod.outlook.com "
      "2024-01-01T00:00:00.000Z 08DC0000000000]" },
    { SP_STAGE_AUTH, "submission", SP_CLASS_AUTH_FAILED, NULL,
      "535 5.7.139 Authentication unsuccessful, account locked." },
    { SP_STAGE_AUTH, "submission", SP_CLASS_AUTH_FAILED, NULL,
      "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect." },
    { SP_STAGE_MESSAGE, "submission", SP_CLASS_AUTH_FAILED, NULL, "430 4.2.0 STOREDRV; mailbox logon failure" },
    { SP_STAGE_AUTH, "submission", SP_CLASS_AUTH_FAILED, NULL,
      "535 5.7.139 Authentication unsuccessful, federated STS service was unreachable." },
    { SP_STAGE_AUTH, "submission", SP_CLASS_AUTH_FAILED, NULL,
      "535 5.7.3 Authentication unsuccessful [SN2PR00CA0018.namprd00.prod.outlook.com]" },
    { SP_STAGE_MAIL, "submission", SP_CLASS_AUTH_REQUIRED, NULL,
      "530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM "
      "[SN4PR0701CA0030.namprd07.prod.outlook.com]" },
    { SP_STAGE_MAIL, "submission", SP_CLASS_AUTH_REQUIRED, NULL,
      "530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM "
      "[HK2PR04CA0065.apcprd04.prod.outlook.com]" },
    { SP_STAGE_MAIL, "submission", SP_CLASS_AUTH_REQUIRED, NULL,
      "530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM" },
    { SP_STAGE_AUTH, "submission", SP_CLASS_BASIC_AUTH_RETIRED, NULL,
      "535 5.7.139 Authentication unsuccessful, basic authentication is disabled. "
      "[FR4P281CA0026.DEUP281.PROD.OUTLOOK.COM]" },
    { SP_STAGE_AUTH, "submission", SP_CLASS_BASIC_AUTH_RETIRED, NULL,
      "535 5.7.139 Authentication unsuccessful, basic authentication is disabled" },
    { SP_STAGE_RCPT, NULL, SP_CLASS_BUSY, NULL,
      "451 4.7.0 Temporary server error. Please try again later. PRX9 RemoteHost: PH7P222CA0012. ErrorCode 10054 "
      "[SA2PEPF000015C7.namprd03.prod.outlook.com 2024-07-31T13:33:32.734Z 08DCAFDD636EC8D7]" },
    { SP_STAGE_RCPT, NULL, SP_CLASS_BUSY, NULL,
      "451 4.7.0 Temporary server error. Please try again later. PRX4 NextHop: example.com [example.com]" },
    { SP_STAGE_MESSAGE, NULL, SP_CLASS_BUSY, NULL, "451 4.7.0 Temporary server error. Please try again later. PRX4" },
    { SP_STAGE_AUTH, NULL, SP_CLASS_BUSY, NULL, "451 4.7.0 Temporary server error. Please try again later. PRX2" },
    { SP_STAGE_MAIL, NULL, SP_CLASS_BUSY, NULL,
      "451 4.7.700 PFA agent busy, please try again. [***.***.prod.protection.outlook.com]" },
    { SP_STAGE_RCPT, NULL, SP_CLASS_BUSY, NULL,
      "451 4.4.3 Temporary server error. Please try again later ATTR2 [BN2PEPF00004FBF.namprd04.prod.outlook.com "
      "2024-07-31T21:10:49.094Z 08DCAFC4626DA37A]" },
    { SP_STAGE_RCPT, "direct", SP_CLASS_DIRECT_SEND_REJECTED, NULL,
      "550 5.7.68 TenantInboundAttribution; Direct Send not allowed for this organization from unauthorized sources" },
    { SP_STAGE_RCPT, "direct", SP_CLASS_DIRECT_SEND_REJECTED, NULL,
      "550 5.7.68 TenantInboundAttribution; Direct Send not allowed for this organization from unauthorized sources." },
    { SP_STAGE_RCPT, "direct", SP_CLASS_DIRECT_SEND_REJECTED, NULL,
      "550 5.7.68 TenantInboundAttribution; Direct Send not allowed for this organization from authorized sources" },
    { SP_STAGE_RCPT, "direct", SP_CLASS_DIRECT_SEND_REJECTED, NULL,
      "550 5.7.68 TenantInboundAttribution; Direct Send not allowed for this organization" },
    { SP_STAGE_RCPT, "direct", SP_CLASS_DIRECT_SEND_REJECTED, NULL,
      "550 5.7.51 TenantInboundAttribution; There is a partner connector configured that matched the message's "
      "recipient domain. The connector had either the RestrictDomainsToIPAddresses or RestrictDomainsToCertificate set "
      "[CH3PEPF00000016.namprd21.prod.outlook.com 2025-01-29T19:07:30.476Z 08DD3FA5DBC8F401]" },
    { SP_STAGE_MAIL, "direct", SP_CLASS_IP_REPUTATION, NULL,
      "451 4.7.650 The mail server [192.0.2.161] has been temporarily rate limited due to IP reputation. For e-mail "
      "delivery information, see https://aka.ms/postmaster (S775) [Name=Protocol Filter "
      "Agent][AGT=PFA][MxId=11BCD825A78A8D0B] [AMS0EPF000001A7.eurprd05.prod.outlook.com 2026-02-25T11:12:39.245Z "
      "08DE6C12E206EF5D]" },
    { SP_STAGE_MAIL, "direct", SP_CLASS_IP_REPUTATION, NULL,
      "451 4.7.650 The mail server [192.0.2.36] has been temporarily rate limited due to IP reputation. For e-mail "
      "delivery information, see https://postmaster.live.com (S775) [Name=Protocol Filter "
      "Agent][AGT=PFA][MxId=11BBC4DCB039A03C] [AMS0EPF00000196.eurprd05.prod.outlook.com 2025-09-02T01:52:10.416Z "
      "08DDE26E62E77A85]" },
    { SP_STAGE_MAIL, "direct", SP_CLASS_IP_REPUTATION, NULL,
      "451 4.7.650 The mail server [192.0.2.25] has been temporarily rate limited due to IP reputation. For e-mail "
      "delivery information, see https://postmaster.live.com (S3113) [5NY1SSJFSTZJRJBG.eurprd02.prod.outlook.com "
      "2024-05-09T23:34:45.000Z GLXTWVLGZHZNHVXY]" },
    { SP_STAGE_MAIL, "direct", SP_CLASS_IP_REPUTATION, NULL,
      "451 4.7.650 The mail server [192.0.2.99] has been temporarily rate limited due to IP reputation. For e-mail "
      "delivery information, see https://aka.ms/postmaster (S775) [Name=Protocol Filter "
      "Agent][AGT=PFA][MxId=11BD5B61254CB1FC] [AMS0EPF0000019C.eurprd05.prod.outlook.com 2026-05-14T15:49:33.598Z "
      "08DEADB0994CCD76]" },
    { SP_STAGE_MAIL, "direct", SP_CLASS_IP_REPUTATION, NULL,
      "550 5.7.1 Service unavailable, Client host [192.0.2.232] blocked using Spamhaus. To request removal from this "
      "list see https://www.spamhaus.org/query/ip/192.0.2.232 (AS3130). [Name=Protocol Filter "
      "Agent][AGT=PFA][MxId=11BB60EC9FF1E732] [CH3PEPF00000015.namprd21.prod.outlook.com 2025-06-22T05:58:01.072Z "
      "08DDB07650EC6878]" },
    { SP_STAGE_MAIL, "direct", SP_CLASS_IP_REPUTATION, NULL,
      "550 5.7.1 Service unavailable, Client host [192.0.2.15] blocked using Spamhaus. To request removal from this "
      "list see https://www.spamhaus.org/query/ip/192.0.2.15 (AS3130). [Name=Protocol Filter "
      "Agent][AGT=PFA][MxId=11B9A53DC314A6C4] [CH3PEPF0000000F.namprd04.prod.outlook.com 2024-09-21T09:27:58.008Z "
      "08DCD29EEC0C7774]" },
    { SP_STAGE_RCPT, NULL, SP_CLASS_IP_REPUTATION, NULL,
      "550 5.7.1 Service unavailable, Client host [x.xx.xx.xx] blocked using Spamhaus. To request removal from this "
      "list see (AS16012611)" },
    { SP_STAGE_RCPT, NULL, SP_CLASS_IP_REPUTATION, NULL, "550 5.7.511 Access denied, banned sender [*xx.xxx.x.xxx*]." },
    { SP_STAGE_MAIL, "direct", SP_CLASS_IP_REPUTATION, NULL,
      "550 5.7.1 Service unavailable, Helo domain is listed in Spamhaus. To request removal from this list see (S8001) "
      "[]" },
    { SP_STAGE_RCPT, NULL, SP_CLASS_IP_REPUTATION, NULL,
      "5.7.513 Service unavailable, Client host [$ConnectingIP] blocked by $recipientDomain using Customer Block list "
      "(AS16012607)" },
    { SP_STAGE_RCPT, NULL, SP_CLASS_IP_REPUTATION, NULL,
      "550 5.7.606-649 Access denied, banned sending IP [x.x.x.x]; To request removal from this list please visit "
      "https://sender.office.com/ and follow the directions." },
    { SP_STAGE_RCPT, NULL, SP_CLASS_IP_REPUTATION, NULL,
      "550 5.7.606 Access denied, banned sending IP [192.0.2.10]. To request removal from this list please visit "
      "https://sender.office.com/ and follow the directions. For more information please go to  "
      "http://go.microsoft.com/fwlink/?LinkID=526655 (AS16012609) "
      "[BL2NAM06FT004.Eop-nam06.prod.protection.outlook.com]" },
    { SP_STAGE_MAIL, "direct", SP_CLASS_IP_REPUTATION, NULL,
      "550 5.7.1 Unfortunately, messages from [192.0.2.45] weren't sent. Please contact your Internet service provider "
      "since part of their network is on our block list (S3140). You can also refer your provider to "
      "http://mail.live.com/mail/troubleshooting.aspx#errors. [VI1EUR05FT055.eop-eur05.prod.protection.outlook.com "
      "2023-09-21T22:58:42.927Z 1234ABCD1234ABCD]" },
    { SP_STAGE_RCPT, NULL, SP_CLASS_NOT_ATTRIBUTED, NULL,
      "451 4.4.62 Mail sent to the wrong Office 365 region. ATTR35. For more information please go to "
      "https://go.microsoft.com/fwlink/?linkid=865268 [#.prod.protection.outlook.com]" },
    { SP_STAGE_RCPT, "relay", SP_CLASS_NOT_ATTRIBUTED, NULL,
      "550 5.7.64 TenantAttribution; Relay Access Denied [SN1PEPF000252A1.namprd05.prod.outlook.com]" },
    { SP_STAGE_RCPT, "relay", SP_CLASS_NOT_ATTRIBUTED, NULL,
      "550 5.7.64 TenantAttribution; Relay Access Denied [AM0PR01MB1234.eurprd01.prod.outlook.com]" },
    { SP_STAGE_RCPT, "relay", SP_CLASS_NOT_ATTRIBUTED, NULL,
      "550 5.7.64 TenantAttribution; Relay Access Denied [xxxxxxxxxxxx.prod.protection.outlook.com]" },
    { SP_STAGE_RCPT, "relay", SP_CLASS_NOT_ATTRIBUTED, NULL, "550 5.7.64 TenantAttribution; Relay Access Denied" },
    { SP_STAGE_RCPT, NULL, SP_CLASS_NOT_ATTRIBUTED, NULL,
      "550 4.4.4 Mail received as unauthenticated, incoming to a recipient domain configured in a hosted tenant which "
      "has no mail-enabled subscriptions. ATTR5" },
    { SP_STAGE_MESSAGE, "direct", SP_CLASS_OK, NULL,
      "250 2.6.0 <0100017b0e35a8c6-2021949e-71e7-4802-aa95-ae62b696b836-000000@email.amazonses.com> "
      "[InternalId=95992519094146, Hostname=HE1EUR04HT112.eop-eur04.prod.protection.outlook.com] 13478 bytes in 0.277, "
      "47.373 KB/sec Queued mail for delivery -> 250 2.1.5" },
    { SP_STAGE_AUTH, "submission", SP_CLASS_OK, NULL, "334 VXNlcm5hbWU6" },
    { SP_STAGE_AUTH, "submission", SP_CLASS_AUTH_DISABLED, NULL,
      "504 5.7.4 Unrecognized authentication type [mangoes.tree.PROD.OUTLOOK.COM 2025-01-12T18:10:12.989Z AAAA]" },
    { SP_STAGE_AUTH, "submission", SP_CLASS_AUTH_DISABLED, NULL,
      "504 5.7.4 Unrecognized authentication type [BJXPR01CA015.CHNPR01.prod.partner.outlook.cn]" },
    { SP_STAGE_MESSAGE, NULL, SP_CLASS_PROTOCOL, NULL,
      "5.7.512 Access denied, message must be RFC 5322 section 3.6.2 compliant" },
    { SP_STAGE_EHLO, NULL, SP_CLASS_PROTOCOL, NULL, "5.7.506 Access Denied, Bad HELO" },
    { SP_STAGE_DATA, NULL, SP_CLASS_PROTOCOL, NULL, "503 5.5.2 Need rcpt command" },
    { SP_STAGE_MESSAGE, NULL, SP_CLASS_QUOTA, NULL,
      "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded" },
    { SP_STAGE_MESSAGE, NULL, SP_CLASS_QUOTA, NULL,
      "550 5.2.2 STOREDRV.Deliver: mailbox full. The following information should help identify the cause: "
      "\"MapiExceptionShutoffQuotaExceeded:00.00000:FF000000, 00.00000:0000000094000000000000000000000000000000, "
      "000.00000:00000000" },
    { SP_STAGE_RCPT, NULL, SP_CLASS_RATE_LIMITED, NULL,
      "451 4.7.500 Server busy. Please try again later from [192.0.2.245]. (AS843)" },
    { SP_STAGE_RCPT, NULL, SP_CLASS_RATE_LIMITED, NULL,
      "451 4.7.500 Server busy. Please try again later from [192.0.2.2]. (AS761)" },
    { SP_STAGE_RCPT, NULL, SP_CLASS_RATE_LIMITED, NULL,
      "451 4.7.500 Server busy. Please try again later from [x.x.x.x]. (S77714)" },
    { SP_STAGE_BANNER, NULL, SP_CLASS_RATE_LIMITED, NULL,
      "421 4.3.2 The maximum number of concurrent connections per resource forest has exceeded a limit, closing "
      "transmission channel. example.com. PRX8 [example.com]" },
    { SP_STAGE_MESSAGE, "submission", SP_CLASS_RATE_LIMITED, NULL, "432 4.3.2 Concurrent connections limit exceeded." },
    { SP_STAGE_MESSAGE, NULL, SP_CLASS_RATE_LIMITED, NULL,
      "550 5.7.233 Your message can't be sent because your tenant exceeded its daily limit for sending email to "
      "external recipients (tenant external recipient rate limit)." },
    { SP_STAGE_RCPT, NULL, SP_CLASS_RATE_LIMITED, NULL, "4.7.850-899 Access denied, please try again later" },
    { SP_STAGE_MESSAGE, "submission", SP_CLASS_RATE_LIMITED, NULL,
      "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException" },
    { SP_STAGE_MESSAGE, NULL, SP_CLASS_RATE_LIMITED, NULL, "550 5.7.236" },
    { SP_STAGE_RCPT, NULL, SP_CLASS_RATE_LIMITED, NULL, "421 4.7.500 Server busy. Please try again later." },
    { SP_STAGE_MAIL, "submission", SP_CLASS_RATE_LIMITED, NULL,
      "421 4.4.2 Message submission rate for this client has exceeded the configured limit" },
    { SP_STAGE_MESSAGE, NULL, SP_CLASS_RATE_LIMITED, NULL,
      "550 5.7.232 Your message can't be sent because your trial tenant has exceeded its daily limit for sending email "
      "to external recipients (tenant external recipient rate limit)" },
    { SP_STAGE_MESSAGE, NULL, SP_CLASS_RECIPIENT_REFUSED, NULL, "5.7.136 Sender was not authenticated" },
    { SP_STAGE_MESSAGE, NULL, SP_CLASS_RECIPIENT_REFUSED, NULL,
      "550 5.7.1 TRANSPORT.RULES.RejectMessage; the message was rejected by organization policy" },
    { SP_STAGE_MESSAGE, NULL, SP_CLASS_RECIPIENT_REFUSED, NULL,
      "5.7.703 Your message can't be delivered because messages to XXX, YYY are blocked by your organization using "
      "Tenant Allow Block List." },
    { SP_STAGE_RCPT, NULL, SP_CLASS_RECIPIENT_REFUSED, NULL, "5.7.505 Access denied, banned recipient" },
    { SP_STAGE_MESSAGE, NULL, SP_CLASS_RECIPIENT_REFUSED, NULL,
      "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required [Stage: CreateMessage]" },
    { SP_STAGE_MESSAGE, NULL, SP_CLASS_RECIPIENT_REFUSED, NULL,
      "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required" },
    { SP_STAGE_RCPT, NULL, SP_CLASS_RECIPIENT_UNKNOWN, NULL,
      "550 5.5.0 Requested action not taken: mailbox unavailable" },
    { SP_STAGE_RCPT, NULL, SP_CLASS_RECIPIENT_UNKNOWN, NULL,
      "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)" },
    { SP_STAGE_MESSAGE, NULL, SP_CLASS_RECIPIENT_UNKNOWN, NULL, "550 5.1.1 RESOLVER.ADR.RecipNotFound; not found" },
    { SP_STAGE_RCPT, NULL, SP_CLASS_RECIPIENT_UNKNOWN, NULL,
      "550 5.4.1 <kijitora@example.br>: Recipient address rejected: Access denied "
      "[BL2NAM02FT061.eop-nam02.prod.protection.outlook.com]" },
    { SP_STAGE_RCPT, NULL, SP_CLASS_SENDER_AUTHENTICATION, NULL,
      "450 4.7.25 Service unavailable, sending IPv6 address [2a01:111:f200:2004::240] must have reverse DNS record." },
    { SP_STAGE_RCPT, NULL, SP_CLASS_SENDER_AUTHENTICATION, NULL,
      "550 5.2.1 Service unavailable, [contoso.com] does not accept email over IPv6" },
    { SP_STAGE_MESSAGE, NULL, SP_CLASS_SENDER_AUTHENTICATION, NULL,
      "5.7.23 The message was rejected because of Sender Policy Framework violation" },
    { SP_STAGE_MESSAGE, NULL, SP_CLASS_SENDER_AUTHENTICATION, NULL,
      "550 5.7.509 Access denied, sending domain [NQ.EXAMPLE.JP] does not pass DMARC verification and has a DMARC "
      "policy of reject. [TY1P286MB3121.JPNP286.PROD.OUTLOOK.COM 2024-06-24T08:58:06.389Z 08DC93087F48F48A] "
      "[DB8PR06CA0025.eurprd06.prod.outlook.com 2024-06-24T08:58:06.520Z 08DC93D582D74098] "
      "[DB3PEPF0000885D.eurprd02.prod.outlook.com 2024-06-24T08:58:06.531Z 08DC908A5B97C2F4]" },
    { SP_STAGE_MESSAGE, NULL, SP_CLASS_SENDER_AUTHENTICATION, NULL,
      "550 5.7.509 Access denied, sending domain [EMAIL.EXAMPLE.JP] does not pass DMARC verification and has a DMARC "
      "policy of reject. [OS3P286MB3225.JPNP286.PROD.OUTLOOK.COM 2024-06-26T06:23:31.981Z 08DC953DDFEF8CDC] "
      "[DU2PR04CA0231.eurprd04.prod.outlook.com 2024-06-26T06:23:32.106Z 08DC954347CB33D2] "
      "[DB1PEPF000509F7.eurprd02.prod.outlook.com 2024-06-26T06:23:32.109Z 08DC907B9339EC86]" },
    { SP_STAGE_RCPT, NULL, SP_CLASS_SENDER_AUTHENTICATION, NULL,
      "5.7.510 Access denied, [contoso.com] does not accept email over IPv6" },
    { SP_STAGE_MESSAGE, "submission", SP_CLASS_SENDER_DENIED, NULL,
      "554 5.2.252 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process "
      "message due to a permanent exception with message Cannot submit message." },
    { SP_STAGE_MESSAGE, NULL, SP_CLASS_SENDER_DENIED, NULL, "5.7.800 Access denied, banned sender" },
    { SP_STAGE_MESSAGE, NULL, SP_CLASS_SENDER_DENIED, NULL,
      "550 5.7.705 Access denied, tenant has exceeded threshold" },
    { SP_STAGE_MESSAGE, NULL, SP_CLASS_SENDER_DENIED, NULL, "5.7.501 Access denied, spam abuse detected" },
    { SP_STAGE_RCPT, "relay", SP_CLASS_SENDER_DENIED, NULL,
      "550;5.7.711 Access denied, bad inbound connector. AS(2204)." },
    { SP_STAGE_MESSAGE, "submission", SP_CLASS_SENDER_DENIED, NULL,
      "554 5.2.0 STOREDRV.Submission.Exception:OutboundSpamException; Failed to process message due to a permanent "
      "exception with message [BeginDiagnosticData]WASCL UserAction verdict is not None. Actual verdict is Suspend. "
      "OutboundSpamException: WASCL UserAction verdict is not None. Actual verdict is Suspend.[EndDiagnosticData] "
      "[Hostname=AM8P192MB1009.EURP192.PROD.OUTLOOK.COM]" },
    { SP_STAGE_MESSAGE, "submission", SP_CLASS_SENDER_DENIED, NULL,
      "554 5.2.0 STOREDRV.Submission.Exception:OutboundSpamException; Failed to process message due to a permanent "
      "exception with message WASCL UserAction verdict is not None. Actual verdict is HipNotify, ShowTierUpgrade. "
      "OutboundSpamException: WASCL UserAction verdict is not None. Actual verdict is HipNotify, ShowTierUpgrade. "
      "[Hostname=DBAPR05MB7016.eurprd05.prod.outlook.com]" },
    { SP_STAGE_MESSAGE, NULL, SP_CLASS_SENDER_DENIED, NULL, "5.7.502 Access denied, banned sender" },
    { SP_STAGE_MESSAGE, NULL, SP_CLASS_SPAM_CONTENT, NULL, "550 5.7.1 Message rejected as spam by Content Filtering." },
    { SP_STAGE_STARTTLS, NULL, SP_CLASS_TLS, NULL,
      "421 4.7.66 TLS 1.0 and 1.1 are not supported. Please upgrade/update your client to support TLS 1.2. Visit "
      "https://aka.ms/smtp_auth_tls. [MAXPR0101CA0021.INDPRD01.PROD.OUTLOOK.COM]" },
    { SP_STAGE_MAIL, NULL, SP_CLASS_TLS, NULL, "451 5.7.3 STARTTLS is required to send mail." },
    { SP_STAGE_MESSAGE, NULL, SP_CLASS_TOO_LARGE, NULL,
      "550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient" },
};

#endif
