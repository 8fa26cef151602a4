/* What answers make of a configuration is read back by the daemon's own code. */
#include "gateway/setup/conf_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/str.h"
#include "gateway/setup/answers.h"

static const char secret[] = "/dev/shm/scanpost-conf-write-secret"; /* a regular file, as the check wants it */

static struct sp_answers
answers(void)
{
    return (struct sp_answers){ .hostname = "scan.contoso.com",
                                .resolver = "",
                                .proxy = "",
                                .tenant = "office",
                                .domain = "contoso.com",
                                .onmicrosoft = "",
                                .sender = "scanner@contoso.com",
                                .use = { [SP_TYPE_DIRECT] = true, [SP_TYPE_SUBMISSION] = true },
                                .tenant_id = "contoso.com",
                                .client_id = "an-id",
                                .secret_file = secret,
                                .secret_expires = "2028-03-31",
                                .certificate = "",
                                .key = "",
                                .password_file = "",
                                .relay_certificate = "",
                                .relay_key = "",
                                .route = "scans",
                                .to = "it@contoso.com",
                                .folder = "scans",
                                .path = "/srv/scans",
                                .notify = "it@contoso.com",
                                .tls_certificate = "",
                                .tls_key = "" };
}

static void
load(const struct sp_str *text, struct sp_settings **ret)
{
    char file[64];
    struct sp_err err = { 0 };
    (void)snprintf(file, sizeof file, "/tmp/scanpost-conf-write-%d.conf", (int)getpid());
    assert_int_equal(sp_io_put_file(-100, file, sp_str_text(text), text->len, 0600, &err), SP_OK);
    enum sp_rc rc = sp_settings_load(file, ret, &err);
    (void)unlink(file);
    if (rc != SP_OK)
        fail_msg("%s\n%s", err.text, sp_str_text(text));
}

static void
test_new_configuration_says_what_was_answered(void **state)
{
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    SP_AUTO(sp_settings_free) struct sp_settings *settings = NULL;
    struct sp_err err = { 0 };
    struct sp_answers a = answers();
    (void)state;
    assert_int_equal(sp_conf_write(&text, &a, &err), SP_OK);
    load(&text, &settings);
    assert_string_equal(settings->gateway.hostname, "scan.contoso.com");
    assert_string_equal(settings->tenants[0].domain, "contoso.com");
    assert_int_equal(settings->n_methods, 2);
    assert_string_equal(sp_settings_method(settings, "submission")->oauth_client_id, "an-id");
    assert_string_equal(sp_settings_route(settings, "scans")->to.items[0], "it@contoso.com");
    assert_string_equal(sp_settings_folder(settings, "scans")->path, "/srv/scans");
}

static void
test_second_run_keeps_what_it_does_not_know(void **state)
{
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    SP_AUTO(sp_settings_free) struct sp_settings *settings = NULL;
    struct sp_err err = { 0 };
    struct sp_answers a = answers();
    (void)state;
    sp_str_add(&text, "# by hand\ngateway { log-level = debug }\nretry { expire = 3d } # three days\n");
    assert_int_equal(sp_conf_write(&text, &a, &err), SP_OK);
    a.use[SP_TYPE_DIRECT] = false;
    a.allow_external = true;
    assert_int_equal(sp_conf_write(&text, &a, &err), SP_OK);
    load(&text, &settings);
    assert_non_null(strstr(sp_str_text(&text), "# by hand\n"));
    assert_non_null(strstr(sp_str_text(&text), "# three days\n"));
    assert_int_equal(settings->gateway.log_level, 7);
    assert_false(sp_settings_method(settings, "direct")->enabled);
    assert_true(sp_settings_route(settings, "scans")->allow_external);
    a.allow_external = false;
    size_t before = text.len;
    assert_int_equal(sp_conf_write(&text, &a, &err), SP_OK);
    assert_true(text.len < before);
}

static void
test_methods_that_wait_are_written_but_not_enabled(void **state)
{
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    SP_AUTO(sp_settings_free) struct sp_settings *settings = NULL;
    struct sp_err err = { 0 };
    struct sp_answers a = answers();
    (void)state;
    a.signin_waits = true;
    a.client_id = "";
    assert_int_equal(sp_conf_write(&text, &a, &err), SP_OK);
    load(&text, &settings);
    assert_false(sp_settings_method(settings, "submission")->enabled);
    assert_true(sp_settings_method(settings, "direct")->enabled);
}

static void
test_sets_reach_any_section(void **state)
{
    static const char *const good[] = { "gateway.reserve=1M", "submission.port=1587", "folder.scans.settle=1s",
                                        "tenant.office.methods={ direct, submission }" };
    static const char *const bad[] = { "x", "x=1", ".x=1", "a.=1" };
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    SP_AUTO(sp_settings_free) struct sp_settings *settings = NULL;
    struct sp_err err = { 0 };
    struct sp_answers a = answers();
    (void)state;
    a.sets.items = (const char **)(uintptr_t)good;
    a.sets.count = SP_LEN(good);
    assert_int_equal(sp_conf_write(&text, &a, &err), SP_OK);
    load(&text, &settings);
    assert_int_equal(settings->gateway.reserve, 1024 * 1024);
    assert_int_equal(sp_settings_method(settings, "submission")->port, 1587);
    assert_int_equal(settings->folders[0].settle_ms, 1000);
    assert_int_equal(settings->tenants[0].methods.count, 2);
    for (size_t i = 0; i < SP_LEN(bad); i++) {
        a.sets.items = (const char **)(uintptr_t)&bad[i];
        a.sets.count = 1;
        assert_int_equal(sp_conf_write(&text, &a, &err), SP_E_INVALID);
    }
}

static int
make_secret(void **state)
{
    (void)state;
    return sp_io_put_file(-100, secret, "x\n", 2, 0600, NULL) == SP_OK ? 0 : -1;
}

static int
remove_secret(void **state)
{
    (void)state;
    return unlink(secret);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_configuration_says_what_was_answered),
        cmocka_unit_test(test_second_run_keeps_what_it_does_not_know),
        cmocka_unit_test(test_methods_that_wait_are_written_but_not_enabled),
        cmocka_unit_test(test_sets_reach_any_section),
    };
    return cmocka_run_group_tests(tests, make_secret, remove_secret);
}
