/* Whom a dropped scan is for: pages, sidecars, and the five ways to tell. Tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/settings.h"
#include "base/str.h"
#include "gateway/pages.h"
#include "gateway/people/people.h"
#include "gateway/recipient.h"
#include "gateway/sidecar.h"

/* ---- pages ---- */

static void
test_names_of_pages(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool page;
        size_t stem;
        uint64_t number;
    } rows[] = {
        { "SMFP110511152300_0001.pdf", true, 16, 1 },
        { "scan_00001.TIF", true, 4, 1 },
        { "scan_012.tif", true, 4, 12 },
        { "scan_0001", true, 4, 1 },
        { "a_b_0042.jpg", true, 3, 42 },
        { "scan_01.tif", false, 0, 0 },
        { "scan_123456789.tif", false, 0, 0 },
        { "scan-0001.tif", false, 0, 0 },
        { "scan0001.tif", false, 0, 0 },
        { "_0001.tif", false, 0, 0 },
        { "00000001.TIF", false, 0, 0 },
        { "scan.tif", false, 0, 0 },
        { "", false, 0, 0 },
        { ".", false, 0, 0 },
    };
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        struct sp_page page = { 0 };
        if (sp_page_parse(rows[i].name, &page) != rows[i].page)
            fail_msg("'%s'", rows[i].name);
        assert_int_equal(page.stem, rows[i].stem);
        assert_int_equal(page.number, rows[i].number);
    }
}

static void
test_pages_that_belong_together(void **state)
{
    (void)state;
    assert_true(sp_pages_alike("Scan_0001.tif", "SCAN_0002.TIF"));
    assert_true(sp_pages_alike("scan_999.tif", "scan_1000.tif"));
    assert_false(sp_pages_alike("scan_0001.tif", "scan_0001.pdf"));
    assert_false(sp_pages_alike("scan_0001.tif", "scan2_0001.tif"));
    assert_false(sp_pages_alike("scan.tif", "scan.tif"));
    assert_true(sp_page_order("a_0010.tif", "a_0009.tif") > 0);
    assert_true(sp_page_order("00000002.TIF", "00000010.TIF") < 0);
    assert_true(sp_page_order("a_999.tif", "a_1000.tif") < 0);
    assert_int_equal(sp_page_order("a.tif", "a.tif"), 0);
    assert_true(sp_pages_is_folder("DOC.XSM") && sp_pages_is_folder("doc.xsm"));
    assert_false(sp_pages_is_folder(".XSM"));
    assert_true(sp_pages_is_lock("DOC.LCK") && sp_pages_is_log("DOC.XST"));
}

/* ---- sidecars ---- */

/* to | subject | user | documents, lists with commas. */
static char *
in_short(const struct sp_sidecar *said)
{
    struct sp_str out = { 0 };
    for (size_t i = 0; i < said->n_to; i++)
        sp_str_addf(&out, "%s%s", i > 0 ? "," : "", said->to[i]);
    sp_str_addf(&out, "|%s|%s|", said->subject, said->user);
    for (size_t i = 0; i < said->n_documents; i++)
        sp_str_addf(&out, "%s%s", i > 0 ? "," : "", said->documents[i]);
    return sp_str_steal(&out);
}

