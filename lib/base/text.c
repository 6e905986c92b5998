/*
 * One escape function per place that text goes out to. All walk the input by characters with
 * one strict UTF-8 decoder and give each character to the output whole, so that a full buffer
 * never ends inside an escape. They say nothing of what the text means.
 */
#include "lib/base/text.h"
#include "lib/base/digest.h"
#include "lib/base/err.h"

#define REPLACEMENT "\xef\xbf\xbd"

#define PROMETHEUS_MAX 1024
#define PROMETHEUS_CUT "\xe2\x80\xa6"

/* RFC 2047 section 2: a word has at most 75 characters, 12 of them around the text. */
#define MAIL_WORD_START "=?UTF-8?B?"
#define MAIL_WORD_END "?="
#define MAIL_WORD_BYTES 45
#define MAIL_UNBROKEN_MAX 200

/* One character of the input, or, where it is not UTF-8, the bytes to skip as one mistake. */
struct piece {
	const char *bytes;
	size_t len;
	uint32_t code;
	bool valid;
};

struct range {
	uint32_t first;
	uint32_t last;
};

static struct piece ill_formed(const char *s, size_t len)
{
	return (struct piece){.bytes = s, .len = len};
}

/*
 * Unicode table 3-7. A mistake ends before the first byte that cannot follow, so that what
 * comes after it is read again from a fresh start.
 */
static struct piece piece_next(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;
	unsigned char low = 0x80;
	unsigned char high = 0xbf;
	uint32_t code;
	size_t need;
	size_t i;

	if (u[0] < 0x80)
		return (struct piece){.bytes = s, .len = 1, .code = u[0], .valid = true};
	if (u[0] < 0xc2 || u[0] > 0xf4)
		return ill_formed(s, 1);
	need = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	code = u[0] & (0x7fu >> need);
	/* Overlong forms, surrogates, and beyond U+10FFFF show in the second byte. */
	if (u[0] == 0xe0)
		low = 0xa0;
	else if (u[0] == 0xed)
		high = 0x9f;
	else if (u[0] == 0xf0)
		low = 0x90;
	else if (u[0] == 0xf4)
		high = 0x8f;
	for (i = 1; i < need; i++) {
		if (i == len || u[i] < low || u[i] > high)
			return ill_formed(s, i);
		code = code << 6 | (u[i] & 0x3fu);
		low = 0x80;
		high = 0xbf;
	}
	return (struct piece){.bytes = s, .len = need, .code = code, .valid = true};
}

/* False at the end; else s and len move behind the piece. */
static bool piece_take(const char **s, size_t *len, struct piece *piece)
{
	if (*len == 0)
		return false;
	*piece = piece_next(*s, *len);
	*s += piece->len;
	*len -= piece->len;
	return true;
}

void text_utf8(struct buf *out, const char *s, size_t len)
{
	struct piece piece;

	while (piece_take(&s, &len, &piece)) {
		if (piece.valid && piece.code != 0)
			buf_add(out, piece.bytes, piece.len);
		else
			buf_add_str(out, REPLACEMENT);
	}
}

bool text_is_utf8(const char *s, size_t len)
{
	struct piece piece;

	while (piece_take(&s, &len, &piece)) {
		if (!piece.valid || piece.code == 0)
			return false;
	}
	return true;
}

/* Controls, and what is not seen but changes what is seen. Sorted. */
static const struct range unseen[] = {
	{0x0000, 0x001f},   /* C0 */
	{0x007f, 0x009f},   /* DEL and C1 */
	{0x00ad, 0x00ad},   /* soft hyphen */
	{0x061c, 0x061c},   /* Arabic letter mark */
	{0x180e, 0x180e},   /* Mongolian vowel separator */
	{0x200b, 0x200f},   /* zero width, left-to-right and right-to-left marks */
	{0x2028, 0x202e},   /* line and paragraph separators, bidi embeddings and overrides */
	{0x2060, 0x206f},   /* word joiner, invisible operators, bidi isolates, deprecated */
	{0xfeff, 0xfeff},   /* byte order mark */
	{0xfff9, 0xfffb},   /* interlinear annotation */
	{0xe0000, 0xe007f}, /* tags */
};

