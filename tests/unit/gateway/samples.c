#include "samples.h"

#include <stdlib.h>
#include <string.h>

void
sample_add(struct sample *s, const void *bytes, size_t size)
{
    if (s->size + size > sizeof(s->bytes))
        abort();
    memcpy(s->bytes + s->size, bytes, size);
    s->size += size;
}

void
sample_text(struct sample *s, const char *text)
{
    sample_add(s, text, strlen(text));
}

static void
add_number(struct sample *s, uint64_t value, size_t size, char order)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)(value >> 8 * (order == 'M' ? size - 1 - i : i));
        sample_add(s, &byte, 1);
    }
}

struct sample
sample_pdf(const char *words)
{
    struct sample s = { .size = 0 };
    sample_text(&s, "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
                    "2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n% ");
    sample_text(&s, words);
    sample_text(&s, "\ntrailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n");
    return s;
}

struct sample
sample_png(void)
{
    struct sample s = { .size = 0 };
    sample_add(&s, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\0\0\0\0:~\x9bU", 33);
    sample_add(&s,
               "\0\0\0\nIDATx\x9c"
               "c`\0\0\0\2\0\1H\xaf\xa4q",
               22);
    sample_add(&s, "\0\0\0\0IEND\xae\x42\x60\x82", 12);
    return s;
}

struct sample
sample_jpeg(void)
{
    struct sample s = { .size = 0 };
    sample_add(&s, "\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0", 20);
    sample_text(&s, "scan data, not really");
    sample_add(&s, "\xff\xd9", 2);
    return s;
}

/* Pages of one strip of 8 bytes each; the directories come after the strips, chained. */
struct sample
sample_tiff(char order, int pages)
{
    struct sample s = { .size = 0 };
    char mark[2] = { order, order };
    uint64_t each = 8, directory_size = 2 + 2 * 12 + 4, first = 8 + each * (uint64_t)pages;
    sample_add(&s, mark, 2);
    add_number(&s, 42, 2, order);
    add_number(&s, first, 4, order);
    for (int i = 0; i < pages; i++)
        sample_add(&s, "stripped", 8);
    for (int i = 0; i < pages; i++) {
        add_number(&s, 2, 2, order);
        for (int field = 0; field < 2; field++) { /* StripOffsets, StripByteCounts */
            add_number(&s, field == 0 ? 273 : 279, 2, order);
            add_number(&s, 4, 2, order);
            add_number(&s, 1, 4, order);
            add_number(&s, field == 0 ? 8 + each * (uint64_t)i : each, 4, order);
        }
        add_number(&s, i + 1 < pages ? first + directory_size * (uint64_t)(i + 1) : 0, 4, order);
    }
    return s;
}

static void
add_zip_header(struct sample *s, const char *name, bool central, uint64_t offset)
{
    sample_add(s, central ? "PK\1\2" : "PK\3\4", 4);
    if (central)
        add_number(s, 20, 2, 'I');
    add_number(s, 20, 2, 'I');
    for (int i = 0; i < 4; i++) /* flags, method, time, date */
        add_number(s, 0, 2, 'I');
    for (int i = 0; i < 3; i++) /* checksum, sizes: empty files */
        add_number(s, 0, 4, 'I');
    add_number(s, strlen(name), 2, 'I');
    add_number(s, 0, 2, 'I');
    if (central) {
        for (int i = 0; i < 3; i++)
            add_number(s, 0, 2, 'I');
        add_number(s, 0, 4, 'I');
        add_number(s, offset, 4, 'I');
    }
    sample_text(s, name);
}

struct sample
sample_zip(const char *const *names, size_t count)
{
    struct sample s = { .size = 0 };
    uint64_t offsets[16];
    for (size_t i = 0; i < count; i++) {
        offsets[i] = s.size;
        add_zip_header(&s, names[i], false, 0);
    }
    size_t directory = s.size;
    for (size_t i = 0; i < count; i++)
        add_zip_header(&s, names[i], true, offsets[i]);
    size_t end = s.size;
    sample_add(&s, "PK\5\6\0\0\0\0", 8);
    add_number(&s, count, 2, 'I');
    add_number(&s, count, 2, 'I');
    add_number(&s, end - directory, 4, 'I');
    add_number(&s, directory, 4, 'I');
    add_number(&s, 0, 2, 'I');
    return s;
}

struct sample
sample_docx(void)
{
    static const char *const names[] = { "[Content_Types].xml", "_rels/.rels", "word/document.xml" };
    return sample_zip(names, 3);
}
