/* https_exchange.c - one request and its answer, with libcurl.
 *
 * libcurl sends a request again by itself when a kept connection turns out to be closed before a byte of the answer
 * came. For a request that must not be done twice that is only right as long as not all of it was written; so its body
 * refuses to be begun again once it was read to the end, and one without a body gets a new connection. */
#include <errno.h>
#include <openssl/ssl.h>
#include <string.h>

#include "backend/net/https_inside.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/text.h"

enum { HAPPY_EYEBALLS_MS = 250 }; /* RFC 8305 section 8, as in conn_open.c */

struct exchange {
    struct sp_https_handle *handle;
    const struct sp_https_request *request;
    struct sp_https_response *response;
    int64_t now;            /* wall ms */
    uint64_t position;      /* in the body */
    struct sp_err body_err; /* rc SP_OK: reading the body went well */
    bool out_of_memory;
};

/* --- what libcurl asks us --- */

static size_t
on_read(char *buffer, size_t size, size_t count, void *context)
{
    struct exchange *e = context;
    const struct sp_https_request *request = e->request;
    uint64_t left = request->body_size - e->position;
    size_t got = size * count;
    if (got > left)
        got = (size_t)left;
    if (got == 0)
        return 0;
    if (request->body != NULL)
        memcpy(buffer, (const char *)request->body + e->position, got);
    else if (request->read(request->context, buffer, got, &got, &e->body_err) != SP_OK)
        return CURL_READFUNC_ABORT;
    if (got == 0) {
        sp_fail(&e->body_err, SP_E_IO, "https: the body ended before its time");
        return CURL_READFUNC_ABORT;
    }
    e->position += got;
    return got;
}

/* libcurl wants to begin again (offset is always 0 then). */
static int
on_seek(void *context, curl_off_t offset, int origin)
{
    struct exchange *e = context;
    const struct sp_https_request *request = e->request;
    bool written = request->body_size > 0 && e->position == request->body_size;
    if (offset != 0 || origin != SEEK_SET || (written && request->once))
        return CURL_SEEKFUNC_FAIL;
    if (request->body == NULL && (request->rewind == NULL || request->rewind(request->context, &e->body_err) != SP_OK))
        return CURL_SEEKFUNC_FAIL;
    e->position = 0;
    return CURL_SEEKFUNC_OK;
}

static size_t
on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct exchange *e = context;
    e->out_of_memory = !sp_https_answer_body(e->response, bytes, size * count);
    return e->out_of_memory ? 0 : size * count;
}

/* The version of TLS can only be asked while the connection is in use. */
static void
note_tls(struct exchange *e)
{
    const struct curl_tlssessioninfo *info = NULL;
    if (curl_easy_getinfo(e->handle->easy, CURLINFO_TLS_SSL_PTR, &info) == CURLE_OK && info != NULL &&
        info->backend == CURLSSLBACKEND_OPENSSL && info->internals != NULL)
        sp_text_copy(e->response->tls, sizeof e->response->tls, SSL_get_version(info->internals));
}

static size_t
on_header(char *bytes, size_t size, size_t count, void *context)
{
    struct exchange *e = context;
    size_t len = size * count;
    if (len >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
        sp_https_answer_begin(e->response);
        note_tls(e);
    } else {
        sp_https_answer_header(e->response, bytes, len, e->now);
    }
    return len;
}

/* Remembers whose certificate it is and what is wrong with it; never overrules the verdict. */
static int
on_verify(int fine, X509_STORE_CTX *chain)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct sp_https_handle *handle = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    const X509 *leaf = X509_STORE_CTX_get0_cert(chain);
    if (!fine)
        handle->refusal = X509_STORE_CTX_get_error(chain);
    if (leaf != NULL) {
        sp_tls_name(X509_get_subject_name(leaf), handle->subject);
        sp_tls_name(X509_get_issuer_name(leaf), handle->issuer);
    }
    return fine;
}

static CURLcode
on_tls(CURL *easy, void *context, void *handle)
{
    (void)easy;
    SSL_CTX_set_app_data(context, handle);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, on_verify);
    return CURLE_OK;
}

/* --- asking --- */

static bool
add_header(struct curl_slist **headers, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*headers, line);
    if (longer == NULL)
        return false;
    *headers = longer;
    return true;
}

