/* method_test.c - what must hold for every struct sp_method, whatever it speaks. The sandbox is the peer: another
 * program, which says on its own what it took. A way that cannot show something (Graph has no reply for one recipient)
 * has NULL in the table of subjects, and the test is not run for it. */
#include "backend/delivery/method.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/mail/compose.h"
#include "backend/net/dns.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/text.h"

enum {
    PATIENCE_MS = 30 * 1000,
    HOUR_MS = 3600 * 1000,
    STEP_MS = 20,
    THREADS = 3,
    MAILS_EACH = 2,
    DOCUMENT_SIZE = 3000,
    MAIL_MAX = 1 << 20
};

static const char somebody[] = "accounting@contoso.com", nobody[] = "nobody@contoso.com";

struct subject {
    const char *name;
    enum sp_method_type type;
    /* Settings of the method; "{key}" is a value of sandbox.json. */
    const char *settings;
    const char *place;       /* in stats.json: where its connections are */
    const char *refuses_one; /* scenarios */
    const char *shut, *busy, *loses_answer, *silent, *offers_no_tls, *untrusted;
};

#define OAUTH                                                                                                          \
    "  oauth-tenant = {oauth_tenant}  oauth-client-id = {oauth_client_id}  oauth-token-url = \"{token_url}\"\n"        \
    "  oauth-client-secret-file = \"{oauth_client_secret_file}\"\n"

static const struct subject subjects[] = {
    {
        .name = "direct",
        .type = SP_TYPE_DIRECT,
        .settings = "port = {mx_port}",
        .place = "mx",
        .refuses_one = "recipient-unknown:nobody@contoso.com",
        .shut = "ip-blocked",
        .busy = "direct/busy",
        .loses_answer = "direct/lost-answer:1",
        .silent = "direct/hang:banner",
        .offers_no_tls = "direct/no-starttls",
        .untrusted = "direct/certificate:untrusted",
    },
    {
        .name = "relay",
        .type = SP_TYPE_RELAY,
        .settings = "port = {mx_port}  client-certificate = \"{relay_certificate}\"  client-key = \"{relay_key}\"",
        .place = "mx",
        .refuses_one = "recipient-unknown:nobody@contoso.com",
        .shut = "mx/reply:rcpt:550 5.7.64 TenantAttribution; Relay Access Denied",
        .busy = "mx/busy",
        .loses_answer = "mx/lost-answer:1",
        .silent = "mx/hang:banner",
        .offers_no_tls = "mx/no-starttls",
        .untrusted = "mx/certificate:untrusted",
    },
    {
        .name = "submission",
        .type = SP_TYPE_SUBMISSION,
        .settings = "host = {submission_host}  port = {submission_port}  auth = password  username = {user}\n"
                    "  password-file = \"{password_file}\"",
        .place = "submission",
        .refuses_one = "recipient-unknown:nobody@contoso.com",
        .shut = "auth-disabled",
        .busy = "submission/busy",
        .loses_answer = "submission/lost-answer:1",
        .silent = "submission/hang:banner",
        .offers_no_tls = "submission/no-starttls",
        .untrusted = "submission/certificate:untrusted",
    },
    {
        .name = "submission by token",
        .type = SP_TYPE_SUBMISSION,
        .settings = "host = {submission_host}  port = {submission_port}  username = {user}\n" OAUTH,
        .place = "submission",
        .refuses_one = "recipient-unknown:nobody@contoso.com",
        .shut = "auth-disabled",
        .busy = "submission/busy",
        .loses_answer = "submission/lost-answer:1",
        .silent = "submission/hang:banner",
        .offers_no_tls = "submission/no-starttls",
        .untrusted = "submission/certificate:untrusted",
    },
    {
        .name = "graph",
        .type = SP_TYPE_GRAPH,
        .settings = "host = {graph_host}  port = {graph_port}  username = {user}\n" OAUTH,
        .place = "graph",
        .shut = "access-denied",
        .busy = "graph/unavailable",
        .loses_answer = "graph/lost-answer:1",
        .silent = "graph/hang:request",
        .untrusted = "graph/certificate:untrusted",
    },
};

