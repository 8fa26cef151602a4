/* settings_parse.c - the wall around libConfuse (3.3): the only file with confuse.h.
 *
 * To libConfuse every key is a text or a list of texts; types, bounds and defaults are ours (settings_table.h), so that
 * there is one table and one wording. What it does not tell we make it tell: a callback for each value notes the line
 * in the option's comment, which is also how a second assignment, silently taken by libConfuse, is found. */
#include "base/settings_parse.h"

#include <confuse.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/settings.h"
#include "base/settings_table.h"

enum { LINE_TEXT_SIZE = 16, WORD_MAX = 64 };

/* libConfuse's error and value callbacks get no context, and its lexer has one set of globals for the process. So one
 * parse at a time, and whose it is stands here while the lock is held; at all other times it is NULL. */
static pthread_mutex_t parsing = PTHREAD_MUTEX_INITIALIZER;
static struct sp_parsed *parsing_for;

static enum sp_rc __attribute__((format(printf, 3, 0)))
complain_on_line(const struct sp_parsed *parsed, unsigned line, const char *format, va_list args)
{
    struct sp_origin origin = sp_settings_text_origin(&parsed->text, line);
    SP_AUTO(sp_str_free) struct sp_str words = { 0 };
    sp_str_vaddf(&words, format, args);
    return sp_fail(parsed->err, SP_E_INVALID, "%s:%u: %s", origin.file, origin.line, sp_str_text(&words));
}

static enum sp_rc __attribute__((format(printf, 3, 4)))
complain(const struct sp_parsed *parsed, unsigned line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    enum sp_rc rc = complain_on_line(parsed, line, format, args);
    va_end(args);
    return rc;
}

/* --- hints for words that do not exist --- */

/* How many letters must be added, taken or changed to make b of a (Levenshtein, two rows). */
static unsigned
distance(const char *a, const char *b)
{
    unsigned row[WORD_MAX + 1];
    size_t len = strlen(b);
    if (strlen(a) > WORD_MAX || len > WORD_MAX)
        return WORD_MAX;
    for (unsigned j = 0; j <= len; j++)
        row[j] = j;
    for (unsigned i = 1; a[i - 1] != '\0'; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= len; j++) {
            unsigned best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[len];
}

static const char *
nearest(const char *word, const cfg_opt_t *opts)
{
    const char *found = NULL;
    unsigned best = 4; /* more than three letters off is another word */
    for (; opts->name != NULL; opts++) {
        unsigned off = distance(word, opts->name);
        if (off < best && off < strlen(word)) {
            best = off;
            found = opts->name;
        }
    }
    return found;
}

static void
complain_unknown(cfg_t *cfg, const char *word)
{
    bool at_top = strcmp(cfg_name(cfg), "root") == 0;
    const char *hint = nearest(word, cfg->opts);
    (void)complain(parsing_for, (unsigned)cfg->line, "there is no %s '%.64s'%s%s%s%s%s%s", at_top ? "section" : "key",
                   word, at_top ? "" : " in section '", at_top ? "" : cfg_name(cfg), at_top ? "" : "'",
                   hint == NULL ? "" : "; did you mean '", hint == NULL ? "" : hint,
                   hint == NULL ? "; see scanpost.conf(5)" : "'?");
}

/* --- callbacks --- */

static void __attribute__((format(printf, 2, 0))) on_error(cfg_t *cfg, const char *format, va_list args)
{
    if (parsing_for->err != NULL && parsing_for->err->rc != SP_OK)
        return; /* the first one is what went wrong */
    if (strcmp(format, "no such option '%s'") == 0)
        complain_unknown(cfg, va_arg(args, const char *));
    else
        (void)complain_on_line(parsing_for, (unsigned)cfg->line, format, args);
}

static unsigned
line_of(const cfg_opt_t *opt)
{
    return opt->comment == NULL ? 0 : (unsigned)strtoul(opt->comment, NULL, 10);
}

static int
on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
    char line[LINE_TEXT_SIZE];
    bool first = opt->nvalues <= 1; /* "=" starts a list anew, "+=" goes on with it */
    if (first && opt->comment != NULL) {
        struct sp_origin before = sp_settings_text_origin(&parsing_for->text, line_of(opt));
        (void)complain(parsing_for, (unsigned)cfg->line, "'%s' is set already, at %s:%u; keep one of the two",
                       opt->name, before.file, before.line);
        return -1;
    }
    snprintf(line, sizeof line, "%d", cfg->line);
    if (opt->comment == NULL && cfg_opt_setcomment(opt, line) != CFG_SUCCESS)
        return -1;
    *(const char **)result = value;
    return 0;
}

