/* meanings_line.c - the way to Microsoft (names, ports, TLS), and being told to wait. */
#include "backend/diagnosis/rules.h"

const struct sp_meaning sp_means_starttls_required = {
    .cause = "starttls_required",
    .class_ = SP_CLASS_TLS,
    .summary = "The server wants the connection encrypted first.",
    .fix = "scanpost always encrypts with STARTTLS, so look for a firewall in between that takes it out (SMTP "
           "inspection), and switch that off for the gateway. Port 465 does not exist at Microsoft 365: use 587 or "
           "25.",
};

const struct sp_meaning sp_means_no_starttls = {
    .cause = "no_starttls",
    .class_ = SP_CLASS_TLS,
    .summary = "{host} does not offer encryption (STARTTLS), which Microsoft 365 always does: something in between "
               "takes it away, or this is another server. Nothing was sent in clear.",
    .fix = "Whoever runs the firewall switches off SMTP inspection (Cisco calls it ESMTP fixup, others mail proxy or "
           "application gateway) for this computer, ports 25 and 587.",
};

const struct sp_meaning sp_means_starttls_fixup = {
    .cause = "smtp_inspection",
    .class_ = SP_CLASS_TLS,
    .summary = "A firewall rewrites the conversation with {host} and thereby hides encryption (STARTTLS).",
    .fix = "Whoever runs the firewall switches off SMTP inspection (Cisco ASA: no inspect esmtp) for this computer, "
           "ports 25 and 587. Rows of X or * in a reply are its mark.",
};

const struct sp_meaning sp_means_legacy_tls = {
    .cause = "legacy_tls",
    .class_ = SP_CLASS_TLS,
    .summary =
        "The server saw an old version of TLS. scanpost speaks TLS 1.2 or newer, so something in between does not.",
    .fix = "Whoever runs the firewall or proxy switches off TLS inspection for this computer, or updates it.",
};

const struct sp_meaning sp_means_starttls_refused = {
    .cause = "starttls_refused",
    .class_ = SP_CLASS_TLS,
    .summary = "The server offered encryption and then could not start it.",
    .fix = "At Microsoft's side this passes by itself. Where the server is your own, its administrator checks its "
           "certificate and key.",
};

const struct sp_meaning sp_means_handshake = {
    .cause = "handshake",
    .class_ = SP_CLASS_TLS,
    .summary = "No encryption could be agreed with {host}: {said}",
    .fix = "Whoever runs the firewall or proxy lets ports 25, 587 and 443 to Microsoft 365 through without TLS "
           "inspection; otherwise check the computer's OpenSSL settings.",
};

const struct sp_meaning sp_means_certificate_name = {
    .cause = "certificate_name",
    .class_ = SP_CLASS_TLS,
    .summary = "The certificate shown does not belong to {host}. Nothing was sent. {said}",
    .fix = "Whoever runs scanpost checks host (a name of Microsoft's, no IP address) and the DNS answers; whoever "
           "runs the firewall makes sure that it does not answer instead of Microsoft.",
};

const struct sp_meaning sp_means_certificate_untrusted = {
    .cause = "certificate_untrusted",
    .class_ = SP_CLASS_TLS,
    .summary = "The certificate that {host} showed is not signed by anybody this computer trusts. Nothing was sent. "
               "{said}",
    .fix = "Whoever runs this computer installs current root certificates (package ca-certificates); if the issuer "
           "named above is your firewall, its administrator exempts this computer from TLS inspection.",
};

const struct sp_meaning sp_means_certificate_expired = {
    .cause = "certificate_expired",
    .class_ = SP_CLASS_TLS,
    .summary = "The certificate of {host} has expired, or this computer's clock is ahead. Nothing was sent. {said}",
    .fix = "Whoever runs this computer looks at its clock first (timedatectl). If that is right, the server or a "
           "firewall in between has an old certificate.",
};

const struct sp_meaning sp_means_tls_inspected = {
    .cause = "tls_inspected",
    .class_ = SP_CLASS_TLS,
    .summary = "A firewall or virus scanner opens the encrypted connection to {host}: the certificate is its own, "
               "not Microsoft's. Nothing was sent. {said}",
    .fix = "Whoever runs the firewall exempts this computer, or the hosts *.office365.com, "
           "*.mail.protection.outlook.com, *.mx.microsoft, login.microsoftonline.com and graph.microsoft.com, from "
           "TLS (SSL) inspection. Microsoft asks for that as well.",
};

const struct sp_meaning sp_means_clock_wrong = {
    .cause = "clock_wrong",
    .class_ = SP_CLASS_TLS,
    .summary = "The certificate of {host} is not valid yet: this computer's clock is behind. {said}",
    .fix = "Whoever runs this computer sets its clock and turns on time synchronisation: timedatectl set-ntp true; "
           "then looks at: timedatectl",
};

