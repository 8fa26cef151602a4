/* diagnose_test.c - the answer: scope, "elsewhere", the tenant's values in the sentences, and what must never get into
 * PowerShell that somebody pastes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "backend/diagnosis/diagnosis.h"
#include "base/auto.h"
#include "base/text.h"

static struct sp_diagnosis
diagnose(enum sp_stage stage, int code, const char *enhanced, const char *words, const struct sp_facts *facts)
{
    const struct sp_event event = {
        .stage = stage, .trouble = SP_TROUBLE_REPLY, .code = code, .enhanced = enhanced, .words = words
    };
    struct sp_diagnosis got;
    sp_diagnose(&event, facts, &got);
    return got;
}

static struct sp_diagnosis
happened(enum sp_stage stage, enum sp_trouble trouble, const char *method, const char *words)
{
    const struct sp_event event = { .stage = stage, .trouble = trouble, .method = method, .words = words };
    struct sp_diagnosis got;
    sp_diagnose(&event, NULL, &got);
    return got;
}

static void
test_the_true_reason_inside_530_5_7_57_is_told(void **state)
{
    (void)state;
    struct sp_diagnosis got =
        diagnose(SP_STAGE_MAIL, 530, "5.7.57",
                 "Client not authenticated to send mail. Error: 535 5.7.139 Authentication unsuccessful, "
                 "SmtpClientAuthentication is disabled for the Mailbox.",
                 NULL);
    assert_int_equal(got.class_, SP_CLASS_AUTH_DISABLED);
    assert_string_equal(got.cause, "smtp_auth_off_mailbox");
    got = diagnose(SP_STAGE_MAIL, 530, "5.7.57", "No. Error: 535 5.7.3 [AM0]", NULL);
    assert_int_equal(got.class_, SP_CLASS_AUTH_FAILED);
}

static void
test_4xx_that_never_clear_shut_the_method(void **state)
{
    (void)state;
    assert_int_equal(diagnose(SP_STAGE_MESSAGE, 430, "4.2.0", "STOREDRV; mailbox logon failure", NULL).scope,
                     SP_SCOPE_METHOD);
    assert_int_equal(diagnose(SP_STAGE_RCPT, 451, "4.4.62", "ATTR35", NULL).scope, SP_SCOPE_METHOD);
    assert_int_equal(diagnose(SP_STAGE_RCPT, 451, "4.4.4", "ATTR5", NULL).scope, SP_SCOPE_METHOD);
    assert_int_equal(diagnose(SP_STAGE_MAIL, 451, "5.7.3", "STARTTLS is required to send mail", NULL).scope,
                     SP_SCOPE_METHOD);
    assert_int_equal(diagnose(SP_STAGE_MAIL, 451, "4.7.650", "temporarily rate limited", NULL).scope, SP_SCOPE_METHOD);
}

static void
test_5xx_that_clear_by_waiting_are_for_later(void **state)
{
    (void)state;
    static const char *const codes[] = { "5.7.233", "5.7.236", "5.2.121", "5.2.122", "5.1.90" };
    for (size_t i = 0; i < SP_LEN(codes); i++)
        assert_int_equal(diagnose(SP_STAGE_MESSAGE, 550, codes[i], "", NULL).scope, SP_SCOPE_LATER);
    assert_int_equal(diagnose(SP_STAGE_MESSAGE, 554, "5.2.0", "SubmissionQuotaExceededException", NULL).scope,
                     SP_SCOPE_LATER);
}

static void
test_elsewhere_is_told_where_a_signed_in_sender_would_pass(void **state)
{
    (void)state;
    assert_true(diagnose(SP_STAGE_MESSAGE, 550, "5.7.133", "", NULL).elsewhere);
    assert_true(diagnose(SP_STAGE_RCPT, 550, "5.7.136", "", NULL).elsewhere);
    assert_true(diagnose(SP_STAGE_MESSAGE, 550, "5.7.1", "RESOLVER.RST.AuthRequired", NULL).elsewhere);
    assert_true(diagnose(SP_STAGE_RCPT, 550, "5.5.105", "", NULL).elsewhere);
    assert_false(diagnose(SP_STAGE_RCPT, 550, "5.1.10", "", NULL).elsewhere);
}

static void
test_a_row_may_overrule_the_scope_of_its_class(void **state)
{
    (void)state;
    struct sp_diagnosis got = diagnose(SP_STAGE_RCPT, 550, "5.5.3", "too many recipients", NULL);
    assert_int_equal(got.class_, SP_CLASS_RATE_LIMITED);
    assert_int_equal(got.scope, SP_SCOPE_MESSAGE);
    got = diagnose(SP_STAGE_API, 507, "", "ErrorQuotaExceeded", NULL);
    assert_int_equal(got.class_, SP_CLASS_QUOTA);
    assert_int_equal(got.scope, SP_SCOPE_METHOD);
}

static void
test_plain_codes_mean_something_else_at_each_stage(void **state)
{
    (void)state;
    static const struct {
        enum sp_stage stage;
        int code;
        enum sp_class class_;
    } plain[] = {
        { SP_STAGE_BANNER, 554, SP_CLASS_IP_REPUTATION },
        { SP_STAGE_BANNER, 421, SP_CLASS_BUSY },
        { SP_STAGE_EHLO, 501, SP_CLASS_PROTOCOL },
        { SP_STAGE_STARTTLS, 454, SP_CLASS_TLS },
        { SP_STAGE_AUTH, 535, SP_CLASS_AUTH_FAILED },
        { SP_STAGE_AUTH, 504, SP_CLASS_AUTH_DISABLED },
        { SP_STAGE_AUTH, 454, SP_CLASS_BUSY },
        { SP_STAGE_MAIL, 530, SP_CLASS_AUTH_REQUIRED },
        { SP_STAGE_MAIL, 550, SP_CLASS_SENDER_DENIED },
        { SP_STAGE_MAIL, 552, SP_CLASS_TOO_LARGE },
        { SP_STAGE_RCPT, 550, SP_CLASS_RECIPIENT_UNKNOWN },
        { SP_STAGE_RCPT, 552, SP_CLASS_QUOTA },
        { SP_STAGE_RCPT, 450, SP_CLASS_BUSY },
        { SP_STAGE_DATA, 503, SP_CLASS_PROTOCOL },
        { SP_STAGE_MESSAGE, 552, SP_CLASS_TOO_LARGE },
        { SP_STAGE_MESSAGE, 554, SP_CLASS_OTHER },
        { SP_STAGE_MESSAGE, 599, SP_CLASS_OTHER },
        { SP_STAGE_TOKEN, 503, SP_CLASS_BUSY },
        { SP_STAGE_TOKEN, 401, SP_CLASS_AUTH_FAILED },
        { SP_STAGE_API, 413, SP_CLASS_TOO_LARGE },
        { SP_STAGE_API, 429, SP_CLASS_RATE_LIMITED },
        { SP_STAGE_API, 403, SP_CLASS_AUTH_FAILED },
        { SP_STAGE_API, 400, SP_CLASS_PROTOCOL },
        { SP_STAGE_MESSAGE, 250, SP_CLASS_OK },
    };
    for (size_t i = 0; i < SP_LEN(plain); i++)
        assert_string_equal(sp_class_name(diagnose(plain[i].stage, plain[i].code, "", "", NULL).class_),
                            sp_class_name(plain[i].class_));
}

static void
test_trouble_without_a_reply_is_told_apart(void **state)
{
    (void)state;
    static const struct {
        enum sp_stage stage;
        enum sp_trouble trouble;
        const char *method, *words;
        enum sp_class class_;
        const char *cause;
    } troubles[] = {
        { SP_STAGE_CONNECT, SP_TROUBLE_TIMEOUT, "direct", "no answer", SP_CLASS_NETWORK, "port_blocked" },
        { SP_STAGE_CONNECT, SP_TROUBLE_TIMEOUT, "submission", "no answer", SP_CLASS_NETWORK, "connect_timeout" },
        { SP_STAGE_MESSAGE, SP_TROUBLE_TIMEOUT, "direct", "no answer", SP_CLASS_NETWORK, "silent" },
        { SP_STAGE_CONNECT, SP_TROUBLE_REFUSED, "graph", "", SP_CLASS_NETWORK, "connection_refused" },
        { SP_STAGE_CONNECT, SP_TROUBLE_UNREACHABLE, NULL, NULL, SP_CLASS_NETWORK, "unreachable" },
        { SP_STAGE_BANNER, SP_TROUBLE_CLOSED, "direct", "", SP_CLASS_NETWORK, "closed_at_banner" },
        { SP_STAGE_DATA, SP_TROUBLE_CLOSED, "direct", "", SP_CLASS_NETWORK, "closed" },
        { SP_STAGE_BANNER, SP_TROUBLE_GARBAGE, "direct", "HTTP/1.1 400", SP_CLASS_NETWORK, "not_smtp" },
        { SP_STAGE_DNS, SP_TROUBLE_DNS, "direct", "no such name", SP_CLASS_NETWORK, "dns_no_name" },
        { SP_STAGE_DNS, SP_TROUBLE_DNS, "direct", "mx1.filter.example is not Microsoft's", SP_CLASS_NETWORK,
          "mx_foreign" },
        { SP_STAGE_EHLO, SP_TROUBLE_NO_STARTTLS, "direct", "", SP_CLASS_TLS, "no_starttls" },
        { SP_STAGE_TLS, SP_TROUBLE_CERTIFICATE, "submission",
          "self-signed certificate in certificate chain (issuer CN=FortiGate CA, O=Fortinet)", SP_CLASS_TLS,
          "tls_inspected" },
        { SP_STAGE_TLS, SP_TROUBLE_CERTIFICATE, "submission", "certificate is not yet valid (issuer DigiCert)",
          SP_CLASS_TLS, "clock_wrong" },
        { SP_STAGE_TLS, SP_TROUBLE_CERTIFICATE, "submission", "certificate has expired", SP_CLASS_TLS,
          "certificate_expired" },
        { SP_STAGE_TLS, SP_TROUBLE_CERTIFICATE, "direct", "hostname mismatch", SP_CLASS_TLS, "certificate_name" },
        { SP_STAGE_TLS, SP_TROUBLE_CERTIFICATE, "direct", "self-signed certificate", SP_CLASS_TLS,
          "certificate_untrusted" },
        { SP_STAGE_TLS, SP_TROUBLE_HANDSHAKE, "relay", "alert certificate required", SP_CLASS_TLS,
          "client_certificate" },
        { SP_STAGE_TLS, SP_TROUBLE_HANDSHAKE, "direct", "handshake failure", SP_CLASS_TLS, "handshake" },
        { SP_STAGE_AUTH, SP_TROUBLE_NO_MECHANISM, "submission", "", SP_CLASS_AUTH_DISABLED, "mechanism_not_offered" },
        { SP_STAGE_MAIL, SP_TROUBLE_TOO_LARGE, "direct", "", SP_CLASS_TOO_LARGE, "size_announced" },
        { SP_STAGE_MESSAGE, SP_TROUBLE_LOCAL, "direct", "document cannot be read", SP_CLASS_OTHER, "local" },
        { SP_STAGE_TOKEN, SP_TROUBLE_LOCAL, "graph", "secret '/x' cannot be read", SP_CLASS_AUTH_FAILED,
          "secret_missing" },
        /* in the words of backend/net */
        { SP_STAGE_DNS, SP_TROUBLE_DNS, "direct", "dns: there is no name 'contoso.example'", SP_CLASS_NETWORK,
          "dns_no_name" },
        { SP_STAGE_DNS, SP_TROUBLE_DNS, "direct", "dns: 'contoso.com' has no MX record", SP_CLASS_NETWORK,
          "mx_missing" },
        { SP_STAGE_DNS, SP_TROUBLE_DNS, "direct", "dns: no answer in time for 'contoso.com'", SP_CLASS_NETWORK,
          "dns_no_answer" },
        { SP_STAGE_CONNECT, SP_TROUBLE_TIMEOUT, NULL, "cannot connect to 192.0.2.1 port 25: timed out",
          SP_CLASS_NETWORK, "port_blocked" },
        { SP_STAGE_TLS, SP_TROUBLE_CERTIFICATE, "submission",
          "the certificate shown for smtp.office365.com was refused: self-signed certificate in certificate chain; it "
          "belongs to 'CN=smtp.office365.com', issued by 'CN=Sophos SSL CA'",
          SP_CLASS_TLS, "tls_inspected" },
        { SP_STAGE_TLS, SP_TROUBLE_LOCAL, "relay", "tls: the key '/x' does not belong to '/y'", SP_CLASS_TLS,
          "client_certificate" },
        { SP_STAGE_MESSAGE, SP_TROUBLE_NONE, "direct", NULL, SP_CLASS_OK, "" },
    };
    for (size_t i = 0; i < SP_LEN(troubles); i++) {
        struct sp_diagnosis got =
            happened(troubles[i].stage, troubles[i].trouble, troubles[i].method, troubles[i].words);
        assert_string_equal(got.cause, troubles[i].cause);
        assert_int_equal(got.class_, troubles[i].class_);
    }
}

