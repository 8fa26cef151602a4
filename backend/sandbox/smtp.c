#include "backend/sandbox/smtp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "backend/sandbox/budget.h"
#include "backend/sandbox/seats.h"
#include "backend/sandbox/session.h"
#include "backend/sandbox/stats.h"
#include "backend/sandbox/store.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/str.h"
#include "base/text.h"

/* The transaction. */

void
sp_box_reset(struct sp_box_session *s)
{
    for (size_t i = 0; i < s->n_rcpts; i++)
        free(s->rcpts[i]);
    free(s->rcpts);
    s->rcpts = NULL;
    s->n_rcpts = 0;
    s->has_sender = false;
    if (s->reserved)
        sp_box_budget_back(s->server->budget);
    s->reserved = false;
    s->sender[0] = '\0';
    s->body = "7BIT";
    s->received = 0;
    sp_box_message_free(&s->message);
}

/* The connection. */

static enum sp_box_count
gauge_of(const struct sp_box_smtp *server)
{
    return server->where == SP_BOX_SUBMISSION ? SP_BOX_SUBMISSION_OPEN : SP_BOX_MX_OPEN;
}

static void
arrive(struct sp_box_session *s)
{
    s->counted = true;
    sp_box_stats_gauge(s->server->stats, gauge_of(s->server), true);
}

/* Before the client can know that it has left: it may come again at once, and is then not counted twice. */
static void
leave(struct sp_box_session *s)
{
    if (s->seated) {
        sp_box_seats_leave(s->server->seats, s->guest->number);
        sp_box_stats_gauge(s->server->stats, SP_BOX_SIGNED_IN, false);
    }
    if (s->counted)
        sp_box_stats_gauge(s->server->stats, gauge_of(s->server), false);
    s->seated = s->counted = false;
}

/* A connector knows a client by its certificate's name, or else by its address. */
static enum sp_box_connector
find_connector(const struct sp_box_session *s)
{
    const struct sp_box_smtp *server = s->server;
    if (sp_box_plays(server->scenarios, SP_BOX_RELAY, SP_BOX_NO_CONNECTOR, NULL))
        return SP_BOX_NO_CONNECTOR_FITS;
    if (sp_box_peer_is(s->peer, server->connector))
        return SP_BOX_BY_CERTIFICATE;
    if (sp_box_network_has(&server->options->connector_network, s->guest->ip) ||
        sp_box_plays(server->scenarios, SP_BOX_RELAY, SP_BOX_CONNECTOR_IP, NULL))
        return SP_BOX_BY_ADDRESS;
    return SP_BOX_NO_CONNECTOR_FITS;
}

void
sp_box_attribute(struct sp_box_session *s)
{
    if (s->server->where != SP_BOX_MX)
        return;
    s->connector = find_connector(s);
    s->where = s->connector == SP_BOX_NO_CONNECTOR_FITS ? SP_BOX_MX : SP_BOX_RELAY;
}

/* Since November 2023 the sender's domain must be the tenant's, or the certificate's name be in one that is; the From
 * header no longer counts, and an empty sender is nobody's. */
static bool
may_relay(const struct sp_box_session *s)
{
    const struct sp_box_list *domains = &s->server->options->domains;
    bool ours = sp_box_list_has_domain(domains, s->sender);
    for (size_t i = 0; !ours && s->connector == SP_BOX_BY_CERTIFICATE && i < domains->n; i++) {
        size_t len = strlen(domains->items[i]), all = strlen(s->server->connector);
        ours = sp_text_ends_nocase(s->server->connector, domains->items[i]) &&
               (all == len || s->server->connector[all - len - 1] == '.');
    }
    return ours && s->connector != SP_BOX_NO_CONNECTOR_FITS;
}

/* Greeting. */

/* Microsoft checks the name (501 for "MacBook.." was seen) and takes literals and single labels. */
static bool
helo_valid(const char *name)
{
    if (*name == '[')
        return name[strlen(name) - 1] == ']' && strlen(name) < SP_BOX_HELO_MAX;
    return sp_domain_valid(name, true);
}

static bool
greet(struct sp_box_session *s, const char *name)
{
    if (!helo_valid(name)) {
        sp_box_say_mistake(s, "501 5.5.4 Invalid domain name {at}");
        return false;
    }
    if (!sp_box_may(s, SP_BOX_EHLO, NULL))
        return false;
    sp_box_reset(s);
    return sp_text_copy(s->helo, sizeof(s->helo), name);
}

