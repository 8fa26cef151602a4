/* Documents are told by their bytes, whole ones from half ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gateway/content.h"
#include "samples.h"

static int
file_of(const void *bytes, size_t size)
{
    int fd = memfd_create("sample", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    return fd;
}

static struct sp_content
content_of(const struct sample *s, bool *ret_complete)
{
    int fd = file_of(s->bytes, s->size);
    struct sp_content content = sp_content_of(fd, s->size);
    *ret_complete = sp_content_complete(fd, s->size, &content);
    close(fd);
    return content;
}

static void
expect(const struct sample *s, const char *kind, const char *extension)
{
    bool complete = false;
    struct sp_content content = content_of(s, &complete);
    assert_string_equal(content.kind, kind);
    assert_string_equal(content.extension, extension);
    assert_true(complete);
}

static void
test_each_kind_is_told_and_whole(void **state)
{
    (void)state;
    static const char *const xlsx[] = { "[Content_Types].xml", "xl/workbook.xml" };
    static const char *const pptx[] = { "[Content_Types].xml", "ppt/presentation.xml" };
    static const char *const xps[] = { "[Content_Types].xml", "FixedDocumentSequence.fdseq" };
    struct sample samples[] = { sample_pdf("x"),     sample_png(),        sample_jpeg(),
                                sample_tiff('I', 1), sample_tiff('M', 3), sample_docx(),
                                sample_zip(xlsx, 2), sample_zip(pptx, 2), sample_zip(xps, 2) };
    static const char *const kinds[] = { "pdf", "png", "jpeg", "tiff", "tiff", "docx", "xlsx", "pptx", "xps" };
    static const char *const extensions[] = {
        ".pdf", ".png", ".jpg", ".tif", ".tif", ".docx", ".xlsx", ".pptx", ".xps"
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        expect(&samples[i], kinds[i], extensions[i]);
}

static void
test_a_pdf_behind_printer_commands_is_a_pdf(void **state)
{
    (void)state;
    struct sample pdf = sample_pdf("x"), s = { .size = 0 };
    sample_text(&s, "\x1b%-12345X@PJL JOB\r\n");
    sample_add(&s, pdf.bytes, pdf.size);
    expect(&s, "pdf", ".pdf");
}

/* Cut anywhere from the first KiB on, a document must never look whole. */
static void
test_half_documents_are_not_whole(void **state)
{
    (void)state;
    struct sample samples[] = { sample_pdf("x"), sample_png(), sample_jpeg(), sample_tiff('I', 3), sample_docx() };
    static const size_t enough_to_tell[] = { 5, 8, 3, 8, 4 }, end[] = { 5, 12, 2, 1, 22 };
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
        for (size_t size = enough_to_tell[i]; size + end[i] < samples[i].size; size++) {
            struct sample cut = samples[i];
            bool complete = true;
            cut.size = size;
            content_of(&cut, &complete);
            assert_false(complete);
        }
}

static void
test_macros_and_plain_zips_are_none_of_the_kinds(void **state)
{
    (void)state;
    static const char *const macros[] = { "[Content_Types].xml", "word/document.xml", "word/vbaProject.bin" };
    static const char *const plain[] = { "photo.jpg", "word/document.xml" };
    struct sample samples[] = { sample_zip(macros, 3), sample_zip(plain, 2) };
    for (size_t i = 0; i < 2; i++) {
        bool complete = false;
        assert_string_equal(content_of(&samples[i], &complete).kind, "");
        assert_true(complete);
    }
}

static void
test_text_programs_and_nothing_are_unknown(void **state)
{
    (void)state;
    static const char *const texts[] = { "", "P", "hello", "\177ELF", "%!PS-Adobe", "<html>", "MZ" };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sample s = { .size = 0 };
        bool complete = false;
        sample_text(&s, texts[i]);
        assert_string_equal(content_of(&s, &complete).kind, "");
        assert_true(complete);
    }
}

