/* doctor.h - what is wrong with this installation. Each finding says what it is, what it means, and the command that
 * mends it. */
#ifndef SP_DOCTOR_DOCTOR_H
#define SP_DOCTOR_DOCTOR_H

#include "base/err.h"

enum sp_doctor_level {
    SP_DOCTOR_OK,
    SP_DOCTOR_NOTE,  /* worth knowing, or not to be known by this user */
    SP_DOCTOR_WRONG, /* something does not work, or is not safe, or will soon not be */
};
const char *sp_doctor_level_name(enum sp_doctor_level level); /* "ok" "note" "wrong" */

struct sp_doctor_finding {
    enum sp_doctor_level level;
    const char *subject; /* "secrets" */
    char text[480];
    char means[480], mend[480]; /* "" with OK */
};
typedef void sp_doctor_tell_fn(void *context, const struct sp_doctor_finding *finding);

/* Looks at everything that `config` and the system say. Takes seconds: names are looked up, the database is read. */
void sp_doctor(const char *config, sp_doctor_tell_fn *tell, void *context);

#endif
