/* dav_props.c - a table of the properties there are (RFC 4918 section 15, RFC 4331), and how each is written. */
#include "web/dav/dav_props.h"

#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"
#include "web/dav/dav_call.h"
#include "web/dav/dav_text.h"

static bool
is_folder(const struct sp_dav_view *view)
{
    return view->row->kind == SP_DAV_FOLDER;
}

static bool
is_file(const struct sp_dav_view *view)
{
    return !is_folder(view);
}

static bool
is_made(const struct sp_dav_view *view)
{
    return view->row->created > 0;
}

static bool
always(const struct sp_dav_view *view)
{
    (void)view;
    return true;
}

static void
add_kind(struct sp_str *out, const struct sp_dav_view *view)
{
    if (is_folder(view))
        sp_str_add(out, "<D:collection/>");
}

static void
add_name(struct sp_str *out, const struct sp_dav_view *view)
{
    const char *slash = strrchr(view->row->path, '/');
    sp_dav_add_text(out, slash == NULL ? view->row->path : slash + 1);
}

static void
add_length(struct sp_str *out, const struct sp_dav_view *view)
{
    sp_str_addf(out, "%" PRIu64, view->row->size);
}

static void
add_type(struct sp_str *out, const struct sp_dav_view *view)
{
    sp_dav_add_text(out, view->row->type);
}

static void
add_etag(struct sp_str *out, const struct sp_dav_view *view)
{
    sp_str_addf(out, "\"%.32s\"", view->row->sha256);
}

static void
add_modified(struct sp_str *out, const struct sp_dav_view *view)
{
    char date[SP_HTTP_DATE_SIZE];
    sp_http_date(view->row->modified, date);
    sp_str_add(out, date);
}

static void
add_created(struct sp_str *out, const struct sp_dav_view *view)
{
    char date[SP_ISO_TIME_SIZE];
    sp_time_iso(view->row->created, date);
    sp_str_add(out, date);
}

static void
add_lock_kinds(struct sp_str *out, const struct sp_dav_view *view)
{
    static const char *const kinds[] = { "exclusive", "shared" };
    (void)view;
    for (size_t i = 0; i < SP_LEN(kinds); i++)
        sp_str_addf(out,
                    "<D:lockentry><D:lockscope><D:%s/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>",
                    kinds[i]);
}

static void
add_lock(struct sp_str *out, const struct sp_dav_lock *lock, int64_t now)
{
    sp_str_addf(out,
                "<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:%s/></D:lockscope>"
                "<D:depth>%s</D:depth><D:owner>%s",
                lock->shared ? "shared" : "exclusive", lock->deep ? "infinity" : "0",
                lock->holder_is_link ? "<D:href>" : "");
    sp_dav_add_text(out, lock->holder);
    sp_str_addf(out, "%s</D:owner><D:timeout>Second-%" PRId64 "</D:timeout><D:locktoken><D:href>",
                lock->holder_is_link ? "</D:href>" : "", (lock->expires - now) / 1000);
    sp_dav_add_text(out, lock->token);
    sp_str_add(out, "</D:href></D:locktoken><D:lockroot><D:href>");
    sp_dav_add_href(out, lock->path, false);
    sp_str_add(out, "</D:href></D:lockroot></D:activelock>");
}

static void
add_active_locks(struct sp_str *out, const struct sp_dav_view *view)
{
    for (size_t i = 0; i < view->n_locks; i++)
        if (sp_dav_lock_covers(&view->locks[i], view->row->path))
            add_lock(out, &view->locks[i], view->now);
}

static void
add_room(struct sp_str *out, const struct sp_dav_view *view)
{
    sp_str_addf(out, "%" PRIu64, view->room);
}

