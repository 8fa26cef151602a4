/* document.h - the file that is printed, as something that can be read more than once: CUPS's own spool file, or what
 * came on standard input, in a temporary file without a name. A filter may take its time, and the daemon does not wait
 * long for the rest of an upload; and when the daemon is away, the filters need not run again. */
#ifndef SP_BACKEND_CUPS_DOCUMENT_H
#define SP_BACKEND_CUPS_DOCUMENT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct sp_side;

struct sp_document {
    int fd;
    uint64_t size;
};

/* file: NULL for standard input. Answers the side channel meanwhile, and gives up when *stop is set (SP_E_CLOSED).
 * SP_E_TYPE: what came cannot be what was meant, in words for whoever printed; SP_E_IO, SP_E_NO_ROOM. */
enum sp_rc sp_document_open(const char *file, struct sp_side *side, const volatile sig_atomic_t *stop,
                            struct sp_document *ret, struct sp_err *err);
void sp_document_close(struct sp_document *document);

#endif
