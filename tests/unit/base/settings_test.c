/* The configuration: what a good file becomes, what is said about a bad one and where, and whether the manual page
 * tells of every key. */
#include "base/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/str.h"

struct world {
    char dir[64];
    char file[96]; /* DIR/scanpost.conf */
};

static void
write_file(const struct world *w, const char *name, const char *text)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", w->dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static int
setup_world(void **state)
{
    static struct world w;
    strcpy(w.dir, "/tmp/settings_test_XXXXXX");
    if (mkdtemp(w.dir) == NULL)
        return -1;
    snprintf(w.file, sizeof w.file, "%s/scanpost.conf", w.dir);
    write_file(&w, "password", "secret\n");
    *state = &w;
    return 0;
}

static int
teardown_world(void **state)
{
    static const char *const names[] = { "scanpost.conf", "password", "a.conf", "b.conf", "sub/c.conf", "sub" };
    const struct world *w = *state;
    char path[160];
    for (size_t i = 0; i < SP_LEN(names); i++) {
        snprintf(path, sizeof path, "%s/%s", w->dir, names[i]);
        remove(path);
    }
    return remove(w->dir);
}

/* "%" in the text stands for the world's directory. */
static char *
fill_in(const struct world *w, const char *text)
{
    struct sp_str out = { 0 };
    for (; *text != '\0'; text++) {
        if (*text == '%')
            sp_str_add(&out, w->dir);
        else
            sp_str_add_char(&out, *text);
    }
    return sp_str_steal(&out);
}

static struct sp_settings *
load_good(const struct world *w, const char *text)
{
    SP_AUTO_FREE char *filled = fill_in(w, text);
    struct sp_settings *settings = NULL;
    struct sp_err err = { 0 };
    write_file(w, "scanpost.conf", filled);
    if (sp_settings_load(w->file, &settings, &err) != SP_OK)
        fail_msg("%s", err.text);
    return settings;
}

/* expected: "FILE:LINE: words", the file without its directory; only the beginning must match. */
static void
assert_refused(const struct world *w, const char *text, const char *expected)
{
    SP_AUTO_FREE char *filled = fill_in(w, text);
    char full[512];
    struct sp_settings *settings = NULL;
    struct sp_err err = { 0 };
    write_file(w, "scanpost.conf", filled);
    enum sp_rc rc = sp_settings_load(w->file, &settings, &err);
    snprintf(full, sizeof full, "%s/%s", w->dir, expected);
    if (rc == SP_OK || strncmp(err.text, full, strlen(full)) != 0)
        fail_msg("for\n%s\nwe said      %s\ninstead of   %s", filled, rc == SP_OK ? "that it is fine" : err.text, full);
    assert_null(settings);
}

#define GATEWAY "gateway { hostname = scan.contoso.com }\n"
#define TENANT  "tenant contoso { domain = contoso.com  sender = scanner@contoso.com }\n"
#define DIRECT  "method direct { }\n"
#define OAUTH   " oauth-tenant = contoso.com oauth-client-id = 11111111-1111 "
#define GOOD    GATEWAY TENANT DIRECT /* three lines */

static void
test_defaults_apply_where_nothing_is_written(void **state)
{
    struct sp_settings *s =
        load_good(*state, GOOD "folder scans { path = /srv/scans  to = it@contoso.com }\nroute r { }");
    assert_string_equal(s->gateway.state_dir, "/var/lib/scanpost");
    assert_string_equal(s->gateway.sender_user, "scanpost-sender");
    assert_int_equal(s->gateway.log_level, SP_LOG_INFO);
    assert_int_equal(s->gateway.max_document, 150ULL << 20);
    assert_int_equal(s->http.listen.count, 1);
    assert_string_equal(s->http.listen.items[0], "127.0.0.1:8631");
    assert_int_equal(s->http.metrics, SP_METRICS_VIEWER);
    assert_string_equal(s->tenants[0].from_name, "{source}");
    assert_int_equal(s->tenants[0].methods.count, 0);
    assert_string_equal(s->tenants[0].accepted_domains.items[0], "contoso.com");
    assert_int_equal(s->methods[0].type, SP_TYPE_DIRECT);
    assert_string_equal(s->methods[0].tenant, "contoso");
    assert_int_equal(s->methods[0].port, 25);
    assert_int_equal(s->methods[0].rate.count, 0);
    assert_true(s->methods[0].enabled && s->methods[0].pipelining && !s->methods[0].send_as);
    assert_int_equal(s->methods[0].max_size, 35ULL << 20);
    assert_string_equal(s->routes[0].subject, "Scan from {source} {time}");
    assert_string_equal(s->routes[0].tenant, "contoso");
    assert_int_equal(s->folders[0].accept.count, 8);
    assert_int_equal(s->folders[0].settle_ms, 10000);
    assert_int_equal(s->retry.expire_ms, 5LL * 24 * 3600 * 1000);
    assert_int_equal(s->retention.documents_ms, 7LL * 24 * 3600 * 1000);
    assert_int_equal(s->notify.silent_after_ms, 0);
    sp_settings_free(&s);
    assert_null(s);
}

