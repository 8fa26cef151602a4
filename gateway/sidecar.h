/* sidecar.h - a small file beside a scan that says whom it is for. Pure; what it is given comes from anybody.
 *
 * JSON     {"to": ["alice", "bob@contoso.com"], "subject": "...", "user": "asmith", "documents": ["a.pdf", "b.pdf"]}
 *          `to` may be one text, too; everything may be absent; other keys are left alone.
 * XML      <scanpost><to>alice</to><to>bob@contoso.com</to><subject/><user/><document>a.pdf</document></scanpost>
 * PaperCut <scan> with user.email (who gets it), user.name, files.file (the documents), as PaperCut MF writes beside a
 *          scan when "Include scanned metadata (as XML file)" is on (its manual, "XML metadata file").
 * Sharp    any other root: senderName (an address: who gets it), fromName (the user), documentSubject, fileName, as
 *          elements of that name, or as elements with name="senderName" (Sharp AR-M256 network scanner manual, p. 41;
 *          it does not say what the root is called).
 *
 * Which documents: those it names, with or without their extensions; else those that are called like it: scan.xml (or
 * scan.pdf.xml) goes with scan.pdf. */
#ifndef SP_GATEWAY_SIDECAR_H
#define SP_GATEWAY_SIDECAR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct sp_arena;

enum { SP_SIDECAR_SIZE_MAX = 64 * 1024, SP_SIDECAR_TO_MAX = 200, SP_SIDECAR_DOCUMENTS_MAX = 1000 };

struct sp_sidecar {
    const char **to; /* names or addresses, as they are written */
    size_t n_to;
    const char *subject, *user; /* "" */
    const char **documents;     /* last parts of paths */
    size_t n_documents;
};

/* Whether the name is one of a sidecar: *.json, *.xml, whatever the case. */
bool sp_sidecar_named(const char *name);
/* Texts live in the arena, are UTF-8 on one line, trimmed and never "" in lists. SP_E_INVALID: it makes no sense, in
 * words; SP_E_TOO_LARGE; SP_E_NOMEM. */
enum sp_rc sp_sidecar_parse(const char *name, const char *text, size_t size, struct sp_arena *arena,
                            struct sp_sidecar *ret, struct sp_err *err);
/* Whether a document of that name belongs to a sidecar of that name; `pages`: names may end in a page number. said may
 * be NULL: it cannot be read, only its own name counts. */
bool sp_sidecar_covers(const char *name, const struct sp_sidecar *said, const char *document, bool pages);

#endif
