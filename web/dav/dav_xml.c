/* dav_xml.c - what is taken from each body; everything else in it is stepped over, as RFC 4918 section 17 wants.
 *
 *   level  1               2                      3               4
 *          propfind        allprop | propname
 *                          prop | include         a property
 *          propertyupdate  set | remove           prop            a property
 *          lockinfo        lockscope | locktype   exclusive | shared | write
 *                          owner                  href
 *
 * Expat hands names over as "namespace\nname": a line feed cannot be in either, because one in an attribute is read as
 * a blank (XML 1.0 section 3.3.3). */
#include "web/dav/dav_xml.h"

#include <expat.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"

enum { MARK = '\n' };

enum part { NOTHING, PROPS, CHANGES, CHANGED_PROPS, SCOPE, TYPE, HOLDER };

struct reader {
    XML_Parser parser;
    struct sp_arena *arena;
    struct sp_dav_body *body;
    struct sp_err *err;
    enum sp_rc rc;
    unsigned level;
    enum part second, third; /* what stands at these levels */
    struct sp_str holder;
    struct sp_dav_prop props[SP_DAV_PROPS_MAX];
};

static void
refuse(struct reader *r, enum sp_rc rc, const char *why)
{
    if (r->rc != SP_OK)
        return;
    r->rc = rc;
    (void)sp_fail(r->err, rc, "the XML %s", why);
    XML_StopParser(r->parser, XML_FALSE);
}

/* The local name of an element of DAV: itself, else NULL. */
static const char *
dav_name(const char *name)
{
    return strncmp(name, "DAV:\n", 5) == 0 ? name + 5 : NULL;
}

static bool
is(const char *name, const char *wanted)
{
    const char *local = dav_name(name);
    return local != NULL && strcmp(local, wanted) == 0;
}

static void
begin_root(struct reader *r, const char *name)
{
    if (is(name, "propfind"))
        r->body->kind = SP_DAV_PROPFIND;
    else if (is(name, "propertyupdate"))
        r->body->kind = SP_DAV_PROPERTYUPDATE;
    else if (is(name, "lockinfo"))
        r->body->kind = SP_DAV_LOCKINFO;
    else
        refuse(r, SP_E_INVALID, "is none that is known here");
}

static enum part
begin_second(struct reader *r, const char *name)
{
    struct sp_dav_body *body = r->body;
    switch (body->kind) {
    case SP_DAV_PROPFIND:
        body->all = body->all || is(name, "allprop");
        body->names_only = body->names_only || is(name, "propname");
        return is(name, "prop") || is(name, "include") ? PROPS : NOTHING;
    case SP_DAV_PROPERTYUPDATE:
        return is(name, "set") || is(name, "remove") ? CHANGES : NOTHING;
    case SP_DAV_LOCKINFO:
        if (is(name, "lockscope"))
            return SCOPE;
        if (is(name, "locktype"))
            return TYPE;
        return is(name, "owner") ? HOLDER : NOTHING;
    }
    return NOTHING;
}

static void
add_prop(struct reader *r, const char *name)
{
    const char *mark = strrchr(name, MARK);
    const char *local = mark == NULL ? name : mark + 1;
    size_t space = mark == NULL ? 0 : (size_t)(mark - name);
    if (r->body->n_props == SP_DAV_PROPS_MAX || space > SP_DAV_NAME_MAX || strlen(local) > SP_DAV_NAME_MAX) {
        refuse(r, SP_E_TOO_LARGE, "names too many properties, or too long ones");
        return;
    }
    struct sp_dav_prop *prop = &r->props[r->body->n_props];
    prop->space = sp_arena_text_n(r->arena, name, space);
    prop->name = sp_arena_text(r->arena, local);
    if (prop->space == NULL || prop->name == NULL)
        refuse(r, SP_E_NOMEM, "is more than memory can hold");
    else
        r->body->n_props++;
}