static void
test_the_tenants_values_stand_in_the_commands(void **state)
{
    (void)state;
    const struct sp_facts facts = { .mailbox = "scanner@contoso.com", .public_ip = "192.0.2.1" };
    struct sp_diagnosis got =
        diagnose(SP_STAGE_AUTH, 535, "5.7.139", "SmtpClientAuthentication is disabled for the Mailbox", &facts);
    assert_non_null(strstr(got.fix, "\nSet-CASMailbox scanner@contoso.com -SmtpClientAuthenticationDisabled $false\n"));
    got = diagnose(SP_STAGE_RCPT, 550, "5.7.51", "", &facts);
    assert_non_null(strstr(got.fix, "@{Add='192.0.2.1'}"));
}

static void
test_placeholders_stand_where_nothing_is_known(void **state)
{
    (void)state;
    const struct sp_facts facts = { .mailbox = "" };
    struct sp_diagnosis got =
        diagnose(SP_STAGE_AUTH, 535, "5.7.139", "SmtpClientAuthentication is disabled for the Mailbox", &facts);
    assert_non_null(strstr(got.fix, "Set-CASMailbox <mailbox> -Smtp"));
}

static void
test_the_address_is_taken_from_the_reply_when_not_known(void **state)
{
    (void)state;
    struct sp_diagnosis got =
        diagnose(SP_STAGE_RCPT, 550, "5.7.606", "Access denied, banned sending IP [192.0.2.77]. [AM0]", NULL);
    assert_non_null(strstr(got.summary, "192.0.2.77"));
    got = diagnose(SP_STAGE_RCPT, 550, "5.7.606", "Access denied, banned sending IP [x.x.x.x] [AM0 [", NULL);
    assert_non_null(strstr(got.summary, "<public IP>"));
}

