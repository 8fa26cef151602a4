/* rules_pasted.c - the troubles of rules_network.c in the words of other programs, for texts that people paste: no code
 * at all, so these stand behind Entra and Graph, and before the phrases of mail servers. */
#include "backend/diagnosis/rules.h"
#include "base/auto.h"

#define PASTED(words, meaning, sample)                                                                                 \
    {                                                                                                                  \
        .bare = true, .phrases = (words), .means = &(meaning), .source = SP_SRC_SEEN, .example = (sample)              \
    }

static const struct sp_rule rules[] = {
    PASTED("certificate & not yet valid", sp_means_clock_wrong,
           "certificate verify failed: certificate is not yet valid"),
    PASTED("certificate & expired & verif | certificate has expired", sp_means_certificate_expired,
           "SSL: CERTIFICATE_VERIFY_FAILED certificate has expired"),
    PASTED("certificate & hostname | certificate & name mismatch | certificate & host name | "
           "certificate & not match | no alternative certificate subject",
           sp_means_certificate_name, "SSL: no alternative certificate subject name matches target host name"),
    PASTED("certificate verify failed | certificate_verify_failed | self-signed certificate | "
           "self signed certificate | unable to get local issuer | certificate & not trusted | certificate chain",
           sp_means_certificate_untrusted, "certificate verify failed: unable to get local issuer certificate"),
    PASTED("no starttls | starttls & not offered | starttls & not supported | starttls not available | "
           "does not support starttls",
           sp_means_no_starttls, "STARTTLS is not supported by the server"),
    PASTED("ssl & handshake | tls & handshake | ssl_error | ssl routines | wrong version number", sp_means_handshake,
           "error:0A00010B:SSL routines::wrong version number"),
    PASTED("connection refused | actively refused", sp_means_connection_refused, "connect: Connection refused"),
    PASTED("timed out & 25 | timeout & port 25", sp_means_port_blocked,
           "connect to host port 25: Connection timed out"),
    PASTED("timed out | timeout | time-out | etimedout", sp_means_connect_timeout, "Connection timed out"),
    PASTED("no route to host | network is unreachable | host is unreachable | network unreachable",
           sp_means_unreachable, "No route to host"),
    PASTED("connection reset | connection closed | connection lost | lost connection | broken pipe | "
           "closed by & host | unexpectedly closed",
           sp_means_closed, "Connection reset by peer"),
    PASTED("could not resolve host | name or service not known | nodename nor servname | no such host | "
           "host not found | nxdomain | getaddrinfo | name resolution | dns & fail",
           sp_means_dns_no_name, "getaddrinfo: Name or service not known"),
};

const struct sp_rule_table sp_rules_pasted = { rules, SP_LEN(rules) };
