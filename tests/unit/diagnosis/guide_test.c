/* guide_test.c - docs/troubleshooting.md has a heading for each class, and none for a class that is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "backend/diagnosis/vocabulary.h"

enum { CLASSES = SP_CLASS_OTHER + 1 };

/* How often each class is a heading, which is "### `class`". */
static void
read_headings(int ret_seen[CLASSES])
{
    char line[512], word[64];
    FILE *guide = fopen(SP_SOURCE_DIR "/docs/troubleshooting.md", "r");
    assert_non_null(guide);
    while (fgets(line, sizeof line, guide) != NULL) {
        enum sp_class class_ = SP_CLASS_OK;
        if (sscanf(line, "### `%63[^`]`", word) != 1)
            continue;
        if (!sp_class_parse(word, &class_))
            fail_msg("the guide explains '%s', which is no class", word);
        ret_seen[class_]++;
    }
    (void)fclose(guide);
}

static void
test_each_class_is_explained_once(void **state)
{
    (void)state;
    int seen[CLASSES] = { 0 };
    read_headings(seen);
    for (size_t i = 0; i < CLASSES; i++)
        if (seen[i] != 1)
            fail_msg("the guide explains the class '%s' %d times", sp_class_name((enum sp_class)i), seen[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_each_class_is_explained_once) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