/* A recipient comes from an address book: what it holds must stay one argument. */
static void
test_values_cannot_break_out_of_the_commands(void **state)
{
    (void)state;
    static const struct {
        const char *recipient, *in_command;
    } nasty[] = {
        { "o'brien@contoso.com", "Get-Recipient 'o''brien@contoso.com'" },
        { "a|iex@contoso.com", "Get-Recipient 'a|iex@contoso.com'" },
        { "$x@contoso.com", "Get-Recipient '$x@contoso.com'" },
        { "`a@contoso.com", "Get-Recipient '`a@contoso.com'" },
        { "a\xe2\x80\x99;b@contoso.com", "Get-Recipient 'a\xe2\x80\x99\xe2\x80\x99;b@contoso.com'" },
        { "a\nRemove-Mailbox@contoso.com", "Get-Recipient 'a Remove-Mailbox@contoso.com'" },
        { "-Force", "Get-Recipient '-Force'" },
        { "{mailbox}@contoso.com", "Get-Recipient '{mailbox}@contoso.com'" },
    };
    for (size_t i = 0; i < SP_LEN(nasty); i++) {
        const struct sp_facts facts = { .recipient = nasty[i].recipient };
        struct sp_diagnosis got = diagnose(SP_STAGE_RCPT, 550, "5.1.10", "Recipient not found", &facts);
        if (strstr(got.fix, nasty[i].in_command) == NULL)
            fail_msg("'%s' is not in '%s'", nasty[i].in_command, got.fix);
    }
    const struct sp_facts facts = { .public_ip = "1'; Remove-Mailbox" };
    struct sp_diagnosis got = diagnose(SP_STAGE_RCPT, 550, "5.7.51", "", &facts);
    assert_non_null(strstr(got.fix, "@{Add='1''; Remove-Mailbox'}"));
}

