/* rules.h - the shape of the table behind diagnosis.h; inside this folder and for its tests.
 *
 * Two kinds of rows. A *meaning* is what is wrong: class, cause, words, fix. A *rule* is how somebody said it: stage,
 * method, code, enhanced code, phrases, and whose word we have for it. Many rules share a meaning, because Microsoft
 * has many ways to say one thing. Rules are tried in the order of the tables and of their rows: the first that fits
 * wins, so the particular stands before the general. */
#ifndef SP_DIAGNOSIS_RULES_H
#define SP_DIAGNOSIS_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "backend/diagnosis/diagnosis.h"

/* In summary and fix, {mailbox} {domain} {ip} {client} {recipient} {host} {hostname} {said} stand for the facts of the
 * case; {said} are the peer's words, cleaned and cut. */
struct sp_meaning {
    const char *cause;
    enum sp_class class_;
    enum sp_scope scope; /* SP_SCOPE_NONE: as the class says */
    bool elsewhere;
    const char *summary, *fix;
};

struct sp_code_range {
    int from, to; /* 0, 0: any or none */
};

struct sp_rule {
    unsigned stages;           /* SP_AT() bits; 0: any */
    unsigned methods;          /* SP_BY() bits; 0: any. A method that is not known fits every rule */
    enum sp_trouble trouble;   /* SP_TROUBLE_NONE: a reply */
    struct sp_code_range code; /* a whole hundred also fits an enhanced code alone: 4.7.500 is a 4xx */
    bool bare;                 /* only words without any code */
    /* "5.7.606-649, x.7.511": any of these; x fits 4 and 5, * any detail. NULL: any or none */
    const char *enhanced;
    /* "a & b | c": (a and b) or c, in lower case; a phrase that ends in a digit does not go on in digits. NULL: any */
    const char *phrases;
    const struct sp_meaning *means;
    const char *source;  /* whose word: a page, an RFC, or "observed" */
    const char *example; /* what lands here, in words as they come; with the first stage and method of the masks */
};

#define SP_AT(stage) (1U << (SP_STAGE_##stage))
#define SP_BY(type)  (1U << (SP_BY_##type))
#define SP_CODE(only)                                                                                                  \
    {                                                                                                                  \
        (only), (only)                                                                                                 \
    }
#define SP_CODES(from, to)                                                                                             \
    {                                                                                                                  \
        (from), (to)                                                                                                   \
    }

enum sp_by { SP_BY_DIRECT, SP_BY_RELAY, SP_BY_SUBMISSION, SP_BY_GRAPH };

/* Stage NONE (a reply pasted without its stage) goes with the stages of SMTP. */
#define SP_AT_SMTP                                                                                                     \
    (SP_AT(NONE) | SP_AT(CONNECT) | SP_AT(BANNER) | SP_AT(EHLO) | SP_AT(STARTTLS) | SP_AT(TLS) | SP_AT(AUTH) |         \
     SP_AT(MAIL) | SP_AT(RCPT) | SP_AT(DATA) | SP_AT(MESSAGE))

/* Where the names in `source` point. */
#define SP_SRC_NDR   "Microsoft: Email non-delivery reports and SMTP errors in Exchange Online"
#define SP_SRC_SERV  "Microsoft: DSNs and NDRs in Exchange Server"
#define SP_SRC_AUTH  "Microsoft: Fix issues with printers, scanners and LOB applications that send email"
#define SP_SRC_AADS  "Microsoft: Microsoft Entra authentication and authorization error codes"
#define SP_SRC_GRAPH "Microsoft Graph: error responses and resource types; throttling guidance"
#define SP_SRC_EWS   "Microsoft: EWS ResponseCode values, which Graph passes on"
#define SP_SRC_LIVE  "Outlook.com Postmaster: troubleshooting, list of SMTP errors"
#define SP_SRC_SEEN  "observed"
#define SP_SRC_3463  "RFC 3463"
#define SP_SRC_5321  "RFC 5321 section 4.2"

struct sp_rule_table {
    const struct sp_rule *rules;
    size_t count;
};
extern const struct sp_rule_table sp_rules_network;       /* rules_network.c: what happened, without a reply */
extern const struct sp_rule_table sp_rules_token;         /* rules_token.c: AADSTS */
extern const struct sp_rule_table sp_rules_graph;         /* rules_graph.c */
extern const struct sp_rule_table sp_rules_pasted;        /* rules_pasted.c: network trouble in others' words */
extern const struct sp_rule_table sp_rules_smtp_codes;    /* rules_smtp_codes.c: enhanced codes that say it all */
extern const struct sp_rule_table sp_rules_smtp_tls;      /* rules_smtp_tls.c: then phrases, subject by subject */
extern const struct sp_rule_table sp_rules_smtp_signin;   /* rules_smtp_signin.c */
extern const struct sp_rule_table sp_rules_smtp_sender;   /* rules_smtp_sender.c: where from, and who */
extern const struct sp_rule_table sp_rules_smtp_wait;     /* rules_smtp_wait.c: limits and faults that pass */
extern const struct sp_rule_table sp_rules_smtp_delivery; /* rules_smtp_delivery.c: to whom, what, how much */
extern const struct sp_rule_table sp_rules_smtp_plain;    /* rules_smtp_plain.c: families of codes, codes alone */

/* All of them in the order in which they are tried; ends with NULL. */
extern const struct sp_rule_table *const sp_rule_tables[];