const struct sp_meaning sp_means_client_certificate = {
    .cause = "client_certificate",
    .class_ = SP_CLASS_TLS,
    .summary = "The certificate by which this gateway shows who it is was refused or cannot be used. {said}",
    .fix = "Whoever runs scanpost checks client-certificate and client-key (same pair, in date, with the chain); an "
           "Exchange administrator compares its name with the connector:\n"
           "Get-InboundConnector | fl Name,TlsSenderCertificateName",
};

const struct sp_meaning sp_means_destination_tls = {
    .cause = "destination_tls",
    .class_ = SP_CLASS_TLS,
    .scope = SP_SCOPE_RECIPIENT,
    .summary = "Microsoft could not pass the mail on to {recipient}: the encryption of that server does not meet its "
               "own rules (DANE or MTA-STS).",
    .fix = "The administrator of {recipient}'s mail server repairs its certificate, TLSA or MTA-STS records; show "
           "them the reply.",
};

const struct sp_meaning sp_means_dns_no_name = {
    .cause = "dns_no_name",
    .class_ = SP_CLASS_NETWORK,
    .summary = "The name {host} does not exist in DNS. {said}",
    .fix = "Whoever runs scanpost checks host and domain for typing errors, and the resolver; a resolver that knows "
           "only inside names must pass others on.",
};

const struct sp_meaning sp_means_mx_missing = {
    .cause = "mx_missing",
    .class_ = SP_CLASS_NETWORK,
    .summary = "The domain {domain} has no MX record that scanpost can use, so direct send and relay do not know "
               "where to go. {said}",
    .fix = "Whoever runs the DNS of {domain} sets the MX record from the Microsoft 365 admin center (Settings, "
           "Domains); or whoever runs scanpost sets onmicrosoft in the tenant section, or host in the method.",
};

const struct sp_meaning sp_means_mx_foreign = {
    .cause = "mx_foreign",
    .class_ = SP_CLASS_NETWORK,
    .summary = "The MX record of {domain} points to a mail filter that is not Microsoft's; direct send must not go "
               "there. {said}",
    .fix = "Whoever runs scanpost sets onmicrosoft (contoso.onmicrosoft.com) in the tenant section, so that "
           "Microsoft's own host is found, or host in the method. The tenant may be locked to its filter: then it "
           "needs a connector for {ip}, or submission or Graph.",
};

const struct sp_meaning sp_means_dns_no_answer = {
    .cause = "dns_no_answer",
    .class_ = SP_CLASS_NETWORK,
    .summary = "The name service (DNS) gave no usable answer. {said}",
    .fix = "Whoever runs this computer checks the network and the resolver (resolvectl status, or resolver in the "
           "gateway section); a firewall must let DNS through.",
};

const struct sp_meaning sp_means_port_blocked = {
    .cause = "port_blocked",
    .class_ = SP_CLASS_NETWORK,
    .summary = "Nothing answers on port 25 of {host}: a firewall or the internet provider blocks outgoing mail on "
               "that port, which is common.",
    .fix = "Whoever runs the firewall, or the internet provider, opens outgoing TCP port 25 to Microsoft 365 for "
           "this computer. Or use submission (port 587) or Graph (port 443).",
};

const struct sp_meaning sp_means_connection_refused = {
    .cause = "connection_refused",
    .class_ = SP_CLASS_NETWORK,
    .summary = "The connection to {host} was refused. Microsoft's servers do not do that: a firewall or a wrong host "
               "or port does.",
    .fix = "Whoever runs scanpost checks host and port of the method; whoever runs the firewall opens the port (587 "
           "for submission, 443 for Graph and tokens, 25 for direct and relay).",
};

const struct sp_meaning sp_means_unreachable = {
    .cause = "unreachable",
    .class_ = SP_CLASS_NETWORK,
    .summary = "There is no way to {host} from here: the network or the internet line is down.",
    .fix = "Whoever runs the network checks cable, router and internet line. Scans are kept and go out by themselves "
           "afterwards.",
};

const struct sp_meaning sp_means_connect_timeout = {
    .cause = "connect_timeout",
    .class_ = SP_CLASS_NETWORK,
    .summary = "{host} does not answer to a connection: the line is down, or a firewall drops it.",
    .fix = "Whoever runs the firewall opens outgoing TCP port 587 (submission) and 443 (Graph, tokens) for this "
           "computer; check the internet line. Scans are kept and go out by themselves afterwards.",
};

const struct sp_meaning sp_means_silent = {
    .cause = "silent",
    .class_ = SP_CLASS_NETWORK,
    .summary = "{host} took the connection and then fell silent until the time was up.",
    .fix = "If it happens with large scans only: a slow or lossy line, a firewall's mail inspection, or a wrong MTU "
           "(try: ping -M do -s 1472 {host}). If always: a firewall in between.",
};