static bool
add_bearer(struct curl_slist **headers, const struct sp_secret *bearer)
{
    struct sp_str line = { 0 };
    sp_str_more(&line, sp_secret_size(bearer) + 32); /* room at once: growing would leave copies behind */
    sp_str_cut(&line, 0);
    sp_str_add(&line, "Authorization: Bearer ");
    sp_str_add_n(&line, sp_secret_bytes(bearer), sp_secret_size(bearer));
    bool added = !line.failed && add_header(headers, sp_str_text(&line));
    if (line.text != NULL)
        sp_wipe(line.text, line.len);
    sp_str_free(&line);
    return added;
}

static struct curl_slist *
make_headers(const struct sp_https_request *request)
{
    struct curl_slist *headers = NULL;
    /* Asking first whether a body is welcome costs a round trip, and a second where nobody answers that. */
    bool fine = add_header(&headers, "Expect:");
    for (size_t i = 0; fine && i < request->n_headers && i < SP_HTTPS_HEADERS_MAX; i++)
        fine = add_header(&headers, request->headers[i]);
    if (fine && request->bearer != NULL)
        fine = add_bearer(&headers, request->bearer);
    if (fine)
        return headers;
    curl_slist_free_all(headers);
    return NULL;
}

static void
set_terms(CURL *easy, const struct sp_https_terms *terms, int64_t answer_ms)
{
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (terms->ca_file[0] != '\0') {
        curl_easy_setopt(easy, CURLOPT_CAINFO, terms->ca_file);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    curl_easy_setopt(easy, CURLOPT_PROXY, terms->proxy); /* "" is none, and silences the environment */
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_HAPPY_EYEBALLS_TIMEOUT_MS, (long)HAPPY_EYEBALLS_MS);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, terms->connect_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, answer_ms > 0 ? (long)answer_ms : terms->answer_ms);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)(SP_HTTPS_IDLE_MS / 1000));
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "scanpost");
}

static void
set_request(struct exchange *e, struct curl_slist *headers)
{
    CURL *easy = e->handle->easy;
    const struct sp_https_request *request = e->request;
    bool with_body = request->body_size > 0, get = strcmp(request->method, "GET") == 0;
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    if (with_body) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
        curl_easy_setopt(easy, CURLOPT_READDATA, e);
        curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
        curl_easy_setopt(easy, CURLOPT_SEEKDATA, e);
    } else if (!get && strcmp(request->method, "DELETE") != 0) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, 0L); /* says Content-Length: 0 */
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
    }
    if (!get)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    if (request->once && !with_body)
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, e);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, e);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, e->handle);
}

/* --- what came of it --- */

static enum sp_trouble
connect_trouble(CURL *easy)
{
    long why = 0;
    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &why);
    return why == ECONNREFUSED || why == ECONNRESET ? SP_TROUBLE_REFUSED
           : why == ETIMEDOUT                       ? SP_TROUBLE_TIMEOUT
                                                    : SP_TROUBLE_UNREACHABLE;
}

static enum sp_trouble
trouble_of(CURL *easy, CURLcode code)
{
    static const struct {
        CURLcode code;
        enum sp_trouble trouble;
    } table[] = {
        { CURLE_COULDNT_RESOLVE_HOST, SP_TROUBLE_DNS },
        { CURLE_COULDNT_RESOLVE_PROXY, SP_TROUBLE_DNS },
        { CURLE_OPERATION_TIMEDOUT, SP_TROUBLE_TIMEOUT },
        { CURLE_SSL_CONNECT_ERROR, SP_TROUBLE_HANDSHAKE },
        { CURLE_SSL_CIPHER, SP_TROUBLE_HANDSHAKE },
        { CURLE_PEER_FAILED_VERIFICATION, SP_TROUBLE_CERTIFICATE },
        { CURLE_SSL_ISSUER_ERROR, SP_TROUBLE_CERTIFICATE },
        { CURLE_GOT_NOTHING, SP_TROUBLE_CLOSED },
        { CURLE_SEND_ERROR, SP_TROUBLE_CLOSED },
        { CURLE_RECV_ERROR, SP_TROUBLE_CLOSED },
        { CURLE_PARTIAL_FILE, SP_TROUBLE_CLOSED },
        { CURLE_SEND_FAIL_REWIND, SP_TROUBLE_CLOSED }, /* a kept connection was, and this must not be said twice */
        { CURLE_WEIRD_SERVER_REPLY, SP_TROUBLE_GARBAGE },
        { CURLE_UNSUPPORTED_PROTOCOL, SP_TROUBLE_GARBAGE }, /* HTTP/0.9: what came is not HTTP at all */
        { CURLE_BAD_CONTENT_ENCODING, SP_TROUBLE_GARBAGE },
    };
    if (code == CURLE_COULDNT_CONNECT)
        return connect_trouble(easy);
    for (size_t i = 0; i < SP_LEN(table); i++)
        if (table[i].code == code)
            return table[i].trouble;
    return SP_TROUBLE_LOCAL; /* a URL that is none, a CA file that cannot be read, memory */
}

