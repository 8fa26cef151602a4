/* graph_test.c - Microsoft Graph against a scripted server: what is sent, and what a report says of each way to fail.
 */
#include "backend/delivery/method.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/delivery/graph.h"
#include "backend/delivery/point.h"
#include "backend/mail/compose.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/text.h"
#include "unit/delivery/fake_graph.h"

enum {
    DOCUMENTS_MAX = 3,
    RECIPIENTS_MAX = 3,
    RANGE = SP_GRAPH_RANGE,
    TWO_RANGES = 2 * RANGE,
    LITTLE = 200 * 1024,
    MIB = 1024 * 1024
};

struct world {
    struct fake_graph *server;
    char folder[64];
    struct sp_settings *settings;
    const struct sp_method_settings *method;
    struct sp_way_env env;
    void *way;
    struct sp_mail mail;
    struct sp_mail_document documents[DOCUMENTS_MAX];
    unsigned char *bytes[DOCUMENTS_MAX];
    const char *recipients[RECIPIENTS_MAX];
    struct sp_report_recipient results[RECIPIENTS_MAX];
    struct sp_report report;
};

static const char *const to_two[] = { "accounting@contoso.com", "boss@contoso.com" };

/* --- the world --- */

/* Short for people; ample for what comes before the silence, on a machine that does other things. */
static int64_t
short_time(enum sp_stage stage)
{
    (void)stage;
    return 5000;
}

static void
write_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    chmod(path, 0600);
}

static void
load_settings(struct world *w, const char *cloud, const char *more)
{
    char text[2048], path[128];
    struct sp_err err = { 0 };
    snprintf(text, sizeof text,
             "gateway { hostname = scan.contoso.com }\n"
             "tenant contoso { domain = contoso.com  sender = scanner@contoso.com  cloud = %s }\n"
             "method graph { host = localhost  port = %u  ca-file = \"%s\"  username = scanner@contoso.com\n"
             "  oauth-tenant = contoso.com  oauth-client-id = app  oauth-client-secret-file = \"%s/secret\"\n"
             "  oauth-token-url = \"https://localhost:%u/token\"  max-size = 150M  %s }\n",
             cloud, fake_graph_port(w->server), fake_graph_ca_file(w->server), w->folder, fake_graph_port(w->server),
             more);
    write_file(w->folder, "conf", text);
    snprintf(path, sizeof path, "%s/conf", w->folder);
    if (sp_settings_load(path, &w->settings, &err) != SP_OK)
        fail_msg("%s", err.text);
    w->method = &w->settings->methods[0];
    w->env = (struct sp_way_env){ .settings = w->settings, .clock = &sp_clock_system };
    assert_int_equal(sp_method_graph.open(w->method, &w->env, &w->way, &err), SP_OK);
}

/* From now on no answer is waited for longer than this. */
static void
hurry(struct world *w)
{
    struct sp_err err = { 0 };
    sp_method_graph.close(w->way);
    w->env.timeout_ms = short_time;
    assert_int_equal(sp_method_graph.open(w->method, &w->env, &w->way, &err), SP_OK);
}

static enum sp_rc
open_document(void *context, size_t n, int *ret_fd, struct sp_err *err)
{
    const struct world *w = context;
    (void)err;
    int fd = memfd_create("document", MFD_CLOEXEC);
    assert_true(fd >= 0);
    size_t size = (size_t)w->documents[n].size;
    assert_int_equal(write(fd, w->bytes[n], size), size);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    *ret_fd = fd;
    return SP_OK;
}

static void
add_document(struct world *w, size_t size)
{
    size_t n = w->mail.n_documents++;
    w->bytes[n] = malloc(size + 1);
    assert_non_null(w->bytes[n]);
    for (size_t i = 0; i < size; i++)
        w->bytes[n][i] = (unsigned char)(i * 7 + i / 251 + n);
    w->documents[n] = (struct sp_mail_document){ "Übersicht \"1\".pdf", "application/pdf", size };
}

static int
setup_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    strcpy(w->folder, "/tmp/scanpost_graph_XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    write_file(w->folder, "secret", "Geheim-123\n");
    w->server = fake_graph_new(FAKE_GOOD);
    load_settings(w, "worldwide", "");
    w->recipients[0] = to_two[0];
    w->mail = (struct sp_mail){
        .from = "scanner@contoso.com",
        .from_name = "Empfang",
        .reply_to = "alice@contoso.com",
        .to = to_two,
        .n_to = 1,
        .subject = "Scan from Empfang",
        .body = "Hello\n",
        .message_id = "<01J@scan.contoso.com>",
        .boundary = "b-01J",
        .date_ms = 1795435200000,
        .documents = w->documents,
        .open = open_document,
        .context = w,
    };
    *state = w;
    return 0;
}

