/* A kind is told by the first bytes; the four kinds of zip by the names in their central directory, or, as long as that
 * is not written yet, by the names in the first few KiB. Formats: ISO 32000-1 7.5, TIFF 6.0 section 2 (BigTIFF widens
 * the offsets), ITU-T T.81 B.1.1.3, PNG section 5, APPNOTE.TXT 4.3. Nothing is trusted: every offset is held against
 * the file's size, every loop has an end. */
#include "gateway/content.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/text.h"

enum {
    HEAD_SIZE = 4096,
    TAIL_SIZE = 1024, /* where readers look for the end of a PDF, trailing rubbish and all */
    DIRECTORY_SIZE = 16384,
    IFDS_MAX = 20000,      /* pages of a TIFF; more is a loop */
    ENTRIES_MAX = 1000000, /* of all its directories, which may lie on top of each other */
};

static const struct kind {
    struct sp_content content;
    const char *extensions[5];
} kinds[] = {
    { { "pdf", "application/pdf", ".pdf" }, { ".pdf" } },
    { { "tiff", "image/tiff", ".tif" }, { ".tif", ".tiff" } },
    { { "jpeg", "image/jpeg", ".jpg" }, { ".jpg", ".jpeg", ".jpe", ".jfif" } },
    { { "png", "image/png", ".png" }, { ".png" } },
    { { "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx" }, { ".docx" } },
    { { "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx" }, { ".xlsx" } },
    { { "pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx" }, { ".pptx" } },
    { { "xps", "application/vnd.ms-xpsdocument", ".xps" }, { ".xps", ".oxps" } },
};
static const struct sp_content unknown = { "", "application/octet-stream", "" };
static const struct sp_content other_zip = { "", "application/zip", ".zip" };

static struct sp_content
kind_named(const char *name)
{
    for (size_t i = 0; i < SP_LEN(kinds); i++)
        if (strcmp(kinds[i].content.kind, name) == 0)
            return kinds[i].content;
    return unknown;
}

