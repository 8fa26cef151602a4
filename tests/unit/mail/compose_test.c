#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend/mail/compose.h"
#include "base/auto.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/str.h"

/* Documents in memory, and a mail around them that tests may change. */
struct world {
    struct {
        const void *bytes;
        size_t size;
    } content[4];
    struct sp_mail_document documents[4];
    struct sp_mail mail;
    int opened;
    struct sp_composer *composer;
    struct sp_err err;
};

static const char *const to[] = { "anna@contoso.com" };
static const char *const cc[] = { "b@contoso.com", "c@contoso.com" };

static enum sp_rc
open_memory(void *context, size_t n, int *ret_fd, struct sp_err *err)
{
    struct world *w = context;
    w->opened++;
    int fd = memfd_create("document", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(sp_io_write_all(fd, w->content[n].bytes, w->content[n].size, err), SP_OK);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    *ret_fd = fd;
    return SP_OK;
}

static int
setup_world(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    w->mail = (struct sp_mail){
        .from = "scanner@contoso.com",
        .from_name = "Empfang",
        .reply_to = "",
        .to = to,
        .n_to = SP_LEN(to),
        .subject = "Scan from Empfang 23.11.2026 13:00",
        .body = "The scan is attached.\n",
        .message_id = "<01JDC0000000000000000000AA@scan.contoso.com>",
        .boundary = "=_01JDC0000000000000000000AB",
        .date_ms = 1795435200000,
        .utc_offset_minutes = 60,
        .documents = w->documents,
        .open = open_memory,
        .context = w,
    };
    *state = w;
    return 0;
}

static int
teardown_world(void **state)
{
    struct world *w = *state;
    sp_composer_free(&w->composer);
    free(w);
    return 0;
}

static void
add_document(struct world *w, const char *name, const void *bytes, size_t size)
{
    size_t n = w->mail.n_documents++;
    w->content[n].bytes = bytes;
    w->content[n].size = size;
    w->documents[n] = (struct sp_mail_document){ .name = name, .type = "application/pdf", .size = size };
}

/* Reads a whole message in portions of `portion`; checks that it has the size that was announced. */
static enum sp_rc
read_all(struct world *w, bool binary, size_t portion, struct sp_str *out)
{
    char *buffer = malloc(portion); /* exactly as large as told, so that ASan sees a byte too many */
    assert_non_null(buffer);
    assert_int_equal(sp_composer_begin(w->composer, binary, &w->err), SP_OK);
    size_t got = 1;
    enum sp_rc rc = SP_OK;
    while (rc == SP_OK && got > 0) {
        rc = sp_composer_read(w->composer, buffer, portion, &got, &w->err);
        if (rc == SP_OK) {
            assert_true(got == portion || got == 0 || out->len + got == sp_composer_size(w->composer, binary));
            sp_str_add_n(out, buffer, got);
        }
    }
    free(buffer);
    if (rc == SP_OK)
        assert_int_equal(out->len, sp_composer_size(w->composer, binary));
    return rc;
}

static char *
compose(struct world *w, bool binary)
{
    struct sp_str out = { 0 };
    sp_composer_free(&w->composer);
    assert_int_equal(sp_composer_new(&w->mail, &w->composer, &w->err), SP_OK);
    assert_int_equal(read_all(w, binary, 65536, &out), SP_OK);
    return sp_str_steal(&out);
}

static void
test_small_message_to_the_letter(void **state)
{
    struct world *w = *state;
    w->mail.cc = cc;
    w->mail.n_cc = SP_LEN(cc);
    w->mail.reply_to = "anna@contoso.com";
    add_document(w, "scan.pdf", "%PDF-1.7 hello", 14);
    SP_AUTO_FREE char *got = compose(w, false);
    assert_string_equal(got, "From: \"Empfang\" <scanner@contoso.com>\r\n"
                             "To: anna@contoso.com\r\n"
                             "Cc: b@contoso.com, c@contoso.com\r\n"
                             "Reply-To: anna@contoso.com\r\n"
                             "Subject: Scan from Empfang 23.11.2026 13:00\r\n"
                             "Date: Mon, 23 Nov 2026 13:00:00 +0100\r\n"
                             "Message-ID: <01JDC0000000000000000000AA@scan.contoso.com>\r\n"
                             "Auto-Submitted: auto-generated\r\n"
                             "X-Auto-Response-Suppress: OOF, AutoReply\r\n"
                             "MIME-Version: 1.0\r\n"
                             "Content-Type: multipart/mixed;\r\n"
                             " boundary=\"=_01JDC0000000000000000000AB\"\r\n"
                             "\r\n"
                             "This is a message in MIME format.\r\n"
                             "\r\n"
                             "--=_01JDC0000000000000000000AB\r\n"
                             "Content-Type: text/plain; charset=utf-8\r\n"
                             "Content-Transfer-Encoding: 7bit\r\n"
                             "\r\n"
                             "The scan is attached.\r\n"
                             "\r\n"
                             "--=_01JDC0000000000000000000AB\r\n"
                             "Content-Type: application/pdf;\r\n"
                             " name=\"scan.pdf\"\r\n"
                             "Content-Disposition: attachment;\r\n"
                             " filename=\"scan.pdf\"\r\n"
                             "Content-Transfer-Encoding: base64\r\n"
                             "\r\n"
                             "JVBERi0xLjcgaGVsbG8=\r\n"
                             "--=_01JDC0000000000000000000AB--\r\n");
}

static void
test_binary_parts_are_the_document_itself(void **state)
{
    struct world *w = *state;
    add_document(w, "scan.pdf", "%PDF\n.\r\n\r", 9);
    SP_AUTO_FREE char *got = compose(w, true);
    assert_non_null(strstr(got, "Content-Transfer-Encoding: binary\r\n\r\nThis is")); /* the whole says so too */
    assert_non_null(strstr(got, "Content-Transfer-Encoding: binary\r\n\r\n%PDF\n.\r\n\r\r\n--=_01JDC"));
}

static void
test_a_message_without_documents_is_just_its_text(void **state)
{
    struct world *w = *state;
    SP_AUTO_FREE char *got = compose(w, false);
    assert_null(strstr(got, "multipart"));
    assert_non_null(strstr(got, "\r\n\r\nThe scan is attached.\r\n"));
}

/* The attachment between its head and the boundary, decoded by base/'s strict decoder. */
static void
assert_attached(const char *message, const unsigned char *bytes, size_t size)
{
    const char *start = strstr(message, "base64\r\n\r\n");
    assert_non_null(start);
    start += strlen("base64\r\n\r\n");
    const char *end = strstr(start, "\r\n--=_");
    assert_non_null(end);
    struct sp_str joined = { 0 }, got = { 0 };
    while (start < end) {
        size_t len = strcspn(start, "\r");
        assert_true(len == 76 || start + len == end);
        sp_str_add_n(&joined, start, len);
        start += len + 2;
    }
    assert_true(sp_base64_decode(&got, sp_str_text(&joined), joined.len));
    assert_int_equal(got.len, size);
    assert_memory_equal(sp_str_text(&got), bytes, size);
    sp_str_free(&joined);
    sp_str_free(&got);
}

static void
test_every_length_and_every_buffer_gives_the_same_bytes(void **state)
{
    static const size_t portions[] = { 1, 7, 76, 78, 4096 };
    struct world *w = *state;
    unsigned char bytes[201];
    sp_random_bytes(bytes, sizeof(bytes));
    for (size_t size = 0; size < sizeof(bytes); size++) {
        w->mail.n_documents = 0;
        add_document(w, "scan.pdf", bytes, size);
        SP_AUTO_FREE char *whole = compose(w, false);
        assert_attached(whole, bytes, size);
        for (size_t i = 0; i < SP_LEN(portions); i++) {
            for (int binary = 0; binary < 2; binary++) {
                struct sp_str out = { 0 };
                assert_int_equal(read_all(w, binary, portions[i], &out), SP_OK);
                if (!binary)
                    assert_string_equal(sp_str_text(&out), whole);
                sp_str_free(&out);
            }
        }
    }
}

static void
test_documents_around_the_read_buffer_stay_whole(void **state)
{
    static const size_t sizes[] = { 58367, 58368, 58369, 116736, 200000 };
    struct world *w = *state;
    unsigned char *bytes = malloc(200000);
    assert_non_null(bytes);
    sp_random_bytes(bytes, 200000);
    for (size_t i = 0; i < SP_LEN(sizes); i++) {
        w->mail.n_documents = 0;
        add_document(w, "scan.pdf", bytes, sizes[i]);
        SP_AUTO_FREE char *whole = compose(w, false);
        assert_attached(whole, bytes, sizes[i]);
        struct sp_str odd = { 0 };
        assert_int_equal(read_all(w, false, 60001, &odd), SP_OK);
        assert_string_equal(sp_str_text(&odd), whole);
        sp_str_free(&odd);
    }
    free(bytes);
}

static void
test_begun_again_halfway_it_starts_anew(void **state)
{
    struct world *w = *state;
    unsigned char bytes[3000] = { 0 };
    add_document(w, "a.pdf", bytes, sizeof(bytes));
    add_document(w, "b.pdf", "x", 1);
    SP_AUTO_FREE char *first = compose(w, false);
    char part[1500];
    size_t got = 0;
    assert_int_equal(sp_composer_begin(w->composer, false, &w->err), SP_OK);
    assert_int_equal(sp_composer_read(w->composer, part, sizeof(part), &got, &w->err), SP_OK);
    struct sp_str second = { 0 };
    assert_int_equal(read_all(w, false, 512, &second), SP_OK);
    assert_string_equal(sp_str_text(&second), first);
    sp_str_free(&second);
    assert_int_equal(w->opened, 5);
}

static void
assert_refused(struct world *w, size_t announced, const char *words)
{
    for (int binary = 0; binary < 2; binary++) {
        struct sp_str out = { 0 };
        w->documents[0].size = announced;
        sp_composer_free(&w->composer);
        assert_int_equal(sp_composer_new(&w->mail, &w->composer, &w->err), SP_OK);
        assert_int_equal(read_all(w, binary, 4096, &out), SP_E_CORRUPT);
        assert_non_null(strstr(w->err.text, words));
        assert_true(out.len < sp_composer_size(w->composer, binary));
        sp_str_free(&out);
    }
}

static void
test_a_document_that_shrank_is_not_sent(void **state)
{
    struct world *w = *state;
    unsigned char bytes[100000] = { 0 };
    add_document(w, "a.pdf", bytes, sizeof(bytes));
    assert_refused(w, sizeof(bytes) + 1, "shorter");
}

static void
test_a_document_that_grew_is_not_sent(void **state)
{
    struct world *w = *state;
    unsigned char bytes[100000] = { 0 };
    add_document(w, "a.pdf", bytes, sizeof(bytes));
    assert_refused(w, sizeof(bytes) - 1, "longer");
    assert_refused(w, 0, "longer");
}

static enum sp_rc
open_nothing(void *context, size_t n, int *ret_fd, struct sp_err *err)
{
    (void)context;
    (void)n;
    *ret_fd = -1;
    return sp_fail(err, SP_E_NOTFOUND, "spool: no such document");
}

static void
test_a_document_that_cannot_be_opened_is_said(void **state)
{
    struct world *w = *state;
    struct sp_str out = { 0 };
    add_document(w, "a.pdf", "x", 1);
    w->mail.open = open_nothing;
    assert_int_equal(sp_composer_new(&w->mail, &w->composer, &w->err), SP_OK);
    assert_int_equal(read_all(w, false, 4096, &out), SP_E_NOTFOUND);
    sp_str_free(&out);
}

/* The header's names in order: an injected header would be one more. */
static void
assert_header_names(const char *message, const char *names)
{
    struct sp_str got = { 0 };
    for (const char *at = message; !(at[0] == '\r' && at[1] == '\n'); at = strstr(at, "\r\n") + 2)
        if (*at != ' ')
            sp_str_addf(&got, "%.*s ", (int)strcspn(at, ":"), at);
    assert_string_equal(sp_str_text(&got), names);
    sp_str_free(&got);
}

static void
test_line_breaks_in_what_was_given_make_no_header(void **state)
{
    struct world *w = *state;
    const char *evil_to[] = { "anna@contoso.com\r\nBcc: eve@example.com" };
    w->mail.subject = "hello\r\nBcc: eve@example.com\r\n\r\nbody";
    w->mail.from_name = "Empfang\nX-Evil: 1";
    w->mail.from = "scanner@contoso.com\r\nX-Evil: 2";
    w->mail.reply_to = "a@contoso.com\rX-Evil: 3";
    w->mail.message_id = "<a@b>\r\nX-Evil: 4";
    w->mail.to = evil_to;
    add_document(w, "a.pdf\"\r\nX-Evil: 5\r\n\r\n", "x", 1);
    w->documents[0].type = "text/html\r\nX-Evil: 6";
    SP_AUTO_FREE char *got = compose(w, false);
    assert_header_names(got, "From To Reply-To Subject Date Message-ID Auto-Submitted X-Auto-Response-Suppress "
                             "MIME-Version Content-Type ");
    assert_null(strstr(got, "\nX-Evil"));
    assert_null(strstr(got, "\rX-Evil"));
    assert_null(strstr(got, "\nBcc"));
    assert_non_null(strstr(got, "Content-Type: application/octet-stream;"));
}

static void
test_text_that_looks_like_the_boundary_stays_text(void **state)
{
    struct world *w = *state;
    w->mail.body = "hi\n--=_01JDC0000000000000000000AB--\nbye";
    add_document(w, "a.pdf", "x", 1);
    SP_AUTO_FREE char *got = compose(w, false);
    assert_non_null(strstr(got, "\r\n=2D-=3D_01JDC0000000000000000000AB--\r\nbye\r\n"));
}

static void
test_a_boundary_that_could_break_the_header_is_refused(void **state)
{
    char long_one[72];
    const char *const bad[] = { "", "a\"b", "a\r\nb", "a b", long_one };
    struct world *w = *state;
    memset(long_one, 'a', sizeof(long_one) - 1);
    long_one[sizeof(long_one) - 1] = '\0';
    for (size_t i = 0; i < SP_LEN(bad); i++) {
        w->mail.boundary = bad[i];
        assert_int_equal(sp_composer_new(&w->mail, &w->composer, &w->err), SP_E_INVALID);
        assert_null(w->composer);
    }
}

static void
assert_lines_short(const char *message)
{
    while (*message != '\0') {
        size_t len = strcspn(message, "\r\n");
        assert_true(len <= 998);
        assert_memory_equal(message + len, "\r\n", 2);
        message += len + 2;
    }
}

static void
test_names_of_every_kind_are_written_in_ascii_and_short_lines(void **state)
{
    struct world *w = *state;
    char longest[256], umlauts[256];
    memset(longest, 'a', 255);
    memcpy(longest + 251, ".pdf", 5);
    for (size_t i = 0; i < 254; i += 2)
        memcpy(umlauts + i, "\xc3\xbc", 3);
    add_document(w, longest, "x", 1);
    add_document(w, umlauts, "x", 1);
    add_document(w, "quote \" back \\ slash \xff\xfe.pdf", "x", 1);
    add_document(w, "", "x", 1);
    SP_AUTO_FREE char *got = compose(w, false);
    assert_lines_short(got);
    for (const char *at = got; *at != '\0'; at++)
        assert_true((unsigned char)*at < 0x80);
    assert_non_null(strstr(got, "filename=\"document\""));
    assert_non_null(strstr(got, "filename=\"quote _ back _ slash __.pdf\""));
    assert_non_null(strstr(got, "filename*0*=UTF-8''aaaa"));
}

int
main(void)
{
#define WORLD(test) cmocka_unit_test_setup_teardown(test, setup_world, teardown_world)
    const struct CMUnitTest tests[] = {
        WORLD(test_small_message_to_the_letter),
        WORLD(test_binary_parts_are_the_document_itself),
        WORLD(test_a_message_without_documents_is_just_its_text),
        WORLD(test_every_length_and_every_buffer_gives_the_same_bytes),
        WORLD(test_documents_around_the_read_buffer_stay_whole),
        WORLD(test_begun_again_halfway_it_starts_anew),
        WORLD(test_a_document_that_shrank_is_not_sent),
        WORLD(test_a_document_that_grew_is_not_sent),
        WORLD(test_a_document_that_cannot_be_opened_is_said),
        WORLD(test_line_breaks_in_what_was_given_make_no_header),
        WORLD(test_text_that_looks_like_the_boundary_stays_text),
        WORLD(test_a_boundary_that_could_break_the_header_is_refused),
        WORLD(test_names_of_every_kind_are_written_in_ascii_and_short_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
