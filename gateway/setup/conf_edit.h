/* conf_edit.h - changes single keys in the text of a configuration, and leaves everything else as its author wrote it:
 * comments, order, blanks, sections that we know nothing of. Pure.
 *
 *   text    = *( section | include )         what libConfuse reads, as far as it has to be understood here
 *   section = name [ title ] "{" *( key "=" value ) "}"
 *   value   = word | string | "{" [ value *( "," value ) ] "}"                                     */
#ifndef SP_SETUP_CONF_EDIT_H
#define SP_SETUP_CONF_EDIT_H

#include <stdbool.h>

struct sp_str;

/* Sets a key; `value` as it is to stand there (sp_conf_value makes it). A section that is missing is added at the end,
 * a key that is missing at the end of its section. title "" for sections without one. */
void sp_conf_set(struct sp_str *text, const char *section, const char *title, const char *key, const char *value);
/* Takes a key out, with the line that holds nothing else. Absent is fine. */
void sp_conf_remove(struct sp_str *text, const char *section, const char *title, const char *key);
/* title NULL: any. */
bool sp_conf_has(const char *text, const char *section, const char *title);
/* Appends a plain text as a value: quoted where it must be. */
void sp_conf_value(struct sp_str *out, const char *plain);

#endif
