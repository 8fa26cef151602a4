/* header.h - the lines of a message's header, written so that old and new mail programs read them alike:
 *
 *   Subject: Scan from Empfang 23.11.2026          ASCII: as it is, folded between words at 76 columns
 *   Subject: =?UTF-8?B?w5xiZXJzaWNodA==?=          else: encoded words (RFC 2047), at most 75 characters each, none of
 *                                                  which cuts a character in two
 *   From: "Empfang, 2. Stock" <scanner@contoso.com>
 *
 * Whatever the text holds, one call writes one header: control characters become spaces and broken UTF-8 becomes U+FFFD
 * before anything else is looked at. NULL texts count as "". When memory is out, out->failed is set. Pure. */
#ifndef SP_MAIL_HEADER_H
#define SP_MAIL_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum { SP_HEADER_COLUMNS = 76 }; /* of a line with an encoded word (RFC 2047 section 2) */

/* name is without the colon. Unstructured text: Subject. */
void sp_header_text(struct sp_str *out, const char *name, const char *text);
/* A value of our own making that needs no encoding: Message-ID. */
void sp_header_plain(struct sp_str *out, const char *name, const char *value);
/* One mailbox; display "": the bare address. */
void sp_header_mailbox(struct sp_str *out, const char *name, const char *display, const char *address);
/* Bare addresses, a line each when they need more than one; no header for none. */
void sp_header_addresses(struct sp_str *out, const char *name, const char *const *addresses, size_t n);
/* RFC 5322 section 3.3: "Mon, 23 Nov 2026 13:00:00 +0100". Before 1970 counts as 1970. */
void sp_header_date(struct sp_str *out, int64_t wall_ms, int utc_offset_minutes);

/* What the other files of this folder need: text as encoded words from `column` on, folded with CRLF and a space. */
void sp_header_words(struct sp_str *out, const char *text, size_t size, size_t column);
/* The text without control characters and broken UTF-8, for the caller to free; NULL when memory is out. */
char *sp_header_clean(const char *text);

#endif
