/* The scripts do what the chosen methods need and no more, hold the tenant's own values, and quote them. */
#include "gateway/setup/powershell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/str.h"
#include "gateway/setup/answers.h"
#include "gateway/setup/steps.h"

static const char *const commands[] = { "New-MgApplication",     "SMTP.SendAsApp",
                                        "Add-MailboxPermission", "Application Mail.Send",
                                        "Set-CASMailbox",        "-ConnectorType OnPremises",
                                        "RejectDirectSend",      "Add-MgApplicationPassword" };

static struct sp_answers
answers(void)
{
    return (struct sp_answers){ .hostname = "scan.contoso.com",
                                .domain = "contoso.com",
                                .sender = "scanner@contoso.com",
                                .certificate = "",
                                .relay_certificate = "" };
}

static const struct sp_facts facts = { .public_ip = "192.0.2.1" };

static void
test_only_what_the_methods_need(void **state)
{
    static const struct {
        enum sp_method_type method;
        bool rbac;
        const char *expected; /* '1' where the command of that place must be there */
    } rows[] = {
        { SP_TYPE_SUBMISSION, false, "11101001" }, { SP_TYPE_SUBMISSION, true, "11001001" },
        { SP_TYPE_GRAPH, false, "10010001" },      { SP_TYPE_DIRECT, false, "00000010" },
        { SP_TYPE_RELAY, false, "00000100" },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        SP_AUTO(sp_str_free) struct sp_str out = { 0 };
        struct sp_answers a = answers();
        a.use[rows[i].method] = true;
        a.rbac = rows[i].rbac;
        sp_powershell_do(&out, &a, &facts, "");
        for (size_t k = 0; k < SP_LEN(commands); k++) {
            bool there = strstr(sp_str_text(&out), commands[k]) != NULL;
            if (there != (rows[i].expected[k] == '1'))
                fail_msg("row %zu: %s", i, commands[k]);
        }
    }
}

static void
test_enterprise_applications_id_and_no_secret_with_a_certificate(void **state)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    struct sp_answers a = answers();
    (void)state;
    a.use[SP_TYPE_SUBMISSION] = true;
    sp_powershell_do(&out, &a, &facts, "QUJD");
    assert_non_null(strstr(sp_str_text(&out), "New-ServicePrincipal -AppId $app.AppId -ObjectId $principal.Id"));
    assert_non_null(strstr(sp_str_text(&out), "\nQUJD\n'@"));
    assert_null(strstr(sp_str_text(&out), "Add-MgApplicationPassword"));
    assert_null(strstr(sp_str_text(&out), "SecretText"));
}

static void
test_values_are_quoted(void **state)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    struct sp_answers a = answers();
    (void)state;
    a.sender = "o'neill$(calc)@contoso.com";
    a.use[SP_TYPE_DIRECT] = true;
    sp_powershell_do(&out, &a, &facts, "");
    assert_non_null(strstr(sp_str_text(&out), "$Mailbox = 'o''neill$(calc)@contoso.com'\n"));
}

static void
test_undo_takes_back_and_leaves_the_mailbox(void **state)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    struct sp_answers a = answers();
    (void)state;
    a.use[SP_TYPE_SUBMISSION] = a.use[SP_TYPE_GRAPH] = true;
    sp_powershell_undo(&out, &a);
    assert_non_null(strstr(sp_str_text(&out), "Remove-MgApplication"));
    assert_non_null(strstr(sp_str_text(&out), "Remove-InboundConnector"));
    assert_non_null(strstr(sp_str_text(&out), "Remove-ManagementScope"));
    assert_non_null(strstr(sp_str_text(&out), "-SmtpClientAuthenticationDisabled $null"));
    assert_null(strstr(sp_str_text(&out), "Remove-Mailbox "));
}

static void
test_steps_are_numbered_and_hold_the_values(void **state)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    struct sp_answers a = answers();
    (void)state;
    a.use[SP_TYPE_SUBMISSION] = a.use[SP_TYPE_DIRECT] = true;
    sp_steps(&out, &a, &facts);
    assert_non_null(strstr(sp_str_text(&out), "1. "));
    assert_non_null(strstr(sp_str_text(&out), "Add-MailboxPermission scanner@contoso.com"));
    assert_non_null(strstr(sp_str_text(&out), "v=spf1 ip4:192.0.2.1 include:spf.protection.outlook.com ~all"));
    assert_non_null(strstr(sp_str_text(&out), "Object ID"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_what_the_methods_need),
        cmocka_unit_test(test_enterprise_applications_id_and_no_secret_with_a_certificate),
        cmocka_unit_test(test_values_are_quoted),
        cmocka_unit_test(test_undo_takes_back_and_leaves_the_mailbox),
        cmocka_unit_test(test_steps_are_numbered_and_hold_the_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
