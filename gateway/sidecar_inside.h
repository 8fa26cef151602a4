/* sidecar_inside.h - what the two parsers of sidecars share; nobody else includes it. */
#ifndef SP_GATEWAY_SIDECAR_INSIDE_H
#define SP_GATEWAY_SIDECAR_INSIDE_H

#include "gateway/sidecar.h"

/* Fills *ret, whose lists have their full room already. */
enum sp_rc sp_sidecar_parse_json(const char *text, size_t size, struct sp_arena *arena, struct sp_sidecar *ret,
                                 struct sp_err *err);
enum sp_rc sp_sidecar_parse_xml(const char *text, size_t size, struct sp_arena *arena, struct sp_sidecar *ret,
                                struct sp_err *err);

/* A text cleaned and kept, unless nothing is left of it. */
enum sp_rc sp_sidecar_add_to(struct sp_arena *arena, struct sp_sidecar *sidecar, const char *text, struct sp_err *err);
enum sp_rc sp_sidecar_add_document(struct sp_arena *arena, struct sp_sidecar *sidecar, const char *text,
                                   struct sp_err *err);
/* The first one counts. */
enum sp_rc sp_sidecar_set(struct sp_arena *arena, const char **place, const char *text, struct sp_err *err);

#endif
