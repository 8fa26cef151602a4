/* probe.c - see probe.h. */
#include "gateway/setup/probe.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "backend/delivery/cloud.h"
#include "backend/net/dns.h"
#include "backend/net/https.h"
#include "backend/net/tls.h"
#include "backend/smtp/session.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"

enum {
    LOOKUP_MS = 10 * 1000,
    STAGE_MS = 10 * 1000,
    ANSWER_MS = 20 * 1000,
    SMTP_PORT = 25,
    SUBMISSION_PORT = 587,
    HTTPS_PORT = 443
};

struct prober {
    const struct sp_answers *answers;
    const struct sp_probe_places *places;
    void (*tell)(const char *what);
    struct sp_dns *dns;
    struct sp_tls *tls;
    struct sp_facts *facts;
};

static int64_t
soon(void)
{
    return sp_mono_ms(&sp_clock_system) + LOOKUP_MS;
}

/* --- names --- */

static bool
take_mx(struct prober *p, const char *domain, struct sp_err *err)
{
    struct sp_mx mx[SP_DNS_MX_MAX];
    size_t n = 0;
    unsigned ttl = 0;
    if (domain[0] == '\0' || sp_dns_mx(p->dns, domain, soon(), mx, &n, &ttl, err) != SP_OK || n == 0)
        return false;
    size_t best = 0;
    while (best < n && !sp_mx_is_microsoft(mx[best].host))
        best++;
    p->facts->mx_found = true;
    p->facts->mx_microsoft = best < n;
    (void)sp_text_copy(p->facts->mx, sizeof p->facts->mx, mx[best < n ? best : 0].host);
    return p->facts->mx_microsoft;
}

/* A domain behind somebody else's mail gateway has Microsoft's exchanger under its onmicrosoft name. */
static void
find_mx(struct prober *p)
{
    struct sp_err err = { 0 };
    p->tell("the mail exchanger");
    if (!take_mx(p, p->answers->domain, &err))
        (void)take_mx(p, p->answers->onmicrosoft, NULL);
    if (!p->facts->mx_found)
        (void)sp_text_copy(p->facts->mx_words, sizeof p->facts->mx_words,
                           err.text[0] != '\0' ? err.text : "the domain has no MX record");
}

static void
find_spf(struct prober *p)
{
    SP_AUTO(sp_str_free) struct sp_str records = { 0 };
    size_t n = 0;
    if (sp_dns_txt(p->dns, p->answers->domain, "v=spf1", soon(), &records, &n, NULL) == SP_OK && n > 0)
        (void)sp_text_copy(p->facts->spf, sizeof p->facts->spf, sp_str_text(&records));
}

/* --- doors --- */

static int64_t
short_timeout(enum sp_stage stage)
{
    (void)stage;
    return STAGE_MS;
}

static void
shut(struct sp_door *door, const char *words)
{
    door->state = SP_DOOR_SHUT;
    (void)sp_text_copy(door->words, sizeof door->words, words);
}

static void
say_outcome(struct sp_door *door, const struct sp_smtp_outcome *outcome)
{
    char words[480];
    if (outcome->trouble == SP_TROUBLE_REPLY)
        (void)sp_text_format(words, sizeof words, "it answers %s", outcome->reply.text);
    else
        (void)sp_text_copy(words, sizeof words, outcome->words);
    shut(door, words);
}

/* Connects, greets, asks for TLS, and leaves. */
static void
try_smtp(struct prober *p, const char *host, int port, struct sp_door *door)
{
    struct sp_net_address addresses[SP_DNS_ADDRESSES_MAX];
    size_t n = 0;
    struct sp_err err = { 0 };
    struct sp_smtp *smtp = NULL;
    struct sp_smtp_outcome outcome;
    door->port = port;
    (void)sp_text_copy(door->host, sizeof door->host, host);
    if (sp_dns_addresses(p->dns, host, (unsigned)port, door == &p->facts->smtp, soon(), addresses, &n, &err) != SP_OK) {
        shut(door, err.text);
        return;
    }
    const struct sp_smtp_options options = { .host = host,
                                             .addresses = addresses,
                                             .n_addresses = n,
                                             .hostname = p->answers->hostname,
                                             .tls = p->tls,
                                             .clock = &sp_clock_system,
                                             .timeout_ms = short_timeout };
    if (!sp_smtp_open(&options, &smtp, &outcome)) {
        say_outcome(door, &outcome);
        return;
    }
    door->state = SP_DOOR_OPEN;
    if (p->facts->public_ip[0] == '\0')
        (void)sp_text_copy(p->facts->public_ip, sizeof p->facts->public_ip, sp_smtp_facts(smtp)->public_ip);
    sp_smtp_close(&smtp);
}

static void
try_mail_doors(struct prober *p)
{
    const char *host = p->places->submission_host;
    int mx_port = p->places->mx_port, port = p->places->submission_port;
    if (p->facts->mx_microsoft) {
        p->tell("port 25");
        try_smtp(p, p->facts->mx, mx_port != 0 ? mx_port : SMTP_PORT, &p->facts->smtp);
    }
    p->tell("port 587");
    try_smtp(p, host[0] != '\0' ? host : sp_cloud_places(p->facts->cloud)->submission_host,
             port != 0 ? port : SUBMISSION_PORT, &p->facts->submission);
}