static void
test_what_the_peer_said_is_shown_cleaned_and_cut(void **state)
{
    (void)state;
    char words[5000];
    memset(words, 'w', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    memcpy(words, "a\x1b[31m\xff\r\n<b>", 10);
    struct sp_diagnosis got = diagnose(SP_STAGE_MESSAGE, 599, "", words, NULL);
    assert_int_equal(got.class_, SP_CLASS_OTHER);
    assert_false(sp_text_has_control(got.summary));
    assert_true(sp_utf8_valid(got.summary, strlen(got.summary)));
    assert_true(strlen(got.summary) < 300);
    assert_non_null(strstr(got.summary, "www..."));
}

static void
test_facts_of_any_length_leave_the_texts_whole_characters(void **state)
{
    (void)state;
    char wide[2001];
    for (size_t i = 0; i + 1 < sizeof wide; i += 2)
        memcpy(wide + i, "\xc3\xa9", 2);
    wide[sizeof wide - 1] = '\0';
    const struct sp_facts facts = { wide, wide, wide, wide, wide, wide, wide };
    struct sp_diagnosis got = diagnose(SP_STAGE_RCPT, 550, "5.7.64", "", &facts);
    assert_true(sp_utf8_valid(got.summary, strlen(got.summary)));
    assert_true(sp_utf8_valid(got.fix, strlen(got.fix)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_true_reason_inside_530_5_7_57_is_told),
        cmocka_unit_test(test_4xx_that_never_clear_shut_the_method),
        cmocka_unit_test(test_5xx_that_clear_by_waiting_are_for_later),
        cmocka_unit_test(test_elsewhere_is_told_where_a_signed_in_sender_would_pass),
        cmocka_unit_test(test_a_row_may_overrule_the_scope_of_its_class),
        cmocka_unit_test(test_plain_codes_mean_something_else_at_each_stage),
        cmocka_unit_test(test_trouble_without_a_reply_is_told_apart),
        cmocka_unit_test(test_the_tenants_values_stand_in_the_commands),
        cmocka_unit_test(test_placeholders_stand_where_nothing_is_known),
        cmocka_unit_test(test_the_address_is_taken_from_the_reply_when_not_known),
        cmocka_unit_test(test_values_cannot_break_out_of_the_commands),
        cmocka_unit_test(test_what_the_peer_said_is_shown_cleaned_and_cut),
        cmocka_unit_test(test_facts_of_any_length_leave_the_texts_whole_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
