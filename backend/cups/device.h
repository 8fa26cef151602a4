/* device.h - where a queue leads to, from its device URI. Pure.
 *
 *   scanpost:/ROUTE?to=ADDRESS[,ADDRESS...]&cc=...&subject=TEXT&body=TEXT&queue=NAME&run-dir=PATH
 *
 * All of it may be missing. Parts are percent-encoded (RFC 3986); a '+' is a plus sign, because addresses have them. */
#ifndef SP_BACKEND_CUPS_DEVICE_H
#define SP_BACKEND_CUPS_DEVICE_H

#include "base/err.h"

struct sp_arena;

struct sp_device {
    const char *route;          /* "": none */
    const char *to, *cc;        /* as written, commas and all; "" */
    const char *subject, *body; /* "" */
    const char *queue;          /* what history calls it; "": as CUPS does */
    const char *run_dir;        /* where the daemon's socket is */
};

#define SP_DEVICE_RUN_DIR "/run/scanpost"

/* Texts live in the arena. SP_E_INVALID: it is none of ours, or says something that is not known; SP_E_NOMEM. */
enum sp_rc sp_device_read(const char *uri, struct sp_arena *arena, struct sp_device *ret, struct sp_err *err);

#endif
