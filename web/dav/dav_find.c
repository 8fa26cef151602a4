/* dav_find.c - PROPFIND, and PROPPATCH as far as it goes. Windows sets times and attributes of its own after each
 * upload and calls the upload failed when it may not: they are agreed to, and not kept. */
#include "web/dav/dav_methods.h"

#include <string.h>

#include "base/auto.h"
#include "base/settings.h"
#include "base/str.h"
#include "db/spool.h"
#include "web/dav/dav_call.h"
#include "web/dav/dav_props.h"
#include "web/dav/dav_text.h"
#include "web/dav/dav_xml.h"

static const char multistatus[] = SP_DAV_XML_HEAD "<D:multistatus xmlns:D=\"DAV:\">\n";

static bool
read_body(struct sp_dav_call *call, enum sp_dav_body_kind kind, struct sp_dav_body *ret)
{
    struct sp_err err = { 0 };
    const struct sp_request *req = call->req;
    enum sp_rc rc = sp_dav_xml_read(req->body, req->body_size, req->arena, ret, &err);
    if (rc == SP_OK && ret->kind != kind)
        rc = sp_fail(&err, SP_E_INVALID, "the XML is for another method");
    if (rc != SP_OK)
        sp_dav_respond(call, &err);
    return rc == SP_OK;
}

static void
end_multistatus(struct sp_dav_call *call, struct sp_str *out)
{
    sp_str_add(out, "</D:multistatus>\n");
    sp_respond_text_steal(call->res, 207, SP_DAV_XML_TYPE, out->failed ? NULL : sp_str_steal(out));
}

/* ---- PROPFIND ---- */

static void
add_view(struct sp_str *out, struct sp_dav_call *call, const struct sp_dav_row *row, const struct sp_dav_body *asked)
{
    uint64_t room = 0;
    uint64_t reserve = call->api->settings->gateway.reserve;
    if (row->kind == SP_DAV_FOLDER && asked->n_props > 0)
        (void)sp_spool_room(call->api->spool, &room, NULL);
    const struct sp_dav_view view = {
        .row = row,
        .locks = call->locks,
        .n_locks = call->n_locks,
        .now = call->now,
        .room = room > reserve ? room - reserve : 0,
    };
    sp_dav_add_response(out, &view, asked);
}

/* What is in /dav: the route that the token is for, or all of them. */
static void
add_routes(struct sp_str *out, struct sp_dav_call *call, const struct sp_dav_body *asked)
{
    const struct sp_settings *settings = call->api->settings;
    const struct sp_token_row *token = call->req->caller.token;
    for (size_t i = 0; i < settings->n_routes; i++) {
        const char *name = settings->routes[i].name;
        if (token != NULL && token->route[0] != '\0' && strcmp(token->route, name) != 0)
            continue;
        const struct sp_dav_row row = { .path = name, .kind = SP_DAV_FOLDER, .modified = call->now };
        add_view(out, call, &row, asked);
    }
}

static enum sp_rc
add_members(struct sp_str *out, struct sp_dav_call *call, const struct sp_dav_body *asked, struct sp_err *err)
{
    struct sp_dav_row *rows = NULL;
    size_t count = 0;
    enum sp_rc rc = sp_dav_list(call->req->db, call->owner, call->place.path, call->now, SP_DAV_LIST_MAX,
                                call->req->arena, &rows, &count, err);
    for (size_t i = 0; rc == SP_OK && i < count; i++)
        add_view(out, call, &rows[i], asked);
    return rc;
}

static bool
read_depth(struct sp_dav_call *call, bool *ret_members)
{
    const char *depth = sp_request_header(call->req, "Depth");
    *ret_members = depth != NULL && strcmp(depth, "1") == 0;
    if (*ret_members || (depth != NULL && strcmp(depth, "0") == 0))
        return true;
    static const char text[] =
        SP_DAV_XML_HEAD "<D:error xmlns:D=\"DAV:\"><D:propfind-finite-depth/></D:error>\n"; /* RFC 4918 section 9.1 */
    sp_respond_text_steal(call->res, 403, SP_DAV_XML_TYPE, strdup(text));
    return false;
}

void
sp_dav_propfind(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    struct sp_dav_call call;
    struct sp_dav_body asked = { .all = true };
    struct sp_err err = { 0 };
    bool members = false;
    if (!sp_dav_call_begin(&call, api, req, res) || (req->body_size > 0 && !read_body(&call, SP_DAV_PROPFIND, &asked)))
        return;
    if (!call.place.exists) {
        sp_respond_problem(res, 404, "not_found", "there is nothing of that name");
        return;
    }
    if (!read_depth(&call, &members))
        return;
    enum sp_rc rc = SP_OK;
    sp_str_add(&out, multistatus);
    add_view(&out, &call, &call.place.row, &asked);
    if (members && call.place.parts == 0)
        add_routes(&out, &call, &asked);
    else if (members && call.place.row.kind == SP_DAV_FOLDER)
        rc = add_members(&out, &call, &asked, &err);
    if (rc == SP_OK)
        end_multistatus(&call, &out);
    else
        sp_dav_respond(&call, &err);
}

/* ---- PROPPATCH ---- */

static bool
is_agreed_to(const struct sp_dav_prop *prop)
{
    return strcmp(prop->space, "urn:schemas-microsoft-com:") == 0;
}

/* All or nothing (RFC 4918 section 9.2): beside one that is refused the others fail for its sake. */
static const char *
status_of(const struct sp_dav_prop *prop, bool all)
{
    if (!is_agreed_to(prop))
        return "403 Forbidden";
    return all ? "200 OK" : "424 Failed Dependency";
}

static void
add_changes(struct sp_str *out, const struct sp_dav_place *place, const struct sp_dav_body *changes)
{
    bool all = true;
    for (size_t i = 0; i < changes->n_props; i++)
        all = all && is_agreed_to(&changes->props[i]);
    sp_str_add(out, "<D:response><D:href>");
    sp_dav_add_href(out, place->path, place->row.kind == SP_DAV_FOLDER);
    sp_str_add(out, "</D:href>");
    for (size_t i = 0; i < changes->n_props; i++) {
        sp_str_add(out, "<D:propstat><D:prop>");
        sp_dav_add_prop_name(out, &changes->props[i]);
        sp_str_addf(out, "</D:prop><D:status>HTTP/1.1 %s</D:status></D:propstat>", status_of(&changes->props[i], all));
    }
    sp_str_add(out, "</D:response>\n");
}

void
sp_dav_proppatch(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    struct sp_dav_call call;
    struct sp_dav_body changes;
    if (!sp_dav_call_begin(&call, api, req, res))
        return;
    if (!call.place.exists) {
        sp_respond_problem(res, 404, "not_found", "there is nothing of that name");
        return;
    }
    if (!read_body(&call, SP_DAV_PROPERTYUPDATE, &changes) || !sp_dav_may_change(&call, &call.place))
        return;
    sp_str_add(&out, multistatus);
    add_changes(&out, &call.place, &changes);
    end_multistatus(&call, &out);
}
