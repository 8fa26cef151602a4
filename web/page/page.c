/* page.c - the page's files, in the shape that the browser takes. */
#include "web/page/page.h"

#include <string.h>

#include "base/text.h"
#include "web/page/assets.h"
#include "web/page/coding.h"

enum { ETAG_ROOM = 64 };

/* Our own scripts and styles, no inline ones, no eval; pictures also from memory (previews); nothing may frame us. */
static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
                             "font-src 'self'; connect-src 'self'; worker-src 'self'; form-action 'none'; "
                             "base-uri 'none'; frame-ancestors 'none'";

/* The coding's name is part of the tag: the bytes differ (RFC 9110 section 8.8.3.3). */
static void
make_etag(char to[ETAG_ROOM], const struct sp_page_asset *asset, const char *coding)
{
    if (coding == NULL)
        (void)sp_text_copy(to, ETAG_ROOM, asset->etag);
    else
        (void)sp_text_format(to, ETAG_ROOM, "%.*s-%s\"", (int)strlen(asset->etag) - 1, asset->etag, coding);
}

static const struct sp_page_bytes *
choose(const struct sp_page_asset *asset, const char *accept, const char **ret_coding)
{
    if (asset->br.bytes != NULL && sp_coding_accepted(accept, "br")) {
        *ret_coding = "br";
        return &asset->br;
    }
    if (asset->gzip.bytes != NULL && sp_coding_accepted(accept, "gzip")) {
        *ret_coding = "gzip";
        return &asset->gzip;
    }
    *ret_coding = NULL;
    return &asset->plain;
}

static void
respond(const struct sp_page_asset *asset, const struct sp_request *req, struct sp_response *res)
{
    char etag[ETAG_ROOM];
    const char *coding = NULL;
    const struct sp_page_bytes *body = choose(asset, sp_request_header(req, "Accept-Encoding"), &coding);
    make_etag(etag, asset, coding);
    if (sp_etag_matches(sp_request_header(req, "If-None-Match"), etag))
        sp_respond_empty(res, 304);
    else
        sp_respond_static(res, 200, asset->type, body->bytes, body->size);
    if (coding != NULL && res->status == 200)
        sp_respond_header(res, "Content-Encoding", coding);
    sp_respond_header(res, "ETag", etag);
    sp_respond_header(res, "Vary", "Accept-Encoding");
    sp_respond_header(res, "Content-Security-Policy", policy);
    sp_respond_header(res, "Cross-Origin-Opener-Policy", "same-origin");
}

static void
page_index(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    (void)api;
    respond(&sp_page_assets[0], req, res);
    sp_respond_header(res, "Cache-Control", "no-cache");
}

static void
page_asset(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    (void)api;
    for (size_t i = 1; i < sp_page_n_assets; i++) {
        if (strcmp(sp_page_assets[i].path, req->path) != 0)
            continue;
        respond(&sp_page_assets[i], req, res);
        sp_respond_header(res, "Cache-Control", "public, max-age=31536000, immutable");
        return;
    }
    sp_respond_problem(res, 404, "not_found",
                       "there is no such file; the page may be older than scanpost: load it anew");
}

const struct sp_route sp_routes_page[] = {
    { "GET", "/", SP_MAY_ANYONE, page_index, NULL },
    { "GET", "/assets/*", SP_MAY_ANYONE, page_asset, NULL },
    { 0 },
};
