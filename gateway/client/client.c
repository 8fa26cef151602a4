/* client.c - requests through libcurl. The only file that knows it. */
#include "gateway/client/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/auto.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/text.h"

enum {
    CONNECT_SECONDS = 5,
    ANSWER_SECONDS = 60,
    STALLED_SECONDS = 60, /* an upload may last, but not stand still */
    REPLY_MAX = 64 * 1024 * 1024,
    SUCCESS_FROM = 200,
    SUCCESS_TO = 299,
};

struct sp_client {
    CURL *curl;
    char *socket;
    char trouble[CURL_ERROR_SIZE];
    struct sp_str reply;
    long status; /* of the last answer; 0: none */
    bool reached;
    sp_client_watch_fn *watch;
    void *watch_context;
};

enum sp_rc
sp_client_new(const char *run_dir, struct sp_client **ret, struct sp_err *err)
{
    SP_AUTO(sp_client_free) struct sp_client *client = calloc(1, sizeof *client);
    if (client == NULL || asprintf(&client->socket, "%s/scanpost.sock", run_dir) < 0)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || (client->curl = curl_easy_init()) == NULL)
        return sp_fail(err, SP_E_NOMEM, "cannot prepare libcurl");
    *ret = SP_STEAL(client);
    return SP_OK;
}

void
sp_client_free(struct sp_client **client)
{
    if (*client == NULL)
        return;
    if ((*client)->curl != NULL)
        curl_easy_cleanup((*client)->curl);
    sp_str_free(&(*client)->reply);
    free((*client)->socket);
    free(*client);
    *client = NULL;
}

static size_t
on_reply(char *bytes, size_t one, size_t size, void *context)
{
    struct sp_str *reply = context;
    (void)one; /* always 1, says libcurl */
    if (reply->len + size > REPLY_MAX)
        return 0;
    sp_str_add_n(reply, bytes, size);
    return reply->failed ? 0 : size;
}

void
sp_client_watch(struct sp_client *client, sp_client_watch_fn *watch, void *context)
{
    client->watch = watch;
    client->watch_context = context;
}

bool
sp_client_reached(const struct sp_client *client)
{
    return client->reached;
}

int
sp_client_status(const struct sp_client *client)
{
    return (int)client->status;
}

static int
on_progress(void *context, curl_off_t in_all, curl_off_t in, curl_off_t out_all, curl_off_t out)
{
    const struct sp_client *client = context;
    (void)in_all, (void)in, (void)out_all, (void)out;
    return client->watch == NULL || client->watch(client->watch_context) ? 0 : 1;
}

/* Options begin anew for every request; the connection stays. */
static enum sp_rc
prepare(struct sp_client *client, const char *path, struct sp_err *err)
{
    SP_AUTO_FREE char *url = NULL;
    CURL *curl = client->curl;
    if (asprintf(&url, "http://localhost%s", path) < 0)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    curl_easy_reset(curl);
    sp_str_cut(&client->reply, 0);
    client->trouble[0] = '\0';
    client->status = 0;
    bool well = curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->socket) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK && /* whatever the environment says */
                curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->trouble) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_reply) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_WRITEDATA, &client->reply) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_NOPROGRESS, client->watch == NULL ? 1L : 0L) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_XFERINFODATA, client) == CURLE_OK;
    return well ? SP_OK
                : sp_fail(err, SP_E_NOMEM, "cannot prepare a request: this libcurl lacks Unix sockets, or memory");
}

/* --- what came back --- */

static enum sp_rc
fail_transfer(const struct sp_client *client, CURLcode code, struct sp_err *err)
{
    if (code != CURLE_COULDNT_CONNECT)
        return sp_fail(err, SP_E_CLOSED, "scanpostd did not answer: %s",
                       client->trouble[0] != '\0' ? client->trouble : curl_easy_strerror(code));
    if (access(client->socket, F_OK) < 0 && errno == ENOENT)
        return sp_fail(
            err, SP_E_CLOSED,
            "scanpostd is not running: there is no socket '%s'; start it with 'systemctl start scanpost', or "
            "name its configuration with -c FILE",
            client->socket);
    if (access(client->socket, R_OK | W_OK) < 0)
        return sp_fail(err, SP_E_DENIED, "you may not use the socket '%s': be root, or a member of the group scanpost",
                       client->socket);
    return sp_fail(err, SP_E_CLOSED,
                   "scanpostd is not running: nobody listens on '%s'; start it with "
                   "'systemctl start scanpost'",
                   client->socket);
}