static const struct property {
    const char *name;
    bool (*has)(const struct sp_dav_view *view);
    void (*add)(struct sp_str *out, const struct sp_dav_view *view);
    bool only_asked; /* not part of allprop */
} properties[] = {
    { "resourcetype", always, add_kind, false },
    { "displayname", always, add_name, false },
    { "getcontentlength", is_file, add_length, false },
    { "getcontenttype", is_file, add_type, false },
    { "getetag", is_file, add_etag, false },
    { "getlastmodified", always, add_modified, false },
    { "creationdate", is_made, add_created, false },
    { "supportedlock", always, add_lock_kinds, false },
    { "lockdiscovery", always, add_active_locks, false },
    { "quota-available-bytes", is_folder, add_room, true },
};

static void
add_property(struct sp_str *out, const struct property *property, const struct sp_dav_view *view)
{
    sp_str_addf(out, "<D:%s>", property->name);
    property->add(out, view);
    sp_str_addf(out, "</D:%s>", property->name);
}

void
sp_dav_add_locks(struct sp_str *out, const struct sp_dav_view *view)
{
    static const struct property locks = { "lockdiscovery", always, add_active_locks, false };
    add_property(out, &locks, view);
}

void
sp_dav_add_prop_name(struct sp_str *out, const struct sp_dav_prop *prop)
{
    if (strcmp(prop->space, "DAV:") == 0) {
        sp_str_addf(out, "<D:%s/>", prop->name); /* expat has seen that it is a name */
        return;
    }
    bool none = prop->space[0] == '\0';
    sp_str_addf(out, none ? "<%s xmlns=\"" : "<p:%s xmlns:p=\"", prop->name);
    sp_dav_add_text(out, prop->space);
    sp_str_add(out, "\"/>");
}

/* NULL: it has no such property. */
static const struct property *
property_of(const struct sp_dav_prop *prop, const struct sp_dav_view *view)
{
    for (size_t i = 0; i < SP_LEN(properties) && strcmp(prop->space, "DAV:") == 0; i++)
        if (strcmp(properties[i].name, prop->name) == 0)
            return properties[i].has(view) ? &properties[i] : NULL;
    return NULL;
}

static void
add_all(struct sp_str *out, const struct sp_dav_view *view, bool names_only)
{
    for (size_t i = 0; i < SP_LEN(properties); i++) {
        if (!properties[i].has(view) || (properties[i].only_asked && !names_only))
            continue;
        if (names_only)
            sp_str_addf(out, "<D:%s/>", properties[i].name);
        else
            add_property(out, &properties[i], view);
    }
}

/* Those it has when `has` is true, else the names of those it has not. */
static void
add_asked(struct sp_str *out, const struct sp_dav_view *view, const struct sp_dav_body *asked, bool has)
{
    for (size_t i = 0; i < asked->n_props; i++) {
        const struct property *property = property_of(&asked->props[i], view);
        if (has && property != NULL && (!asked->all || property->only_asked))
            add_property(out, property, view);
        else if (!has && property == NULL)
            sp_dav_add_prop_name(out, &asked->props[i]);
    }
}

static bool
lacks_some(const struct sp_dav_view *view, const struct sp_dav_body *asked)
{
    for (size_t i = 0; i < asked->n_props; i++)
        if (property_of(&asked->props[i], view) == NULL)
            return true;
    return false;
}

void
sp_dav_add_response(struct sp_str *out, const struct sp_dav_view *view, const struct sp_dav_body *asked)
{
    sp_str_add(out, "<D:response><D:href>");
    sp_dav_add_href(out, view->row->path, is_folder(view));
    sp_str_add(out, "</D:href><D:propstat><D:prop>");
    if (asked->all || asked->names_only)
        add_all(out, view, asked->names_only);
    if (!asked->names_only)
        add_asked(out, view, asked, true);
    sp_str_add(out, "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>");
    if (!asked->names_only && !asked->all && lacks_some(view, asked)) {
        sp_str_add(out, "<D:propstat><D:prop>");
        add_asked(out, view, asked, false);
        sp_str_add(out, "</D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>");
    }
    sp_str_add(out, "</D:response>\n");
}