/* --- the sandbox --- */

struct world {
    const struct subject *subject;
    char folder[64];
    pid_t sandbox;
    json_t *card;
    struct sp_settings *settings;
    struct sp_dns *dns;
    struct sp_clock clock;
    int64_t ahead; /* of our clock, before the system's */
    struct sp_way_env env;
    const struct sp_method *method;
    void *way;
    void (*meanwhile)(struct world *w); /* called in the middle of a delivery; NULL: nothing happens */
};

static const char *
in_folder(const struct world *w, const char *name)
{
    static _Thread_local char path[160];
    snprintf(path, sizeof path, "%s/%s", w->folder, name);
    return path;
}

static void
write_file(const struct world *w, const char *name, const char *text)
{
    struct sp_err err = { 0 };
    if (sp_io_put_file(AT_FDCWD, in_folder(w, name), text, strlen(text), 0600, &err) != SP_OK)
        fail_msg("%s", err.text);
}

static void
play(const struct world *w, const char *scenario)
{
    write_file(w, "scenario", scenario);
}

/* NULL: not there yet. */
static json_t *
read_json(const struct world *w, const char *name)
{
    return json_load_file(in_folder(w, name), 0, NULL);
}

static void
start_sandbox(struct world *w)
{
    strcpy(w->folder, "/tmp/scanpost_method_XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    write_file(w, "password", "Geheim-123\n");
    w->sandbox = fork();
    if (w->sandbox == 0) {
        int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
        (void)dup2(quiet, STDOUT_FILENO);
        (void)dup2(quiet, STDERR_FILENO);
        execl(SANDBOX, "scanpost-sandbox", "--parent-death", "--dir", w->folder, "--user", "scanner@contoso.com",
              "--password-file", in_folder(w, "password"), (char *)NULL);
        _exit(127);
    }
    assert_true(w->sandbox > 0);
    for (int waited = 0; w->card == NULL && waited < PATIENCE_MS; waited += STEP_MS) {
        assert_int_equal(waitpid(w->sandbox, NULL, WNOHANG), 0);
        (void)poll(NULL, 0, STEP_MS);
        w->card = read_json(w, "sandbox.json");
    }
    assert_non_null(w->card);
}

static json_int_t
count(const struct world *w, const char *what)
{
    json_t *stats = read_json(w, "stats.json");
    json_int_t number = json_integer_value(json_object_get(json_object_get(stats, w->subject->place), what));
    json_decref(stats);
    return number;
}

/* The nth message that the sandbox took (from 1), for the caller to free; NULL: there is none. */
static char *
mail(const struct world *w, unsigned n)
{
    char name[40];
    struct sp_str text = { 0 };
    struct sp_err err = { 0 };
    snprintf(name, sizeof name, "mail/%u.eml", n);
    if (sp_io_read_file(AT_FDCWD, in_folder(w, name), MAIL_MAX, &text, &err) == SP_OK)
        return sp_str_steal(&text);
    sp_str_free(&text);
    return NULL;
}

/* --- the way --- */

static int64_t
ahead_mono(void *context)
{
    const struct world *w = context;
    return sp_mono_ms(&sp_clock_system) + w->ahead;
}

static int64_t
wall(void *context)
{
    (void)context;
    return sp_wall_ms(&sp_clock_system);
}

/* "{mx_port}" becomes what sandbox.json says. */
static void
fill_in(const struct world *w, const char *text, struct sp_str *out)
{
    while (*text != '\0') {
        char key[64];
        size_t len = strcspn(text, "}");
        if (*text != '{' || text[1] == ' ' || text[len] != '}') {
            sp_str_add_char(out, *text++);
            continue;
        }
        snprintf(key, sizeof key, "%.*s", (int)len - 1, text + 1);
        const json_t *value = json_object_get(w->card, key);
        assert_non_null(value);
        if (json_is_integer(value))
            sp_str_addf(out, "%lld", (long long)json_integer_value(value));
        else
            sp_str_add(out, json_string_value(value));
        text += len + 1;
    }
}

static void
open_way(struct world *w, int64_t (*timeout_ms)(enum sp_stage stage))
{
    SP_AUTO(sp_str_free) struct sp_str text = { 0 }, filled = { 0 };
    struct sp_err err = { 0 };
    sp_str_addf(&text,
                "gateway { hostname = scan.contoso.com  resolver = \"{resolver}\" }\n"
                "tenant contoso { domain = contoso.com  sender = scanner@contoso.com }\n"
                "method %s { ca-file = \"{ca}\"  %s }\n",
                sp_method_type_name(w->subject->type), w->subject->settings);
    fill_in(w, sp_str_text(&text), &filled);
    write_file(w, "conf", sp_str_text(&filled));
    if (sp_settings_load(in_folder(w, "conf"), &w->settings, &err) != SP_OK ||
        sp_dns_new(w->settings->gateway.resolver, &w->clock, &w->dns, &err) != SP_OK)
        fail_msg("%s", err.text);
    w->method = sp_method_of(w->subject->type);
    w->env =
        (struct sp_way_env){ .settings = w->settings, .clock = &w->clock, .dns = w->dns, .timeout_ms = timeout_ms };
    assert_null(w->method->unable(&w->settings->methods[0]));
    assert_int_equal(w->method->open(&w->settings->methods[0], &w->env, &w->way, &err), SP_OK);
}

static void
close_way(struct world *w)
{
    if (w->way != NULL)
        w->method->close(w->way);
    w->way = NULL;
    sp_dns_free(&w->dns);
    sp_settings_free(&w->settings);
}

/* cmocka hands the test's initial state over: the subject. */
static int
setup_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->subject = *state;
    w->clock = (struct sp_clock){ .wall_ms = wall, .mono_ms = ahead_mono, .context = w };
    start_sandbox(w);
    open_way(w, NULL);
    *state = w;
    return 0;
}