static enum sp_rc
rc_of_status(long status)
{
    static const struct {
        long status;
        enum sp_rc rc;
    } known[] = { { 401, SP_E_AUTH }, { 403, SP_E_DENIED },    { 404, SP_E_NOTFOUND }, { 409, SP_E_CONFLICT },
                  { 410, SP_E_GONE }, { 413, SP_E_TOO_LARGE }, { 415, SP_E_TYPE },     { 429, SP_E_BUSY },
                  { 503, SP_E_BUSY }, { 507, SP_E_NO_ROOM } };
    for (size_t i = 0; i < SP_LEN(known); i++)
        if (known[i].status == status)
            return known[i].rc;
    return status >= 500 ? SP_E_IO : SP_E_INVALID;
}

/* RFC 9457: the sentence is in `detail`, or else in `title`. */
static enum sp_rc
fail_status(long status, const json_t *problem, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str words = { 0 };
    const char *said = json_string_value(json_object_get(problem, "detail"));
    if (said == NULL || said[0] == '\0')
        said = json_string_value(json_object_get(problem, "title"));
    if (said != NULL)
        sp_utf8_repair(&words, said, strlen(said), true);
    if (words.len == 0)
        sp_str_addf(&words, "scanpostd refused, with HTTP status %ld", status);
    return sp_fail(err, rc_of_status(status), "%s", sp_str_text(&words));
}

static enum sp_rc
perform(struct sp_client *client, json_t **ret, struct sp_err *err)
{
    CURLcode code = curl_easy_perform(client->curl);
    client->reached = code != CURLE_COULDNT_CONNECT;
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return sp_fail(err, SP_E_CLOSED, "given up");
    if (code != CURLE_OK)
        return fail_transfer(client, code, err);
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &client->status);
    long status = client->status;
    json_t *json = NULL;
    if (client->reply.len > 0)
        json = json_loadb(sp_str_text(&client->reply), client->reply.len, 0, NULL);
    if (status < SUCCESS_FROM || status > SUCCESS_TO) {
        enum sp_rc rc = fail_status(status, json, err);
        json_decref(json);
        return rc;
    }
    if (client->reply.len > 0 && json == NULL)
        return sp_fail(err, SP_E_PROTO, "scanpostd answered with something that is not JSON");
    *ret = json;
    return SP_OK;
}

/* --- requests --- */

enum sp_rc
sp_client_call(struct sp_client *client, const char *method, const char *path, const json_t *body, json_t **ret,
               struct sp_err *err)
{
    struct curl_slist *headers = NULL;
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    if (body != NULL && text == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    enum sp_rc rc = prepare(client, path, err);
    if (rc == SP_OK) {
        headers = curl_slist_append(NULL, "Content-Type: application/json");
        curl_easy_setopt(client->curl, CURLOPT_TIMEOUT, (long)ANSWER_SECONDS);
        curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, method);
        if (text != NULL || strcmp(method, "POST") == 0) {
            curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, text == NULL ? "" : text);
            curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
        }
        rc = perform(client, ret, err);
        curl_slist_free_all(headers);
    }
    if (text != NULL) {
        sp_wipe(text, strlen(text)); /* it may hold a password */
        free(text);
    }
    return rc;
}

static bool
add_field(curl_mime *mime, const char *name, const char *text)
{
    curl_mimepart *part = curl_mime_addpart(mime);
    return part != NULL && curl_mime_name(part, name) == CURLE_OK &&
           curl_mime_data(part, text, CURL_ZERO_TERMINATED) == CURLE_OK;
}