/* Reads at an offset as much as there is, up to room; 0 when nothing could be read. */
static size_t
read_at(int fd, uint64_t offset, void *buffer, size_t room)
{
    size_t got = 0;
    while (got < room) {
        ssize_t n = pread(fd, (char *)buffer + got, room - got, (off_t)(offset + got));
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    return got;
}

/* ---- zip ---- */

struct zip_end {
    uint64_t directory, directory_size;
};

static uint64_t
little(const unsigned char *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

/* The end of central directory record: 22 bytes and a comment that reaches exactly to the end of the file. Scanners
 * write no long comments, so the last few KiB are enough. */
static bool
zip_end_find(int fd, uint64_t size, struct zip_end *ret)
{
    enum { RECORD = 22 };
    unsigned char tail[HEAD_SIZE];
    uint64_t start = size > sizeof(tail) ? size - sizeof(tail) : 0;
    size_t got = read_at(fd, start, tail, sizeof(tail));
    for (size_t at = got; at-- > 0;) {
        if (got - at < RECORD || memcmp(tail + at, "PK\5\6", 4) != 0)
            continue;
        ret->directory_size = little(tail + at + 12, 4);
        ret->directory = little(tail + at + 16, 4);
        if (at + RECORD + little(tail + at + 20, 2) == got && ret->directory + ret->directory_size <= start + at)
            return true;
    }
    return false;
}

static bool
mentions(const unsigned char *bytes, size_t size, const char *word)
{
    return memmem(bytes, size, word, strlen(word)) != NULL;
}

static struct sp_content
zip_kind(int fd, uint64_t size, const unsigned char *head, size_t head_size)
{
    static const struct {
        const char *word, *kind;
    } marks[] = { { "word/document", "docx" },
                  { "xl/workbook", "xlsx" },
                  { "ppt/presentation", "pptx" },
                  { "FixedDocumentSequence.fdseq", "xps" },
                  { "FixedDocSeq.fdseq", "xps" } };
    unsigned char directory[DIRECTORY_SIZE];
    struct zip_end end;
    if (zip_end_find(fd, size, &end)) {
        size_t room = end.directory_size < sizeof(directory) ? (size_t)end.directory_size : sizeof(directory);
        head_size = read_at(fd, end.directory, directory, room);
        head = directory;
    }
    if (mentions(head, head_size, "vbaProject.bin") || !mentions(head, head_size, "[Content_Types].xml"))
        return other_zip;
    for (size_t i = 0; i < SP_LEN(marks); i++)
        if (mentions(head, head_size, marks[i].word))
            return kind_named(marks[i].kind);
    return other_zip;
}

struct sp_content
sp_content_of(int fd, uint64_t size)
{
    unsigned char head[HEAD_SIZE];
    size_t got = read_at(fd, 0, head, sizeof(head));
    /* Readers accept a PDF header anywhere in the first KiB, and some printers write PJL in front of it. */
    if (mentions(head, got < TAIL_SIZE ? got : TAIL_SIZE, "%PDF-"))
        return kind_named("pdf");
    if (got >= 8 && memcmp(head, "\x89PNG\r\n\x1a\n", 8) == 0)
        return kind_named("png");
    if (got >= 3 && memcmp(head, "\xff\xd8\xff", 3) == 0)
        return kind_named("jpeg");
    if (got >= 8 && (memcmp(head, "II*\0", 4) == 0 || memcmp(head, "MM\0*", 4) == 0 || memcmp(head, "II+\0", 4) == 0 ||
                     memcmp(head, "MM\0+", 4) == 0))
        return kind_named("tiff");
    if (got >= 4 && memcmp(head, "PK\3\4", 4) == 0)
        return zip_kind(fd, size, head, got);
    return unknown;
}

/* ---- TIFF ---- */

struct tiff {
    int fd;
    uint64_t size;
    bool big_endian, big_tiff;
    uint64_t entries; /* looked at so far */
};

static uint64_t
tiff_number(const struct tiff *t, const unsigned char *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | bytes[t->big_endian ? i : size - 1 - i];
    return value;
}

static bool
tiff_read(const struct tiff *t, uint64_t offset, size_t size, uint64_t *ret)
{
    unsigned char bytes[8];
    if (offset > t->size || read_at(t->fd, offset, bytes, size) != size)
        return false;
    *ret = tiff_number(t, bytes, size);
    return true;
}

/* Whether the values of one directory entry that do not fit into it are inside the file, and one strip (the usual case
 * for fax-coded pages), too. strip[0] is where it begins, strip[1] how long it is. */
static bool
tiff_entry_inside(const struct tiff *t, const unsigned char *entry, uint64_t strip[2])
{
    static const unsigned char width[] = { 0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8 };
    size_t word = t->big_tiff ? 8 : 4;
    uint64_t tag = tiff_number(t, entry, 2), type = tiff_number(t, entry + 2, 2);
    uint64_t count = tiff_number(t, entry + 4, word);
    size_t each = type < SP_LEN(width) ? width[type] : 0;
    if (count > t->size)
        return false;
    if (count * each > word)
        return count * each <= t->size && tiff_number(t, entry + 4 + word, word) <= t->size - count * each;
    if (count == 1 && each > 1 && (tag == 273 || tag == 279)) /* StripOffsets, StripByteCounts */
        strip[tag == 279] = tiff_number(t, entry + 4 + word, each);
    return true;
}

/* One image file directory: entries between a count and the offset of the next, which is 0 in the last. */
static bool
tiff_directory_inside(struct tiff *t, uint64_t offset, uint64_t *ret_next)
{
    size_t head = t->big_tiff ? 8 : 2, entry_size = t->big_tiff ? 20 : 12, word = t->big_tiff ? 8 : 4;
    uint64_t count = 0, strip[2] = { 0, 0 };
    if (!tiff_read(t, offset, head, &count) || count == 0 || count > 4096 || (t->entries += count) > ENTRIES_MAX)
        return false;
    for (uint64_t i = 0; i < count; i++) {
        unsigned char entry[20];
        if (read_at(t->fd, offset + head + i * entry_size, entry, entry_size) != entry_size ||
            !tiff_entry_inside(t, entry, strip))
            return false;
    }
    return strip[0] <= t->size && strip[1] <= t->size - strip[0] &&
           tiff_read(t, offset + head + count * entry_size, word, ret_next);
}

static bool
tiff_complete(int fd, uint64_t size)
{
    unsigned char head[4];
    uint64_t offset = 0;
    if (read_at(fd, 0, head, sizeof(head)) != sizeof(head))
        return false;
    struct tiff t = { .fd = fd, .size = size, .big_endian = head[0] == 'M' };
    t.big_tiff = tiff_number(&t, head + 2, 2) == 43;
    if (!tiff_read(&t, t.big_tiff ? 8 : 4, t.big_tiff ? 8 : 4, &offset) || offset == 0)
        return false;
    for (int n = 0; offset != 0 && n < IFDS_MAX; n++)
        if (!tiff_directory_inside(&t, offset, &offset))
            return false;
    return offset == 0;
}

/* ---- the others end with a mark ---- */

static bool
ends_with_mark(int fd, uint64_t size, const void *mark, size_t mark_size)
{
    unsigned char tail[TAIL_SIZE];
    size_t got = read_at(fd, size > sizeof(tail) ? size - sizeof(tail) : 0, tail, sizeof(tail));
    return memmem(tail, got, mark, mark_size) != NULL;
}

bool
sp_content_complete(int fd, uint64_t size, const struct sp_content *content)
{
    struct zip_end end;
    if (strcmp(content->kind, "pdf") == 0)
        return ends_with_mark(fd, size, "%%EOF", 5);
    if (strcmp(content->kind, "tiff") == 0)
        return tiff_complete(fd, size);
    if (strcmp(content->kind, "jpeg") == 0)
        return ends_with_mark(fd, size, "\xff\xd9", 2);
    if (strcmp(content->kind, "png") == 0)
        return ends_with_mark(fd, size, "IEND\xae\x42\x60\x82", 8);
    return strcmp(content->type, unknown.type) == 0 || zip_end_find(fd, size, &end);
}

/* ---- extensions ---- */

static const char *
extension_of(const struct kind *kind, const char *name)
{
    for (const char *const *ext = kind->extensions; *ext != NULL; ext++)
        if (sp_text_ends_nocase(name, *ext) && strlen(name) > strlen(*ext))
            return name + strlen(name) - strlen(*ext);
    return NULL;
}

const char *
sp_content_extension(const char *type, const char *name)
{
    for (size_t i = 0; i < SP_LEN(kinds); i++) {
        if (strcmp(kinds[i].content.type, type) != 0)
            continue;
        const char *own = extension_of(&kinds[i], name);
        return own != NULL ? own : kinds[i].content.extension;
    }
    return "";
}

bool
sp_content_has_extension(const char *name, size_t *ret_stem)
{
    for (size_t i = 0; i < SP_LEN(kinds); i++) {
        const char *own = extension_of(&kinds[i], name);
        if (own != NULL) {
            *ret_stem = (size_t)(own - name);
            return true;
        }
    }
    return false;
}
