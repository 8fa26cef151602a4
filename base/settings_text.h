/* settings_text.h - a configuration file and all it includes as one text, without comments, that remembers where each
 * line came from. For the files settings*.c and nobody else; settings_text.c tells why it exists. */
#ifndef SP_BASE_SETTINGS_TEXT_H
#define SP_BASE_SETTINGS_TEXT_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

enum {
    SP_INCLUDE_DEPTH = 8,
    SP_INCLUDE_FILES = 64,
    SP_SETTINGS_SIZE_MAX = 1024 * 1024, /* of one file */
};

struct sp_origin {
    const char *file;
    unsigned line; /* from 1 */
};

struct sp_settings_text {
    struct sp_str text;
    struct sp_arena *arena; /* borrowed; owns the names of files */
    /* From line `from` of the text on, lines are those of `origin.file` from `origin.line` on. */
    struct {
        unsigned from;
        struct sp_origin origin;
    } pieces[2 * SP_INCLUDE_FILES + 1];
    size_t n_pieces, n_files;
    unsigned line; /* of the text, while it grows */
    /* The lines of the text on which sections begin, in order. */
    unsigned *sections;
    size_t n_sections, section_room;
};

/* Initialise with { .arena = ... }. Errors are "FILE:LINE: ...": a file that cannot be read, braces or quotes that are
 * not closed, includes without end, characters that libConfuse would swallow without a word. */
enum sp_rc sp_settings_text_read(struct sp_settings_text *text, const char *file, struct sp_err *err);
void sp_settings_text_free(struct sp_settings_text *text);

struct sp_origin sp_settings_text_origin(const struct sp_settings_text *text, unsigned line);

#endif
