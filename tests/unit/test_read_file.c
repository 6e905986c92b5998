/*
 * lib/tls/read, files: PEM among other things, DER, and what is broken and where.
 */
#include "lib/base/str.h"
#include "lib/tls/read.h"
#include "tests/unit/certs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END "-----END CERTIFICATE-----\n"
#define KEY "-----BEGIN PRIVATE KEY-----\n!!! never decoded !!!\n-----END PRIVATE KEY-----\n"

/* What was delivered: the bytes, each certificate followed by a bar. */
static bool gather(void *arg, const uint8_t *der, size_t len)
{
	struct buf *out = arg;

	buf_add(out, der, len);
	buf_add_char(out, '|');
	return true;
}

static const struct {
	const char *content;
	const char *delivered;
	const char *error; /* NULL: none */
} cases[] = {
	{BEGIN "YWJj\n" END, "abc|", NULL},
	{"words before\n" BEGIN "YWJj\n" END "and behind\n", "abc|", NULL},
	{"-----BEGIN CERTIFICATE-----\r\nYW\r\nJj\r\n-----END CERTIFICATE-----\r\n", "abc|", NULL},
	{"-----BEGIN CERTIFICATE-----\rYWJj\r-----END CERTIFICATE-----", "abc|", NULL},
	{"  \t-----BEGIN CERTIFICATE-----  \n  YWJj\t\n\n  -----END CERTIFICATE-----\n", "abc|",
	 NULL},
	{BEGIN "YWJj\n" END BEGIN "ZGVm\n" END, "abc|def|", NULL},
	{KEY BEGIN "YWJj\n" END KEY, "abc|", NULL},
	{"-----BEGIN X509 CERTIFICATE-----\nYWJj\n-----END X509 CERTIFICATE-----\n", "abc|", NULL},
	/* A sequence of one byte, and more behind it. */
	{"-----BEGIN TRUSTED CERTIFICATE-----\nMAFhYmM=\n-----END TRUSTED CERTIFICATE-----\n",
	 "0\x01"
	 "a|",
	 NULL},
	/* A key whose end was lost is no reason not to see the certificate behind it. */
	{"-----BEGIN PRIVATE KEY-----\nAAAA\n" BEGIN "YWJj\n" END, "abc|", NULL},
	{"", "", "no certificate: empty"},
	{"hello", "", "no certificate: neither PEM nor DER"},
	{KEY, "", "no certificate among 1 other PEM blocks"},
	{"-----BEGIN CERTIFICATE REQUEST-----\nYWJj\n-----END CERTIFICATE REQUEST-----\n", "",
	 "no certificate among 1 other PEM blocks"},
	{BEGIN "YWJj\n" END "\n" BEGIN "ZGVm\n", "abc|",
	 "line 5: the certificate that begins here has no end"},
	{BEGIN "YWJj\n" BEGIN "ZGVm\n" END, "",
	 "line 1: the certificate that begins here has no end"},
	{BEGIN "YWJj\n-----END PRIVATE KEY-----\n", "",
	 "line 1: the certificate that begins here ends under another label"},
	{BEGIN "YW*j\n" END, "", "line 1: the certificate that begins here is not base64"},
	{BEGIN "YWJ\n" END, "", "line 1: the certificate that begins here is not base64"},
	{"\n\n" BEGIN END, "", "line 3: the certificate that begins here is empty"},
};

static void each_file(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t count = 99, delivered = 0;
		struct err err = {.text = ""};
		struct buf out;
		bool ok;

		buf_init(&out, 4096);
		ok = read_file_certs(cases[i].content, strlen(cases[i].content), gather, &out,
				     &count, &err);
		if (ok != !cases[i].error || !str_eq(buf_text(&out), cases[i].delivered) ||
		    (!ok && !str_eq(err.text, cases[i].error)))
			fail_msg("case %zu: \"%s\", \"%s\"", i, buf_text(&out), err.text);
		for (const char *c = cases[i].delivered; *c; c++)
			delivered += *c == '|';
		assert_int_equal(count, delivered);
		buf_finish(&out);
	}
}

