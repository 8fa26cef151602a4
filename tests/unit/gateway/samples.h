/* samples.h - the smallest documents of each kind that are real enough to be told apart. */
#ifndef SP_TEST_SAMPLES_H
#define SP_TEST_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sample {
    unsigned char bytes[4096];
    size_t size;
};

void sample_add(struct sample *s, const void *bytes, size_t size);
void sample_text(struct sample *s, const char *text);
struct sample sample_pdf(const char *words); /* words make two of them differ */
struct sample sample_png(void);
struct sample sample_jpeg(void);
struct sample sample_tiff(char order, int pages); /* order: 'I' or 'M' */
struct sample sample_zip(const char *const *names, size_t count);
struct sample sample_docx(void);

#endif
