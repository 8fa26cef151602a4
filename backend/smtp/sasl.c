/* sasl.c - LOGIN and XOAUTH2, which is all that Microsoft 365 offers.
 *
 * Buffers that hold a secret are sized once, before it goes in: growing would leave a copy behind in freed memory. */
#include "backend/smtp/sasl.h"

#include <string.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/text.h"

static bool
login_offered(const struct sp_smtp_facts *facts)
{
    return facts->auth_login;
}

/* A server that overlooked the name sent along asks for it: "Username:", "User Name". */
static bool
asks_for_user(const char *challenge)
{
    SP_AUTO(sp_str_free) struct sp_str words = { 0 };
    return sp_base64_decode(&words, challenge, strlen(challenge)) && sp_text_starts_nocase(sp_str_text(&words), "user");
}

/* LOGIN has no standard (draft-murchison-sasl-login); the words of the challenges are free. The name went with AUTH, so
 * the first question is for the password, except where it plainly is not. */
static void
login_answer(const struct sp_sasl_asked *asked, struct sp_str *out)
{
    if (asked->step == 0 && asks_for_user(asked->challenge))
        sp_base64_add(out, asked->user, strlen(asked->user));
    else
        sp_base64_add(out, sp_secret_bytes(asked->secret), sp_secret_size(asked->secret));
}

static bool
xoauth2_offered(const struct sp_smtp_facts *facts)
{
    return facts->auth_xoauth2;
}

/* "user=" user ^A "auth=Bearer " token ^A ^A (Microsoft: "Authenticate an IMAP, POP or SMTP connection using OAuth").
 * A second challenge is an error report in JSON, which an empty line acknowledges; then comes the 535. */
static void
xoauth2_answer(const struct sp_sasl_asked *asked, struct sp_str *out)
{
    static const char head[] = "user=", middle[] = "\1auth=Bearer ", tail[] = "\1\1";
    if (asked->step > 0)
        return;
    size_t user = strlen(asked->user), token = sp_secret_size(asked->secret);
    size_t size = sizeof head - 1 + user + sizeof middle - 1 + token + sizeof tail - 1;
    struct sp_str plain = { 0 };
    if (sp_str_more(&plain, size) == NULL) {
        out->failed = true;
        return;
    }
    sp_str_cut(&plain, 0);
    sp_str_add(&plain, head);
    sp_str_add(&plain, asked->user);
    sp_str_add(&plain, middle);
    sp_str_add_n(&plain, sp_secret_bytes(asked->secret), token);
    sp_str_add(&plain, tail);
    sp_base64_add(out, plain.text, plain.len);
    sp_wipe(plain.text, plain.room);
    sp_str_free(&plain);
}

static const struct sp_sasl_mechanism mechanisms[] = {
    [SP_SASL_LOGIN] = { .name = "LOGIN", .offered = login_offered, .user_first = true, .answer = login_answer },
    /* Two steps although one would do: a token makes a line of 3 kB, and RFC 4954 section 4 allows 512 for AUTH. */
    [SP_SASL_XOAUTH2] = { .name = "XOAUTH2", .offered = xoauth2_offered, .answer = xoauth2_answer },
};

const struct sp_sasl_mechanism *
sp_sasl_mechanism(enum sp_sasl which)
{
    return &mechanisms[which];
}
