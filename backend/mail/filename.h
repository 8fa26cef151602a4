/* filename.h - a document's name on its part of the message. Three ways at once, because no two mail programs agree:
 *
 *   Content-Type: application/pdf;
 *    name="=?UTF-8?B?w5xiZXJzaWNodC5wZGY=?="           old Outlook, and Exchange when it makes a MAPI message of it
 *   Content-Disposition: attachment;
 *    filename*=UTF-8''%C3%9Cbersicht.pdf;              RFC 2231; in pieces filename*0*= ... when long
 *    filename="_bersicht.pdf"                          who knows neither: ASCII only, the ending kept
 *
 * The starred form stands first: a reader that takes the first of two names takes the right one. A short plain ASCII
 * name is written once, as everybody understands it. Pure. */
#ifndef SP_MAIL_FILENAME_H
#define SP_MAIL_FILENAME_H

#include "base/str.h"

/* Both headers, each ended by CRLF. A type that is none becomes application/octet-stream; a name without a character
 * becomes "document". */
void sp_filename_headers(struct sp_str *out, const char *type, const char *name);

#endif
