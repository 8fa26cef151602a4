/* dav_methods.h - inside web/dav only: the handlers, a file or so each. */
#ifndef SP_WEB_DAV_METHODS_H
#define SP_WEB_DAV_METHODS_H

#include "web/http/router.h"

sp_handler_fn sp_dav_propfind, sp_dav_proppatch; /* dav_find.c */
sp_handler_fn sp_dav_move, sp_dav_copy;          /* dav_move.c */
sp_handler_fn sp_dav_lock, sp_dav_unlock;        /* dav_lock.c */

#endif
