/* body.h - the octets of a message on their way out: in one chunk (BDAT, RFC 3030) or as DATA with dots stuffed.
 *
 * A chunk is the whole message: its size is known, a server may refuse in the middle of it as well as between two, and
 * each further chunk would cost an answer. */
#ifndef SP_SMTP_BODY_H
#define SP_SMTP_BODY_H

#include <stdbool.h>

#include "backend/smtp/session_inside.h"

enum sp_body_end {
    SP_BODY_SENT, /* to the last octet */
    SP_BODY_CUT,  /* the server spoke, or the connection broke, before it was whole: hear what it says, then leave */
    SP_BODY_OURS, /* the message cannot be read, or may not go on: err tells; the server must never see its end */
};

/* For messages of at most SP_SMTP_BLOCK_SIZE: reads it whole into smtp->block, so that nothing can go wrong on our side
 * once the first command is said. */
enum sp_rc sp_body_load(struct sp_smtp *smtp, const struct sp_smtp_body *body, bool binary, struct sp_err *err);
/* "BDAT n LAST" and the loaded message. Anything may still wait to be answered. */
enum sp_body_end sp_body_send_loaded(struct sp_smtp *smtp, const struct sp_smtp_body *body, uint64_t size,
                                     struct sp_err *err);
/* The same, read while it is sent. in_flight: commands before it are not answered yet, so what the server says
 * meanwhile is about them, and it is not listened to. */
enum sp_body_end sp_body_send_chunk(struct sp_smtp *smtp, const struct sp_smtp_body *body, bool binary, bool in_flight,
                                    struct sp_err *err);
/* The message after a 354, and the final dot. */
enum sp_body_end sp_body_send_dotted(struct sp_smtp *smtp, const struct sp_smtp_body *body, struct sp_err *err);

#endif