static void
command_helo(struct sp_box_session *s, const char *arguments)
{
    if (greet(s, arguments))
        sp_box_say(s, "250 {host} Hello [{ip}]", NULL);
}

static void
command_ehlo(struct sp_box_session *s, const char *arguments)
{
    struct sp_str words = { 0 };
    if (!greet(s, arguments))
        return;
    sp_str_addf(&words, "250-{host} Hello [{ip}]\r\n250-SIZE %d\r\n250-PIPELINING\r\n250-DSN\r\n", SP_BOX_SIZE_LIMIT);
    sp_str_add(&words, "250-ENHANCEDSTATUSCODES\r\n");
    if (!s->tls && !sp_box_plays(s->server->scenarios, s->where, SP_BOX_NO_STARTTLS, NULL))
        sp_str_add(&words, "250-STARTTLS\r\n");
    if (s->tls && s->server->where == SP_BOX_SUBMISSION)
        sp_str_add(&words, "250-AUTH LOGIN XOAUTH2\r\n");
    sp_str_add(&words, "250-8BITMIME\r\n250-BINARYMIME\r\n250-CHUNKING\r\n250 SMTPUTF8");
    sp_box_say(s, sp_str_text(&words), NULL);
    sp_str_free(&words);
}

/* Which certificate is shown today. */
static SSL_CTX *
choose_certificate(const struct sp_box_session *s)
{
    const struct sp_box_smtp *server = s->server;
    struct sp_box_scenario scenario;
    if (!sp_box_plays(server->scenarios, s->where, SP_BOX_CERTIFICATE, &scenario))
        return server->tls[SP_BOX_GOOD];
    if (strcmp(scenario.text, "expired") == 0)
        return server->tls[SP_BOX_EXPIRED];
    return server->tls[strcmp(scenario.text, "name") == 0 ? SP_BOX_OTHER_NAME : SP_BOX_UNTRUSTED];
}

static void
command_starttls(struct sp_box_session *s, const char *arguments)
{
    if (*arguments != '\0' || s->tls || sp_box_plays(s->server->scenarios, s->where, SP_BOX_NO_STARTTLS, NULL)) {
        sp_box_say_mistake(s, "500 5.3.3 Unrecognized command 'STARTTLS' {at}");
        return;
    }
    if (!sp_box_may(s, SP_BOX_STARTTLS, NULL))
        return;
    sp_box_say(s, "220 2.0.0 SMTP server ready", NULL);
    if (s->ended || !sp_box_peer_flush(s->peer) || !sp_box_enter(s, SP_BOX_TLS)) {
        s->ended = true;
        return;
    }
    if (!sp_box_peer_starttls(s->peer, choose_certificate(s))) {
        sp_box_drop(s, "no handshake");
        return;
    }
    s->tls = true;
    sp_box_attribute(s);
    s->helo[0] = '\0'; /* RFC 3207 section 4.2: all that was said before is forgotten */
    sp_box_reset(s);
}

/* MAIL and RCPT. */

/* "FROM:<address> A=B C": the address into `address`, returns the parameters; NULL when it is none of that. */
static const char *
path_parse(const char *arguments, const char *word, bool may_be_empty, char address[SP_ADDRESS_MAX + 1])
{
    if (!sp_text_starts_nocase(arguments, word))
        return NULL;
    const char *open = arguments + strlen(word);
    open += strspn(open, " ");
    const char *close = *open == '<' ? strchr(open, '>') : NULL;
    if (close == NULL || close - open - 1 > SP_ADDRESS_MAX)
        return NULL;
    size_t len = (size_t)(close - open - 1);
    memcpy(address, open + 1, len);
    address[len] = '\0';
    if (len == 0 ? !may_be_empty : !sp_address_valid(address))
        return NULL;
    return close + 1 + strspn(close + 1, " ");
}

/* One parameter of MAIL; NULL: fine, otherwise what is said against it. */
static const char *
mail_parameter(struct sp_box_session *s, const char *word)
{
    static const char *const bodies[] = { "7BIT", "8BITMIME", "BINARYMIME" };
    if (sp_text_starts_nocase(word, "SIZE=")) {
        int64_t size = 0;
        if (!sp_parse_int(word + strlen("SIZE="), 0, INT64_MAX, &size))
            return "501 5.5.4 Invalid arguments {at}";
        return size > SP_BOX_SIZE_LIMIT ? "552 5.3.4 Message size exceeds fixed maximum message size {at}" : NULL;
    }
    if (sp_text_starts_nocase(word, "BODY=")) {
        for (size_t i = 0; i < SP_LEN(bodies); i++) {
            if (strcasecmp(word + strlen("BODY="), bodies[i]) == 0) {
                s->body = bodies[i];
                return NULL;
            }
        }
        return "501 5.5.4 Invalid arguments {at}";
    }
    bool known = strcasecmp(word, "SMTPUTF8") == 0 || sp_text_starts_nocase(word, "RET=") ||
                 sp_text_starts_nocase(word, "ENVID=") || sp_text_starts_nocase(word, "AUTH=");
    return known ? NULL : "555 5.5.4 Unsupported option {at}";
}