static void
test_sidecars_as_they_come(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *expected;
    } rows[] = {
        { "a.json", "{}", "|||" },
        { "a.json", "\xef\xbb\xbf{\"to\": \"alice\"}", "alice|||" },
        { "a.JSON",
          "{\"to\":[\"alice\",\" bob@contoso.com \",\"\"],\"subject\":\"x\\ny\",\"user\":\"u\","
          "\"documents\":[\"C:\\\\d\\\\a.pdf\",\"b.pdf\"],\"more\":1}",
          "alice,bob@contoso.com|x y|u|a.pdf,b.pdf" },
        { "a.json", "{\"to\":null,\"subject\":null}", "|||" },
        { "a.xml",
          "<scanpost><to>alice</to><to>bob</to><subject>x &amp; y</subject><user>u</user>"
          "<document>a.pdf</document></scanpost>",
          "alice,bob|x & y|u|a.pdf" },
        { "a.xml",
          "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<scan><name>Scan to me</name><user><name>asmith</name>"
          "<email>alice@contoso.com</email><groups><group>Staff</group></groups></user>"
          "<files><file>scan 1.pdf</file><file>scan 2.pdf</file></files>"
          "<fields><field><label>to</label><value>evil</value></field></fields></scan>",
          "alice@contoso.com||asmith|scan 1.pdf,scan 2.pdf" },
        { "a.xml",
          "<m:job xmlns:m='urn:x'><m:meta><m:senderName>alice@contoso.com</m:senderName>"
          "<m:fromName>Alice</m:fromName><m:documentSubject>S</m:documentSubject>"
          "<m:fileName>a</m:fileName></m:meta></m:job>",
          "alice@contoso.com|S|Alice|a" },
        { "a.xml", "<job><field name='senderName'>alice</field><field name='x'>no</field></job>", "alice|||" },
        { "a.xml", "<scanpost><to><![CDATA[alice]]></to></scanpost>", "alice|||" },
        { "a.xml", "<?xml version='1.0' encoding='ISO-8859-1'?><scanpost><to>J\xf6rg</to></scanpost>", "Jörg|||" },
    };
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
        struct sp_sidecar said;
        struct sp_err err = { 0 };
        if (sp_sidecar_parse(rows[i].name, rows[i].text, strlen(rows[i].text), arena, &said, &err) != SP_OK)
            fail_msg("%zu: %s", i, err.text);
        SP_AUTO_FREE char *got = in_short(&said);
        assert_string_equal(got, rows[i].expected);
    }
}

static void
test_sidecars_that_make_no_sense_or_mean_harm_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *words;
    } rows[] = {
        { "a.json", "", "JSON" },
        { "a.json", "[]", "object" },
        { "a.json", "{\"to\": 5}", "\"to\"" },
        { "a.json", "{\"to\": [5]}", "\"to\"" },
        { "a.json", "{\"subject\": []}", "\"subject\"" },
        { "a.json", "{\"to\":\"a\",\"to\":\"b\"}", "JSON" },
        { "a.xml", "", "XML" },
        { "a.xml", "<scan><user>", "XML" },
        { "a.xml", "<!DOCTYPE scan [<!ENTITY a 'b'>]><scan>&a;</scan>", "document type" },
        { "a.xml", "<!DOCTYPE scan SYSTEM 'file:///etc/passwd'><scan/>", "document type" },
        { "a.xml",
          "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a></a></a></a></a></a></a></a></a></a></a></a></a></a>"
          "</a></a></a></a>",
          "deep" },
        { "a.xml", "<scan>&undefined;</scan>", "XML" },
        { "a.xml", "<?xml version='1.0' encoding='windows-1252'?><scan/>", "XML" },
    };
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
        struct sp_sidecar said;
        struct sp_err err = { 0 };
        assert_int_equal(sp_sidecar_parse(rows[i].name, rows[i].text, strlen(rows[i].text), arena, &said, &err),
                         SP_E_INVALID);
        if (strstr(err.text, rows[i].words) == NULL)
            fail_msg("'%s': %s", rows[i].text, err.text);
    }
}

static void
test_a_sidecar_has_a_size_that_ends(void **state)
{
    (void)state;
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    SP_AUTO_FREE char *text = malloc(SP_SIDECAR_SIZE_MAX + 1);
    struct sp_sidecar said;
    memset(text, ' ', SP_SIDECAR_SIZE_MAX + 1);
    assert_int_equal(sp_sidecar_parse("a.json", text, SP_SIDECAR_SIZE_MAX + 1, arena, &said, NULL), SP_E_TOO_LARGE);
    struct sp_str many = { 0 };
    sp_str_add(&many, "<scanpost>");
    for (int i = 0; i <= SP_SIDECAR_TO_MAX; i++)
        sp_str_addf(&many, "<to>u%d</to>", i);
    sp_str_add(&many, "</scanpost>");
    assert_int_equal(sp_sidecar_parse("a.xml", sp_str_text(&many), many.len, arena, &said, NULL), SP_E_INVALID);
    sp_str_free(&many);
}

