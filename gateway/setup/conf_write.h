/* conf_write.h - answers become a configuration: a new one, or the existing one with those keys changed. Pure. */
#ifndef SP_SETUP_CONF_WRITE_H
#define SP_SETUP_CONF_WRITE_H

#include "base/err.h"

struct sp_answers;
struct sp_str;

/* text: the existing configuration, or empty. SP_E_INVALID for answers->sets that make no sense; SP_E_NOMEM. */
enum sp_rc sp_conf_write(struct sp_str *text, const struct sp_answers *answers, struct sp_err *err);

#endif
