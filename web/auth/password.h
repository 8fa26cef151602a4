/* password.h - yescrypt by libcrypt. Slow on purpose: worker threads only. */
#ifndef SP_WEB_AUTH_PASSWORD_H
#define SP_WEB_AUTH_PASSWORD_H

#include <stdbool.h>

#include "base/err.h"

/* crypt(5) text for the caller to free(). */
enum sp_rc sp_password_hash(const char *password, char **ret, struct sp_err *err);
/* hash "" : takes as long as a real one and is always false, so that a name's existence does not show in time. */
bool sp_password_matches(const char *password, const char *hash);

#endif
