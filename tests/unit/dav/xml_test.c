/* xml_test.c - bodies as clients send them, and as nobody should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "web/dav/dav_xml.h"

static int
set_up(void **state)
{
    *state = sp_arena_new();
    return *state == NULL;
}

static int
tear_down(void **state)
{
    struct sp_arena *arena = *state;
    sp_arena_free(&arena);
    return 0;
}

static enum sp_rc
read_xml(void **state, const char *xml, struct sp_dav_body *ret)
{
    struct sp_err err = { 0 };
    enum sp_rc rc = sp_dav_xml_read(xml, strlen(xml), *state, ret, &err);
    assert_int_equal(rc, err.rc);
    return rc;
}

static void
test_propfind_names_its_properties_in_any_namespace(void **state)
{
    struct sp_dav_body body;
    assert_int_equal(read_xml(state,
                              "<?xml version=\"1.0\"?><propfind xmlns=\"DAV:\" xmlns:x=\"urn:x\"><prop><getetag/><x:y/>"
                              "<none xmlns=\"\"/></prop></propfind>",
                              &body),
                     SP_OK);
    assert_int_equal(body.kind, SP_DAV_PROPFIND);
    assert_false(body.all || body.names_only);
    assert_int_equal(body.n_props, 3);
    assert_string_equal(body.props[0].space, "DAV:");
    assert_string_equal(body.props[0].name, "getetag");
    assert_string_equal(body.props[1].space, "urn:x");
    assert_string_equal(body.props[2].space, "");
    assert_string_equal(body.props[2].name, "none");
}

static void
test_allprop_with_more_and_propname(void **state)
{
    struct sp_dav_body body;
    assert_int_equal(read_xml(state,
                              "<D:propfind xmlns:D='DAV:'><D:allprop/><D:include><D:quota-available-bytes/></D:include>"
                              "</D:propfind>",
                              &body),
                     SP_OK);
    assert_true(body.all);
    assert_int_equal(body.n_props, 1);
    assert_int_equal(read_xml(state, "<D:propfind xmlns:D='DAV:'><D:propname/></D:propfind>", &body), SP_OK);
    assert_true(body.names_only);
}

static void
test_propertyupdate_as_windows_sends_it(void **state)
{
    struct sp_dav_body body;
    assert_int_equal(read_xml(state,
                              "<?xml version=\"1.0\" encoding=\"utf-8\" ?><D:propertyupdate xmlns:D=\"DAV:\" "
                              "xmlns:Z=\"urn:schemas-microsoft-com:\"><D:set><D:prop>"
                              "<Z:Win32CreationTime>Mon, 23 Nov 2026 12:00:00 GMT</Z:Win32CreationTime>"
                              "<Z:Win32FileAttributes>00000020</Z:Win32FileAttributes></D:prop></D:set>"
                              "<D:remove><D:prop><Z:a><Z:deeper/></Z:a></D:prop></D:remove></D:propertyupdate>",
                              &body),
                     SP_OK);
    assert_int_equal(body.kind, SP_DAV_PROPERTYUPDATE);
    assert_int_equal(body.n_props, 3);
    assert_string_equal(body.props[1].name, "Win32FileAttributes");
    assert_string_equal(body.props[2].name, "a");
}

static void
test_lockinfo_with_its_owner(void **state)
{
    struct sp_dav_body body;
    assert_int_equal(
        read_xml(state,
                 "<D:lockinfo xmlns:D='DAV:'><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/>"
                 "</D:locktype><D:owner>\n <D:href>mailto:a&amp;b@contoso.com</D:href>\n</D:owner></D:lockinfo>",
                 &body),
        SP_OK);
    assert_true(body.exclusive && body.write && body.holder_is_link);
    assert_false(body.shared);
    assert_string_equal(body.holder, "mailto:a&b@contoso.com");
    assert_int_equal(read_xml(state,
                              "<lockinfo xmlns='DAV:'><lockscope><shared/></lockscope><locktype><write/></locktype>"
                              "<owner>me</owner></lockinfo>",
                              &body),
                     SP_OK);
    assert_true(body.shared);
    assert_string_equal(body.holder, "me");
}

static void
test_refused_whatever_is_not_plain_xml(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "propfind",
        "<D:propfind xmlns:D='DAV:'>",
        "<D:propfind xmlns:D='DAV:'></D:propfind><more/>",
        "<D:propfind><D:prop/></D:propfind>",                              /* a prefix of no namespace */
        "<D:propfind xmlns:D='DAV:'><b:x xmlns:b=''/></D:propfind>",       /* litmus: propfind_invalid2 */
        "<propfind xmlns='urn:other'/>",                                   /* not DAV's */
        "<!DOCTYPE propfind><propfind xmlns='DAV:'><allprop/></propfind>", /* a document type, if a small one */
        "<!DOCTYPE l [<!ENTITY a 'ha'>]><propfind xmlns='DAV:'>&a;</propfind>",
        "<!DOCTYPE l SYSTEM 'file:///etc/passwd'><propfind xmlns='DAV:'/>",
        "<propfind xmlns='DAV:'>\xff\xfe</propfind>",
        "<propfind xmlns='DAV:'>&nothing;</propfind>",
    };
    for (size_t i = 0; i < SP_LEN(texts); i++) {
        struct sp_dav_body body;
        if (read_xml(state, texts[i], &body) != SP_E_INVALID)
            fail_msg("not refused: %s", texts[i]);
    }
}

static void
test_too_many_levels_names_and_letters(void **state)
{
    SP_AUTO(sp_str_free) struct sp_str xml = { 0 };
    struct sp_dav_body body;
    for (int i = 0; i < SP_DAV_DEPTH_MAX + 1; i++)
        sp_str_add(&xml, i == 0 ? "<propfind xmlns='DAV:'>" : "<a>");
    assert_int_equal(read_xml(state, sp_str_text(&xml), &body), SP_E_TOO_LARGE);
    sp_str_cut(&xml, 0);
    sp_str_add(&xml, "<propfind xmlns='DAV:'><prop>");
    for (int i = 0; i < SP_DAV_PROPS_MAX + 1; i++)
        sp_str_addf(&xml, "<p%d/>", i);
    sp_str_add(&xml, "</prop></propfind>");
    assert_int_equal(read_xml(state, sp_str_text(&xml), &body), SP_E_TOO_LARGE);
    sp_str_cut(&xml, 0);
    sp_str_add(&xml, "<propfind xmlns='DAV:'><prop><");
    for (int i = 0; i < SP_DAV_NAME_MAX + 1; i++)
        sp_str_add_char(&xml, 'n');
    sp_str_add(&xml, "/></prop></propfind>");
    assert_int_equal(read_xml(state, sp_str_text(&xml), &body), SP_E_TOO_LARGE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_propfind_names_its_properties_in_any_namespace),
        TEST(test_allprop_with_more_and_propname),
        TEST(test_propertyupdate_as_windows_sends_it),
        TEST(test_lockinfo_with_its_owner),
        TEST(test_refused_whatever_is_not_plain_xml),
        TEST(test_too_many_levels_names_and_letters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
