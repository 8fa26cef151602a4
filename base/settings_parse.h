/* settings_parse.h - from a file to a struct sp_settings whose every value is legal by itself, while it is still known
 * what stood on which line. For the files settings*.c and nobody else. */
#ifndef SP_BASE_SETTINGS_PARSE_H
#define SP_BASE_SETTINGS_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/settings_text.h"

struct cfg_t;
struct sp_section;
struct sp_settings;

struct sp_written { /* a section of the file */
    const struct sp_section *section;
    struct cfg_t *cfg;
    unsigned line; /* of the whole text */
    void *object;  /* the struct it went to, once that exists */
};

struct sp_parsed {
    struct sp_settings *settings; /* has an arena and a file name, borrowed; filled here */
    struct sp_settings_text text;
    struct cfg_t *cfg;
    struct sp_written *written; /* in the order of the file */
    size_t n_written;
    struct sp_err *err;
};

/* Initialise with settings and err. Reads the text and checks sections, keys and syntax; no value is looked at yet. */
enum sp_rc sp_parsed_read(struct sp_parsed *parsed);
/* Converts every value, or its default, into parsed->settings. */
enum sp_rc sp_parsed_fill(struct sp_parsed *parsed);
void sp_parsed_free(struct sp_parsed *parsed); /* not the settings */

/* What a key of the only section of that name holds; NULL when it was not written. */
const char *sp_parsed_text(const struct sp_parsed *parsed, const char *section, const char *key);
/* Whether a key was written in the section that became object. */
bool sp_parsed_has(const struct sp_parsed *parsed, const void *object, const char *key);
/* Fills parsed->err with "FILE:LINE: ..." for a key (NULL, or not written: for the section; not written either: for
 * the file) and returns SP_E_INVALID. */
enum sp_rc sp_parsed_complain(const struct sp_parsed *parsed, const void *object, const char *key, const char *format,
                              ...) __attribute__((format(printf, 4, 5)));

#endif
