/* Where the clouds are. */
#include "backend/delivery/cloud.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"

static struct sp_method_settings
method_of(enum sp_method_type type, const char *tenant, const char *url, const char *scope)
{
    return (struct sp_method_settings){
        .type = type, .oauth_tenant = tenant, .oauth_token_url = url, .oauth_scope = scope
    };
}

static void
test_every_cloud_has_its_own_places(void **state)
{
    (void)state;
    static const struct {
        enum sp_cloud cloud;
        const char *url, *smtp_scope, *graph_scope;
    } expected[] = {
        { SP_CLOUD_WORLDWIDE, "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token",
          "https://outlook.office365.com/.default", "https://graph.microsoft.com/.default" },
        { SP_CLOUD_GCC_HIGH, "https://login.microsoftonline.us/contoso.com/oauth2/v2.0/token",
          "https://outlook.office365.us/.default", "https://graph.microsoft.us/.default" },
        { SP_CLOUD_DOD, "https://login.microsoftonline.us/contoso.com/oauth2/v2.0/token",
          "https://outlook.office365.us/.default", "https://dod-graph.microsoft.us/.default" },
        { SP_CLOUD_CHINA, "https://login.partner.microsoftonline.cn/contoso.com/oauth2/v2.0/token",
          "https://partner.outlook.cn/.default", "https://microsoftgraph.chinacloudapi.cn/.default" },
    };
    const struct sp_method_settings smtp = method_of(SP_TYPE_SUBMISSION, "contoso.com", "", "");
    const struct sp_method_settings graph = method_of(SP_TYPE_GRAPH, "contoso.com", "", "");
    for (size_t i = 0; i < SP_LEN(expected); i++) {
        char url[200];
        assert_true(sp_cloud_token_url(expected[i].cloud, &smtp, url, sizeof url));
        assert_string_equal(url, expected[i].url);
        assert_string_equal(sp_cloud_scope(expected[i].cloud, &smtp), expected[i].smtp_scope);
        assert_string_equal(sp_cloud_scope(expected[i].cloud, &graph), expected[i].graph_scope);
        const struct sp_cloud_places *places = sp_cloud_places(expected[i].cloud);
        assert_non_null(strstr(places->graph_scope, places->graph_host));
        assert_true(strlen(places->submission_host) > 0);
    }
}

static void
test_settings_go_before_the_table(void **state)
{
    (void)state;
    char url[64];
    struct sp_method_settings method =
        method_of(SP_TYPE_SUBMISSION, "t", "https://127.0.0.1:8443/token", "https://x/.default");
    assert_true(sp_cloud_token_url(SP_CLOUD_CHINA, &method, url, sizeof url));
    assert_string_equal(url, "https://127.0.0.1:8443/token");
    assert_string_equal(sp_cloud_scope(SP_CLOUD_CHINA, &method), "https://x/.default");
}

static void
test_tenant_that_is_missing_or_too_long_has_no_endpoint(void **state)
{
    (void)state;
    char url[64];
    struct sp_method_settings method = method_of(SP_TYPE_SUBMISSION, "", "", "");
    assert_false(sp_cloud_token_url(SP_CLOUD_WORLDWIDE, &method, url, sizeof url));
    method.oauth_tenant = "a-name-that-goes-on-for-much-longer-than-the-buffer-has-room";
    assert_false(sp_cloud_token_url(SP_CLOUD_WORLDWIDE, &method, url, sizeof url));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cloud_has_its_own_places),
        cmocka_unit_test(test_settings_go_before_the_table),
        cmocka_unit_test(test_tenant_that_is_missing_or_too_long_has_no_endpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
