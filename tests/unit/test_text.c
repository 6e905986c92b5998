/*
 * lib/base/text: one table of hostile inputs, one column per place they go out to; then what is
 * particular to each. Inputs have a length: a NUL is one more byte.
 */
#include "lib/base/text.h"
#include "lib/base/digest.h"
#include "lib/base/rand.h"
#include "lib/base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

typedef void text_fn(struct buf *out, const char *s, size_t len);

#define IN(literal) literal, sizeof(literal) - 1
#define FFFD "\xef\xbf\xbd"

static const struct {
	const char *in;
	size_t len;
	const char *utf8;
	const char *terminal;
	const char *html;
	const char *csv;
	const char *prometheus;
	const char *mail; /* NULL: encoded, see the mail tests */
	const char *logfmt;
	const char *json;
} table[] = {
	{IN(""), "", "", "", "", "", "", "\"\"", ""},
	{IN("plain.example"), "plain.example", "plain.example", "plain.example", "plain.example",
	 "plain.example", "plain.example", "plain.example", "plain.example"},
	{IN("two words"), "two words", "two words", "two words", "two words", "two words",
	 "two words", "\"two words\"", "two words"},
	{IN("gr\xc3\xbc\xc3\x9f \xe2\x82\xac"), "gr\xc3\xbc\xc3\x9f \xe2\x82\xac",
	 "gr\xc3\xbc\xc3\x9f \xe2\x82\xac", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac",
	 "gr\xc3\xbc\xc3\x9f \xe2\x82\xac", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac", NULL,
	 "\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac\"", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac"},
	/* Newlines: a forged line, a header, a row. */
	{IN("a\r\nBcc: b"), "a\r\nBcc: b", "a\\x0d\\x0aBcc: b", "a\\x0d\\x0aBcc: b",
	 "\"a\r\nBcc: b\"", "a\\\\x0d\\nBcc: b", "a\\x0d\\x0aBcc: b", "\"a\\x0d\\x0aBcc: b\"",
	 "a\\u000d\\u000aBcc: b"},
	/* Escape sequences: colour, title, and the eight-bit CSI in both spellings. */
	{IN("\x1b[2Jx\x1b]0;t\x07"), "\x1b[2Jx\x1b]0;t\x07", "\\x1b[2Jx\\x1b]0;t\\x07",
	 "\\x1b[2Jx\\x1b]0;t\\x07", "\"\\x1b[2Jx\\x1b]0;t\\x07\"", "\\\\x1b[2Jx\\\\x1b]0;t\\\\x07",
	 "\\x1b[2Jx\\x1b]0;t\\x07", "\"\\x1b[2Jx\\x1b]0;t\\x07\"", "\\u001b[2Jx\\u001b]0;t\\u0007"},
	{IN("\xc2\x9b"
	    "31m\x9b"
	    "31m\x7f"),
	 "\xc2\x9b"
	 "31m" FFFD "31m\x7f",
	 "\\u{009B}31m\\x9b31m\\x7f", "\\u{009B}31m\\x9b31m\\x7f", "\\u{009B}31m\\x9b31m\\x7f",
	 "\\\\u{009B}31m\\\\x9b31m\\\\x7f", "\\u{009B}31m\\x9b31m\\x7f",
	 "\"\\u{009B}31m\\x9b31m\\x7f\"", "\\u009b31m" FFFD "31m\\u007f"},
	/* HTML. */
	{IN("<b a='1'>\"&amp;</b>"), "<b a='1'>\"&amp;</b>", "<b a='1'>\"&amp;</b>",
	 "&lt;b a=&#39;1&#39;&gt;&quot;&amp;amp;&lt;/b&gt;", "\"<b a='1'>\"\"&amp;</b>\"",
	 "<b a='1'>\\\"&amp;</b>", "<b a='1'>\"&amp;</b>", "\"<b a='1'>\\\"&amp;</b>\"",
	 "<b a='1'>\\\"&amp;</b>"},
	/* Bidi override, right-to-left mark, isolate, Arabic letter mark. */
	{IN("a\xe2\x80\xae"
	    "b\xe2\x80\x8f"
	    "c\xe2\x81\xa6\xd8\x9c"),
	 "a\xe2\x80\xae"
	 "b\xe2\x80\x8f"
	 "c\xe2\x81\xa6\xd8\x9c",
	 "a\\u{202E}b\\u{200F}c\\u{2066}\\u{061C}", "a\\u{202E}b\\u{200F}c\\u{2066}\\u{061C}",
	 "a\\u{202E}b\\u{200F}c\\u{2066}\\u{061C}",
	 "a\\\\u{202E}b\\\\u{200F}c\\\\u{2066}\\\\u{061C}",
	 "a\\u{202E}b\\u{200F}c\\u{2066}\\u{061C}", "\"a\\u{202E}b\\u{200F}c\\u{2066}\\u{061C}\"",
	 "a\\u202eb\\u200fc\\u2066\\u061c"},
	/* Line separator, zero width space, byte order mark, tag. */
	{IN("\xe2\x80\xa8\xe2\x80\x8b\xef\xbb\xbf\xf3\xa0\x81\x81"),
	 "\xe2\x80\xa8\xe2\x80\x8b\xef\xbb\xbf\xf3\xa0\x81\x81",
	 "\\u{2028}\\u{200B}\\u{FEFF}\\u{E0041}", "\\u{2028}\\u{200B}\\u{FEFF}\\u{E0041}",
	 "\\u{2028}\\u{200B}\\u{FEFF}\\u{E0041}", "\\\\u{2028}\\\\u{200B}\\\\u{FEFF}\\\\u{E0041}",
	 "\\u{2028}\\u{200B}\\u{FEFF}\\u{E0041}", "\"\\u{2028}\\u{200B}\\u{FEFF}\\u{E0041}\"",
	 "\\u2028\\u200b\\ufeff\\udb40\\udc41"},
	/* NUL: a name that ends early elsewhere. */
	{IN("a\0b"), "a" FFFD "b", "a\\x00b", "a\\x00b", "a\\x00b", "a\\\\x00b", "a\\x00b",
	 "\"a\\x00b\"", "a" FFFD "b"},
	/* Overlong slash and NUL; a surrogate; past U+10FFFF; a torn character. */
	{IN("\xc0\xaf\xc0\x80"), FFFD FFFD FFFD FFFD, "\\xc0\\xaf\\xc0\\x80",
	 "\\xc0\\xaf\\xc0\\x80", "\\xc0\\xaf\\xc0\\x80", "\\\\xc0\\\\xaf\\\\xc0\\\\x80",
	 "\\xc0\\xaf\\xc0\\x80", "\"\\xc0\\xaf\\xc0\\x80\"", FFFD FFFD FFFD FFFD},
	{IN("\xed\xa0\x80"), FFFD FFFD FFFD, "\\xed\\xa0\\x80", "\\xed\\xa0\\x80",
	 "\\xed\\xa0\\x80", "\\\\xed\\\\xa0\\\\x80", "\\xed\\xa0\\x80", "\"\\xed\\xa0\\x80\"",
	 FFFD FFFD FFFD},
	{IN("\xf4\x90\x80\x80"), FFFD FFFD FFFD FFFD, "\\xf4\\x90\\x80\\x80",
	 "\\xf4\\x90\\x80\\x80", "\\xf4\\x90\\x80\\x80", "\\\\xf4\\\\x90\\\\x80\\\\x80",
	 "\\xf4\\x90\\x80\\x80", "\"\\xf4\\x90\\x80\\x80\"", FFFD FFFD FFFD FFFD},
	{IN("x\xe2\x82"), "x" FFFD, "x\\xe2\\x82", "x\\xe2\\x82", "x\\xe2\\x82", "x\\\\xe2\\\\x82",
	 "x\\xe2\\x82", "\"x\\xe2\\x82\"", "x" FFFD},
	/* The escape character itself. */
	{IN("\\x41"), "\\x41", "\\\\x41", "\\x41", "\\x41", "\\\\x41", "\\x41", "\"\\\\x41\"",
	 "\\\\x41"},
	/* Formulas. */
	{IN("=1+1"), "=1+1", "=1+1", "=1+1", "\"'=1+1\"", "=1+1", "=1+1", "\"=1+1\"", "=1+1"},
	{IN("-"), "-", "-", "-", "\"'-\"", "-", "-", "\"-\"", "-"},
};

static void becomes(text_fn *fn, const char *in, size_t len, const char *expected)
{
	struct buf out;

	buf_init(&out, 10000);
	buf_add_str(&out, ">");
	fn(&out, in, len);
	assert_string_equal(buf_text(&out) + 1, expected);
	assert_int_equal(out.len, strlen(expected) + 1);
	buf_finish(&out);
}

static void hostile_inputs(void **state UNUSED)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		const char *in = table[i].in;
		size_t len = table[i].len;

		becomes(text_utf8, in, len, table[i].utf8);
		assert_int_equal(text_is_utf8(in, len),
				 str_eq(table[i].utf8, in) && len == strlen(in));
		becomes(text_terminal, in, len, table[i].terminal);
		becomes(text_html, in, len, table[i].html);
		becomes(text_csv, in, len, table[i].csv);
		becomes(text_prometheus, in, len, table[i].prometheus);
		if (table[i].mail != NULL)
			becomes(text_mail_header, in, len, table[i].mail);
		becomes(text_logfmt, in, len, table[i].logfmt);
		becomes(text_json, in, len, table[i].json);
	}
}