static bool is_unseen(uint32_t code)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(unseen) && code >= unseen[i].first; i++) {
		if (code <= unseen[i].last)
			return true;
	}
	return false;
}

static bool is_plain(const struct piece *piece)
{
	return piece->valid && !is_unseen(piece->code);
}

/* What must not pass as it is, after `lead`: a backslash, or two where one would be eaten. */
static void add_escaped(struct buf *out, const char *lead, const struct piece *piece)
{
	size_t i;

	if (piece->valid && piece->code > 0x7f) {
		buf_printf(out, "%su{%04X}", lead, (unsigned)piece->code);
		return;
	}
	for (i = 0; i < piece->len; i++)
		buf_printf(out, "%sx%02x", lead, (unsigned char)piece->bytes[i]);
}

static void add_shown(struct buf *out, const struct piece *piece)
{
	if (is_plain(piece))
		buf_add(out, piece->bytes, piece->len);
	else
		add_escaped(out, "\\", piece);
}

void text_terminal(struct buf *out, const char *s, size_t len)
{
	struct piece piece;

	while (piece_take(&s, &len, &piece)) {
		if (piece.code == '\\')
			buf_add_str(out, "\\\\");
		else
			add_shown(out, &piece);
	}
}

void text_line(struct buf *out, const char *s, size_t len)
{
	struct piece piece;

	while (piece_take(&s, &len, &piece)) {
		add_shown(out, &piece);
	}
}

void text_html(struct buf *out, const char *s, size_t len)
{
	struct piece piece;

	while (piece_take(&s, &len, &piece)) {
		switch (piece.code) {
		case '&':
			buf_add_str(out, "&amp;");
			break;
		case '<':
			buf_add_str(out, "&lt;");
			break;
		case '>':
			buf_add_str(out, "&gt;");
			break;
		case '"':
			buf_add_str(out, "&quot;");
			break;
		case '\'':
			buf_add_str(out, "&#39;");
			break;
		default:
			add_shown(out, &piece);
		}
	}
}

static bool holds_any(const char *s, size_t len, const char *wanted)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (s[i] != '\0' && strchr(wanted, s[i]) != NULL)
			return true;
	}
	return false;
}

/* What spreadsheets take for a formula: by an ASCII sign, by its full-width form, or behind a
 * blank that they drop. */
static bool starts_formula(const char *s, size_t len)
{
	static const char *const wide[] = {"\uff1d", "\uff0b", "\uff0d", "\uff20"};
	size_t i;

	if (len == 0)
		return false;
	for (i = 0; i < ARRAY_LEN(wide); i++) {
		if (len >= 3 && memcmp(s, wide[i], 3) == 0)
			return true;
	}
	return holds_any(s, 1, "=+-@\t\r\n");
}

void text_csv(struct buf *out, const char *s, size_t len)
{
	struct piece piece;
	bool formula = starts_formula(s, len);
	bool quoted = formula || holds_any(s, len, ",;\"\r\n\t") ||
		      (len > 0 && (s[0] == ' ' || s[len - 1] == ' '));

	if (quoted)
		buf_add_char(out, '"');
	if (formula)
		buf_add_char(out, '\'');
	while (piece_take(&s, &len, &piece)) {
		if (piece.code == '"')
			buf_add_str(out, "\"\"");
		else if (piece.code == '\t' || piece.code == '\r' || piece.code == '\n')
			buf_add(out, piece.bytes, piece.len);
		else
			add_shown(out, &piece);
	}
	if (quoted)
		buf_add_char(out, '"');
}

static void add_prometheus(struct buf *out, const struct piece *piece)
{
	if (piece->code == '\\')
		buf_add_str(out, "\\\\");
	else if (piece->code == '"')
		buf_add_str(out, "\\\"");
	else if (piece->code == '\n')
		buf_add_str(out, "\\n");
	else if (is_plain(piece))
		buf_add(out, piece->bytes, piece->len);
	else
		add_escaped(out, "\\\\", piece);
}

