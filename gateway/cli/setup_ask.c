/* setup_ask.c - what is asked about tenant, methods and the way in. Every question has a flag, and a default wherever
 * one makes sense: what is configured now, or what was found out. */
#include "gateway/cli/setup_inside.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/address.h"
#include "base/arena.h"
#include "base/auto.h"
#include "base/secret.h"
#include "base/text.h"
#include "gateway/setup/recommend.h"

/* --- what an answer must be --- */

static enum sp_rc
check_domain(const char *answer, struct sp_err *err)
{
    return sp_domain_valid(answer, false) ? SP_OK
                                          : sp_fail(err, SP_E_INVALID, "a full name is needed, such as contoso.com");
}

static enum sp_rc
check_address(const char *answer, struct sp_err *err)
{
    return sp_address_valid(answer) ? SP_OK : sp_fail(err, SP_E_INVALID, "an e-mail address is needed");
}

static enum sp_rc
check_path(const char *answer, struct sp_err *err)
{
    return answer[0] == '/' && answer[1] != '\0' ? SP_OK
                                                 : sp_fail(err, SP_E_INVALID, "a folder is needed, such as /srv/scans");
}

static enum sp_rc
check_cloud(const char *answer, struct sp_err *err)
{
    static const char *const words[] = { "worldwide", "gcc-high", "dod", "china" };
    for (size_t i = 0; i < SP_LEN(words); i++)
        if (strcmp(words[i], answer) == 0)
            return SP_OK;
    return sp_fail(err, SP_E_INVALID, "worldwide, gcc-high, dod or china");
}

/* --- the tenant --- */

static const char *
old_or(const char *old, const char *otherwise)
{
    return old != NULL && old[0] != '\0' ? old : otherwise;
}

static const struct sp_tenant_settings *
old_tenant(const struct sp_setup *s)
{
    return s->old != NULL && s->old->n_tenants > 0 ? &s->old->tenants[0] : NULL;
}

static const char *
boxed(const struct sp_setup *s, const char *key, const char *otherwise)
{
    const char *value = json_string_value(json_object_get(s->box, key));
    return value != NULL ? value : otherwise;
}

static const char *
default_hostname(const struct sp_setup *s)
{
    char system[SP_DOMAIN_MAX + 1] = "";
    if (s->old != NULL)
        return s->old->gateway.hostname;
    if (gethostname(system, sizeof system - 1) == 0 && sp_domain_valid(system, false))
        return sp_arena_text(s->arena, system);
    return sp_arena_format(s->arena, "scan.%s", s->answers.domain);
}

static enum sp_cloud
parse_cloud(const char *word)
{
    return strcmp(word, "gcc-high") == 0 ? SP_CLOUD_GCC_HIGH
           : strcmp(word, "dod") == 0    ? SP_CLOUD_DOD
           : strcmp(word, "china") == 0  ? SP_CLOUD_CHINA
                                         : SP_CLOUD_WORLDWIDE;
}

static void
tell_progress(const char *what)
{
    if (!isatty(STDOUT_FILENO))
        return;
    (void)printf("\r\033[K  looking at %s ...", what);
    (void)fflush(stdout);
}

static int
set_number(const struct sp_setup *s, const char *key)
{
    int64_t number = 0;
    return sp_parse_int(sp_setup_set(s, key, "0"), 0, UINT16_MAX, &number) ? (int)number : 0;
}

static enum sp_rc
look_around(struct sp_setup *s, struct sp_err *err)
{
    const char *ca = sp_setup_set(s, "submission.ca-file", "");
    const struct sp_probe_places places = {
        .mx_port = set_number(s, "direct.port"),
        .submission_port = set_number(s, "submission.port"),
        .submission_host = sp_setup_set(s, "submission.host", ""),
        .ca_file = s->box != NULL ? boxed(s, "ca", "") : ca,
        .token_url = sp_setup_set(s, "submission.oauth-token-url", ""),
    };
    enum sp_rc rc = sp_probe(&s->answers, &places, tell_progress, &s->facts, err);
    if (isatty(STDOUT_FILENO))
        (void)fputs("\r\033[K", stdout);
    return rc;
}

static void
tell_door(const struct sp_setup *s, const char *what, const struct sp_door *door)
{
    if (door->state == SP_DOOR_OPEN)
        sp_say(&s->asker, 2, "%s: open (%s)", what, door->host);
    else if (door->state == SP_DOOR_SHUT)
        sp_say(&s->asker, 2, "%s: shut (%s): %s", what, door->host, door->words);
}