static const char *
mail_parameters(struct sp_box_session *s, const char *parameters)
{
    SP_AUTO_FREE char *copy = strdup(parameters);
    char *rest = copy;
    for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " ")) {
        const char *against = *word != '\0' ? mail_parameter(s, word) : NULL;
        if (against != NULL)
            return against;
    }
    return NULL;
}

/* A client that ignores a failed AUTH is told here what it was told there. */
static void
say_not_signed_in(struct sp_box_session *s)
{
    struct sp_str words = { 0 };
    if (s->refused_sign_in[0] != '\0')
        sp_str_addf(&words, "530 5.7.57 Client not authenticated to send mail. Error: %s", s->refused_sign_in);
    else
        sp_str_add(&words,
                   "530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM {at}");
    sp_box_say(s, sp_str_text(&words), NULL);
    sp_str_free(&words);
}

/* What must hold before MAIL; false: it was said. */
static bool
may_begin(struct sp_box_session *s)
{
    bool submission = s->server->where == SP_BOX_SUBMISSION;
    if (s->helo[0] == '\0')
        sp_box_say_mistake(s, "503 5.5.2 Send hello first {at}");
    else if (s->has_sender)
        sp_box_say_mistake(s, "503 5.5.2 Sender already specified {at}");
    else if (submission && !s->tls)
        sp_box_say(s, "451 5.7.3 STARTTLS is required to send mail. {at}", NULL);
    else if (submission && s->mechanism == NULL)
        say_not_signed_in(s);
    else
        return true;
    return false;
}

/* One message of the mailbox's rate; over it, Exchange hangs up. */
static bool
reserve(struct sp_box_session *s)
{
    size_t in_window = 0;
    if (s->server->where != SP_BOX_SUBMISSION)
        return true;
    s->reserved = sp_box_budget_take(s->server->budget, sp_mono_ms(&sp_clock_system), &in_window);
    if (s->reserved) {
        sp_box_stats_high(s->server->stats, SP_BOX_SUBMISSION_WINDOW_MAX, in_window);
        return true;
    }
    sp_box_stats_add(s->server->stats, SP_BOX_SUBMISSION_OVER_RATE, 1);
    sp_box_say(s, "421 4.4.2 Message submission rate for this client has exceeded the configured limit {at}", NULL);
    return false;
}

static void
command_mail(struct sp_box_session *s, const char *arguments)
{
    char sender[SP_ADDRESS_MAX + 1];
    if (!may_begin(s))
        return;
    sp_box_attribute(s);
    const char *parameters = path_parse(arguments, "FROM:", true, sender);
    const char *against = parameters == NULL ? "501 5.1.7 Invalid address {at}" : mail_parameters(s, parameters);
    if (against != NULL) {
        sp_box_say(s, against, NULL);
        sp_box_reset(s);
        return;
    }
    if (!sp_box_may(s, SP_BOX_MAIL, NULL) || !reserve(s)) {
        sp_box_reset(s);
        return;
    }
    (void)sp_text_copy(s->sender, sizeof(s->sender), sender);
    s->has_sender = true;
    sp_box_say(s, "250 2.1.0 Sender OK", NULL);
}

static bool
rcpt_add(struct sp_box_session *s, const char *address)
{
    char **more = realloc(s->rcpts, (s->n_rcpts + 1) * sizeof(*more));
    if (more == NULL)
        return false;
    s->rcpts = more;
    more[s->n_rcpts] = strdup(address);
    if (more[s->n_rcpts] == NULL)
        return false;
    s->n_rcpts++;
    return true;
}