static bool stop_at_second(void *arg, const uint8_t *der UNUSED, size_t len UNUSED)
{
	return ++*(size_t *)arg < 2;
}

static void may_be_stopped(void **state UNUSED)
{
	static const char three[] = BEGIN "YWJj\n" END BEGIN "YWJj\n" END BEGIN "YWJj\n" END;
	size_t seen = 0, count;

	assert_true(read_file_certs(three, strlen(three), stop_at_second, &seen, &count, NULL));
	assert_int_equal(seen, 2);
	assert_int_equal(count, 2);
}

static void der_and_crlf_are_the_same_certificate(void **state UNUSED)
{
	struct certs pem, der, crlf;

	certs_load(&pem, "good.pem");
	certs_load(&der, "good.der");
	certs_load(&crlf, "good.crlf.pem");
	assert_int_equal(der.len, 1);
	assert_int_equal(crlf.len, 1);
	assert_int_equal(der.lens[0], pem.lens[0]);
	assert_memory_equal(der.ders[0], pem.ders[0], pem.lens[0]);
	assert_memory_equal(crlf.ders[0], pem.ders[0], pem.lens[0]);
	certs_finish(&pem);
	certs_finish(&der);
	certs_finish(&crlf);
}

static void other_der_is_named(void **state UNUSED)
{
	/* A PKCS#8 key, or a PKCS#12: a number comes first. */
	static const char key[] = {0x30, 0x03, 0x02, 0x01, 0x00};
	static const char cut[] = {0x30, 0x03, 0x30, 0x01};
	static const char more[] = {0x30, 0x03, 0x30, 0x01, 0x00, 0x00};
	struct err err;
	size_t count;

	assert_false(read_file_certs(key, sizeof(key), gather, NULL, &count, &err));
	assert_string_equal(err.text, "no certificate: DER of another kind");
	assert_false(read_file_certs(cut, sizeof(cut), gather, NULL, &count, &err));
	assert_string_equal(err.text, "no certificate: neither PEM nor whole DER");
	assert_false(read_file_certs(more, sizeof(more), gather, NULL, &count, &err));
	assert_string_equal(err.text, "bytes behind the end of the certificate");
	assert_int_equal(count, 0);
}

static bool count_only(void *arg UNUSED, const uint8_t *der UNUSED, size_t len UNUSED)
{
	return true;
}

static void has_ceilings(void **state UNUSED)
{
	struct buf file;
	struct err err;
	size_t count;

	buf_init(&file, READ_FILE_MAX + 1);
	buf_add_str(&file, BEGIN);
	for (size_t i = 0; i < READ_CERT_MAX / 48 + 1; i++)
		buf_add_str(&file,
			    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n");
	buf_add_str(&file, END);
	assert_false(file.overflow);
	assert_false(read_file_certs(file.data, file.len, count_only, NULL, &count, &err));
	assert_non_null(strstr(err.text, "larger"));
	buf_reset(&file);
	for (size_t i = 0; i < READ_CERTS_MAX + 1; i++)
		buf_add_str(&file, BEGIN "YWJj\n" END);
	assert_false(read_file_certs(file.data, file.len, count_only, NULL, &count, &err));
	assert_int_equal(err.class, ERR_FULL);
	assert_int_equal(count, READ_CERTS_MAX);
	buf_reset(&file);
	while (buf_add_char(&file, ' '))
		;
	assert_false(read_file_certs(file.data, file.len, count_only, NULL, &count, &err));
	assert_int_equal(err.class, ERR_FULL);
	buf_finish(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_file),
		cmocka_unit_test(may_be_stopped),
		cmocka_unit_test(der_and_crlf_are_the_same_certificate),
		cmocka_unit_test(other_der_is_named),
		cmocka_unit_test(has_ceilings),
	};

	return cmocka_run_group_tests_name("read_file", tests, NULL, NULL);
}
