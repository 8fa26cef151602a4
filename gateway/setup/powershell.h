/* powershell.h - the Microsoft side as two scripts to paste: one that does it, one that takes it back. Both may be run
 * again. Every value of the tenant's stands in them; no secret does. Pure. */
#ifndef SP_SETUP_POWERSHELL_H
#define SP_SETUP_POWERSHELL_H

struct sp_answers;
struct sp_facts;
struct sp_str;

/* certificate_der_base64: the application's certificate, to be registered; "" : a secret is made and shown once. */
void sp_powershell_do(struct sp_str *out, const struct sp_answers *answers, const struct sp_facts *facts,
                      const char *certificate_der_base64);
void sp_powershell_undo(struct sp_str *out, const struct sp_answers *answers);

#endif
