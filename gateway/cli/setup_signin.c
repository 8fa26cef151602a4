/* setup_signin.c - the Microsoft side: steps in words, the scripts, and what comes back from there: the application's
 * ids, and its secret or certificate. */
#include "gateway/cli/setup_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/io.h"
#include "base/secret.h"
#include "gateway/setup/pair.h"
#include "gateway/setup/powershell.h"
#include "gateway/setup/steps.h"

enum { PEM_MAX = 64 * 1024, APP_CERTIFICATE_DAYS = 2 * 365 };

static const struct sp_method_settings *
old_signin(const struct sp_setup *s)
{
    const struct sp_method_settings *method = sp_setup_old_method(s, SP_TYPE_SUBMISSION);
    return method != NULL ? method : sp_setup_old_method(s, SP_TYPE_GRAPH);
}

static bool
signs_in(const struct sp_setup *s)
{
    return s->answers.use[SP_TYPE_SUBMISSION] || s->answers.use[SP_TYPE_GRAPH];
}

static const char *
boxed(const struct sp_setup *s, const char *key)
{
    return json_string_value(json_object_get(s->box, key));
}

static enum sp_rc
check_guid(const char *answer, struct sp_err *err)
{
    size_t len = strlen(answer);
    bool fits = len == 36 && strspn(answer, "0123456789abcdefABCDEF-") == len && answer[8] == '-' &&
                answer[13] == '-' && answer[18] == '-' && answer[23] == '-';
    return fits ? SP_OK : sp_fail(err, SP_E_INVALID, "an id like 12345678-9abc-def0-1234-56789abcdef0 is needed");
}

static enum sp_rc
check_tenant(const char *answer, struct sp_err *err)
{
    return strchr(answer, '.') != NULL ? SP_OK : check_guid(answer, err);
}

static enum sp_rc
check_auth(const char *answer, struct sp_err *err)
{
    bool fits = strcmp(answer, "oauth2") == 0 || strcmp(answer, "password") == 0;
    return fits ? SP_OK : sp_fail(err, SP_E_INVALID, "oauth2 or password");
}

/* --- certificate or secret --- */

static enum sp_rc
keep_file(struct sp_setup *s, const char *from, const char *name, enum sp_setup_reader reader, const char **ret,
          struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str bytes = { 0 };
    enum sp_rc rc = sp_io_read_file(AT_FDCWD, from, PEM_MAX, &bytes, err);
    struct sp_secret *secret = rc == SP_OK ? sp_secret_new(sp_str_text(&bytes), bytes.len) : NULL;
    if (bytes.text != NULL)
        sp_wipe(bytes.text, bytes.len);
    if (rc != SP_OK)
        return rc;
    return sp_setup_add_file(s, name, secret, reader, ret, err);
}

/* The pair that will be used: for the script, and whether its halves fit. */
static enum sp_rc
read_pair(struct sp_setup *s, const char *certificate, const char *key, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str public = { 0 }, private = { 0 };
    enum sp_rc rc = sp_io_read_file(AT_FDCWD, certificate, PEM_MAX, &public, err);
    if (rc == SP_OK)
        rc = sp_io_read_file(AT_FDCWD, key, PEM_MAX, &private, err);
    if (rc == SP_OK)
        rc = sp_pair_check(&public, &private, err);
    if (rc == SP_OK)
        rc = sp_pair_der_base64(&public, &s->certificate_base64, err);
    if (private.text != NULL)
        sp_wipe(private.text, private.len);
    return rc;
}

static enum sp_rc
use_given_pair(struct sp_setup *s, struct sp_err *err)
{
    const char *certificate = sp_args_value(s->args, "--certificate"), *key = sp_args_value(s->args, "--key");
    if (certificate == NULL || key == NULL)
        return sp_fail(err, SP_E_INVALID, "--certificate and --key need each other");
    enum sp_rc rc = read_pair(s, certificate, key, err);
    if (rc == SP_OK)
        rc = keep_file(s, certificate, "app.pem", SP_READER_ALL, &s->answers.certificate, err);
    return rc == SP_OK ? keep_file(s, key, "app.key", SP_READER_SENDER, &s->answers.key, err) : rc;
}

