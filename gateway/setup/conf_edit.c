/* conf_edit.c - see conf_edit.h. What is found is remembered as offsets, so that a change touches nothing but its
 * place. */
#include "gateway/setup/conf_edit.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "base/str.h"

enum kind { END, WORD, STRING, OPEN, CLOSE, EQUALS, OTHER };

struct token {
    enum kind kind;
    size_t from, to; /* with the quotes */
};

/* --- tokens --- */

static size_t
skip_line(const char *text, size_t at)
{
    return at + strcspn(text + at, "\n");
}

static size_t
skip_comment(const char *text, size_t at)
{
    const char *end = strstr(text + at + 2, "*/");
    return end == NULL ? strlen(text) : (size_t)(end - text) + 2;
}

static bool
comment_at(const char *text, size_t at)
{
    return text[at] == '#' || (text[at] == '/' && (text[at + 1] == '/' || text[at + 1] == '*'));
}

static size_t
skip_blank(const char *text, size_t at)
{
    for (;;) {
        at += strspn(text + at, " \t\r\n");
        if (!comment_at(text, at))
            return at;
        at = text[at] == '/' && text[at + 1] == '*' ? skip_comment(text, at) : skip_line(text, at);
    }
}

static size_t
skip_string(const char *text, size_t at)
{
    char quote = text[at++];
    while (text[at] != '\0' && text[at] != quote)
        at += text[at] == '\\' && text[at + 1] != '\0' ? 2 : 1;
    return at + (text[at] != '\0');
}

static size_t
skip_word(const char *text, size_t at)
{
    while (text[at] != '\0' && strchr(" \t\r\n\"'{}()=+,", text[at]) == NULL && !comment_at(text, at))
        at++;
    return at;
}

static struct token
next_token(const char *text, size_t at)
{
    struct token token = { .from = skip_blank(text, at) };
    char c = text[token.from];
    token.to = token.from + 1;
    if (c == '\0') {
        token.to = token.from;
    } else if (c == '{') {
        token.kind = OPEN;
    } else if (c == '}') {
        token.kind = CLOSE;
    } else if (c == '=') {
        token.kind = EQUALS;
    } else if (c == '"' || c == '\'') {
        token.kind = STRING;
        token.to = skip_string(text, token.from);
    } else if (strchr("()+,", c) != NULL) {
        token.kind = OTHER;
    } else {
        token.kind = WORD;
        token.to = skip_word(text, token.from);
    }
    return token;
}

static bool
token_is(const char *text, struct token token, const char *word)
{
    size_t quotes = token.kind == STRING ? 1 : 0;
    size_t len = token.to - token.from;
    return (token.kind == WORD || token.kind == STRING) && len >= 2 * quotes && strlen(word) == len - 2 * quotes &&
           strncmp(text + token.from + quotes, word, len - 2 * quotes) == 0;
}

/* --- places --- */

struct place {
    size_t from, to; /* of a section: its braces; of a key: the first letter of its name, the end of its value */
    size_t value;    /* where a key's value begins */
};

/* From an opening brace to the token behind the one that closes it. */
static size_t
skip_braces(const char *text, size_t at)
{
    int depth = 0;
    for (;;) {
        struct token token = next_token(text, at);
        at = token.to;
        depth += token.kind == OPEN ? 1 : token.kind == CLOSE ? -1 : 0;
        if (token.kind == END || depth == 0)
            return at;
    }
}

static bool
find_section(const char *text, const char *section, const char *title, struct place *ret)
{
    struct token seen[2] = { { 0 } }; /* the words since the last section */
    size_t n = 0;
    for (size_t at = 0;;) {
        struct token token = next_token(text, at);
        at = token.to;
        if (token.kind == END)
            return false;
        if (token.kind == WORD || token.kind == STRING) {
            seen[n < 2 ? n : 1] = token;
            n = n < 2 ? n + 1 : 2;
        } else if (token.kind == OPEN) {
            at = skip_braces(text, token.from);
            bool titled = title == NULL || (title[0] == '\0' ? n == 1 : n == 2 && token_is(text, seen[1], title));
            if (n > 0 && token_is(text, seen[0], section) && titled) {
                *ret = (struct place){ .from = token.from, .to = at };
                return true;
            }
            n = 0;
        } else {
            n = 0; /* include ( "file" ) */
        }
    }
}

