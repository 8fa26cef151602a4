/* dav_put.h - inside web/dav only: PUT, streamed to where it will stay. */
#ifndef SP_WEB_DAV_PUT_H
#define SP_WEB_DAV_PUT_H

struct sp_receiver;

extern const struct sp_receiver sp_dav_put_receiver;

#endif
