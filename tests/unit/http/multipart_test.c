/* multipart_test.c - forms as clients send them, cut into pieces at every place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "web/http/multipart.h"

#define TYPE                  "multipart/form-data; boundary=XX"
#define PART(name)            "Content-Disposition: form-data; name=\"" name "\"\r\n\r\n"
#define FILE_PART(name, file) "Content-Disposition: form-data; name=\"" name "\"; filename=\"" file "\"\r\n\r\n"

/* What was understood: "name=data;" and "name(file)=data;". */
static enum sp_rc
note_begin(void *context, const struct sp_part *part, struct sp_err *err)
{
    struct sp_str *story = context;
    if (strcmp(part->name, "refuse") == 0)
        return sp_fail(err, SP_E_DENIED, "not that");
    sp_str_add(story, part->name);
    if (part->file_name != NULL)
        sp_str_addf(story, "(%s)", part->file_name);
    sp_str_add(story, "=");
    return SP_OK;
}

static enum sp_rc
note_data(void *context, const void *bytes, size_t size, struct sp_err *err)
{
    (void)err;
    sp_str_add_n(context, bytes, size);
    return SP_OK;
}

static enum sp_rc
note_end(void *context, struct sp_err *err)
{
    (void)err;
    sp_str_add(context, ";");
    return SP_OK;
}

static const struct sp_multipart_ops ops = { note_begin, note_data, note_end };

static enum sp_rc
parse(const char *type, const char *body, size_t size, size_t piece, struct sp_str *story)
{
    struct sp_multipart *form = NULL;
    enum sp_rc rc = sp_multipart_new(type, &ops, story, &form, NULL);
    for (size_t at = 0; at < size && rc == SP_OK; at += piece) {
        /* A copy of its own, so that a byte too far is seen. */
        size_t len = size - at < piece ? size - at : piece;
        char *copy = malloc(len);
        memcpy(copy, body + at, len);
        rc = sp_multipart_add(form, copy, len, NULL);
        free(copy);
    }
    if (rc == SP_OK)
        rc = sp_multipart_end(form, NULL);
    sp_multipart_free(&form);
    return rc;
}

static void
expect(const char *type, const char *body, enum sp_rc rc, const char *wanted)
{
    size_t size = strlen(body);
    for (size_t piece = 1; piece <= size; piece++) {
        SP_AUTO(sp_str_free) struct sp_str story = { 0 };
        enum sp_rc got = parse(type, body, size, piece, &story);
        if (got != rc)
            fail_msg("%s instead of %s in pieces of %zu for: %s", sp_rc_name(got), sp_rc_name(rc), piece, body);
        if (rc == SP_OK)
            assert_string_equal(sp_str_text(&story), wanted);
    }
}

static void
test_fields_and_files_in_any_order(void **state)
{
    (void)state;
    expect(TYPE, "--XX\r\n" PART("to") "a@b.c\r\n--XX\r\n" FILE_PART("document", "x.pdf") "%PDF\r\n--XX--\r\n", SP_OK,
           "to=a@b.c;document(x.pdf)=%PDF;");
    expect(TYPE, "--XX\r\n" FILE_PART("document", "x.pdf") "%PDF\r\n--XX\r\n" PART("to") "a\r\n--XX--", SP_OK,
           "document(x.pdf)=%PDF;to=a;");
    expect(TYPE, "--XX\r\n" PART("empty") "\r\n--XX--", SP_OK, "empty=;");
    expect(TYPE, "--XX--", SP_OK, "");
    expect("Multipart/Form-Data; charset=utf-8; boundary=\"XX\"", "--XX\r\n" PART("a") "1\r\n--XX--", SP_OK, "a=1;");
}

static void
test_preamble_blanks_and_epilogue_are_dropped(void **state)
{
    (void)state;
    expect(TYPE, "hello\r\n--XX \t\r\n" PART("a") "1\r\n--XX--\r\nbye\r\n--XX\r\n", SP_OK, "a=1;");
}

static void
test_data_that_looks_like_a_boundary_is_data(void **state)
{
    (void)state;
    expect(TYPE, "--XX\r\n" PART("a") "\r\n--X\r\r\n\r\n-\r\n--XY--XX\r\n\r\n--XX--", SP_OK,
           "a=\r\n--X\r\r\n\r\n-\r\n--XY--XX\r\n;");
}

static void
test_zeroes_in_a_file_are_data(void **state)
{
    (void)state;
    static const char body[] = "--XX\r\n" FILE_PART("d", "f") "a\0b\r\n--XX--";
    SP_AUTO(sp_str_free) struct sp_str story = { 0 };
    assert_int_equal(parse(TYPE, body, sizeof(body) - 1, 3, &story), SP_OK);
    assert_memory_equal(sp_str_text(&story), "d(f)=a\0b;", 9);
}

