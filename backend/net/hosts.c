/* hosts.c - addresses that need no resolver: literals, and the lines of hosts(5).
 *
 *   line = address 1*WSP name *( 1*WSP name ) [ "#" comment ]                                                       */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "backend/net/dns_query.h"

bool
sp_net_address_parse(const char *ip, unsigned port, struct sp_net_address *ret)
{
    *ret = (struct sp_net_address){ 0 };
    struct sockaddr_in *v4 = (void *)&ret->sock;
    struct sockaddr_in6 *v6 = (void *)&ret->sock;
    if (inet_pton(AF_INET, ip, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        ret->size = sizeof *v4;
        return true;
    }
    if (inet_pton(AF_INET6, ip, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        ret->size = sizeof *v6;
        return true;
    }
    return false;
}

static bool
line_names(char *line, const char *host, struct sp_net_address *ret)
{
    static const char blank[] = " \t\r\n";
    char *rest = NULL;
    line[strcspn(line, "#")] = '\0';
    const char *ip = strtok_r(line, blank, &rest);
    if (ip == NULL || !sp_net_address_parse(ip, 0, ret))
        return false;
    const char *name;
    while ((name = strtok_r(NULL, blank, &rest)) != NULL)
        if (strcasecmp(name, host) == 0)
            return true;
    return false;
}

size_t
sp_hosts_find(const char *path, const char *host, struct sp_net_address *ret, size_t room)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0; /* as if it were empty */
    char line[1024];
    size_t n = 0;
    while (n < room && fgets(line, sizeof line, file) != NULL)
        if (line_names(line, host, &ret[n]))
            n++;
    fclose(file);
    return n;
}
