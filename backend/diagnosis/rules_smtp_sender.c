/* rules_smtp_sender.c - phrases about where the mail comes from, and in whose name: block lists, connectors, sender
 * rights, SPF, DMARC. */
#include "backend/diagnosis/rules.h"
#include "base/auto.h"

static const struct sp_rule rules[] = {
    /* Not Microsoft's words at all: who stands between answers in its place, and no list takes our address off */
    { .phrases =
          "firewall & polic | firewall & block | firewall & denied | firewall & stopped | local firewall | "
          "port 25 & block | port 25 & closed | port 25 & not allowed | port 25 & not permitted | "
          "outgoing smtp | outbound smtp & block | outbound smtp & not | outbound port 25 | outgoing mail & isp | "
          "smtp & blocked by your isp | smtp & blocked by your provider | smtp & blocked by your network",
      .stages = SP_AT_SMTP,
      .means = &sp_means_firewall,
      .source = SP_SRC_SEEN,
      .example = "554 Outbound port 25 is closed by firewall policy" },

    /* Direct send, connectors */
    { .phrases = "direct send | rejectdirectsend | directsend",
      .means = &sp_means_rejectdirectsend,
      .source = "Exchange team blog: Introducing more control over Direct Send",
      .example = "550 5.7.1 Direct Send is not allowed for this organization" },
    { .phrases = "partner connector | restrictdomainsto",
      .means = &sp_means_partner_connector,
      .source = SP_SRC_SEEN,
      .example = "550 5.7.0 The connector had RestrictDomainsToIPAddresses set" },
    { .phrases = "attr35 | wrong office 365 region | wrong & region | wrong microsoft 365 region | attr36 | attr38",
      .means = &sp_means_region,
      .source = "Microsoft: ATTR35, linkid 865268",
      .example = "451 4.4.0 Mail sent to the wrong Office 365 region. ATTR35." },
    { .phrases = "attr5 | no mail-enabled subscription | unauthenticated & hosted tenant | "
                 "incoming to a recipient domain configured in a hosted tenant",
      .means = &sp_means_no_subscription,
      .source = SP_SRC_SEEN,
      .example = "451 4.4.4 Mail received as unauthenticated, incoming to a recipient domain configured in a hosted "
                 "tenant which has no mail-enabled subscriptions. ATTR5" },
    { .phrases = "tenantinboundattribution",
      .means = &sp_means_rejectdirectsend,
      .source = SP_SRC_SEEN,
      .example = "550 5.7.0 TenantInboundAttribution; Not allowed" },
    { .phrases = "tenantattribution | attr1 | attr17 | attr34 & relay",
      .means = &sp_means_no_connector,
      .source = SP_SRC_SEEN,
      .example = "550 5.7.1 TenantAttribution; Access Denied" },
    { .phrases = "bad inbound connector | connector & blocked & spam | connector has been blocked",
      .means = &sp_means_connector_restricted,
      .source = "Microsoft: Remove blocked connectors from the Restricted entities page",
      .example = "550 5.7.1 Access denied, bad inbound connector" },
    { .phrases = "relay access denied | unable to relay | relaying denied | relay not permitted | relay denied | "
                 "relaying not allowed | relaying & not permitted | not permitted to relay | relay & not allowed | "
                 "we do not relay | relaying is not allowed | relaying prohibited",
      .stages = SP_AT_SMTP,
      .means = &sp_means_relay_denied,
      .source = SP_SRC_NDR,
      .example = "550 5.7.1 Unable to relay" },

    /* IPv6, reverse names: before the lists, since some say "Service unavailable, sending IPv6 address" */
    { .phrases = "ipv6 & reverse dns | ipv6 & ptr",
      .means = &sp_means_ipv6_ptr,
      .source = SP_SRC_NDR,
      .example = "550 5.7.1 The sending IPv6 address must have a PTR record" },
    { .phrases = "not accept & ipv6 | doesn't accept & ipv6 | ipv6 & not supported | ipv6 & not enabled",
      .means = &sp_means_ipv6_refused,
      .source = SP_SRC_NDR,
      .example = "550 5.2.1 Service unavailable, [contoso.com] does not accept email over IPv6" },
    { .phrases = "ipv6 & spf | ipv6 & dkim | ipv6 & not signed",
      .means = &sp_means_ipv6_authentication,
      .source = SP_SRC_NDR,
      .example = "550 5.7.1 Service unavailable, message sent over IPv6 [2001:db8::1] must pass either SPF or DKIM "
                 "validation, this message is not signed" },
    { .phrases = "reverse dns | ptr record | cannot find your hostname | cannot find your reverse | no ptr | "
                 "reverse hostname | fcrdns | rdns",
      .stages = SP_AT_SMTP,
      .means = &sp_means_ptr,
      .source = "Postfix reject_unknown_client_hostname",
      .example = "450 4.7.1 Client host rejected: cannot find your hostname, [192.0.2.1]" },

    /* SPF, DMARC, DKIM */
    { .phrases = "required authentication level",
      .means = &sp_means_authentication_level,
      .source = "Microsoft: Fix NDR error 550 5.7.515 in Outlook.com",
      .example = "550 5.7.1 The domain doesn't meet the required authentication level" },
    { .phrases = "dmarc",
      .stages = SP_AT_SMTP,
      .means = &sp_means_dmarc,
      .source = SP_SRC_SEEN,
      .example = "550 5.7.1 Unauthenticated email from contoso.com is not accepted due to domain's DMARC policy" },
    { .phrases = "sender policy framework | spf check | spf fail | spf: fail | spf record | spf validation | "
                 "failed spf | fails spf | per spf | spf policy | spf & fail | openspf | sender id & not permitted | "
                 "not pass spf | spf & not authorized",
      .stages = SP_AT_SMTP,
      .means = &sp_means_spf,
      .source = SP_SRC_SEEN,
      .example = "550 5.7.1 Message rejected due to SPF fail" },
    { .phrases = "dkim",
      .stages = SP_AT_SMTP,
      .means = &sp_means_dkim,
      .source = SP_SRC_SEEN,
      .example = "550 5.7.1 No passing DKIM signature found" },
    { .phrases = "unauthenticated email | email authentication & fail | sender is unauthenticated | spoof & reject | "
                 "spoofing | spoofed",
      .stages = SP_AT_SMTP,
      .means = &sp_means_dmarc,
      .source = SP_SRC_SEEN,
      .example = "550 5.7.1 Rejected: spoofed sender domain" },

    /* The address we come from */
    { .phrases =
          "helo & spamhaus | helo domain & listed | helo & block list | helo & listed in | ehlo & listed | s8001",
      .means = &sp_means_helo_listed,
      .source = SP_SRC_SEEN,
      .example = "550 5.7.1 Service unavailable, Helo domain is listed in Spamhaus. (S8001)" },
    { .phrases = "spamhaus | as3130 | as16012611",
      .means = &sp_means_spamhaus,
      .source = SP_SRC_SEEN,
      .example = "550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus. (AS3130)" },
    { .phrases = "customer block list | as16012607 | ip block list & organization | ipblocklist",
      .means = &sp_means_customer_list,
      .source = SP_SRC_NDR,
      .example = "550 5.7.1 Service unavailable, Client host blocked using Customer Block list" },
    { .phrases = "banned sender [ | banned sender[ | delist@microsoft.com",
      .means = &sp_means_microsoft_list_mail,
      .source = SP_SRC_NDR,
      .example = "550 Access denied, banned sender [192.0.2.1]. Forward this message to delist@microsoft.com" },
    { .phrases = "banned sending ip | as16012609 | sender.office.com | delist.messaging",
      .means = &sp_means_microsoft_list,
      .source = SP_SRC_NDR,
      .example = "550 5.7.1 Access denied, banned sending IP [192.0.2.1]" },
    { .phrases = "ip reputation | reputation of & ip | poor reputation | bad reputation | low reputation | "
                 "reputation & sending ip | senderbase | ip address & reputation",
      .stages = SP_AT_SMTP,
      .means = &sp_means_poor_reputation,
      .source = SP_SRC_LIVE,
      .example = "421 4.7.0 Deferred because of the IP reputation of 192.0.2.1" },
    { .phrases = "part of their network & block | s3140 | s3150 | mail.live.com/mail/troubleshooting | ou-001 | "
                 "ou-002 | sc-001 | sc-002 | sc-003 | sc-004 | dy-002",
      .means = &sp_means_consumer_list,
      .source = SP_SRC_LIVE,
      .example = "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet "
                 "service provider since part of their network is on our block list (S3140)." },
    { .phrases = "dy-001 | dynamic & ip & not | dynamic ip | residential | dynamic address | dial-up | dialup | "
                 "generic ptr | pbl.spamhaus | policy block list",
      .stages = SP_AT_SMTP,
      .means = &sp_means_dynamic_range,
      .source = SP_SRC_LIVE,
      .example = "550 DY-001 Mail rejected by Outlook.com. We generally do not accept email from dynamic IP's" },
    { .phrases = "blocked using | listed at | listed in & block | rbl. | dnsbl | spamcop | barracudacentral | "
                 "sorbs.net | listed by | blacklist & ip | ip & blacklist | ip & blocklist | ip & block list | "
                 "uceprotect | fblw15 | blacklisted | client host & blocked | on a block list | "
                 "found on one or more dns",
      .stages = SP_AT_SMTP,
      .means = &sp_means_third_party_list,
      .source = SP_SRC_SERV,
      .example = "550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.spamcop.net" },

    /* Who we say we are */
    { .phrases = "not have permissions to send as | not have permission to send as | sendasdenied | "
                 "not allowed to send as | send as & denied | send on behalf & denied | not authorized to send as | "
                 "sendonbehalf & denied | not owned by user | sender address rejected: not logged | "
                 "not allowed to use this sender | not permitted to send as | send as this sender",
      .means = &sp_means_send_as,
      .source = SP_SRC_SERV,
      .example = "550 5.7.1 Client does not have permissions to send as this sender" },
    { .phrases = "outboundspamexception | wascl | useraction verdict | outbound spam & suspend",
      .means = &sp_means_outbound_spam,
      .source = SP_SRC_SEEN,
      .example = "554 5.2.0 STOREDRV.Submission.Exception:OutboundSpamException; Failed to process message due to a "
                 "permanent exception" },
    { .phrases = "unregistered domain | unprovisioned domain",
      .means = &sp_means_unregistered_domain,
      .source = SP_SRC_NDR,
      .example = "550 5.7.1 Client blocked from sending from unregistered domain" },
    { .phrases = "bad outbound sender | restricted from sending | sender is restricted | user is restricted | "
                 "spam abuse detected | account & suspended & send | blocked from sending | restricted entit | "
                 "sender & sending spam | suspected of sending spam",
      .means = &sp_means_sender_restricted,
      .source = SP_SRC_NDR,
      .example = "550 5.7.1 Access denied, bad outbound sender AS(42004)" },
    { .phrases = "tenant has exceeded threshold | traffic not accepted from this ip | tenant & banned | "
                 "tenant & restricted & send",
      .means = &sp_means_tenant_restricted,
      .source = SP_SRC_NDR,
      .example = "550 5.7.1 Service unavailable. Access denied, traffic not accepted from this IP." },
    { .phrases = "banned sender | sender & banned | sender domain & banned",
      .means = &sp_means_banned_sender,
      .source = SP_SRC_NDR,
      .example = "550 5.7.1 Access denied, banned sender" },
    { .phrases = "sender denied | sender address rejected | senderfilterconfig | sender & blocked | blocked sender | "
                 "sender rejected | sender not allowed | your email address & block | sender is blocked | "
                 "sender & block list",
      .stages = SP_AT_SMTP,
      .code = SP_CODES(500, 599),
      .means = &sp_means_sender_blocked,
      .source = SP_SRC_SERV,
      .example = "554 5.1.0 Sender denied" },
    { .phrases = "sender & does not exist | sender & not found | domain of sender | sender domain & not | "
                 "sender verify | sender address & invalid",
      .stages = SP_AT(MAIL) | SP_AT(RCPT) | SP_AT(NONE),
      .means = &sp_means_sender_address,
      .source = SP_SRC_SEEN,
      .example = "451 4.1.0 Domain of sender address does not resolve" },
};

const struct sp_rule_table sp_rules_smtp_sender = { rules, SP_LEN(rules) };
