/* digest.h - SHA-256 in passing, hex, base64, random bytes; over OpenSSL's libcrypto. */
#ifndef SP_BASE_DIGEST_H
#define SP_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

enum { SP_SHA256_LEN = 32, SP_SHA256_HEX_SIZE = 65 };

struct sp_sha256;
struct sp_sha256 *sp_sha256_new(void); /* NULL when memory is out */
void sp_sha256_add(struct sp_sha256 *sum, const void *bytes, size_t size);
void sp_sha256_end(struct sp_sha256 *sum, unsigned char digest[SP_SHA256_LEN]); /* then only free */
void sp_sha256_end_hex(struct sp_sha256 *sum, char hex[SP_SHA256_HEX_SIZE]);    /* lower case */
void sp_sha256_free(struct sp_sha256 **sum);
/* All at once. */
void sp_sha256_hex(const void *bytes, size_t size, char hex[SP_SHA256_HEX_SIZE]);

/* RFC 4648 section 4, padded, no line breaks. */
void sp_base64_add(struct sp_str *out, const void *bytes, size_t size);
/* The same into a buffer of at least SP_BASE64_LEN(size) bytes, without a terminator. Returns how many were written. */
size_t sp_base64_encode(char *to, const void *bytes, size_t size);
#define SP_BASE64_LEN(size) (((size) + 2) / 3 * 4)
/* Strict: false for anything that is not padded base64. Appends the bytes; nothing when false. */
bool sp_base64_decode(struct sp_str *out, const char *text, size_t size);

/* From the kernel's generator; never fails short of a broken machine, where it aborts. */
void sp_random_bytes(void *bytes, size_t size);
unsigned sp_random_below(unsigned limit); /* uniform in [0, limit) */

#endif
