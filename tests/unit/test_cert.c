/*
 * lib/model/cert: the certificate object out and in again, and every way of it to be refused.
 */
#include "lib/model/cert.h"

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define HEX16 "0123456789abcdef"
#define HEX64 HEX16 HEX16 HEX16 HEX16
#define TIMES "\"not_before\":\"2026-01-01T00:00:00Z\",\"not_after\":\"2026-04-01T00:00:00Z\""
#define LEAST_REST "\"sha256\":\"" HEX64 "\"," TIMES "}"
#define LEAST "{" LEAST_REST

static void fill(struct cert *cert)
{
	cert_init(cert);
	memcpy(cert->sha256, HEX64, 65);
	memcpy(cert->spki_sha256, HEX64, 65);
	cert->subject = str_dup("CN=www.example.com,O=ACME");
	cert->common_name = str_dup("www.example.com");
	cert->names = MEM_NEW_ARRAY(2, char *);
	cert->names[0] = str_dup("www.example.com");
	cert->names[1] = str_dup("192.0.2.7");
	cert->names_len = 2;
	cert->names_total = 7;
	cert->emails = MEM_NEW_ARRAY(1, char *);
	cert->emails[0] = str_dup("post@example.com");
	cert->emails_len = 1;
	cert->issuer = str_dup("CN=Example CA");
	cert->serial = str_dup("-20d2");
	assert_true(clock_parse("2026-01-01T00:00:00Z", &cert->not_before));
	assert_true(clock_parse("9999-12-31T23:59:59Z", &cert->not_after));
	cert->key_type = str_dup("EC");
	cert->key_bits = 256;
	cert->key_curve = str_dup("P-256");
	cert->signature = str_dup("ecdsa-with-SHA256");
	cert->self_signed = true;
	cert->is_ca = true;
	cert->ocsp_url = str_dup("http://ocsp.example.com/");
	cert->crl_url = str_dup("http://crl.example.com/");
	cert->issuer_url = str_dup("http://ca.example.com/");
	cert->scts = 2;
	cert->must_staple = true;
	cert->subject_key_id = str_dup("0a0b");
	cert->authority_key_id = str_dup("0c0d");
}

static const char filled[] =
	"{\"authority_key_id\":\"0c0d\",\"common_name\":\"www.example.com\","
	"\"crl_url\":\"http://crl.example.com/\",\"emails\":[\"post@example.com\"],"
	"\"is_ca\":true,\"issuer\":\"CN=Example CA\",\"issuer_url\":\"http://ca.example.com/\","
	"\"key\":{\"bits\":256,\"curve\":\"P-256\",\"type\":\"EC\"},\"must_staple\":true,"
	"\"names\":[\"www.example.com\",\"192.0.2.7\"],\"names_total\":7,"
	"\"not_after\":\"9999-12-31T23:59:59Z\",\"not_before\":\"2026-01-01T00:00:00Z\","
	"\"ocsp_url\":\"http://ocsp.example.com/\",\"scts\":2,\"self_signed\":true,"
	"\"serial\":\"-20d2\",\"sha256\":\"" HEX64 "\",\"signature\":\"ecdsa-with-SHA256\","
	"\"spki_sha256\":\"" HEX64 "\",\"subject\":\"CN=www.example.com,O=ACME\","
	"\"subject_key_id\":\"0a0b\"}";

static char *written(const struct cert *cert)
{
	json_t *json = cert_to_json(cert);
	char *text = json_write(json);

	json_decref(json);
	return text;
}

static bool read_text(struct cert *out, const char *text, struct err *err)
{
	json_t *json = json_parse(text, strlen(text), 1 << 24, err);
	bool ok;

	if (!json)
		fail_msg("%s: %s", text, err->text);
	ok = cert_from_json(out, json, err);
	json_decref(json);
	return ok;
}

static void written_and_read_again(void **state UNUSED)
{
	struct cert cert, again, copy;
	struct err err;
	char *text;

	fill(&cert);
	text = written(&cert);
	assert_string_equal(text, filled);
	assert_true(read_text(&again, text, &err));
	mem_free(text);
	cert_copy(&copy, &again);
	cert_finish(&again);
	text = written(&copy);
	assert_string_equal(text, filled);
	mem_free(text);
	cert_finish(&copy);
	cert_finish(&cert);
	cert_finish(&cert);
	cert_finish(NULL);
}