static void
test_which_documents_a_sidecar_belongs_to(void **state)
{
    (void)state;
    static const char *listed[] = { "Page", "other.pdf" };
    static const struct sp_sidecar naming = { .documents = listed, .n_documents = 2 }, silent = { 0 };
    static const struct {
        const char *name;
        const struct sp_sidecar *said;
        const char *document;
        bool pages, covers;
    } rows[] = {
        { "scan.xml", NULL, "SCAN.PDF", false, true },          { "scan.pdf.xml", NULL, "scan.pdf", false, true },
        { "scan.json", &silent, "scan.pdf", false, true },      { "scan.xml", NULL, "scan2.pdf", false, false },
        { "scan.xml", NULL, "scan_0001.pdf", false, false },    { "scan.xml", NULL, "scan_0001.pdf", true, true },
        { "scan_0001.xml", NULL, "scan_0002.pdf", true, true }, { "job.xml", &naming, "other.pdf", false, true },
        { "job.xml", &naming, "page.pdf", false, true },        { "job.xml", &naming, "page_0001.pdf", true, true },
        { "job.xml", &naming, "third.pdf", false, false },
    };
    for (size_t i = 0; i < SP_LEN(rows); i++)
        if (sp_sidecar_covers(rows[i].name, rows[i].said, rows[i].document, rows[i].pages) != rows[i].covers)
            fail_msg("%s and %s", rows[i].name, rows[i].document);
    assert_true(sp_sidecar_named("a.XML") && sp_sidecar_named("a.json"));
    assert_false(sp_sidecar_named(".xml") || sp_sidecar_named("a.pdf"));
}

/* ---- telling ---- */

static const char *domains[] = { "contoso.com", "mail.my-firm.com" };
static struct sp_tenant_settings tenant = { .name = "contoso", .accepted_domains = { domains, 2 } };
static const struct sp_settings settings = { .tenants = &tenant, .n_tenants = 1 };

struct told {
    char text[400];
};

/* to, with commas | user | the reason why it cannot be told, or "". */
static struct told
tell(struct sp_recipient_facts facts, enum sp_recipient_from from)
{
    static const char file[] = "Alice Smith,alice@contoso.com,asmith,alice\nBob,bob@contoso.com\n"
                               "Twin One,one@contoso.com,twin\nTwin Two,two@contoso.com,twin\n"
                               "al,al@contoso.com\n";
    SP_AUTO(sp_people_free) struct sp_people *people = NULL;
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    const struct sp_folder_settings folder = { .recipient_from = from };
    struct sp_recipient_told got;
    struct told told = { "" };
    struct sp_str out = { 0 };
    assert_int_equal(sp_people_parse(file, strlen(file), &people, NULL), SP_OK);
    facts.settings = &settings;
    facts.folder = &folder;
    facts.people = people;
    facts.sub = facts.sub == NULL ? "" : facts.sub;
    facts.owner = facts.owner == NULL ? "" : facts.owner;
    facts.name = facts.name == NULL ? "x.pdf" : facts.name;
    facts.sidecar_trouble = "no sidecar came with it";
    assert_int_equal(sp_recipient_tell(&facts, arena, &got, NULL), SP_OK);
    for (size_t i = 0; i < got.n_to; i++)
        sp_str_addf(&out, "%s%s", i > 0 ? "," : "", got.to[i]);
    sp_str_addf(&out, "|%s|%s", got.user, got.untold == NULL ? "" : got.untold);
    snprintf(told.text, sizeof(told.text), "%s", sp_str_text(&out));
    sp_str_free(&out);
    return told;
}

static void
test_file_names_that_say_whom_they_are_for(void **state)
{
    (void)state;
    static const struct {
        const char *name, *expected;
    } rows[] = {
        { "alice.pdf", "alice@contoso.com|Alice Smith|" },
        { "alice_0001.pdf", "alice@contoso.com|Alice Smith|" },
        { "ALICE SMITH 2026-11-24 (2).PDF", "alice@contoso.com|Alice Smith|" },
        { "al.pdf", "al@contoso.com|al|" },
        { "alfred.pdf", NULL },
        { "to-bob-0001.pdf", "bob@contoso.com|Bob|" },
        { "to-bob@contoso.com-0001.pdf", "bob@contoso.com|Bob|" },
        { "carol@contoso.com.pdf", "carol@contoso.com||" },
        { "to-carol@contoso.com-20261124.pdf", "carol@contoso.com||" },
        { "to-carol@mail.my-firm.com-1.pdf", "carol@mail.my-firm.com||" },
        { "to-carol@example.org_1.pdf", "carol@example.org||" },
        { "twin_0001.pdf", NULL },
        { "SCN_0001.pdf", NULL },
        { "to-.pdf", NULL },
        { "@.pdf", NULL },
        { "x@.pdf", NULL },
    };
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        struct told told = tell((struct sp_recipient_facts){ .name = rows[i].name }, SP_FROM_FILENAME);
        if (rows[i].expected != NULL)
            assert_string_equal(told.text, rows[i].expected);
        else if (strncmp(told.text, "||the file name", 15) != 0)
            fail_msg("'%s': %s", rows[i].name, told.text);
    }
}

