/* Lines, deadlines and bytes, over a socketpair whose other end is the test. */
#include "backend/net/conn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/net/dns.h"
#include "backend/net/dns_query.h"
#include "base/auto.h"
#include "base/clock.h"

struct world {
    struct sp_conn *conn;
    int peer;
    const char *line;
    size_t len;
    struct sp_err err;
};

static int
setup_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    int ends[2];
    assert_non_null(w);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    w->conn = sp_conn_adopt(ends[0], &sp_clock_system);
    assert_non_null(w->conn);
    w->peer = ends[1];
    *state = w;
    return 0;
}

static int
teardown_world(void **state)
{
    struct world *w = *state;
    sp_conn_close(&w->conn);
    if (w->peer >= 0)
        close(w->peer);
    free(w);
    return 0;
}

static int64_t
in_ms(int ms)
{
    return sp_mono_ms(&sp_clock_system) + ms;
}

static void
peer_says(struct world *w, const void *bytes, size_t size)
{
    assert_int_equal(send(w->peer, bytes, size, MSG_NOSIGNAL), size);
}

static enum sp_trouble
line(struct world *w)
{
    return sp_conn_line(w->conn, in_ms(10000), &w->line, &w->len, &w->err);
}

static void
test_lines_end_in_crlf_or_lf(void **state)
{
    struct world *w = *state;
    peer_says(w, "one\r\ntwo\n\r\nx\ry\r\n", 16);
    static const char *const expected[] = { "one", "two", "", "x\ry" };
    for (size_t i = 0; i < SP_LEN(expected); i++) {
        assert_int_equal(line(w), SP_TROUBLE_NONE);
        assert_string_equal(w->line, expected[i]);
        assert_int_equal(w->len, strlen(expected[i]));
    }
    assert_false(sp_conn_pending(w->conn));
}

static void
test_line_in_pieces_is_put_together(void **state)
{
    struct world *w = *state;
    peer_says(w, "2", 1);
    assert_true(sp_conn_readable(w->conn));
    peer_says(w, "50 ok\r", 6);
    assert_true(sp_conn_readable(w->conn));
    peer_says(w, "\n", 1);
    assert_int_equal(line(w), SP_TROUBLE_NONE);
    assert_string_equal(w->line, "250 ok");
}

static void
test_half_a_line_runs_into_the_deadline(void **state)
{
    struct world *w = *state;
    peer_says(w, "250 o", 5);
    assert_int_equal(sp_conn_line(w->conn, in_ms(50), &w->line, &w->len, &w->err), SP_TROUBLE_TIMEOUT);
    assert_int_equal(w->err.rc, SP_E_TIMEOUT);
    peer_says(w, "k\r\n", 3); /* nothing is lost by it */
    assert_int_equal(line(w), SP_TROUBLE_NONE);
    assert_string_equal(w->line, "250 ok");
}

static void
test_deadline_of_yesterday_still_takes_what_is_there(void **state)
{
    struct world *w = *state;
    peer_says(w, "250 ok\r\n", 8);
    assert_int_equal(sp_conn_line(w->conn, 0, &w->line, &w->len, &w->err), SP_TROUBLE_NONE);
    assert_int_equal(sp_conn_line(w->conn, 0, &w->line, &w->len, &w->err), SP_TROUBLE_TIMEOUT);
}

static void
test_zero_byte_is_garbage(void **state)
{
    struct world *w = *state;
    peer_says(w, "250 a\0b\r\n", 9);
    assert_int_equal(line(w), SP_TROUBLE_GARBAGE);
}

static void
test_line_of_the_greatest_length_is_taken(void **state)
{
    struct world *w = *state;
    char text[SP_CONN_LINE_MAX + 2];
    memset(text, 'x', sizeof text);
    text[SP_CONN_LINE_MAX] = '\r';
    text[SP_CONN_LINE_MAX + 1] = '\n';
    peer_says(w, text, sizeof text);
    assert_int_equal(line(w), SP_TROUBLE_NONE);
    assert_int_equal(w->len, SP_CONN_LINE_MAX);
}

