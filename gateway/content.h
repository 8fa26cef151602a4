/* content.h - what kind a document is, by its bytes and never by its name, and whether it is whole to its end. */
#ifndef SP_GATEWAY_CONTENT_H
#define SP_GATEWAY_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_content {
    const char *kind;      /* "pdf" "tiff" "jpeg" "png" "docx" "xlsx" "pptx" "xps"; "" when it is none of them */
    const char *type;      /* "application/pdf" */
    const char *extension; /* ".pdf" */
};
/* Reads a few KiB of a regular file, at most; does not move its offset. Office documents with macros are none of the
 * kinds. */
struct sp_content sp_content_of(int fd, uint64_t size);
/* Whether the end is there: %%EOF, the last TIFF IFD and what it points to, JPEG EOI, PNG IEND, the zip's end record. A
 * kind that is not known counts as complete, unless it begins like a zip. */
bool sp_content_complete(int fd, uint64_t size, const struct sp_content *content);

/* The extension a name should have for a type: the one it has when that fits (".TIF" for image/tiff), else the usual
 * one; "" for a type that is not ours. Points into name or is static. */
const char *sp_content_extension(const char *type, const char *name);
/* Whether the name ends in an extension of any kind we know; *ret_stem is the length without it. */
bool sp_content_has_extension(const char *name, size_t *ret_stem);

#endif