/* The Unicode Standard, chapter 3, tables 3-8 to 3-11: how many U+FFFD for what. */
static void replaces_maximal_subparts(void **state UNUSED)
{
	becomes(text_utf8, IN("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41"),
		FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD "A");
	becomes(text_utf8, IN("\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41"),
		FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD "A");
	becomes(text_utf8, IN("\xf4\x91\x92\x93\xff\x41\x80\xbf\x42"),
		FFFD FFFD FFFD FFFD FFFD "A" FFFD FFFD "B");
	becomes(text_utf8, IN("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"), FFFD FFFD FFFD FFFD "A");
}

/* Every code point by an encoder of three lines, and every lone byte. */
static void accepts_exactly_utf8(void **state UNUSED)
{
	uint32_t code;

	for (code = 1; code < 0x120000; code += code < 0x11000 ? 1 : 127) {
		char s[5] = {0};
		size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
		size_t i;

		for (i = len - 1; i > 0; i--)
			s[i] = (char)(0x80 | (code >> 6 * (len - 1 - i) & 0x3f));
		s[0] = (char)(len == 1 ? code : (0xf00u >> len & 0xff) | code >> 6 * (len - 1));
		assert_int_equal(text_is_utf8(s, len),
				 !(code >= 0xd800 && code <= 0xdfff) && code <= 0x10ffff);
		assert_int_equal(text_is_utf8(s, len - 1), len == 1);
	}
	for (code = 0; code < 0x100; code++) {
		char s = (char)code;

		assert_int_equal(text_is_utf8(&s, 1), code > 0 && code < 0x80);
	}
}

