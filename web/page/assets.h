/* assets.h - the files of the page, each in up to three shapes. The table is written by web/ui/build.mjs; the bytes are
 * taken into the program by the assembler. */
#ifndef SP_WEB_PAGE_ASSETS_H
#define SP_WEB_PAGE_ASSETS_H

#include <stddef.h>

struct sp_page_bytes {
    const void *bytes; /* NULL: not in this shape, it would not be smaller */
    size_t size;
};

struct sp_page_asset {
    const char *path; /* "/", "/assets/main-1A2B3C4D.js" */
    const char *type;
    const char *etag; /* of the content, in quotes; each coding has one of its own, made from it */
    struct sp_page_bytes plain, gzip, br;
};

extern const struct sp_page_asset sp_page_assets[]; /* the first is "/" */
extern const size_t sp_page_n_assets;

#endif
