/* text_test.c - what goes into XML and addresses is escaped; properties; which names wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "web/dav/dav_call.h"
#include "web/dav/dav_props.h"
#include "web/dav/dav_text.h"

static void
test_text_cannot_leave_its_element(void **state)
{
    static const struct {
        const char *text, *xml;
    } table[] = {
        { "", "" },
        { "a<b>&\"'c", "a&lt;b&gt;&amp;&quot;&#39;c" },
        { "]]>", "]]&gt;" },
        { "tab\tand\nline", "tab\tand\nline" },
        { "\x01\x1b", "\xEF\xBF\xBD\xEF\xBF\xBD" },
        { "\xff\xc3\xa4", "\xEF\xBF\xBD\xc3\xa4" },
        { "\xEF\xBF\xBF", "\xEF\xBF\xBD" }, /* U+FFFF */
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(table); i++) {
        SP_AUTO(sp_str_free) struct sp_str out = { 0 };
        sp_dav_add_text(&out, table[i].text);
        assert_string_equal(sp_str_text(&out), table[i].xml);
    }
}

static void
test_addresses_are_percent_encoded(void **state)
{
    (void)state;
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    sp_dav_add_href(&out, "accounting/\xc3\x9c b&<%?#.pdf", false);
    assert_string_equal(sp_str_text(&out), "/dav/accounting/%C3%9C%20b%26%3C%25%3F%23.pdf");
    sp_str_cut(&out, 0);
    sp_dav_add_href(&out, "", true);
    assert_string_equal(sp_str_text(&out), "/dav/");
    sp_str_cut(&out, 0);
    sp_dav_add_href(&out, "a", true);
    assert_string_equal(sp_str_text(&out), "/dav/a/");
}

static void
test_dates_are_those_of_http(void **state)
{
    char date[SP_HTTP_DATE_SIZE];
    (void)state;
    sp_http_date(INT64_C(784111777000), date); /* RFC 9110 section 5.6.7 */
    assert_string_equal(date, "Sun, 06 Nov 1994 08:49:37 GMT");
    sp_http_date(0, date);
    assert_string_equal(date, "Thu, 01 Jan 1970 00:00:00 GMT");
}

static void
test_names_that_nobody_gives_a_document_wait(void **state)
{
    static const char *const waits[] = { ".DS_Store", "._scan.pdf", ".scan.pdf.swp", "~$report.docx",
                                         "Thumbs.db", "THUMBS.DB",  "Desktop.ini",   "a.pdf.tmp",
                                         "A.TMP",     "a.part",     "a.filepart",    "a.pdf.1a2b.partial" };
    static const char *const real[] = {
        "a.pdf", "a", "tmp", "part.pdf", "a.tmp.pdf", "~a.pdf", "thumbs.db.pdf", "a.TIF"
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(waits); i++)
        if (!sp_dav_name_waits(waits[i]))
            fail_msg("%s should wait", waits[i]);
    for (size_t i = 0; i < SP_LEN(real); i++)
        if (sp_dav_name_waits(real[i]))
            fail_msg("%s should not wait", real[i]);
}

static void
test_a_lock_covers_its_path_and_when_deep_what_is_below(void **state)
{
    const struct sp_dav_lock deep = { .path = "a/b", .deep = true };
    const struct sp_dav_lock flat = { .path = "a/b", .deep = false };
    (void)state;
    assert_true(sp_dav_lock_covers(&deep, "a/b") && sp_dav_lock_covers(&deep, "a/b/c/d"));
    assert_false(sp_dav_lock_covers(&deep, "a/bc") || sp_dav_lock_covers(&deep, "a"));
    assert_true(sp_dav_lock_covers(&flat, "a/b"));
    assert_false(sp_dav_lock_covers(&flat, "a/b/c"));
    assert_true(sp_dav_is_within("anything", ""));
}

static const struct sp_dav_row file = { .path = "accounting/a&b.pdf",
                                        .kind = SP_DAV_SCAN,
                                        .type = "application/pdf",
                                        .sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                                        .size = 1234,
                                        .created = 1000,
                                        .modified = 1000 };

static void
test_what_is_asked_for_is_found_or_said_to_be_missing(void **state)
{
    struct sp_dav_prop props[] = {
        { "DAV:", "getetag" }, { "urn:x\"", "y" }, { "DAV:", "quota-available-bytes" }, { "", "z" }
    };
    const struct sp_dav_body asked = { .props = props, .n_props = SP_LEN(props) };
    const struct sp_dav_view view = { .row = &file };
    (void)state;
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    sp_dav_add_response(&out, &view, &asked);
    assert_string_equal(sp_str_text(&out),
                        "<D:response><D:href>/dav/accounting/a%26b.pdf</D:href><D:propstat><D:prop>"
                        "<D:getetag>\"0123456789abcdef0123456789abcdef\"</D:getetag></D:prop>"
                        "<D:status>HTTP/1.1 200 OK</D:status></D:propstat><D:propstat><D:prop>"
                        "<p:y xmlns:p=\"urn:x&quot;\"/><D:quota-available-bytes/><z xmlns=\"\"/></D:prop>"
                        "<D:status>HTTP/1.1 404 Not Found</D:status></D:propstat></D:response>\n");
}

static void
test_a_folder_has_room_and_no_length(void **state)
{
    const struct sp_dav_row folder = { .path = "accounting", .kind = SP_DAV_FOLDER, .modified = 1000 };
    struct sp_dav_prop room = { "DAV:", "quota-available-bytes" };
    const struct sp_dav_body asked = { .all = true, .props = &room, .n_props = 1 };
    const struct sp_dav_view view = { .row = &folder, .room = 77 };
    (void)state;
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    sp_dav_add_response(&out, &view, &asked);
    assert_non_null(strstr(sp_str_text(&out), "<D:resourcetype><D:collection/></D:resourcetype>"));
    assert_non_null(strstr(sp_str_text(&out), "<D:quota-available-bytes>77</D:quota-available-bytes>"));
    assert_null(strstr(sp_str_text(&out), "getcontentlength"));
    assert_null(strstr(sp_str_text(&out), "404"));
}

static void
test_locks_are_shown_with_what_their_holder_said(void **state)
{
    const struct sp_dav_lock locks[] = {
        { .token = "t:1", .path = "accounting", .deep = true, .holder = "<me>", .expires = 61000 },
        { .token = "t:2", .path = "accounting/other.pdf", .holder = "" },
    };
    const struct sp_dav_view view = { .row = &file, .locks = locks, .n_locks = 2, .now = 1000 };
    (void)state;
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    sp_dav_add_locks(&out, &view);
    assert_non_null(strstr(sp_str_text(&out), "<D:owner>&lt;me&gt;</D:owner><D:timeout>Second-60</D:timeout>"));
    assert_non_null(strstr(sp_str_text(&out), "<D:href>t:1</D:href>"));
    assert_null(strstr(sp_str_text(&out), "t:2"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_cannot_leave_its_element),
        cmocka_unit_test(test_addresses_are_percent_encoded),
        cmocka_unit_test(test_dates_are_those_of_http),
        cmocka_unit_test(test_names_that_nobody_gives_a_document_wait),
        cmocka_unit_test(test_a_lock_covers_its_path_and_when_deep_what_is_below),
        cmocka_unit_test(test_what_is_asked_for_is_found_or_said_to_be_missing),
        cmocka_unit_test(test_a_folder_has_room_and_no_length),
        cmocka_unit_test(test_locks_are_shown_with_what_their_holder_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