/* Called when a section is closed, hence in their order. */
static int
on_section(cfg_t *cfg, cfg_opt_t *opt)
{
    struct sp_parsed *parsed = parsing_for;
    const struct sp_section *section = sp_section_find(opt->name);
    unsigned count = cfg_opt_size(opt);
    if (parsed->n_written == parsed->text.n_sections)
        return -1; /* cannot be: the reader counted them */
    struct sp_written *written = &parsed->written[parsed->n_written];
    *written =
        (struct sp_written){ section, cfg_opt_getnsec(opt, count - 1), parsed->text.sections[parsed->n_written], NULL };
    parsed->n_written++;
    (void)cfg;
    if (section->titled || count == 1)
        return 0;
    (void)complain(parsed, written->line, "there is a section '%s' already; put the keys together in one", opt->name);
    return -1;
}

/* --- reading --- */

static void
describe_section(const struct sp_section *section, cfg_opt_t *opt, cfg_opt_t *subopts)
{
    for (size_t i = 0; i < section->n_keys; i++) {
        subopts[i].name = section->keys[i].name;
        subopts[i].type = CFGT_STR;
        subopts[i].flags = CFGF_NODEFAULT | (section->keys[i].list ? CFGF_LIST : CFGF_NONE);
        subopts[i].parsecb = on_value;
    }
    opt->name = section->name;
    opt->type = CFGT_SEC;
    opt->flags = CFGF_MULTI | CFGF_NODEFAULT | (section->titled ? CFGF_TITLE | CFGF_NO_TITLE_DUPES : CFGF_NONE);
    opt->subopts = subopts;
    opt->validcb = on_section;
}

/* The table in libConfuse's words; each array ends with an empty row. NULL when memory is out. */
static cfg_t *
new_cfg(void)
{
    size_t count = sp_n_sections + 1;
    for (size_t i = 0; i < sp_n_sections; i++)
        count += sp_sections[i].n_keys + 1;
    SP_AUTO_FREE cfg_opt_t *opts = calloc(count, sizeof *opts);
    if (opts == NULL)
        return NULL;
    cfg_opt_t *subopts = opts + sp_n_sections + 1;
    for (size_t i = 0; i < sp_n_sections; i++) {
        describe_section(&sp_sections[i], &opts[i], subopts);
        subopts += sp_sections[i].n_keys + 1;
    }
    cfg_t *cfg = cfg_init(opts, CFGF_NONE); /* copies them */
    if (cfg != NULL)
        cfg_set_error_function(cfg, on_error);
    return cfg;
}

enum sp_rc
sp_parsed_read(struct sp_parsed *parsed)
{
    parsed->text.arena = parsed->settings->arena;
    enum sp_rc rc = sp_settings_text_read(&parsed->text, parsed->settings->file, parsed->err);
    if (rc != SP_OK)
        return rc;
    parsed->written = calloc(parsed->text.n_sections + 1, sizeof *parsed->written);
    parsed->cfg = new_cfg();
    if (parsed->written == NULL || parsed->cfg == NULL)
        return sp_fail(parsed->err, SP_E_NOMEM, "settings: out of memory");
    pthread_mutex_lock(&parsing);
    parsing_for = parsed;
    int parse = cfg_parse_buf(parsed->cfg, sp_str_text(&parsed->text.text));
    parsing_for = NULL;
    pthread_mutex_unlock(&parsing);
    if (parse == CFG_SUCCESS)
        return SP_OK;
    return parsed->err->rc != SP_OK ? parsed->err->rc
                                    : complain(parsed, (unsigned)parsed->cfg->line, "not understood, near this line");
}

void
sp_parsed_free(struct sp_parsed *parsed)
{
    if (parsed->cfg != NULL)
        cfg_free(parsed->cfg);
    parsed->cfg = NULL;
    free(parsed->written);
    parsed->written = NULL;
    sp_settings_text_free(&parsed->text);
}

