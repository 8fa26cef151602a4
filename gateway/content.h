/* content.h - what kind a document is, by its bytes and never by its name, and whether it is whole to its end. */
#ifndef SP_GATEWAY_CONTENT_H
#define SP_GATEWAY_CONTENT_H

#include <stdbool.h>
#include <stdint.h>

struct sp_content {
    const char *kind;      /* "pdf" "tiff" "jpeg" "png" "docx" "xlsx" "pptx" "xps"; "" when it is none of them */
    const char *type;      /* "application/pdf" */
    const char *extension; /* ".pdf" */
};
/* Reads a few KiB of a regular file, at most; does not move its offset. */
struct sp_content sp_content_of(int fd, uint64_t size);
/* Whether the end is there: %%EOF, the last TIFF IFD, JPEG EOI, PNG IEND, the zip's end record. A kind that is not
 * known counts as complete. */
bool sp_content_complete(int fd, uint64_t size, const struct sp_content *content);

#endif
