/* fake_smtp.h - a scripted mail server on 127.0.0.1, in a thread of its own. It says what the plan says, and notes the
 * first thing that does not go by the plan. Usable for any test that needs a peer with manners, or without.
 *
 *   "<220 hi"       says a line (CRLF is added; "\r\n" inside makes more lines)
 *   ">MAIL FROM"    reads a line, which must begin so, without regard to case
 *   "!tls"          TLS begins here
 *   "!octets N"     reads N octets of a body        "!dots"  reads a body up to its final dot (kept as it came)
 *   "!some N"       reads N octets of a body that goes on, and keeps nothing
 *   "!raw TEXT"     says TEXT alone                 "!zero"  says a line with a zero byte inside
 *   "!fill N"       says N letters x                "!flood" says "250-x" until nobody listens
 *   "!quiet"        nothing may come for a moment: the client waits for us
 *   "!hang"         says nothing until the client leaves
 *   "!hello"        waits for the first bytes of a TLS handshake, which nobody reads
 *   "!deaf"         reads nothing until the client leaves
 *   "!eof"          the client must leave, without another word
 *   "!close"        leaves; what follows is for the next connection
 *   "!reset"        leaves with a TCP reset
 *
 * After the last step it leaves. In clear, anything but EHLO and STARTTLS is against every plan. */
#ifndef TESTS_FAKE_SMTP_H
#define TESTS_FAKE_SMTP_H

#include <stddef.h>

#include "unit/smtp/fake_tls.h"

struct fake_smtp;
struct sp_net_address;

/* The name in the good certificate. */
#define FAKE_SMTP_HOST "mail.example.test"

/* The steps up to an encrypted session whose second EHLO reply has the lines `abilities` after the first:
 * FAKE_SMTP_OPEN("250-PIPELINING\r\n250 SIZE 1000") */
#define FAKE_SMTP_OPEN(abilities)                                                                                      \
    "<220 fake.example.test ready", ">EHLO ", "<250-fake.example.test\r\n250 STARTTLS", ">STARTTLS", "<220 go on",     \
        "!tls", ">EHLO ", "<250-fake.example.test Hello [192.0.2.7]\r\n" abilities

/* Listens on a free port. Aborts when the machine has none. */
struct fake_smtp *fake_smtp_new(enum fake_certificate kind);
/* Lets go of everybody and waits for the thread. Accepts NULL; leaves NULL. */
void fake_smtp_free(struct fake_smtp **server);

const char *fake_smtp_ca_file(const struct fake_smtp *server);
unsigned fake_smtp_port(const struct fake_smtp *server);
void fake_smtp_address(const struct fake_smtp *server, struct sp_net_address *ret);

/* Begins to serve; the steps end with NULL and outlive the server (literals do). Once for each server. */
void fake_smtp_plan(struct fake_smtp *server, ...) __attribute__((sentinel));
/* Waits for the end of the plan. NULL when all went by it, else what did not. Call when the client has closed. */
const char *fake_smtp_end(struct fake_smtp *server);

/* After the end: all that was heard in clear, all lines heard, and the nth body (from 0; NULL: there was none). */
const char *fake_smtp_clear(const struct fake_smtp *server);
const char *fake_smtp_lines(const struct fake_smtp *server);
const char *fake_smtp_body(const struct fake_smtp *server, size_t number, size_t *ret_size);

#endif
