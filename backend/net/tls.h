/* tls.h - how a method speaks TLS: whom it trusts, which certificate it shows, the sessions it may resume. TLS 1.2 or
 * newer, certificate chain and name always verified; there is no switch to turn that off. */
#ifndef SP_NET_TLS_H
#define SP_NET_TLS_H

#include "base/err.h"

struct sp_tls;

/* ca_file "": the system's. certificate and key "": none is shown. Sessions are kept per sp_tls and host name, so
 * tenants that must not share anything have one each. SP_E_TLS (file and reason in words), SP_E_NOMEM. Threads may
 * share it. */
enum sp_rc sp_tls_new(const char *ca_file, const char *certificate, const char *key, struct sp_tls **ret,
                      struct sp_err *err);
void sp_tls_free(struct sp_tls **tls);

#endif