static enum sp_rc
add_made(struct sp_setup *s, const char *name, const struct sp_str *pem, enum sp_setup_reader reader, const char **ret,
         struct sp_err *err)
{
    return sp_setup_add_file(s, name, sp_secret_new(sp_str_text(pem), pem->len), reader, ret, err);
}

/* One that an earlier run has made is registered by now: it is used again. */
static enum sp_rc
make_pair(struct sp_setup *s, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str public = { 0 }, private = { 0 };
    const char *certificate = sp_arena_format(s->arena, "%s/app.pem", s->dir);
    const char *key = sp_arena_format(s->arena, "%s/app.key", s->dir);
    if (access(certificate, R_OK) == 0 && access(key, R_OK) == 0) {
        s->answers.certificate = certificate;
        s->answers.key = key;
        return read_pair(s, certificate, key, err);
    }
    const struct sp_pair_wish wish = { .common = s->answers.hostname, .days = APP_CERTIFICATE_DAYS };
    enum sp_rc rc = sp_pair_make(&wish, &public, &private, err);
    if (rc == SP_OK)
        rc = sp_pair_der_base64(&public, &s->certificate_base64, err);
    if (rc == SP_OK)
        rc = add_made(s, "app.pem", &public, SP_READER_ALL, &s->answers.certificate, err);
    if (rc == SP_OK)
        rc = add_made(s, "app.key", &private, SP_READER_SENDER, &s->answers.key, err);
    if (private.text != NULL)
        sp_wipe(private.text, private.len);
    return rc;
}

static enum sp_rc
use_old_proof(struct sp_setup *s, const struct sp_method_settings *old, struct sp_err *err)
{
    s->answers.secret_file = old->oauth_client_secret_file;
    s->answers.secret_expires = old->oauth_client_secret_expires;
    s->answers.certificate = old->oauth_certificate;
    s->answers.key = old->oauth_key;
    return old->oauth_certificate[0] != '\0' ? read_pair(s, old->oauth_certificate, old->oauth_key, err) : SP_OK;
}

static bool
has_proof(const struct sp_method_settings *old)
{
    return old != NULL && (old->oauth_client_secret_file[0] != '\0' || old->oauth_certificate[0] != '\0');
}

/* Before the steps are shown: they depend on it. A secret itself is asked for afterwards. */
static enum sp_rc
choose_proof(struct sp_setup *s, bool *ret_secret, struct sp_err *err)
{
    const struct sp_method_settings *old = old_signin(s);
    bool made = true;
    *ret_secret = sp_args_has(s->args, "--secret-file");
    if (*ret_secret)
        return SP_OK;
    if (sp_args_has(s->args, "--certificate") || sp_args_has(s->args, "--key"))
        return use_given_pair(s, err);
    if (sp_args_has(s->args, "--make-certificate"))
        return make_pair(s, err);
    if (has_proof(old))
        return use_old_proof(s, old, err);
    if (s->box != NULL) {
        *ret_secret = true;
        return SP_OK;
    }
    if (s->asker.unattended && sp_args_has(s->args, "--later"))
        return make_pair(s, err);
    if (s->asker.unattended)
        return sp_fail(err, SP_E_INVALID,
                       "--secret-file is missing: how the application signs in (or --certificate with --key, or "
                       "--make-certificate)");
    sp_say(&s->asker, 2,
           "The application can sign in with a certificate that is made here, whose key never leaves this machine, or "
           "with a secret that you copy from the portal.");
    enum sp_rc rc = sp_ask_yes(&s->asker, "--make-certificate", "Use a certificate made here", true, &made, err);
    if (rc != SP_OK)
        return rc;
    *ret_secret = !made;
    return made ? make_pair(s, err) : SP_OK;
}

/* --- the scripts --- */

