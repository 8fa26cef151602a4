/* settings_text.c - reads the configuration's files before libConfuse sees them.
 *
 * libConfuse 3.3 knows values, lists and sections well, but its lexer lets too much through for a file that decides
 * where documents go: the end of a file inside a section passes, an open string spoils the next parse in the same
 * process, '*', '+' and whatever else it has no rule for vanish ("*@contoso.com" becomes "@contoso.com"), "//" ends
 * an unquoted URL, comments shift the count of lines, "${NAME}" reads the environment. So we walk over the text once,
 * refuse all that by file and line, take comments out, put included files in their place, and note the lines.
 *
 *   text      = { blank | comment | string | word | sign | include }
 *   comment   = "#" ... line end | "//" ... line end | "/" "*" ... "*" "/"
 *   string    = '"' ... '"' | "'" ... "'"          with backslash, over several lines too
 *   sign      = "{" | "}" | "(" | ")" | "=" | "+=" | ","
 *   word      = whatever else; none of  * + ;
 *   include   = "include" "(" string ")"           relative to the file that includes
 */
#include "base/settings_text.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"

enum { BRACES_MAX = 8 };

struct reader { /* of one file */
    struct sp_settings_text *out;
    struct sp_err *err;
    const char *file;
    const char *at;
    unsigned line;
    unsigned depth; /* of includes */
    char last;      /* the sign or word before, by its last character */
    struct {
        unsigned line;
        bool list;
    } open[BRACES_MAX];
    size_t n_open;
};

static enum sp_rc read_file(struct sp_settings_text *out, const struct reader *parent, const char *file,
                            struct sp_err *err);

#define COMPLAIN(reader, ...) complain_at(reader, (reader)->line, __VA_ARGS__)

static enum sp_rc __attribute__((format(printf, 3, 4)))
complain_at(const struct reader *r, unsigned line, const char *format, ...)
{
    struct sp_str words = { 0 };
    va_list args;
    va_start(args, format);
    sp_str_vaddf(&words, format, args);
    va_end(args);
    enum sp_rc rc = sp_fail(r->err, SP_E_INVALID, "%s:%u: %s", r->file, line, sp_str_text(&words));
    sp_str_free(&words);
    return rc;
}

static void
emit(struct reader *r, char c)
{
    sp_str_add_char(&r->out->text, c);
    if (c == '\n')
        r->out->line++;
}

static void
take(struct reader *r)
{
    if (*r->at == '\n')
        r->line++;
    emit(r, *r->at++);
}

/* From here on the text is that of file and line. */
static void
begin_piece(struct sp_settings_text *out, const char *file, unsigned line)
{
    emit(&(struct reader){ .out = out }, '\n');
    out->pieces[out->n_pieces].from = out->line;
    out->pieces[out->n_pieces++].origin = (struct sp_origin){ .file = file, .line = line };
}

static bool
comment_here(const char *at)
{
    return at[0] == '#' || (at[0] == '/' && (at[1] == '/' || at[1] == '*'));
}

static enum sp_rc
skip_comment(struct reader *r)
{
    unsigned begun = r->line;
    if (r->at[0] == '#' || r->at[1] == '/') {
        r->at += strcspn(r->at, "\n");
        return SP_OK;
    }
    for (r->at += 2; *r->at != '\0'; r->at++) {
        if (r->at[0] == '*' && r->at[1] == '/') {
            r->at += 2;
            emit(r, ' ');
            return SP_OK;
        }
        if (*r->at == '\n') {
            r->line++;
            emit(r, '\n');
        }
    }
    return complain_at(r, begun, "the comment that begins here is never closed by */");
}

/* Behind "=", and in a list. */
static bool
value_here(const struct reader *r)
{
    bool in_list = r->n_open > 0 && r->open[r->n_open - 1].list;
    return r->last == '=' || (in_list && (r->last == '{' || r->last == ','));
}

static enum sp_rc
take_string(struct reader *r)
{
    unsigned begun = r->line;
    char quote = *r->at;
    if (r->at[1] == quote && !value_here(r)) /* libConfuse would stop here without a word */
        return COMPLAIN(r, "an empty text can only be a value");
    take(r);
    while (*r->at != quote) {
        if (*r->at == '\0')
            return complain_at(r, begun, "the quoted text that begins here is never closed");
        if (quote == '"' && r->at[0] == '$' && r->at[1] == '{')
            return COMPLAIN(r, "'${' would be replaced from the environment; write \\${ for the characters themselves");
        if (r->at[0] == '\\' && r->at[1] != '\0') {
            if (quote == '"' && r->at[1] >= '0' && r->at[1] <= '9')
                return COMPLAIN(r, "write the character itself instead of '\\%c...', or \\\\ for a backslash",
                                r->at[1]);
            take(r);
        }
        take(r);
    }
    take(r);
    r->last = 'a';
    return SP_OK;
}

