/* pages.h - copiers that write a file a page: which files are pages of one scan, and in which order. Pure.
 *
 *   STEM_NNN[.EXT]      three to eight digits behind the last '_': scan_0001.tif (Konica), scan_001.tif (Kyocera),
 *                       scan_00001.tif (AccurioPress). One scan: equal stem and extension, whatever the case.
 *   STEM.XSM/00000001.TIF ...    a folder a scan (Xerox); pages are whatever is in it, in the order of their numbers.
 */
#ifndef SP_GATEWAY_PAGES_H
#define SP_GATEWAY_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_page {
    size_t stem; /* its length */
    uint64_t number;
    const char *extension; /* with its dot, points into the name; "" */
};
/* Whether the name is one of a page. */
bool sp_page_parse(const char *name, struct sp_page *ret);
/* Whether two names are of pages of the same scan. */
bool sp_pages_alike(const char *a, const char *b);
/* By the last number in the name, then by the name: for qsort-like use. */
int sp_page_order(const char *a, const char *b);
/* The length of the name without page number and extension; with `pages` false, only without extension. */
size_t sp_page_stem(const char *name, bool pages);

/* Whether a folder of that name holds the pages of one scan. */
bool sp_pages_is_folder(const char *name);
/* What lies in such a folder besides pages: locks and logs. A lock means that it is still being written. */
bool sp_pages_is_lock(const char *name);
bool sp_pages_is_log(const char *name);

#endif