static void
test_every_kind_of_value_is_taken(void **state)
{
    struct sp_settings *s = load_good(
        *state, "# a comment with { and \" in it\n"
                "gateway { /* over\n two lines */ hostname = scan.contoso.com  time-zone = UTC log-level=debug\n"
                "  resolver = 127.0.0.1:53  reserve = 1G }  // { the end\n"
                "http { listen = { 127.0.0.1:8631, \"[::1]:8631\" } metrics = off }\n"
                "tenant contoso { domain = contoso.com  sender = 'scanner+mfp@contoso.com'\n"
                "  accepted-domains = { contoso.com, contoso.nl }  methods = { submission, hve }\n"
                "  from-name = \"The \\\"big\\\" {source}\" cloud = gcc-high }\n"
                "method submission { auth = password  username = scanner@contoso.com\n"
                "  password-file = %/password  rate = 10/30s  per-day = off }\n"
                "method hve { type = submission  host = smtp.hve.mx.microsoft  max-size = 10M  internal-only = yes\n"
                "  auth = password  username = hve@contoso.com  password-file = %/password }\n"
                "route r { to = { a@contoso.com }  to += { b@contoso.com }  body = \"one\\ntwo\" }\n"
                "folder f { path = /srv/f  route = r  recipient-from = filename  accept = { pdf, tiff } "
                "settle = 250ms }\n"
                "retention { documents = 0s }\n");
    assert_int_equal(s->gateway.log_level, SP_LOG_DEBUG);
    assert_int_equal(s->http.listen.count, 2);
    assert_string_equal(s->http.listen.items[1], "[::1]:8631");
    assert_int_equal(s->http.metrics, SP_METRICS_OFF);
    assert_int_equal(s->tenants[0].methods.count, 2);
    assert_string_equal(s->tenants[0].from_name, "The \"big\" {source}");
    assert_int_equal(s->tenants[0].cloud, SP_CLOUD_GCC_HIGH);
    assert_int_equal(s->methods[0].auth, SP_AUTH_PASSWORD);
    assert_int_equal(s->methods[0].port, 587);
    assert_int_equal(s->methods[0].rate.count, 10);
    assert_int_equal(s->methods[0].rate.window_ms, 30000);
    assert_int_equal(s->methods[0].per_day, 0);
    assert_int_equal(s->methods[1].type, SP_TYPE_SUBMISSION);
    assert_int_equal(s->methods[1].rate.count, 30);
    assert_int_equal(s->methods[1].per_day, 10000);
    assert_true(s->methods[1].internal_only);
    assert_int_equal(s->routes[0].to.count, 2);
    assert_string_equal(s->routes[0].body, "one\ntwo");
    assert_int_equal(s->folders[0].recipient_from, SP_FROM_FILENAME);
    assert_int_equal(s->folders[0].settle_ms, 250);
    assert_int_equal(s->retention.documents_ms, 0);
    sp_settings_free(&s);
}

static void
test_looked_up_by_name_and_by_domain(void **state)
{
    struct sp_settings *s = load_good(*state, GOOD "route r { }");
    assert_ptr_equal(sp_settings_tenant(s, "contoso"), &s->tenants[0]);
    assert_ptr_equal(sp_settings_method(s, "direct"), &s->methods[0]);
    assert_ptr_equal(sp_settings_route(s, "r"), &s->routes[0]);
    assert_null(sp_settings_folder(s, "r"));
    assert_true(sp_tenant_is_internal(&s->tenants[0], "somebody@Contoso.COM"));
    assert_false(sp_tenant_is_internal(&s->tenants[0], "somebody@fabrikam.com"));
    sp_settings_free(&s);
}