static void
tell_facts(const struct sp_setup *s)
{
    const struct sp_facts *f = &s->facts;
    if (!f->mx_found)
        sp_say(&s->asker, 2, "Mail exchanger: not found: %s", f->mx_words);
    else
        sp_say(&s->asker, 2, "Mail exchanger: %s%s", f->mx,
               f->mx_microsoft ? "" : ", which is not Microsoft's (a mail gateway in between?)");
    if (f->tenant_id[0] != '\0')
        sp_say(&s->asker, 2, "Tenant: %s", f->tenant_id);
    else
        sp_say(&s->asker, 2, "Tenant: not found: %s", f->tenant_words);
    tell_door(s, "Port 25", &f->smtp);
    tell_door(s, "Port 587", &f->submission);
    tell_door(s, "Port 443", &f->https);
    if (f->public_ip[0] != '\0')
        sp_say(&s->asker, 2, "Microsoft sees this office as %s", f->public_ip);
}

enum sp_rc
sp_setup_ask_tenant(struct sp_setup *s, struct sp_err *err)
{
    const struct sp_tenant_settings *old = old_tenant(s);
    struct sp_answers *a = &s->answers;
    const char *cloud = "worldwide";
    static const char *const clouds[] = { "worldwide", "gcc-high", "dod", "china" };
    sp_say_heading(&s->asker, "1. Your Microsoft 365");
    const struct sp_question domain = { "--domain", "The domain of your mail addresses",
                                        old != NULL ? old->domain : boxed(s, "domain", NULL), check_domain, false };
    enum sp_rc rc = sp_ask(&s->asker, &domain, &a->domain, err);
    if (rc != SP_OK)
        return rc;
    const struct sp_question hostname = { "--hostname", "This machine's full name, as mail servers will see it",
                                          default_hostname(s), check_domain, false };
    const struct sp_question sender = { "--sender", "The sender of scans: a mailbox that somebody reads",
                                        old != NULL
                                            ? old->sender
                                            : boxed(s, "user", sp_arena_format(s->arena, "scanner@%s", a->domain)),
                                        check_address, false };
    rc = sp_ask(&s->asker, &hostname, &a->hostname, err);
    if (rc == SP_OK)
        rc = sp_ask(&s->asker, &sender, &a->sender, err);
    a->tenant = old != NULL ? old->name : "office";
    a->onmicrosoft = old_or(sp_args_value(s->args, "--onmicrosoft"), old != NULL ? old->onmicrosoft : "");
    cloud = old_or(sp_args_value(s->args, "--cloud"), old != NULL ? clouds[old->cloud] : cloud);
    if (rc == SP_OK && a->onmicrosoft[0] != '\0' && check_domain(a->onmicrosoft, err) != SP_OK)
        return sp_err_prefix(err, "--onmicrosoft");
    if (rc == SP_OK && check_cloud(cloud, err) != SP_OK)
        return sp_err_prefix(err, "--cloud '%s'", cloud);
    a->cloud = parse_cloud(cloud);
    if (rc == SP_OK)
        rc = look_around(s, err);
    if (rc != SP_OK)
        return rc;
    if (!sp_args_has(s->args, "--cloud") && old == NULL)
        a->cloud = s->facts.cloud;
    tell_facts(s);
    return SP_OK;
}

/* --- methods --- */

static enum sp_rc
check_methods(const char *answer, struct sp_err *err)
{
    SP_AUTO_FREE char *copy = strdup(answer);
    char *rest = NULL;
    size_t n = 0;
    for (char *word = copy == NULL ? NULL : strtok_r(copy, ", ", &rest); word != NULL; n++) {
        int type = 0;
        while (type < SP_METHOD_TYPES && strcmp(word, sp_method_type_name((enum sp_method_type)type)) != 0)
            type++;
        if (type == SP_METHOD_TYPES)
            return sp_fail(err, SP_E_INVALID, "there is no method '%.40s'; there are direct, relay, submission, graph",
                           word);
        word = strtok_r(NULL, ", ", &rest);
    }
    return n > 0 ? SP_OK : sp_fail(err, SP_E_INVALID, "at least one method is needed");
}

static void
tell_recommendation(const struct sp_setup *s, const struct sp_recommendation *rows, struct sp_str *wanted)
{
    static const char *const words[] = {
        [SP_ADVICE_YES] = "recommended", [SP_ADVICE_POSSIBLE] = "possible", [SP_ADVICE_NO] = "not from here"
    };
    for (size_t i = 0; i < SP_METHOD_TYPES; i++) {
        const char *name = sp_method_type_name(rows[i].method);
        sp_say(&s->asker, 2, "%s: %s", name, words[rows[i].advice]);
        sp_say(&s->asker, 6, "%s", rows[i].why);
        if (rows[i].advice == SP_ADVICE_YES)
            sp_str_addf(wanted, "%s%s", wanted->len > 0 ? "," : "", name);
    }
}

static void
old_methods(const struct sp_setup *s, struct sp_str *wanted)
{
    sp_str_cut(wanted, 0);
    for (int type = 0; type < SP_METHOD_TYPES; type++) {
        const struct sp_method_settings *method = sp_setup_old_method(s, (enum sp_method_type)type);
        if (method != NULL)
            sp_str_addf(wanted, "%s%s", wanted->len > 0 ? "," : "", method->name);
    }
}

