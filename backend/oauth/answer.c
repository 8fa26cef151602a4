/* answer.c - see answer.h.
 *
 * Microsoft's error_description goes on for several lines, with a trace id and a time that its support asks for; it is
 * kept word for word. */
#include "backend/oauth/answer.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "backend/net/https.h"
#include "backend/oauth/token.h"
#include "base/auto.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/text.h"

enum { LIFE_MAX_S = 24 * 3600, LIFE_UNKNOWN_S = 300 };

static const char *
text_of(const json_t *answer, const char *key)
{
    const char *text = json_string_value(json_object_get(answer, key));
    return text != NULL ? text : "";
}

/* A number, or, from old endpoints, a number in quotes. */
static int64_t
life_of(const json_t *answer)
{
    const json_t *value = json_object_get(answer, "expires_in");
    int64_t seconds = json_integer_value(value);
    if (json_is_string(value) && !sp_parse_int(json_string_value(value), 0, INT64_MAX, &seconds))
        seconds = 0;
    return seconds <= 0 ? LIFE_UNKNOWN_S : seconds < LIFE_MAX_S ? seconds : LIFE_MAX_S;
}

/* Cleaned to one line of UTF-8. */
static void
set_words(struct sp_token_failure *failure, const char *before, const char *text, size_t size)
{
    SP_AUTO(sp_str_free) struct sp_str clean = { 0 };
    sp_str_add(&clean, before);
    sp_utf8_repair(&clean, text, size, true);
    (void)sp_text_format(failure->words, sizeof failure->words, "%s", sp_str_text(&clean));
}

/* Only the way we prove ourselves was refused: invalid_client, or one of Entra's numbers for it. */
static bool
is_about_proof(const json_t *answer)
{
    static const char *const numbers[] = {
        "AADSTS7000215", /* wrong secret */
        "AADSTS7000222", /* secret expired */
        "AADSTS700027",  /* certificate not registered, or expired, or the signature does not fit */
        "AADSTS50012",   /* wrong secret, formerly */
        "AADSTS50013",   /* assertion not valid */
        "AADSTS700030",  /* certificate's names are not allowed */
        "AADSTS1000502", /* certificate expired */
    };
    const char *words = text_of(answer, "error_description");
    for (size_t i = 0; i < SP_LEN(numbers); i++)
        if (strstr(words, numbers[i]) != NULL)
            return true;
    return strcmp(text_of(answer, "error"), "invalid_client") == 0;
}

static void
refuse(const struct sp_https_response *response, const json_t *answer, struct sp_token_failure *failure)
{
    const char *error = text_of(answer, "error"), *words = text_of(answer, "error_description");
    char before[80] = "";
    failure->trouble = SP_TROUBLE_REPLY;
    failure->code = response->status;
    if (words[0] == '\0') {
        set_words(failure, "", response->body != NULL ? response->body : "", response->body_size);
        return;
    }
    if (!sp_text_starts(words, "AADSTS") && error[0] != '\0')
        (void)sp_text_format(before, sizeof before, "%s: ", error);
    set_words(failure, before, words, strlen(words));
}

static bool
take_token(json_t *answer, struct sp_secret **ret)
{
    json_t *value = json_object_get(answer, "access_token");
    const char *text = json_string_value(value);
    if (text == NULL || text[0] == '\0')
        return false;
    *ret = sp_secret_new(text, json_string_length(value));
    sp_wipe((void *)(uintptr_t)text, json_string_length(value)); /* jansson's copy, which nobody needs again */
    return *ret != NULL;
}

bool
sp_token_answer(const struct sp_https_response *response, struct sp_secret **ret, int64_t *ret_seconds,
                struct sp_token_failure *failure, bool *ret_proof)
{
    json_t *answer = response->body != NULL ? json_loadb(response->body, response->body_size, 0, NULL) : NULL;
    bool good = response->status == 200;
    bool taken = good && take_token(answer, ret);
    *ret_seconds = taken ? life_of(answer) : 0;
    *ret_proof = !good && is_about_proof(answer);
    if (!taken && good) {
        failure->trouble = SP_TROUBLE_GARBAGE;
        failure->code = 0;
        set_words(failure, "the token endpoint answered without a token", "", 0);
    } else if (!taken) {
        refuse(response, answer, failure);
    }
    json_decref(answer);
    return taken;
}