/* Whatever goes in, what comes out is text without controls. */
static void random_bytes_come_out_harmless(void **state UNUSED)
{
	static text_fn *const one_line[] = {text_terminal, text_line,	    text_html,
					    text_logfmt,   text_prometheus, text_mail_header};
	uint8_t bytes[64];
	struct buf out;
	int round;
	size_t i;
	size_t j;

	rand_seed(11);
	buf_init(&out, 1000);
	for (round = 0; round < 3000; round++) {
		size_t len = (size_t)rand_between(0, sizeof(bytes));

		rand_bytes(bytes, len);
		for (i = 0; i < ARRAY_LEN(one_line); i++) {
			buf_reset(&out);
			one_line[i](&out, (const char *)bytes, len);
			assert_false(out.overflow);
			assert_true(text_is_utf8(buf_text(&out), out.len));
			for (j = 0; j < out.len; j++)
				assert_true((unsigned char)out.data[j] >= 0x20 &&
					    out.data[j] != 0x7f);
		}
	}
	buf_finish(&out);
}

static void line_keeps_backslashes(void **state UNUSED)
{
	becomes(text_line, IN("a\\x0a\n"), "a\\x0a\\x0a");
	becomes(text_line, IN("a\\x0a\\x0a"), "a\\x0a\\x0a");
}

