/* password.h - a password from a person or a pipe, never from the command line, where everybody could read it. */
#ifndef SP_GATEWAY_CLI_PASSWORD_H
#define SP_GATEWAY_CLI_PASSWORD_H

#include "base/err.h"

struct sp_secret;

enum { SP_PASSWORD_MAX = 1024 };

/* Asks twice on the terminal, without echo. SP_E_INVALID: nothing, or two different ones; SP_E_IO: no terminal. */
enum sp_rc sp_password_ask(struct sp_secret **ret, struct sp_err *err);
/* The same, once, with a prompt of the caller's. */
enum sp_rc sp_password_prompt(const char *prompt, struct sp_secret **ret, struct sp_err *err);
/* The first line of a descriptor, without its end. SP_E_INVALID: empty or too long. */
enum sp_rc sp_password_from(int fd, struct sp_secret **ret, struct sp_err *err);

#endif
