/* Who may do what with a file, by owner, group and mode: the first that fits decides, as in the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "gateway/doctor/doctor_inside.h"

static void
test_first_class_that_fits_decides(void **state)
{
    static const struct {
        uid_t owner;
        gid_t group;
        mode_t mode;
        int mask;
        bool may; /* for user 10 with group 20 */
    } rows[] = {
        { 0, 20, 0640, R_OK, true },          { 0, 20, 0640, R_OK | W_OK, false },
        { 0, 21, 0640, R_OK, false },         { 10, 21, 0400, R_OK, true },
        { 10, 20, 0060, R_OK, false },        { 0, 20, 0606, R_OK, false },
        { 0, 21, 0604, R_OK, true },          { 0, 20, 02770, R_OK | W_OK | X_OK, true },
        { 0, 20, 02750, R_OK | W_OK, false }, { 10, 0, 0700, R_OK | W_OK | X_OK, true },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        const struct stat at = { .st_uid = rows[i].owner, .st_gid = rows[i].group, .st_mode = rows[i].mode };
        assert_int_equal(sp_doctor_may(&at, 10, 20, rows[i].mask), rows[i].may);
        assert_true(sp_doctor_may(&at, 0, 0, rows[i].mask));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_first_class_that_fits_decides) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
