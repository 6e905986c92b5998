/*
 * Text from a stranger, made harmless for where it goes out. Every function appends to a
 * buf; input is bytes with a length and may hold anything, NUL included.
 */
#ifndef LIB_BASE_TEXT_H
#define LIB_BASE_TEXT_H

#include "lib/base/buf.h"

/* Valid UTF-8: ill-formed sequences become U+FFFD; nothing else changes (NUL becomes U+FFFD). */
void text_utf8(struct buf *out, const char *s, size_t len);
/* True when text_utf8 would change nothing; so a NUL is false. */
bool text_is_utf8(const char *s, size_t len);

/* Terminal and log: C0, DEL, C1, bidi controls (U+202A-202E, U+2066-2069, U+200E, U+200F, U+061C),
 * line and paragraph separators, zero-width U+200B-200D/U+FEFF and tag characters as \xNN or
 * \u{NNNN}; ill-formed bytes as \xNN; backslash doubled. */
void text_terminal(struct buf *out, const char *s, size_t len);
/* As text_terminal, but a backslash stays one: for sentences made of parts already escaped. */
void text_line(struct buf *out, const char *s, size_t len);
/* HTML text and attribute values: & < > " ' as references, then as text_terminal for controls. */
void text_html(struct buf *out, const char *s, size_t len);
/* One CSV field, RFC 4180, quoted where needed; a value that begins with = + - @ TAB CR LF, or
 * a full-width form of these, gets an apostrophe before it and quotes. TAB, CR, LF stay inside the
 * quotes; other controls as text_line. */
void text_csv(struct buf *out, const char *s, size_t len);
/* Prometheus label value, without the surrounding quotes; cut at 1 KiB with a mark. */
void text_prometheus(struct buf *out, const char *s, size_t len);
/* A mail header's text: CR, LF, NUL never pass; RFC 2047 encoded words where not ASCII. */
void text_mail_header(struct buf *out, const char *s, size_t len);
/* logfmt value: quoted when needed, escapes as text_terminal. */
void text_logfmt(struct buf *out, const char *s, size_t len);
/* The inside of a JSON string, without the quotes; what text_terminal escapes as \uNNNN. */
void text_json(struct buf *out, const char *s, size_t len);

/* Columns a string takes on a terminal after text_terminal (wide and combining characters by
 * a compact table); for tables that fit. */
size_t text_width(const char *utf8);

#endif
