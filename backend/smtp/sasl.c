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

static void
login_first(const struct sp_sasl_asked *asked, struct sp_str *out)
{
    sp_base64_add(out, asked->user, strlen(asked->user));
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
 */
static void
xoauth2_first(const struct sp_sasl_asked *asked, struct sp_str *out)
{
    static const char head[] = "user=", middle[] = "\1auth=Bearer ", tail[] = "\1\1";
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

/* The first challenge is empty and asks for the token, also where the server overlooked one that came with AUTH.
 * Any other is an error report in JSON, which an empty line acknowledges; then comes the 535. */
static void
xoauth2_answer(const struct sp_sasl_asked *asked, struct sp_str *out)
{
    bool is_report = asked->step > 0 || (asked->initial && asked->challenge[0] != '\0');
    if (!is_report)
        xoauth2_first(asked, out);
}

static const struct sp_sasl_mechanism mechanisms[] = {
    [SP_SASL_LOGIN] = { .name = "LOGIN",
                        .offered = login_offered,
                        .first = login_first,
                        .first_shown = "user name",
                        .answer = login_answer },
    /* Mostly in two steps: Entra's tokens make a line of 3 kB, and a command with AUTH has at most 512 octets. */
    [SP_SASL_XOAUTH2] = { .name = "XOAUTH2",
                          .offered = xoauth2_offered,
                          .first = xoauth2_first,
                          .first_shown = "secret",
                          .answer = xoauth2_answer },
};

const struct sp_sasl_mechanism *
sp_sasl_mechanism(enum sp_sasl which)
{
    return &mechanisms[which];
}
