/* Getting hold of the document, and answering filters that ask meanwhile. */
#include "backend/cups/document.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <cups/sidechannel.h>

#include "backend/cups/side.h"
#include "base/auto.h"

static volatile sig_atomic_t stop;

/* Puts bytes where standard input is read. */
static void
feed(const char *text)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
    close(ends[1]);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
}

static enum sp_rc
open_fed(const char *text, struct sp_document *ret, struct sp_err *err)
{
    struct sp_side side = { .fd = -1 };
    feed(text);
    return sp_document_open(NULL, &side, &stop, ret, err);
}

static void
test_standard_input_can_be_read_more_than_once(void **state)
{
    static const char text[] = "%PDF-1.4\nhello\n%%EOF\n";
    struct sp_document document;
    struct sp_err err = { 0 };
    char bytes[64];
    (void)state;
    assert_int_equal(open_fed(text, &document, &err), SP_OK);
    assert_int_equal(document.size, strlen(text));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pread(document.fd, bytes, sizeof(bytes), 0), (ssize_t)strlen(text));
        assert_memory_equal(bytes, text, strlen(text));
    }
    sp_document_close(&document);
}

static void
test_what_only_a_print_queue_gets_wrong_is_said(void **state)
{
    static const char *const wrong[][2] = {
        { "", "nothing came" },
        { "%PDF-1.4\nhello\n", "ends in the middle" },
        { "%!PS-Adobe-3.0\n", "printer's language" },
        { "\033%-12345X@PJL\n", "printer's language" },
        { "\033E\033&l0O", "printer's language" },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(wrong); i++) {
        struct sp_document document;
        struct sp_err err = { 0 };
        assert_int_equal(open_fed(wrong[i][0], &document, &err), SP_E_TYPE);
        assert_non_null(strstr(err.text, wrong[i][1]));
    }
}

static void
test_stopped_while_a_filter_takes_its_time(void **state)
{
    struct sp_document document;
    struct sp_err err = { 0 };
    struct sp_side side = { .fd = -1 };
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    stop = 1;
    assert_int_equal(sp_document_open(NULL, &side, &stop, &document, &err), SP_E_CLOSED);
    stop = 0;
    close(ends[0]);
    close(ends[1]);
}

static void
test_a_file_that_is_not_there_is_no_matter_of_its_type(void **state)
{
    struct sp_document document;
    struct sp_err err = { 0 };
    struct sp_side side = { .fd = -1 };
    (void)state;
    assert_int_equal(sp_document_open("/tmp/there/is/none", &side, &stop, &document, &err), SP_E_NOTFOUND);
    assert_int_equal(sp_document_open("/dev/null", &side, &stop, &document, &err), SP_E_IO);
}

/* ---- the side channel ---- */

/* command, status, size in two bytes, data: as libcups sends it. */
static int
ask(int fd, struct sp_side *side, cups_sc_command_t command, unsigned char answer[256])
{
    const unsigned char question[4] = { (unsigned char)command, 0, 0, 0 };
    assert_int_equal(write(fd, question, sizeof(question)), sizeof(question));
    sp_side_answer(side);
    ssize_t got = read(fd, answer, 256);
    assert_true(got >= 4);
    assert_int_equal(answer[0], command);
    assert_int_equal(got, 4 + answer[2] * 256 + answer[3]);
    return answer[1];
}

static void
test_filters_that_ask_are_answered(void **state)
{
    unsigned char answer[256];
    int ends[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    int theirs = fcntl(ends[0], F_DUPFD, CUPS_SC_FD + 1); /* out of the way of ours */
    int spare = fcntl(ends[1], F_DUPFD, CUPS_SC_FD + 1);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(dup2(spare, CUPS_SC_FD), CUPS_SC_FD);
    close(spare);
    struct sp_side side = sp_side_open();
    assert_int_equal(side.fd, CUPS_SC_FD);
    assert_int_equal(ask(theirs, &side, CUPS_SC_CMD_GET_STATE, answer), CUPS_SC_STATUS_OK);
    assert_int_equal(answer[4], CUPS_SC_STATE_ONLINE);
    assert_int_equal(ask(theirs, &side, CUPS_SC_CMD_GET_CONNECTED, answer), CUPS_SC_STATUS_OK);
    assert_int_equal(answer[4], CUPS_SC_CONNECTED);
    assert_int_equal(ask(theirs, &side, CUPS_SC_CMD_GET_BIDI, answer), CUPS_SC_STATUS_OK);
    assert_int_equal(ask(theirs, &side, CUPS_SC_CMD_DRAIN_OUTPUT, answer), CUPS_SC_STATUS_OK);
    assert_int_equal(ask(theirs, &side, CUPS_SC_CMD_GET_DEVICE_ID, answer), CUPS_SC_STATUS_OK);
    assert_memory_equal(answer + 4, "MFG:scanpost;", 13);
    assert_int_equal(ask(theirs, &side, CUPS_SC_CMD_SOFT_RESET, answer), CUPS_SC_STATUS_NOT_IMPLEMENTED);
    close(theirs);
    sp_side_answer(&side); /* the filters have gone: no more questions */
    assert_int_equal(side.fd, -1);
    close(CUPS_SC_FD);
}

static void
test_without_a_side_channel_nothing_is_asked(void **state)
{
    (void)state;
    close(CUPS_SC_FD);
    struct sp_side side = sp_side_open();
    assert_int_equal(side.fd, -1);
    sp_side_answer(&side);
    assert_false(sp_side_wait(&side, -1, 0));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_standard_input_can_be_read_more_than_once),
        cmocka_unit_test(test_what_only_a_print_queue_gets_wrong_is_said),
        cmocka_unit_test(test_stopped_while_a_filter_takes_its_time),
        cmocka_unit_test(test_a_file_that_is_not_there_is_no_matter_of_its_type),
        cmocka_unit_test(test_filters_that_ask_are_answered),
        cmocka_unit_test(test_without_a_side_channel_nothing_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