const struct sp_meaning sp_means_closed = {
    .cause = "closed",
    .class_ = SP_CLASS_NETWORK,
    .summary = "The connection to {host} was lost in the middle.",
    .fix = "Nothing to do when it is rare: scanpost tries again. If it happens often, look for a firewall with mail "
           "inspection or short timeouts, and at the line.",
};

const struct sp_meaning sp_means_closed_at_banner = {
    .cause = "closed_at_banner",
    .class_ = SP_CLASS_NETWORK,
    .summary = "{host} hung up before saying a word: a firewall does that, or the server does not want this address.",
    .fix = "Whoever runs the firewall looks whether it ends connections to port 25 or 587 itself; check the public "
           "address {ip} with: scanpost check",
};

const struct sp_meaning sp_means_not_smtp = {
    .cause = "not_smtp",
    .class_ = SP_CLASS_NETWORK,
    .summary = "What answers at {host} does not speak as Microsoft's server does: {said}",
    .fix = "Whoever runs scanpost checks host and port; whoever runs the firewall or proxy looks whether it answers "
           "instead of Microsoft (a login page, a mail proxy).",
};

const struct sp_meaning sp_means_proxy_auth = {
    .cause = "proxy_auth",
    .class_ = SP_CLASS_NETWORK,
    .summary = "The web proxy wants a sign-in of its own before it lets scanpost reach Microsoft.",
    .fix = "Whoever runs the proxy lets this computer reach login.microsoftonline.com and graph.microsoft.com "
           "without signing in; or sets user and password in proxy of the gateway section.",
};

const struct sp_meaning sp_means_proxy = {
    .cause = "proxy",
    .class_ = SP_CLASS_NETWORK,
    .summary = "A proxy, filter or login page in between answered instead of Microsoft.",
    .fix = "Whoever runs the proxy or firewall lets this computer reach login.microsoftonline.com and "
           "graph.microsoft.com directly; whoever runs scanpost checks proxy in the gateway section.",
};

const struct sp_meaning sp_means_firewall = {
    .cause = "firewall",
    .class_ = SP_CLASS_NETWORK,
    .summary = "A firewall, or the internet provider, answered in Microsoft's place and lets no mail out: {said}",
    .fix = "Whoever runs the firewall, or the internet provider, lets this computer reach {host} (outgoing TCP port 25 "
           "for direct send and relay, 587 for submission). Or use Graph, which needs port 443 alone.",
};

const struct sp_meaning sp_means_destination_unreachable = {
    .cause = "destination_unreachable",
    .class_ = SP_CLASS_NETWORK,
    .scope = SP_SCOPE_RECIPIENT,
    .summary = "Microsoft took the mail but could not reach the mail server of {recipient}.",
    .fix = "The administrator of {recipient}'s mail server (or, in a hybrid organisation, of the connector to it) "
           "makes it reachable; the reply names the host: {said}",
};

const struct sp_meaning sp_means_local = {
    .cause = "local",
    .class_ = SP_CLASS_OTHER,
    .summary = "Something went wrong on this computer, before Microsoft was asked: {said}",
    .fix = "Whoever runs this computer looks at its disk, memory and the log (journalctl -u scanpost).",
};

const struct sp_meaning sp_means_ip_throttled = {
    .cause = "ip_throttled",
    .class_ = SP_CLASS_RATE_LIMITED,
    .summary = "Microsoft slows mail from the address {ip} down, because it is new or sends in a new pattern.",
    .fix = "Nothing at once: it is tried again with growing pauses. A connector for the address lifts it; an "
           "Exchange administrator makes one:\n"
           "New-InboundConnector -Name 'Scan gateway' -ConnectorType OnPremises -SenderDomains '*' "
           "-SenderIPAddresses {ip}",
};

const struct sp_meaning sp_means_suspicious_activity = {
    .cause = "suspicious_activity",
    .class_ = SP_CLASS_RATE_LIMITED,
    .summary = "Microsoft has seen something suspicious from the address {ip} and restricts it while it looks closer.",
    .fix = "Whoever looks after the internet line looks for a machine that sends spam. It clears by itself if the "
           "mail is fine; meanwhile scans go by submission or Graph, if configured.",
};

const struct sp_meaning sp_means_connections = {
    .cause = "connections",
    .class_ = SP_CLASS_RATE_LIMITED,
    .summary = "Too many connections at once, for this mailbox or address.",
    .fix = "Nothing at once: it is tried again shortly. Microsoft allows 3 connections a mailbox, whatever uses it: "
           "lower connections, or give scanpost a mailbox of its own.",
};

