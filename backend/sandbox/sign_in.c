/* AUTH (RFC 4954) with LOGIN and XOAUTH2, the two that client submission offers, and only after TLS. */
#include "backend/sandbox/session.h"

#include <string.h>
#include <strings.h>

#include "backend/sandbox/app.h"
#include "backend/sandbox/seats.h"
#include "backend/sandbox/stats.h"
#include "backend/sandbox/words.h"
#include "base/auto.h"
#include "base/digest.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/text.h"

/* What a client sent, decoded; wiped and freed by its owner. */
static void
forget(struct sp_str *text)
{
    if (text->text != NULL)
        sp_wipe(text->text, text->len);
    sp_str_free(text);
}

static void
refuse(struct sp_box_session *s, const char *words)
{
    (void)sp_text_copy(s->refused_sign_in, sizeof(s->refused_sign_in), words);
    sp_box_say(s, words, NULL);
}

static bool
decode(struct sp_box_session *s, const char *text, struct sp_str *ret)
{
    if (strcmp(text, "*") == 0)
        sp_box_say_mistake(s, "501 5.0.0 Authentication cancelled {at}");
    else if (!sp_base64_decode(ret, text, strlen(text)))
        sp_box_say_mistake(s, "501 5.5.2 Cannot Base64-decode Client responses {at}");
    else
        return true;
    return false;
}

/* Asks, and decodes the answer. */
static bool
ask(struct sp_box_session *s, const char *challenge, struct sp_str *ret)
{
    sp_box_say(s, challenge, NULL);
    bool got = sp_box_next_line(s) && decode(s, s->line, ret);
    sp_wipe(s->line, sizeof(s->line));
    return got;
}

static bool
matches(const struct sp_secret *known, const char *bytes, size_t size)
{
    struct sp_secret *told = sp_secret_new(bytes, size);
    bool same = known != NULL && told != NULL && sp_secret_equal(known, told);
    sp_secret_free(&told);
    return same;
}

/* The last word, for both mechanisms. */
static void
decide(struct sp_box_session *s, const char *mechanism, const char *user, bool right, const char *wrong)
{
    const struct sp_box_smtp *server = s->server;
    const struct sp_box_moment moment = { .where = server->where,
                                          .stage = SP_BOX_AUTH,
                                          .by_token = strcmp(mechanism, "XOAUTH2") == 0 };
    const char *refusal = sp_box_refusal(server->scenarios, &moment);
    if (refusal != NULL || !right) {
        refuse(s, refusal != NULL ? refusal : wrong);
        return;
    }
    s->mechanism = mechanism;
    s->refused_sign_in[0] = '\0';
    (void)sp_text_copy(s->user, sizeof(s->user), user);
    sp_box_seats_take(server->seats, s->guest->number);
    s->seated = true;
    sp_box_stats_gauge(server->stats, SP_BOX_SIGNED_IN, true);
    sp_box_say(s, "235 2.7.0 Authentication successful", NULL);
}

static void
login(struct sp_box_session *s, const char *initial)
{
    struct sp_str user = { 0 }, password = { 0 };
    bool got = *initial != '\0' ? decode(s, initial, &user) : ask(s, "334 VXNlcm5hbWU6", &user);
    if (got && ask(s, "334 UGFzc3dvcmQ6", &password)) {
        const struct sp_box_account *account = s->server->account;
        bool right = strcasecmp(sp_str_text(&user), account->user) == 0;
        right = matches(account->password, sp_str_text(&password), password.len) && right;
        decide(s, "LOGIN", sp_str_text(&user), right,
               "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect. {at}");
    }
    forget(&user);
    forget(&password);
}

/* "user=" ADDRESS ^A "auth=Bearer " TOKEN ^A ^A; cuts the text there. */
static bool
bearer_parse(char *text, const char **ret_user, const char **ret_token)
{
    static const char user[] = "user=", bearer[] = "\001auth=Bearer ";
    char *middle = strstr(text, bearer);
    if (!sp_text_starts(text, user) || middle == NULL)
        return false;
    char *end = strchr(middle + 1, '\001');
    if (end == NULL || strcmp(end, "\001\001") != 0)
        return false;
    *middle = *end = '\0';
    *ret_user = text + strlen(user);
    *ret_token = middle + strlen(bearer);
    return true;
}

/* For this mailbox, and issued by our token endpoint for Exchange, unless it is the one that was given. */
static bool
token_good(const struct sp_box_session *s, const char *user, const char *token)
{
    const struct sp_box_smtp *server = s->server;
    if (strcasecmp(user, server->account->user) != 0)
        return false;
    if (matches(server->account->token, token, strlen(token)))
        return true;
    int64_t now_s = sp_box_now_ms(server->scenarios, SP_BOX_TOKEN) / 1000;
    return sp_box_app_check(server->app, token, SP_BOX_FOR_OUTLOOK, now_s) == SP_BOX_TOKEN_GOOD;
}

static void
xoauth2(struct sp_box_session *s, const char *initial)
{
    struct sp_str blob = { 0 };
    const char *user = "", *token = "";
    bool got = *initial != '\0' ? decode(s, initial, &blob) : ask(s, "334 ", &blob);
    if (got) {
        bool right = blob.text != NULL && bearer_parse(blob.text, &user, &token) && token_good(s, user, token);
        decide(s, "XOAUTH2", user, right, "535 5.7.3 Authentication unsuccessful {at}");
    }
    forget(&blob);
}

static const struct {
    const char *name;
    void (*run)(struct sp_box_session *s, const char *initial);
} mechanisms[] = {
    { "LOGIN", login },
    { "XOAUTH2", xoauth2 },
};

void
sp_box_auth(struct sp_box_session *s, const char *arguments)
{
    size_t len = strcspn(arguments, " ");
    SP_AUTO_FREE char *initial = strdup(arguments[len] == ' ' ? arguments + len + 1 : "");
    if (!sp_box_enter(s, SP_BOX_AUTH) || initial == NULL)
        return;
    if (s->mechanism != NULL) {
        sp_box_say_mistake(s, "503 5.5.2 Already authenticated {at}");
        return;
    }
    for (size_t i = 0; i < SP_LEN(mechanisms) && s->tls && s->server->where == SP_BOX_SUBMISSION; i++) {
        if (strlen(mechanisms[i].name) == len && strncasecmp(arguments, mechanisms[i].name, len) == 0) {
            mechanisms[i].run(s, initial);
            sp_wipe(initial, strlen(initial));
            return;
        }
    }
    sp_box_say_mistake(s, "504 5.7.4 Unrecognized authentication type {at}");
}
