/* session.h - one conversation, as the files of the SMTP server share it: smtp.c reads commands, sign_in.c does AUTH,
 * content.c takes messages. */
#ifndef SP_SANDBOX_SESSION_H
#define SP_SANDBOX_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/sandbox/peer.h"
#include "backend/sandbox/smtp.h"
#include "base/address.h"

enum {
    SP_BOX_RCPTS_MAX = 500, /* Exchange Online's default for a message */
    SP_BOX_SESSION_ID = 17, /* "08DE6C12E206EF5D" */
    SP_BOX_HELO_MAX = 256,
    SP_BOX_TEXT_MAX = 1024,
};

struct sp_box_message;

/* How the tenant's MX knows a client as one of the tenant's own (Exchange: an inbound connector). */
enum sp_box_connector { SP_BOX_NO_CONNECTOR_FITS, SP_BOX_BY_CERTIFICATE, SP_BOX_BY_ADDRESS };

struct sp_box_session {
    struct sp_box_smtp *server;
    enum sp_box_where where; /* the server's, or RELAY once a connector fits */
    enum sp_box_connector connector;
    struct sp_box_peer *peer;
    const struct sp_box_guest *guest;
    char id[SP_BOX_SESSION_ID];
    bool ended;    /* no more is read */
    bool politely; /* and TLS says so */
    unsigned errors;

    char helo[SP_BOX_HELO_MAX]; /* "": not greeted */
    bool tls;
    const char *mechanism; /* NULL: not signed in */
    bool seated;           /* counted among the mailbox's connections */
    bool counted;          /* among the server's */
    char user[SP_ADDRESS_MAX + 1];
    char refused_sign_in[SP_BOX_TEXT_MAX]; /* what the last AUTH was told; "" when nothing */

    bool has_sender; /* MAIL was said, perhaps with the empty path */
    bool reserved;   /* one message of the mailbox's rate */
    char sender[SP_ADDRESS_MAX + 1];
    const char *body; /* "7BIT" "8BITMIME" "BINARYMIME" */
    char **rcpts;
    size_t n_rcpts;
    struct sp_box_message *message; /* between BDATs */
    uint64_t received;              /* octets of it, stored or not */
    int64_t receiving_since;

    char line[SP_BOX_LINE_MAX];
};

/* Answers with a template (words.h), logs refusals, and ends the conversation after a 421. */
void sp_box_say(struct sp_box_session *s, const char *words, const char *address);
/* Answers, and counts a mistake of the client: five end the conversation. */
void sp_box_say_mistake(struct sp_box_session *s, const char *words);
/* Whether the command may go on at this stage; false when a scenario spoiled it (refused, hung, dropped, garbage): then
 * all that is to be said was said. */
bool sp_box_may(struct sp_box_session *s, enum sp_box_stage stage, const char *address);
/* The part of sp_box_may before any refusal: whether the stage is reached at all. */
bool sp_box_enter(struct sp_box_session *s, enum sp_box_stage stage);
/* Looks which connector fits, if any. */
void sp_box_attribute(struct sp_box_session *s);
/* Forgets the transaction. */
void sp_box_reset(struct sp_box_session *s);
/* Hangs up without a word. */
void sp_box_drop(struct sp_box_session *s, const char *why);
/* Reads the next line into s->line; false: there is none, or it is too long (then the conversation has ended). */
bool sp_box_next_line(struct sp_box_session *s);

/* Commands. */
void sp_box_auth(struct sp_box_session *s, const char *arguments);
void sp_box_data(struct sp_box_session *s, const char *arguments);
void sp_box_bdat(struct sp_box_session *s, const char *arguments);

#endif