static void
test_line_of_one_more_is_garbage_with_or_without_end(void **state)
{
    struct world *w = *state;
    char text[SP_CONN_LINE_MAX + 2];
    memset(text, 'x', sizeof text);
    text[SP_CONN_LINE_MAX + 1] = '\n';
    peer_says(w, text, sizeof text);
    assert_int_equal(line(w), SP_TROUBLE_GARBAGE);
    text[SP_CONN_LINE_MAX + 1] = 'x';
    peer_says(w, text, sizeof text);
    peer_says(w, text, sizeof text);
    assert_int_equal(line(w), SP_TROUBLE_GARBAGE);
}

static void
test_last_line_is_read_after_the_peer_left(void **state)
{
    struct world *w = *state;
    peer_says(w, "421 bye\r\nhalf", 13);
    close(w->peer);
    w->peer = -1;
    assert_int_equal(line(w), SP_TROUBLE_NONE);
    assert_string_equal(w->line, "421 bye");
    assert_int_equal(line(w), SP_TROUBLE_CLOSED);
    assert_int_equal(line(w), SP_TROUBLE_CLOSED);
    assert_true(sp_conn_readable(w->conn));
}

static void
test_writing_waits_in_the_buffer_until_flushed(void **state)
{
    struct world *w = *state;
    char heard[16] = "";
    assert_int_equal(sp_conn_write(w->conn, "MAIL\r\n", 6, in_ms(1000), &w->err), SP_TROUBLE_NONE);
    assert_int_equal(sp_conn_write(w->conn, "RCPT\r\n", 6, in_ms(1000), &w->err), SP_TROUBLE_NONE);
    assert_int_equal(recv(w->peer, heard, sizeof heard, MSG_DONTWAIT), -1);
    assert_int_equal(sp_conn_flush(w->conn, in_ms(1000), &w->err), SP_TROUBLE_NONE);
    assert_int_equal(recv(w->peer, heard, sizeof heard, MSG_DONTWAIT), 12);
}

static void
test_writing_to_somebody_who_does_not_read_runs_into_the_deadline(void **state)
{
    struct world *w = *state;
    SP_AUTO_FREE char *much = calloc(1, 4 << 20);
    assert_non_null(much);
    assert_int_equal(sp_conn_write(w->conn, much, 4 << 20, in_ms(50), &w->err), SP_TROUBLE_TIMEOUT);
    /* Half of something was said: nothing more makes sense. */
    assert_int_equal(sp_conn_write(w->conn, "QUIT\r\n", 6, in_ms(1000), &w->err), SP_TROUBLE_CLOSED);
}

static void
test_what_comes_while_writing_is_kept(void **state)
{
    struct world *w = *state;
    SP_AUTO_FREE char *much = calloc(1, 4 << 20);
    assert_non_null(much);
    peer_says(w, "552 too large\r\n", 15);
    assert_int_equal(sp_conn_write(w->conn, much, 4 << 20, in_ms(50), &w->err), SP_TROUBLE_TIMEOUT);
    assert_true(sp_conn_pending(w->conn));
    assert_int_equal(line(w), SP_TROUBLE_NONE);
    assert_string_equal(w->line, "552 too large");
}

static void
test_last_words_are_kept_when_writing_fails(void **state)
{
    struct world *w = *state;
    peer_says(w, "421 bye\r\n", 9);
    close(w->peer);
    w->peer = -1;
    assert_int_equal(sp_conn_write(w->conn, "NOOP\r\n", 6, in_ms(1000), &w->err), SP_TROUBLE_NONE);
    assert_int_equal(sp_conn_flush(w->conn, in_ms(1000), &w->err), SP_TROUBLE_CLOSED);
    assert_int_equal(line(w), SP_TROUBLE_NONE);
    assert_string_equal(w->line, "421 bye");
}

static void
test_idle_connection_is_not_readable(void **state)
{
    struct world *w = *state;
    assert_false(sp_conn_readable(w->conn));
    peer_says(w, "x", 1);
    assert_true(sp_conn_readable(w->conn));
}

