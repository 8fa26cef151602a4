/* dav_props.h - inside web/dav only: the properties a thing has, as XML. Pure. */
#ifndef SP_WEB_DAV_PROPS_H
#define SP_WEB_DAV_PROPS_H

#include <stddef.h>
#include <stdint.h>

#include "db/dav.h"
#include "web/dav/dav_xml.h"

struct sp_str;

#define SP_DAV_XML_TYPE "application/xml; charset=utf-8"
#define SP_DAV_XML_HEAD "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"

struct sp_dav_view {
    const struct sp_dav_row *row;
    const struct sp_dav_lock *locks; /* of the owner: those that cover it are its own */
    size_t n_locks;
    int64_t now;
    uint64_t room; /* bytes free, for a folder */
};

/* One <response> of a multistatus with what the body asks for. */
void sp_dav_add_response(struct sp_str *out, const struct sp_dav_view *view, const struct sp_dav_body *asked);
/* <lockdiscovery> */
void sp_dav_add_locks(struct sp_str *out, const struct sp_dav_view *view);
/* The empty element of a property, in its namespace. */
void sp_dav_add_prop_name(struct sp_str *out, const struct sp_dav_prop *prop);

#endif
