#include "backend/sandbox/assertion.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "backend/sandbox/jwt.h"
#include "base/digest.h"
#include "base/text.h"

enum { CLOCK_SKEW_S = 300, LIFE_MAX_S = 24 * 60 * 60 };

void
sp_box_jtis_init(struct sp_box_jtis *jtis)
{
    pthread_mutex_init(&jtis->lock, NULL);
    jtis->next = 0;
    memset(jtis->sums, 0, sizeof(jtis->sums));
}

/* Whether it is used for the first time; remembers it. */
static bool
use_once(struct sp_box_jtis *jtis, const char *jti)
{
    char sum[SP_BOX_JTI_SIZE];
    bool first = true;
    sp_sha256_hex(jti, strlen(jti), sum);
    pthread_mutex_lock(&jtis->lock);
    for (size_t i = 0; i < SP_BOX_JTI_MAX && first; i++)
        first = strcmp(jtis->sums[i], sum) != 0;
    if (first) {
        memcpy(jtis->sums[jtis->next], sum, sizeof(sum));
        jtis->next = (jtis->next + 1) % SP_BOX_JTI_MAX;
    }
    pthread_mutex_unlock(&jtis->lock);
    return first;
}

static bool
is_thumbprint(const X509 *certificate, const EVP_MD *kind, const char *said)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    struct sp_str text = { 0 };
    if (X509_digest(certificate, kind, digest, &size) == 1)
        sp_box_base64url_add(&text, digest, size);
    bool same = text.len > 0 && strcmp(text.text, said) == 0;
    sp_str_free(&text);
    return same;
}

/* Which registered certificate the header names: by SHA-256, or by SHA-1 as older texts have it. SP_BOX_PROOFS: none.
 */
static size_t
find_certificate(const struct sp_box_app *app, const json_t *header, struct sp_box_asserted *ret)
{
    const char *sha256 = sp_box_jwt_text(header, "x5t#S256"), *sha1 = sp_box_jwt_text(header, "x5t");
    (void)sp_text_copy(ret->thumbprint, sizeof(ret->thumbprint), *sha256 != '\0' ? sha256 : sha1);
    size_t i = 0;
    for (; i < SP_BOX_PROOFS; i++) {
        const X509 *each = app->certificates[i].certificate;
        if (*sha256 != '\0' ? is_thumbprint(each, EVP_sha256(), sha256) : is_thumbprint(each, EVP_sha1(), sha1))
            break;
    }
    return i;
}

/* "https://login.microsoftonline.com/TENANT/oauth2/v2.0/token", whichever host and port it was reached by. */
static bool
audience_fits(const char *audience, const char *path)
{
    if (!sp_text_starts(audience, "https://"))
        return false;
    const char *slash = strchr(audience + strlen("https://"), '/');
    return slash != NULL && strcasecmp(slash, path) == 0;
}

static bool
in_time(const json_t *payload, int64_t now_s, struct sp_box_asserted *ret)
{
    ret->from_s = sp_box_jwt_number(payload, "nbf");
    ret->until_s = sp_box_jwt_number(payload, "exp");
    return ret->from_s <= now_s + CLOCK_SKEW_S && ret->until_s > now_s - CLOCK_SKEW_S &&
           ret->until_s <= now_s + LIFE_MAX_S;
}

static enum sp_box_verdict
judge(const struct sp_box_app *app, struct sp_box_jtis *jtis, const struct sp_box_jwt *jwt, const char *client,
      const char *path, int64_t now_s, struct sp_box_asserted *ret)
{
    const char *jti = sp_box_jwt_text(jwt->payload, "jti");
    ret->proof = find_certificate(app, jwt->header, ret);
    if (ret->proof == SP_BOX_PROOFS)
        return SP_BOX_ASSERTION_KEY_UNKNOWN;
    if (!sp_box_jwt_verify(jwt, app->certificates[ret->proof].key))
        return SP_BOX_ASSERTION_SIGNATURE;
    if (strcasecmp(sp_box_jwt_text(jwt->payload, "iss"), client) != 0 ||
        strcasecmp(sp_box_jwt_text(jwt->payload, "sub"), client) != 0)
        return SP_BOX_ASSERTION_SUBJECT;
    if (!audience_fits(sp_box_jwt_text(jwt->payload, "aud"), path))
        return SP_BOX_ASSERTION_AUDIENCE;
    if (!in_time(jwt->payload, now_s, ret))
        return SP_BOX_ASSERTION_TIME;
    if (*jti == '\0' || !use_once(jtis, jti))
        return SP_BOX_ASSERTION_REPLAYED;
    return SP_BOX_ASSERTION_GOOD;
}

enum sp_box_verdict
sp_box_assertion_check(const struct sp_box_app *app, struct sp_box_jtis *jtis, const char *text, const char *client,
                       const char *path, int64_t now_s, struct sp_box_asserted *ret)
{
    struct sp_box_jwt jwt;
    *ret = (struct sp_box_asserted){ .proof = SP_BOX_PROOFS };
    enum sp_box_verdict verdict = SP_BOX_ASSERTION_UNREADABLE;
    if (sp_box_jwt_parse(text, &jwt))
        verdict = judge(app, jtis, &jwt, client, path, now_s, ret);
    sp_box_jwt_free(&jwt);
    return verdict;
}