struct mistake {
    const char *text, *expected;
};

static void
assert_all_refused(const struct world *w, const struct mistake *mistakes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_refused(w, mistakes[i].text, mistakes[i].expected);
}

static void
test_what_is_not_the_language_is_refused_with_its_line(void **state)
{
    static const struct mistake mistakes[] = {
        { GOOD "gatewai { }", "scanpost.conf:4: there is no section 'gatewai'; did you mean 'gateway'?" },
        { "# one\n/* two\nthree */\n" GATEWAY TENANT "method direct {\n  # six\n  prot = 25 }",
          "scanpost.conf:8: there is no key 'prot' in section 'method'; did you mean 'port'?" },
        { GATEWAY GATEWAY TENANT DIRECT, "scanpost.conf:2: there is a section 'gateway' already" },
        { GOOD "tenant contoso {\n domain = contoso.nl }", "scanpost.conf:4: found duplicate title 'contoso'" },
        { GOOD "retry {\n first = 1m\n first = 2m }", "scanpost.conf:6: 'first' is set already, at " },
        { GOOD "route r {\n to = { a@b.nl }\n to = { c@b.nl }\n}", "scanpost.conf:6: 'to' is set already" },
        { GOOD "route r {\n to = a@b.nl\n to = c@b.nl\n}", "scanpost.conf:6: 'to' is set already" },
        { GOOD "route r {\n to = { }\n}", "scanpost.conf:5: the list is empty" },
        { GOOD "route r {\n\n", "scanpost.conf:4: the brace that is opened here is never closed" },
        { GOOD "route r { to = {\n a@b.nl }\n", "scanpost.conf:4: the brace that is opened here is never closed" },
        { GOOD "}", "scanpost.conf:4: this '}' closes nothing" },
        { GOOD "route r {\n subject = \"Scan\n }",
          "scanpost.conf:5: the quoted text that begins here is never closed" },
        { GOOD "/* what\n\n", "scanpost.conf:4: the comment that begins here is never closed" },
        { GOOD "notify {\n webhook = https://contoso.com/x }", "scanpost.conf:5: put 'https:...' in quotes" },
        { GOOD "route r {\n to = scan+a@contoso.com }", "scanpost.conf:5: put 'scan...' in quotes" },
        { GOOD "route r {\n to = *@contoso.com }", "scanpost.conf:5: put a value that holds '*' in quotes" },
        { GOOD "route r {\n subject = a;\n }", "scanpost.conf:5: put 'a...' in quotes" },
        { GOOD "route r {\n subject = ${HOME}\n }", "scanpost.conf:5: '${' is not supported" },
        { GOOD "route r {\n subject = \"${HOME}\"\n }", "scanpost.conf:5: '${' would be replaced" },
        { GOOD "route r {\n subject = \"\\999\"\n }", "scanpost.conf:5: write the character itself" },
        { GOOD "retry {\n first 1m }", "scanpost.conf:5: missing equal sign after option 'first'" },
        { GOOD "route r {\n \"\" = a }", "scanpost.conf:5: an empty text can only be a value" },
        { GOOD "route { }", "scanpost.conf:4: missing title for section 'route'" },
        { GOOD "route \"a b\" { }", "scanpost.conf:4: 'a b' cannot be the name of a route" },
        { GOOD "\xff", "scanpost.conf:1: '" },
    };
    assert_all_refused(*state, mistakes, SP_LEN(mistakes));
}

