/* capabilities.h - what a server says it can, from its reply to EHLO (RFC 5321 section 4.1.1.1). Pure.
 *
 *   text = domain [ SP greeting ] *( LF keyword *( SP parameter ) )     */
#ifndef SP_SMTP_CAPABILITIES_H
#define SP_SMTP_CAPABILITIES_H

#include <stdbool.h>
#include <stddef.h>

struct sp_smtp_facts;

/* Sets the abilities in facts, all of them, and *ret_starttls. Texts and the rest stay as they are. */
void sp_capabilities_read(const char *text, struct sp_smtp_facts *facts, bool *ret_starttls);
/* The address in "mx.example Hello [192.0.2.1]", which is ours as the server sees it; "" when there is none. */
void sp_capabilities_public_ip(const char *text, char *buffer, size_t size);

#endif