static int
teardown_world(void **state)
{
    struct world *w = *state;
    struct sp_err err = { 0 };
    close_way(w);
    kill(w->sandbox, SIGTERM);
    waitpid(w->sandbox, NULL, 0);
    json_decref(w->card);
    (void)sp_io_remove_tree(AT_FDCWD, w->folder, &err);
    free(w);
    return 0;
}

/* --- an attempt --- */

struct attempt {
    struct sp_report report;
    struct sp_report_recipient results[2];
};

static enum sp_rc
open_document(void *context, size_t n, int *ret_fd, struct sp_err *err)
{
    unsigned char bytes[DOCUMENT_SIZE];
    struct world *w = context;
    (void)err;
    if (w->meanwhile != NULL)
        w->meanwhile(w);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 31 + n);
    *ret_fd = memfd_create("document", MFD_CLOEXEC);
    assert_true(*ret_fd >= 0);
    assert_int_equal(write(*ret_fd, bytes, sizeof bytes), sizeof bytes);
    assert_int_equal(lseek(*ret_fd, 0, SEEK_SET), 0);
    return SP_OK;
}

static void
deliver_as(struct world *w, const char *message_id, const char *const *to, size_t n, struct attempt *ret)
{
    static const struct sp_mail_document document = { "scan.pdf", "application/pdf", DOCUMENT_SIZE };
    const struct sp_mail text = {
        .from = "scanner@contoso.com",
        .from_name = "Empfang",
        .reply_to = "",
        .to = to,
        .n_to = n,
        .subject = "Scan",
        .body = "Hello\n",
        .message_id = message_id,
        .boundary = "b-01J",
        .date_ms = 1795435200000,
        .documents = &document,
        .n_documents = 1,
        .open = open_document,
        .context = w,
    };
    const struct sp_message message = { "01J", text.from, &text, to, n };
    *ret = (struct attempt){ 0 };
    ret->report.recipients = ret->results;
    ret->report.n_recipients = n;
    w->method->deliver(w->way, &message, &ret->report);
}

static void
deliver(struct world *w, struct attempt *ret)
{
    const char *const to[] = { somebody };
    deliver_as(w, "<01J@scan.contoso.com>", to, 1, ret);
}