/* --- the tenant --- */

/* "https://HOST:PORT", of a URL. */
static bool
origin_of(const char *url, char *buffer, size_t size)
{
    static const char scheme[] = "https://";
    if (!sp_text_starts(url, scheme))
        return false;
    size_t len = strlen(scheme) + strcspn(url + strlen(scheme), "/");
    return sp_text_format(buffer, size, "%.*s", (int)len, url);
}

/* Entra tells the clouds apart in "tenant_region_sub_scope" and in the login host. */
static void
take_cloud(struct prober *p, const json_t *answer, const char *issuer)
{
    const char *sub = json_string_value(json_object_get(answer, "tenant_region_sub_scope"));
    if (sub != NULL && strcmp(sub, "DODCON") == 0)
        p->facts->cloud = SP_CLOUD_GCC_HIGH;
    else if (sub != NULL && strcmp(sub, "DOD") == 0)
        p->facts->cloud = SP_CLOUD_DOD;
    else if (strstr(issuer, "partner.microsoftonline.cn") != NULL)
        p->facts->cloud = SP_CLOUD_CHINA;
}

/* "token_endpoint": "https://HOST/TENANT-ID/oauth2/v2.0/token" */
static bool
take_tenant(struct prober *p, const struct sp_https_response *response)
{
    json_t *answer = response->body == NULL ? NULL : json_loadb(response->body, response->body_size, 0, NULL);
    const char *url = json_string_value(json_object_get(answer, "token_endpoint"));
    char origin[300];
    bool found = false;
    if (url != NULL && origin_of(url, origin, sizeof origin) && url[strlen(origin)] == '/') {
        const char *id = url + strlen(origin) + 1;
        size_t len = strcspn(id, "/");
        found = len == 36 && sp_text_format(p->facts->tenant_id, sizeof p->facts->tenant_id, "%.*s", (int)len, id);
        if (found)
            take_cloud(p, answer, url);
    }
    json_decref(answer);
    return found;
}

static void
ask_tenant(struct prober *p, struct sp_https *https, const char *origin)
{
    char url[800];
    struct sp_err err = { 0 };
    struct sp_https_response response = { 0 };
    struct sp_door *door = &p->facts->https;
    (void)sp_text_format(url, sizeof url, "%s/%s/v2.0/.well-known/openid-configuration", origin, p->answers->domain);
    const struct sp_https_request request = { .method = "GET", .url = url };
    enum sp_trouble trouble = sp_https_call(https, &request, &response, &err);
    if (trouble != SP_TROUBLE_NONE) {
        shut(door, err.text);
        (void)sp_text_copy(p->facts->tenant_words, sizeof p->facts->tenant_words, err.text);
    } else {
        door->state = SP_DOOR_OPEN;
        if (response.status != 200 || !take_tenant(p, &response))
            (void)sp_text_format(p->facts->tenant_words, sizeof p->facts->tenant_words,
                                 response.status == 400 ? "Entra knows no tenant with the domain %s"
                                                        : "Entra did not tell the tenant of %s",
                                 p->answers->domain);
    }
    sp_https_response_free(&response);
}

static enum sp_rc
find_tenant(struct prober *p, struct sp_err *err)
{
    char origin[300];
    struct sp_https *https = NULL;
    const struct sp_https_options options = { .ca_file = p->places->ca_file,
                                              .proxy = p->answers->proxy,
                                              .clock = &sp_clock_system,
                                              .dns = p->dns,
                                              .connect_ms = STAGE_MS,
                                              .answer_ms = ANSWER_MS };
    const char *login = sp_cloud_places(p->answers->cloud)->login_host;
    p->tell("port 443 and the tenant");
    if (!origin_of(p->places->token_url, origin, sizeof origin))
        (void)sp_text_format(origin, sizeof origin, "https://%s", login);
    (void)sp_text_copy(p->facts->https.host, sizeof p->facts->https.host, strstr(origin, "//") + 2);
    p->facts->https.port = HTTPS_PORT;
    p->facts->cloud = p->answers->cloud;
    enum sp_rc rc = sp_https_new(&options, &https, err);
    if (rc != SP_OK)
        return rc;
    ask_tenant(p, https, origin);
    sp_https_free(&https);
    return SP_OK;
}

enum sp_rc
sp_probe(const struct sp_answers *answers, const struct sp_probe_places *places, void (*tell)(const char *what),
         struct sp_facts *ret, struct sp_err *err)
{
    struct prober p = { .answers = answers, .places = places, .tell = tell, .facts = ret };
    *ret = (struct sp_facts){ 0 };
    enum sp_rc rc = sp_dns_new(answers->resolver, &sp_clock_system, &p.dns, err);
    if (rc == SP_OK)
        rc = sp_tls_new(places->ca_file, "", "", &p.tls, err);
    if (rc == SP_OK) {
        find_mx(&p);
        find_spf(&p);
        rc = find_tenant(&p, err);
    }
    if (rc == SP_OK)
        try_mail_doors(&p);
    sp_tls_free(&p.tls);
    sp_dns_free(&p.dns);
    return rc;
}
