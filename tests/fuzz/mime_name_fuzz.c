/* mime_name_fuzz.c - what others call a document, a person or a subject, on its way into a mail: whatever it is, one
 * call writes one header, in ASCII, in lines that every server takes, and nothing that could be a second header. */
#include "fuzz.h"

#include "backend/mail/filename.h"
#include "backend/mail/header.h"
#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "base/text.h"
#include "gateway/naming.h"

enum { LINE_MAX_OCTETS = 998 /* RFC 5322 section 2.1.1 */ };

/* `count` headers of these names, in this order, each folded as it may be. */
static void
check_headers(const struct sp_str *out, const char *const *names, size_t count)
{
    size_t found = 0;
    PROMISE(!out->failed && out->len > 0);
    for (const char *line = out->text; line < out->text + out->len;) {
        const char *end = strstr(line, "\r\n");
        PROMISE(end != NULL && end > line && end - line <= LINE_MAX_OCTETS);
        for (const char *c = line; c < end; c++)
            PROMISE((*c >= ' ' && *c <= '~') || *c == '\t');
        if (*line != ' ' && *line != '\t') {
            PROMISE(found < count && sp_text_starts(line, names[found]) && line[strlen(names[found])] == ':');
            found++;
        }
        PROMISE(strspn(line, " \t") < (size_t)(end - line)); /* RFC 5322 section 3.2.2: no line of blanks alone */
        line = end + 2;
    }
    PROMISE(found == count);
}

static void
document(const char *name)
{
    static const char *const names[] = { "Content-Type", "Content-Disposition" };
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    sp_filename_headers(&out, "application/pdf", name);
    check_headers(&out, names, SP_LEN(names));
}

static void
cleaned(const char *name)
{
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    const char *clean = sp_name_clean(arena, name);
    PROMISE(clean != NULL && *clean != '\0' && strlen(clean) <= SP_DOCUMENT_NAME_MAX);
    PROMISE(sp_utf8_valid(clean, strlen(clean)) && !sp_text_has_control(clean) && strpbrk(clean, "/\\") == NULL);
    PROMISE(strcmp(clean, ".") != 0 && strcmp(clean, "..") != 0);
    document(clean);
}

static void
people_and_subject(const char *text)
{
    static const char *const from[] = { "From" }, *const subject[] = { "Subject" };
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    sp_header_mailbox(&out, "From", text, "scanner@contoso.com");
    check_headers(&out, from, 1);
    PROMISE(strstr(out.text, "scanner@contoso.com") != NULL);
    sp_str_cut(&out, 0);
    sp_header_text(&out, "Subject", text);
    if (strspn(text, " \t") < strlen(text))
        check_headers(&out, subject, 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO_FREE char *text = fuzz_text(data, size);
    document(text);
    cleaned(text);
    people_and_subject(text);
    return 0;
}
