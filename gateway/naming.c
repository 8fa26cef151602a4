/* naming.c - copiers reuse names, write upper-case extensions and numbers for pages; people want to find the scan
 * again. An extension that fits the content stays as it was written (".PDF"), one that lies about it is replaced. */
#include "gateway/naming.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "base/text.h"
#include "db/job.h"
#include "gateway/content.h"
#include "gateway/route.h"

static const char nameless[] = "document";

/* Without the dots that hide a file or climb ("..", ".x"), and the dots and blanks that Windows drops at an end. */
static void
trim_edges(struct sp_str *name)
{
    size_t start = 0;
    while (name->len > 0 && strchr(". \t", name->text[name->len - 1]) != NULL)
        sp_str_cut(name, name->len - 1);
    while (start < name->len && strchr(". \t", name->text[start]) != NULL)
        start++;
    if (start > 0) {
        memmove(name->text, name->text + start, name->len - start);
        sp_str_cut(name, name->len - start);
    }
}

/* A long name keeps its extension. */
static const char *
fitted(struct sp_arena *arena, const char *stem, size_t stem_len, const char *extension)
{
    size_t room = SP_DOCUMENT_NAME_MAX - strlen(extension);
    size_t len = sp_utf8_prefix(stem, stem_len, room);
    return sp_arena_format(arena, "%.*s%s", (int)len, stem, extension);
}

const char *
sp_name_clean(struct sp_arena *arena, const char *bytes)
{
    SP_AUTO(sp_str_free) struct sp_str name = { 0 };
    const char *last = bytes;
    for (const char *c = bytes; *c != '\0'; c++)
        if (*c == '/' || *c == '\\')
            last = c + 1;
    sp_utf8_repair(&name, last, strlen(last), true);
    trim_edges(&name);
    if (name.failed)
        return NULL;
    const char *text = name.len > 0 ? sp_str_text(&name) : nameless;
    size_t stem = strlen(text);
    sp_content_has_extension(text, &stem);
    return fitted(arena, text, stem, text + stem);
}

const char *
sp_name_stem(struct sp_arena *arena, const char *name)
{
    size_t stem = strlen(name);
    sp_content_has_extension(name, &stem);
    return sp_arena_text_n(arena, name, stem);
}

static bool
taken(const struct sp_job *job, size_t before, const char *name)
{
    for (size_t i = 0; i < before; i++)
        if (strcasecmp(job->documents[i].name, name) == 0)
            return true;
    return false;
}

/* Stem plus extension; when an earlier document has that name, with the document's number behind it: "Scan (2).pdf". */
static const char *
distinct(const struct sp_job *job, size_t i, const char *stem, const char *extension)
{
    const char *name = fitted(job->arena, stem, strlen(stem), extension);
    for (size_t n = i + 1; name != NULL && taken(job, i, name); n++) {
        const char *numbered = sp_arena_format(job->arena, " (%zu)%s", n, extension);
        name = numbered == NULL ? NULL : fitted(job->arena, stem, strlen(stem), numbered);
    }
    return name;
}

enum sp_rc
sp_name_documents(struct sp_job *job, const char *pattern, const struct sp_placeholders *values, struct sp_err *err)
{
    for (size_t i = 0; i < job->n_documents; i++) {
        struct sp_job_document *document = &job->documents[i];
        SP_AUTO(sp_str_free) struct sp_str name = { 0 };
        struct sp_placeholders own = *values;
        own.document = sp_name_stem(job->arena, document->name);
        if (own.document == NULL)
            return sp_fail(err, SP_E_NOMEM, "out of memory");
        const char *extension = sp_content_extension(document->type, document->name);
        sp_placeholders_expand(&name, pattern, &own);
        const char *clean = sp_name_clean(job->arena, sp_str_text(&name));
        const char *stem = name.failed || clean == NULL ? NULL : sp_name_stem(job->arena, clean);
        const char *final = stem == NULL ? NULL : distinct(job, i, stem, extension);
        if (final == NULL)
            return sp_fail(err, SP_E_NOMEM, "out of memory");
        document->name = final;
    }
    return SP_OK;
}
