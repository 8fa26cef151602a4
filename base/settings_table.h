/* settings_table.h - the one table of keys, for the files settings*.c and nobody else: what exists, what it holds, its
 * default, where it goes. Parser, checks, manual page test and error hints all live on it. */
#ifndef SP_BASE_SETTINGS_TABLE_H
#define SP_BASE_SETTINGS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_arena;
struct sp_str;
struct sp_texts;

/* What a value is; a list holds several of the textual ones. settings_value.c has a row for each. */
enum sp_kind {
    SP_KIND_TEXT,     /* one line */
    SP_KIND_LINES,    /* may hold line breaks */
    SP_KIND_NAME,     /* of a tenant, method, route, folder or account */
    SP_KIND_ADDRESS,  /* e-mail */
    SP_KIND_DOMAIN,   /* with at least one dot */
    SP_KIND_HOST,     /* a name or an IP address */
    SP_KIND_ENDPOINT, /* ip:port */
    SP_KIND_URL,      /* http or https */
    SP_KIND_PATH,     /* absolute, without "." and ".." */
    SP_KIND_FILE,     /* a path, of a file that we must be able to read where it is used */
    SP_KIND_ZONE,     /* a time zone of the system's database */
    SP_KIND_DATE,     /* 2027-03-31 */
    SP_KIND_PATTERN,  /* text with placeholders */
    SP_KIND_MAILBOX,  /* an address, perhaps with placeholders */
    SP_KIND_WORD,     /* one of key->words: an enum, or a text in lists */
    SP_KIND_YES_NO,   /* bool */
    SP_KIND_COUNT,    /* unsigned, min to max */
    SP_KIND_LIMIT,    /* the same, or "off": 0 */
    SP_KIND_SIZE,     /* uint64_t, at least min */
    SP_KIND_DURATION, /* int64_t ms, at least min */
    SP_KIND_RATE,     /* struct sp_rate; "off": none */
};

enum { SP_FOR_DIRECT = 1, SP_FOR_RELAY = 2, SP_FOR_SUBMISSION = 4, SP_FOR_GRAPH = 8 }; /* 1 << enum sp_method_type */

struct sp_key {
    const char *name;
    enum sp_kind kind;
    bool list;
    const char *by_default;     /* as one would write it; lists in braces; "" when nothing */
    size_t offset;              /* in the struct of its section */
    const char *const *words;   /* SP_KIND_WORD: ended by NULL; the index, plus min, is the enum's value */
    int64_t min, max;           /* numbers, sizes, durations */
    unsigned only;              /* methods: the types that have this key, SP_FOR_...; 0: all */
    const char *const *by_type; /* methods: the default for each type, by_default being only words about it */
};

struct sp_section {
    const char *name;
    const struct sp_key *keys;
    size_t n_keys;
    size_t offset;       /* of the struct, or of the pointer to the array of structs, in struct sp_settings */
    bool titled;         /* "tenant NAME { }", any number of them; the struct begins with the name */
    size_t size;         /* titled: of one struct */
    size_t count_offset; /* titled: of the number of structs, in struct sp_settings */
};

extern const struct sp_section sp_sections[];
extern const size_t sp_n_sections;

const struct sp_section *sp_section_find(const char *name); /* NULL when there is none */

/* Converts a value, into the place for it. SP_E_INVALID: it is none; SP_E_NOMEM. */
enum sp_rc sp_value_store(const struct sp_key *key, const char *text, struct sp_arena *arena, void *place);
enum sp_rc sp_value_store_list(const struct sp_key *key, const char *const *items, size_t count, struct sp_arena *arena,
                               struct sp_texts *place);
/* Converts a default, list or not. */
enum sp_rc sp_value_store_default(const struct sp_key *key, const char *text, struct sp_arena *arena, void *place);
/* "a size such as 35M": ends the sentence "KEY must be ...". */
void sp_value_expected(struct sp_str *out, const struct sp_key *key);

#endif
