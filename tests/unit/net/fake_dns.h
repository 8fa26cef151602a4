/* fake_dns.h - a tiny resolver on 127.0.0.1, UDP and TCP on one port, in a thread of its own. It answers by the name
 * that is asked, from a table of the test's. */
#ifndef TESTS_FAKE_DNS_H
#define TESTS_FAKE_DNS_H

#include <stdbool.h>
#include <stddef.h>

enum fake_dns_manner {
    DNS_ANSWERS,
    DNS_NXDOMAIN,
    DNS_SERVFAIL,
    DNS_SILENT,
    DNS_GARBAGE,      /* bytes that are no message */
    DNS_EMPTY,        /* a datagram of no bytes, then silence */
    DNS_FOREIGN,      /* a proper answer with another id, then silence */
    DNS_FORGED_FIRST, /* the answer to another question first, then the right one */
    DNS_CUT,          /* the message ends in the middle of a record */
    DNS_TRUNCATED,    /* TC over UDP, the answer over TCP */
    DNS_SECOND_TRY,   /* the first question is lost */
};

/* type: 1 A, 5 CNAME, 15 MX, 16 TXT, 28 AAAA. data: "192.0.2.1", "2001:db8::1", "target.", "10 mx.example.", a text
 * whose strings are parted by '|' */
struct fake_dns_record {
    const char *name;
    int type;
    unsigned ttl;
    const char *data;
};

struct fake_dns_rule {
    const char *name; /* the rule is for this question */
    int type;         /* 0: of any type */
    enum fake_dns_manner manner;
    struct fake_dns_record records[20]; /* ended by a NULL name */
};

struct fake_dns;

/* rules: ended by a NULL name; they stay where they are. A name without a rule: NXDOMAIN. Aborts without a port. */
struct fake_dns *fake_dns_new(const struct fake_dns_rule *rules);
void fake_dns_free(struct fake_dns **server);
/* "127.0.0.1:12345" */
const char *fake_dns_address(const struct fake_dns *server);
size_t fake_dns_questions(struct fake_dns *server); /* heard so far, over UDP */

#endif
