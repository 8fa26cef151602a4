/* multipart.h - multipart/form-data (RFC 7578) as it streams by. Bounded: a part's headers 8 KiB, and nothing else is
 * kept; the data of a part is handed on in the pieces in which it comes. Pure. */
#ifndef SP_WEB_HTTP_MULTIPART_H
#define SP_WEB_HTTP_MULTIPART_H

#include <stddef.h>

#include "base/err.h"

struct sp_multipart;

enum { SP_BOUNDARY_MAX = 70, SP_PART_HEADERS_MAX = 8192 };

struct sp_part {
    const char *name;      /* of the field */
    const char *file_name; /* NULL: a plain field; else as the client wrote it, any bytes but NUL */
};

/* Any of them may refuse; its result then ends the parsing. data comes zero or more times between begin and end. */
struct sp_multipart_ops {
    enum sp_rc (*begin)(void *context, const struct sp_part *part, struct sp_err *err);
    enum sp_rc (*data)(void *context, const void *bytes, size_t size, struct sp_err *err);
    enum sp_rc (*end)(void *context, struct sp_err *err);
};

/* content_type: the header's value, may be NULL. SP_E_TYPE: not multipart/form-data; SP_E_INVALID: no usable boundary;
 * SP_E_NOMEM. */
enum sp_rc sp_multipart_new(const char *content_type, const struct sp_multipart_ops *ops, void *context,
                            struct sp_multipart **ret, struct sp_err *err);
void sp_multipart_free(struct sp_multipart **form); /* accepts NULL; leaves NULL */
/* SP_E_INVALID: not well formed; or what an op said. After a failure only free. */
enum sp_rc sp_multipart_add(struct sp_multipart *form, const void *bytes, size_t size, struct sp_err *err);
/* The body has ended. SP_E_INVALID: in the middle of the form. */
enum sp_rc sp_multipart_end(const struct sp_multipart *form, struct sp_err *err);

#endif