static void
test_file_names_as_clients_write_them(void **state)
{
    static const struct {
        const char *parameters, *wanted;
    } table[] = {
        { "filename=\"a b.pdf\"", "d(a b.pdf)=;" },
        { "filename=plain.pdf", "d(plain.pdf)=;" },
        { "filename=\"\"", "d()=;" },
        { "filename=\"a\\\"b\"", "d(a\"b)=;" },
        { "filename=\"a%22b\"", "d(a\"b)=;" },
        { "filename=\"C:\\scans\\x.pdf\"", "d(C:\\scans\\x.pdf)=;" },
        { "filename=\"a;b=c.pdf\"", "d(a;b=c.pdf)=;" },
        { "filename=\"../../etc/passwd\"", "d(../../etc/passwd)=;" }, /* intake takes paths off */
        { "filename=\"x\"; filename*=UTF-8''%C3%BCber.pdf", "d(\xC3\xBC"
                                                            "ber.pdf)=;" },
        { "filename*=utf-8'de'%41", "d(A)=;" },
        { "filename=\"x\"; filename*=UTF-8''%ff", "d(x)=;" },
        { "filename=\"x\"; filename*=latin1''%FC", "d(x)=;" },
        { "FileName = \"x\"", "d(x)=;" },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(table); i++) {
        char body[400];
        snprintf(body, sizeof(body),
                 "--XX\r\nX-A: b\r\ncontent-disposition: form-data; name=\"d\"; %s\r\n\r\n\r\n--XX--",
                 table[i].parameters);
        expect(TYPE, body, SP_OK, table[i].wanted);
    }
}

static void
test_400_for_a_form_that_is_not_well_formed(void **state)
{
    static const char *const bodies[] = {
        "",
        "--X",
        "--XX",
        "--XX\r\n",
        "--YY\r\n" PART("a") "1\r\n--YY--",           /* another boundary */
        "--XX\r\n" PART("a") "1",                     /* cut off in the data */
        "--XX\r\n" PART("a") "1\r\n--XX",             /* before its end */
        "--XX\r\n" PART("a") "1\r\n--XX\r\n",         /* before the next part */
        "--XX\r\nContent-Disposition: form-data; na", /* in the headers */
        "--XX\r\n\r\n1\r\n--XX--",                    /* no headers */
        "--XX\r\nContent-Type: text/plain\r\n\r\n1\r\n--XX--",
        "--XX\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n1\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data\r\n\r\n1\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--XX--",
        "--XX\r\n" PART("a") "1\r\n--XXY\r\n" PART("b") "2\r\n--XX--", /* something after the boundary */
        "--XX\n" PART("a") "1\r\n--XX--",
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(bodies); i++) {
        if (bodies[i][0] == '\0') {
            struct sp_str story = { 0 };
            assert_int_equal(parse(TYPE, "", 0, 1, &story), SP_E_INVALID);
        }
        expect(TYPE, bodies[i], SP_E_INVALID, NULL);
    }
}

static void
test_endless_headers_of_a_part_are_refused(void **state)
{
    (void)state;
    SP_AUTO(sp_str_free) struct sp_str body = { 0 };
    SP_AUTO(sp_str_free) struct sp_str story = { 0 };
    sp_str_add(&body, "--XX\r\nContent-Disposition: form-data; name=\"a\"; filename=\"");
    for (int i = 0; i < SP_PART_HEADERS_MAX; i++)
        sp_str_add_char(&body, 'x');
    sp_str_add(&body, "\"\r\n\r\n1\r\n--XX--");
    assert_int_equal(parse(TYPE, body.text, body.len, 1000, &story), SP_E_INVALID);
}

static void
test_content_types_that_are_no_form(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        enum sp_rc rc;
    } table[] = {
        { NULL, SP_E_TYPE },
        { "application/json", SP_E_TYPE },
        { "multipart/mixed; boundary=XX", SP_E_TYPE },
        { "multipart/form-data", SP_E_INVALID },
        { "multipart/form-data; boundary=", SP_E_INVALID },
        { "multipart/form-data; boundary=\"a\r\nb\"", SP_E_INVALID },
        { "multipart/form-data; boundary=\"a \"", SP_E_INVALID },
        { "multipart/form-data; boundary=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          SP_E_INVALID },
    };
    for (size_t i = 0; i < SP_LEN(table); i++) {
        struct sp_str story = { 0 };
        assert_int_equal(parse(table[i].type, "--XX--", 6, 6, &story), table[i].rc);
    }
}

static void
test_what_the_reader_refuses_ends_the_form(void **state)
{
    (void)state;
    expect(TYPE, "--XX\r\n" PART("refuse") "1\r\n--XX--", SP_E_DENIED, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_and_files_in_any_order),
        cmocka_unit_test(test_preamble_blanks_and_epilogue_are_dropped),
        cmocka_unit_test(test_data_that_looks_like_a_boundary_is_data),
        cmocka_unit_test(test_zeroes_in_a_file_are_data),
        cmocka_unit_test(test_file_names_as_clients_write_them),
        cmocka_unit_test(test_400_for_a_form_that_is_not_well_formed),
        cmocka_unit_test(test_endless_headers_of_a_part_are_refused),
        cmocka_unit_test(test_content_types_that_are_no_form),
        cmocka_unit_test(test_what_the_reader_refuses_ends_the_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