static void
test_a_tiff_that_bites_its_tail_is_not_whole(void **state)
{
    (void)state;
    struct sample s = sample_tiff('I', 1);
    bool complete = true;
    memcpy(s.bytes + s.size - 4, "\x10\0\0\0", 4); /* the next directory is this one */
    content_of(&s, &complete);
    assert_false(complete);
}

/* 48 KB that would keep a worker busy for minutes, were each page's directory looked at for itself alone. */
static void
test_a_large_directory_that_bites_its_tail_is_given_up_soon(void **state)
{
    enum { ENTRIES = 4000, ENTRY = 12 };
    static unsigned char bytes[8 + 2 + ENTRIES * ENTRY + 4] = { 'I',         'I', '*', 0, 8, 0, 0, 0, ENTRIES & 0xff,
                                                                ENTRIES >> 8 };
    (void)state;
    static const unsigned char entry[] = { 0x2c, 1, 4, 0, 1, 0, 0, 0 }; /* a tag of nobody's, one LONG */
    for (size_t i = 0; i < ENTRIES; i++)
        memcpy(bytes + 10 + i * ENTRY, entry, sizeof(entry));
    bytes[sizeof(bytes) - 4] = 8;
    int fd = file_of(bytes, sizeof(bytes));
    struct sp_content content = sp_content_of(fd, sizeof(bytes));
    assert_string_equal(content.kind, "tiff");
    (void)alarm(30);
    assert_false(sp_content_complete(fd, sizeof(bytes), &content));
    (void)alarm(0);
    close(fd);
}

static void
test_wild_offsets_in_a_tiff_are_survived(void **state)
{
    (void)state;
    for (size_t at = 4; at < sample_tiff('I', 2).size; at++) {
        struct sample s = sample_tiff('I', 2);
        bool complete;
        s.bytes[at] = 0xff;
        content_of(&s, &complete);
    }
}

static void
test_the_offset_of_the_file_stays(void **state)
{
    (void)state;
    struct sample s = sample_docx();
    int fd = file_of(s.bytes, s.size);
    assert_int_equal(lseek(fd, 7, SEEK_SET), 7);
    struct sp_content content = sp_content_of(fd, s.size);
    sp_content_complete(fd, s.size, &content);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 7);
    close(fd);
}

static void
test_extensions_that_fit_stay(void **state)
{
    (void)state;
    assert_string_equal(sp_content_extension("application/pdf", "A.PDF"), ".PDF");
    assert_string_equal(sp_content_extension("image/tiff", "a.tiff"), ".tiff");
    assert_string_equal(sp_content_extension("image/tiff", "a.pdf"), ".tif");
    assert_string_equal(sp_content_extension("image/jpeg", ".jpg"), ".jpg");
    assert_string_equal(sp_content_extension("text/plain", "a.txt"), "");
    size_t stem = 0;
    assert_true(sp_content_has_extension("scan.JPEG", &stem));
    assert_int_equal(stem, 4);
    assert_false(sp_content_has_extension(".pdf", &stem));
    assert_false(sp_content_has_extension("notes.txt", &stem));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kind_is_told_and_whole),
        cmocka_unit_test(test_a_pdf_behind_printer_commands_is_a_pdf),
        cmocka_unit_test(test_half_documents_are_not_whole),
        cmocka_unit_test(test_macros_and_plain_zips_are_none_of_the_kinds),
        cmocka_unit_test(test_text_programs_and_nothing_are_unknown),
        cmocka_unit_test(test_a_tiff_that_bites_its_tail_is_not_whole),
        cmocka_unit_test(test_a_large_directory_that_bites_its_tail_is_given_up_soon),
        cmocka_unit_test(test_wild_offsets_in_a_tiff_are_survived),
        cmocka_unit_test(test_the_offset_of_the_file_stays),
        cmocka_unit_test(test_extensions_that_fit_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