static enum sp_rc
rc_of(enum sp_trouble trouble)
{
    return trouble == SP_TROUBLE_TIMEOUT                                          ? SP_E_TIMEOUT
           : trouble == SP_TROUBLE_CLOSED                                         ? SP_E_CLOSED
           : trouble == SP_TROUBLE_GARBAGE                                        ? SP_E_PROTO
           : trouble == SP_TROUBLE_HANDSHAKE || trouble == SP_TROUBLE_CERTIFICATE ? SP_E_TLS
                                                                                  : SP_E_IO;
}

static enum sp_trouble
explain(const struct exchange *e, CURLcode code, const char *words, struct sp_err *err)
{
    char clean[CURL_ERROR_SIZE];
    enum sp_trouble trouble = trouble_of(e->handle->easy, code);
    if (e->body_err.rc != SP_OK) {
        sp_fail(err, e->body_err.rc, "%s", e->body_err.text);
        return SP_TROUBLE_LOCAL;
    }
    if (e->out_of_memory) {
        sp_fail(err, SP_E_NOMEM, "https: out of memory");
        return SP_TROUBLE_LOCAL;
    }
    (void)sp_log_clean(clean, sizeof clean, words[0] != '\0' ? words : curl_easy_strerror(code));
    if (trouble != SP_TROUBLE_CERTIFICATE)
        sp_fail(err, rc_of(trouble), "%s", clean);
    else
        sp_fail(err, SP_E_TLS, "the certificate shown was refused: %s; it belongs to '%s', issued by '%s'",
                e->handle->refusal != X509_V_OK ? X509_verify_cert_error_string(e->handle->refusal) : clean,
                e->handle->subject, e->handle->issuer);
    return trouble;
}

static void
note_peer(const struct exchange *e)
{
    CURL *easy = e->handle->easy;
    long status = 0, port = 0, written = 0;
    const char *ip = NULL;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &ip);
    curl_easy_getinfo(easy, CURLINFO_PRIMARY_PORT, &port);
    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &written);
    e->response->status = (int)status;
    e->response->port = (int)port;
    sp_text_copy(e->response->ip, sizeof e->response->ip, ip != NULL ? ip : "");
    e->response->sent = written > 0 && e->position == e->request->body_size;
}

/* A proxy that wants a password of its own says so with a status, before Microsoft is reached at all; for diagnosis it
 * is an answer like others. */
static bool
proxy_answered(CURL *easy, struct sp_https_response *response)
{
    static const char words[] = "the proxy asks for a sign-in: 407 Proxy Authentication Required";
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status);
    if (status != 407 || !sp_https_answer_body(response, words, sizeof words - 1))
        return false;
    response->status = (int)status;
    response->sent = false;
    return true;
}

enum sp_trouble
sp_https_exchange(struct sp_https_handle *handle, const struct sp_https_terms *terms,
                  const struct sp_https_request *request, const char *place, struct sp_https_response *ret,
                  bool *ret_fresh, struct sp_err *err)
{
    struct exchange e = { .handle = handle, .request = request, .response = ret, .now = sp_wall_ms(terms->clock) };
    char words[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = make_headers(request);
    struct curl_slist *places = place[0] != '\0' ? curl_slist_append(NULL, place) : NULL;
    CURLcode code = CURLE_OUT_OF_MEMORY;
    handle->refusal = X509_V_OK;
    curl_easy_reset(handle->easy); /* keeps connections and sessions */
    if (headers != NULL && (place[0] == '\0' || places != NULL)) {
        set_terms(handle->easy, terms, request->answer_ms);
        set_request(&e, headers);
        curl_easy_setopt(handle->easy, CURLOPT_ERRORBUFFER, words);
        curl_easy_setopt(handle->easy, CURLOPT_RESOLVE, places);
        code = curl_easy_perform(handle->easy);
    }
    long connects = 0;
    curl_easy_getinfo(handle->easy, CURLINFO_NUM_CONNECTS, &connects);
    *ret_fresh = connects > 0;
    note_peer(&e);
    enum sp_trouble trouble = SP_TROUBLE_NONE;
    if (code != CURLE_OK && !proxy_answered(handle->easy, ret))
        trouble = explain(&e, code, words, err);
    curl_easy_reset(handle->easy); /* nothing there points to what is freed now */
    curl_slist_free_all(headers);
    curl_slist_free_all(places);
    return trouble;
}
