/* options.h - the options of a print job, as CUPS writes them into argv[5]. Pure.
 *
 *   mail-to=a@contoso.com,b@contoso.com landscape mail-subject=Two\ words 'mail-body="quoted"' media={a=1 b=2}
 *
 * A backslash takes the next character as it is, quotes what is between them; a word without '=' is an option that is
 * true. (libcups' own cupsParseOptions keeps the last of equal names, and CUPS names every document by the same one.)
 */
#ifndef SP_BACKEND_CUPS_OPTIONS_H
#define SP_BACKEND_CUPS_OPTIONS_H

#include <stdbool.h>

struct sp_job_option {
    const char *name, *value; /* "" for a word without '=' */
};
/* Reads the option at *text, which is unfolded in place, and moves behind it. false: there are no more. */
bool sp_job_option_next(char **text, struct sp_job_option *ret);

#endif