static void
drop_way(struct world *w)
{
    if (w->way != NULL)
        sp_method_graph.close(w->way);
    w->way = NULL;
    sp_settings_free(&w->settings);
}

static int
teardown_world(void **state)
{
    struct world *w = *state;
    char path[128];
    drop_way(w);
    fake_graph_free(&w->server);
    for (size_t i = 0; i < DOCUMENTS_MAX; i++)
        free(w->bytes[i]);
    snprintf(path, sizeof path, "%s/conf", w->folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/secret", w->folder);
    unlink(path);
    rmdir(w->folder);
    free(w);
    return 0;
}

/* To as many as the mail names. */
static void
deliver(struct world *w)
{
    size_t n = w->mail.n_to + w->mail.n_cc;
    assert_true(n <= sizeof to_two / sizeof *to_two);
    for (size_t i = 0; i < n && i < 2; i++)
        w->recipients[i] = to_two[i];
    const struct sp_message message = { "01J", w->mail.from, &w->mail, w->recipients, n };
    memset(w->results, 0, sizeof w->results);
    w->report = (struct sp_report){ .recipients = w->results, .n_recipients = n };
    sp_method_graph.deliver(w->way, &message, &w->report);
}

static void
assert_by_plan(struct world *w)
{
    const char *wrong = fake_graph_end(w->server);
    if (wrong != NULL)
        fail_msg("%s", wrong);
}

static void
assert_accepted(const struct world *w)
{
    if (!w->report.accepted)
        fail_msg("not accepted: %s", w->report.reply);
    assert_false(w->report.maybe_sent);
    assert_int_equal(w->report.diagnosis.class_, SP_CLASS_OK);
    assert_true(w->report.recipients[0].accepted);
}

static void
assert_refused(const struct world *w, enum sp_class class_)
{
    assert_false(w->report.accepted);
    assert_false(w->report.maybe_sent);
    assert_string_equal(sp_class_name(w->report.diagnosis.class_), sp_class_name(class_));
}

static void
assert_said(const struct world *w, size_t number, const char *wanted)
{
    const char *head = fake_graph_head(w->server, number);
    if (head == NULL || sp_text_find_nocase(head, wanted) == NULL)
        fail_msg("request %zu lacks '%s': %s", number, wanted, head != NULL ? head : "there was none");
}

static void
assert_body_has(const struct world *w, size_t number, const char *wanted)
{
    size_t size = 0;
    const char *body = fake_graph_body(w->server, number, &size);
    if (body == NULL || strstr(body, wanted) == NULL)
        fail_msg("request %zu lacks '%s': %.500s", number, wanted, body != NULL ? body : "there was none");
}

/* The message in a request to sendMail, for the caller to free. */
static char *
message_of(const struct world *w, size_t number)
{
    struct sp_str out = { 0 };
    size_t size = 0;
    const char *body = fake_graph_body(w->server, number, &size);
    assert_non_null(body);
    assert_true(sp_base64_decode(&out, body, size));
    return sp_str_steal(&out);
}

#define DRAFT   ">POST /messages "
#define ID      "<201\n\n{\"id\":\"AAMk=/1\",\"isDraft\":true}"
#define PATH    "/messages/AAMk%3D%2F1"
#define SESSION ">POST " PATH "/attachments/createUploadSession "
#define URL     "<201\n\n{\"uploadUrl\":\"^/upload?authtoken=secret\",\"nextExpectedRanges\":[\"0-\"]}"
#define PUT     ">PUT /upload?authtoken=secret "
#define SEND    ">POST " PATH "/send "
#define DELETE  ">DELETE " PATH " "
#define NEXT(n) "<200\n\n{\"nextExpectedRanges\":[\"" n "\"]}"

/* --- small mails --- */

static void
test_small_mail_goes_whole_in_one_request(void **state)
{
    struct world *w = *state;
    struct sp_composer *composer = NULL;
    struct sp_err err = { 0 };
    char expected[400 * 1024];
    size_t size = 0;
    add_document(w, LITTLE);
    fake_graph_plan(w->server, ">POST /sendMail ", "<202", NULL);
    deliver(w);
    assert_by_plan(w);
    assert_accepted(w);
    assert_string_equal(w->report.reply, "202 Accepted [request-id 0a1b2c]");
    assert_string_equal(w->report.recipients[0].reply, w->report.reply);
    assert_string_equal(w->report.ip, "127.0.0.1");
    assert_int_equal(w->report.stage, SP_STAGE_API);
    assert_said(w, 0, "\r\nContent-Type: text/plain\r\n");
    assert_int_equal(sp_composer_new(&w->mail, &composer, &err), SP_OK);
    assert_int_equal(sp_composer_begin(composer, false, &err), SP_OK);
    assert_int_equal(sp_composer_read(composer, expected, sizeof expected - 1, &size, &err), SP_OK);
    expected[size] = '\0';
    char *message = message_of(w, 0);
    assert_string_equal(message, expected);
    free(message);
    sp_composer_free(&composer);
}

static void
test_mail_for_those_who_still_wait_names_only_them(void **state)
{
    struct world *w = *state;
    w->mail.n_to = 2;
    const struct sp_message message = { "01J", w->mail.from, &w->mail, &to_two[1], 1 };
    w->report = (struct sp_report){ .recipients = w->results, .n_recipients = 1 };
    fake_graph_plan(w->server, ">POST /sendMail ", "<202", NULL);
    sp_method_graph.deliver(w->way, &message, &w->report);
    assert_by_plan(w);
    assert_accepted(w);
    char *text = message_of(w, 0);
    assert_non_null(strstr(text, "boss@contoso.com"));
    assert_null(strstr(text, "accounting@contoso.com"));
    free(text);
}

static void
test_lost_answer_may_have_sent_and_the_next_try_says_the_same(void **state)
{
    struct world *w = *state;
    size_t first = 0, second = 0;
    add_document(w, 5000);
    fake_graph_plan(w->server, ">POST /sendMail ", "!lose", NULL);
    deliver(w);
    assert_by_plan(w);
    assert_false(w->report.accepted);
    assert_true(w->report.maybe_sent);
    assert_int_equal(w->report.diagnosis.class_, SP_CLASS_NETWORK);
    fake_graph_plan(w->server, ">POST /sendMail ", "<202", NULL);
    deliver(w);
    assert_by_plan(w);
    assert_accepted(w);
    const char *before = fake_graph_body(w->server, 0, &first);
    const char *after = fake_graph_body(w->server, 1, &second);
    assert_int_equal(first, second);
    assert_memory_equal(before, after, first);
}

static void
test_gateway_that_heard_no_answer_may_have_sent(void **state)
{
    struct world *w = *state;
    fake_graph_plan(w->server, ">POST /sendMail ", "<504", NULL);
    deliver(w);
    assert_by_plan(w);
    assert_true(w->report.maybe_sent);
    assert_int_equal(w->report.code, 504);
}

static void
test_nothing_was_sent_when_the_body_did_not_get_through(void **state)
{
    struct world *w = *state;
    add_document(w, 2 * (size_t)MIB);
    fake_graph_plan(w->server, ">POST /sendMail ", "!cut 1000", NULL);
    deliver(w);
    assert_by_plan(w);
    assert_refused(w, SP_CLASS_NETWORK);
}

static void
test_answer_that_is_no_http_may_have_sent(void **state)
{
    struct world *w = *state;
    fake_graph_plan(w->server, ">POST /sendMail ", "!garbage", NULL);
    deliver(w);
    assert_true(w->report.maybe_sent);
}

static void
test_silence_ends_in_time_and_may_have_sent(void **state)
{
    struct world *w = *state;
    hurry(w);
    fake_graph_plan(w->server, ">POST /sendMail ", "!hang", NULL);
    deliver(w);
    assert_true(w->report.maybe_sent);
    assert_int_equal(w->report.stage, SP_STAGE_API);
    assert_int_equal(w->report.diagnosis.class_, SP_CLASS_NETWORK);
}

/* Whoever ends the process has closed the point of no return. */
static void
test_mail_that_may_not_be_handed_over_is_not(void **state)
{
    struct world *w = *state;
    struct sp_point point = { SP_POINT_CLOSED };
    const struct sp_message message = { "01J", w->mail.from, &w->mail, w->recipients, 1, &point };
    add_document(w, 5000);
    fake_graph_plan(w->server, ">POST /sendMail ", "!cut 0", DRAFT, ID, SESSION, URL, PUT, "<201", DELETE, "<204",
                    NULL);
    for (int i = 0; i < 2; i++) { /* in one request, which is cut; by a draft, which is not sent */
        w->report = (struct sp_report){ .recipients = w->results, .n_recipients = 1 };
        sp_method_graph.deliver(w->way, &message, &w->report);
        assert_false(w->report.accepted);
        assert_false(w->report.maybe_sent);
        if (strstr(w->report.reply, "scanpost is stopping") == NULL)
            fail_msg("%s", w->report.reply);
        free(w->bytes[0]);
        w->mail.n_documents = 0;
        add_document(w, RANGE);
    }
    assert_by_plan(w);
}

static void
test_endless_answer_is_cut_and_its_status_counts(void **state)
{
    struct world *w = *state;
    hurry(w);
    fake_graph_plan(w->server, ">POST /sendMail ", "!endless", NULL);
    deliver(w);
    assert_false(w->report.accepted);
    assert_false(w->report.maybe_sent);
    assert_int_equal(w->report.code, 400);
    assert_true(strlen(w->report.reply) < sizeof w->report.reply);
}

static void
test_nobody_there_is_the_networks_trouble(void **state)
{
    struct world *w = *state;
    fake_graph_plan(w->server, ">POST /sendMail ", "<202", NULL);
    deliver(w); /* for the token */
    fake_graph_free(&w->server);
    deliver(w);
    assert_refused(w, SP_CLASS_NETWORK);
    assert_int_equal(w->report.stage, SP_STAGE_CONNECT);
}

/* --- refusals --- */

static void
test_throttled_tells_when_to_come_again(void **state)
{
    struct world *w = *state;
    fake_graph_plan(
        w->server, ">POST /sendMail ",
        "<429\nRetry-After: 7\n\n{\"error\":{\"code\":\"ApplicationThrottled\",\"message\":\"Application is "
        "over its MailboxConcurrency limit.\"}}",
        NULL);
    deliver(w);
    assert_by_plan(w);
    assert_refused(w, SP_CLASS_RATE_LIMITED);
    assert_int_equal(w->report.retry_after_ms, 7000);
    assert_int_equal(w->report.diagnosis.scope, SP_SCOPE_LATER);
}

static void
test_token_that_is_refused_is_fetched_anew_once(void **state)
{
    struct world *w = *state;
    fake_graph_plan(w->server, ">POST /sendMail ", "<401\n\n{\"error\":{\"code\":\"InvalidAuthenticationToken\"}}",
                    ">POST /sendMail ", "<202", NULL);
    deliver(w);
    assert_by_plan(w);
    assert_accepted(w);
    assert_int_equal(fake_graph_tokens(w->server), 2);
}

static void
test_token_that_is_refused_twice_is_a_refusal(void **state)
{
    struct world *w = *state;
    static const char refusal[] = "<401\n\n{\"error\":{\"code\":\"InvalidAuthenticationToken\",\"message\":\"Access "
                                  "token validation failure. Invalid audience.\"}}";
    fake_graph_plan(w->server, ">POST /sendMail ", refusal, ">POST /sendMail ", refusal, NULL);
    deliver(w);
    assert_by_plan(w);
    assert_refused(w, SP_CLASS_AUTH_FAILED);
    assert_int_equal(w->report.diagnosis.scope, SP_SCOPE_METHOD);
}

static void
test_no_token_is_told_with_the_words_of_the_endpoint(void **state)
{
    struct world *w = *state;
    fake_graph_token_answer(w->server, "<401\nContent-Type: application/json\n\n"
                                       "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000222: The "
                                       "provided client secret keys for app 'app' are expired.\"}");
    fake_graph_plan(w->server, NULL);
    deliver(w);
    assert_by_plan(w);
    assert_refused(w, SP_CLASS_AUTH_FAILED);
    assert_string_equal(w->report.diagnosis.cause, "secret_expired");
    assert_int_equal(w->report.stage, SP_STAGE_TOKEN);
    assert_non_null(strstr(w->report.reply, "AADSTS7000222"));
}

static void
test_send_as_denied_is_told_word_for_word(void **state)
{
    struct world *w = *state;
    fake_graph_plan(
        w->server, ">POST /sendMail ",
        "<403\n\n{\"error\":{\"code\":\"ErrorSendAsDenied\",\"message\":\"The user account which was used to "
        "submit this request does not have the right to send mail on behalf of the specified sending "
        "account.\"}}",
        NULL);
    deliver(w);
    assert_by_plan(w);
    assert_refused(w, SP_CLASS_SENDER_DENIED);
    assert_int_equal(w->report.code, 403);
    assert_string_equal(w->report.reply,
                        "403 ErrorSendAsDenied: The user account which was used to submit this request does not have "
                        "the right to send mail on behalf of the specified sending account. [request-id 0a1b2c]");
    assert_false(w->report.recipients[0].refused);
}

static void
test_recipient_that_is_named_fails_alone_and_the_other_gets_it_at_once(void **state)
{
    struct world *w = *state;
    w->mail.n_to = 2;
    fake_graph_plan(
        w->server, ">POST /sendMail ",
        "<400\n\n{\"error\":{\"code\":\"ErrorInvalidRecipients\",\"message\":\"At least one recipient is not "
        "valid., Recipient 'boss@contoso.com' is not resolved.\"}}",
        ">POST /sendMail ", "<202", NULL);
    deliver(w);
    assert_by_plan(w);
    assert_accepted(w);
    assert_false(w->report.recipients[0].refused);
    assert_true(w->report.recipients[1].refused);
    assert_false(w->report.recipients[1].accepted);
    assert_int_equal(w->report.recipients[1].diagnosis.class_, SP_CLASS_RECIPIENT_UNKNOWN);
    char *text = message_of(w, 1);
    assert_null(strstr(text, "boss@contoso.com"));
    free(text);
}

static void
test_only_recipient_need_not_be_named(void **state)
{
    struct world *w = *state;
    fake_graph_plan(
        w->server, ">POST /sendMail ",
        "<400\n\n{\"error\":{\"code\":\"ErrorInvalidRecipients\",\"message\":\"At least one recipient isn't "
        "valid.\"}}",
        NULL);
    deliver(w);
    assert_by_plan(w);
    assert_refused(w, SP_CLASS_RECIPIENT_UNKNOWN);
    assert_true(w->report.recipients[0].refused);
}

static void
test_nobody_is_named_so_nobody_fails_alone(void **state)
{
    struct world *w = *state;
    w->mail.n_to = 2;
    fake_graph_plan(w->server, ">POST /sendMail ",
                    "<400\n\n{\"error\":{\"code\":\"ErrorInvalidRecipients\",\"message\":\"big-boss@contoso.com isn't "
                    "valid.\"}}",
                    NULL);
    deliver(w);
    assert_by_plan(w);
    assert_refused(w, SP_CLASS_RECIPIENT_UNKNOWN);
    assert_false(w->report.recipients[0].refused || w->report.recipients[1].refused);
}

/* --- large mails --- */

static void
test_large_mail_goes_in_ranges_and_arrives_whole(void **state)
{
    struct world *w = *state;
    size_t at = 0, size = 0;
    add_document(w, TWO_RANGES + 1234);
    fake_graph_plan(w->server, DRAFT, ID, SESSION, URL, PUT, NEXT("3932160"), PUT, NEXT("7864320-7865553"), PUT, "<201",
                    SEND, "<202", NULL);
    deliver(w);
    assert_by_plan(w);
    assert_accepted(w);
    assert_said(w, 2, "\r\nContent-Range: bytes 0-3932159/7865554\r\n");
    assert_said(w, 3, "\r\nContent-Range: bytes 3932160-7864319/7865554\r\n");
    assert_said(w, 4, "\r\nContent-Range: bytes 7864320-7865553/7865554\r\n");
    for (size_t i = 2; i <= 4; i++) {
        const char *range = fake_graph_body(w->server, i, &size);
        assert_memory_equal(range, w->bytes[0] + at, size);
        at += size;
    }
    assert_int_equal(at, w->documents[0].size);
}

static void
test_draft_keeps_what_was_frozen(void **state)
{
    struct world *w = *state;
    w->mail.n_to = 1;
    w->mail.cc = &to_two[1];
    w->mail.n_cc = 1;
    add_document(w, RANGE);
    fake_graph_plan(w->server, DRAFT, ID, SESSION, URL, PUT, "<201", SEND, "<202", NULL);
    deliver(w);
    assert_by_plan(w);
    assert_accepted(w);
    assert_body_has(w, 0, "\"internetMessageId\":\"<01J@scan.contoso.com>\"");
    assert_body_has(w, 0, "\"from\":{\"emailAddress\":{\"name\":\"Empfang\",\"address\":\"scanner@contoso.com\"}}");
    assert_body_has(w, 0, "\"toRecipients\":[{\"emailAddress\":{\"address\":\"accounting@contoso.com\"}}]");
    assert_body_has(w, 0, "\"ccRecipients\":[{\"emailAddress\":{\"address\":\"boss@contoso.com\"}}]");
    assert_body_has(w, 0, "\"replyTo\":[{\"emailAddress\":{\"address\":\"alice@contoso.com\"}}]");
    assert_body_has(w, 0, "\"body\":{\"contentType\":\"text\",\"content\":\"Hello\\n\"}");
    assert_body_has(w, 1, "\"name\":\"Übersicht \\\"1\\\".pdf\"");
    assert_body_has(w, 1, "\"size\":3932160");
    assert_said(w, 0, "\r\nPrefer: IdType=\"ImmutableId\"\r\n");
}

static void
test_small_files_beside_a_large_one_are_attached_directly(void **state)
{
    struct world *w = *state;
    struct sp_str decoded = { 0 };
    size_t size = 0;
    add_document(w, 100000);
    add_document(w, RANGE);
    fake_graph_plan(w->server, DRAFT, ID, ">POST " PATH "/attachments ", "<201\n\n{\"id\":\"1\"}", SESSION, URL, PUT,
                    "<201", SEND, "<202", NULL);
    deliver(w);
    assert_by_plan(w);
    assert_accepted(w);
    assert_body_has(w, 1, "{\"@odata.type\":\"#microsoft.graph.fileAttachment\",");
    const char *body = fake_graph_body(w->server, 1, &size);
    const char *content = strstr(body, "\"contentBytes\":\"");
    assert_non_null(content);
    content += strlen("\"contentBytes\":\"");
    assert_true(sp_base64_decode(&decoded, content, strlen(content) - 2));
    assert_string_equal(content + strlen(content) - 2, "\"}");
    assert_int_equal(decoded.len, w->documents[0].size);
    assert_memory_equal(decoded.text, w->bytes[0], decoded.len);
    sp_str_free(&decoded);
}

static void
test_interrupted_range_is_resumed_where_the_session_stands(void **state)
{
    struct world *w = *state;
    size_t size = 0;
    add_document(w, RANGE + 5000);
    fake_graph_plan(w->server, DRAFT, ID, SESSION, URL, PUT, "!cut 2000000", ">GET /upload?authtoken=secret ",
                    NEXT("1966080"), PUT, "<201", SEND, "<202", NULL);
    deliver(w);
    assert_by_plan(w);
    assert_accepted(w);
    assert_said(w, 4, "\r\nContent-Range: bytes 1966080-3937159/3937160\r\n");
    const char *rest = fake_graph_body(w->server, 4, &size);
    assert_memory_equal(rest, w->bytes[0] + 1966080, size);
}

static void
test_written_down_without_tokens_and_documents(void **state)
{
    struct world *w = *state;
    add_document(w, RANGE);
    memcpy(w->bytes[0], "in the document", 15);
    fake_graph_plan(w->server, DRAFT, ID, SESSION, URL, PUT, "<201", SEND,
                    "<403\n\n{\"error\":{\"code\":\"ErrorSendAsDenied\",\"message\":\"token-1 is not enough\"}}",
                    DELETE, "<204", NULL);
    deliver(w);
    assert_by_plan(w);
    assert_refused(w, SP_CLASS_SENDER_DENIED);
    const char *text = sp_transcript_text(&w->report.transcript);
    assert_non_null(strstr(text, "by the secret)\n"));
    assert_non_null(strstr(text, "C: POST https://localhost:"));
    assert_non_null(strstr(text, "S: 201, request-id 0a1b2c\n"));
    assert_non_null(
        strstr(text, "C: PUT (the upload session), bytes 0-3932159/3932160 (3932160 octets with a document)"));
    assert_non_null(strstr(text, "S: 403 ErrorSendAsDenied: ******* is not enough"));
    assert_null(strstr(text, "Geheim-123"));
    assert_null(strstr(text, "token-"));
    assert_null(strstr(text, "authtoken"));
    assert_null(strstr(text, "in the document"));
    assert_null(strstr(w->report.reply, "token-1"));
}

static void
test_session_that_is_lost_ends_the_attempt_and_the_draft(void **state)
{
    struct world *w = *state;
    add_document(w, RANGE);
    fake_graph_plan(w->server, DRAFT, ID, SESSION, URL, PUT, "!lose", ">GET /upload?authtoken=secret ",
                    "<404\n\n{\"error\":{\"code\":\"ErrorItemNotFound\",\"message\":\"gone\"}}", DELETE, "<204", NULL);
    deliver(w);
    assert_by_plan(w);
    assert_false(w->report.accepted);
    assert_false(w->report.maybe_sent);
    assert_int_equal(w->report.diagnosis.scope, SP_SCOPE_LATER);
}

static void
test_session_that_asks_for_the_same_bytes_forever_is_left(void **state)
{
    struct world *w = *state;
    add_document(w, TWO_RANGES);
    fake_graph_plan(w->server, DRAFT, ID, SESSION, URL, PUT, NEXT("0"), PUT, NEXT("0"), PUT, NEXT("0"), PUT, NEXT("0"),
                    PUT, NEXT("0"), DELETE, "<204", NULL);
    deliver(w);
    assert_by_plan(w);
    assert_refused(w, SP_CLASS_NETWORK);
}

static void
test_throttled_in_the_middle_waits_and_goes_on(void **state)
{
    struct world *w = *state;
    add_document(w, RANGE + 1);
    fake_graph_plan(w->server, DRAFT, ID, SESSION, URL, PUT, NEXT("3932160"), PUT, "<429\nRetry-After: 0", PUT, "<201",
                    SEND, "<503\nRetry-After: 0", SEND, "<202", NULL);
    deliver(w);
    assert_by_plan(w);
    assert_accepted(w);
}

static void
test_throttled_before_anything_was_uploaded_is_told_at_once(void **state)
{
    struct world *w = *state;
    add_document(w, RANGE);
    fake_graph_plan(w->server, DRAFT, "<429\nRetry-After: 60", NULL);
    deliver(w);
    assert_by_plan(w);
    assert_refused(w, SP_CLASS_RATE_LIMITED);
    assert_int_equal(w->report.retry_after_ms, 60000);
}

static void
test_request_too_large_goes_by_a_draft(void **state)
{
    struct world *w = *state;
    add_document(w, 1000000);
    fake_graph_plan(w->server, ">POST /sendMail ", "<413", DRAFT, ID, ">POST " PATH "/attachments ", "<201", SEND,
                    "<202", NULL);
    deliver(w);
    assert_by_plan(w);
    assert_accepted(w);
}

static void
test_mail_over_the_tenants_size_is_refused_and_the_draft_deleted(void **state)
{
    struct world *w = *state;
    add_document(w, RANGE);
    fake_graph_plan(w->server, DRAFT, ID, SESSION, URL, PUT, "<201", SEND,
                    "<400\n\n{\"error\":{\"code\":\"ErrorMessageSizeExceeded\",\"message\":\"The message exceeds the "
                    "maximum supported size.\"}}",
                    DELETE, "<204", NULL);
    deliver(w);
    assert_by_plan(w);
    assert_refused(w, SP_CLASS_TOO_LARGE);
    assert_int_equal(w->report.diagnosis.scope, SP_SCOPE_MESSAGE);
}

static void
test_draft_without_an_id_is_no_draft(void **state)
{
    struct world *w = *state;
    add_document(w, RANGE);
    fake_graph_plan(w->server, DRAFT, "<201\n\n{\"id\": 17, ", NULL);
    deliver(w);
    assert_by_plan(w);
    assert_refused(w, SP_CLASS_NETWORK);
    assert_non_null(strstr(w->report.reply, "did not say which"));
}

static void
test_upload_address_in_clear_is_not_used(void **state)
{
    struct world *w = *state;
    add_document(w, RANGE);
    fake_graph_plan(w->server, DRAFT, ID, SESSION, "<201\n\n{\"uploadUrl\":\"http://localhost/upload\"}", DELETE,
                    "<204", NULL);
    deliver(w);
    assert_by_plan(w);
    assert_refused(w, SP_CLASS_NETWORK);
}

static void
test_lost_answer_to_send_and_the_draft_was_sent(void **state)
{
    struct world *w = *state;
    add_document(w, RANGE);
    fake_graph_plan(w->server, DRAFT, ID, SESSION, URL, PUT, "<201", SEND, "!lose", ">GET " PATH "?$select=isDraft ",
                    "<200\n\n{\"isDraft\":false}", NULL);
    deliver(w);
    assert_by_plan(w);
    assert_accepted(w);
}

static void
test_lost_answer_to_send_and_it_is_still_a_draft(void **state)
{
    struct world *w = *state;
    add_document(w, RANGE);
    fake_graph_plan(w->server, DRAFT, ID, SESSION, URL, PUT, "<201", SEND, "!lose", ">GET " PATH "?$select=isDraft ",
                    "<200\n\n{\"isDraft\":true}", DELETE, "<204", NULL);
    deliver(w);
    assert_by_plan(w);
    assert_false(w->report.accepted);
    assert_true(w->report.maybe_sent);
}

static void
test_document_that_changed_is_not_sent(void **state)
{
    struct world *w = *state;
    add_document(w, RANGE);
    int fd = -1;
    struct sp_err err = { 0 };
    assert_int_equal(open_document(w, 0, &fd, &err), SP_OK);
    w->documents[0].size--;
    struct sp_graph_slice slice = { .fd = fd, .from = RANGE - 10, .size = 20 };
    struct sp_graph_body body = { .source = sp_graph_source_slice(&slice) };
    char buffer[64];
    size_t got = 0;
    assert_int_equal(sp_graph_body_begin(&body, &err), SP_OK);
    assert_int_equal(sp_graph_body_read(&body, buffer, sizeof buffer, &got, &err), SP_E_CORRUPT);
    close(fd);
}

/* --- what it cannot do --- */

static void
test_clouds_without_upload_sessions_have_a_limit_of_their_own(void **state)
{
    struct world *w = *state;
    const char *why = NULL;
    assert_int_equal(sp_method_graph.limit(w->method, &w->settings->tenants[0], &why), 0);
    drop_way(w);
    load_settings(w, "gcc-high", "");
    assert_int_equal(sp_method_graph.limit(w->method, &w->settings->tenants[0], &why), 3000000);
    assert_non_null(why);
    add_document(w, RANGE);
    fake_graph_plan(w->server, DRAFT, ID, DELETE, "<204", NULL);
    deliver(w);
    assert_by_plan(w);
    assert_refused(w, SP_CLASS_TOO_LARGE);
}

static void
test_secret_that_cannot_be_read_is_told_by_each_attempt(void **state)
{
    struct world *w = *state;
    struct sp_err err = { 0 };
    sp_method_graph.close(w->way);
    w->way = NULL;
    write_file(w->folder, "secret", "");
    assert_int_equal(sp_method_graph.open(w->method, &w->env, &w->way, &err), SP_OK);
    fake_graph_plan(w->server, NULL);
    deliver(w);
    assert_false(w->report.accepted);
    assert_int_equal(w->report.diagnosis.scope, SP_SCOPE_METHOD);
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup_world, teardown_world)
    const struct CMUnitTest tests[] = {
        T(test_small_mail_goes_whole_in_one_request),
        T(test_mail_for_those_who_still_wait_names_only_them),
        T(test_lost_answer_may_have_sent_and_the_next_try_says_the_same),
        T(test_gateway_that_heard_no_answer_may_have_sent),
        T(test_nothing_was_sent_when_the_body_did_not_get_through),
        T(test_answer_that_is_no_http_may_have_sent),
        T(test_silence_ends_in_time_and_may_have_sent),
        T(test_mail_that_may_not_be_handed_over_is_not),
        T(test_endless_answer_is_cut_and_its_status_counts),
        T(test_nobody_there_is_the_networks_trouble),
        T(test_throttled_tells_when_to_come_again),
        T(test_token_that_is_refused_is_fetched_anew_once),
        T(test_token_that_is_refused_twice_is_a_refusal),
        T(test_no_token_is_told_with_the_words_of_the_endpoint),
        T(test_send_as_denied_is_told_word_for_word),
        T(test_recipient_that_is_named_fails_alone_and_the_other_gets_it_at_once),
        T(test_only_recipient_need_not_be_named),
        T(test_nobody_is_named_so_nobody_fails_alone),
        T(test_large_mail_goes_in_ranges_and_arrives_whole),
        T(test_draft_keeps_what_was_frozen),
        T(test_small_files_beside_a_large_one_are_attached_directly),
        T(test_interrupted_range_is_resumed_where_the_session_stands),
        T(test_written_down_without_tokens_and_documents),
        T(test_session_that_is_lost_ends_the_attempt_and_the_draft),
        T(test_session_that_asks_for_the_same_bytes_forever_is_left),
        T(test_throttled_in_the_middle_waits_and_goes_on),
        T(test_throttled_before_anything_was_uploaded_is_told_at_once),
        T(test_request_too_large_goes_by_a_draft),
        T(test_mail_over_the_tenants_size_is_refused_and_the_draft_deleted),
        T(test_draft_without_an_id_is_no_draft),
        T(test_upload_address_in_clear_is_not_used),
        T(test_lost_answer_to_send_and_the_draft_was_sent),
        T(test_lost_answer_to_send_and_it_is_still_a_draft),
        T(test_document_that_changed_is_not_sent),
        T(test_clouds_without_upload_sessions_have_a_limit_of_their_own),
        T(test_secret_that_cannot_be_read_is_told_by_each_attempt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