static void csv_quotes_where_needed(void **state UNUSED)
{
	becomes(text_csv, IN("a,b"), "\"a,b\"");
	becomes(text_csv, IN("a;b"), "\"a;b\"");
	becomes(text_csv, IN("say \"x\""), "\"say \"\"x\"\"\"");
	becomes(text_csv, IN("a\nb"), "\"a\nb\"");
	becomes(text_csv, IN(" a"), "\" a\"");
	becomes(text_csv, IN("+cmd|' /C calc'!A0"), "\"'+cmd|' /C calc'!A0\"");
	becomes(text_csv, IN("@SUM(\"a\")"), "\"'@SUM(\"\"a\"\")\"");
	becomes(text_csv, IN("\t=1"), "\"'\t=1\"");
	becomes(text_csv, IN("\r=1"), "\"'\r=1\"");
	becomes(text_csv, IN("\n=1"), "\"'\n=1\"");
	becomes(text_csv,
		IN("\xef\xbc\x9d"
		   "1"),
		"\"'\xef\xbc\x9d"
		"1\"");
	becomes(text_csv, IN("a=1"), "a=1");
}

static void prometheus_is_cut(void **state UNUSED)
{
	char long_text[3000];
	struct buf out;
	size_t i;

	for (i = 0; i + 3 <= sizeof(long_text); i += 3)
		memcpy(long_text + i, "\xe2\x82\xac", 3);
	buf_init(&out, 5000);
	text_prometheus(&out, long_text, i);
	assert_int_equal(out.len, 1023 + 3);
	assert_true(text_is_utf8(out.data, out.len));
	assert_string_equal(out.data + 1023, "\xe2\x80\xa6");
	buf_reset(&out);
	/* An escape is never torn: 1023 bytes, then two that do not fit. */
	memset(long_text, 'a', 1023);
	long_text[1023] = '"';
	text_prometheus(&out, long_text, 1024);
	assert_int_equal(out.len, 1026);
	assert_string_equal(out.data + 1022, "a\xe2\x80\xa6");
	buf_reset(&out);
	text_prometheus(&out, long_text, 1023);
	assert_int_equal(out.len, 1023);
	buf_finish(&out);
}

/* Undoes RFC 2047 as a mail reader does: words joined without the blank between them. */
static void mail_decode(struct buf *out, const char *text)
{
	while (*text != '\0') {
		const char *end;

		assert_true(str_starts(text, "=?UTF-8?B?"));
		end = strstr(text + 10, "?=");
		assert_non_null(end);
		assert_true(end + 2 - text <= 75);
		assert_true(base64_decode(out, text + 10, (size_t)(end - text - 10)));
		text = end + 2;
		if (*text == ' ')
			text++;
	}
}

static void mail_headers_come_back(void **state UNUSED)
{
	static const char *const texts[] = {
		"gr\xc3\xbc\xc3\x9f",
		"Zertifikat l\xc3\xa4uft ab: example.org, example.net und noch viele andere Namen, "
		"bis die Zeile l\xc3\xa4nger ist als ein Wort nach RFC 2047 sein darf",
		"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
		"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
		"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80",
		"=?UTF-8?B?YQ==?= is no word of ours",
	};
	struct buf out;
	struct buf back;
	size_t i;

	buf_init(&out, 2000);
	buf_init(&back, 2000);
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		buf_reset(&out);
		buf_reset(&back);
		text_mail_header(&out, texts[i], strlen(texts[i]));
		mail_decode(&back, buf_text(&out));
		assert_string_equal(buf_text(&back), texts[i]);
	}
	buf_finish(&out);
	buf_finish(&back);
	becomes(text_mail_header, IN("\xc3\xa4\r\nX"), "=?UTF-8?B?w6RceDBkXHgwYVg=?=");
}

