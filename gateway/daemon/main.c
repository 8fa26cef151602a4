/* main.c - scanpostd: reads its arguments and the configuration, then supervises.
 *
 * Map of processes: supervisor.c. Map of threads: gateway_process.c, backend/sender/sender.c. */
#include <getopt.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/settings.h"
#include "gateway/daemon/supervisor.h"

static const char usage[] = "usage: scanpostd [-c FILE] [-t] [--version] [--help]\n"
                            "\n"
                            "  -c FILE     the configuration (default /etc/scanpost/scanpost.conf)\n"
                            "  -t          check the configuration and exit: 0 fine, 1 not\n"
                            "  --version   print the version and exit\n";

struct arguments {
    const char *file;
    bool check;
};

/* Returns -1 to go on, else the exit status. */
static int
read_arguments(int argc, char **argv, struct arguments *ret)
{
    static const struct option longs[] = { { "version", no_argument, NULL, 'V' },
                                           { "help", no_argument, NULL, 'h' },
                                           { "config", required_argument, NULL, 'c' },
                                           { "test", no_argument, NULL, 't' },
                                           { 0 } };
    for (int c = 0; (c = getopt_long(argc, argv, "c:th", longs, NULL)) != -1;) {
        switch (c) {
        case 'c':
            ret->file = optarg;
            break;
        case 't':
            ret->check = true;
            break;
        case 'V':
            (void)puts("scanpostd " SP_VERSION);
            return EXIT_SUCCESS;
        case 'h':
            (void)fputs(usage, stdout);
            return EXIT_SUCCESS;
        default:
            (void)fputs(usage, stderr);
            return 2;
        }
    }
    if (optind == argc)
        return -1;
    (void)fprintf(stderr, "scanpostd: '%s' is one argument too many\n%s", argv[optind], usage);
    return 2;
}

int
main(int argc, char **argv)
{
    struct arguments arguments = { .file = "/etc/scanpost/scanpost.conf" };
    const struct sp_log log = { .level = SP_LOG_INFO, .who = "scanpostd", .fd = STDERR_FILENO };
    struct sp_settings *settings = NULL;
    struct sp_err err = { 0 };
    int status = read_arguments(argc, argv, &arguments);
    if (status >= 0)
        return status;
    (void)mallopt(M_ARENA_MAX, 2); /* threads here wait more than they allocate: an arena each would only cost memory */
    if (sp_settings_load(arguments.file, &settings, &err) != SP_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        return EXIT_FAILURE;
    }
    if (arguments.check) {
        (void)printf("%s: the configuration is fine\n", arguments.file);
        sp_settings_free(&settings);
        return EXIT_SUCCESS;
    }
    if (sp_supervise(&settings, &err) == SP_OK)
        return EXIT_SUCCESS;
    sp_error(&log, "%s", err.text);
    return EXIT_FAILURE;
}
