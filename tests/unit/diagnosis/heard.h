/* heard.h - one thing a peer said, and what it means. */
#ifndef SP_TEST_HEARD_H
#define SP_TEST_HEARD_H

#include "backend/diagnosis/vocabulary.h"

struct heard {
    enum sp_stage stage;
    const char *method; /* NULL: any */
    enum sp_class class_;
    const char *cause; /* NULL: not looked at */
    const char *text;
};

#endif