static void
command_rcpt(struct sp_box_session *s, const char *arguments)
{
    char address[SP_ADDRESS_MAX + 1];
    const struct sp_box_smtp *server = s->server;
    if (!s->has_sender)
        sp_box_say_mistake(s, "503 5.5.2 Need mail command {at}");
    else if (path_parse(arguments, "TO:", false, address) == NULL)
        sp_box_say(s, "501 5.1.3 Invalid address {at}", NULL);
    else if (!sp_box_may(s, SP_BOX_RCPT, address))
        return;
    else if (server->where == SP_BOX_MX && !sp_box_list_has_domain(&server->options->domains, address) && !may_relay(s))
        sp_box_say(s, "550 5.7.64 TenantAttribution; Relay Access Denied {at}", NULL);
    else if (s->n_rcpts == SP_BOX_RCPTS_MAX || !rcpt_add(s, address))
        sp_box_say(s, "452 4.5.3 Too many recipients {at}", NULL);
    else
        sp_box_say(s, "250 2.1.5 Recipient OK", NULL);
}

/* The rest. */

static void
command_rset(struct sp_box_session *s, const char *arguments)
{
    (void)arguments;
    sp_box_reset(s);
    sp_box_say(s, "250 2.0.0 Resetting", NULL);
}

static void
command_noop(struct sp_box_session *s, const char *arguments)
{
    (void)arguments;
    sp_box_say(s, "250 2.0.0 OK", NULL);
}

static void
command_vrfy(struct sp_box_session *s, const char *arguments)
{
    (void)arguments;
    sp_box_say(s, "252 2.1.5 Cannot VRFY user", NULL);
}

static void
command_quit(struct sp_box_session *s, const char *arguments)
{
    (void)arguments;
    leave(s);
    sp_box_say(s, "221 2.0.0 Service closing transmission channel", NULL);
    s->ended = s->politely = true;
}

static const struct {
    const char *verb;
    void (*run)(struct sp_box_session *s, const char *arguments);
} commands[] = {
    { "EHLO", command_ehlo }, { "HELO", command_helo }, { "STARTTLS", command_starttls }, { "AUTH", sp_box_auth },
    { "MAIL", command_mail }, { "RCPT", command_rcpt }, { "DATA", sp_box_data },          { "BDAT", sp_box_bdat },
    { "RSET", command_rset }, { "NOOP", command_noop }, { "VRFY", command_vrfy },         { "QUIT", command_quit },
};

static void
dispatch(struct sp_box_session *s)
{
    size_t len = strcspn(s->line, " ");
    const char *arguments = s->line + len + strspn(s->line + len, " ");
    for (size_t i = 0; i < SP_LEN(commands); i++) {
        if (strlen(commands[i].verb) == len && strncasecmp(s->line, commands[i].verb, len) == 0) {
            commands[i].run(s, arguments);
            return;
        }
    }
    sp_box_say_mistake(s, "500 5.3.3 Unrecognized command {at}");
}

/* "220 ... Microsoft ESMTP MAIL Service ready at Mon, 23 Nov 2026 12:00:00 +0000 [08DE6C12E206EF5D]" */
static void
say_banner(struct sp_box_session *s)
{
    static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t now = (time_t)(sp_wall_ms(&sp_clock_system) / 1000);
    struct tm tm = { 0 };
    struct sp_str words = { 0 };
    (void)gmtime_r(&now, &tm);
    sp_str_addf(&words, "220 {host} Microsoft ESMTP MAIL Service ready at %s, %d %s %d %02d:%02d:%02d +0000 [%s]",
                days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec,
                s->id);
    sp_box_say(s, sp_str_text(&words), NULL);
    sp_str_free(&words);
}

static struct sp_box_session *
session_new(struct sp_box_smtp *server, const struct sp_box_guest *guest)
{
    struct sp_box_session *s = calloc(1, sizeof(*s));
    uint64_t id = 0;
    if (s == NULL) {
        close(guest->fd);
        return NULL;
    }
    s->peer = sp_box_peer_new(guest->fd, guest->stop_fd);
    if (s->peer == NULL) {
        free(s);
        return NULL;
    }
    s->server = server;
    s->where = server->where;
    s->guest = guest;
    s->body = "7BIT";
    sp_random_bytes(&id, sizeof(id));
    (void)snprintf(s->id, sizeof(s->id), "%016" PRIX64, id);
    return s;
}

void
sp_box_smtp_serve(void *server, const struct sp_box_guest *guest)
{
    struct sp_box_session *s = session_new(server, guest);
    if (s == NULL)
        return;
    arrive(s);
    sp_box_attribute(s);
    if (sp_box_may(s, SP_BOX_BANNER, NULL))
        say_banner(s);
    while (sp_box_next_line(s))
        dispatch(s);
    if (s->politely)
        (void)sp_box_peer_flush(s->peer);
    sp_box_reset(s);
    leave(s);
    sp_box_peer_free(&s->peer, s->politely);
    free(s);
}
