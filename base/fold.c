/* fold.c - simple case folding (Unicode's CaseFolding.txt, status C) of the alphabets that offices in Europe and
 * America write, which all have two bytes a letter in UTF-8, before and after. Left out is what would change the length
 * (dotted I, sharp S): such letters are themselves only. */
#include "base/fold.h"

#include <string.h>

#include "base/str.h"
#include "base/text.h"

/* Letters from `first` to `last` become the ones `distance` further; step 2: every second is a capital. */
static const struct {
    unsigned first, last, step, distance;
} ranges[] = {
    { 0x00c0, 0x00d6, 1, 32 }, { 0x00d8, 0x00de, 1, 32 }, /* Latin-1 */
    { 0x0100, 0x012e, 2, 1 },  { 0x0132, 0x0136, 2, 1 },  /* Latin Extended-A */
    { 0x0139, 0x0147, 2, 1 },  { 0x014a, 0x0176, 2, 1 },  { 0x0179, 0x017d, 2, 1 },
    { 0x0388, 0x038a, 1, 37 }, { 0x0391, 0x03a1, 1, 32 }, { 0x03a3, 0x03ab, 1, 32 }, /* Greek */
    { 0x0400, 0x040f, 1, 80 }, { 0x0410, 0x042f, 1, 32 }, { 0x0460, 0x0480, 2, 1 },  /* Cyrillic */
};

static unsigned
fold_letter(unsigned letter)
{
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (letter >= ranges[i].first && letter <= ranges[i].last && (letter - ranges[i].first) % ranges[i].step == 0)
            return letter + ranges[i].distance;
    return letter;
}

static void
fold_pair(char *text)
{
    unsigned letter = (unsigned)((text[0] & 0x1f) << 6 | (text[1] & 0x3f));
    unsigned folded = fold_letter(letter);
    text[0] = (char)(0xc0 | folded >> 6);
    text[1] = (char)(0x80 | (folded & 0x3f));
}

void
sp_fold(char *text, size_t size)
{
    for (size_t i = 0; i < size;) {
        size_t length = (unsigned char)text[i] < 0x80 ? 1 : sp_utf8_char(text + i, size - i);
        if (length == 1)
            text[i] = sp_char_lower(text[i]);
        else if (length == 2)
            fold_pair(text + i);
        i += length == 0 ? 1 : length;
    }
}

bool
sp_fold_contains(struct sp_str *scratch, const char *text, const char *folded)
{
    sp_str_cut(scratch, 0);
    sp_str_add(scratch, text);
    if (scratch->failed || scratch->text == NULL)
        return folded[0] == '\0' && !scratch->failed;
    sp_fold(scratch->text, scratch->len);
    return strstr(scratch->text, folded) != NULL;
}
