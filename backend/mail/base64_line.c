#include "backend/mail/base64_line.h"

#include <endian.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
sp_base64_table_init(struct sp_base64_table *table)
{
    for (size_t bits = 0; bits < 4096; bits++) {
        table->pair[bits][0] = alphabet[bits >> 6];
        table->pair[bits][1] = alphabet[bits & 63];
    }
}

/* Six bytes make eight characters; two more bytes are read, but not used. */
static void
six_bytes(const struct sp_base64_table *table, const unsigned char *in, char *out)
{
    uint64_t bits;
    memcpy(&bits, in, sizeof(bits));
    bits = be64toh(bits);
    memcpy(out, table->pair[bits >> 52], 2);
    memcpy(out + 2, table->pair[bits >> 40 & 0xfff], 2);
    memcpy(out + 4, table->pair[bits >> 28 & 0xfff], 2);
    memcpy(out + 6, table->pair[bits >> 16 & 0xfff], 2);
}

static void
three_bytes(const struct sp_base64_table *table, const unsigned char *in, char *out)
{
    unsigned bits = (unsigned)in[0] << 16 | (unsigned)in[1] << 8 | in[2];
    memcpy(out, table->pair[bits >> 12], 2);
    memcpy(out + 2, table->pair[bits & 0xfff], 2);
}

void
sp_base64_line(const struct sp_base64_table *table, const unsigned char *in, char *out)
{
    const unsigned char *end = in + SP_BASE64_LINE_IN - 3;
    for (; in < end; in += 6, out += 8)
        six_bytes(table, in, out);
    three_bytes(table, in, out);
    out[4] = '\r';
    out[5] = '\n';
}

size_t
sp_base64_last_line(const struct sp_base64_table *table, const unsigned char *in, size_t size, char *out)
{
    char *start = out;
    for (; size >= 3; in += 3, size -= 3, out += 4)
        three_bytes(table, in, out);
    if (size > 0) {
        unsigned char rest[3] = { in[0], size > 1 ? in[1] : 0, 0 };
        three_bytes(table, rest, out);
        out[3] = '=';
        if (size == 1)
            out[2] = '=';
        out += 4;
    }
    return (size_t)(out - start);
}

uint64_t
sp_base64_lines_size(uint64_t size)
{
    if (size == 0)
        return 0;
    uint64_t breaks = (size - 1) / SP_BASE64_LINE_IN;
    return (size + 2) / 3 * 4 + breaks * 2;
}