static void
test_bad_value_is_refused_with_what_would_be_right(void **state)
{
    static const struct mistake mistakes[] = {
        { GOOD "retry {\n\n first = soon }", "scanpost.conf:6: 'first' must be a duration such as 90s" },
        { GOOD "retry { first = 0s }", "scanpost.conf:4: 'first' must be a duration" },
        { GOOD "retention { documents = -1d }", "scanpost.conf:4: 'documents' must be a duration" },
        { "gateway { max-document = 0 }",
          "scanpost.conf:1: 'max-document' must be a size such as 35M, greater than 0" },
        { "gateway { max-document = 150MB }", "scanpost.conf:1: 'max-document' must be a size" },
        { "gateway { hostname = scanner }", "scanpost.conf:1: 'hostname' must be a full domain name" },
        { "gateway { time-zone = Europe/Atlantis }", "scanpost.conf:1: 'time-zone' must be a time zone of" },
        { "gateway { time-zone = ../../../etc/passwd }", "scanpost.conf:1: 'time-zone' must be a time zone of" },
        { "gateway { state-dir = var/lib }", "scanpost.conf:1: 'state-dir' must be an absolute path" },
        { "gateway { log-level = loud }",
          "scanpost.conf:1: 'log-level' must be one of error, warning, notice, info, debug, not 'loud'" },
        { "gateway { resolver = 127.0.0.1 }", "scanpost.conf:1: 'resolver' must be an IP address and a port" },
        { "http { listen = { 127.0.0.1:8631,\n 127.0.0.1:70000 } }",
          "scanpost.conf:1: 'listen' must be an IP address and a port such as 127.0.0.1:8631 or [::1]:8631, not "
          "'127.0.0.1:70000'" },
        { GATEWAY "tenant a { domain = \"con toso.com\" }", "scanpost.conf:2: 'domain' must be a full domain name" },
        { GATEWAY "tenant a { sender = scanner }", "scanpost.conf:2: 'sender' must be an e-mail address" },
        { GATEWAY "tenant a { from-name = \"{sauce}\" }",
          "scanpost.conf:2: 'from-name' must be one line with no other" },
        { GATEWAY TENANT "method direct { port = 0 }", "scanpost.conf:3: 'port' must be a whole number (1 to 65535)" },
        { GATEWAY TENANT "method direct { rate = 30 }",
          "scanpost.conf:3: 'rate' must be a number of messages in a time" },
        { GATEWAY TENANT "method direct { enabled = maybe }", "scanpost.conf:3: 'enabled' must be yes or no" },
        { GATEWAY TENANT "method direct { type = pigeon }", "scanpost.conf:3: 'type' must be one of direct, relay" },
        { GATEWAY TENANT "method graph { oauth-client-secret-expires = tomorrow }",
          "scanpost.conf:3: 'oauth-client-secret-expires' must be a date" },
        { GOOD "route r { to = { a@contoso.com, b } }", "scanpost.conf:4: 'to' must be an e-mail address such as "
                                                        "scanner@contoso.com, not 'b'" },
        { GOOD "route r { subject = \"a\\nBcc: x@y.nl\" }", "scanpost.conf:4: 'subject' must be one line" },
        { GOOD "route r { subject = \"{source\" }", "scanpost.conf:4: 'subject' must be one line with no other" },
        { GOOD "folder f { path = /srv/../etc }", "scanpost.conf:4: 'path' must be an absolute path" },
        { GOOD "folder f { accept = { pdf, gif } }", "scanpost.conf:4: 'accept' must be one of pdf, tiff" },
        { GOOD "notify { webhook = contoso.com }", "scanpost.conf:4: 'webhook' must be a URL" },
    };
    assert_all_refused(*state, mistakes, SP_LEN(mistakes));
}

