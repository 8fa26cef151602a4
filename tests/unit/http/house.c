#include "house.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "db/batch.h"
#include "web/api/sources.h"
#include "web/http/router.h"

#define FORM_TYPE "multipart/form-data; boundary=XX"

/* assert() that release builds keep. */
static void
must(bool good)
{
    if (good)
        return;
    perror("the test's house");
    abort();
}

const struct asker nobody = { .local = false };
const struct asker admin = { .local = true, .uid = (uid_t)-1 };

static int64_t
wall_later(void *context)
{
    return sp_wall_ms(&sp_clock_system) + ((const struct house *)context)->later_ms;
}

static int64_t
mono_later(void *context)
{
    return sp_mono_ms(&sp_clock_system) + ((const struct house *)context)->later_ms;
}

struct house *
house_open(void)
{
    struct house *house = calloc(1, sizeof(*house));
    must(house != NULL);
    house->w = world_open("/tmp");
    house->tables = sp_api_routes();
    house->clock = (struct sp_clock){ wall_later, mono_later, house };
    struct sp_auth_options options = { .batch = house->w->batch, .clock = &house->clock };
    must(sp_auth_new(&options, &house->auth, NULL) == SP_OK);
    house->api = (struct sp_api){ .settings = &house->w->settings,
                                  .batch = house->w->batch,
                                  .spool = house->w->spool,
                                  .intake = house->w->intake,
                                  .auth = house->auth,
                                  .clock = &house->clock,
                                  .wake_sender_fd = house->w->wake };
    return house;
}

void
house_close(struct house *house)
{
    sp_auth_free(&house->auth);
    world_close(house->w);
    free(house);
}

static size_t
fill_headers(const struct asker *asker, const char *type, struct sp_field headers[8])
{
    const struct sp_field all[] = {
        { "Content-Type", type },        { "Authorization", asker->authorization }, { "Cookie", asker->cookie },
        { "X-CSRF-Token", asker->csrf }, { "Idempotency-Key", asker->key },
    };
    size_t count = 0;
    for (size_t i = 0; i < SP_LEN(all); i++)
        if (all[i].value != NULL)
            headers[count++] = all[i];
    return count;
}

int
house_ask(struct house *house, const struct asker *asker, const char *method, const char *target, const char *type,
          const char *body, size_t size, struct sp_response *res)
{
    struct sp_field headers[8];
    struct sp_err err = { 0 };
    const struct sp_router router = { .tables = house->tables,
                                      .api = &house->api,
                                      .identify = sp_auth_identify,
                                      .auth = house->auth,
                                      .refused = sp_api_refused };
    struct sp_request req = { .arena = sp_arena_new(),
                              .method = method,
                              .headers = { headers, fill_headers(asker, type, headers) },
                              .body = body,
                              .body_size = size,
                              .peer = { .local = asker->local, .tls = asker->tls, .uid = asker->uid },
                              .db = house->w->db };
    req.peer.gid = asker->uid;
    if (asker->uid == (uid_t)-1)
        req.peer.uid = geteuid();
    if (!asker->local)
        strcpy(req.peer.address, asker->address == NULL ? "192.0.2.1" : asker->address);
    sp_response_init(res);
    if (sp_request_target(&req, target, &err) == SP_OK)
        sp_router_run(&router, &req, res);
    else
        sp_respond_error(res, &err);
    sp_arena_free(&req.arena);
    return res->status;
}

int
house_get(struct house *house, const struct asker *asker, const char *target, struct sp_response *res)
{
    return house_ask(house, asker, "GET", target, NULL, NULL, 0, res);
}

int
house_post(struct house *house, const struct asker *asker, const char *method, const char *target, const char *json,
           struct sp_response *res)
{
    return house_ask(house, asker, method, target, json == NULL ? NULL : "application/json", json,
                     json == NULL ? 0 : strlen(json), res);
}

int
status_get(struct house *house, const struct asker *asker, const char *target)
{
    struct sp_response res;
    int status = house_get(house, asker, target, &res);
    sp_response_free(&res);
    return status;
}

int
status_send(struct house *house, const struct asker *asker, const char *method, const char *target, const char *json)
{
    struct sp_response res;
    int status = house_post(house, asker, method, target, json, &res);
    sp_response_free(&res);
    return status;
}

json_t *
body_of(const struct sp_response *res)
{
    json_t *json = res->body == NULL ? NULL : json_loadb(res->body, res->body_size, 0, NULL);
    must(json != NULL);
    return json;
}