static enum sp_rc
open_brace(struct reader *r)
{
    if (r->n_open == BRACES_MAX)
        return COMPLAIN(r, "too many braces inside each other");
    struct sp_settings_text *out = r->out;
    if (r->last != '=' && out->n_sections == out->section_room) {
        size_t room = out->section_room == 0 ? 32 : 2 * out->section_room;
        unsigned *grown = reallocarray(out->sections, room, sizeof *grown);
        if (grown == NULL)
            return sp_fail(r->err, SP_E_NOMEM, "settings: out of memory");
        out->sections = grown;
        out->section_room = room;
    }
    if (r->last != '=')
        out->sections[out->n_sections++] = out->line;
    r->open[r->n_open].line = r->line;
    r->open[r->n_open++].list = r->last == '=';
    return SP_OK;
}

static enum sp_rc
close_brace(struct reader *r)
{
    if (r->n_open == 0)
        return COMPLAIN(r, "this '}' closes nothing");
    /* libConfuse tells nobody about an empty list, so that one could silently undo an earlier one. */
    if (r->open[--r->n_open].list && r->last == '{')
        return COMPLAIN(r, "the list is empty; leave the key out for its default");
    return SP_OK;
}

static enum sp_rc
take_sign(struct reader *r)
{
    enum sp_rc rc = SP_OK;
    if (*r->at == '{')
        rc = open_brace(r);
    else if (*r->at == '}')
        rc = close_brace(r);
    else if (*r->at == '+') {
        if (r->at[1] != '=')
            return COMPLAIN(r, "put a value that holds '+' in quotes");
        take(r);
    }
    r->last = *r->at;
    take(r);
    return rc;
}

static void
skip_blanks(struct reader *r)
{
    while (*r->at != '\0' && strchr(" \t\r\n", *r->at) != NULL)
        if (*r->at++ == '\n')
            r->line++;
}

/* The name between the quotes, made absolute or relative to where this file lies; NULL when memory is out. */
static const char *
included_name(const struct reader *r, const char *name, size_t len)
{
    const char *slash = strrchr(r->file, '/');
    if (*name == '/' || slash == NULL)
        return sp_arena_text_n(r->out->arena, name, len);
    return sp_arena_format(r->out->arena, "%.*s%.*s", (int)(slash + 1 - r->file), r->file, (int)len, name);
}

static enum sp_rc
take_include(struct reader *r)
{
    const struct reader here = *r;
    skip_blanks(r);
    bool open = *r->at == '(';
    if (open)
        r->at++;
    skip_blanks(r);
    char quote = *r->at;
    const char *name = r->at + 1;
    size_t len = quote == '"' || quote == '\'' ? strcspn(name, quote == '"' ? "\"\n" : "'\n") : 0;
    if (!open || len == 0 || name[len] != quote)
        return COMPLAIN(&here, "write include(\"FILE\"), with the name in quotes");
    r->at = name + len + 1;
    skip_blanks(r);
    if (*r->at++ != ')')
        return COMPLAIN(&here, "write include(\"FILE\"): the ')' is missing");
    const char *file = included_name(r, name, len);
    if (file == NULL)
        return sp_fail(r->err, SP_E_NOMEM, "settings: out of memory");
    enum sp_rc rc = read_file(r->out, &here, file, r->err);
    if (rc == SP_OK)
        begin_piece(r->out, r->file, r->line);
    return rc;
}

static enum sp_rc
take_word(struct reader *r)
{
    static const char ends[] = " \t\r\n\"'={}()+,*;#";
    const char *begin = r->at;
    size_t len = 0;
    while (begin[len] != '\0' && strchr(ends, begin[len]) == NULL && !comment_here(begin + len))
        len++;
    if (comment_here(begin + len) || (begin[len] != '\0' && strchr("*;+", begin[len]) != NULL && begin[len + 1] != '='))
        return COMPLAIN(r, "put '%.*s...' in quotes: it is followed by '%c'", (int)(len < 60 ? len : 60), begin,
                        begin[len]);
    if (len > 0 && begin[len - 1] == '$' && begin[len] == '{')
        return COMPLAIN(r, "'${' is not supported: the environment is not read");
    r->at += len;
    if (len == strlen("include") && strncmp(begin, "include", len) == 0 && r->last != '=')
        return take_include(r);
    sp_str_add_n(&r->out->text, begin, len);
    r->last = 'a';
    return SP_OK;
}

