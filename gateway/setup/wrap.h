/* wrap.h - a paragraph in lines of a given width. Pure. */
#ifndef SP_SETUP_WRAP_H
#define SP_SETUP_WRAP_H

struct sp_str;

/* Appends text, which may hold several lines, with `indent` spaces before each line and at most `width` columns; a word
 * that is longer stands alone. Lines that begin with "1. " hang by that. width 0: lines stay as they are. Ends with a
 * line break. */
void sp_wrap(struct sp_str *out, const char *text, int indent, int width);

#endif
