/*
 * Quoting for error sentences: what was written is shown so that it can be recognised, but cannot
 * move the cursor, forge a line or fill the screen.
 */
#include "lib/model/quote.h"

#include "lib/base/text.h"

/* Bytes of the text that are looked at: each may take eight when escaped. */
#define SHOWN_MAX 80

const char *quote(const char *text, char out[QUOTE_MAX])
{
	size_t len = strnlen(text, SHOWN_MAX + 1), room = QUOTE_MAX - sizeof("''...");
	bool cut = len > SHOWN_MAX;
	struct buf escaped;

	if (cut)
		len = SHOWN_MAX;
	/* Not in the middle of a character, which would be shown as broken. */
	while (cut && len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	buf_init(&escaped, 4096);
	text_terminal(&escaped, text, len);
	len = escaped.len;
	if (len > room) {
		cut = true;
		len = room;
		while (len > 0 && ((unsigned char)escaped.data[len] & 0xc0) == 0x80)
			len--;
	}
	snprintf(out, QUOTE_MAX, "'%.*s%s'", (int)len, buf_text(&escaped), cut ? "..." : "");
	buf_finish(&escaped);
	return out;
}