static enum sp_rc
add_script(struct sp_setup *s, const char *name, const struct sp_str *text, struct sp_err *err)
{
    const char *path = sp_arena_format(s->arena, "%s/%s", s->scripts, name);
    if (text->failed || path == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    return sp_setup_add_file(s, path, sp_secret_new(sp_str_text(text), text->len), SP_READER_ALL, &path, err);
}

static enum sp_rc
tell_microsoft_side(struct sp_setup *s, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str steps = { 0 }, script = { 0 }, undo = { 0 };
    sp_powershell_do(&script, &s->answers, &s->facts, sp_str_text(&s->certificate_base64));
    sp_powershell_undo(&undo, &s->answers);
    sp_steps(&steps, &s->answers, &s->facts);
    enum sp_rc rc = add_script(s, "microsoft365.ps1", &script, err);
    if (rc == SP_OK)
        rc = add_script(s, "microsoft365-undo.ps1", &undo, err);
    if (rc == SP_OK && !s->asker.unattended && !s->dry_run) /* it is run now, while we wait for what it prints */
        rc = sp_setup_write_files(s, err);
    if (rc != SP_OK)
        return rc;
    sp_say(&s->asker, 2,
           "One script does all of it: %s/microsoft365.ps1. Paste it into https://shell.azure.com or PowerShell 7 as a "
           "Global Administrator; it may be run again, and microsoft365-undo.ps1 takes it back. By hand it is:",
           s->scripts);
    sp_say(&s->asker, 4, "%s", sp_str_text(&steps));
    return SP_OK;
}

/* --- ids --- */

static enum sp_rc
ask_ids(struct sp_setup *s, struct sp_err *err)
{
    const struct sp_method_settings *old = old_signin(s);
    struct sp_answers *a = &s->answers;
    const char *found = s->facts.tenant_id[0] != '\0' ? s->facts.tenant_id : NULL;
    bool later = sp_args_has(s->args, "--later");
    const struct sp_question tenant = { "--tenant-id", "The tenant's id (Entra > Overview), or its onmicrosoft domain",
                                        old != NULL && old->oauth_tenant[0] != '\0' ? old->oauth_tenant : found,
                                        check_tenant, later };
    const char *client_default =
        old != NULL && old->oauth_client_id[0] != '\0' ? old->oauth_client_id : boxed(s, "oauth_client_id");
    if (client_default == NULL && later)
        client_default = "";
    const struct sp_question client = { "--client-id",
                                        s->asker.unattended
                                            ? "the application (client) id (or --later, if it is not there yet)"
                                            : "The application (client) id, once the script has run; empty: later",
                                        client_default, check_guid, later || !s->asker.unattended };
    enum sp_rc rc = sp_ask(&s->asker, &tenant, &a->tenant_id, err);
    if (rc == SP_OK)
        rc = sp_ask(&s->asker, &client, &a->client_id, err);
    a->signin_waits = rc == SP_OK && a->client_id[0] == '\0';
    return rc;
}

static enum sp_rc
check_date(const char *answer, struct sp_err *err)
{
    bool fits = strlen(answer) == 10 && answer[4] == '-' && answer[7] == '-';
    return fits ? SP_OK : sp_fail(err, SP_E_INVALID, "a date like 2028-03-31 is needed");
}

static enum sp_rc
ask_secret(struct sp_setup *s, struct sp_err *err)
{
    struct sp_secret *secret = NULL;
    const char *boxed_file = boxed(s, "oauth_client_secret_file");
    enum sp_rc rc = boxed_file != NULL && !sp_args_has(s->args, "--secret-file")
                        ? sp_secret_from_file(boxed_file, &secret, err)
                        : sp_ask_secret(&s->asker, "--secret-file", "the application's secret",
                                        "  The secret's value (not shown): ", &secret, err);
    if (rc == SP_OK)
        rc = sp_setup_add_file(s, "app.secret", secret, SP_READER_SENDER, &s->answers.secret_file, err);
    const struct sp_question expires = { "--secret-expires",
                                         "When the secret expires, such as 2028-03-31; empty: not known", "",
                                         check_date, true };
    return rc == SP_OK ? sp_ask(&s->asker, &expires, &s->answers.secret_expires, err) : rc;
}

static enum sp_rc
ask_oauth(struct sp_setup *s, struct sp_err *err)
{
    bool secret = false;
    enum sp_rc rc = choose_proof(s, &secret, err);
    if (rc == SP_OK)
        rc = tell_microsoft_side(s, err);
    if (rc == SP_OK)
        rc = ask_ids(s, err);
    return rc == SP_OK && secret && !s->answers.signin_waits ? ask_secret(s, err) : rc;
}

static enum sp_rc
ask_password(struct sp_setup *s, struct sp_err *err)
{
    const struct sp_method_settings *old = old_signin(s);
    struct sp_secret *secret = NULL;
    enum sp_rc rc = tell_microsoft_side(s, err);
    if (rc != SP_OK)
        return rc;
    if (old != NULL && old->password_file[0] != '\0' && !sp_args_has(s->args, "--password-file")) {
        s->answers.password_file = old->password_file;
        return SP_OK;
    }
    rc = sp_ask_secret(&s->asker, "--password-file", "the mailbox's password",
                       "  The mailbox's password (not shown): ", &secret, err);
    return rc == SP_OK
               ? sp_setup_add_file(s, "submission.password", secret, SP_READER_SENDER, &s->answers.password_file, err)
               : rc;
}

static enum sp_rc
ask_relay(struct sp_setup *s, struct sp_err *err)
{
    const struct sp_method_settings *old = sp_setup_old_method(s, SP_TYPE_RELAY);
    const char *certificate = sp_args_value(s->args, "--relay-certificate");
    const char *key = sp_args_value(s->args, "--relay-key");
    if (!s->answers.use[SP_TYPE_RELAY])
        return SP_OK;
    s->answers.relay_certificate = old != NULL ? old->client_certificate : "";
    s->answers.relay_key = old != NULL ? old->client_key : "";
    if (certificate == NULL && key == NULL)
        return SP_OK;
    if (certificate == NULL || key == NULL)
        return sp_fail(err, SP_E_INVALID, "--relay-certificate and --relay-key need each other");
    enum sp_rc rc = keep_file(s, certificate, "relay.pem", SP_READER_ALL, &s->answers.relay_certificate, err);
    return rc == SP_OK ? keep_file(s, key, "relay.key", SP_READER_SENDER, &s->answers.relay_key, err) : rc;
}

enum sp_rc
sp_setup_ask_signin(struct sp_setup *s, struct sp_err *err)
{
    const struct sp_method_settings *old = old_signin(s);
    const char *auth = "oauth2";
    sp_say_heading(&s->asker, "3. The Microsoft side");
    enum sp_rc rc = ask_relay(s, err);
    if (rc != SP_OK || !signs_in(s))
        return rc == SP_OK ? tell_microsoft_side(s, err) : rc;
    if (sp_args_has(s->args, "--auth"))
        auth = sp_args_value(s->args, "--auth");
    else if (sp_args_has(s->args, "--password-file") || (old != NULL && old->auth == SP_AUTH_PASSWORD))
        auth = "password";
    rc = check_auth(auth, err);
    if (rc != SP_OK)
        return sp_err_prefix(err, "--auth '%s'", auth);
    s->answers.auth = strcmp(auth, "password") == 0 ? SP_AUTH_PASSWORD : SP_AUTH_OAUTH2;
    s->answers.rbac = sp_args_has(s->args, "--rbac");
    if (s->answers.auth == SP_AUTH_PASSWORD && s->answers.use[SP_TYPE_GRAPH])
        return sp_fail(err, SP_E_INVALID,
                       "Graph signs in by OAuth only: leave it out of --methods, or use --auth oauth2");
    return s->answers.auth == SP_AUTH_OAUTH2 ? ask_oauth(s, err) : ask_password(s, err);
}
