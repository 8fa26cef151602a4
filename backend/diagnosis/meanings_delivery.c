/* meanings_delivery.c - to whom, and what: recipients, mailboxes, sizes, contents, and our own manners. */
#include "backend/diagnosis/rules.h"

const struct sp_meaning sp_means_accepted = {
    .cause = "",
    .class_ = SP_CLASS_OK,
    .summary = "The server said yes.",
    .fix = "Nothing to mend.",
};

const struct sp_meaning sp_means_no_such_recipient = {
    .cause = "no_such_recipient",
    .class_ = SP_CLASS_RECIPIENT_UNKNOWN,
    .summary = "The address {recipient} does not exist.",
    .fix = "Whoever set the recipient (route, folder or copier's address book) corrects the address. If it should "
           "exist, an Exchange administrator looks it up:\n"
           "Get-Recipient {recipient}",
};

const struct sp_meaning sp_means_edge_blocking = {
    .cause = "edge_blocking",
    .class_ = SP_CLASS_RECIPIENT_UNKNOWN,
    .summary = "The tenant does not know the address {recipient} and refuses it at the door (directory based edge "
               "blocking).",
    .fix = "Whoever set the recipient corrects the address. If it exists (new, on premises, or a public folder), an "
           "Exchange administrator checks it and the type of its domain:\n"
           "Get-Recipient {recipient}\n"
           "Get-AcceptedDomain | fl Name,DomainType",
};

const struct sp_meaning sp_means_domain_unknown = {
    .cause = "domain_unknown",
    .class_ = SP_CLASS_RECIPIENT_UNKNOWN,
    .summary = "The domain of {recipient} does not exist or takes no mail.",
    .fix = "Whoever set the recipient checks the part after the @ for a typing error. If it is right, the owner of "
           "that domain has to repair its DNS.",
};

const struct sp_meaning sp_means_bad_address = {
    .cause = "bad_address",
    .class_ = SP_CLASS_RECIPIENT_UNKNOWN,
    .summary = "{recipient} is not written as an e-mail address should be.",
    .fix = "Whoever set the recipient (route, folder or copier's address book) corrects the address.",
};

const struct sp_meaning sp_means_ambiguous = {
    .cause = "ambiguous",
    .class_ = SP_CLASS_RECIPIENT_UNKNOWN,
    .summary = "Several objects in the directory carry the address {recipient}.",
    .fix = "An Exchange administrator finds them and removes the address from all but one:\n"
           "Get-Recipient -Filter \"EmailAddresses -eq 'smtp:<address>'\" | fl Name,RecipientType",
};

const struct sp_meaning sp_means_authenticated_only = {
    .cause = "authenticated_only",
    .class_ = SP_CLASS_RECIPIENT_REFUSED,
    .elsewhere = true,
    .summary = "{recipient} takes mail from senders who signed in only, and direct send is anonymous.",
    .fix = "Send to this address by submission or Graph: set one of them up and it is used by itself. (An "
           "administrator could open the address with Set-DistributionGroup {recipient} "
           "-RequireSenderAuthenticationEnabled $false, but that opens it to the whole internet.)",
};

const struct sp_meaning sp_means_not_allowed = {
    .cause = "not_allowed",
    .class_ = SP_CLASS_RECIPIENT_REFUSED,
    .summary = "{recipient} does not take mail from this sender.",
    .fix = "An Exchange administrator, or the owner of the group, allows the sender. In Exchange Online PowerShell:\n"
           "Get-Recipient {recipient} | fl RecipientType\n"
           "Set-DistributionGroup {recipient} -AcceptMessagesOnlyFromSendersOrMembers @{Add='{mailbox}'}",
};

const struct sp_meaning sp_means_members_only = {
    .cause = "members_only",
    .class_ = SP_CLASS_RECIPIENT_REFUSED,
    .elsewhere = true,
    .summary = "The group {recipient} takes mail from its members, or from inside the organisation, only.",
    .fix = "The owner of the group adds {mailbox} as a member, or lets others write to it; scans then go by submission "
           "or Graph. In Exchange Online PowerShell:\n"
           "Get-UnifiedGroup {recipient} | fl RequireSenderAuthenticationEnabled,AcceptMessagesOnlyFrom*",
};

