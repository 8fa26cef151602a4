/* doctor_network.c - the page's addresses and its certificate, and whether names can be looked up. What Microsoft says
 * is not asked: that is `scanpost check`. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend/net/dns.h"
#include "base/auto.h"
#include "base/certificate.h"
#include "base/clock.h"
#include "base/text.h"
#include "gateway/doctor/doctor_inside.h"

enum { LOOKUP_MS = 10 * 1000 };
static const int64_t day_ms = (int64_t)24 * 60 * 60 * 1000, soon_days = 30;

/* --- ports --- */

/* 0.0.0.0 and [::] are reached by this machine's own address. */
static struct addrinfo *
resolve(const char *address, bool to_connect)
{
    char host[64] = "";
    const char *colon = strrchr(address, ':');
    struct addrinfo *info = NULL;
    const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | (to_connect ? 0 : AI_PASSIVE),
                                    .ai_socktype = SOCK_STREAM };
    if (colon == NULL)
        return NULL;
    bool brackets = address[0] == '[' && colon > address + 1;
    (void)sp_text_format(host, sizeof host, "%.*s", (int)(colon - address) - (brackets ? 2 : 0),
                         address + (brackets ? 1 : 0));
    if (to_connect && strcmp(host, "0.0.0.0") == 0)
        (void)sp_text_copy(host, sizeof host, "127.0.0.1");
    if (to_connect && strcmp(host, "::") == 0)
        (void)sp_text_copy(host, sizeof host, "::1");
    return getaddrinfo(host[0] != '\0' ? host : NULL, colon + 1, &hints, &info) == 0 ? info : NULL;
}

/* Of a daemon that runs: does it answer? Of one that does not: could it listen? */
static bool
port_is_well(const struct sp_doctor *d, const char *address)
{
    const int on = 1;
    struct addrinfo *info = resolve(address, d->running);
    if (info == NULL)
        return true;
    SP_AUTO_CLOSE int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && info->ai_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (fd >= 0 && !d->running)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bool well = fd >= 0 && (d->running ? connect(fd, info->ai_addr, info->ai_addrlen)
                                       : bind(fd, info->ai_addr, info->ai_addrlen)) == 0;
    int saved = errno;
    freeaddrinfo(info);
    errno = saved;
    return well || errno == EACCES; /* a port below 1024 is root's */
}

static void
look_at_ports(const struct sp_doctor *d)
{
    const struct sp_texts *list = &d->settings->http.listen;
    char mend[200];
    for (size_t i = 0; i < list->count; i++) {
        const char *address = list->items[i];
        const char *port = strrchr(address, ':') != NULL ? strrchr(address, ':') + 1 : "";
        (void)sp_text_format(mend, sizeof mend,
                             "ss -ltnp 'sport = :%s' tells who has it; else another port in http.listen", port);
        if (port_is_well(d, address))
            sp_doctor_say(d, SP_DOCTOR_OK, "page", "", "", d->running ? "%s answers" : "%s is free", address);
        else
            sp_doctor_say(d, SP_DOCTOR_WRONG, "page",
                          d->running ? "Page, WebDAV and scans by HTTP do not work there."
                                     : "scanpostd does not start.",
                          d->running ? "systemctl restart scanpost, then journalctl -u scanpost" : mend, "%s: %s",
                          address, strerror(errno));
    }
}

static bool
is_local(const char *address)
{
    return sp_text_starts(address, "127.") || sp_text_starts(address, "[::1]");
}

static void
look_at_certificate(const struct sp_doctor *d)
{
    int64_t ends = 0;
    struct sp_err err = { 0 };
    const char *file = d->settings->http.tls_certificate;
    bool lan = false;
    for (size_t i = 0; i < d->settings->http.listen.count; i++)
        lan = lan || !is_local(d->settings->http.listen.items[i]);
    if (file[0] == '\0') {
        if (lan)
            sp_doctor_say(d, SP_DOCTOR_WRONG, "page", "Passwords and scans cross the network in clear.",
                          "scanpost setup --page lan", "it is open to the network without a certificate");
        return;
    }
    if (sp_certificate_expiry(file, &ends, &err) != SP_OK) {
        sp_doctor_say(d, SP_DOCTOR_WRONG, "page", "", "scanpost setup --page lan", "%s", err.text);
        return;
    }
    int64_t days = (ends - sp_wall_ms(&sp_clock_system)) / day_ms;
    if (days < soon_days)
        sp_doctor_say(d, SP_DOCTOR_WRONG, "page", "Browsers and devices refuse a certificate that has ended.",
                      "scanpost setup --page lan (makes a new one), or renew yours and give it with --tls-certificate",
                      days < 0 ? "its certificate has ended (%s, %lld days ago)"
                               : "its certificate ends soon (%s, in %lld days)",
                      file, (long long)(days < 0 ? -days : days));
    else
        sp_doctor_say(d, SP_DOCTOR_OK, "page", "", "", "its certificate is good for %lld days", (long long)days);
}

/* --- names --- */

static void
look_up(const struct sp_doctor *d, struct sp_dns *dns, const struct sp_tenant_settings *tenant)
{
    struct sp_mx mx[SP_DNS_MX_MAX];
    size_t n = 0;
    unsigned ttl = 0;
    struct sp_err err = { 0 };
    enum sp_rc rc = sp_dns_mx(dns, tenant->domain, sp_mono_ms(&sp_clock_system) + LOOKUP_MS, mx, &n, &ttl, &err);
    if (rc == SP_OK && n > 0)
        sp_doctor_say(d, SP_DOCTOR_OK, "names", "", "", "the mail exchanger of %s is %s", tenant->domain, mx[0].host);
    else
        sp_doctor_say(d, SP_DOCTOR_WRONG, "names", "Without names nothing is sent; scans wait.",
                      d->settings->gateway.resolver[0] != '\0' ? "look at gateway.resolver"
                                                               : "resolvectl status, cat /etc/resolv.conf",
                      "the mail exchanger of %s is not found: %s", tenant->domain, err.text);
}

void
sp_doctor_network(struct sp_doctor *d)
{
    struct sp_dns *dns = NULL;
    struct sp_err err = { 0 };
    look_at_ports(d);
    look_at_certificate(d);
    if (sp_dns_new(d->settings->gateway.resolver, &sp_clock_system, &dns, &err) != SP_OK) {
        sp_doctor_say(d, SP_DOCTOR_WRONG, "names", "", "look at gateway.resolver", "%s", err.text);
        return;
    }
    for (size_t i = 0; i < d->settings->n_tenants; i++)
        look_up(d, dns, &d->settings->tenants[i]);
    sp_dns_free(&dns);
}
