/* https.c - the handles of libcurl that wait for the next request, and where hosts are; see https.h.
 *
 * Each handle keeps its own connections, so threads share nothing but the list of idle handles. A handle is made when
 * none is idle and closed by tidy: an idle process has none. */
#include "backend/net/https.h"

#include <arpa/inet.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/net/dns.h"
#include "backend/net/https_inside.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/text.h"

enum {
    PLACES_MAX = 4,   /* a token endpoint, Graph, its upload host, and one to spare */
    PLACE_SIZE = 700, /* a host, a port and as many addresses as are worth a race */
    PLACE_ADDRESSES = 6,
    PLACE_MS = 60 * 1000, /* an answer of the resolver is taken for this long */
    HOST_SIZE = 256,
};

struct place {
    char host[HOST_SIZE];
    unsigned port;
    char text[PLACE_SIZE]; /* as CURLOPT_RESOLVE wants it */
    int64_t until;         /* monotonic */
};

struct sp_https {
    struct sp_str texts; /* ca_file and proxy */
    struct sp_https_terms terms;
    struct sp_dns *dns;
    pthread_mutex_t lock;         /* for what follows */
    struct sp_https_handle *idle; /* newest first */
    struct place places[PLACES_MAX];
    size_t next_place;
};

/* --- libcurl's memory: secrets pass through it, so what it frees is wiped --- */

static void
wipe_free(void *bytes)
{
    if (bytes != NULL)
        sp_wipe(bytes, malloc_usable_size(bytes));
    free(bytes);
}

static void *
wipe_realloc(void *bytes, size_t size)
{
    size_t old = malloc_usable_size(bytes);
    if (bytes != NULL && size <= old && size > 0)
        return bytes;
    void *larger = malloc(size > 0 ? size : 1);
    if (larger != NULL && bytes != NULL) {
        memcpy(larger, bytes, old < size ? old : size);
        wipe_free(bytes);
    }
    return larger;
}

/* The one global there is: libcurl wants to be told once a process, before threads use it. */
static void
init_curl(void)
{
    (void)curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wipe_free, wipe_realloc, strdup, calloc);
}

enum sp_rc
sp_https_new(const struct sp_https_options *options, struct sp_https **ret, struct sp_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, init_curl);
    struct sp_https *https = calloc(1, sizeof *https);
    if (https == NULL)
        return sp_fail(err, SP_E_NOMEM, "https: out of memory");
    size_t ca_size = strlen(options->ca_file) + 1;
    sp_str_add_n(&https->texts, options->ca_file, ca_size);
    sp_str_add(&https->texts, options->proxy);
    if (https->texts.failed) {
        free(https);
        return sp_fail(err, SP_E_NOMEM, "https: out of memory");
    }
    https->terms = (struct sp_https_terms){
        .ca_file = https->texts.text,
        .proxy = https->texts.text + ca_size,
        .clock = options->clock,
        .connect_ms = options->connect_ms > 0 ? (long)options->connect_ms : SP_HTTPS_CONNECT_MS,
        .answer_ms = options->answer_ms > 0 ? (long)options->answer_ms : SP_HTTPS_ANSWER_MS,
    };
    https->dns = options->dns;
    pthread_mutex_init(&https->lock, NULL);
    *ret = https;
    return SP_OK;
}

static void
close_handle(struct sp_https_handle *handle)
{
    curl_easy_cleanup(handle->easy);
    free(handle);
}

void
sp_https_free(struct sp_https **https)
{
    struct sp_https *h = *https;
    *https = NULL;
    if (h == NULL)
        return;
    while (h->idle != NULL) {
        struct sp_https_handle *handle = h->idle;
        h->idle = handle->next;
        close_handle(handle);
    }
    pthread_mutex_destroy(&h->lock);
    sp_str_free(&h->texts);
    free(h);
}

/* --- handles --- */

static struct sp_https_handle *
take_handle(struct sp_https *https)
{
    pthread_mutex_lock(&https->lock);
    struct sp_https_handle *handle = https->idle;
    if (handle != NULL)
        https->idle = handle->next;
    pthread_mutex_unlock(&https->lock);
    if (handle != NULL)
        return handle;
    handle = calloc(1, sizeof *handle);
    if (handle == NULL)
        return NULL;
    handle->easy = curl_easy_init();
    if (handle->easy == NULL) {
        free(handle);
        return NULL;
    }
    return handle;
}

static void
put_handle(struct sp_https *https, struct sp_https_handle *handle)
{
    handle->since = sp_mono_ms(https->terms.clock);
    pthread_mutex_lock(&https->lock);
    handle->next = https->idle;
    https->idle = handle;
    pthread_mutex_unlock(&https->lock);
}

int64_t
sp_https_tidy(struct sp_https *https)
{
    int64_t now = sp_mono_ms(https->terms.clock), next = 0;
    struct sp_https_handle *stale = NULL;
    pthread_mutex_lock(&https->lock);
    struct sp_https_handle **at = &https->idle;
    while (*at != NULL && (*at)->since + SP_HTTPS_IDLE_MS > now) {
        next = (*at)->since + SP_HTTPS_IDLE_MS; /* the last one looked at is the oldest */
        at = &(*at)->next;
    }
    stale = *at; /* with all behind it: those are older still */
    *at = NULL;
    pthread_mutex_unlock(&https->lock);
    while (stale != NULL) {
        struct sp_https_handle *handle = stale;
        stale = handle->next;
        close_handle(handle);
    }
    return next;
}

/* --- where a host is --- */