static void
test_what_does_not_fit_together_is_refused_where_it_stands(void **state)
{
    static const struct mistake mistakes[] = {
        { GATEWAY DIRECT, "scanpost.conf:1: no tenant is configured" },
        { GATEWAY TENANT, "scanpost.conf:1: no method is configured" },
        { TENANT DIRECT "gateway {\n\n}", "scanpost.conf:3: section 'gateway' needs a hostname" },
        { GATEWAY "tenant a {\n sender = a@contoso.com }\n" DIRECT, "scanpost.conf:2: tenant 'a' needs a domain" },
        { GATEWAY "tenant a {\n domain = contoso.com }\n" DIRECT, "scanpost.conf:2: tenant 'a' needs a sender" },
        { GOOD TENANT, "scanpost.conf:4: found duplicate" },
        { GOOD "tenant b { domain = b.nl  sender = a@b.nl }", "scanpost.conf:3: there are several tenants: say which" },
        { GATEWAY TENANT "tenant b { domain = b.nl  sender = a@b.nl }\nmethod direct { tenant = contoso }",
          "scanpost.conf:3: no method is configured for tenant 'b'" },
        { GATEWAY TENANT "method direct {\n tenant = nobody }", "scanpost.conf:4: there is no tenant 'nobody'" },
        { GATEWAY "tenant a { domain = a.nl sender = s@a.nl\n methods = { direct, hve } }\n" DIRECT,
          "scanpost.conf:3: there is no method 'hve'" },
        { GATEWAY "tenant a { domain = a.nl sender = s@a.nl\n methods = { auto, direct } }\n" DIRECT,
          "scanpost.conf:3: 'auto' stands alone" },
        { GATEWAY "tenant a { domain = a.nl sender = s@a.nl\n methods = { direct, direct } }\n" DIRECT,
          "scanpost.conf:3: 'direct' stands twice" },
        { GATEWAY TENANT "method hve { }", "scanpost.conf:3: method 'hve' needs a type" },
        { GATEWAY TENANT "method direct {\n type = relay }",
          "scanpost.conf:4: a method named 'direct' is of that type" },
        { GATEWAY TENANT "method direct {\n username = a@b.nl }",
          "scanpost.conf:4: a method of type direct has no key 'username'" },
        { GATEWAY TENANT "method submission { auth = password }",
          "scanpost.conf:3: method 'submission' needs a username" },
        { GATEWAY TENANT "method submission { auth = password username = a@b.nl }",
          "scanpost.conf:3: method 'submission' needs a password-file" },
        { GATEWAY TENANT "method submission { auth = password username = a@b.nl\n password-file = %/none }",
          "scanpost.conf:4: cannot read the file of 'password-file'" },
        { GATEWAY TENANT "method submission { oauth-tenant = a }", "scanpost.conf:3: oauth2 needs oauth-tenant" },
        { GATEWAY TENANT "method submission { }", "scanpost.conf:3: oauth2 needs oauth-tenant" },
        { GATEWAY TENANT "method submission {" OAUTH "oauth-client-secret-file = % }",
          "scanpost.conf:3: method 'submission' needs a username" },
        { GATEWAY TENANT "method submission { username = a@b.nl" OAUTH "\n oauth-client-secret-file = %/none }",
          "scanpost.conf:4: cannot read the file of 'oauth-client-secret-file'" },
        { GATEWAY TENANT "method submission { username = a@b.nl" OAUTH "\n oauth-certificate = /c }",
          "scanpost.conf:4: oauth-certificate and oauth-key need each other" },
        { GATEWAY TENANT "method submission { username = a@b.nl" OAUTH
                         "oauth-client-secret-file = /s oauth-certificate = /c oauth-key = /k }",
          "scanpost.conf:3: an application signs in by oauth-client-secret-file or by oauth-certificate, not by both" },
        { GATEWAY TENANT "method submission { username = a@b.nl" OAUTH
                         "oauth-client-secret-file = /s\n oauth-token-url = \"http://a.b/\" }",
          "scanpost.conf:4: 'oauth-token-url' must begin with https://" },
        { GATEWAY TENANT "method graph {\n auth = password }", "scanpost.conf:4: graph signs in with auth = oauth2" },
        { GATEWAY TENANT "method relay {\n client-key = /k }",
          "scanpost.conf:3: client-certificate and client-key need" },
        { GOOD "http { tls-key = /k }", "scanpost.conf:4: TLS needs both" },
        { GOOD "folder f { path = /srv/f }", "scanpost.conf:4: folder 'f' does not say to whom" },
        { GOOD "folder f { to = a@b.nl }", "scanpost.conf:4: folder 'f' needs a path" },
        { GOOD "folder f { path = /srv/f\n route = r }", "scanpost.conf:5: there is no route 'r'" },
        { GOOD "route r { }\nfolder f { path = /srv/f\n route = r }",
          "scanpost.conf:6: neither folder 'f' nor route 'r'" },
        { GOOD "folder f { to = a@b.nl\n path = \"/var/lib//scanpost/spool/x\" }",
          "scanpost.conf:5: a drop folder cannot lie in scanpost's own directory" },
        { GOOD "folder f { to = a@b.nl path = /srv/f }\nfolder g { to = a@b.nl\n path = /srv/f/ }",
          "scanpost.conf:6: folder 'f' has this path already" },
        { GOOD "folder f { recipient-from = subfolder path = /srv/f }\nfolder g { to = a@b.nl\n path = /srv/f/g }",
          "scanpost.conf:6: one of 'g' and 'f' lies in the other" },
        { GOOD "folder f { to = a@b.nl path = /srv/f }\nfolder g { to = a@b.nl\n path = /srv/f/rejected/ }",
          "scanpost.conf:6: one of 'g' and 'f' lies in the .scanpost or rejected" },
        { GOOD "folder f { to = a@b.nl path = /srv/f/.scanpost/x }\nfolder g { to = a@b.nl\n path = /srv/f }",
          "scanpost.conf:6: one of 'g' and 'f' lies in the .scanpost or rejected" },
        { GOOD "retry { first = 2m\n max = 1m }", "scanpost.conf:5: 'max' must not be shorter" },
        { GOOD "retry { first = 2m\n expire = 1m }", "scanpost.conf:5: 'expire' must not be shorter" },
    };
    assert_all_refused(*state, mistakes, SP_LEN(mistakes));
}

