#include "backend/sandbox/options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
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
    LOGIN_PORT,
    GRAPH_PORT,
    DNS_PORT,
    DOMAIN,
    MX_HOST,
    USER,
    PASSWORD_FILE,
    TOKEN_FILE,
    SEND_AS,
    TOKEN_LIFETIME,
    CONNECTOR_CERTIFICATE,
    CONNECTOR_IP,
    RATE,
    PER_DAY,
    SCENARIO,
    LIST_SCENARIOS,
    PARENT_DEATH,
    HELP,
    VERSION,
};

static const struct option table[] = {
    { "dir", required_argument, NULL, DIR },
    { "listen", required_argument, NULL, LISTEN },
    { "mx-port", required_argument, NULL, MX_PORT },
    { "submission-port", required_argument, NULL, SUBMISSION_PORT },
    { "login-port", required_argument, NULL, LOGIN_PORT },
    { "graph-port", required_argument, NULL, GRAPH_PORT },
    { "dns-port", required_argument, NULL, DNS_PORT },
    { "domain", required_argument, NULL, DOMAIN },
    { "mx-host", required_argument, NULL, MX_HOST },
    { "user", required_argument, NULL, USER },
    { "password-file", required_argument, NULL, PASSWORD_FILE },
    { "token-file", required_argument, NULL, TOKEN_FILE },
    { "send-as", required_argument, NULL, SEND_AS },
    { "token-lifetime", required_argument, NULL, TOKEN_LIFETIME },
    { "connector-certificate", required_argument, NULL, CONNECTOR_CERTIFICATE },
    { "connector-ip", required_argument, NULL, CONNECTOR_IP },
    { "rate", required_argument, NULL, RATE },
    { "per-day", required_argument, NULL, PER_DAY },
    { "scenario", required_argument, NULL, SCENARIO },
    { "list-scenarios", no_argument, NULL, LIST_SCENARIOS },
    { "parent-death", no_argument, NULL, PARENT_DEATH },
    { "help", no_argument, NULL, HELP },
    { "version", no_argument, NULL, VERSION },
    { NULL, 0, NULL, 0 },
};

const char *
sp_box_usage(void)
{
    return "usage: scanpost-sandbox [--dir DIR] [--listen ADDRESS] [--mx-port N] [--submission-port N]\n"
           "           [--login-port N] [--graph-port N] [--dns-port N] [--domain DOMAIN]... [--mx-host NAME]\n"
           "           [--user ADDRESS] [--password-file FILE] [--token-file FILE] [--send-as ADDRESS]...\n"
           "           [--token-lifetime SECONDS] [--connector-certificate NAME] [--connector-ip ADDRESS[/BITS]]\n"
           "           [--rate N/SECONDS|off] [--per-day N|off] [--scenario SCENARIO]... [--parent-death]\n"
           "       scanpost-sandbox --list-scenarios | --version | --help\n"
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
take_number(const char *text, int64_t max, int64_t *ret, struct sp_err *err)
{
    return sp_parse_int(text, 1, max, ret) ? SP_OK : sp_fail(err, SP_E_INVALID, "'%s' is no number that fits", text);
}

/* "30/60": thirty in a minute. */
static enum sp_rc
take_rate(const char *text, struct sp_box_allowance *allowance, struct sp_err *err)
{
    char messages[16] = "";
    size_t len = strcspn(text, "/");
    int64_t n = 0, seconds = 0;
    if (strcmp(text, "off") == 0) {
        allowance->messages = 0;
        return SP_OK;
    }
    if (len < sizeof(messages))
        memcpy(messages, text, len);
    if (text[len] != '/' || !sp_parse_int(messages, 1, 60000, &n) || !sp_parse_int(text + len + 1, 1, 86400, &seconds))
        return sp_fail(err, SP_E_INVALID, "'%s' is no rate such as 30/60, and not off", text);
    allowance->messages = (unsigned)n;
    allowance->window_ms = seconds * 1000;
    return SP_OK;
}

static enum sp_rc
take_per_day(const char *text, struct sp_box_allowance *allowance, struct sp_err *err)
{
    int64_t n = 0;
    enum sp_rc rc = strcmp(text, "off") == 0 ? SP_OK : take_number(text, INT32_MAX, &n, err);
    if (rc == SP_OK)
        allowance->recipients = (uint64_t)n;
    return rc;
}

/* "192.0.2.0/24" */
static enum sp_rc
take_network(const char *text, struct sp_box_network *network, struct sp_err *err)
{
    char address[INET_ADDRSTRLEN] = "";
    struct in_addr in;
    size_t len = strcspn(text, "/");
    int64_t bits = 32;
    if (len < sizeof(address))
        memcpy(address, text, len);
    if (inet_pton(AF_INET, address, &in) != 1 || (text[len] == '/' && !sp_parse_int(text + len + 1, 8, 32, &bits)))
        return sp_fail(err, SP_E_INVALID, "'%s' is no IPv4 address or network", text);
    network->mask = UINT32_MAX << (32 - bits);
    network->address = ntohl(in.s_addr) & network->mask;
    return SP_OK;
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
    case LOGIN_PORT:
        return take_port(value, &o->login_port, err);
    case GRAPH_PORT:
        return take_port(value, &o->graph_port, err);
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
    case TOKEN_LIFETIME:
        return take_number(value, INT32_MAX, &o->token_lifetime_s, err);
    case CONNECTOR_CERTIFICATE:
        o->connector_certificate = value;
        return sp_domain_valid(value, false) ? SP_OK : sp_fail(err, SP_E_INVALID, "'%s' is no host name", value);
    case CONNECTOR_IP:
        return take_network(value, &o->connector_network, err);
    case RATE:
        return take_rate(value, &o->allowance, err);
    case PER_DAY:
        return take_per_day(value, &o->allowance, err);
    case SCENARIO:
        return take_scenario(value, &o->scenarios, err);
    case LIST_SCENARIOS:
        o->list_scenarios = true;
        return SP_OK;
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

/* Every tenant has such a domain: contoso.com's is contoso.onmicrosoft.com, unless told. */
static void
add_onmicrosoft(struct sp_box_options *o)
{
    for (size_t i = 0; i < o->domains.n; i++)
        if (sp_text_ends_nocase(o->domains.items[i], ".onmicrosoft.com"))
            return;
    const char *first = o->domains.items[0];
    bool fits =
        sp_text_format(o->onmicrosoft, sizeof(o->onmicrosoft), "%.*s.onmicrosoft.com", (int)strcspn(first, "."), first);
    if (fits && o->domains.n < SP_BOX_LIST_MAX)
        o->domains.items[o->domains.n++] = o->onmicrosoft;
}

enum sp_rc
sp_box_options_parse(int argc, char **argv, struct sp_box_options *ret, struct sp_err *err)
{
    *ret = (struct sp_box_options){ .dir = "scanpost-sandbox.d",
                                    .listen = "127.0.0.1",
                                    .token_lifetime_s = 3599,
                                    .allowance = { .messages = 30, .window_ms = 60000, .recipients = 10000 } };
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
    add_onmicrosoft(ret);
    return rc;
}

bool
sp_box_network_has(const struct sp_box_network *network, const char *ip)
{
    struct in_addr in;
    return network->mask != 0 && inet_pton(AF_INET, ip, &in) == 1 &&
           (ntohl(in.s_addr) & network->mask) == network->address;
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