static void
assert_accepted(const struct attempt *attempt)
{
    if (!attempt->report.accepted)
        fail_msg("not accepted: %s", attempt->report.reply);
    assert_true(attempt->results[0].accepted);
    assert_false(attempt->report.maybe_sent);
    assert_int_equal(attempt->report.diagnosis.class_, SP_CLASS_OK);
}

static void
assert_not_sent(const struct world *w, const struct attempt *attempt)
{
    assert_false(attempt->report.accepted);
    assert_false(attempt->report.maybe_sent);
    assert_false(attempt->results[0].accepted);
    assert_null(mail(w, 1));
}

/* What is said of a refusal is of use: a class, words, somebody who must act. */
static void
assert_told(const struct attempt *attempt, enum sp_scope scope)
{
    const struct sp_diagnosis *diagnosis = &attempt->report.diagnosis;
    if (attempt->results[0].refused) /* at RCPT TO it is the recipient's reply */
        diagnosis = &attempt->results[0].diagnosis;
    assert_string_equal(sp_scope_name(diagnosis->scope), sp_scope_name(scope));
    assert_true(diagnosis->summary[0] != '\0' && diagnosis->fix[0] != '\0');
    assert_true(attempt->report.reply[0] != '\0' || attempt->results[0].reply[0] != '\0');
}

/* --- what must hold --- */

static void
test_accepted_mail_is_there_whole(void **state)
{
    struct world *w = *state;
    struct attempt attempt;
    deliver(w, &attempt);
    assert_accepted(&attempt);
    assert_true(attempt.report.reply[0] != '\0' && attempt.results[0].reply[0] != '\0');
    assert_string_equal(attempt.report.ip, "127.0.0.1");
    assert_true(sp_text_starts(attempt.report.tls, "TLSv1."));
    SP_AUTO_FREE char *text = mail(w, 1);
    assert_non_null(text);
    assert_non_null(strstr(text, "\r\nMessage-ID: <01J@scan.contoso.com>\r\n"));
    assert_non_null(strstr(text, "\r\n--b-01J--\r\n"));
}

static void
test_one_refused_recipient_does_not_keep_the_other_from_it(void **state)
{
    struct world *w = *state;
    struct attempt attempt;
    const char *const to[] = { somebody, nobody };
    play(w, w->subject->refuses_one);
    deliver_as(w, "<01J@scan.contoso.com>", to, 2, &attempt);
    assert_accepted(&attempt);
    assert_true(attempt.results[1].refused && !attempt.results[1].accepted);
    assert_string_equal(sp_class_name(attempt.results[1].diagnosis.class_), "recipient_unknown");
    assert_true(attempt.results[1].reply[0] != '\0');
}

static void
test_shut_way_says_that_it_is_the_way(void **state)
{
    struct world *w = *state;
    struct attempt attempt;
    play(w, w->subject->shut);
    deliver(w, &attempt);
    assert_not_sent(w, &attempt);
    assert_told(&attempt, SP_SCOPE_METHOD);
}

static void
test_busy_peer_means_later(void **state)
{
    struct world *w = *state;
    struct attempt attempt;
    play(w, w->subject->busy);
    deliver(w, &attempt);
    assert_not_sent(w, &attempt);
    assert_told(&attempt, SP_SCOPE_LATER);
    play(w, "");
    deliver(w, &attempt);
    assert_accepted(&attempt);
}

static void
test_lost_answer_may_have_sent_and_the_next_try_has_the_same_bytes(void **state)
{
    struct world *w = *state;
    struct attempt attempt;
    play(w, w->subject->loses_answer);
    deliver(w, &attempt);
    assert_false(attempt.report.accepted);
    assert_true(attempt.report.maybe_sent);
    deliver(w, &attempt);
    assert_accepted(&attempt);
    SP_AUTO_FREE char *first = mail(w, 1);
    SP_AUTO_FREE char *second = mail(w, 2);
    assert_non_null(first);
    assert_non_null(second);
    assert_string_equal(first, second);
}

