/* meanings_sender.c - where the mail comes from and in whose name: address lists, connectors, senders, SPF and DMARC.
 */
#include "backend/diagnosis/rules.h"

const struct sp_meaning sp_means_spamhaus = {
    .cause = "spamhaus",
    .class_ = SP_CLASS_IP_REPUTATION,
    .summary = "The office's public address {ip} is on a block list of Spamhaus, and Microsoft refuses mail from it.",
    .fix = "Whoever looks after the internet line looks the address up at "
           "https://check.spamhaus.org/listed/?searchterm={ip} and asks Spamhaus (not Microsoft) for removal, after "
           "finding out what sent spam from it. A connector does not lift this block. Until then scans go by "
           "submission or Graph, if configured.",
};

const struct sp_meaning sp_means_microsoft_list = {
    .cause = "microsoft_list",
    .class_ = SP_CLASS_IP_REPUTATION,
    .summary = "The office's public address {ip} is on Microsoft's own block list.",
    .fix = "Whoever looks after the internet line asks for removal of {ip} at https://sender.office.com (up to 24 "
           "hours) and finds out what sent spam from it. Until then scans go by submission or Graph, if configured.",
};

const struct sp_meaning sp_means_microsoft_list_mail = {
    .cause = "microsoft_list",
    .class_ = SP_CLASS_IP_REPUTATION,
    .summary = "Microsoft has banned the office's public address {ip}.",
    .fix = "The self-service portal does not cover this one: whoever looks after the internet line forwards the "
           "whole reply with the address {ip} to delist@microsoft.com. Until then scans go by submission or Graph, "
           "if configured.",
};

const struct sp_meaning sp_means_consumer_list = {
    .cause = "consumer_list",
    .class_ = SP_CLASS_IP_REPUTATION,
    .summary = "The network of the public address {ip} is on the block list of Outlook.com.",
    .fix = "Whoever looks after the internet line asks the provider, or files a request at "
           "https://olcsupport.office.com with the address {ip}. Until then scans go by submission or Graph, if "
           "configured.",
};

const struct sp_meaning sp_means_helo_listed = {
    .cause = "helo_listed",
    .class_ = SP_CLASS_IP_REPUTATION,
    .summary = "Not the address but the name {hostname} that scanpost announces is on a block list.",
    .fix = "Whoever runs scanpost sets hostname in the gateway section to a clean name of the organisation's own, "
           "and asks https://check.spamhaus.org for removal of the old one.",
};

const struct sp_meaning sp_means_customer_list = {
    .cause = "customer_list",
    .class_ = SP_CLASS_IP_REPUTATION,
    .summary = "The recipient's organisation itself blocks the address {ip}.",
    .fix = "An Exchange administrator of the recipient's organisation removes it. In Exchange Online PowerShell:\n"
           "Get-HostedConnectionFilterPolicy | fl IPAllowList,IPBlockList\n"
           "Set-HostedConnectionFilterPolicy Default -IPBlockList @{Remove='{ip}'}\n"
           "Get-TenantAllowBlockListItems -ListType IP",
};

const struct sp_meaning sp_means_poor_reputation = {
    .cause = "poor_reputation",
    .class_ = SP_CLASS_IP_REPUTATION,
    .summary = "Microsoft holds mail from {ip} back because the address has a poor or no reputation. The code says "
               "temporary, but it lasts hours to days.",
    .fix = "An Exchange administrator gives the gateway a connector, which lifts it:\n"
           "New-InboundConnector -Name 'Scan gateway' -ConnectorType OnPremises -SenderDomains '*' "
           "-SenderIPAddresses {ip}\n"
           "Whoever looks after the internet line looks for machines that send spam from it. Meanwhile scans go by "
           "submission or Graph, if configured.",
};

const struct sp_meaning sp_means_third_party_list = {
    .cause = "third_party_list",
    .class_ = SP_CLASS_IP_REPUTATION,
    .summary = "The office's public address {ip} is on a block list that the recipient's server uses.",
    .fix = "Whoever looks after the internet line reads the name of the list in the reply and asks there for removal "
           "of {ip}. Meanwhile scans go by submission or Graph, if configured. The reply: {said}",
};

