/* sidecar_xml.c - the XML forms, over expat. A document type declaration ends it at once, so there are no entities but
 * the five that every XML has; size, depth and the number of elements have ends; nothing is ever fetched. */
#include <string.h>

#include <expat.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/text.h"
#include "gateway/sidecar_inside.h"

enum { DEPTH_MAX = 16, ELEMENTS_MAX = 10000, TEXT_MAX = 2000 };

struct reader {
    XML_Parser parser;
    struct sp_arena *arena;
    struct sp_sidecar *ret;
    struct sp_err *err;
    enum sp_rc rc;
    const struct form *form; /* by the root */
    struct sp_str path;      /* below the root: "user.email"; lower case, prefixes of namespaces cut off */
    size_t start[DEPTH_MAX]; /* of each element's part of the path */
    size_t depth, elements;  /* the root has depth 1 */
    struct sp_str text;      /* of the innermost element */
};

/* What an element means. */
enum meaning { TO, SUBJECT, USER, DOCUMENT };

struct form {
    const char *root; /* NULL: any other */
    bool anywhere;    /* only the last part of the path counts */
    struct {
        const char *path;
        enum meaning meaning;
    } known[5];
};
static const struct form forms[] = {
    { "scanpost", false, { { "to", TO }, { "subject", SUBJECT }, { "user", USER }, { "document", DOCUMENT } } },
    { "scan", false, { { "user.email", TO }, { "user.name", USER }, { "files.file", DOCUMENT } } },
    { NULL,
      true,
      { { "sendername", TO }, { "fromname", USER }, { "documentsubject", SUBJECT }, { "filename", DOCUMENT } } },
};

static void
stop(struct reader *r, enum sp_rc rc, const char *words)
{
    if (r->rc == SP_OK)
        r->rc = sp_fail(r->err, rc, "the sidecar's XML %s", words);
    (void)XML_StopParser(r->parser, XML_FALSE);
}

/* ---- meaning ---- */

static void
keep(struct reader *r, enum meaning meaning)
{
    const char *text = sp_str_text(&r->text);
    enum sp_rc rc = SP_OK;
    switch (meaning) {
    case TO:
        rc = sp_sidecar_add_to(r->arena, r->ret, text, r->err);
        break;
    case SUBJECT:
        rc = sp_sidecar_set(r->arena, &r->ret->subject, text, r->err);
        break;
    case USER:
        rc = sp_sidecar_set(r->arena, &r->ret->user, text, r->err);
        break;
    case DOCUMENT:
        rc = sp_sidecar_add_document(r->arena, r->ret, text, r->err);
        break;
    }
    if (rc != SP_OK) {
        r->rc = rc;
        (void)XML_StopParser(r->parser, XML_FALSE);
    }
}

static const struct form *
form_of(const char *root)
{
    const struct form *form = forms;
    while (form->root != NULL && strcmp(form->root, root) != 0)
        form++;
    return form;
}

/* ---- what expat calls ---- */

static void
add_name(struct sp_str *path, const char *name)
{
    const char *colon = strrchr(name, ':');
    for (name = colon == NULL ? name : colon + 1; *name != '\0'; name++)
        sp_str_add_char(path, sp_char_lower(*name));
}

/* <field name="senderName"> is as good as <senderName>. */
static const char *
name_of(const struct reader *r, const char *element, const char **attributes)
{
    for (size_t i = 0; r->form != NULL && r->form->anywhere && attributes[i] != NULL; i += 2)
        if (sp_text_equal_nocase(attributes[i], "name"))
            return attributes[i + 1];
    return element;
}

static void XMLCALL
begin_element(void *context, const char *name, const char **attributes)
{
    struct reader *r = context;
    if (r->depth == DEPTH_MAX || ++r->elements > ELEMENTS_MAX) {
        stop(r, SP_E_INVALID, "is nested too deep or has too many elements");
        return;
    }
    if (r->depth == 0) {
        SP_AUTO(sp_str_free) struct sp_str root = { 0 };
        add_name(&root, name);
        r->form = form_of(sp_str_text(&root));
    } else {
        r->start[r->depth] = r->path.len;
        if (r->path.len > 0)
            sp_str_add_char(&r->path, '.');
        add_name(&r->path, name_of(r, name, attributes));
    }
    r->depth++;
    sp_str_cut(&r->text, 0);
}

static void XMLCALL
add_characters(void *context, const char *text, int size)
{
    struct reader *r = context;
    if (r->text.len + (size_t)size > TEXT_MAX)
        stop(r, SP_E_INVALID, "holds an endless text");
    else
        sp_str_add_n(&r->text, text, (size_t)size);
}

static void XMLCALL
end_element(void *context, const char *name)
{
    struct reader *r = context;
    (void)name;
    const char *path = sp_str_text(&r->path);
    const char *dot = r->form->anywhere ? strrchr(path, '.') : NULL;
    if (dot != NULL)
        path = dot + 1;
    r->depth--;
    for (size_t i = 0; r->depth > 0 && i < SP_LEN(r->form->known) && r->form->known[i].path != NULL; i++)
        if (strcmp(path, r->form->known[i].path) == 0)
            keep(r, r->form->known[i].meaning);
    if (r->depth > 0)
        sp_str_cut(&r->path, r->start[r->depth]);
    sp_str_cut(&r->text, 0); /* what follows belongs to the element around it, which means nothing then */
}

static void XMLCALL
refuse_doctype(void *context, const char *name, const char *system_id, const char *public_id, int internal)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)internal;
    stop(context, SP_E_INVALID, "has a document type declaration, which is not taken");
}

static void XMLCALL
refuse_entity(void *context, const char *name, int parameter, const char *value, int size, const char *base,
              const char *system_id, const char *public_id, const char *notation)
{
    (void)name;
    (void)parameter;
    (void)value;
    (void)size;
    (void)base;
    (void)system_id;
    (void)public_id;
    (void)notation;
    stop(context, SP_E_INVALID, "declares an entity, which is not taken");
}

enum sp_rc
sp_sidecar_parse_xml(const char *text, size_t size, struct sp_arena *arena, struct sp_sidecar *ret, struct sp_err *err)
{
    struct reader r = { .parser = XML_ParserCreate(NULL), .arena = arena, .ret = ret, .err = err };
    if (r.parser == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, begin_element, end_element);
    XML_SetCharacterDataHandler(r.parser, add_characters);
    XML_SetStartDoctypeDeclHandler(r.parser, refuse_doctype);
    XML_SetEntityDeclHandler(r.parser, refuse_entity);
    (void)XML_SetParamEntityParsing(r.parser, XML_PARAM_ENTITY_PARSING_NEVER);
    enum XML_Status status = XML_Parse(r.parser, text, (int)size, 1); /* the size was held against its limit */
    if (status == XML_STATUS_ERROR && r.rc == SP_OK)
        r.rc = sp_fail(err, SP_E_INVALID, "the sidecar is no XML: line %lu: %s",
                       (unsigned long)XML_GetCurrentLineNumber(r.parser), XML_ErrorString(XML_GetErrorCode(r.parser)));
    if (r.rc == SP_OK && (r.path.failed || r.text.failed))
        r.rc = sp_fail(err, SP_E_NOMEM, "out of memory");
    XML_ParserFree(r.parser);
    sp_str_free(&r.path);
    sp_str_free(&r.text);
    return r.rc;
}