/* --- asking --- */

static const struct sp_written *
find_object(const struct sp_parsed *parsed, const void *object)
{
    for (size_t i = 0; i < parsed->n_written; i++)
        if (parsed->written[i].object == object)
            return &parsed->written[i];
    return NULL;
}

/* NULL when the key was not written, or as "", which says the same. */
static cfg_opt_t *
find_opt(const struct sp_written *written, const char *key)
{
    cfg_opt_t *opt = cfg_getopt(written->cfg, key);
    if (opt == NULL || cfg_opt_size(opt) == 0)
        return NULL;
    return (opt->flags & CFGF_LIST) == 0 && cfg_opt_getnstr(opt, 0)[0] == '\0' ? NULL : opt;
}

const char *
sp_parsed_text(const struct sp_parsed *parsed, const char *section, const char *key)
{
    for (size_t i = 0; i < parsed->n_written; i++) {
        if (strcmp(parsed->written[i].section->name, section) == 0) {
            cfg_opt_t *opt = find_opt(&parsed->written[i], key);
            return opt == NULL ? NULL : cfg_opt_getnstr(opt, 0);
        }
    }
    return NULL;
}

bool
sp_parsed_has(const struct sp_parsed *parsed, const void *object, const char *key)
{
    const struct sp_written *written = find_object(parsed, object);
    return written != NULL && find_opt(written, key) != NULL;
}

enum sp_rc
sp_parsed_complain(const struct sp_parsed *parsed, const void *object, const char *key, const char *format, ...)
{
    const struct sp_written *written = find_object(parsed, object);
    const cfg_opt_t *opt = written == NULL || key == NULL ? NULL : find_opt(written, key);
    unsigned line = opt != NULL ? line_of(opt) : written != NULL ? written->line : parsed->text.pieces[0].from;
    va_list args;
    va_start(args, format);
    enum sp_rc rc = complain_on_line(parsed, line, format, args);
    va_end(args);
    return rc;
}

/* --- filling --- */

static void *
at_offset(void *base, size_t offset)
{
    return (char *)base + offset;
}

static enum sp_rc
complain_value(const struct sp_parsed *parsed, const struct sp_key *key, const cfg_opt_t *opt, const char *value)
{
    SP_AUTO(sp_str_free) struct sp_str expected = { 0 };
    sp_value_expected(&expected, key);
    return complain(parsed, line_of(opt), "'%s' must be %s, not '%.80s'", key->name, sp_str_text(&expected), value);
}

static enum sp_rc
fill_list(const struct sp_parsed *parsed, const struct sp_key *key, cfg_opt_t *opt, void *place)
{
    unsigned count = cfg_opt_size(opt);
    SP_AUTO_FREE const char **items = calloc(count, sizeof *items);
    struct sp_texts *list = place;
    for (unsigned i = 0; items != NULL && i < count; i++) {
        items[i] = cfg_opt_getnstr(opt, i);
        /* One by one first, so that the wrong one can be named. */
        if (sp_value_store_list(key, &items[i], 1, parsed->settings->arena, list) == SP_E_INVALID)
            return complain_value(parsed, key, opt, items[i]);
    }
    return items == NULL ? SP_E_NOMEM : sp_value_store_list(key, items, count, parsed->settings->arena, list);
}

static enum sp_rc
fill_key(const struct sp_parsed *parsed, const struct sp_written *written, const struct sp_key *key,
         enum sp_method_type type, void *place)
{
    cfg_opt_t *opt = written == NULL ? NULL : find_opt(written, key->name);
    if (opt == NULL)
        return sp_value_store_default(key, key->by_type == NULL ? key->by_default : key->by_type[type],
                                      parsed->settings->arena, place);
    if (key->only != 0 && (key->only & (1U << type)) == 0)
        return complain(parsed, line_of(opt), "a method of type %s has no key '%s'", sp_method_type_name(type),
                        key->name);
    if (key->list)
        return fill_list(parsed, key, opt, place);
    const char *value = cfg_opt_getnstr(opt, 0);
    enum sp_rc rc = sp_value_store(key, value, parsed->settings->arena, place);
    return rc == SP_E_INVALID ? complain_value(parsed, key, opt, value) : rc;
}

