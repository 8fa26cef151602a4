/* openapi.c - GET /api/v1/openapi.json: web/api/openapi.json, word for word, taken in by the assembler. A test holds it
 * against the tables of routes, in both directions. */
#include "web/api/tables.h"

__asm__(".pushsection .rodata\n"
        ".globl sp_openapi_text\n.hidden sp_openapi_text\nsp_openapi_text:\n"
        ".incbin \"" SP_OPENAPI_FILE "\"\n"
        "0:\n.balign 8\n"
        ".globl sp_openapi_size\n.hidden sp_openapi_size\nsp_openapi_size:\n"
        ".quad 0b - sp_openapi_text\n"
        ".popsection");
extern const char sp_openapi_text[];
extern const uint64_t sp_openapi_size;

static void
openapi(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    (void)api;
    (void)req;
    sp_respond_static(res, 200, "application/json", sp_openapi_text, sp_openapi_size);
}

const struct sp_route sp_routes_openapi[] = {
    { "GET", "/api/v1/openapi.json", SP_MAY_READ, openapi, NULL },
    { 0 },
};