static void
test_connecting_without_an_address(void **state)
{
    struct world *w = *state;
    struct sp_conn *conn = NULL;
    assert_int_equal(sp_conn_open(NULL, 0, &sp_clock_system, in_ms(1000), &conn, &w->err), SP_TROUBLE_LOCAL);
    assert_null(conn);
}

/* A listener whose queue is full drops further SYNs: as silent as a firewall. */
static int
full_listener(struct sp_net_address *address, int fillers[8])
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(sp_net_address_parse("127.0.0.1", 0, address));
    assert_int_equal(bind(fd, (struct sockaddr *)&address->sock, address->size), 0);
    assert_int_equal(listen(fd, 0), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address->sock, &address->size), 0);
    for (int i = 0; i < 8; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)!connect(fillers[i], (struct sockaddr *)&address->sock, address->size);
    }
    return fd;
}

static void
test_silent_address_runs_into_the_deadline_and_a_living_one_wins(void **state)
{
    struct world *w = *state;
    struct sp_net_address both[2];
    int fillers[8];
    int silent = full_listener(&both[0], fillers);
    struct sp_conn *conn = NULL;
    assert_int_equal(sp_conn_open(both, 1, &sp_clock_system, in_ms(100), &conn, &w->err), SP_TROUBLE_TIMEOUT);
    int living = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(sp_net_address_parse("127.0.0.1", 0, &both[1]));
    assert_int_equal(bind(living, (struct sockaddr *)&both[1].sock, both[1].size), 0);
    assert_int_equal(listen(living, 4), 0);
    assert_int_equal(getsockname(living, (struct sockaddr *)&both[1].sock, &both[1].size), 0);
    assert_int_equal(sp_conn_open(both, 2, &sp_clock_system, in_ms(20000), &conn, &w->err), SP_TROUBLE_NONE);
    assert_string_equal(sp_conn_peer_ip(conn), "127.0.0.1");
    sp_conn_close(&conn);
    for (int i = 0; i < 8; i++)
        close(fillers[i]);
    close(silent);
    close(living);
}

static void
test_connects_by_ipv6(void **state)
{
    struct world *w = *state;
    struct sp_net_address address;
    int living = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(sp_net_address_parse("::1", 0, &address));
    if (living < 0 || bind(living, (struct sockaddr *)&address.sock, address.size) != 0)
        skip(); /* a machine without IPv6 */
    assert_int_equal(listen(living, 4), 0);
    assert_int_equal(getsockname(living, (struct sockaddr *)&address.sock, &address.size), 0);
    struct sp_conn *conn = NULL;
    assert_int_equal(sp_conn_open(&address, 1, &sp_clock_system, in_ms(10000), &conn, &w->err), SP_TROUBLE_NONE);
    assert_string_equal(sp_conn_peer_ip(conn), "::1");
    assert_true(sp_conn_peer_port(conn) > 0);
    sp_conn_close(&conn);
    close(living);
}

#define world_test(name) cmocka_unit_test_setup_teardown(name, setup_world, teardown_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_lines_end_in_crlf_or_lf),
        world_test(test_line_in_pieces_is_put_together),
        world_test(test_half_a_line_runs_into_the_deadline),
        world_test(test_deadline_of_yesterday_still_takes_what_is_there),
        world_test(test_zero_byte_is_garbage),
        world_test(test_line_of_the_greatest_length_is_taken),
        world_test(test_line_of_one_more_is_garbage_with_or_without_end),
        world_test(test_last_line_is_read_after_the_peer_left),
        world_test(test_writing_waits_in_the_buffer_until_flushed),
        world_test(test_writing_to_somebody_who_does_not_read_runs_into_the_deadline),
        world_test(test_what_comes_while_writing_is_kept),
        world_test(test_last_words_are_kept_when_writing_fails),
        world_test(test_idle_connection_is_not_readable),
        world_test(test_connecting_without_an_address),
        world_test(test_connects_by_ipv6),
        world_test(test_silent_address_runs_into_the_deadline_and_a_living_one_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
