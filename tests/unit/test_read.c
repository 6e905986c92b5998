/*
 * lib/tls/read: what is read of made certificates, of hand-bent ones, and, member by member, the
 * same as the openssl program reads of each root of the system.
 */
#include "lib/tls/read.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/tls/name.h"
#include "tests/unit/certs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <strings.h>
#include <unistd.h>
#include <cmocka.h>

#define SYSTEM_ROOTS "/etc/ssl/certs/ca-certificates.crt"

static void read_first(const char *name, struct cert *out)
{
	struct certs certs;
	struct err err;

	certs_load(&certs, name);
	if (!read_der(out, certs.ders[0], certs.lens[0], &err))
		fail_msg("%s: %s", name, err.text);
	certs_finish(&certs);
}

static bool has_name(const struct cert *cert, const char *host)
{
	return name_matches(host, (const char *const *)cert->names, cert->names_len);
}

static void every_member(void **state UNUSED)
{
	static const char *const names[] = {"full.test", "*.full.test", "192.0.2.7", "2001:db8::7"};
	struct cert cert;

	read_first("full.pem", &cert);
	assert_string_equal(cert.subject, "CN=full.test,O=Test");
	assert_string_equal(cert.issuer, "CN=Test Intermediate,O=Test");
	assert_string_equal(cert.common_name, "full.test");
	assert_int_equal(cert.names_len, 4);
	assert_int_equal(cert.names_total, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(cert.names[i], names[i]);
	assert_int_equal(cert.emails_len, 1);
	assert_string_equal(cert.emails[0], "post@full.test");
	assert_string_equal(cert.key_type, "EC");
	assert_int_equal(cert.key_bits, 256);
	assert_string_equal(cert.key_curve, "P-256");
	assert_string_equal(cert.signature, "ecdsa-with-SHA256");
	assert_false(cert.self_signed);
	assert_false(cert.is_ca);
	assert_string_equal(cert.ocsp_url, "http://ocsp.full.test/");
	assert_string_equal(cert.issuer_url, "http://ca.full.test/i.cer");
	assert_string_equal(cert.crl_url, "http://crl.full.test/i.crl");
	assert_true(cert.must_staple);
	assert_int_equal(cert.scts, 2);
	assert_int_equal(strlen(cert.subject_key_id), 40);
	assert_int_equal(strlen(cert.authority_key_id), 40);
	cert_finish(&cert);
}

static void keys_and_signatures(void **state UNUSED)
{
	static const struct {
		const char *file, *type, *curve, *signature;
		int bits;
		bool self_signed, is_ca;
	} cases[] = {
		{"rsa.pem", "RSA", NULL, "ecdsa-with-SHA256", 2048, false, false},
		{"rsa1024.pem", "RSA", NULL, "ecdsa-with-SHA256", 1024, false, false},
		{"ed25519.pem", "Ed25519", NULL, "ecdsa-with-SHA256", 256, false, false},
		{"sha1.pem", "EC", "P-256", "ecdsa-with-SHA1", 256, false, false},
		{"v1.pem", "EC", "P-256", "ecdsa-with-SHA256", 256, false, false},
		{"root.pem", "EC", "P-256", "ecdsa-with-SHA256", 256, true, true},
		{"inter.pem", "EC", "P-256", "ecdsa-with-SHA256", 256, false, true},
		{"root-cross.pem", "EC", "P-256", "ecdsa-with-SHA256", 256, false, true},
		{"selfsigned.pem", "EC", "P-256", "ecdsa-with-SHA256", 256, true, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct cert cert;

		read_first(cases[i].file, &cert);
		if (!str_eq(cert.key_type, cases[i].type) ||
		    !str_eq(cert.key_curve, cases[i].curve) ||
		    !str_eq(cert.signature, cases[i].signature) || cert.key_bits != cases[i].bits ||
		    cert.self_signed != cases[i].self_signed || cert.is_ca != cases[i].is_ca)
			fail_msg("%s: %s %d %s %s", cases[i].file, cert.key_type, cert.key_bits,
				 cert.key_curve, cert.signature);
		cert_finish(&cert);
	}
}

static void serials(void **state UNUSED)
{
	struct cert cert;

	read_first("serial20.pem", &cert);
	assert_string_equal(cert.serial, "7f00112233445566778899aabbccddeeff001122");
	cert_finish(&cert);
	read_first("negative.pem", &cert);
	assert_string_equal(cert.serial, "-20d2");
	cert_finish(&cert);
	read_first("root.pem", &cert);
	assert_string_equal(cert.serial, "1001");
	cert_finish(&cert);
}

static void times(void **state UNUSED)
{
	char text[CLOCK_TEXT_MAX];
	struct certs certs;
	struct cert cert;
	struct err err;

	read_first("y2060.pem", &cert);
	assert_string_equal(clock_rfc3339(cert.not_after, text), "2060-01-01T00:00:00Z");
	cert_finish(&cert);
	read_first("y9999.pem", &cert);
	assert_string_equal(clock_rfc3339(cert.not_after, text), "9999-12-31T23:59:59Z");
	cert_finish(&cert);
	read_first("ends-7.pem", &cert);
	assert_true(cert.not_after > clock_wall_ms() + 7 * MS_DAY);
	assert_true(cert.not_after < clock_wall_ms() + 7 * MS_DAY + 2 * MS_HOUR);
	cert_finish(&cert);
	certs_load(&certs, "badtime.pem");
	assert_false(read_der(&cert, certs.ders[0], certs.lens[0], &err));
	assert_string_equal(err.text, "malformed certificate: notAfter is not a time");
	cert_finish(&cert);
	certs_finish(&certs);
}

static void odd_subjects(void **state UNUSED)
{
	static const struct {
		const char *file, *subject, *common_name;
	} cases[] = {
		{"odd-newline.pem", "CN=two\\0Alines,O=Test", "two\\0Alines"},
		{"odd-esc.pem", "CN=red \\1B[31m bell \\07,O=Test", "red \\1B[31m bell \\07"},
		{"odd-html.pem", "CN=\\\"quoted\\\" & \\<b\\>,O=\\<script\\>alert(1)\\</script\\>",
		 "\"quoted\" & <b>"},
		{"odd-rtl.pem", "CN=safe \xe2\x80\xaetxt.exe \xd9\x85,O=Test",
		 "safe \xe2\x80\xaetxt.exe \xd9\x85"},
		{"odd-bmp.pem",
		 "CN=Stra\xc3\x9f"
		 "e \xe2\x82\xac,O=Test",
		 "Stra\xc3\x9f"
		 "e \xe2\x82\xac"},
		{"odd-t61.pem", "CN=caf\xc3\xa9,O=Test", "caf\xc3\xa9"},
		{"odd-nul.pem", "CN=odd-nul.test\\00.evil.test,O=Test",
		 "odd-nul.test\\00.evil.test"},
		{"cnonly.pem", "CN=localhost", "localhost"},
		{"nosan.pem", "OU=Nameless,O=Test", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct cert cert;

		read_first(cases[i].file, &cert);
		assert_string_equal(cert.subject, cases[i].subject);
		if (!str_eq(cert.common_name, cases[i].common_name))
			fail_msg("%s: \"%s\"", cases[i].file, cert.common_name);
		cert_finish(&cert);
	}
}

static void what_is_long_is_cut(void **state UNUSED)
{
	struct cert cert;

	read_first("odd-long.pem", &cert);
	assert_int_equal(strlen(cert.subject), CERT_TEXT_MAX);
	assert_true(str_starts(cert.subject, "OU=long59.."));
	cert_finish(&cert);
	read_first("too-many.pem", &cert);
	assert_int_equal(cert.names_len, CERT_NAMES_MAX);
	assert_int_equal(cert.names_total, 2500);
	assert_string_equal(cert.names[CERT_NAMES_MAX - 1], "n2000.many.test");
	cert_finish(&cert);
}

static void a_nul_in_a_name_matches_nothing(void **state UNUSED)
{
	struct cert cert;

	read_first("odd-nul.pem", &cert);
	assert_string_equal(cert.names[0], "odd-nul.test\\00.evil.test");
	assert_false(has_name(&cert, "odd-nul.test"));
	assert_false(has_name(&cert, "odd-nul.test\\00.evil.test"));
	cert_finish(&cert);
	read_first("wildcard.pem", &cert);
	assert_true(has_name(&cert, "www.wildcard.test"));
	assert_false(has_name(&cert, "localhost"));
	cert_finish(&cert);
	read_first("cnonly.pem", &cert);
	assert_false(has_name(&cert, "localhost"));
	cert_finish(&cert);
	read_first("ip.pem", &cert);
	assert_true(has_name(&cert, "127.0.0.1"));
	assert_true(has_name(&cert, "::1"));
	assert_false(has_name(&cert, "localhost"));
	cert_finish(&cert);
}

/* The bytes of a good certificate with `from` replaced by `to`, both of len bytes. */
static bool read_bent(struct cert *out, const char *name, const char *from, const char *to,
		      size_t len)
{
	struct certs certs;
	uint8_t *at;
	bool ok;

	certs_load(&certs, name);
	at = memmem(certs.ders[0], certs.lens[0], from, len);
	assert_non_null(at);
	memcpy(at, to, len);
	ok = read_der(out, certs.ders[0], certs.lens[0], NULL);
	certs_finish(&certs);
	return ok;
}

static int64_t not_after_of(const char *text)
{
	int64_t wall_ms;

	assert_true(clock_parse(text, &wall_ms));
	return wall_ms;
}

static void odd_parts_are_told_as_they_are(void **state UNUSED)
{
	struct cert cert;

	/* A dNSName that looks like an address is none. */
	assert_true(read_bent(&cert, "full.pem",
			      "\x09"
			      "Full.Test",
			      "\x09"
			      "192.0.2.9",
			      10));
	assert_string_equal(cert.names[0], "dns:192.0.2.9");
	assert_false(has_name(&cert, "192.0.2.9"));
	cert_finish(&cert);
	/* A dNSName that is not UTF-8. */
	assert_true(read_bent(&cert, "full.pem", "Full.Test",
			      "F\xff"
			      "ll.Test",
			      9));
	assert_string_equal(cert.names[0], "f\xef\xbf\xbdll.test");
	cert_finish(&cert);
	/* An iPAddress of five bytes. */
	assert_true(read_bent(&cert, "full.pem", "\x87\x04\xc0\x00\x02\x07\x87\x10\x20\x01\x0d",
			      "\x87\x05\xc0\x00\x02\x07\x01\x87\x0f\x20\x01", 11));
	assert_int_equal(cert.names_len, 2);
	cert_finish(&cert);
	/* A key of an algorithm nobody knows: rsaEncryption with another last arc. */
	assert_true(read_bent(&cert, "rsa.pem", "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01",
			      "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x7f", 9));
	assert_string_equal(cert.key_type, "1.2.840.113549.1.1.127");
	assert_int_equal(cert.key_bits, 0);
	cert_finish(&cert);
	/* A self-signed one whose signature is not its own. */
	assert_true(read_bent(&cert, "selfsigned.pem", "DNS", "DNS", 0));
	assert_true(cert.self_signed);
	cert_finish(&cert);
	assert_true(read_bent(&cert, "selfsigned.pem", "localhost", "localhusk", 9));
	assert_false(cert.self_signed);
	cert_finish(&cert);
	/* A second SCT that is longer than what is there. */
	assert_true(
		read_bent(&cert, "full.pem", "\x00\x03\xbb\xbb\xbb", "\x00\x04\xbb\xbb\xbb", 5));
	assert_int_equal(cert.scts, 1);
	cert_finish(&cert);
	/* The year 0, which RFC 3339 has and most calendars do not. */
	assert_true(read_bent(&cert, "y9999.pem", "99991231235959Z", "00000101000000Z", 15));
	assert_true(cert.not_after < 0);
	assert_true(cert.not_after == not_after_of("0001-01-01T00:00:00Z"));
	cert_finish(&cert);
	/* A subject that is not the UTF-8 it says it is: OpenSSL takes no such certificate. */
	assert_false(read_bent(&cert, "good.pem", "good.test",
			       "g\xff"
			       "od.test",
			       9));
	cert_finish(&cert);
}

static void refuses_what_is_no_certificate(void **state UNUSED)
{
	uint8_t *longer = mem_new(READ_CERT_MAX + 1);
	struct certs certs;
	struct cert cert;
	struct err err;

	certs_load(&certs, "good.pem");
	for (size_t len = 0; len < certs.lens[0]; len++) {
		assert_false(read_der(&cert, certs.ders[0], len, &err));
		assert_true(str_starts(err.text, "malformed certificate: "));
		cert_finish(&cert);
	}
	memcpy(longer, certs.ders[0], certs.lens[0]);
	assert_false(read_der(&cert, longer, certs.lens[0] + 1, &err));
	assert_string_equal(err.text, "malformed certificate: bytes behind its end");
	assert_false(read_der(&cert, longer, READ_CERT_MAX + 1, &err));
	certs_finish(&certs);
	mem_free(longer);
}

/* ---- as the openssl program reads them ------------------------------------------------------ */

static void write_file(const char *path, const void *data, size_t len)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	fclose(file);
}

/* What openssl x509 prints, as lines of our making: "subject=..." and so on. */
static void openssl_reads(const uint8_t *der, size_t len, struct buf *out)
{
	char path[300], command[900], line[8192];
	FILE *pipe;

	snprintf(path, sizeof(path), "%s/compared.der", certs_directory());
	write_file(path, der, len);
	snprintf(command, sizeof(command),
		 "OPENSSL_CONF=/dev/null openssl x509 -inform DER -in '%s' -noout -subject -issuer "
		 "-serial -startdate -enddate -dateopt iso_8601 -fingerprint -sha256 "
		 "-nameopt RFC2253,-esc_msb -text -certopt no_extensions,no_sigdump,no_subject,"
		 "no_issuer,no_validity,no_serial",
		 path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	buf_init(out, 1 << 20);
	while (fgets(line, sizeof(line), pipe))
		buf_add_str(out, line);
	assert_int_equal(pclose(pipe), 0);
}

/* The rest of the first line that holds key, into out. */
static const char *after(const struct buf *text, const char *key, char out[8192])
{
	const char *at = strstr(buf_text(text), key);

	if (!at)
		return "";
	at += strlen(key);
	snprintf(out, 8192, "%.*s", (int)strcspn(at, "\n"), at);
	return out;
}

static void compare(const uint8_t *der, size_t len)
{
	char value[8192], when[CLOCK_TEXT_MAX], expected[128] = "", bits[64];
	struct cert cert;
	struct buf text;
	size_t digits = 0;

	assert_true(read_der(&cert, der, len, NULL));
	openssl_reads(der, len, &text);
	assert_string_equal(cert.subject, after(&text, "subject=", value));
	assert_string_equal(cert.issuer, after(&text, "issuer=", value));
	after(&text, "serial=", value);
	str_lower(value);
	assert_string_equal(cert.serial, value);
	clock_rfc3339(cert.not_before, when);
	when[10] = ' ';
	assert_string_equal(when, after(&text, "notBefore=", value));
	clock_rfc3339(cert.not_after, when);
	when[10] = ' ';
	assert_string_equal(when, after(&text, "notAfter=", value));
	after(&text, "sha256 Fingerprint=", value);
	for (const char *c = value; *c; c++) {
		if (*c != ':' && digits < sizeof(expected) - 1)
			expected[digits++] = *c;
	}
	str_lower(expected);
	assert_string_equal(cert.sha256, expected);
	assert_true(str_ieq(cert.signature, after(&text, "Signature Algorithm: ", value)));
	snprintf(bits, sizeof(bits), "(%d bit)", cert.key_bits);
	if (!str_eq(cert.key_type, "Ed25519"))
		assert_string_equal(bits, after(&text, "Public-Key: ", value));
	buf_finish(&text);
	cert_finish(&cert);
}

struct comparison {
	size_t seen, compared;
	size_t stride; /* every how manieth */
};

static bool compare_each(void *arg, const uint8_t *der, size_t len)
{
	struct comparison *comparison = arg;

	if (comparison->seen++ % comparison->stride == 0) {
		compare(der, len);
		comparison->compared++;
	}
	return true;
}

static void compare_file(const char *name, size_t stride)
{
	struct comparison comparison = {.stride = stride};
	struct buf file;
	size_t count;

	certs_file(name, &file);
	assert_true(read_file_certs(file.data, file.len, compare_each, &comparison, &count, NULL));
	assert_int_equal(comparison.seen, count);
	assert_true(comparison.compared > 0);
	print_message("%s: %zu of %zu certificates as openssl reads them\n", name,
		      comparison.compared, count);
	buf_finish(&file);
}

static void the_same_as_openssl(void **state UNUSED)
{
	static const char *const ours[] = {"rsa.pem",	   "ed25519.pem", "serial20.pem",
					   "negative.pem", "y2060.pem",	  "odd-html.pem",
					   "odd-bmp.pem",  "odd-t61.pem", "odd-nul.pem"};

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		compare_file(ours[i], 1);
}

static void the_roots_of_a_system(void **state UNUSED)
{
	if (access(SYSTEM_ROOTS, R_OK) != 0)
		skip();
	/* A process each: all of them are tests/integration/ca-bundle.sh's. */
	compare_file(SYSTEM_ROOTS, getenv("COMPARE_ALL") ? 1 : 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_member),
		cmocka_unit_test(keys_and_signatures),
		cmocka_unit_test(serials),
		cmocka_unit_test(times),
		cmocka_unit_test(odd_subjects),
		cmocka_unit_test(what_is_long_is_cut),
		cmocka_unit_test(a_nul_in_a_name_matches_nothing),
		cmocka_unit_test(odd_parts_are_told_as_they_are),
		cmocka_unit_test(refuses_what_is_no_certificate),
		cmocka_unit_test(the_same_as_openssl),
		cmocka_unit_test(the_roots_of_a_system),
	};

	return cmocka_run_group_tests_name("read", tests, NULL, NULL);
}