static int64_t
short_time(enum sp_stage stage)
{
    (void)stage;
    return 500;
}

static void
test_silent_peer_is_left_after_the_stages_time(void **state)
{
    struct world *w = *state;
    struct attempt attempt;
    close_way(w);
    open_way(w, short_time);
    play(w, w->subject->silent);
    deliver(w, &attempt);
    assert_false(attempt.report.accepted);
    assert_string_equal(sp_class_name(attempt.report.diagnosis.class_), "network");
    assert_null(mail(w, 1));
}

static void
test_nothing_is_said_in_clear(void **state)
{
    struct world *w = *state;
    struct attempt attempt;
    play(w, w->subject->offers_no_tls);
    deliver(w, &attempt);
    assert_not_sent(w, &attempt);
    assert_told(&attempt, SP_SCOPE_METHOD);
    assert_string_equal(sp_class_name(attempt.report.diagnosis.class_), "tls");
}

static void
test_peer_that_cannot_prove_who_it_is_gets_nothing(void **state)
{
    struct world *w = *state;
    struct attempt attempt;
    play(w, w->subject->untrusted);
    deliver(w, &attempt);
    assert_not_sent(w, &attempt);
    assert_told(&attempt, SP_SCOPE_METHOD);
    assert_string_equal(sp_class_name(attempt.report.diagnosis.class_), "tls");
}

/* The sandbox hears of a closed connection when it hears of it. */
static void
wait_for_connections(const struct world *w, json_int_t wanted)
{
    for (int waited = 0; count(w, "connections") != wanted && waited < PATIENCE_MS; waited += STEP_MS)
        (void)poll(NULL, 0, STEP_MS);
    assert_int_equal(count(w, "connections"), wanted);
}

static void
test_idle_connections_are_kept_and_then_closed(void **state)
{
    struct world *w = *state;
    struct attempt attempt;
    deliver(w, &attempt);
    assert_accepted(&attempt);
    assert_true(w->method->tidy(w->way) > ahead_mono(w));
    deliver(w, &attempt);
    assert_accepted(&attempt);
    wait_for_connections(w, 1);
    w->ahead = HOUR_MS;
    assert_int_equal(w->method->tidy(w->way), 0);
    wait_for_connections(w, 0);
}

static void
test_a_spare_connection_is_there_for_the_next_message(void **state)
{
    struct world *w = *state;
    struct attempt attempt;
    if (w->method->spare == NULL) {
        skip();
        return;
    }
    assert_true(w->method->spare(w->way));
    assert_true(w->method->spare(w->way)); /* the one will do */
    assert_int_equal(w->method->kept(w->way), 1);
    wait_for_connections(w, 1);
    deliver(w, &attempt);
    assert_accepted(&attempt);
    assert_non_null(strstr(sp_transcript_text(&attempt.report.transcript), "a connection made ready ahead"));
    assert_int_equal(count(w, "connections_max"), 1);
    w->method->shed(w->way);
    play(w, w->subject->offers_no_tls);
    assert_false(w->method->spare(w->way));
    assert_int_equal(w->method->kept(w->way), 0);
    play(w, "");
    deliver(w, &attempt);
    assert_accepted(&attempt);
}

static void
tidy_an_hour_later(struct world *w)
{
    assert_true(w->method->spare(w->way));
    w->ahead = HOUR_MS;
    assert_int_equal(w->method->tidy(w->way), 0);
    w->ahead = 0;
    assert_int_equal(w->method->kept(w->way), 1);
}

static void
test_a_spare_connection_stays_while_a_message_is_under_way(void **state)
{
    struct world *w = *state;
    struct attempt attempt;
    if (w->method->spare == NULL) {
        skip();
        return;
    }
    w->meanwhile = tidy_an_hour_later;
    deliver(w, &attempt);
    assert_accepted(&attempt);
    assert_int_equal(count(w, "connections_max"), 2);
    w->ahead = HOUR_MS;
    assert_int_equal(w->method->tidy(w->way), 0);
    assert_int_equal(w->method->kept(w->way), 0);
    wait_for_connections(w, 0);
}

