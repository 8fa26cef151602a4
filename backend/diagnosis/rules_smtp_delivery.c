/* rules_smtp_delivery.c - phrases about the recipient, the mailbox, the size, the contents and our manners. */
#include "backend/diagnosis/rules.h"
#include "base/auto.h"

static const struct sp_rule rules[] = {
    /* Recipients that take mail from some people only */
    { .phrases = "authrequired | sendernotauthenticated | sender was not authenticated | sender not authenticated | "
                 "not authenticated & group | not authenticated & recipient | sender & not authenticated | "
                 "authenticated senders | authenticated users only",
      .means = &sp_means_authenticated_only,
      .source = SP_SRC_NDR,
      .example = "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required" },
    { .phrases = "group member | members of & group | restricted to group members | external senders & not permitted",
      .means = &sp_means_members_only,
      .source = SP_SRC_NDR,
      .example = "550 5.7.1 Delivery restricted to group members" },
    { .phrases = "external recipient & not | recipient & outside & not allowed | recipients must be internal | "
                 "internal recipients only",
      .means = &sp_means_internal_only,
      .source = "Microsoft: Troubleshoot High Volume Email",
      .example = "550 5.5.0 External recipients are not supported for this account" },
    { .phrases = "transport.rules | rejectmessage | transport rule | mail flow rule | organization policy | "
                 "organisation policy | organizational policy | company policy",
      .means = &sp_means_transport_rule,
      .source = SP_SRC_SERV,
      .example = "550 5.7.1 TRANSPORT.RULES.RejectMessage; the message was rejected by organization policy" },
    { .phrases = "tenant allow block list | tenant allow/block list | blocked by your organization",
      .means = &sp_means_tenant_block_list,
      .source = SP_SRC_NDR,
      .example = "550 5.7.1 Messages to a@contoso.com are blocked by your organization" },
    { .phrases = "external forwarding | autoforward | automatic forwarding | misconfigured forwarding | "
                 "resolver.fwd | forwarding & not allow | forwarding & blocked",
      .means = &sp_means_forwarding_blocked,
      .source = "Microsoft: Control automatic external email forwarding",
      .example = "550 5.7.1 Your organization does not allow external forwarding" },
    { .phrases = "moderat",
      .stages = SP_AT_SMTP,
      .means = &sp_means_moderated,
      .source = SP_SRC_SERV,
      .example = "550 5.7.1 APPROVAL.NotAllowed; message rejected by the moderator" },
    { .phrases = "banned recipient",
      .means = &sp_means_banned_recipient,
      .source = SP_SRC_NDR,
      .example = "550 5.7.1 Access denied, banned recipient" },
    { .phrases = "resolver.rst & notauthorized | delivery not authorized | not authorized & recipient | "
                 "not authorized to send | allowed-senders | allowed senders | resolver.rst.restricted | "
                 "resolver.rst.notauth | recipient & restrict | not in & allowed | not accept mail from | "
                 "only accepts mail from | rejected by recipient | does not accept messages from | "
                 "recipient & not accept",
      .stages = SP_AT_SMTP,
      .means = &sp_means_not_allowed,
      .source = SP_SRC_SERV,
      .example = "550 5.7.1 RESOLVER.RST.NotAuthorized; not authorized" },

    /* Mailboxes */
    { .phrases = "mailbox full | mailbox is full | quota | over quota | overquota | mailbox has exceeded | "
                 "insufficient storage | inbox is full | mailbox & full | exceeded storage | storage allocation",
      .stages = SP_AT_SMTP,
      .means = &sp_means_mailbox_full,
      .source = SP_SRC_SERV,
      .example = "550 5.2.0 STOREDRV.Deliver: MapiExceptionShutoffQuotaExceeded" },

    /* Size: before "not accepted", since many say "message not accepted, too large" */
    { .phrases = "recipsizelimit | too large for this recipient | recipient & size limit | recipient & maximum size",
      .means = &sp_means_recipient_size_limit,
      .source = SP_SRC_SERV,
      .example = "550 5.7.1 RESOLVER.RST.RecipSizeLimit; message too large" },
    { .phrases = "message size exceed | exceeds & maximum message size | message too large | message is too large | "
                 "message too big | message is too big | sendsizelimit | sizelimit | size limit | max message size | "
                 "maximum message size | message length exceeds | maxmessagesize | messagetoolarge | exceeds size | "
                 "exceeds the maximum size | exceeded & message size | too much mail data | exceeds & size | "
                 "size & exceed | maximum & size | data size",
      .stages = SP_AT_SMTP,
      .means = &sp_means_size_limit,
      .source = SP_SRC_SERV,
      .example = "552 5.0.0 Message size exceeds fixed maximum message size" },

    /* Our manners */
    { .phrases = "bad helo | helo & invalid | invalid helo | ehlo & invalid | helo command rejected | "
                 "fully-qualified hostname | fully qualified domain | invalid domain name | helo & reject | "
                 "helo & fqdn | helo name | ehlo argument | helo & requires | ehlo & requires | invalid hostname",
      .stages = SP_AT_SMTP,
      .means = &sp_means_helo_name,
      .source = SP_SRC_SEEN,
      .example = "501 5.5.4 Invalid domain name" },
    { .phrases = "multiple from | multiple sender | more than one from | multiple addresses in from",
      .means = &sp_means_several_senders,
      .source = SP_SRC_SERV,
      .example =
          "550 5.7.1 Messages missing a valid address in the header, or with multiple From addresses, are refused" },
    { .phrases = "rfc 5322 & 3.6.2 | from header | from: header | header & from & missing | no from | "
                 "from & not rfc | missing from | invalid from | 'from' | \"from\" & header | from field",
      .stages = SP_AT(DATA) | SP_AT(MESSAGE) | SP_AT(NONE),
      .means = &sp_means_from_header,
      .source = SP_SRC_NDR,
      .example = "550 5.7.0 Message must be RFC 5322 section 3.6.2 compliant" },
    { .phrases = "bare lf | bare line | barelinefeed | bare newline | bare <lf> | bare cr | invalid characters | "
                 "line feeds | bare carriage",
      .means = &sp_means_bare_linefeed,
      .source = SP_SRC_NDR,
      .example = "521 5.5.2 Error: bare <LF> received" },
    { .phrases = "smtputf8 | non-ascii & address | internationalized",
      .stages = SP_AT_SMTP,
      .means = &sp_means_utf8_address,
      .source = "RFC 6531 section 3.5",
      .example = "553 5.1.3 SMTPUTF8 is required, but was not offered" },
    { .phrases = "invalid mime | mime content | malformed mime | conversion fail | conversionfailed | "
                 "content conversion | corrupt message | malformed & message | malformed & header | "
                 "header & malformed | header is too long | headers too large | rfc 2822 | rfc 5322 | rfc2822 | "
                 "rfc5322 | line too long | line length | duplicate header | message-id & missing | "
                 "missing & header | header & missing | nul character | 8bit | invalid header | boundary",
      .stages = SP_AT_SMTP,
      .means = &sp_means_mime,
      .source = SP_SRC_SERV,
      .example = "554 5.6.0 Corrupt message content" },

    /* Contents */
    { .phrases = "virus | malware | infected | phish | trojan | malicious",
      .stages = SP_AT_SMTP,
      .means = &sp_means_malware,
      .source = SP_SRC_SEEN,
      .example = "550 5.7.1 Message contains malware" },
    { .phrases = "attachment & not allowed | attachment & block | attachment & reject | attachment type | "
                 "file type | content & security issue | banned & attachment | policy violation & as345 | "
                 "forbidden attachment | attachment removed | attachment & prohibited | policy violation detected | "
                 "illegal attachment | attachment & not permitted",
      .stages = SP_AT_SMTP,
      .means = &sp_means_attachment_blocked,
      .source = SP_SRC_SEEN,
      .example = "550 5.7.0 This message was blocked because its content presents a potential security issue" },
    { .phrases = "spam | content filter | contentfilter | junk | unsolicited | looks like & bulk | "
                 "message content & reject | message contents & reject | content rejected | content & unacceptable | "
                 "scl | rejected due to content | content restrictions | blocked & content | bulk mail | "
                 "content & not accepted | fingerprint | message & suspicious",
      .stages = SP_AT_SMTP,
      .means = &sp_means_spam,
      .source = SP_SRC_SERV,
      .example = "550 5.7.1 Message rejected as spam by Content Filtering." },

    /* Addresses */
    { .enhanced = "x.4.1",
      .phrases = "recipient address rejected | as(201806281) | as(201806271) | access denied",
      .means = &sp_means_edge_blocking,
      .source = SP_SRC_NDR,
      .example = "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)" },
    { .phrases = "host or domain name not found | domain name not found | domain & does not exist | "
                 "infodomainnonexistent | domain not found | no such domain | unrouteable | unroutable | "
                 "name or service not known | nullmx | null mx | no mx | domain is not | unknown domain | nxdomain | "
                 "domain & not hosted",
      .stages = SP_AT(RCPT) | SP_AT(MESSAGE) | SP_AT(DATA) | SP_AT(NONE),
      .means = &sp_means_domain_unknown,
      .source = "Postfix, Exchange bounces",
      .example = "550 5.0.0 Host or domain name not found" },
    { .phrases = "user & over | account & disabled | mailbox disabled | mailbox is disabled | recipient & disabled | "
                 "accountdisabled | inactive | mailbox unavailable for this user | account has been disabled | "
                 "account is suspended | mailbox & suspended | recipient & suspended | "
                 "account & closed & temporarily | mailbox is not accepting | account that you tried to reach is",
      .stages = SP_AT(RCPT) | SP_AT(MESSAGE) | SP_AT(DATA) | SP_AT(NONE),
      .means = &sp_means_mailbox_disabled,
      .source = SP_SRC_SERV,
      .example = "550 5.2.1 The email account that you tried to reach is disabled" },
    { .phrases = "user unknown | unknown user | no such user | no such recipient | recipient not found | "
                 "recipientnotfound | recipnotfound | recipient unknown | unknown recipient | mailbox unavailable | "
                 "mailbox not found | no mailbox | no such mailbox | does not exist | doesn't exist | do not exist | "
                 "not exist | invalid recipient | recipient & invalid | unknown address | address unknown | "
                 "unknown local | user not found | not found by smtp address lookup | addressee unknown | "
                 "bad destination | invalid mailbox | unknown or illegal | unknown account | no account | "
                 "resolver.adr & notfound | resolver.adr.exrecipnotfound | not a valid mailbox | "
                 "not a valid recipient | no longer available | no longer valid | address not found | "
                 "not a known user | address rejected: undeliverable | unable to find & recipient | not known",
      .stages = SP_AT(RCPT) | SP_AT(DATA) | SP_AT(MESSAGE) | SP_AT(NONE) | SP_AT(MAIL),
      .code = SP_CODES(500, 599),
      .means = &sp_means_no_such_recipient,
      .source = SP_SRC_NDR,
      .example = "550 5.5.0 Requested action not taken: mailbox unavailable" },
    { .phrases = "user unknown | recipient not found | recipientnotfound | no such user | mailbox unavailable",
      .bare = true,
      .stages = SP_AT_SMTP,
      .means = &sp_means_no_such_recipient,
      .source = SP_SRC_NDR,
      .example = "Recipient not found by SMTP address lookup" },
    { .phrases = "ambiguous",
      .stages = SP_AT_SMTP,
      .means = &sp_means_ambiguous,
      .source = SP_SRC_SERV,
      .example = "550 5.1.0 RESOLVER.ADR.Ambiguous; ambiguous address" },
    { .phrases = "invalid address | bad address | address syntax | malformed address | syntax error in & address | "
                 "invalid email address | imceaex | badprimary | address & not rfc",
      .stages = SP_AT(RCPT),
      .means = &sp_means_bad_address,
      .source = SP_SRC_SERV,
      .example = "501 5.1.3 Invalid address" },
    { .phrases =
          "recipient address rejected & access denied | address rejected: access denied | recipient & access denied",
      .stages = SP_AT_SMTP,
      .code = SP_CODES(500, 599),
      .means = &sp_means_edge_blocking,
      .source = SP_SRC_NDR,
      .example = "550 5.7.1 <a@contoso.com>: Recipient address rejected: Access denied" },
    { .phrases = "imceaex | legacyexchangedn | badprimary",
      .means = &sp_means_bad_address,
      .source = SP_SRC_SERV,
      .example = "550 5.0.0 IMCEAEX-_O=CONTOSO_OU=X@contoso.com" },
    { .phrases = "hop count | mail loop | routing loop | loops back | too many hops | loop detected",
      .means = &sp_means_loop,
      .source = SP_SRC_NDR,
      .example = "554 5.0.0 Too many hops" },
    { .phrases = "message expired | delivery expired | connection refused | cannot connect to remote server | "
                 "dns query failed | primary target ip address | delivery time expired | "
                 "could not be delivered in time",
      .stages = SP_AT(RCPT) | SP_AT(MESSAGE) | SP_AT(DATA) | SP_AT(NONE),
      .enhanced = "x.*.*",
      .means = &sp_means_destination_unreachable,
      .source = SP_SRC_NDR,
      .example = "451 4.4.0 DNS query failed [Message=ErrorTimeout]" },
    { .phrases = "need rcpt | need mail | bad sequence | out of sequence | sequence of commands | "
                 "no valid recipients | nested mail | sender already | need & command | polite people | "
                 "send & first | improper command | unexpected command",
      .stages = SP_AT_SMTP,
      .means = &sp_means_sequence,
      .source = SP_SRC_5321,
      .example = "503 5.5.2 Need rcpt command" },
    { .phrases = "unrecognized command | unrecognised command | command not recognized | command unrecognized | "
                 "command not implemented | syntax error | not recognized | unknown command | bad command | "
                 "invalid command | invalid argument | unsupported & parameter | unrecognized parameter | "
                 "command too long | unrecognized parameters | invalid parameter | command not | not implemented",
      .stages = SP_AT_SMTP,
      .code = SP_CODES(500, 599),
      .means = &sp_means_syntax,
      .source = SP_SRC_5321,
      .example = "500 5.3.3 Unrecognized command 'XBDAT'" },
};

const struct sp_rule_table sp_rules_smtp_delivery = { rules, SP_LEN(rules) };