const struct sp_meaning sp_means_dynamic_range = {
    .cause = "dynamic_range",
    .class_ = SP_CLASS_IP_REPUTATION,
    .summary = "The public address {ip} counts as a dynamic or residential one, from which no mail is taken directly.",
    .fix = "Ask the internet provider for a static address with a reverse DNS name of the organisation's own, or use "
           "submission or Graph, which do not depend on the address.",
};

const struct sp_meaning sp_means_blocked_ip = {
    .cause = "blocked_ip",
    .class_ = SP_CLASS_IP_REPUTATION,
    .summary = "The server refuses mail from the office's public address {ip}.",
    .fix = "Whoever looks after the internet line checks the address at https://sender.office.com and "
           "https://check.spamhaus.org and asks for removal. Meanwhile scans go by submission or Graph, if "
           "configured. The reply: {said}",
};

const struct sp_meaning sp_means_rejectdirectsend = {
    .cause = "rejectdirectsend",
    .class_ = SP_CLASS_DIRECT_SEND_REJECTED,
    .summary = "The tenant refuses direct send: mail in the name of {domain} that comes neither signed in nor "
               "through a connector.",
    .fix = "An Exchange administrator gives the gateway a connector for the public address {ip}, or scans go by "
           "submission or Graph. In Exchange Online PowerShell:\n"
           "Get-OrganizationConfig | fl RejectDirectSend\n"
           "New-InboundConnector -Name 'Scan gateway' -ConnectorType OnPremises -SenderDomains '*' -SenderIPAddresses "
           "{ip}\n"
           "Only as a last resort, because it opens direct send to everybody:\n"
           "Set-OrganizationConfig -RejectDirectSend $false",
};

const struct sp_meaning sp_means_partner_connector = {
    .cause = "partner_connector",
    .class_ = SP_CLASS_DIRECT_SEND_REJECTED,
    .summary = "The tenant takes mail only from its mail gateway: a partner connector admits no other address or "
               "certificate than that one's.",
    .fix = "An Exchange administrator adds the gateway's public address {ip}. In Exchange Online PowerShell:\n"
           "Get-InboundConnector | fl Name,ConnectorType,SenderIPAddresses,TlsSenderCertificateName,Restrict*\n"
           "Set-InboundConnector <name> -SenderIPAddresses @{Add='{ip}'}\n"
           "Or scans go by submission or Graph.",
};

const struct sp_meaning sp_means_no_connector = {
    .cause = "no_connector",
    .class_ = SP_CLASS_NOT_ATTRIBUTED,
    .summary = "The recipient is outside the tenant, and Microsoft did not recognise this gateway by any connector.",
    .fix = "An Exchange administrator compares the public address {ip} (or the certificate's name) with the "
           "connectors, and makes one of type OnPremises; the sender's domain must be an accepted domain. In Exchange "
           "Online PowerShell:\n"
           "Get-InboundConnector | fl Name,Enabled,ConnectorType,SenderIPAddresses,TlsSenderCertificateName\n"
           "New-InboundConnector -Name 'Scan gateway' -ConnectorType OnPremises -SenderDomains '*' -SenderIPAddresses "
           "{ip}\n"
           "Get-AcceptedDomain\n"
           "Or scans go by submission or Graph.",
};

const struct sp_meaning sp_means_relay_denied = {
    .cause = "relay_denied",
    .class_ = SP_CLASS_NOT_ATTRIBUTED,
    .summary = "The server does not take mail for the domain of {recipient} from this gateway.",
    .fix = "For recipients inside: an Exchange administrator checks that the domain is an accepted domain of this "
           "tenant (Get-AcceptedDomain) and that the MX record of {domain} points to it. For recipients outside: "
           "relay with a connector for {ip}, or submission or Graph.",
};

const struct sp_meaning sp_means_region = {
    .cause = "region",
    .class_ = SP_CLASS_NOT_ATTRIBUTED,
    .summary = "The mail went to a server of another Microsoft 365 region, or matches no connector. The code says "
               "temporary, but it does not clear by itself.",
    .fix = "Whoever runs scanpost removes host from the method, so that the MX record of {domain} is looked up again; "
           "an Exchange administrator checks the connector's address {ip} or certificate:\n"
           "Get-InboundConnector | fl Name,Enabled,ConnectorType,SenderIPAddresses,TlsSenderCertificateName",
};

