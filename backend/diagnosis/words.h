/* words.h - looking for phrases in what a peer said; inside this folder and for its tests. Pure. */
#ifndef SP_DIAGNOSIS_WORDS_H
#define SP_DIAGNOSIS_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "backend/diagnosis/diagnosis.h"

enum { SP_WORDS_MAX = 4096 }; /* of a peer's words we look at no more */

/* Copies words in the form in which phrases are looked for: lower case, one space for any white space, entities of HTML
 * and curly quotes made plain, and the codes at the starts of further lines ("550-5.7.1 ") and quoting ("> ") left out.
 * What does not fit is left away. */
void sp_words_plain(char *out, size_t size, const char *words);

/* phrases: "a & b | c" means (a and b) or c. A phrase that ends in a digit does not match inside a longer number. */
bool sp_words_match(const char *plain, const char *phrases);

/* Reads "5.7.606" at text; returns its length, 0 when there is none. first: allowed first digits. */
size_t sp_enhanced_read(const char *text, const char *first, int ret[3]);

/* The first reply with code and enhanced code inside other words: "... Error: 535 5.7.139 Authentication ...". */
bool sp_paste_inside(const char *text, struct sp_pasted *ret);

#endif
