/* digest.c - SHA-256 through EVP, which picks the processor's instructions; base64 by hand, as it is where the time of
 * composing a large mail goes.
 *
 * libcrypto's digest fails only when memory is out or the installation is broken. A wrong digest would later call a
 * good document damaged, so that ends the process: everything here survives that. */
#include "base/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct sp_sha256 {
    EVP_MD_CTX *evp;
};

static void
must(int worked)
{
    if (worked != 1)
        abort();
}

struct sp_sha256 *
sp_sha256_new(void)
{
    struct sp_sha256 *sum = calloc(1, sizeof *sum);
    if (sum == NULL)
        return NULL;
    sum->evp = EVP_MD_CTX_new();
    if (sum->evp == NULL || EVP_DigestInit_ex(sum->evp, EVP_sha256(), NULL) != 1)
        sp_sha256_free(&sum);
    return sum;
}

void
sp_sha256_add(struct sp_sha256 *sum, const void *bytes, size_t size)
{
    must(EVP_DigestUpdate(sum->evp, bytes, size));
}

void
sp_sha256_end(struct sp_sha256 *sum, unsigned char digest[SP_SHA256_LEN])
{
    must(EVP_DigestFinal_ex(sum->evp, digest, NULL));
}

static void
write_hex(const unsigned char digest[SP_SHA256_LEN], char hex[SP_SHA256_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < SP_SHA256_LEN; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[SP_SHA256_HEX_SIZE - 1] = '\0';
}

void
sp_sha256_end_hex(struct sp_sha256 *sum, char hex[SP_SHA256_HEX_SIZE])
{
    unsigned char digest[SP_SHA256_LEN];
    sp_sha256_end(sum, digest);
    write_hex(digest, hex);
}

void
sp_sha256_free(struct sp_sha256 **sum)
{
    if (*sum == NULL)
        return;
    EVP_MD_CTX_free((*sum)->evp);
    free(*sum);
    *sum = NULL;
}

void
sp_sha256_hex(const void *bytes, size_t size, char hex[SP_SHA256_HEX_SIZE])
{
    unsigned char digest[SP_SHA256_LEN];
    must(EVP_Digest(bytes, size, digest, NULL, EVP_sha256(), NULL));
    write_hex(digest, hex);
}

/* Two digits for every twelve bits: half as many look-ups as a digit at a time, and 8 KiB stay in the first cache. */
#define PAIR_ROW(a)                                                                                                    \
    { a, 'A' }, { a, 'B' }, { a, 'C' }, { a, 'D' }, { a, 'E' }, { a, 'F' }, { a, 'G' }, { a, 'H' }, { a, 'I' },        \
        { a, 'J' }, { a, 'K' }, { a, 'L' }, { a, 'M' }, { a, 'N' }, { a, 'O' }, { a, 'P' }, { a, 'Q' }, { a, 'R' },    \
        { a, 'S' }, { a, 'T' }, { a, 'U' }, { a, 'V' }, { a, 'W' }, { a, 'X' }, { a, 'Y' }, { a, 'Z' }, { a, 'a' },    \
        { a, 'b' }, { a, 'c' }, { a, 'd' }, { a, 'e' }, { a, 'f' }, { a, 'g' }, { a, 'h' }, { a, 'i' }, { a, 'j' },    \
        { a, 'k' }, { a, 'l' }, { a, 'm' }, { a, 'n' }, { a, 'o' }, { a, 'p' }, { a, 'q' }, { a, 'r' }, { a, 's' },    \
        { a, 't' }, { a, 'u' }, { a, 'v' }, { a, 'w' }, { a, 'x' }, { a, 'y' }, { a, 'z' }, { a, '0' }, { a, '1' },    \
        { a, '2' }, { a, '3' }, { a, '4' }, { a, '5' }, { a, '6' }, { a, '7' }, { a, '8' }, { a, '9' }, { a, '+' },    \
    {                                                                                                                  \
        a, '/'                                                                                                         \
    }

static const char pairs[4096][2] = {
    PAIR_ROW('A'), PAIR_ROW('B'), PAIR_ROW('C'), PAIR_ROW('D'), PAIR_ROW('E'), PAIR_ROW('F'), PAIR_ROW('G'),
    PAIR_ROW('H'), PAIR_ROW('I'), PAIR_ROW('J'), PAIR_ROW('K'), PAIR_ROW('L'), PAIR_ROW('M'), PAIR_ROW('N'),
    PAIR_ROW('O'), PAIR_ROW('P'), PAIR_ROW('Q'), PAIR_ROW('R'), PAIR_ROW('S'), PAIR_ROW('T'), PAIR_ROW('U'),
    PAIR_ROW('V'), PAIR_ROW('W'), PAIR_ROW('X'), PAIR_ROW('Y'), PAIR_ROW('Z'), PAIR_ROW('a'), PAIR_ROW('b'),
    PAIR_ROW('c'), PAIR_ROW('d'), PAIR_ROW('e'), PAIR_ROW('f'), PAIR_ROW('g'), PAIR_ROW('h'), PAIR_ROW('i'),
    PAIR_ROW('j'), PAIR_ROW('k'), PAIR_ROW('l'), PAIR_ROW('m'), PAIR_ROW('n'), PAIR_ROW('o'), PAIR_ROW('p'),
    PAIR_ROW('q'), PAIR_ROW('r'), PAIR_ROW('s'), PAIR_ROW('t'), PAIR_ROW('u'), PAIR_ROW('v'), PAIR_ROW('w'),
    PAIR_ROW('x'), PAIR_ROW('y'), PAIR_ROW('z'), PAIR_ROW('0'), PAIR_ROW('1'), PAIR_ROW('2'), PAIR_ROW('3'),
    PAIR_ROW('4'), PAIR_ROW('5'), PAIR_ROW('6'), PAIR_ROW('7'), PAIR_ROW('8'), PAIR_ROW('9'), PAIR_ROW('+'),
    PAIR_ROW('/'),
};

/* Three bytes to four digits. */
static void
encode_group(char *to, const unsigned char *from)
{
    unsigned bits = (unsigned)from[0] << 16 | (unsigned)from[1] << 8 | from[2];
    memcpy(to, pairs[bits >> 12], 2);
    memcpy(to + 2, pairs[bits & 0xfff], 2);
}

size_t
sp_base64_encode(char *to, const void *bytes, size_t size)
{
    const unsigned char *from = bytes;
    char *start = to;
    for (; size >= 8; size -= 6, from += 6, to += 8) { /* loads eight, uses six */
        uint64_t bits;
        memcpy(&bits, from, sizeof bits);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        bits = __builtin_bswap64(bits);
#endif
        memcpy(to, pairs[bits >> 52], 2);
        memcpy(to + 2, pairs[bits >> 40 & 0xfff], 2);
        memcpy(to + 4, pairs[bits >> 28 & 0xfff], 2);
        memcpy(to + 6, pairs[bits >> 16 & 0xfff], 2);
    }
    for (; size >= 3; size -= 3, from += 3, to += 4)
        encode_group(to, from);
    if (size > 0) {
        unsigned char last[3] = { from[0], size > 1 ? from[1] : 0, 0 };
        encode_group(to, last);
        to[3] = '=';
        if (size == 1)
            to[2] = '=';
        to += 4;
    }
    return (size_t)(to - start);
}

void
sp_base64_add(struct sp_str *out, const void *bytes, size_t size)
{
    if (size > SIZE_MAX / 2) {
        out->failed = true;
        return;
    }
    char *place = sp_str_more(out, SP_BASE64_LEN(size));
    if (place != NULL)
        sp_base64_encode(place, bytes, size);
}

static int
digit_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four digits of which the last `padding` are "=" to 3 - padding bytes. The bits that padding leaves over must be zero
 * (RFC 4648 section 3.5), so that one text has one meaning. */
static bool
decode_group(const char *text, int padding, unsigned char bytes[3])
{
    unsigned bits = 0;
    for (int i = 0; i < 4; i++) {
        int value = i < 4 - padding ? digit_value(text[i]) : 0;
        if (value < 0)
            return false;
        bits = bits << 6 | (unsigned)value;
    }
    bytes[0] = (unsigned char)(bits >> 16);
    bytes[1] = (unsigned char)(bits >> 8);
    bytes[2] = (unsigned char)bits;
    return padding == 0 || (bits & (padding == 1 ? 0xffU : 0xffffU)) == 0;
}

bool
sp_base64_decode(struct sp_str *out, const char *text, size_t size)
{
    size_t before = out->len;
    if (size % 4 != 0)
        return false;
    for (size_t at = 0; at < size; at += 4) {
        int padding = 0;
        if (at + 4 == size && text[at + 3] == '=')
            padding = text[at + 2] == '=' ? 2 : 1;
        unsigned char bytes[3];
        if (!decode_group(text + at, padding, bytes)) {
            sp_str_cut(out, before);
            return false;
        }
        sp_str_add_n(out, bytes, (size_t)(3 - padding));
    }
    return !out->failed;
}

void
sp_random_bytes(void *bytes, size_t size)
{
    for (size_t got = 0; got < size;) {
        ssize_t n = getrandom((char *)bytes + got, size - got, 0);
        if (n < 0 && errno != EINTR)
            abort();
        if (n > 0)
            got += (size_t)n;
    }
}

unsigned
sp_random_below(unsigned limit)
{
    if (limit < 2)
        return 0;
    unsigned uneven = -limit % limit; /* 2^32 mod limit: numbers below would come up once too often */
    unsigned number;
    do
        sp_random_bytes(&number, sizeof number);
    while (number < uneven);
    return number % limit;
}
