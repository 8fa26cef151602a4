/* fold.h - text for searching: letters lose their case, and nothing else changes. ASCII, Latin with its accents, Greek
 * and Cyrillic, whatever the locale. A folded text has as many bytes as before, so that places in it stay. Pure. */
#ifndef SP_BASE_FOLD_H
#define SP_BASE_FOLD_H

#include <stdbool.h>
#include <stddef.h>

struct sp_str;

/* In place. Bytes that are not UTF-8 stay as they are. */
void sp_fold(char *text, size_t size);
/* Whether text, folded, holds a needle that is folded already. scratch is working room that the caller keeps from one
 * call to the next; when memory is out, scratch->failed is set and the answer is false. */
bool sp_fold_contains(struct sp_str *scratch, const char *text, const char *folded);

#endif
