/* settings_check.h - what no value can tell alone: names that must exist, keys that need each other. For settings.c. */
#ifndef SP_BASE_SETTINGS_CHECK_H
#define SP_BASE_SETTINGS_CHECK_H

#include "base/err.h"

struct sp_parsed;

/* Completes what depends on other sections (the only tenant's name, accepted domains, the host's name), then checks.
 * "FILE:LINE: ..." in parsed->err. */
enum sp_rc sp_settings_check(struct sp_parsed *parsed);

#endif
