/* What the service manager hears from the supervisor: a socket of ours plays it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/daemon/herald.h"

enum { WATCHDOG_MS = 120000, HALF_MS = WATCHDOG_MS / 2 };

struct world {
    char dir[40], path[64], heard[8192];
    int fd;
    struct sp_herald herald;
};

static int
setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    if (w == NULL)
        return -1;
    strcpy(w->dir, "/tmp/scanpost-herald-XXXXXX");
    if (mkdtemp(w->dir) == NULL)
        return -1;
    (void)snprintf(w->path, sizeof w->path, "%s/notify", w->dir);
    (void)snprintf(name.sun_path, sizeof name.sun_path, "%s", w->path);
    w->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (w->fd < 0 || bind(w->fd, (const struct sockaddr *)&name, sizeof name) != 0)
        return -1;
    (void)setenv("NOTIFY_SOCKET", w->path, 1);
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;
    close(w->fd);
    unlink(w->path);
    rmdir(w->dir);
    free(w);
    return 0;
}

/* What was said since the last time, a line each. */
static const char *
heard(struct world *w)
{
    size_t at = 0;
    ssize_t n;
    while (at < sizeof w->heard - 2 && (n = recv(w->fd, w->heard + at, sizeof w->heard - at - 2, 0)) > 0) {
        at += (size_t)n;
        w->heard[at++] = '\n';
    }
    w->heard[at] = '\0';
    return w->heard;
}

static void
start(struct world *w, const char *watchdog_usec)
{
    char pid[16];
    (void)snprintf(pid, sizeof pid, "%d", (int)getpid());
    if (watchdog_usec != NULL) {
        (void)setenv("WATCHDOG_USEC", watchdog_usec, 1);
        (void)setenv("WATCHDOG_PID", pid, 1);
    }
    sp_herald_start(&w->herald, 0);
}

static void
start_ready(struct world *w, const char *watchdog_usec)
{
    start(w, watchdog_usec);
    sp_herald_alive(&w->herald, SP_HERALD_GATEWAY);
    sp_herald_alive(&w->herald, SP_HERALD_SENDER);
    (void)heard(w);
}

/* As the supervisor does when it wakes; which of them were asked. */
static unsigned
look(struct world *w, int64_t now)
{
    unsigned asked = 0;
    for (int i = 0; i < SP_HERALDED; i++)
        if (sp_herald_asks(&w->herald, (enum sp_heralded)i, now))
            asked |= 1U << i;
    sp_herald_asked(&w->herald, now);
    return asked;
}

static void
test_ready_when_both_have_come_round(void **state)
{
    struct world *w = *state;
    start(w, NULL);
    assert_string_equal(heard(w), "STATUS=starting\n");
    sp_herald_alive(&w->herald, SP_HERALD_GATEWAY);
    assert_string_equal(heard(w), "STATUS=takes scans in; the sender is starting\n");
    sp_herald_alive(&w->herald, SP_HERALD_SENDER);
    assert_string_equal(heard(w), "STATUS=takes scans in and sends them\nREADY=1\n");
}

static void
test_nobody_who_fails_keeps_the_manager_waiting(void **state)
{
    struct world *w = *state;
    start(w, NULL);
    sp_herald_alive(&w->herald, SP_HERALD_GATEWAY);
    sp_herald_died(&w->herald, SP_HERALD_SENDER, true);
    assert_non_null(strstr(heard(w), "the sender ended and is started again\nREADY=1\n"));
}

static void
test_environment_is_not_inherited(void **state)
{
    struct world *w = *state;
    start(w, "120000000");
    assert_null(getenv("NOTIFY_SOCKET"));
    assert_null(getenv("WATCHDOG_USEC"));
    assert_null(getenv("WATCHDOG_PID"));
}

static void
test_without_watchdog_nobody_is_asked(void **state)
{
    struct world *w = *state;
    start_ready(w, NULL);
    assert_int_equal(sp_herald_wait(&w->herald, 0), -1);
    assert_int_equal(look(w, 1000000), 0);
    assert_string_equal(heard(w), "");
}

static void
test_watchdog_of_another_process_is_not_ours(void **state)
{
    struct world *w = *state;
    (void)setenv("WATCHDOG_USEC", "120000000", 1);
    (void)setenv("WATCHDOG_PID", "1", 1);
    start_ready(w, NULL);
    assert_int_equal(sp_herald_wait(&w->herald, 0), -1);
}