static enum part
begin_third(struct reader *r, const char *name)
{
    struct sp_dav_body *body = r->body;
    switch (r->second) {
    case PROPS:
        add_prop(r, name);
        break;
    case CHANGES:
        return is(name, "prop") ? CHANGED_PROPS : NOTHING;
    case SCOPE:
        body->exclusive = body->exclusive || is(name, "exclusive");
        body->shared = body->shared || is(name, "shared");
        break;
    case TYPE:
        body->write = body->write || is(name, "write");
        break;
    case HOLDER:
        body->holder_is_link = body->holder_is_link || is(name, "href");
        break;
    case NOTHING:
    case CHANGED_PROPS:
        break;
    }
    return NOTHING;
}

static void
on_begin(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct reader *r = context;
    (void)attributes;
    if (r->rc != SP_OK)
        return;
    r->level++;
    if (r->level == 1)
        begin_root(r, name);
    else if (r->level == 2)
        r->second = begin_second(r, name);
    else if (r->level == 3)
        r->third = begin_third(r, name);
    else if (r->level == 4 && r->third == CHANGED_PROPS)
        add_prop(r, name);
    else if (r->level > SP_DAV_DEPTH_MAX)
        refuse(r, SP_E_TOO_LARGE, "has too many levels");
}

static void
on_end(void *context, const XML_Char *name)
{
    struct reader *r = context;
    (void)name;
    r->level--;
    if (r->level == 1)
        r->second = NOTHING;
    else if (r->level == 2)
        r->third = NOTHING;
}

static void
on_text(void *context, const XML_Char *text, int size)
{
    struct reader *r = context;
    if (r->level < 2 || r->second != HOLDER || r->holder.len > SP_DAV_HOLDER_MAX)
        return;
    sp_str_add_n(&r->holder, text, (size_t)size);
}

static void
on_doctype(void *context, const XML_Char *name, const XML_Char *system_id, const XML_Char *public_id, int internal)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)internal;
    refuse(context, SP_E_INVALID, "has a document type, which is not taken here");
}

static enum sp_rc
keep(struct reader *r)
{
    struct sp_dav_body *body = r->body;
    body->props = sp_arena_array(r->arena, body->n_props, sizeof(*body->props));
    char *holder = sp_arena_text(r->arena, sp_str_text(&r->holder));
    if ((body->props == NULL && body->n_props > 0) || holder == NULL || r->holder.failed)
        return sp_fail(r->err, SP_E_NOMEM, "webdav: out of memory");
    if (body->n_props > 0)
        memcpy(body->props, r->props, body->n_props * sizeof(*body->props));
    size_t from = strspn(holder, " \t\r\n");
    size_t len = strlen(holder + from);
    while (len > 0 && strchr(" \t\r\n", holder[from + len - 1]) != NULL)
        len--;
    holder[from + len] = '\0';
    body->holder = len > SP_DAV_HOLDER_MAX ? "" : holder + from;
    return SP_OK;
}

static enum sp_rc
parse(struct reader *r, const char *bytes, size_t size)
{
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, on_begin, on_end);
    XML_SetCharacterDataHandler(r->parser, on_text);
    XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
    bool whole = XML_Parse(r->parser, bytes, (int)size, XML_TRUE) == XML_STATUS_OK;
    if (r->rc != SP_OK)
        return r->rc;
    if (!whole)
        return sp_fail(r->err, SP_E_INVALID, "the XML is not well formed: line %lu: %s",
                       (unsigned long)XML_GetCurrentLineNumber(r->parser),
                       XML_ErrorString(XML_GetErrorCode(r->parser)));
    return keep(r);
}

enum sp_rc
sp_dav_xml_read(const char *bytes, size_t size, struct sp_arena *arena, struct sp_dav_body *ret, struct sp_err *err)
{
    *ret = (struct sp_dav_body){ .holder = "" };
    if (size > (size_t)1 << 20)
        return sp_fail(err, SP_E_TOO_LARGE, "the XML is too long");
    struct reader r = { .parser = XML_ParserCreateNS(NULL, MARK), .arena = arena, .body = ret, .err = err };
    if (r.parser == NULL)
        return sp_fail(err, SP_E_NOMEM, "webdav: out of memory");
    enum sp_rc rc = parse(&r, bytes, size);
    XML_ParserFree(r.parser);
    sp_str_free(&r.holder);
    return rc;
}
