/* vocabulary.h - the words in which a failed delivery is told, everywhere: stages, troubles, classes, scopes. The names
 * are part of the outside contract (database, JSON, CLI), so they never change. Pure. */
#ifndef SP_DIAGNOSIS_VOCABULARY_H
#define SP_DIAGNOSIS_VOCABULARY_H

#include <stdbool.h>

enum sp_stage {
    SP_STAGE_NONE,
    SP_STAGE_DNS,
    SP_STAGE_CONNECT,
    SP_STAGE_BANNER,
    SP_STAGE_EHLO,
    SP_STAGE_STARTTLS,
    SP_STAGE_TLS,
    SP_STAGE_AUTH,
    SP_STAGE_MAIL,
    SP_STAGE_RCPT,
    SP_STAGE_DATA,
    SP_STAGE_MESSAGE, /* the body and the final dot, or the last BDAT */
    SP_STAGE_TOKEN,
    SP_STAGE_API,
};
const char *sp_stage_name(enum sp_stage stage); /* "dns" ... "api"; "" for none */
bool sp_stage_parse(const char *word, enum sp_stage *ret);

/* What happened where no reply tells it. */
enum sp_trouble {
    SP_TROUBLE_NONE,        /* nothing went wrong */
    SP_TROUBLE_REPLY,       /* the peer refused in words: code, enhanced, text */
    SP_TROUBLE_DNS,         /* no such name, no answer, or an endpoint that is not Microsoft's */
    SP_TROUBLE_REFUSED,     /* connection refused */
    SP_TROUBLE_UNREACHABLE, /* no route, network down */
    SP_TROUBLE_TIMEOUT,     /* the deadline of the stage passed */
    SP_TROUBLE_CLOSED,      /* the peer hung up */
    SP_TROUBLE_GARBAGE,     /* what came is not SMTP, or longer than any cap */
    SP_TROUBLE_NO_STARTTLS,
    SP_TROUBLE_HANDSHAKE,    /* TLS could not be agreed */
    SP_TROUBLE_CERTIFICATE,  /* not trusted, wrong name, expired */
    SP_TROUBLE_NO_MECHANISM, /* the way to sign in that we need is not offered */
    SP_TROUBLE_TOO_LARGE,    /* over the size the peer announced */
    SP_TROUBLE_LOCAL,        /* our own side: a document that cannot be read, a secret that is missing, memory */
};

enum sp_class {
    SP_CLASS_OK,
    SP_CLASS_IP_REPUTATION,
    SP_CLASS_DIRECT_SEND_REJECTED,
    SP_CLASS_NOT_ATTRIBUTED,
    SP_CLASS_AUTH_DISABLED,
    SP_CLASS_AUTH_FAILED,
    SP_CLASS_AUTH_REQUIRED,
    SP_CLASS_BASIC_AUTH_RETIRED,
    SP_CLASS_TLS,
    SP_CLASS_NETWORK,
    SP_CLASS_SENDER_DENIED,
    SP_CLASS_SENDER_AUTHENTICATION,
    SP_CLASS_RECIPIENT_UNKNOWN,
    SP_CLASS_RECIPIENT_REFUSED,
    SP_CLASS_QUOTA,
    SP_CLASS_TOO_LARGE,
    SP_CLASS_SPAM_CONTENT,
    SP_CLASS_RATE_LIMITED,
    SP_CLASS_BUSY,
    SP_CLASS_PROTOCOL,
    SP_CLASS_OTHER,
};
const char *sp_class_name(enum sp_class class_);
bool sp_class_parse(const char *word, enum sp_class *ret);

enum sp_scope { SP_SCOPE_NONE, SP_SCOPE_METHOD, SP_SCOPE_RECIPIENT, SP_SCOPE_MESSAGE, SP_SCOPE_LATER, SP_SCOPE_JOB };
const char *sp_scope_name(enum sp_scope scope); /* "none" "method" "recipient" "message" "later" "job" */
enum sp_scope sp_class_scope(enum sp_class class_);

#endif