static void mail_header_can_be_folded(void **state UNUSED)
{
	char unbroken[1000];
	struct buf out;
	struct buf back;

	memset(unbroken, 'a', sizeof(unbroken));
	buf_init(&out, 2000);
	buf_init(&back, 2000);
	text_mail_header(&out, unbroken, sizeof(unbroken));
	mail_decode(&back, buf_text(&out));
	assert_int_equal(back.len, sizeof(unbroken));
	buf_finish(&out);
	buf_finish(&back);
}

static void logfmt_quotes_where_needed(void **state UNUSED)
{
	becomes(text_logfmt, IN("a=b"), "\"a=b\"");
	becomes(text_logfmt, IN("a\"b"), "\"a\\\"b\"");
	becomes(text_logfmt, IN("a,b:c[d]"), "a,b:c[d]");
	becomes(text_logfmt, IN("\xc3\xa4"), "\xc3\xa4");
}

static void full_buffers_end_between_characters(void **state UNUSED)
{
	static text_fn *const all[] = {text_utf8, text_terminal, text_line, text_html, text_json};
	size_t max;
	size_t i;

	for (max = 1; max < 40; max++) {
		for (i = 0; i < ARRAY_LEN(all); i++) {
			struct buf out;

			buf_init(&out, max);
			all[i](&out, IN("\xe2\x82\xac<\x1b\xff\xe2\x80\xae\"\\&\xe2\x82\xac"));
			assert_true(text_is_utf8(buf_text(&out), out.len));
			assert_true(out.len <= max);
			buf_finish(&out);
		}
	}
}

static void counts_columns(void **state UNUSED)
{
	static const struct {
		const char *text;
		size_t width;
	} widths[] = {
		{"", 0},
		{"abc", 3},
		{"gr\xc3\xbc\xc3\x9f", 4},
		{"\xe6\x97\xa5\xe6\x9c\xac", 4},	     /* Han */
		{"\xed\x95\x9c", 2},			     /* a Hangul syllable */
		{"\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", 2}, /* the same in parts */
		{"e\xcc\x81", 1},			     /* combining acute */
		{"\xf0\x9f\x98\x80", 2},		     /* emoji */
		{"\xef\xbc\xa1", 2},			     /* full-width A */
		{"\xef\xbd\xb1", 1},			     /* half-width katakana */
		{"\xd7\xa9\xd7\x81", 1},		     /* Hebrew with a point */
		{"\xe0\xa4\x95\xe0\xa5\x8d", 1},	     /* Devanagari with a virama */
		{"\xe2\x94\x80", 1},			     /* box drawing */
		{"\xf0\xa0\x80\x80", 2},		     /* supplementary Han */
		{"\xff\xfe", 2},			     /* no UTF-8: a column a byte */
		{"\xe2\x82", 2},
		{"\xe6\x97x", 3},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(widths); i++)
		assert_int_equal(text_width(widths[i].text), widths[i].width);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_inputs),
		cmocka_unit_test(replaces_maximal_subparts),
		cmocka_unit_test(accepts_exactly_utf8),
		cmocka_unit_test(random_bytes_come_out_harmless),
		cmocka_unit_test(line_keeps_backslashes),
		cmocka_unit_test(csv_quotes_where_needed),
		cmocka_unit_test(prometheus_is_cut),
		cmocka_unit_test(mail_headers_come_back),
		cmocka_unit_test(mail_header_can_be_folded),
		cmocka_unit_test(logfmt_quotes_where_needed),
		cmocka_unit_test(full_buffers_end_between_characters),
		cmocka_unit_test(counts_columns),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