static void
test_alive_when_both_answer(void **state)
{
    struct world *w = *state;
    start_ready(w, "120000000");
    assert_int_equal(sp_herald_wait(&w->herald, 0), HALF_MS);
    assert_int_equal(look(w, HALF_MS), 3);
    assert_int_equal(sp_herald_wait(&w->herald, HALF_MS), HALF_MS);
    sp_herald_alive(&w->herald, SP_HERALD_SENDER);
    assert_string_equal(heard(w), "");
    sp_herald_alive(&w->herald, SP_HERALD_GATEWAY);
    assert_string_equal(heard(w), "WATCHDOG=1\n");
}

static void
test_who_hangs_is_named_and_the_watchdog_not_fed(void **state)
{
    struct world *w = *state;
    start_ready(w, "120000000");
    assert_int_equal(look(w, HALF_MS), 3);
    sp_herald_alive(&w->herald, SP_HERALD_GATEWAY);
    assert_int_equal(look(w, INT64_C(2) * HALF_MS), 1); /* one question at a time is enough for the other */
    sp_herald_alive(&w->herald, SP_HERALD_GATEWAY);
    assert_string_equal(heard(w), "STATUS=takes scans in and sends them; the sender does not answer\n"
                                  "STATUS=takes scans in and sends them\n");
    sp_herald_alive(&w->herald, SP_HERALD_SENDER);
    assert_string_equal(heard(w), "WATCHDOG=1\n");
}

static void
test_who_is_started_again_does_not_hang(void **state)
{
    struct world *w = *state;
    start_ready(w, "120000000");
    assert_int_equal(look(w, HALF_MS), 3);
    sp_herald_alive(&w->herald, SP_HERALD_GATEWAY);
    sp_herald_died(&w->herald, SP_HERALD_SENDER, true);
    assert_non_null(strstr(heard(w), "WATCHDOG=1\n"));
    sp_herald_died(&w->herald, SP_HERALD_GATEWAY, true);
    (void)heard(w);
    assert_int_equal(look(w, INT64_C(2) * HALF_MS), 0);
    assert_string_equal(heard(w), "WATCHDOG=1\n");
}

static void
test_reload_ends_when_the_new_ones_are_there(void **state)
{
    struct world *w = *state;
    start_ready(w, NULL);
    sp_herald_reloading(&w->herald, 1234);
    assert_string_equal(heard(w), "RELOADING=1\nMONOTONIC_USEC=1234000\nSTATUS=reads the configuration again\n");
    sp_herald_replaced(&w->herald);
    assert_string_equal(heard(w), "STATUS=starting\n");
    sp_herald_died(&w->herald, SP_HERALD_SENDER, false); /* the old one, as it was told */
    sp_herald_alive(&w->herald, SP_HERALD_GATEWAY);
    sp_herald_alive(&w->herald, SP_HERALD_SENDER);
    assert_string_equal(heard(w), "STATUS=takes scans in; the sender is starting\n"
                                  "STATUS=takes scans in and sends them\nREADY=1\n");
}

static void
test_refused_configuration_is_told_until_the_next_one(void **state)
{
    struct world *w = *state;
    start_ready(w, NULL);
    sp_herald_reloading(&w->herald, 1);
    (void)heard(w);
    sp_herald_refused(&w->herald, "x.conf:3: no\nREADY=1");
    assert_string_equal(heard(w), "STATUS=takes scans in and sends them; the configuration on disk is not used: "
                                  "x.conf:3: no?READY=1\nREADY=1\n");
    sp_herald_reloading(&w->herald, 2);
    sp_herald_replaced(&w->herald);
    sp_herald_alive(&w->herald, SP_HERALD_GATEWAY);
    (void)heard(w);
    sp_herald_alive(&w->herald, SP_HERALD_SENDER);
    assert_string_equal(heard(w), "STATUS=takes scans in and sends them\nREADY=1\n");
}

static void
test_end_is_told(void **state)
{
    struct world *w = *state;
    start_ready(w, NULL);
    sp_herald_ending(&w->herald);
    assert_string_equal(heard(w), "STOPPING=1\nSTATUS=ending; uploads under way have a few seconds\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ready_when_both_have_come_round, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobody_who_fails_keeps_the_manager_waiting, setup, teardown),
        cmocka_unit_test_setup_teardown(test_environment_is_not_inherited, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_watchdog_nobody_is_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_watchdog_of_another_process_is_not_ours, setup, teardown),
        cmocka_unit_test_setup_teardown(test_alive_when_both_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_hangs_is_named_and_the_watchdog_not_fed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_is_started_again_does_not_hang, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reload_ends_when_the_new_ones_are_there, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_configuration_is_told_until_the_next_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_end_is_told, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