enum sp_rc
sp_setup_ask_methods(struct sp_setup *s, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str wanted = { 0 };
    struct sp_recommendation rows[SP_METHOD_TYPES];
    const char *answer = NULL;
    sp_say_heading(&s->asker, "2. How scans leave");
    sp_say(
        &s->asker, 2,
        "Several methods are better than one: when one is shut, the next takes over by itself, and what is proven goes "
        "first.");
    sp_recommend(&s->facts, s->answers.allow_external, rows);
    tell_recommendation(s, rows, &wanted);
    if (s->old != NULL)
        old_methods(s, &wanted);
    if (wanted.len == 0)
        sp_str_add(&wanted, "submission");
    const struct sp_question question = { "--methods", "Methods to use", sp_str_text(&wanted), check_methods, false };
    enum sp_rc rc = sp_ask(&s->asker, &question, &answer, err);
    for (int type = 0; rc == SP_OK && type < SP_METHOD_TYPES; type++)
        s->answers.use[type] = strstr(answer, sp_method_type_name((enum sp_method_type)type)) != NULL;
    return rc;
}

/* --- the way in --- */

static bool
samba_is_there(void)
{
    return access("/usr/bin/smbpasswd", X_OK) == 0 && access("/usr/bin/testparm", X_OK) == 0;
}

static enum sp_rc
ask_share(struct sp_setup *s, struct sp_err *err)
{
    bool wanted = s->root && samba_is_there() && s->box == NULL, share = false;
    s->share_user = "";
    if (!s->root || !samba_is_there()) {
        bool asked = sp_args_has(s->args, "--share") && sp_args_value(s->args, "--share")[0] == 'y';
        return !asked ? SP_OK : sp_fail(err, SP_E_INVALID, "--share yes needs root and Samba (apt install samba)");
    }
    enum sp_rc rc =
        sp_ask_yes(&s->asker, "--share", "Share the folder with Samba, so that copiers reach it", wanted, &share, err);
    if (rc != SP_OK || !share)
        return rc;
    const struct sp_question user = { "--share-user", "The account that copiers sign in with",
                                      sp_arena_format(s->arena, "scan-%s", s->answers.folder), NULL, false };
    rc = sp_ask(&s->asker, &user, &s->share_user, err);
    if (rc == SP_OK && sp_args_has(s->args, "--share-password-file"))
        rc = sp_secret_from_file(sp_args_value(s->args, "--share-password-file"), &s->share_password, err);
    return rc;
}

static const char *
first_text(const struct sp_texts *list)
{
    return list->count > 0 ? list->items[0] : NULL;
}

static enum sp_rc
ask_recipients(struct sp_setup *s, struct sp_err *err)
{
    struct sp_answers *a = &s->answers;
    const struct sp_route_settings *route = s->old != NULL && s->old->n_routes > 0 ? &s->old->routes[0] : NULL;
    const struct sp_question to = { "--to", "Who gets the scans of this folder",
                                    route != NULL
                                        ? first_text(&route->to)
                                        : (s->box != NULL ? sp_arena_format(s->arena, "office@%s", a->domain) : NULL),
                                    check_address, false };
    a->route = old_or(sp_args_value(s->args, "--route"), route != NULL ? route->name : "scans");
    enum sp_rc rc = sp_ask(&s->asker, &to, &a->to, err);
    if (rc == SP_OK)
        rc = sp_ask_yes(&s->asker, "--external", "May scans go to people outside your domain",
                        route != NULL && route->allow_external, &a->allow_external, err);
    if (rc != SP_OK)
        return rc;
    const char *old_notify = s->old != NULL ? first_text(&s->old->notify.to) : NULL;
    const struct sp_question notify = { "--notify", "Who is told when a scan fails or a method goes down",
                                        old_notify != NULL ? old_notify : a->to, check_address, false };
    return sp_ask(&s->asker, &notify, &a->notify, err);
}

enum sp_rc
sp_setup_ask_way_in(struct sp_setup *s, struct sp_err *err)
{
    struct sp_answers *a = &s->answers;
    const struct sp_folder_settings *folder = s->old != NULL && s->old->n_folders > 0 ? &s->old->folders[0] : NULL;
    sp_say_heading(&s->asker, "4. How scans arrive");
    sp_say(
        &s->asker, 2,
        "Copiers drop files into a folder of this machine. More folders, sub-folders by person, WebDAV, HTTP and print "
        "queues come later: scanpost.conf(5).");
    a->folder = old_or(sp_args_value(s->args, "--folder"), folder != NULL ? folder->name : "scans");
    const char *place = s->trial ? sp_arena_format(s->arena, "%s/scans", s->dir) : "/srv/scans";
    const struct sp_question path = { "--path", "The folder", folder != NULL ? folder->path : place, check_path,
                                      false };
    enum sp_rc rc = sp_ask(&s->asker, &path, &a->path, err);
    if (rc == SP_OK)
        rc = ask_recipients(s, err);
    return rc == SP_OK ? ask_share(s, err) : rc;
}
