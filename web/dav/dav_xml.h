/* dav_xml.h - the XML bodies that clients send: propfind, propertyupdate, lockinfo (RFC 4918 section 14). Parsed by
 * expat, and bounded: no document type (so no entities either), 16 levels, 64 properties, names of 256 bytes. Pure. */
#ifndef SP_WEB_DAV_XML_H
#define SP_WEB_DAV_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct sp_arena;

enum { SP_DAV_DEPTH_MAX = 16, SP_DAV_PROPS_MAX = 64, SP_DAV_NAME_MAX = 256, SP_DAV_HOLDER_MAX = 256 };

enum sp_dav_body_kind { SP_DAV_PROPFIND, SP_DAV_PROPERTYUPDATE, SP_DAV_LOCKINFO };

struct sp_dav_prop {
    const char *space, *name; /* "DAV:", "getetag"; space "" : none */
};

struct sp_dav_body {
    enum sp_dav_body_kind kind;
    bool names_only;           /* propfind: propname */
    bool all;                  /* propfind: allprop; the properties are those of `include` */
    struct sp_dav_prop *props; /* that are asked for, set or removed, in order */
    size_t n_props;
    bool exclusive, shared, write; /* lockinfo */
    const char *holder;            /* lockinfo: text of the owner, or of the href in it; "" */
    bool holder_is_link;
};

/* Texts live in the arena. SP_E_INVALID: not well formed, with a document type, or none of the three; SP_E_TOO_LARGE:
 * over a bound; SP_E_NOMEM. */
enum sp_rc sp_dav_xml_read(const char *bytes, size_t size, struct sp_arena *arena, struct sp_dav_body *ret,
                           struct sp_err *err);

#endif