int
sign_in(struct house *house, const char *name, const char *password, const char *address, struct session *ret)
{
    struct asker asker = { .address = address };
    struct sp_response res;
    char body[200];
    snprintf(body, sizeof(body), "{\"name\":\"%s\",\"password\":\"%s\"}", name, password);
    int status = house_post(house, &asker, "POST", "/api/v1/session", body, &res);
    const char *cookie = sp_response_header(&res, "Set-Cookie");
    if (status == 200 && ret != NULL) {
        json_t *json = body_of(&res);
        snprintf(ret->cookie, sizeof(ret->cookie), "%.*s", (int)strcspn(cookie, ";"), cookie);
        snprintf(ret->csrf, sizeof(ret->csrf), "%s", json_string_value(json_object_get(json, "csrf_token")));
        json_decref(json);
    }
    sp_response_free(&res);
    return status;
}

struct asker
as_session(const struct session *session)
{
    return (struct asker){ .cookie = session->cookie, .csrf = session->csrf };
}

void
add_user(struct house *house, const char *name, const char *role)
{
    char body[200];
    snprintf(body, sizeof(body), "{\"name\":\"%s\",\"role\":\"%s\",\"password\":\"" PASSWORD "\"}", name, role);
    must(status_send(house, &admin, "POST", "/api/v1/users", body) == 201);
}

void
form_field(struct sp_str *form, const char *name, const char *value)
{
    sp_str_addf(form, "--XX\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n", name, value);
}

void
form_file(struct sp_str *form, const char *file_name, const void *bytes, size_t size)
{
    sp_str_addf(form, "--XX\r\nContent-Disposition: form-data; name=\"document\"; filename=\"%s\"\r\n\r\n", file_name);
    sp_str_add_n(form, bytes, size);
    sp_str_add(form, "\r\n");
}

int
house_submit(struct house *house, const struct asker *asker, const char *target, struct sp_str *form,
             struct sp_response *res)
{
    sp_str_add(form, "--XX--\r\n");
    must(!form->failed);
    int status = house_ask(house, asker, "POST", target, FORM_TYPE, form->text, form->len, res);
    sp_str_free(form);
    return status;
}

void
house_job(struct house *house, const char *subject, char ret_id[27])
{
    struct sp_str form = { 0 };
    struct sp_response res;
    struct sample pdf = sample_pdf(subject);
    form_field(&form, "to", "someone@contoso.com");
    form_field(&form, "route", "accounting");
    form_field(&form, "subject", subject);
    form_file(&form, "scan.pdf", pdf.bytes, pdf.size);
    must(house_submit(house, &admin, "/api/v1/scans", &form, &res) == 201);
    json_t *job = body_of(&res);
    strcpy(ret_id, json_string_value(json_object_get(job, "id")));
    json_decref(job);
    sp_response_free(&res);
}

struct settling {
    const char *id, *class_name;
    enum sp_job_state state;
    int64_t now;
};

static enum sp_rc
run_settle(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct settling *s = context;
    struct sp_job *job = NULL;
    enum sp_rc rc = sp_queue_claim(db, s->id, "direct", NULL, 0, s->now, err);
    if (rc == SP_OK)
        rc = sp_job_load(db, s->id, &job, err);
    if (rc != SP_OK)
        return rc;
    bool sent = s->state == SP_JOB_SENT;
    for (size_t i = 0; i < job->n_recipients; i++)
        job->recipients[i].state = sent ? SP_RECIPIENT_SENT : SP_RECIPIENT_FAILED;
    struct sp_queue_result result = {
        .id = s->id,
        .attempt = { .method = "direct",
                     .host = "mx",
                     .port = 25,
                     .ip = "192.0.2.25",
                     .tls = "TLSv1.3",
                     .stage = "rcpt",
                     .outcome = sent ? SP_OUTCOME_ACCEPTED : SP_OUTCOME_FAILED,
                     .class_name = s->class_name,
                     .cause = "",
                     .code = sent ? 250 : 550,
                     .enhanced = "5.7.1",
                     .reply = "550 5.7.1 no \xff",
                     .summary = "refused",
                     .fix = "ask",
                     .started = s->now,
                     .duration_ms = 12 },
        .recipients = job->recipients,
        .n_recipients = job->n_recipients,
        .next = s->state,
        .method = "direct",
        .now = s->now,
        .only_method = "",
        .trouble = sent ? "" : "refused",
    };
    rc = sp_queue_record(db, &result, err);
    sp_job_free(&job);
    return rc;
}

void
house_settle(struct house *house, const char *id, enum sp_job_state state, const char *class_name)
{
    struct settling settling = { id, class_name, state, sp_wall_ms(&house->clock) };
    struct sp_err err = { 0 };
    if (sp_batch_run(house->w->batch, run_settle, &settling, &err) != SP_OK) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
}

char *
house_token(struct house *house, const char *json)
{
    struct sp_response res;
    char *text = NULL;
    must(house_post(house, &admin, "POST", "/api/v1/tokens", json, &res) == 201);
    json_t *body = body_of(&res);
    must(asprintf(&text, "Bearer %s", json_string_value(json_object_get(body, "token"))) > 0);
    json_decref(body);
    sp_response_free(&res);
    return text;
}