static enum sp_rc
step(struct reader *r)
{
    char c = *r->at;
    if (strchr(" \t\r\n", c) != NULL) {
        take(r);
        return SP_OK;
    }
    if (comment_here(r->at))
        return skip_comment(r);
    if (c == '"' || c == '\'')
        return take_string(r);
    if (strchr("{}()=+,", c) != NULL)
        return take_sign(r);
    if (c == '*' || c == ';' || (unsigned char)c < 0x20)
        return COMPLAIN(
            r, (unsigned char)c < 0x20 ? "a control character (0x%02x)" : "put a value that holds '%c' in quotes", c);
    return take_word(r);
}

static enum sp_rc
walk(struct reader *r)
{
    enum sp_rc rc = SP_OK;
    while (rc == SP_OK && *r->at != '\0')
        rc = step(r);
    if (rc == SP_OK && r->n_open > 0)
        rc = complain_at(r, r->open[r->n_open - 1].line, "the brace that is opened here is never closed");
    return rc;
}

static enum sp_rc
load(const char *file, struct sp_str *ret, struct sp_err *err)
{
    /* Not sp_io_read_file: a configuration may well be a link, into a volume or to another place in /etc. */
    SP_AUTO_CLOSE int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat at;
    if (fd < 0 || fstat(fd, &at) < 0)
        return sp_fail_errno(err, "cannot read '%s'", file);
    if (!S_ISREG(at.st_mode))
        return sp_fail(err, SP_E_INVALID, "'%s' is not a regular file", file);
    if (at.st_size > SP_SETTINGS_SIZE_MAX)
        return sp_fail(err, SP_E_TOO_LARGE, "'%s' is larger than 1 MiB", file);
    SP_AUTO_FREE char *bytes = malloc((size_t)at.st_size + 1);
    size_t got = 0;
    if (bytes == NULL)
        return sp_fail(err, SP_E_NOMEM, "settings: out of memory");
    enum sp_rc rc = sp_io_read_full(fd, bytes, (size_t)at.st_size, &got, err);
    if (rc != SP_OK)
        return rc;
    if (memchr(bytes, '\0', got) != NULL || !sp_utf8_valid(bytes, got))
        return sp_fail(err, SP_E_INVALID, "'%s' is not UTF-8 text", file);
    sp_str_add_n(ret, bytes, got);
    return ret->failed ? sp_fail(err, SP_E_NOMEM, "settings: out of memory") : SP_OK;
}

static enum sp_rc
read_file(struct sp_settings_text *out, const struct reader *parent, const char *file, struct sp_err *err)
{
    struct reader r = {
        .out = out, .err = err, .file = file, .line = 1, .depth = parent == NULL ? 0 : parent->depth + 1
    };
    const struct reader *named_by = parent == NULL ? &r : parent;
    SP_AUTO(sp_str_free) struct sp_str bytes = { 0 };
    struct sp_err why = { 0 };
    if (r.depth > SP_INCLUDE_DEPTH || out->n_files == SP_INCLUDE_FILES)
        return COMPLAIN(named_by, "includes go on without end: more than %d deep or %d files; does one include itself?",
                        SP_INCLUDE_DEPTH, SP_INCLUDE_FILES);
    out->n_files++;
    if (load(file, &bytes, &why) != SP_OK)
        return COMPLAIN(named_by, "%s", why.text);
    begin_piece(out, file, 1);
    r.at = sp_str_text(&bytes);
    return walk(&r);
}

enum sp_rc
sp_settings_text_read(struct sp_settings_text *text, const char *file, struct sp_err *err)
{
    text->line = 1;
    enum sp_rc rc = read_file(text, NULL, file, err);
    emit(&(struct reader){ .out = text }, '\n');
    if (rc == SP_OK && text->text.failed)
        rc = sp_fail(err, SP_E_NOMEM, "settings: out of memory");
    return rc;
}

void
sp_settings_text_free(struct sp_settings_text *text)
{
    sp_str_free(&text->text);
    free(text->sections);
    text->sections = NULL;
}

struct sp_origin
sp_settings_text_origin(const struct sp_settings_text *text, unsigned line)
{
    size_t i = text->n_pieces;
    while (i > 1 && text->pieces[i - 1].from > line)
        i--;
    if (i == 0)
        return (struct sp_origin){ .file = "", .line = 0 };
    struct sp_origin origin = text->pieces[i - 1].origin;
    if (line > text->pieces[i - 1].from)
        origin.line += line - text->pieces[i - 1].from;
    return origin;
}
