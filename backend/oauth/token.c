/* token.c - the token that everybody shares, and the one thread that fetches it; see token.h.
 *
 * The lock is never held while the endpoint is asked. `fetching` says that somebody does; whoever needs a token then
 * takes the old one while it lasts, or waits for what comes of it. */
#include "backend/oauth/token.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "backend/net/https.h"
#include "backend/net/transcript.h"
#include "backend/oauth/answer.h"
#include "backend/oauth/proof.h"
#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/text.h"

enum {
    STILL_GOOD_MS = 20 * 1000, /* a token with so much left may be used when no better one is to be had */
    TRY_AGAIN_MS = 30 * 1000,  /* renewing failed while the old one is good: not before this */
    FORM_SIZE = 8 * 1024,
};

enum { NOW, NEXT, PROOFS };

struct sp_token {
    struct sp_arena *arena; /* owns the texts */
    const char *name, *url, *client_id, *scope;
    struct sp_https *https;
    const struct sp_clock *clock;
    const struct sp_log *log;
    struct sp_proof *proof[PROOFS]; /* NULL: there is none, or it cannot be read */
    bool has[PROOFS];
    struct sp_err unready[PROOFS]; /* why it cannot be read */
    pthread_mutex_t lock;          /* for what follows */
    pthread_cond_t fetched;
    bool fetching;
    unsigned flights;                /* fetches that have ended */
    struct sp_secret *token;         /* NULL: none */
    int64_t life, until;             /* of it, ms; its end, monotonic */
    int64_t renew_not_before;        /* monotonic */
    struct sp_token_failure failure; /* of the last fetch */
    bool failed;
    int first; /* the proof that is tried first */
    enum sp_token_by by;
};

/* --- making --- */

static bool
is_there(const struct sp_token_proof *files)
{
    return files->secret_file[0] != '\0' || files->certificate[0] != '\0';
}

static void
load_proof(struct sp_token *token, int which, const struct sp_token_proof *files)
{
    token->has[which] = which == NOW || is_there(files);
    if (!token->has[which])
        return;
    if (!is_there(files))
        sp_fail(&token->unready[which], SP_E_INVALID, "oauth: neither a secret nor a certificate is configured");
    else if (sp_proof_load(files, &token->proof[which], &token->unready[which]) != SP_OK)
        sp_warn(token->log, "method %s: %s", token->name, token->unready[which].text);
}

enum sp_rc
sp_token_new(const struct sp_token_options *options, struct sp_token **ret, struct sp_err *err)
{
    struct sp_token *token = calloc(1, sizeof *token);
    struct sp_arena *arena = sp_arena_new();
    if (token == NULL || arena == NULL) {
        sp_arena_free(&arena);
        free(token);
        return sp_fail(err, SP_E_NOMEM, "oauth: out of memory");
    }
    token->arena = arena;
    token->name = sp_arena_text(arena, options->name);
    token->url = sp_arena_text(arena, options->url);
    token->client_id = sp_arena_text(arena, options->client_id);
    token->scope = sp_arena_text(arena, options->scope);
    token->https = options->https;
    token->clock = options->clock;
    token->log = options->log;
    pthread_mutex_init(&token->lock, NULL);
    pthread_cond_init(&token->fetched, NULL);
    if (token->name == NULL || token->url == NULL || token->client_id == NULL || token->scope == NULL) {
        sp_token_free(&token);
        return sp_fail(err, SP_E_NOMEM, "oauth: out of memory");
    }
    load_proof(token, NOW, &options->now);
    load_proof(token, NEXT, &options->next);
    *ret = token;
    return SP_OK;
}

void
sp_token_free(struct sp_token **token)
{
    struct sp_token *t = *token;
    *token = NULL;
    if (t == NULL)
        return;
    sp_proof_free(&t->proof[NOW]);
    sp_proof_free(&t->proof[NEXT]);
    sp_secret_free(&t->token);
    pthread_cond_destroy(&t->fetched);
    pthread_mutex_destroy(&t->lock);
    sp_arena_free(&t->arena);
    free(t);
}

/* --- asking the endpoint; without the lock --- */

struct fetched {
    struct sp_secret *token; /* NULL: failure tells */
    int64_t seconds;
    struct sp_token_failure failure;
    int by;
};

