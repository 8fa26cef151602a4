/* secret.h - passwords, tokens and keys. No format prints one, and freeing wipes it. The bytes live in memory that is
 * kept out of core dumps and, where the limit allows, out of swap. */
#ifndef SP_BASE_SECRET_H
#define SP_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct sp_secret;

/* Copies the bytes; the caller wipes its own copy. NULL when memory is out. */
struct sp_secret *sp_secret_new(const void *bytes, size_t size);
/* Reads a file of at most 64 KiB and drops one line ending at its end. SP_E_NOTFOUND, SP_E_DENIED, SP_E_INVALID (empty,
 * too large, readable by everybody), SP_E_IO. The text names the file, never its content. */
enum sp_rc sp_secret_from_file(const char *path, struct sp_secret **ret, struct sp_err *err);
struct sp_secret *sp_secret_dup(const struct sp_secret *secret);
void sp_secret_free(struct sp_secret **secret); /* accepts NULL; leaves NULL */

/* The bytes, followed by a zero that is not counted. */
const char *sp_secret_bytes(const struct sp_secret *secret);
size_t sp_secret_size(const struct sp_secret *secret);
/* Compares in constant time for equal sizes. */
bool sp_secret_equal(const struct sp_secret *a, const struct sp_secret *b);

/* Blots the secret out of a text of somebody who was told it, and may repeat it: plain, or in base64 as a whole. Ones
 * of less than four bytes are left, they would blot half the text. NULL: none. */
void sp_secret_blot(char *text, const struct sp_secret *secret);

/* Wipes memory in a way the compiler keeps. */
void sp_wipe(void *bytes, size_t size);

#endif
