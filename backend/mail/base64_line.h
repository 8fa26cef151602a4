/* base64_line.h - documents in base64 as MIME wants them (RFC 2045 section 6.8): lines of 76 characters, CRLF between
 * them, none after the last, because the one before the next boundary belongs to the boundary. This is where the time
 * of sending goes, so a line is encoded straight into the caller's buffer, twelve bits a step. Pure. */
#ifndef SP_MAIL_BASE64_LINE_H
#define SP_MAIL_BASE64_LINE_H

#include <stddef.h>
#include <stdint.h>

enum {
    SP_BASE64_LINE_IN = 57,                       /* document bytes in a whole line */
    SP_BASE64_LINE_OUT = 76,                      /* characters they make */
    SP_BASE64_LINE_SIZE = SP_BASE64_LINE_OUT + 2, /* with CRLF */
};

/* The two characters for every twelve bits. */
struct sp_base64_table {
    char pair[4096][2];
};
void sp_base64_table_init(struct sp_base64_table *table);

/* Exactly SP_BASE64_LINE_IN bytes and CRLF: writes SP_BASE64_LINE_SIZE characters. */
void sp_base64_line(const struct sp_base64_table *table, const unsigned char *in, char *out);
/* The last line, 1 to SP_BASE64_LINE_IN bytes, padded, without CRLF. Returns the characters written. */
size_t sp_base64_last_line(const struct sp_base64_table *table, const unsigned char *in, size_t size, char *out);
/* The octets of a whole document in such lines. */
uint64_t sp_base64_lines_size(uint64_t size);

#endif