static bool
add_file(curl_mime *mime, const char *path)
{
    curl_mimepart *part = curl_mime_addpart(mime);
    return part != NULL && curl_mime_name(part, "document") == CURLE_OK && curl_mime_filedata(part, path) == CURLE_OK;
}

/* An open file is read by its own position, so that its owner's stays where it is. */
struct reading {
    int fd;
    off_t at;
};

static size_t
read_document(char *to, size_t one, size_t room, void *context)
{
    struct reading *reading = context;
    ssize_t got;
    do
        got = pread(reading->fd, to, one * room, reading->at);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return CURL_READFUNC_ABORT;
    reading->at += got;
    return (size_t)got;
}

static int
rewind_document(void *context, curl_off_t offset, int origin)
{
    struct reading *reading = context;
    if (origin != SEEK_SET)
        return CURL_SEEKFUNC_CANTSEEK;
    reading->at = (off_t)offset;
    return CURL_SEEKFUNC_OK;
}

static bool
add_document(curl_mime *mime, const struct sp_form *form, struct reading *reading)
{
    curl_mimepart *part = curl_mime_addpart(mime);
    return part != NULL && curl_mime_name(part, "document") == CURLE_OK &&
           curl_mime_filename(part, form->document_name) == CURLE_OK &&
           curl_mime_data_cb(part, (curl_off_t)form->document_size, read_document, rewind_document, NULL, reading) ==
               CURLE_OK;
}

static bool
add_texts(curl_mime *mime, const char *name, const char *const *texts, size_t n)
{
    bool well = true;
    for (size_t i = 0; i < n; i++)
        well = well && add_field(mime, name, texts[i]);
    return well;
}

/* Recipients and route first, so that the daemon can refuse before it has read the documents. */
static bool
fill_form(curl_mime *mime, const struct sp_form *form, struct reading *reading)
{
    const struct sp_form_field single[] = {
        { "route", form->route },
        { "subject", form->subject },
        { "body", form->body },
    };
    bool well = add_texts(mime, "to", form->to, form->n_to) && add_texts(mime, "cc", form->cc, form->n_cc);
    for (size_t i = 0; i < SP_LEN(single); i++)
        if (single[i].value != NULL)
            well = well && add_field(mime, single[i].name, single[i].value);
    for (size_t i = 0; i < form->n_more; i++)
        well = well && add_field(mime, form->more[i].name, form->more[i].value);
    for (size_t i = 0; i < form->n_files; i++)
        well = well && add_file(mime, form->files[i]);
    return well && (form->document_name == NULL || add_document(mime, form, reading));
}

/* NULL is no list at all, and what libcurl takes for one. */
static enum sp_rc
add_key(const char *key, struct curl_slist **headers, struct sp_err *err)
{
    SP_AUTO_FREE char *line = NULL;
    if (key == NULL)
        return SP_OK;
    if (asprintf(&line, "Idempotency-Key: %s", key) < 0 || (*headers = curl_slist_append(NULL, line)) == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    return SP_OK;
}

static enum sp_rc
post(struct sp_client *client, curl_mime *mime, struct curl_slist *headers, json_t **ret, struct sp_err *err)
{
    curl_easy_setopt(client->curl, CURLOPT_MIMEPOST, mime);
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(client->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(client->curl, CURLOPT_LOW_SPEED_TIME, (long)STALLED_SECONDS);
    return perform(client, ret, err);
}

enum sp_rc
sp_client_send(struct sp_client *client, const struct sp_form *form, json_t **ret, struct sp_err *err)
{
    struct reading reading = { .fd = form->document_fd };
    struct curl_slist *headers = NULL;
    enum sp_rc rc = prepare(client, "/api/v1/scans", err);
    if (rc == SP_OK)
        rc = add_key(form->key, &headers, err);
    if (rc != SP_OK)
        return rc;
    curl_mime *mime = curl_mime_init(client->curl);
    if (mime == NULL || !fill_form(mime, form, &reading))
        rc = sp_fail(err, SP_E_NOMEM, "cannot prepare the upload: a file vanished, or memory is out");
    else
        rc = post(client, mime, headers, ret, err);
    curl_mime_free(mime);
    curl_slist_free_all(headers);
    return rc;
}