const struct sp_meaning sp_means_transport_rule = {
    .cause = "transport_rule",
    .class_ = SP_CLASS_RECIPIENT_REFUSED,
    .summary = "A mail flow rule of the organisation rejected the mail.",
    .fix =
        "An Exchange administrator finds the rule and adds an exception for the sender {mailbox} or the address {ip}:\n"
        "Get-TransportRule | fl Name,State,RejectMessageReasonText,RejectMessageEnhancedStatusCode",
};

const struct sp_meaning sp_means_tenant_block_list = {
    .cause = "tenant_block_list",
    .class_ = SP_CLASS_RECIPIENT_REFUSED,
    .summary = "The organisation's own Tenant Allow/Block List blocks mail to one of the recipients, and with it the "
               "whole message.",
    .fix = "An administrator removes the entry, or whoever set the recipients leaves that one out:\n"
           "Get-TenantAllowBlockListItems -ListType Sender",
};

const struct sp_meaning sp_means_banned_recipient = {
    .cause = "banned_recipient",
    .class_ = SP_CLASS_RECIPIENT_REFUSED,
    .summary = "Microsoft takes no mail for {recipient}.",
    .fix = "Whoever set the recipient checks the address; if it is right, an administrator opens a support case in "
           "the Microsoft 365 admin center.",
};

const struct sp_meaning sp_means_mailbox_disabled = {
    .cause = "mailbox_disabled",
    .class_ = SP_CLASS_RECIPIENT_REFUSED,
    .summary = "The mailbox {recipient} exists but takes no mail: it is disabled or not reachable.",
    .fix = "An administrator looks at the account and its licence, or whoever set the recipient chooses another one:\n"
           "Get-Mailbox {recipient} | fl AccountDisabled,IsInactiveMailbox",
};

const struct sp_meaning sp_means_internal_only = {
    .cause = "internal_only",
    .class_ = SP_CLASS_RECIPIENT_REFUSED,
    .elsewhere = true,
    .summary = "This way of sending (High Volume Email) reaches recipients inside the tenant only, and {recipient} "
               "is outside.",
    .fix = "Whoever runs scanpost sets internal-only = yes in this method and adds one that reaches outside: "
           "submission, Graph, or relay with a connector.",
};

const struct sp_meaning sp_means_forwarding_blocked = {
    .cause = "forwarding_blocked",
    .class_ = SP_CLASS_RECIPIENT_REFUSED,
    .summary = "{recipient} forwards its mail, and the forwarding is blocked or leads nowhere.",
    .fix = "The recipient or an administrator removes the forwarding, or allows it in the outbound spam policy:\n"
           "Get-Mailbox {recipient} | fl Forwarding*\n"
           "Get-HostedOutboundSpamFilterPolicy | fl AutoForwardingMode",
};

const struct sp_meaning sp_means_moderated = {
    .cause = "moderated",
    .class_ = SP_CLASS_RECIPIENT_REFUSED,
    .summary = "Mail to {recipient} must be approved by a moderator, who refused it or did not answer.",
    .fix = "The moderator approves it, or an Exchange administrator lets the sender pass:\n"
           "Set-DistributionGroup {recipient} -BypassModerationFromSendersOrMembers @{Add='{mailbox}'}",
};

const struct sp_meaning sp_means_recipient_policy = {
    .cause = "recipient_policy",
    .class_ = SP_CLASS_RECIPIENT_REFUSED,
    .summary = "The recipient's server refuses the mail by a rule of its own: {said}",
    .fix = "Ask the administrator of {recipient}'s mail server what the rule wants; show them the reply.",
};

const struct sp_meaning sp_means_mailbox_full = {
    .cause = "mailbox_full",
    .class_ = SP_CLASS_QUOTA,
    .summary = "The mailbox of {recipient} is full.",
    .fix = "The recipient makes room, or an administrator raises the quota or adds an archive. Nothing to do on the "
           "gateway; retry the job afterwards.",
};