static void
test_disabled_method_need_not_be_complete(void **state)
{
    struct sp_settings *s = load_good(*state, GOOD "method submission { enabled = no  auth = password }");
    assert_false(s->methods[1].enabled);
    sp_settings_free(&s);
}

static void
test_included_files_are_read_and_named_in_errors(void **state)
{
    const struct world *w = *state;
    char dir[128];
    snprintf(dir, sizeof dir, "%s/sub", w->dir);
    assert_int_equal(mkdir(dir, 0700), 0);
    write_file(w, "a.conf", TENANT "\n\ninclude ( 'sub/c.conf' )\n");
    write_file(w, "sub/c.conf", "# relative to sub\n" DIRECT "include(\"../b.conf\")");
    write_file(w, "b.conf", "route r { to = a@contoso.com }");
    struct sp_settings *s = load_good(w, GATEWAY "include(\"a.conf\")\nfolder f { path = /srv/f route = r }");
    assert_int_equal(s->n_methods, 1);
    sp_settings_free(&s);

    assert_refused(w, GATEWAY "include(\"a.conf\") retry { }\nretry { }",
                   "scanpost.conf:3: there is a section 'retry'");
    write_file(w, "b.conf", "\nroute r { too = x }");
    assert_refused(w, GATEWAY "include(\"a.conf\")", "sub/../b.conf:2: there is no key 'too'");
    write_file(w, "b.conf", "\nroute r { ");
    assert_refused(w, GATEWAY "include(\"a.conf\")\n}", "sub/../b.conf:2: the brace that is opened here");
    write_file(w, "b.conf", "include(\"b.conf\")");
    assert_refused(w, GATEWAY "include(\"a.conf\")", "sub/../b.conf:1: includes go on without end");
    assert_refused(w, GATEWAY "\ninclude(\"none.conf\")", "scanpost.conf:3: cannot read '");
    assert_refused(w, GATEWAY "include none.conf", "scanpost.conf:2: write include(\"FILE\")");
}

static void
test_file_that_cannot_be_read_is_named(void **state)
{
    const struct world *w = *state;
    char path[160], expected[400];
    struct sp_settings *settings = NULL;
    struct sp_err err = { 0 };
    snprintf(path, sizeof path, "%s/none.conf", w->dir);
    snprintf(expected, sizeof expected, "%s:1: cannot read '%s'", path, path);
    assert_int_not_equal(sp_settings_load(path, &settings, &err), SP_OK);
    assert_memory_equal(err.text, expected, strlen(expected));
    err = (struct sp_err){ 0 };
    assert_int_not_equal(sp_settings_load(w->dir, &settings, &err), SP_OK);
    assert_non_null(strstr(err.text, "is not a regular file"));
}

static void
test_mistake_leaves_nothing_behind_for_the_next_file(void **state)
{
    assert_refused(*state, GOOD "route r { subject = \"Scan", "scanpost.conf:4: the quoted text");
    assert_refused(*state, GOOD "route r { nonsense", "scanpost.conf:4: the brace");
    assert_refused(*state, GOOD "route r { nonsense }", "scanpost.conf:4: there is no key");
    struct sp_settings *s = load_good(*state, GOOD);
    sp_settings_free(&s);
}