static void
lost(struct sp_token_failure *failure, const char *words)
{
    *failure = (struct sp_token_failure){ .stage = SP_STAGE_TOKEN, .trouble = SP_TROUBLE_LOCAL, .retry_after = -1 };
    (void)sp_text_copy(failure->words, sizeof failure->words, words);
}

static bool
fail_locally(struct sp_token_failure *failure, struct sp_transcript *transcript, const struct sp_err *err)
{
    sp_transcript_note(transcript, "%s", err->text);
    failure->trouble = SP_TROUBLE_LOCAL;
    (void)sp_text_copy(failure->words, sizeof failure->words, err->text);
    return false;
}

static void
wipe_form(struct sp_str *form)
{
    if (form->text != NULL)
        sp_wipe(form->text, form->len);
    sp_str_free(form);
}

static enum sp_rc
make_form(const struct sp_token *token, const struct sp_proof *proof, struct sp_str *form, struct sp_err *err)
{
    sp_str_more(form, FORM_SIZE); /* at once: growing would leave copies of a secret behind */
    sp_str_cut(form, 0);
    sp_str_add(form, "grant_type=client_credentials&client_id=");
    sp_form_escape(form, token->client_id, strlen(token->client_id));
    sp_str_add(form, "&scope=");
    sp_form_escape(form, token->scope, strlen(token->scope));
    return sp_proof_add(proof, token->client_id, token->url, sp_wall_ms(token->clock), form, err);
}

static bool
post(const struct sp_token *token, const struct sp_str *form, struct fetched *ret, bool *ret_proof)
{
    static const char *const headers[] = { "Content-Type: application/x-www-form-urlencoded",
                                           "Accept: application/json" };
    const struct sp_https_request request = {
        .method = "POST",
        .url = token->url,
        .headers = headers,
        .n_headers = SP_LEN(headers),
        .body = form->text,
        .body_size = form->len,
    };
    struct sp_https_response response = { 0 };
    struct sp_err err = { 0 };
    enum sp_trouble trouble = sp_https_call(token->https, &request, &response, &err);
    ret->failure.retry_after = response.retry_after;
    ret->failure.date_ms = response.date_ms;
    bool fine =
        trouble == SP_TROUBLE_NONE && sp_token_answer(&response, &ret->token, &ret->seconds, &ret->failure, ret_proof);
    if (trouble != SP_TROUBLE_NONE) {
        ret->failure.trouble = trouble;
        (void)sp_text_format(ret->failure.words, sizeof ret->failure.words, "the token endpoint cannot be asked: %s",
                             err.text);
    }
    sp_https_response_free(&response);
    return fine;
}

/* Never what came with a token. */
static void
transcribe(struct sp_transcript *transcript, const struct fetched *fetched)
{
    char answer[SP_TRANSCRIPT_LINE];
    if (fetched->token != NULL)
        (void)sp_text_format(answer, sizeof answer, "200 a token for %lld s", (long long)fetched->seconds);
    else if (fetched->failure.code != 0)
        (void)sp_text_format(answer, sizeof answer, "%d %s", fetched->failure.code, fetched->failure.words);
    if (fetched->token != NULL || fetched->failure.code != 0)
        sp_transcript_peer(transcript, answer);
    else
        sp_transcript_note(transcript, "%s", fetched->failure.words);
}

/* *ret_proof: another proof may pass. */
static bool
fetch_by(const struct sp_token *token, int which, struct sp_transcript *transcript, struct fetched *ret,
         bool *ret_proof)
{
    SP_AUTO(wipe_form) struct sp_str form = { 0 };
    struct sp_err err = { 0 };
    *ret = (struct fetched){ .by = which, .failure = { .stage = SP_STAGE_TOKEN, .retry_after = -1 } };
    *ret_proof = true;
    if (token->proof[which] == NULL)
        return fail_locally(&ret->failure, transcript, &token->unready[which]);
    if (make_form(token, token->proof[which], &form, &err) != SP_OK)
        return fail_locally(&ret->failure, transcript, &err);
    *ret_proof = false;
    sp_transcript_us(transcript, "POST %s (client %s, scope %s, by the %s%s)", token->url, token->client_id,
                     token->scope, which == NEXT ? "next " : "", sp_proof_name(token->proof[which]));
    bool fine = post(token, &form, ret, ret_proof);
    if (!fine)
        sp_proof_blot(token->proof[which], ret->failure.words);
    transcribe(transcript, ret);
    return fine;
}