const struct sp_meaning sp_means_sender_mailbox_full = {
    .cause = "sender_mailbox_full",
    .class_ = SP_CLASS_QUOTA,
    .scope = SP_SCOPE_METHOD,
    .summary = "The mailbox {mailbox} from which scans are sent is full; often its Sent Items are.",
    .fix = "Somebody empties Sent Items of {mailbox}, or an administrator sets a retention policy for it:\n"
           "Get-MailboxStatistics {mailbox} | fl TotalItemSize\n"
           "Get-Mailbox {mailbox} | fl *Quota",
};

const struct sp_meaning sp_means_size_limit = {
    .cause = "size_limit",
    .class_ = SP_CLASS_TOO_LARGE,
    .summary = "The scan is larger than the server takes in one mail (a scan grows by 37 % on its way).",
    .fix = "Scan with fewer pages, fewer dots or in black and white; or an Exchange administrator raises the limits, "
           "up to 150 MB, and whoever runs scanpost sets max-size to match:\n"
           "Get-Mailbox {mailbox} | fl MaxSendSize,MaxReceiveSize\n"
           "Set-Mailbox {mailbox} -MaxSendSize 150MB",
};

const struct sp_meaning sp_means_recipient_size_limit = {
    .cause = "recipient_size_limit",
    .class_ = SP_CLASS_TOO_LARGE,
    .summary = "The scan is larger than the mailbox of {recipient} takes (36 MB by default, as a mail).",
    .fix = "Scan with fewer pages or fewer dots; or an Exchange administrator raises the limit, up to 150 MB:\n"
           "Get-Mailbox {recipient} | fl MaxReceiveSize\n"
           "Set-Mailbox {recipient} -MaxReceiveSize 150MB",
};

const struct sp_meaning sp_means_size_announced = {
    .cause = "size_announced",
    .class_ = SP_CLASS_TOO_LARGE,
    .summary = "The scan is larger than the server announced it would take, so it was not sent this way. {said}",
    .fix = "Scan with fewer pages, fewer dots or in black and white, or let it go by a method with a higher limit.",
};

const struct sp_meaning sp_means_request_size = {
    .cause = "request_size",
    .class_ = SP_CLASS_TOO_LARGE,
    .summary = "The scan is larger than Microsoft Graph takes.",
    .fix = "Scan with fewer pages or fewer dots; or an Exchange administrator raises the mailbox's limit, up to 150 "
           "MB, and whoever runs scanpost sets max-size of the method to match:\n"
           "Set-Mailbox {mailbox} -MaxSendSize 150MB",
};

const struct sp_meaning sp_means_spam = {
    .cause = "spam",
    .class_ = SP_CLASS_SPAM_CONTENT,
    .summary = "The recipient's filter took the mail for spam.",
    .fix = "Whoever runs scanpost gives the route a plain subject and body; an Exchange administrator lets the "
           "gateway pass by a connector for {ip}, or an allow entry. Submission and Graph are filtered less. The "
           "reply: {said}",
};

const struct sp_meaning sp_means_malware = {
    .cause = "malware",
    .class_ = SP_CLASS_SPAM_CONTENT,
    .summary = "The recipient's filter found a virus in the mail, or took something in it for one.",
    .fix = "Whoever made the scan looks at the file; an administrator finds the verdict in the Defender portal "
           "(Quarantine, Submissions) and reports it if it is wrong.",
};

const struct sp_meaning sp_means_attachment_blocked = {
    .cause = "attachment_blocked",
    .class_ = SP_CLASS_SPAM_CONTENT,
    .summary = "The recipient's filter does not let this kind of attachment or content in.",
    .fix = "Send PDF; otherwise an administrator looks at the common attachments filter and the mail flow rules:\n"
           "Get-MalwareFilterPolicy | fl Name,EnableFileFilter,FileTypes",
};

const struct sp_meaning sp_means_from_header = {
    .cause = "from_header",
    .class_ = SP_CLASS_PROTOCOL,
    .summary = "The From header holds no valid address.",
    .fix = "Whoever runs scanpost checks sender, from and from-name in the configuration: a full address, and a name "
           "without special characters.",
};