const struct sp_meaning sp_means_no_subscription = {
    .cause = "no_subscription",
    .class_ = SP_CLASS_NOT_ATTRIBUTED,
    .summary = "Microsoft found no tenant with a mail subscription for the recipient's domain, and took the mail as "
               "coming from nobody it knows.",
    .fix = "An administrator checks that the domain of {recipient} is verified in the tenant that has the mail "
           "licences, and that the connector matches {ip}:\n"
           "Get-AcceptedDomain\n"
           "Get-InboundConnector | fl Name,Enabled,ConnectorType,SenderIPAddresses,TlsSenderCertificateName",
};

const struct sp_meaning sp_means_send_as = {
    .cause = "send_as",
    .class_ = SP_CLASS_SENDER_DENIED,
    .summary = "The account that signed in may not send in the name of the sender address.",
    .fix = "Leave send-as = no in the method, so that From is {mailbox} and the person goes to Reply-To; or an "
           "Exchange administrator grants it. In Exchange Online PowerShell:\n"
           "Add-RecipientPermission <sender address> -Trustee {mailbox} -AccessRights SendAs\n"
           "For an app the trustee is its service principal. For aliases of the mailbox:\n"
           "Set-OrganizationConfig -SendFromAliasEnabled $true",
};

const struct sp_meaning sp_means_sender_restricted = {
    .cause = "sender_restricted",
    .class_ = SP_CLASS_SENDER_DENIED,
    .summary = "Microsoft has restricted the account {mailbox} from sending because of spam.",
    .fix = "An administrator changes the account's password, looks for whoever misused it, then releases it under "
           "Restricted entities, https://security.microsoft.com/restrictedentities; or in Exchange Online "
           "PowerShell:\n"
           "Get-BlockedSenderAddress\n"
           "Remove-BlockedSenderAddress -SenderAddress {mailbox}",
};

const struct sp_meaning sp_means_tenant_restricted = {
    .cause = "tenant_restricted",
    .class_ = SP_CLASS_SENDER_DENIED,
    .summary = "Microsoft has restricted the whole tenant from sending, because much of its mail looked suspicious "
               "(or, in a new tenant, came from an unknown address).",
    .fix = "An administrator looks for a misused account or connector, then opens a support case in the Microsoft "
           "365 admin center. Connectors, if one was misused:\n"
           "Get-BlockedConnector",
};

const struct sp_meaning sp_means_connector_restricted = {
    .cause = "connector_restricted",
    .class_ = SP_CLASS_SENDER_DENIED,
    .summary = "Microsoft has blocked the connector because spam came through it.",
    .fix = "An Exchange administrator finds what sent spam from {ip} and releases the connector under Restricted "
           "entities; or in Exchange Online PowerShell:\n"
           "Get-BlockedConnector\n"
           "Remove-BlockedConnector -ConnectorId <id>",
};

const struct sp_meaning sp_means_unregistered_domain = {
    .cause = "unregistered_domain",
    .class_ = SP_CLASS_SENDER_DENIED,
    .summary = "The tenant is blocked from sending because too much of its mail came from domains it has not "
               "registered.",
    .fix = "An administrator adds and verifies every domain that senders use (Microsoft 365 admin center, Settings, "
           "Domains); whoever runs scanpost sets sender to an address of {domain}. Then a support case lifts the "
           "block.",
};

const struct sp_meaning sp_means_outbound_spam = {
    .cause = "outbound_spam",
    .class_ = SP_CLASS_SENDER_DENIED,
    .summary = "Microsoft's outbound spam control has suspended the account {mailbox}, or wants proof that a person "
               "uses it.",
    .fix = "Somebody signs in to the account at https://outlook.office.com and answers what is asked; in a tenant an "
           "administrator releases it under https://security.microsoft.com/restrictedentities",
};

const struct sp_meaning sp_means_sender_blocked = {
    .cause = "sender_blocked",
    .class_ = SP_CLASS_SENDER_DENIED,
    .summary = "The recipient's side refuses mail from this sender address.",
    .fix = "Whoever runs scanpost sets sender to an address of {domain} that exists; an administrator on the "
           "recipient's side removes it from the block list:\n"
           "Get-TenantAllowBlockListItems -ListType Sender",
};

const struct sp_meaning sp_means_sender_address = {
    .cause = "sender_address",
    .class_ = SP_CLASS_SENDER_DENIED,
    .summary = "The server does not accept the sender address: it, or its domain, does not exist there.",
    .fix = "Whoever runs scanpost sets sender to an address of an accepted domain, best a mailbox that somebody "
           "reads. An administrator can check with: Get-AcceptedDomain and Get-Recipient {mailbox}",
};

