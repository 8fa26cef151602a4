/* Events as journald gets them: a socket of ours plays it, and a pipe is the stderr that it made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/journal.h"
#include "base/log.h"

#define JOB "01M8HWPADH8F3QSM16J8HGB34Z"

struct world {
    char dir[40], path[64], got[8192];
    int journald, read_end;
    struct sp_journal journal;
    struct sp_log log;
};

static int
setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    struct stat info;
    int ends[2];
    char stream[64];
    if (w == NULL)
        return -1;
    strcpy(w->dir, "/tmp/scanpost-journal-XXXXXX");
    if (mkdtemp(w->dir) == NULL || pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0 || fstat(ends[1], &info) != 0)
        return -1;
    (void)snprintf(w->path, sizeof w->path, "%s/socket", w->dir);
    (void)snprintf(name.sun_path, sizeof name.sun_path, "%s", w->path);
    w->journald = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (w->journald < 0 || bind(w->journald, (const struct sockaddr *)&name, sizeof name) != 0)
        return -1;
    (void)snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)info.st_dev,
                   (unsigned long long)info.st_ino);
    (void)setenv("JOURNAL_STREAM", stream, 1);
    w->read_end = ends[0];
    w->log = (struct sp_log){ .level = SP_LOG_INFO, .who = "sender", .fd = ends[1] };
    w->log.journal = sp_journal_open(&w->journal, ends[1], w->path) ? &w->journal : NULL;
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;
    sp_journal_close(&w->journal);
    close(w->journald);
    close(w->read_end);
    close(w->log.fd);
    unlink(w->path);
    rmdir(w->dir);
    free(w);
    return 0;
}

static const char *
event(struct world *w)
{
    ssize_t n = recv(w->journald, w->got, sizeof w->got - 1, 0);
    w->got[n < 0 ? 0 : n] = '\0';
    return w->got;
}

static const char *
on_stderr(struct world *w)
{
    ssize_t n = read(w->read_end, w->got, sizeof w->got - 1);
    w->got[n < 0 ? 0 : n] = '\0';
    return w->got;
}

static void
test_job_is_a_field(void **state)
{
    struct world *w = *state;
    sp_warn(&w->log, "job " JOB ": cannot be claimed: %s", "locked");
    assert_string_equal(event(w), "PRIORITY=4\nSYSLOG_IDENTIFIER=scanpostd\nSCANPOST_PROCESS=sender\nJOB_ID=" JOB
                                  "\nMESSAGE=job " JOB ": cannot be claimed: locked\n");
    assert_string_equal(on_stderr(w), "");
}

static void
test_method_is_a_field(void **state)
{
    struct world *w = *state;
    sp_info(&w->log, "method hve: up again");
    assert_non_null(strstr(event(w), "\nMETHOD=hve\nMESSAGE=method hve: up again\n"));
}

static void
test_facts_are_fields(void **state)
{
    struct world *w = *state;
    const struct sp_log_facts facts = { "direct", "ip_reputation" };
    sp_log_write_facts(&w->log, SP_LOG_NOTICE, &facts, "job " JOB ": direct refused at %s", "rcpt");
    assert_non_null(strstr(event(w), "\nJOB_ID=" JOB "\nMETHOD=direct\nCLASS=ip_reputation\nMESSAGE=job "));
}

static void
test_other_words_are_no_fields(void **state)
{
    struct world *w = *state;
    static const char *const lines[] = { "job x: is no id", "the job " JOB ": second word", "method : none",
                                         "method two words: no" };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        sp_info(&w->log, "%s", lines[i]);
        (void)event(w);
        assert_null(strstr(w->got, "\nJOB_ID="));
        assert_null(strstr(w->got, "\nMETHOD="));
    }
}

static void
test_line_break_from_outside_makes_no_field(void **state)
{
    struct world *w = *state;
    sp_info(&w->log, "job " JOB ": said %s", "250 ok\nPRIORITY=0\n_UID=0");
    assert_non_null(strstr(event(w), "said 250 ok?PRIORITY=0?_UID=0\n"));
}

static void
test_longest_line_arrives(void **state)
{
    struct world *w = *state;
    char text[4000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    sp_info(&w->log, "job " JOB ": %s", text);
    assert_non_null(strstr(event(w), "MESSAGE=job " JOB ": xxxx"));
    assert_non_null(strstr(w->got, "...\n"));
}

static void
test_without_journald_the_line_goes_to_stderr(void **state)
{
    struct world *w = *state;
    close(w->journald);
    w->journald = -1;
    sp_info(&w->log, "ready");
    assert_string_equal(on_stderr(w), "<6>sender: ready\n");
}

static void
test_stderr_elsewhere_is_no_journal(void **state)
{
    struct world *w = *state;
    struct sp_journal other;
    assert_false(sp_journal_open(&other, w->journald, w->path));
    (void)unsetenv("JOURNAL_STREAM");
    assert_false(sp_journal_open(&other, w->log.fd, w->path));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_job_is_a_field, setup, teardown),
        cmocka_unit_test_setup_teardown(test_method_is_a_field, setup, teardown),
        cmocka_unit_test_setup_teardown(test_facts_are_fields, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_words_are_no_fields, setup, teardown),
        cmocka_unit_test_setup_teardown(test_line_break_from_outside_makes_no_field, setup, teardown),
        cmocka_unit_test_setup_teardown(test_longest_line_arrives, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_journald_the_line_goes_to_stderr, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stderr_elsewhere_is_no_journal, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