static void
test_sub_folders_and_owners(void **state)
{
    (void)state;
    static const struct {
        enum sp_recipient_from from;
        const char *sub, *owner, *expected;
    } rows[] = {
        { SP_FROM_FIXED, "", "root", "||" },
        { SP_FROM_FIXED, "", "asmith", "|Alice Smith|" },
        { SP_FROM_SUBFOLDER, "ASMITH", "", "alice@contoso.com|Alice Smith|" },
        { SP_FROM_SUBFOLDER, "Bob", "asmith", "bob@contoso.com|Alice Smith|" },
        { SP_FROM_SUBFOLDER, "dora@contoso.com", "", "dora@contoso.com||" },
        { SP_FROM_SUBFOLDER, "nobody", "", "||the sub-folder 'nobody' is nobody's name in the people file" },
        { SP_FROM_SUBFOLDER, "", "", "||it lies in no sub-folder" },
        { SP_FROM_OWNER, "", "CONTOSO\\asmith", "alice@contoso.com|Alice Smith|" },
        { SP_FROM_OWNER, "", "asmith@corp.local", "alice@contoso.com|Alice Smith|" },
        { SP_FROM_OWNER, "", "dora@corp.local",
          "|dora@corp.local|its owner 'dora@corp.local' is nobody in the people file" },
        { SP_FROM_OWNER, "", "", "||its owner has no name on this machine" },
    };
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        struct told told =
            tell((struct sp_recipient_facts){ .sub = rows[i].sub, .owner = rows[i].owner }, rows[i].from);
        assert_string_equal(told.text, rows[i].expected);
    }
}

static void
test_sidecars_that_say_whom_they_are_for(void **state)
{
    (void)state;
    static const char *two[] = { "asmith", "dora@contoso.com" }, *half[] = { "bob", "nobody" };
    static const struct {
        struct sp_sidecar said;
        const char *expected;
    } rows[] = {
        { { .to = two, .n_to = 2, .subject = "", .user = "CONTOSO\\bob" }, "alice@contoso.com,dora@contoso.com|Bob|" },
        { { .to = half, .n_to = 2, .subject = "", .user = "stranger" },
          "bob@contoso.com|stranger|'nobody', whom the file beside it names, is nobody in the people file" },
        { { .subject = "", .user = "asmith" }, "alice@contoso.com|Alice Smith|" },
        { { .subject = "", .user = "" }, "||the file beside it names nobody" },
    };
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        struct told told = tell((struct sp_recipient_facts){ .sidecar = &rows[i].said }, SP_FROM_SIDECAR);
        assert_string_equal(told.text, rows[i].expected);
    }
    struct told told = tell((struct sp_recipient_facts){ .name = "x.pdf" }, SP_FROM_SIDECAR);
    assert_string_equal(told.text, "||no sidecar came with it");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_of_pages),
        cmocka_unit_test(test_pages_that_belong_together),
        cmocka_unit_test(test_sidecars_as_they_come),
        cmocka_unit_test(test_sidecars_that_make_no_sense_or_mean_harm_are_refused),
        cmocka_unit_test(test_a_sidecar_has_a_size_that_ends),
        cmocka_unit_test(test_which_documents_a_sidecar_belongs_to),
        cmocka_unit_test(test_file_names_that_say_whom_they_are_for),
        cmocka_unit_test(test_sub_folders_and_owners),
        cmocka_unit_test(test_sidecars_that_say_whom_they_are_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
