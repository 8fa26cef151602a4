/* rules_network.c - what happened where no reply tells it: names, connections, TLS. */
#include "backend/diagnosis/rules.h"
#include "base/auto.h"

/* Makers of firewalls, proxies and virus scanners that open TLS, as they sign: no authority of the public sort has
 * these words in its name. */
#define INSPECTORS                                                                                                     \
    "fortinet | fortigate | sophos | palo alto | paloalto | zscaler | check point | checkpoint | sonicwall | "         \
    "watchguard | barracuda | blue coat | bluecoat | umbrella | forcepoint | websense | netskope | mcafee | "          \
    "trellix | skyhigh | kaspersky | eset ssl | avast | avg web | bitdefender | untangle | pfsense | opnsense | "      \
    "squid | mitmproxy | iboss | smoothwall | securly | lightspeed | contentkeeper | trend micro | stormshield | "     \
    "securepoint | lancom | clavister | hillstone | sangfor | cyberoam | meraki | cato networks | dpi-ssl | "          \
    "ssl inspection | tls inspection | ssl-inspection | ssl proxy | ssl-proxy | web gateway | webgateway | "           \
    "firewall | proxy ca | inspection ca | decryption | intercept"

#define FAILED(kind, words, meaning, sample)                                                                           \
    {                                                                                                                  \
        .trouble = SP_TROUBLE_##kind, .phrases = (words), .means = &(meaning), .source = SP_SRC_SEEN,                  \
        .example = (sample)                                                                                            \
    }

static const struct sp_rule rules[] = {
    /* Names */
    FAILED(DNS, "not microsoft | foreign | third-party | third party | another provider | not one of microsoft",
           sp_means_mx_foreign, "the MX of contoso.com is mx1.filter.example, which is not Microsoft's"),
    FAILED(DNS, "no mx | no mail exchanger | mx record | null mx", sp_means_mx_missing, "contoso.com has no MX record"),
    FAILED(DNS,
           "no such name | there is no name | no ipv4 address | nxdomain | does not exist | not known | not found | "
           "no such host | host not found | no address | unknown host | could not resolve",
           sp_means_dns_no_name, "smtp.contoso.example: no such name"),
    FAILED(DNS, NULL, sp_means_dns_no_answer, "the name server did not answer in time"),

    /* Connections. Where the method is not known, a time-out is told without blaming port 25 */
    { .trouble = SP_TROUBLE_TIMEOUT,
      .stages = SP_AT(CONNECT),
      .phrases = ":25 | port 25",
      .means = &sp_means_port_blocked,
      .source = "providers' practice; Azure blocks it as well",
      .example = "no answer from 192.0.2.1 port 25" },
    { .trouble = SP_TROUBLE_TIMEOUT,
      .stages = SP_AT(CONNECT),
      .methods = SP_BY(SUBMISSION) | SP_BY(GRAPH),
      .means = &sp_means_connect_timeout,
      .source = SP_SRC_SEEN,
      .example = "no answer in time" },
    { .trouble = SP_TROUBLE_TIMEOUT,
      .stages = SP_AT(CONNECT),
      .means = &sp_means_port_blocked,
      .methods = SP_BY(DIRECT) | SP_BY(RELAY),
      .source = "providers' practice; Azure blocks it as well",
      .example = "no answer in time" },
    { .trouble = SP_TROUBLE_TIMEOUT,
      .stages = SP_AT(DNS),
      .means = &sp_means_dns_no_answer,
      .source = SP_SRC_SEEN,
      .example = "no answer in time" },
    FAILED(TIMEOUT, NULL, sp_means_silent, "nothing came for 300 seconds"),
    { .trouble = SP_TROUBLE_REFUSED,
      .stages = SP_AT(CONNECT),
      .phrases = ":25 | port 25",
      .means = &sp_means_port_blocked,
      .source = "providers' practice",
      .example = "192.0.2.1 port 25: Connection refused" },
    FAILED(REFUSED, NULL, sp_means_connection_refused, "Connection refused"),
    FAILED(UNREACHABLE, NULL, sp_means_unreachable, "Network is unreachable"),
    { .trouble = SP_TROUBLE_CLOSED,
      .stages = SP_AT(BANNER) | SP_AT(CONNECT),
      .means = &sp_means_closed_at_banner,
      .source = SP_SRC_SEEN,
      .example = "the server hung up" },
    FAILED(CLOSED, NULL, sp_means_closed, "the server hung up"),
    FAILED(GARBAGE, "407 | proxy auth", sp_means_proxy_auth, "proxy: 407 Proxy Authentication Required"),
    FAILED(GARBAGE, NULL, sp_means_not_smtp, "not a reply: 'HTTP/1.1 400 Bad Request'"),

    /* Encryption */
    FAILED(NO_STARTTLS, "xxx | ***", sp_means_starttls_fixup, "the server offers 250-XXXXXXXA instead of STARTTLS"),
    FAILED(NO_STARTTLS, NULL, sp_means_no_starttls, "STARTTLS is not offered"),
    FAILED(CERTIFICATE, INSPECTORS, sp_means_tls_inspected,
           "self-signed certificate in certificate chain (subject CN=*.protection.outlook.com, issuer CN=FG100F, "
           "O=Fortinet)"),
    FAILED(CERTIFICATE, "not yet valid", sp_means_clock_wrong, "certificate is not yet valid (issuer DigiCert)"),
    FAILED(CERTIFICATE, "expired", sp_means_certificate_expired, "certificate has expired (issuer DigiCert)"),
    FAILED(CERTIFICATE,
           "mismatch | name & match | not match | no alternative | hostname | host name | not for | wrong name | "
           "another name",
           sp_means_certificate_name, "hostname mismatch (subject CN=mail.example)"),
    FAILED(CERTIFICATE, NULL, sp_means_certificate_untrusted,
           "unable to get local issuer certificate (issuer CN=Contoso CA)"),
    FAILED(HANDSHAKE,
           "certificate required | bad certificate | alert certificate | unknown ca | certificate unknown | "
           "client certificate | private key",
           sp_means_client_certificate, "tlsv13 alert certificate required"),
    FAILED(HANDSHAKE, "protocol version | unsupported protocol | legacy", sp_means_legacy_tls,
           "tlsv1 alert protocol version"),
    FAILED(HANDSHAKE, NULL, sp_means_handshake, "sslv3 alert handshake failure"),

    /* What the server announced, and our own side */
    FAILED(NO_MECHANISM, NULL, sp_means_mechanism_not_offered, "the server offers no AUTH"),
    FAILED(TOO_LARGE, NULL, sp_means_size_announced, "the message has 40000000 bytes, the server takes 36700160"),
    FAILED(LOCAL, "certificate authorities | ca-file", sp_means_certificate_untrusted,
           "tls: cannot load certificate authorities from '/etc/scanpost/ca.pem'"),
    FAILED(
        LOCAL,
        "client certificate | client-certificate | client-key | load the certificate | load the key | the key & belong",
        sp_means_client_certificate, "tls: cannot load the certificate '/etc/scanpost/relay.pem'"),
    FAILED(LOCAL, "secret | password | oauth-key | oauth-certificate | token", sp_means_secret_missing,
           "secret '/etc/scanpost/submission.secret' cannot be read"),
    FAILED(LOCAL, NULL, sp_means_local, "out of memory"),
};

const struct sp_rule_table sp_rules_network = { rules, SP_LEN(rules) };