struct thread {
    struct world *w;
    unsigned number;
    bool fine;
};

static void *
deliver_some(void *context)
{
    struct thread *thread = context;
    const char *const to[] = { somebody };
    thread->fine = true;
    for (unsigned i = 0; i < MAILS_EACH; i++) {
        char id[64];
        struct attempt attempt;
        snprintf(id, sizeof id, "<%u.%u@scan.contoso.com>", thread->number, i);
        deliver_as(thread->w, id, to, 1, &attempt);
        thread->fine = thread->fine && attempt.report.accepted;
    }
    return NULL;
}

static void
test_several_threads_deliver_at_once(void **state)
{
    struct world *w = *state;
    pthread_t threads[THREADS];
    struct thread jobs[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        jobs[i] = (struct thread){ .w = w, .number = i };
        assert_int_equal(pthread_create(&threads[i], NULL, deliver_some, &jobs[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < THREADS; i++)
        assert_true(jobs[i].fine);
    SP_AUTO_FREE char *last = mail(w, THREADS * MAILS_EACH);
    SP_AUTO_FREE char *more = mail(w, THREADS * MAILS_EACH + 1);
    assert_non_null(last);
    assert_null(more);
}

/* --- every test for every subject --- */

static const struct {
    const char *name;
    CMUnitTestFunction run;
    size_t needs; /* where in a subject the scenario stands that it plays; 0: none */
} contract[] = {
    { "accepted mail is there whole", test_accepted_mail_is_there_whole, 0 },
    { "one refused recipient does not keep the other from it",
      test_one_refused_recipient_does_not_keep_the_other_from_it, offsetof(struct subject, refuses_one) },
    { "a shut way says that it is the way", test_shut_way_says_that_it_is_the_way, offsetof(struct subject, shut) },
    { "a busy peer means later", test_busy_peer_means_later, offsetof(struct subject, busy) },
    { "a lost answer may have sent, and the next try has the same bytes",
      test_lost_answer_may_have_sent_and_the_next_try_has_the_same_bytes, offsetof(struct subject, loses_answer) },
    { "a silent peer is left after the stage's time", test_silent_peer_is_left_after_the_stages_time,
      offsetof(struct subject, silent) },
    { "nothing is said in clear", test_nothing_is_said_in_clear, offsetof(struct subject, offers_no_tls) },
    { "a peer that cannot prove who it is gets nothing", test_peer_that_cannot_prove_who_it_is_gets_nothing,
      offsetof(struct subject, untrusted) },
    { "idle connections are kept, and then closed", test_idle_connections_are_kept_and_then_closed, 0 },
    { "a spare connection is there for the next message", test_a_spare_connection_is_there_for_the_next_message, 0 },
    { "a spare connection stays while a message is under way",
      test_a_spare_connection_stays_while_a_message_is_under_way, 0 },
    { "several threads deliver at once", test_several_threads_deliver_at_once, 0 },
};

static bool
can_show(const struct subject *subject, size_t needs)
{
    const char *scenario = NULL;
    memcpy(&scenario, (const char *)subject + needs, sizeof scenario);
    return needs == 0 || scenario != NULL;
}

int
main(void)
{
    static struct CMUnitTest tests[SP_LEN(subjects) * SP_LEN(contract)];
    static char names[SP_LEN(tests)][128];
    size_t n = 0;
    signal(SIGPIPE, SIG_IGN); /* as the daemon does */
    for (size_t s = 0; s < SP_LEN(subjects); s++) {
        for (size_t c = 0; c < SP_LEN(contract); c++) {
            if (!can_show(&subjects[s], contract[c].needs))
                continue;
            snprintf(names[n], sizeof names[n], "%s: %s", subjects[s].name, contract[c].name);
            tests[n] = (struct CMUnitTest){ names[n], contract[c].run, setup_world, teardown_world,
                                            (void *)(uintptr_t)&subjects[s] };
            n++;
        }
    }
    return _cmocka_run_group_tests("methods", tests, n, NULL, NULL);
}