/* The rule that fits; NULL when none does (then it is `other`). */
const struct sp_rule *sp_rule_find(const struct sp_event *event);

/* meanings_signin.c */
extern const struct sp_meaning sp_means_smtp_auth_off_tenant, sp_means_smtp_auth_off_mailbox, sp_means_smtp_auth_off,
    sp_means_mechanism_not_offered, sp_means_organization_config, sp_means_security_defaults,
    sp_means_conditional_access, sp_means_user_credentials, sp_means_account_locked, sp_means_account_disabled,
    sp_means_password_expired, sp_means_federated_sts, sp_means_mailbox_permission, sp_means_sign_in_refused,
    sp_means_xoauth2_data, sp_means_mfa_required, sp_means_not_signed_in, sp_means_basic_auth_disabled,
    sp_means_basic_auth_retired;
/* meanings_app.c: the app registration, its token, Graph */
extern const struct sp_meaning sp_means_secret_expired, sp_means_secret_id_pasted, sp_means_secret_wrong,
    sp_means_secret_missing, sp_means_app_missing, sp_means_app_disabled, sp_means_app_permission,
    sp_means_app_access_policy, sp_means_tenant_unknown, sp_means_scope_wrong, sp_means_certificate_unregistered,
    sp_means_app_certificate_expired, sp_means_assertion_refused, sp_means_assertion_clock, sp_means_user_unknown,
    sp_means_request_incomplete, sp_means_wrong_cloud, sp_means_tenant_restrictions, sp_means_consent_expired,
    sp_means_token_refused, sp_means_token_service_busy, sp_means_token_throttled, sp_means_token_invalid,
    sp_means_mailbox_missing, sp_means_graph_throttled, sp_means_graph_unavailable, sp_means_graph_request,
    sp_means_upload_lost;
/* meanings_sender.c */
extern const struct sp_meaning sp_means_spamhaus, sp_means_microsoft_list, sp_means_microsoft_list_mail,
    sp_means_consumer_list, sp_means_helo_listed, sp_means_customer_list, sp_means_poor_reputation,
    sp_means_third_party_list, sp_means_dynamic_range, sp_means_blocked_ip, sp_means_rejectdirectsend,
    sp_means_partner_connector, sp_means_no_connector, sp_means_relay_denied, sp_means_region, sp_means_no_subscription,
    sp_means_send_as, sp_means_sender_restricted, sp_means_tenant_restricted, sp_means_connector_restricted,
    sp_means_unregistered_domain, sp_means_outbound_spam, sp_means_sender_blocked, sp_means_sender_address,
    sp_means_banned_sender, sp_means_spf, sp_means_dmarc, sp_means_dkim, sp_means_ipv6_ptr,
    sp_means_ipv6_authentication, sp_means_ipv6_refused, sp_means_ptr, sp_means_authentication_level;
/* meanings_delivery.c */
extern const struct sp_meaning sp_means_accepted, sp_means_no_such_recipient, sp_means_edge_blocking,
    sp_means_domain_unknown, sp_means_bad_address, sp_means_ambiguous, sp_means_authenticated_only,
    sp_means_not_allowed, sp_means_members_only, sp_means_transport_rule, sp_means_tenant_block_list,
    sp_means_banned_recipient, sp_means_mailbox_disabled, sp_means_internal_only, sp_means_forwarding_blocked,
    sp_means_moderated, sp_means_recipient_policy, sp_means_mailbox_full, sp_means_sender_mailbox_full,
    sp_means_size_limit, sp_means_recipient_size_limit, sp_means_size_announced, sp_means_request_size, sp_means_spam,
    sp_means_malware, sp_means_attachment_blocked, sp_means_from_header, sp_means_helo_name, sp_means_bare_linefeed,
    sp_means_mime, sp_means_sequence, sp_means_syntax, sp_means_address_syntax, sp_means_several_senders,
    sp_means_utf8_address, sp_means_loop, sp_means_journaling, sp_means_unclear;
/* meanings_line.c: the way there, and waiting */
extern const struct sp_meaning sp_means_starttls_required, sp_means_no_starttls, sp_means_starttls_fixup,
    sp_means_legacy_tls, sp_means_starttls_refused, sp_means_handshake, sp_means_certificate_name,
    sp_means_certificate_untrusted, sp_means_certificate_expired, sp_means_tls_inspected, sp_means_clock_wrong,
    sp_means_client_certificate, sp_means_destination_tls, sp_means_dns_no_name, sp_means_mx_missing,
    sp_means_mx_foreign, sp_means_dns_no_answer, sp_means_port_blocked, sp_means_connection_refused,
    sp_means_unreachable, sp_means_connect_timeout, sp_means_silent, sp_means_closed, sp_means_closed_at_banner,
    sp_means_not_smtp, sp_means_proxy_auth, sp_means_proxy, sp_means_firewall, sp_means_destination_unreachable,
    sp_means_local, sp_means_ip_throttled, sp_means_suspicious_activity, sp_means_connections, sp_means_submission_rate,
    sp_means_daily_recipients, sp_means_tenant_daily, sp_means_trial_tenant, sp_means_onmicrosoft_daily,
    sp_means_recipient_rate, sp_means_too_many_recipients, sp_means_recipients_per_message, sp_means_message_rate,
    sp_means_server_busy, sp_means_resources, sp_means_greylisted, sp_means_auth_service_busy;

#endif
