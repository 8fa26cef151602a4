/* places.h - the folders that must be there before anybody works: state-dir, shared by both processes, and run-dir,
 * where everybody may reach the socket. */
#ifndef SP_DAEMON_PLACES_H
#define SP_DAEMON_PLACES_H

#include "base/err.h"

struct sp_identity;
struct sp_settings;

/* Makes what is missing; what is there keeps its mode. Takes the supervisor's lock, so that one state-dir has one
 * scanpostd: SP_E_BUSY. *ret_lock is the caller's; children close it. */
enum sp_rc sp_places_make(const struct sp_settings *settings, const struct sp_identity *identity, int *ret_lock,
                          struct sp_err *err);

#endif