const struct sp_meaning sp_means_banned_sender = {
    .cause = "banned_sender",
    .class_ = SP_CLASS_SENDER_DENIED,
    .summary = "Microsoft has banned the sender, its domain, or the name {hostname} that scanpost announces.",
    .fix = "Whoever runs scanpost checks hostname and sender; an administrator opens a support case in the Microsoft "
           "365 admin center.",
};

const struct sp_meaning sp_means_spf = {
    .cause = "spf",
    .class_ = SP_CLASS_SENDER_AUTHENTICATION,
    .summary =
        "The SPF record of {domain} does not name the office's public address {ip}, so the mail counts as forged.",
    .fix = "Whoever runs the DNS of {domain} adds ip4:{ip} to its SPF record, for example:\n"
           "v=spf1 ip4:{ip} include:spf.protection.outlook.com ~all\n"
           "Or scans go by submission or Graph, which need no SPF entry.",
};

const struct sp_meaning sp_means_dmarc = {
    .cause = "dmarc",
    .class_ = SP_CLASS_SENDER_AUTHENTICATION,
    .summary = "The mail fails the DMARC policy of its From domain: neither SPF nor DKIM vouches for it.",
    .fix = "Whoever runs the DNS of {domain} adds ip4:{ip} to its SPF record; whoever runs scanpost keeps the sender "
           "in that domain. Or scans go by submission or Graph, where Microsoft signs the mail.",
};

const struct sp_meaning sp_means_dkim = {
    .cause = "dkim",
    .class_ = SP_CLASS_SENDER_AUTHENTICATION,
    .summary = "The recipient's server wants mail with a valid DKIM signature.",
    .fix = "Send by submission or Graph, where Microsoft signs the mail; an administrator switches DKIM on for "
           "{domain} in the Defender portal (Email authentication settings).",
};

const struct sp_meaning sp_means_ipv6_ptr = {
    .cause = "ipv6_ptr",
    .class_ = SP_CLASS_SENDER_AUTHENTICATION,
    .summary = "The mail came from an IPv6 address without a reverse DNS name.",
    .fix = "Send over IPv4 (scanpost does on port 25; connectors know IPv4 only), or the provider gives the address "
           "{ip} a reverse name. On the tenant's side:\n"
           "Disable-IPv6ForAcceptedDomain -Domain {domain}",
};

const struct sp_meaning sp_means_ipv6_authentication = {
    .cause = "ipv6_authentication",
    .class_ = SP_CLASS_SENDER_AUTHENTICATION,
    .summary = "Mail over IPv6 must pass SPF or DKIM, and this one does not.",
    .fix = "Send over IPv4 (scanpost does on port 25), or whoever runs the DNS of {domain} adds ip6:{ip} to its SPF "
           "record. On the tenant's side:\n"
           "Disable-IPv6ForAcceptedDomain -Domain {domain}",
};

const struct sp_meaning sp_means_ipv6_refused = {
    .cause = "ipv6_refused",
    .class_ = SP_CLASS_SENDER_AUTHENTICATION,
    .summary = "The recipient's domain does not take mail over IPv6.",
    .fix = "Send over IPv4 (scanpost does on port 25); look for a relay or NAT in between that turns it into IPv6.",
};

const struct sp_meaning sp_means_ptr = {
    .cause = "ptr",
    .class_ = SP_CLASS_SENDER_AUTHENTICATION,
    .summary = "The public address {ip} has no fitting reverse DNS name, and the server wants one.",
    .fix = "The internet provider sets the reverse DNS name (PTR) of {ip} to a name that leads back to it, best "
           "{hostname}. Or scans go by submission or Graph.",
};

const struct sp_meaning sp_means_authentication_level = {
    .cause = "authentication_level",
    .class_ = SP_CLASS_SENDER_AUTHENTICATION,
    .summary = "The sender's domain does not meet the level of authentication (SPF, DKIM and DMARC) that the "
               "recipient's server wants.",
    .fix = "Whoever runs the DNS of {domain} publishes SPF with ip4:{ip}, DKIM and a DMARC record. Or scans go by "
           "submission or Graph with DKIM switched on for {domain}.",
};