static void absent_is_null_not_guessed(void **state UNUSED)
{
	struct cert cert;
	struct err err;
	char *text;

	assert_true(read_text(&cert, LEAST, &err));
	assert_string_equal(cert.subject, "");
	assert_string_equal(cert.issuer, "");
	assert_string_equal(cert.serial, "");
	assert_null(cert.common_name);
	assert_null(cert.names);
	assert_int_equal(cert.names_total, 0);
	text = written(&cert);
	assert_string_equal(text,
			    "{\"authority_key_id\":null,\"common_name\":null,\"crl_url\":null,"
			    "\"emails\":[],\"is_ca\":false,\"issuer\":\"\",\"issuer_url\":null,"
			    "\"key\":{\"bits\":null,\"curve\":null,\"type\":null},"
			    "\"must_staple\":false,\"names\":[],\"names_total\":0,"
			    "\"not_after\":\"2026-04-01T00:00:00Z\","
			    "\"not_before\":\"2026-01-01T00:00:00Z\",\"ocsp_url\":null,\"scts\":0,"
			    "\"self_signed\":false,\"serial\":\"\",\"sha256\":\"" HEX64
			    "\",\"signature\":null,\"spki_sha256\":null,\"subject\":\"\","
			    "\"subject_key_id\":null}");
	mem_free(text);
	cert_finish(&cert);
}

/* A member more, before the least that is read. */
static const struct {
	const char *member, *error;
} refused[] = {
	{"\"subject\":1", "subject: not a string"},
	{"\"issuer\":[]", "issuer: not a string"},
	{"\"serial\":\"0g\"", "serial: not hexadecimal"},
	{"\"serial\":\"--1\"", "serial: not hexadecimal"},
	{"\"serial\":\"AB\"", "serial: not hexadecimal"},
	{"\"spki_sha256\":\"ab\"", "spki_sha256: not hexadecimal digits of the right number"},
	{"\"names\":{}", "names: not an array"},
	{"\"names\":[1]", "names: a member is not a string, or too long"},
	{"\"emails\":[null]", "emails: a member is not a string, or too long"},
	{"\"names_total\":-1", "names_total: out of range"},
	{"\"names_total\":1000001", "names_total: out of range"},
	{"\"key\":7", "key: not an object"},
	{"\"key\":{\"bits\":\"256\"}", "bits: not an integer"},
	{"\"key\":{\"bits\":-1}", "bits: out of range"},
	{"\"signature\":true", "signature: not a string"},
	{"\"self_signed\":\"yes\"", "self_signed: not true or false"},
	{"\"is_ca\":0", "is_ca: not true or false"},
	{"\"scts\":-1", "scts: out of range"},
	{"\"must_staple\":1", "must_staple: not true or false"},
	{"\"ocsp_url\":{}", "ocsp_url: not a string"},
	{"\"subject_key_id\":\"zz\"", "subject_key_id: not hexadecimal"},
};

static void refuses_what_is_wrong(void **state UNUSED)
{
	struct cert cert;
	struct err err;

	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		char *text = str_printf("{%s,%s", refused[i].member, LEAST_REST);

		if (read_text(&cert, text, &err) || !str_eq(err.text, refused[i].error))
			fail_msg("%s: %s", refused[i].member, err.text);
		mem_free(text);
	}
	assert_false(read_text(&cert, "[]", &err));
	assert_false(read_text(&cert, "{" TIMES "}", &err));
	assert_string_equal(err.text, "sha256: missing");
	assert_false(read_text(&cert,
			       "{\"sha256\":\"" HEX64 "\","
			       "\"not_before\":\"2026-01-01T00:00:00Z\"}",
			       &err));
	assert_string_equal(err.text, "not_after: missing");
	assert_false(read_text(&cert,
			       "{\"sha256\":\"" HEX64 "\",\"not_after\":\"soon\","
			       "\"not_before\":\"2026-01-01T00:00:00Z\"}",
			       &err));
	assert_string_equal(err.text, "not_after: not a time");
}

static void has_ceilings(void **state UNUSED)
{
	struct cert cert;
	struct err err;
	struct buf text;

	buf_init(&text, 1 << 24);
	buf_add_str(&text, "{\"subject\":\"");
	for (size_t i = 0; i < CERT_TEXT_MAX + 1; i++)
		buf_add_char(&text, 'x');
	buf_printf(&text, "\",%s", LEAST_REST);
	assert_false(read_text(&cert, buf_text(&text), &err));
	assert_string_equal(err.text, "subject: too long");
	buf_reset(&text);
	buf_add_str(&text, "{\"names\":[\"a\"");
	for (size_t i = 0; i < CERT_NAMES_MAX; i++)
		buf_add_str(&text, ",\"a\"");
	buf_printf(&text, "],%s", LEAST_REST);
	assert_false(read_text(&cert, buf_text(&text), &err));
	assert_string_equal(err.text, "names: too many members");
	buf_finish(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_and_read_again),
		cmocka_unit_test(absent_is_null_not_guessed),
		cmocka_unit_test(refuses_what_is_wrong),
		cmocka_unit_test(has_ceilings),
	};

	return cmocka_run_group_tests_name("cert", tests, NULL, NULL);
}