static bool
find_key(const char *text, struct place section, const char *key, struct place *ret)
{
    struct token name = { 0 };
    for (size_t at = section.from + 1; at < section.to;) {
        struct token token = next_token(text, at);
        at = token.to;
        if (token.kind == END || token.from + 1 >= section.to)
            return false;
        if (token.kind == WORD)
            name = token;
        if (token.kind != EQUALS)
            continue;
        struct token value = next_token(text, at);
        at = value.kind == OPEN ? skip_braces(text, value.from) : value.to;
        if (token_is(text, name, key)) {
            *ret = (struct place){ .from = name.from, .to = at, .value = value.from };
            return true;
        }
    }
    return false;
}

/* --- changes --- */

static void
replace(struct sp_str *text, size_t from, size_t to, const char *with)
{
    struct sp_str rest = { 0 };
    if (text->failed)
        return;
    sp_str_add(&rest, sp_str_text(text) + to);
    sp_str_cut(text, from);
    sp_str_add(text, with);
    sp_str_add(text, sp_str_text(&rest));
    text->failed = text->failed || rest.failed;
    sp_str_free(&rest);
}

static void
add_section(struct sp_str *text, const char *section, const char *title, const char *key, const char *value)
{
    if (text->len > 0 && sp_str_text(text)[text->len - 1] != '\n')
        sp_str_add_char(text, '\n');
    sp_str_addf(text, "\n%s%s%s {\n    %s = %s\n}\n", section, title[0] != '\0' ? " " : "", title, key, value);
}

/* In a section of several lines a key gets its own. */
static void
add_key(struct sp_str *text, struct place section, const char *key, const char *value)
{
    const char *body = sp_str_text(text) + section.from;
    bool lines = memchr(body, '\n', section.to - section.from) != NULL;
    size_t at = section.to - 1;
    struct sp_str piece = { 0 };
    while (at > section.from + 1 && isspace((unsigned char)sp_str_text(text)[at - 1]))
        at--;
    const char *gap = lines ? "\n    " : at == section.from + 1 ? " " : "  ";
    sp_str_addf(&piece, "%s%s = %s", gap, key, value);
    if (!lines && at == section.to - 1)
        sp_str_add_char(&piece, ' ');
    replace(text, at, at, sp_str_text(&piece));
    text->failed = text->failed || piece.failed;
    sp_str_free(&piece);
}

void
sp_conf_set(struct sp_str *text, const char *section, const char *title, const char *key, const char *value)
{
    struct place place, found;
    if (!find_section(sp_str_text(text), section, title, &place))
        add_section(text, section, title, key, value);
    else if (find_key(sp_str_text(text), place, key, &found))
        replace(text, found.value, found.to, value);
    else
        add_key(text, place, key, value);
}

void
sp_conf_remove(struct sp_str *text, const char *section, const char *title, const char *key)
{
    struct place place, found;
    const char *all = sp_str_text(text);
    if (!find_section(all, section, title, &place) || !find_key(all, place, key, &found))
        return;
    size_t from = found.from, to = found.to;
    while (from > place.from + 1 && strchr(" \t", all[from - 1]) != NULL)
        from--;
    size_t behind = to + strspn(all + to, " \t\r");
    if (all[from - 1] == '\n' && all[behind] == '\n')
        to = behind + 1;
    replace(text, from, to, "");
}

bool
sp_conf_has(const char *text, const char *section, const char *title)
{
    struct place place;
    return find_section(text, section, title, &place);
}

/* Within "..." libConfuse puts the environment in the place of ${NAME}; within '...' it does not. */
void
sp_conf_value(struct sp_str *out, const char *plain)
{
    bool simple = plain[0] != '\0' && strstr(plain, "//") == NULL;
    for (const char *c = plain; *c != '\0' && simple; c++)
        simple = isalnum((unsigned char)*c) || strchr("._@/:-", *c) != NULL;
    if (simple) {
        sp_str_add(out, plain);
        return;
    }
    char quote = strchr(plain, '$') != NULL && strchr(plain, '\'') == NULL ? '\'' : '"';
    sp_str_add_char(out, quote);
    for (const char *c = plain; *c != '\0'; c++) {
        if (*c == quote || *c == '\\')
            sp_str_add_char(out, '\\');
        sp_str_add_char(out, *c);
    }
    sp_str_add_char(out, quote);
}