const struct sp_meaning sp_means_helo_name = {
    .cause = "helo_name",
    .class_ = SP_CLASS_PROTOCOL,
    .scope = SP_SCOPE_METHOD,
    .summary = "The server does not like the name {hostname} that scanpost announces.",
    .fix = "Whoever runs scanpost sets hostname in the gateway section to a full name of the organisation's own, "
           "such as scan.{domain}: letters, digits and dashes, with a dot inside, none at the end, and not a name of "
           "Microsoft's.",
};

const struct sp_meaning sp_means_bare_linefeed = {
    .cause = "bare_linefeed",
    .class_ = SP_CLASS_PROTOCOL,
    .summary = "The server found bare line feeds or other bytes that do not belong into a mail.",
    .fix = "scanpost writes none: look for a firewall or relay in between that changes mail (SMTP inspection), and "
           "switch that off for the gateway.",
};

const struct sp_meaning sp_means_mime = {
    .cause = "mime",
    .class_ = SP_CLASS_PROTOCOL,
    .summary = "The server could not read the structure of the mail: {said}",
    .fix = "Whoever runs scanpost sets binarymime = no if it is on, and looks for a firewall or relay in between "
           "that changes mail. Otherwise send this text to the makers of scanpost.",
};

const struct sp_meaning sp_means_sequence = {
    .cause = "sequence",
    .class_ = SP_CLASS_PROTOCOL,
    .summary = "The server found the commands in a wrong order.",
    .fix = "Look for a firewall or relay in between that changes SMTP; try pipelining = no in the method. Otherwise "
           "send the job's story to the makers of scanpost.",
};

const struct sp_meaning sp_means_syntax = {
    .cause = "syntax",
    .class_ = SP_CLASS_PROTOCOL,
    .summary = "The server did not understand a command: {said}",
    .fix = "Look for a firewall in between that changes SMTP (words such as XXXX in a reply are its mark), and "
           "switch the inspection off. Otherwise send the job's story to the makers of scanpost.",
};

const struct sp_meaning sp_means_address_syntax = {
    .cause = "address_syntax",
    .class_ = SP_CLASS_PROTOCOL,
    .summary = "The server does not accept the way the sender address is written.",
    .fix = "Whoever runs scanpost checks sender in the tenant section and from in the route.",
};

const struct sp_meaning sp_means_several_senders = {
    .cause = "several_senders",
    .class_ = SP_CLASS_PROTOCOL,
    .summary = "The mail has more than one From address, or none that counts.",
    .fix = "Whoever runs scanpost sets from in the route, and sender, to one address each.",
};

const struct sp_meaning sp_means_utf8_address = {
    .cause = "utf8_address",
    .class_ = SP_CLASS_PROTOCOL,
    .scope = SP_SCOPE_RECIPIENT,
    .summary = "An address with letters beyond ASCII cannot be carried by the server.",
    .fix = "Whoever set the recipient uses an address in plain letters for {recipient}.",
};

const struct sp_meaning sp_means_loop = {
    .cause = "loop",
    .class_ = SP_CLASS_OTHER,
    .scope = SP_SCOPE_RECIPIENT,
    .summary = "The mail went round in circles between servers until one gave up.",
    .fix = "An Exchange administrator looks at forwarding of {recipient}, at the type of the accepted domain and at "
           "the connectors:\n"
           "Get-AcceptedDomain | fl Name,DomainType\n"
           "Get-OutboundConnector | fl Name,RecipientDomains,SmartHosts",
};

const struct sp_meaning sp_means_journaling = {
    .cause = "journaling",
    .class_ = SP_CLASS_OTHER,
    .scope = SP_SCOPE_RECIPIENT,
    .summary = "The recipient is a journal archive that is switched off.",
    .fix = "An administrator switches the journal archive on, or changes the journal rule.",
};

const struct sp_meaning sp_means_unclear = {
    .cause = "",
    .class_ = SP_CLASS_OTHER,
    .summary = "The server refused without a reason that scanpost knows: {said}",
    .fix = "Show the reply to whoever runs the server {host}. After another method was tried once, the job waits for "
           "a person: scanpost retry brings it back.",
};