void text_prometheus(struct buf *out, const char *s, size_t len)
{
	struct buf label;
	struct piece piece;

	buf_init(&label, PROMETHEUS_MAX);
	while (piece_take(&s, &len, &piece)) {
		add_prometheus(&label, &piece);
		if (label.overflow)
			break;
	}
	buf_add(out, buf_text(&label), label.len);
	if (label.overflow)
		buf_add_str(out, PROMETHEUS_CUT);
	buf_finish(&label);
}

/* RFC 2047 section 5: a word never ends inside a character, and blanks between two words
 * do not count, so the text's own blanks go into the words. */
static void add_mail_words(struct buf *out, const char *s, size_t len)
{
	while (len > 0) {
		size_t taken = 0;

		while (taken < len) {
			struct piece piece = piece_next(s + taken, len - taken);

			if (taken + piece.len > MAIL_WORD_BYTES)
				break;
			taken += piece.len;
		}
		buf_add_str(out, MAIL_WORD_START);
		base64_encode(out, s, taken);
		buf_add_str(out, MAIL_WORD_END);
		s += taken;
		len -= taken;
		if (len > 0)
			buf_add_char(out, ' ');
	}
}

/* False too for what would read as an encoded word, and for what no blank lets a writer fold
 * below the 998 characters of RFC 5322 section 2.1.1. */
static bool mail_plain(const char *s, size_t len)
{
	size_t unbroken = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		unbroken = s[i] == ' ' ? 0 : unbroken + 1;
		if ((unsigned char)s[i] > 0x7f || unbroken > MAIL_UNBROKEN_MAX)
			return false;
		if (s[i] == '=' && i + 1 < len && s[i + 1] == '?')
			return false;
	}
	return true;
}

void text_mail_header(struct buf *out, const char *s, size_t len)
{
	struct buf line;

	/* An escape is at most five times as long as what it stands for. */
	if (len > SIZE_MAX / 8)
		bug("mail header of %zu bytes", len);
	buf_init(&line, len * 5 + 1);
	text_line(&line, s, len);
	if (mail_plain(buf_text(&line), line.len))
		buf_add(out, buf_text(&line), line.len);
	else
		add_mail_words(out, buf_text(&line), line.len);
	buf_finish(&line);
}

static bool logfmt_bare(const char *s, size_t len)
{
	struct piece piece;

	/* A bare - is what an absent value prints as. */
	if (len == 0 || (len == 1 && s[0] == '-'))
		return false;
	if (holds_any(s, len, " =\"\\"))
		return false;
	while (piece_take(&s, &len, &piece)) {
		if (!is_plain(&piece))
			return false;
	}
	return true;
}

void text_logfmt(struct buf *out, const char *s, size_t len)
{
	struct piece piece;

	if (logfmt_bare(s, len)) {
		buf_add(out, s, len);
		return;
	}
	buf_add_char(out, '"');
	while (piece_take(&s, &len, &piece)) {
		if (piece.code == '\\')
			buf_add_str(out, "\\\\");
		else if (piece.code == '"')
			buf_add_str(out, "\\\"");
		else
			add_shown(out, &piece);
	}
	buf_add_char(out, '"');
}

void text_json(struct buf *out, const char *s, size_t len)
{
	struct piece piece;

	while (piece_take(&s, &len, &piece)) {
		uint32_t code = piece.code;

		/* A NUL is well-formed JSON that few readers take. */
		if (!piece.valid || code == 0)
			buf_add_str(out, REPLACEMENT);
		else if (code == '"' || code == '\\')
			buf_printf(out, "\\%c", (char)code);
		else if (!is_unseen(code))
			buf_add(out, piece.bytes, piece.len);
		else if (code <= 0xffff)
			buf_printf(out, "\\u%04x", (unsigned)code);
		else
			buf_printf(out, "\\u%04x\\u%04x",
				   (unsigned)(0xd800 + ((code - 0x10000) >> 10)),
				   (unsigned)(0xdc00 + ((code - 0x10000) & 0x3ff)));
	}
}