static bool
type_parse(const char *word, enum sp_method_type *ret)
{
    for (int i = SP_TYPE_DIRECT; i <= SP_TYPE_GRAPH; i++) {
        if (strcmp(sp_method_type_name((enum sp_method_type)i), word) == 0) {
            *ret = (enum sp_method_type)i;
            return true;
        }
    }
    return false;
}

/* A method's type is its `type`, or else its name; where the name is a type they must agree. */
static enum sp_rc
type_of(const struct sp_parsed *parsed, const struct sp_written *written, enum sp_method_type *ret)
{
    cfg_opt_t *opt = find_opt(written, "type");
    const char *name = cfg_title(written->cfg);
    enum sp_method_type by_name = SP_TYPE_DIRECT;
    bool named = type_parse(name, &by_name);
    if (opt == NULL && !named)
        return complain(parsed, written->line,
                        "method '%s' needs a type: direct, relay, submission or graph, for example type = submission",
                        name);
    *ret = by_name;
    if (opt == NULL || !type_parse(cfg_opt_getnstr(opt, 0), ret))
        return SP_OK; /* a word that is no type: said where the key is read */
    if (named && *ret != by_name)
        return complain(parsed, line_of(opt), "a method named '%s' is of that type; give this one another name", name);
    return SP_OK;
}

static enum sp_rc
fill_section(struct sp_parsed *parsed, const struct sp_section *section, struct sp_written *written, void *object)
{
    enum sp_method_type type = SP_TYPE_DIRECT;
    enum sp_rc rc = SP_OK;
    if (written != NULL) {
        written->object = object;
        if (strcmp(section->name, "method") == 0)
            rc = type_of(parsed, written, &type);
    }
    for (size_t i = 0; rc == SP_OK && i < section->n_keys; i++)
        rc = fill_key(parsed, written, &section->keys[i], type, at_offset(object, section->keys[i].offset));
    return rc == SP_E_NOMEM ? sp_fail(parsed->err, rc, "settings: out of memory") : rc;
}

static enum sp_rc
fill_name(struct sp_parsed *parsed, struct sp_written *written, void *object)
{
    static const struct sp_key title = { "the name", SP_KIND_NAME, .by_default = "" };
    const char *name = cfg_title(written->cfg);
    written->object = object;
    if (name[0] != '\0' && sp_value_store(&title, name, parsed->settings->arena, object) == SP_OK)
        return SP_OK; /* the name is the first field */
    return complain(parsed, written->line,
                    "'%.80s' cannot be the name of a %s: letters, digits, '.', '_' and '-', at most 64", name,
                    written->section->name);
}

static enum sp_rc
fill_titled(struct sp_parsed *parsed, const struct sp_section *section)
{
    size_t count = 0, next = 0;
    for (size_t i = 0; i < parsed->n_written; i++)
        count += parsed->written[i].section == section;
    char *objects = sp_arena_array(parsed->settings->arena, count + 1, section->size);
    if (objects == NULL)
        return sp_fail(parsed->err, SP_E_NOMEM, "settings: out of memory");
    *(void **)at_offset(parsed->settings, section->offset) = objects;
    *(size_t *)at_offset(parsed->settings, section->count_offset) = count;
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; rc == SP_OK && i < parsed->n_written; i++) {
        struct sp_written *written = &parsed->written[i];
        if (written->section != section)
            continue;
        void *object = objects + section->size * next++;
        if ((rc = fill_name(parsed, written, object)) == SP_OK)
            rc = fill_section(parsed, section, written, object);
    }
    return rc;
}

enum sp_rc
sp_parsed_fill(struct sp_parsed *parsed)
{
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; rc == SP_OK && i < sp_n_sections; i++) {
        const struct sp_section *section = &sp_sections[i];
        struct sp_written *written = NULL;
        for (size_t k = 0; written == NULL && k < parsed->n_written; k++)
            written = parsed->written[k].section == section ? &parsed->written[k] : NULL;
        rc = section->titled ? fill_titled(parsed, section)
                             : fill_section(parsed, section, written, at_offset(parsed->settings, section->offset));
    }
    return rc;
}
