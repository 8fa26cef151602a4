/* body.h - the few words of text in front of the attachments, as a text/plain part (RFC 2045, RFC 2046 section 4.1).
 * Plain ASCII in short lines goes as it is (7bit); anything else as quoted-printable, which stays readable in a source
 * view. No line of either begins with "--", so no text can end the part early. Pure. */
#ifndef SP_MAIL_BODY_H
#define SP_MAIL_BODY_H

#include "base/str.h"

/* Content-Type, Content-Transfer-Encoding, the empty line and the text, whose lines end in CRLF, the last one too.
 * Broken UTF-8 is repaired. NULL counts as "". */
void sp_body_part(struct sp_str *out, const char *text);

#endif
