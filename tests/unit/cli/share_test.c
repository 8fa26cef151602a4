/* The part of the share's script that lets the service see the folder: there when the folder is out of its sight, alone
 * when that is asked, and never over a file of somebody else's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/str.h"
#include "gateway/cli/share_script.h"

static const struct sp_share hidden = {
    .name = "alice",
    .path = "/home/al ice",
    .user = "scan-alice",
    .group = "scanpost",
    .smb_conf = "/etc/samba/smb.conf",
    .address = "",
    .hidden = true,
};

static void
test_a_hidden_folder_is_shown_by_both_scripts(void **state)
{
    SP_AUTO(sp_str_free) struct sp_str whole = { 0 };
    SP_AUTO(sp_str_free) struct sp_str alone = { 0 };
    static const char place[] = "drop_in='/etc/systemd/system/scanpost.service.d/folder-alice.conf'\n";
    (void)state;
    assert_int_equal(sp_share_script(&whole, &hidden, NULL), SP_OK);
    assert_int_equal(sp_share_service_script(&alone, &hidden, NULL), SP_OK);
    assert_non_null(strstr(sp_str_text(&whole), place));
    assert_non_null(strstr(sp_str_text(&alone), place));
    assert_non_null(strstr(sp_str_text(&alone), "\nBindPaths=\"-/home/al ice\"\n"));
    assert_non_null(strstr(sp_str_text(&alone), "is not scanpost's"));
    assert_null(strstr(sp_str_text(&alone), "SCANPOST_SHARE_PASSWORD"));
}

static void
test_a_folder_in_sight_needs_nothing(void **state)
{
    SP_AUTO(sp_str_free) struct sp_str whole = { 0 };
    SP_AUTO(sp_str_free) struct sp_str alone = { 0 };
    struct sp_share share = hidden;
    share.hidden = false;
    (void)state;
    assert_int_equal(sp_share_script(&whole, &share, NULL), SP_OK);
    assert_int_equal(sp_share_service_script(&alone, &share, NULL), SP_OK);
    assert_null(strstr(sp_str_text(&whole), "drop_in"));
    assert_int_equal(alone.len, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_hidden_folder_is_shown_by_both_scripts),
        cmocka_unit_test(test_a_folder_in_sight_needs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
