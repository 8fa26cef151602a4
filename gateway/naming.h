/* naming.h - what documents are called, from the bytes a giver calls them by to the name in the mail. Pure. */
#ifndef SP_GATEWAY_NAMING_H
#define SP_GATEWAY_NAMING_H

#include <stddef.h>

#include "base/err.h"

struct sp_arena;
struct sp_job;
struct sp_placeholders;

enum { SP_DOCUMENT_NAME_MAX = 200 };

/* The last part of a path (either slash), as UTF-8, without control characters, at most SP_DOCUMENT_NAME_MAX bytes;
 * "document" when nothing is left of it. Lives in the arena; NULL when memory is out. */
const char *sp_name_clean(struct sp_arena *arena, const char *bytes);
/* The name without an extension that scanpost knows, for {document}. Lives in the arena; NULL when memory is out. */
const char *sp_name_stem(struct sp_arena *arena, const char *name);
/* Renames all documents of the job by the pattern, each with {document} its own, the extension that fits its type, and
 * no two alike. SP_E_NOMEM. */
enum sp_rc sp_name_documents(struct sp_job *job, const char *pattern, const struct sp_placeholders *values,
                             struct sp_err *err);

#endif