static void
fetch(const struct sp_token *token, int first, struct sp_transcript *transcript, struct fetched *ret)
{
    struct fetched other;
    bool proof = false;
    int second = first == NOW ? NEXT : NOW;
    if (fetch_by(token, first, transcript, ret, &proof) || !proof || !token->has[second])
        return;
    if (fetch_by(token, second, transcript, &other, &proof))
        *ret = other; /* otherwise the first one's story is the one to tell */
}

/* --- the shared one; with the lock --- */

/* How long before its end it is renewed: short-lived ones at half their life. */
static bool
is_fresh(const struct sp_token *token, int margin, int64_t now)
{
    int64_t ahead = (int64_t)margin * 1000;
    if (token->token == NULL)
        return false;
    if (ahead > token->life / 2)
        ahead = token->life / 2;
    return token->until - now > ahead;
}

static bool
is_good(const struct sp_token *token, int64_t now)
{
    int64_t least = STILL_GOOD_MS < token->life / 4 ? STILL_GOOD_MS : token->life / 4;
    return token->token != NULL && token->until - now > least;
}

static void
store(struct sp_token *token, struct fetched *fetched)
{
    int64_t now = sp_mono_ms(token->clock);
    token->failed = fetched->token == NULL;
    token->failure = fetched->failure;
    if (token->failed) {
        token->renew_not_before = now + TRY_AGAIN_MS;
        return;
    }
    sp_secret_free(&token->token);
    token->token = SP_STEAL(fetched->token);
    token->life = fetched->seconds * 1000;
    token->until = now + token->life;
    token->renew_not_before = 0;
    if (fetched->by != token->first)
        sp_notice(token->log, "method %s: the %s secret or certificate was refused, the %s one works", token->name,
                  token->first == NOW ? "present" : "next", fetched->by == NOW ? "present" : "next");
    token->first = fetched->by;
    token->by = fetched->by == NOW ? SP_TOKEN_BY_NOW : SP_TOKEN_BY_NEXT;
}

/* Asks the endpoint, and tells those who wait. The lock is given up meanwhile. */
static void
fly(struct sp_token *token, struct sp_transcript *transcript)
{
    struct fetched fetched;
    int first = token->first;
    token->fetching = true;
    pthread_mutex_unlock(&token->lock);
    fetch(token, first, transcript, &fetched);
    pthread_mutex_lock(&token->lock);
    store(token, &fetched);
    token->fetching = false;
    token->flights++;
    pthread_cond_broadcast(&token->fetched);
}

/* Sees to it that there is a token, if one can be had. */
static void
freshen(struct sp_token *token, int margin, struct sp_transcript *transcript)
{
    int64_t now = sp_mono_ms(token->clock);
    if (is_fresh(token, margin, now) || (is_good(token, now) && (token->fetching || token->renew_not_before > now)))
        return;
    if (!token->fetching) {
        fly(token, transcript);
        return;
    }
    unsigned flight = token->flights;
    while (token->flights == flight)
        pthread_cond_wait(&token->fetched, &token->lock);
}

bool
sp_token_get(struct sp_token *token, int margin, struct sp_transcript *transcript, struct sp_secret **ret,
             struct sp_token_failure *failure)
{
    pthread_mutex_lock(&token->lock);
    freshen(token, margin, transcript);
    struct sp_secret *copy = NULL;
    bool good = token->token != NULL && token->until > sp_mono_ms(token->clock);
    if (good)
        copy = sp_secret_dup(token->token);
    if (copy == NULL && !good && token->failed)
        *failure = token->failure;
    else if (copy == NULL)
        lost(failure, good ? "oauth: out of memory" : "oauth: the new token was refused as soon as it was there");
    pthread_mutex_unlock(&token->lock);
    if (copy != NULL)
        *ret = copy;
    return copy != NULL;
}

void
sp_token_invalidate(struct sp_token *token, const struct sp_secret *refused)
{
    pthread_mutex_lock(&token->lock);
    if (token->token != NULL && sp_secret_equal(token->token, refused))
        sp_secret_free(&token->token);
    pthread_mutex_unlock(&token->lock);
}

enum sp_token_by
sp_token_works_by(struct sp_token *token)
{
    pthread_mutex_lock(&token->lock);
    enum sp_token_by by = token->by;
    pthread_mutex_unlock(&token->lock);
    return by;
}