/* Host and port of a URL; false: it has none, and libcurl will say what is wrong with it. */
static bool
split_url(const char *url, char host[HOST_SIZE], unsigned *ret_port)
{
    CURLU *parts = curl_url();
    char *name = NULL, *port = NULL;
    int64_t number = 0;
    bool found = parts != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
                 curl_url_get(parts, CURLUPART_HOST, &name, 0) == CURLUE_OK &&
                 curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                 sp_text_copy(host, HOST_SIZE, name) && sp_parse_int(port, 1, UINT16_MAX, &number);
    *ret_port = (unsigned)number;
    curl_free(name);
    curl_free(port);
    curl_url_cleanup(parts);
    return found;
}

static bool
is_literal(const char *host)
{
    unsigned char address[16];
    return host[0] == '[' || inet_pton(AF_INET, host, address) == 1;
}

static bool
known_place(struct sp_https *https, const char *host, unsigned port, char text[PLACE_SIZE])
{
    bool known = false;
    int64_t now = sp_mono_ms(https->terms.clock);
    pthread_mutex_lock(&https->lock);
    for (size_t i = 0; i < PLACES_MAX && !known; i++) {
        const struct place *place = &https->places[i];
        known = place->until > now && place->port == port && sp_text_equal_nocase(place->host, host);
        if (known)
            memcpy(text, place->text, PLACE_SIZE);
    }
    pthread_mutex_unlock(&https->lock);
    return known;
}

static void
remember_place(struct sp_https *https, const char *host, unsigned port, const char text[PLACE_SIZE])
{
    pthread_mutex_lock(&https->lock);
    struct place *place = &https->places[https->next_place++ % PLACES_MAX];
    sp_text_copy(place->host, sizeof place->host, host);
    memcpy(place->text, text, PLACE_SIZE);
    place->port = port;
    place->until = sp_mono_ms(https->terms.clock) + PLACE_MS;
    pthread_mutex_unlock(&https->lock);
}

/* It did not work: ask again next time. */
static void
forget_places(struct sp_https *https)
{
    pthread_mutex_lock(&https->lock);
    for (size_t i = 0; i < PLACES_MAX; i++)
        https->places[i].until = 0;
    pthread_mutex_unlock(&https->lock);
}

static void
write_place(const char *host, unsigned port, const struct sp_net_address *addresses, size_t n, char text[PLACE_SIZE])
{
    char ip[INET6_ADDRSTRLEN];
    struct sp_str out = { 0 };
    sp_str_addf(&out, "%s:%u:", host, port);
    for (size_t i = 0; i < n && i < PLACE_ADDRESSES; i++) {
        const struct sockaddr_in *v4 = (const void *)&addresses[i].sock;
        const struct sockaddr_in6 *v6 = (const void *)&addresses[i].sock;
        bool is_v6 = v4->sin_family == AF_INET6;
        const void *raw = is_v6 ? (const void *)&v6->sin6_addr : (const void *)&v4->sin_addr;
        if (inet_ntop(v4->sin_family, raw, ip, sizeof ip) != NULL)
            sp_str_addf(&out, is_v6 ? "%s[%s]" : "%s%s", i > 0 ? "," : "", ip);
    }
    if (!sp_text_copy(text, PLACE_SIZE, sp_str_text(&out)))
        text[0] = '\0'; /* cannot be with names and addresses that exist; libcurl looks it up then */
    sp_str_free(&out);
}

/* Fills text for the host that will be connected to: the proxy's where there is one. */
static enum sp_rc
find_place(struct sp_https *https, const char *host, unsigned port, char text[PLACE_SIZE], struct sp_err *err)
{
    struct sp_net_address addresses[SP_DNS_ADDRESSES_MAX];
    size_t n = 0;
    text[0] = '\0';
    if (https->dns == NULL || host[0] == '\0' || is_literal(host) || known_place(https, host, port, text))
        return SP_OK;
    int64_t deadline = sp_mono_ms(https->terms.clock) + https->terms.connect_ms;
    enum sp_rc rc = sp_dns_addresses(https->dns, host, port, false, deadline, addresses, &n, err);
    if (rc != SP_OK)
        return rc;
    write_place(host, port, addresses, n, text);
    remember_place(https, host, port, text);
    return SP_OK;
}

/* --- calls --- */

static enum sp_trouble
call_with(struct sp_https *https, struct sp_https_handle *handle, const struct sp_https_request *request,
          struct sp_https_response *ret, struct sp_err *err)
{
    char host[HOST_SIZE] = "", place[PLACE_SIZE];
    unsigned port = 0;
    bool fresh = false;
    const char *first = https->terms.proxy[0] != '\0' ? https->terms.proxy : request->url;
    if (!split_url(first, host, &port))
        host[0] = '\0';
    if (find_place(https, host, port, place, err) != SP_OK)
        return SP_TROUBLE_DNS;
    enum sp_trouble trouble = sp_https_exchange(handle, &https->terms, request, place, ret, &fresh, err);
    if (trouble != SP_TROUBLE_NONE)
        forget_places(https);
    else if (fresh && place[0] != '\0')
        sp_dns_prefer(https->dns, host, ret->ip);
    return trouble;
}

enum sp_trouble
sp_https_call(struct sp_https *https, const struct sp_https_request *request, struct sp_https_response *ret,
              struct sp_err *err)
{
    *ret = (struct sp_https_response){ .retry_after = -1 };
    struct sp_https_handle *handle = take_handle(https);
    if (handle == NULL) {
        sp_fail(err, SP_E_NOMEM, "https: out of memory");
        return SP_TROUBLE_LOCAL;
    }
    enum sp_trouble trouble = call_with(https, handle, request, ret, err);
    put_handle(https, handle);
    return trouble;
}
