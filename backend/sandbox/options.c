#include "backend/sandbox/options.h"

#include <getopt.h>
#include <string.h>
#include <strings.h>

#include "backend/sandbox/scenario.h"
#include "base/address.h"
#include "base/text.h"

enum word {
    DIR = 256,
    LISTEN,
    MX_PORT,
    SUBMISSION_PORT,
    DNS_PORT,
    DOMAIN,
    MX_HOST,
    USER,
    PASSWORD_FILE,
    TOKEN_FILE,
    SEND_AS,
    SCENARIO,
    PARENT_DEATH,
    HELP,
    VERSION,
};

static const struct option table[] = {
    { "dir", required_argument, NULL, DIR },
    { "listen", required_argument, NULL, LISTEN },
    { "mx-port", required_argument, NULL, MX_PORT },
    { "submission-port", required_argument, NULL, SUBMISSION_PORT },
    { "dns-port", required_argument, NULL, DNS_PORT },
    { "domain", required_argument, NULL, DOMAIN },
    { "mx-host", required_argument, NULL, MX_HOST },
    { "user", required_argument, NULL, USER },
    { "password-file", required_argument, NULL, PASSWORD_FILE },
    { "token-file", required_argument, NULL, TOKEN_FILE },
    { "send-as", required_argument, NULL, SEND_AS },
    { "scenario", required_argument, NULL, SCENARIO },
    { "parent-death", no_argument, NULL, PARENT_DEATH },
    { "help", no_argument, NULL, HELP },
    { "version", no_argument, NULL, VERSION },
    { NULL, 0, NULL, 0 },
};

const char *
sp_box_usage(void)
{
    return "usage: scanpost-sandbox [--dir DIR] [--listen ADDRESS] [--mx-port N] [--submission-port N] [--dns-port N]\n"
           "           [--domain DOMAIN]... [--mx-host NAME] [--user ADDRESS] [--password-file FILE]\n"
           "           [--token-file FILE] [--send-as ADDRESS]... [--scenario SCENARIO]... [--parent-death]\n"
           "A stand-in for Microsoft 365 on loopback. See scanpost-sandbox(1).\n";
}

static enum sp_rc
take_port(const char *text, unsigned *ret, struct sp_err *err)
{
    int64_t port = 0;
    if (!sp_parse_int(text, 0, 65535, &port))
        return sp_fail(err, SP_E_INVALID, "'%s' is no port", text);
    *ret = (unsigned)port;
    return SP_OK;
}

static enum sp_rc
take_item(const char *text, struct sp_box_list *list, struct sp_err *err)
{
    if (list->n == SP_BOX_LIST_MAX)
        return sp_fail(err, SP_E_INVALID, "too many: '%s'", text);
    list->items[list->n++] = text;
    return SP_OK;
}

static enum sp_rc
take_domain(const char *text, struct sp_box_list *list, struct sp_err *err)
{
    if (!sp_domain_valid(text, false))
        return sp_fail(err, SP_E_INVALID, "'%s' is no domain", text);
    return take_item(text, list, err);
}

static enum sp_rc
take_address(const char *text, const char **ret, struct sp_err *err)
{
    if (!sp_address_valid(text))
        return sp_fail(err, SP_E_INVALID, "'%s' is no address", text);
    *ret = text;
    return SP_OK;
}

static enum sp_rc
take_scenario(const char *text, struct sp_box_list *list, struct sp_err *err)
{
    struct sp_box_scenario scenario;
    enum sp_rc rc = sp_box_scenario_parse(text, &scenario, err);
    return rc == SP_OK ? take_item(text, list, err) : rc;
}

static enum sp_rc
take(enum word word, const char *value, struct sp_box_options *o, struct sp_err *err)
{
    const char *address = NULL;
    enum sp_rc rc = SP_OK;
    switch (word) {
    case DIR:
        o->dir = value;
        return SP_OK;
    case LISTEN:
        o->listen = value;
        return SP_OK;
    case MX_PORT:
        return take_port(value, &o->mx_port, err);
    case SUBMISSION_PORT:
        return take_port(value, &o->submission_port, err);
    case DNS_PORT:
        return take_port(value, &o->dns_port, err);
    case DOMAIN:
        return take_domain(value, &o->domains, err);
    case MX_HOST:
        o->mx_host = value;
        return sp_domain_valid(value, false) ? SP_OK : sp_fail(err, SP_E_INVALID, "'%s' is no host name", value);
    case USER:
        return take_address(value, &o->user, err);
    case PASSWORD_FILE:
        o->password_file = value;
        return SP_OK;
    case TOKEN_FILE:
        o->token_file = value;
        return SP_OK;
    case SEND_AS:
        rc = take_address(value, &address, err);
        return rc == SP_OK ? take_item(address, &o->send_as, err) : rc;
    case SCENARIO:
        return take_scenario(value, &o->scenarios, err);
    case PARENT_DEATH:
        o->parent_death = true;
        return SP_OK;
    case HELP:
        o->help = true;
        return SP_OK;
    case VERSION:
        o->version = true;
        return SP_OK;
    }
    return SP_E_INVALID;
}

enum sp_rc
sp_box_options_parse(int argc, char **argv, struct sp_box_options *ret, struct sp_err *err)
{
    *ret = (struct sp_box_options){ .dir = "scanpost-sandbox.d", .listen = "127.0.0.1" };
    opterr = 0;
    enum sp_rc rc = SP_OK;
    for (int c; rc == SP_OK && (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        if (c == '?' || c == ':')
            return sp_fail(err, SP_E_INVALID, "what is '%s'? Or does it lack its value?", argv[optind - 1]);
        rc = take((enum word)c, optarg, ret, err);
    }
    if (rc == SP_OK && optind < argc)
        return sp_fail(err, SP_E_INVALID, "what is '%s'?", argv[optind]);
    if (ret->domains.n == 0)
        ret->domains.items[ret->domains.n++] = "contoso.com";
    return rc;
}

bool
sp_box_list_has_domain(const struct sp_box_list *domains, const char *address)
{
    const char *at = strrchr(address, '@');
    for (size_t i = 0; at != NULL && i < domains->n; i++)
        if (strcasecmp(at + 1, domains->items[i]) == 0)
            return true;
    return false;
}
