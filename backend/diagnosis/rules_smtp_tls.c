/* rules_smtp_tls.c - what servers say about encryption. */
#include "backend/diagnosis/rules.h"
#include "base/auto.h"

static const struct sp_rule rules[] = {
    { .enhanced = "x.7.321-325, x.4.8",
      .means = &sp_means_destination_tls,
      .source = SP_SRC_NDR,
      .example = "450 4.7.321 starttls-not-supported: Destination mail server must support TLS to receive mail." },
    { .phrases = "mta-sts | dane) | failed dane | tlsa-invalid | dnssec-invalid | starttls-not-supported | "
                 "destination mail server",
      .means = &sp_means_destination_tls,
      .source = SP_SRC_NDR,
      .example = "550 5.7.5 Remote certificate failed MTA-STS validation. Reason: CertificateExpired" },
    { .enhanced = "x.7.66",
      .means = &sp_means_legacy_tls,
      .source = "Microsoft: Opt in to the Exchange Online endpoint for legacy TLS clients using SMTP AUTH",
      .example =
          "421 4.7.66 TLS 1.0 and 1.1 are not supported. Please upgrade/update your client to support TLS 1.2." },
    { .phrases = "tls 1.0 | tls 1.1 | smtp_auth_tls | tls1.0 | legacy tls | tls version | protocol version",
      .means = &sp_means_legacy_tls,
      .source = SP_SRC_SEEN,
      .example = "421 4.7.0 TLS 1.0 is not accepted here" },
    { .stages = SP_AT_SMTP,
      .phrases = "starttls & must | starttls & first | starttls & requir | must issue & tls | "
                 "secure connection & requir | encryption & requir | encryption needed | tls & is required | "
                 "tls required | need starttls | requires tls | requires encryption | without & tls | use starttls | "
                 "session encryption",
      .means = &sp_means_starttls_required,
      .source = "RFC 3207 section 4",
      .example = "451 5.7.3 STARTTLS is required to send mail." },
    { .enhanced = "x.7.11",
      .means = &sp_means_starttls_required,
      .source = "RFC 4954 section 6",
      .example = "538 5.7.11 Clear text not taken here" },
    { .code = SP_CODE(538),
      .stages = SP_AT_SMTP,
      .means = &sp_means_starttls_required,
      .source = "RFC 4954 section 6",
      .example = "538 Not like this" },
    { .stages = SP_AT_SMTP,
      .phrases = "tls not available | tls & temporar | starttls & not available | tls currently unavailable | "
                 "unable to initialize security subsystem | starttls & fail | tls & negotiat | tls handshake | "
                 "cannot start tls | local problem & tls | starttls & unavailable | tls & unavailable | "
                 "tls initialization",
      .means = &sp_means_starttls_refused,
      .source = "RFC 3207 section 4",
      .example = "454 4.7.0 TLS not available due to local problem" },
    { .stages = SP_AT_SMTP,
      .phrases = "certificate & validation | certificate & verif | certificate & not trusted | "
                 "certificate & invalid | client certificate | certificate & required | certificate & not match",
      .means = &sp_means_client_certificate,
      .source = SP_SRC_SERV,
      .example = "454 4.7.5 Certificate validation failure" },
    { .enhanced = "x.7.5, x.7.10",
      .means = &sp_means_starttls_refused,
      .source = SP_SRC_3463,
      .example = "454 4.7.5 Cryptography" },
    { .stages = SP_AT(STARTTLS),
      .code = SP_CODES(500, 504),
      .means = &sp_means_starttls_fixup,
      .source = "Cisco: ESMTP inspection rewrites STARTTLS",
      .example = "500 5.5.1 Command unrecognized: \"XXXXXXXX\"" },
    { .stages = SP_AT(STARTTLS),
      .code = SP_CODES(400, 499),
      .phrases = "tls | security | encrypt",
      .means = &sp_means_starttls_refused,
      .source = "RFC 3207 section 4",
      .example = "454 4.3.0 No TLS today" },
    { .stages = SP_AT(STARTTLS),
      .code = SP_CODES(500, 599),
      .means = &sp_means_starttls_refused,
      .source = "RFC 3207 section 4",
      .example = "554 5.5.0 No" },
    { .stages = SP_AT(STARTTLS),
      .code = SP_CODE(454),
      .means = &sp_means_starttls_refused,
      .source = "RFC 3207 section 4",
      .example = "454 Not now" },
    { .phrases = "xxxx & recogni | xxxx & command | xxxx & unknown", /* not alone: people blot names out by x as well */
      .stages = SP_AT_SMTP,
      .code = SP_CODES(500, 502),
      .means = &sp_means_starttls_fixup,
      .source = "Cisco: ESMTP inspection rewrites STARTTLS",
      .example = "500 unrecognised command: XXXXXXXA" },
};

const struct sp_rule_table sp_rules_smtp_tls = { rules, SP_LEN(rules) };