const struct sp_meaning sp_means_submission_rate = {
    .cause = "submission_rate",
    .class_ = SP_CLASS_RATE_LIMITED,
    .summary = "More mails a minute than Microsoft allows for {mailbox} (30).",
    .fix = "Nothing at once: it is tried again after a minute. If other programs use the mailbox, give scanpost one "
           "of its own, or lower rate in the method.",
};

const struct sp_meaning sp_means_daily_recipients = {
    .cause = "daily_recipients",
    .class_ = SP_CLASS_RATE_LIMITED,
    .summary = "{mailbox} has used up its recipients for 24 hours (10,000, or the limit of the organisation's "
               "outbound policy).",
    .fix = "It clears by waiting. An administrator looks whether the account is misused, and at the policy; a second "
           "mailbox, High Volume Email (inside) or relay carry more:\n"
           "Get-HostedOutboundSpamFilterPolicy | fl RecipientLimit*",
};

const struct sp_meaning sp_means_tenant_daily = {
    .cause = "tenant_daily",
    .class_ = SP_CLASS_RATE_LIMITED,
    .summary = "The whole tenant has used up its external recipients for 24 hours.",
    .fix = "It clears by waiting. An administrator looks at the report 'Tenant Outbound External Recipients' in the "
           "Exchange admin center and finds who sends so much; more licences raise the limit.",
};

const struct sp_meaning sp_means_trial_tenant = {
    .cause = "trial_tenant",
    .class_ = SP_CLASS_RATE_LIMITED,
    .summary = "A trial tenant may send to few external recipients a day, and they are used up.",
    .fix = "It clears by waiting; an administrator buys a licence to get the full limit.",
};

const struct sp_meaning sp_means_onmicrosoft_daily = {
    .cause = "onmicrosoft_daily",
    .class_ = SP_CLASS_RATE_LIMITED,
    .summary = "Senders of the tenant.onmicrosoft.com domain reach 100 external recipients a day only, and they are "
               "used up.",
    .fix = "Whoever runs scanpost sets sender (and username) to an address of the organisation's own domain {domain}.",
};

const struct sp_meaning sp_means_recipient_rate = {
    .cause = "recipient_rate",
    .class_ = SP_CLASS_RATE_LIMITED,
    .summary = "{recipient} gets more mail an hour than Microsoft allows.",
    .fix = "It clears within the hour. If it is the scans: spread them over several mailboxes.",
};

const struct sp_meaning sp_means_too_many_recipients = {
    .cause = "too_many_recipients",
    .class_ = SP_CLASS_RATE_LIMITED,
    .summary = "Too many recipients in one mail; the rest is sent afterwards.",
    .fix = "Nothing to mend; a distribution group instead of many addresses is quicker.",
};

const struct sp_meaning sp_means_recipients_per_message = {
    .cause = "recipients_per_message",
    .class_ = SP_CLASS_RATE_LIMITED,
    .scope = SP_SCOPE_MESSAGE,
    .summary = "The mail has more recipients than the server allows for one.",
    .fix = "Whoever set the recipients uses a distribution group, or an Exchange administrator raises the limit (up "
           "to 1000):\n"
           "Set-Mailbox {mailbox} -RecipientLimits 1000",
};

const struct sp_meaning sp_means_message_rate = {
    .cause = "message_rate",
    .class_ = SP_CLASS_RATE_LIMITED,
    .summary = "The server takes no more mail from here for the moment: too much in too short a time.",
    .fix = "Nothing at once: it is tried again with growing pauses. If it happens daily, lower rate in the method.",
};

const struct sp_meaning sp_means_server_busy = {
    .cause = "server_busy",
    .class_ = SP_CLASS_BUSY,
    .summary = "The server has a passing fault or is busy.",
    .fix = "Nothing to mend here: the scan is kept and tried again, or by another method. If it stays for hours, see "
           "https://status.cloud.microsoft",
};

const struct sp_meaning sp_means_resources = {
    .cause = "resources",
    .class_ = SP_CLASS_BUSY,
    .summary = "The server is short of memory, disk or threads.",
    .fix = "Nothing to mend at the gateway: the scan is kept and tried again. Where the server is your own Exchange, "
           "its administrator frees disk space (back pressure).",
};

const struct sp_meaning sp_means_greylisted = {
    .cause = "greylisted",
    .class_ = SP_CLASS_BUSY,
    .summary = "The recipient's server asks every unknown sender to come again later (greylisting).",
    .fix = "Nothing to mend: it is tried again and then passes.",
};

const struct sp_meaning sp_means_auth_service_busy = {
    .cause = "auth_service_busy",
    .class_ = SP_CLASS_BUSY,
    .summary = "The server could not check the sign-in for the moment.",
    .fix = "Nothing to mend here: it is tried again. If it stays, see https://status.cloud.microsoft",
};