static void
test_client_finds_the_socket_though_the_rest_is_wrong(void **state)
{
    const struct world *w = *state;
    SP_AUTO_FREE char *run_dir = NULL;
    SP_AUTO_FREE char *by_default = NULL;
    struct sp_err err = { 0 };
    write_file(w, "scanpost.conf", "gateway { hostname = wrong run-dir = /tmp/here }");
    assert_int_equal(sp_settings_run_dir(w->file, &run_dir, &err), SP_OK);
    assert_string_equal(run_dir, "/tmp/here");
    write_file(w, "scanpost.conf", DIRECT);
    assert_int_equal(sp_settings_run_dir(w->file, &by_default, &err), SP_OK);
    assert_string_equal(by_default, SP_DEFAULT_RUN_DIR);
}

/* --- the manual page: ".Ss SECTION", then ".It Ic KEY Li = DEFAULT" --- */

struct manual {
    struct sp_str documented; /* "gateway\tstate-dir\t/var/lib/scanpost\n" */
    struct sp_str existing;
};

static void
read_manual(struct manual *m)
{
    char line[512], section[64] = "";
    FILE *page = fopen(SP_SOURCE_DIR "/packaging/man/scanpost.conf.5", "r");
    assert_non_null(page);
    while (fgets(line, sizeof line, page) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char key[64] = "", by_default[256] = "";
        if (strncmp(line, ".Ss ", 4) == 0)
            sscanf(line, ".Ss %63s", section);
        if (sscanf(line, ".It Ic %63s Li = %255[^\n]", key, by_default) >= 1)
            sp_str_addf(&m->documented, "%s\t%s\t%s\n", section, key, by_default);
    }
    fclose(page);
}

static void
note_key(void *context, const char *section, const char *key, const char *by_default)
{
    struct manual *m = context;
    sp_str_addf(&m->existing, "%s\t%s\t%s\n", section, key, by_default);
}

static void
assert_each_line_in(const char *lines, const char *all, const char *what)
{
    SP_AUTO_FREE char *around = NULL;
    assert_true(asprintf(&around, "\n%s", all) > 0);
    while (*lines != '\0') {
        size_t len = strcspn(lines, "\n") + 1;
        SP_AUTO_FREE char *line = NULL;
        assert_true(asprintf(&line, "\n%.*s", (int)len, lines) > 0);
        if (strstr(around, line) == NULL)
            fail_msg("%s: section, key, default: %s", what, line);
        lines += len;
    }
}

static void
test_manual_page_tells_every_key_and_no_other(void **state)
{
    struct manual m = { 0 };
    (void)state;
    read_manual(&m);
    sp_settings_keys(note_key, &m);
    assert_each_line_in(sp_str_text(&m.existing), sp_str_text(&m.documented), "not in scanpost.conf(5), or otherwise");
    assert_each_line_in(sp_str_text(&m.documented), sp_str_text(&m.existing), "only in scanpost.conf(5)");
    assert_int_equal(m.existing.len, m.documented.len);
    sp_str_free(&m.existing);
    sp_str_free(&m.documented);
}

int
main(void)
{
#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, setup_world, teardown_world)
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_defaults_apply_where_nothing_is_written),
        IN_WORLD(test_every_kind_of_value_is_taken),
        IN_WORLD(test_looked_up_by_name_and_by_domain),
        IN_WORLD(test_what_is_not_the_language_is_refused_with_its_line),
        IN_WORLD(test_bad_value_is_refused_with_what_would_be_right),
        IN_WORLD(test_what_does_not_fit_together_is_refused_where_it_stands),
        IN_WORLD(test_disabled_method_need_not_be_complete),
        IN_WORLD(test_included_files_are_read_and_named_in_errors),
        IN_WORLD(test_file_that_cannot_be_read_is_named),
        IN_WORLD(test_mistake_leaves_nothing_behind_for_the_next_file),
        IN_WORLD(test_client_finds_the_socket_though_the_rest_is_wrong),
        cmocka_unit_test(test_manual_page_tells_every_key_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
