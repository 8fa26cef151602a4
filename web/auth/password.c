/* password.c - crypt(3) with libcrypt's own choice of cost: about 16 MiB and a tenth of a second a password. */
#include "web/auth/password.h"

#include <crypt.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/secret.h"
#include "web/auth/sessions.h"

/* One at a time in the whole process: what bounds is the process's memory, so the lock is the process's too. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

/* The hash for the caller to free(); NULL when the setting is of no kind that libcrypt knows, or memory is out. */
static char *
hash_with(const char *password, const char *setting)
{
    struct crypt_data *data = calloc(1, sizeof(*data)); /* 32 KiB: too much for a stack */
    if (data == NULL)
        return NULL;
    pthread_mutex_lock(&one_at_a_time);
    const char *hash = crypt_rn(password, setting, data, sizeof(*data));
    pthread_mutex_unlock(&one_at_a_time);
    char *copy = hash == NULL ? NULL : strdup(hash);
    sp_wipe(data, sizeof(*data));
    free(data);
    return copy;
}

enum sp_rc
sp_password_hash(const char *password, char **ret, struct sp_err *err)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    if (crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof(setting)) == NULL)
        return sp_fail_errno(err, "auth: libcrypt has no yescrypt");
    char *hash = hash_with(password, setting);
    if (hash == NULL)
        return sp_fail(err, SP_E_NOMEM, "auth: cannot hash the password");
    *ret = hash;
    return SP_OK;
}

bool
sp_password_matches(const char *password, const char *hash)
{
    if (hash[0] == '\0') {
        SP_AUTO_FREE char *unused = NULL;
        sp_password_hash(password, &unused, NULL);
        return false;
    }
    SP_AUTO_FREE char *again = hash_with(password, hash);
    return again != NULL && sp_text_equal_slowly(again, hash);
}
