/*
 * lib/model/target: spellings and the one canonical text of each, what is refused and in which
 * words, the id, files, and the round trip of the document.
 */
#include "lib/model/target.h"

#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/base/str.h"
#include "tests/unit/sample.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void hosts_have_one_text(void **state UNUSED)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"www.example.com", "www.example.com:443"},
		{"WWW.Example.COM.", "www.example.com:443"},
		{"www.example.com:443", "www.example.com:443"},
		{"www.example.com:0443", "www.example.com:443"},
		{"https://www.example.com", "www.example.com:443"},
		{"https://www.example.com/", "www.example.com:443"},
		{"HTTPS://www.example.com:8443/", "www.example.com:8443"},
		{"tls://www.example.com:8443", "www.example.com:8443"},
		{"www.example.com/", "www.example.com:443"},
		{"localhost", "localhost:443"},
		{"xn--mnchen-3ya.example", "xn--mnchen-3ya.example:443"},
		{"_dmarc.example.com", "_dmarc.example.com:443"},
		{"1.example", "1.example:443"},
		{"192.0.2.7", "192.0.2.7:443"},
		{"192.0.2.7.", "192.0.2.7:443"},
		{"192.0.2.7:25", "192.0.2.7:25"},
		{"[2001:DB8:0:0::1]:8443", "[2001:db8::1]:8443"},
		{"[2001:db8::1]", "[2001:db8::1]:443"},
		{"2001:db8::1", "[2001:db8::1]:443"},
		{"https://[::1]/", "[::1]:443"},
		{"::ffff:192.0.2.1", "[::ffff:192.0.2.1]:443"},
		{"www.example.com:443@10.0.0.9", "www.example.com:443@10.0.0.9"},
		{"www.example.com:443@Backend.Example.", "www.example.com:443@backend.example"},
		{"www.example.com:443@[2001:DB8::9]", "www.example.com:443@2001:db8::9"},
		{"www.example.com:443@2001:db8::9", "www.example.com:443@2001:db8::9"},
		{"[::1]:443@10.0.0.1", "[::1]:443@10.0.0.1"},
		{"https://www.example.com:443@10.0.0.9", "www.example.com:443@10.0.0.9"},
		{"www.example.com#DMZ", "www.example.com:443#dmz"},
		{"www.example.com#default", "www.example.com:443"},
		{"www.example.com:443@10.0.0.9#dmz", "www.example.com:443@10.0.0.9#dmz"},
		{L63 ".example", L63 ".example:443"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct target target, again;
		struct err err;
		char id[SHORT_ID_LEN + 1];

		if (!target_parse(&target, rows[i].in, "me", NULL, &err))
			fail_msg("%s: %s", rows[i].in, err.text);
		assert_string_equal(target.text, rows[i].out);
		digest_short_id(rows[i].out, id);
		assert_string_equal(target.id, id);
		/* The canonical text is a spelling of itself. */
		assert_true(target_parse(&again, target.text, "", NULL, &err));
		assert_string_equal(again.text, target.text);
		assert_true(str_eq(again.connect, target.connect));
		assert_true(str_eq(again.zone, target.zone));
		target_finish(&again);
		target_finish(&target);
	}
}

static void parts_are_set(void **state UNUSED)
{
	struct target target;
	struct err err;

	assert_true(target_parse(&target, "https://WWW.example.com:8443@10.0.0.9#edge", "me", NULL,
				 &err));
	assert_int_equal(target.protocol, PROTOCOL_HTTPS);
	assert_string_equal(target.host, "www.example.com");
	assert_int_equal(target.port, 8443);
	assert_string_equal(target.connect, "10.0.0.9");
	assert_string_equal(target.zone, "edge");
	assert_null(target.path);
	assert_string_equal(target_server_name(&target), "www.example.com");
	target.server_name = str_dup("front.example.com");
	assert_string_equal(target_server_name(&target), "front.example.com");
	/* Attributes change the identity only through target_canonical. */
	sample_set(&target.zone, "default");
	sample_set(&target.connect, NULL);
	target.port = 443;
	assert_true(target_canonical(&target, &err));
	assert_string_equal(target.text, "www.example.com:443");
	target_finish(&target);
	target_finish(&target);
}

static void files_have_one_text(void **state UNUSED)
{
	static const struct {
		const char *in, *out, *path, *member;
	} rows[] = {
		{"/etc/ssl/x.pem", "file://me/etc/ssl/x.pem", "/etc/ssl/x.pem", NULL},
		{"./x.pem", "file://me/home/u/x.pem", "/home/u/x.pem", NULL},
		{"../x.pem", "file://me/home/x.pem", "/home/x.pem", NULL},
		{"../../../x.pem", "file://me/x.pem", "/x.pem", NULL},
		{"././a/./b//x.pem", "file://me/home/u/a/b/x.pem", "/home/u/a/b/x.pem", NULL},
		{"/a/../x.pem", "file://me/a/../x.pem", "/a/../x.pem", NULL},
		{"file:///etc/X.pem", "file://me/etc/X.pem", "/etc/X.pem", NULL},
		{"file:/etc/x.pem", "file://me/etc/x.pem", "/etc/x.pem", NULL},
		{"FILE:///etc/x.pem", "file://me/etc/x.pem", "/etc/x.pem", NULL},
		{"file://Edge-1/etc/x.pem", "file://Edge-1/etc/x.pem", "/etc/x.pem", NULL},
		{"file://edge-1/etc/x.p12#www.example.com",
		 "file://edge-1/etc/x.p12#www.example.com", "/etc/x.p12", "www.example.com"},
		{"/etc/x.p12#*.example.com", "file://me/etc/x.p12#*.example.com", "/etc/x.p12",
		 "*.example.com"},
		{"/a b.pem", "file://me/a%20b.pem", "/a b.pem", NULL},
		{"file:///a%20b.pem", "file://me/a%20b.pem", "/a b.pem", NULL},
		{"file:///a%23b.pem", "file://me/a%23b.pem", "/a#b.pem", NULL},
		{"file:///100%.pem", "file://me/100%25.pem", "/100%.pem", NULL},
		{"/100%25.pem", "file://me/100%2525.pem", "/100%25.pem", NULL},
		{"/\xc3\xa4.pem", "file://me/\xc3\xa4.pem", "/\xc3\xa4.pem", NULL},
		{"/\xff.pem", "file://me/%FF.pem", "/\xff.pem", NULL},
		{"/a\nb.pem", "file://me/a%0Ab.pem", "/a\nb.pem", NULL},
		{"/x.p12#a#b c", "file://me/x.p12#a#b%20c", "/x.p12", "a#b c"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct target target, again;
		struct err err;

		if (!target_parse(&target, rows[i].in, "me", "/home/u", &err))
			fail_msg("%s: %s", rows[i].in, err.text);
		assert_string_equal(target.text, rows[i].out);
		assert_string_equal(target.path, rows[i].path);
		assert_true(str_eq(target.member, rows[i].member));
		assert_int_equal(target.protocol, PROTOCOL_FILE);
		assert_int_equal(target.port, 0);
		assert_null(target_server_name(&target));
		assert_true(target_parse(&again, target.text, "", NULL, &err));
		assert_string_equal(again.text, target.text);
		assert_string_equal(again.path, target.path);
		assert_true(str_eq(again.member, target.member));
		target_finish(&again);
		target_finish(&target);
	}
}

static void own_files_have_three_slashes(void **state UNUSED)
{
	struct target target;
	struct err err;

	assert_true(target_parse(&target, "/x.pem", "", NULL, &err));
	assert_string_equal(target.text, "file:///x.pem");
	target_finish(&target);
	assert_true(target_parse(&target, "file:///x.pem", "", NULL, &err));
	assert_string_equal(target.text, "file:///x.pem");
	target_finish(&target);
}

static void refusals_say_why(void **state UNUSED)
{
	static const struct {
		const char *in, *why;
	} rows[] = {
		{"", "empty"},
		{":443", "no host"},
		{"https://", "no host"},
		{"www.example.com:", "is no port"},
		{"www.example.com:0", "'0' is no port"},
		{"www.example.com:65536", "'65536' is no port"},
		{"www.example.com:https", "'https' is no port"},
		{"www.example.com:44 3", "is no port"},
		{"www.exam ple.com", "blank or control"},
		{"www.example.com\n", "blank or control"},
		{"www\x1b[31m.example", "'www\\x1b[31m.example' holds a blank"},
		{"m\xc3\xbcnchen.example", "A-label form (xn--...)"},
		{"*.example.com", "such as www.example.com"},
		{"*", "wildcard"},
		{"a..b", "empty label"},
		{".example.com", "empty label"},
		{".", "empty label"},
		{"-a.example", "hyphen"},
		{"a-.example", "hyphen"},
		{"a!b.example", "holds '!'"},
		{L63 "a.example", "more than 63"},
		{L63 "." L63 "." L63 "." L63, "253"},
		{"1.2.3", "neither a name nor an IPv4"},
		{"256.0.0.1", "neither a name nor an IPv4"},
		{"010.0.0.1", "neither a name nor an IPv4"},
		{"0x7f.1", "neither a name nor an IPv4"},
		{"0x7f000001", "neither a name nor an IPv4"},
		{"a.0x7f", "neither a name nor an IPv4"},
		{"1", "neither a name nor an IPv4"},
		{"[fe80::1%eth0]:443", "zone index"},
		{"fe80::1%eth0", "zone index"},
		{"[2001:db8::1", "[V6]:PORT"},
		{"[2001:db8::1]443", "[V6]:PORT"},
		{"[www.example.com]:443", "only IPv6"},
		{"[2001:db8::g]:443", "not an IPv6"},
		{"1:2:3", "not an IPv6"},
		{"https://www.example.com/path", "has no path"},
		{"https://www.example.com?q", "has no path"},
		{"www.example.com/x.pem", "./file"},
		{"192.0.2.0/24", "cidr:"},
		{"https://user:secret@www.example.com", "no user or password"},
		{"https://user:secret@www.example.com/path", "has no path"},
		{"user@www.example.com", "NAME:PORT@ADDRESS"},
		{"a:443@b@c", "NAME:PORT@ADDRESS"},
		{"www.example.com:443@10.0.0.1:80", "takes no port"},
		{"www.example.com:443@", "behind @: there is no host"},
		{"www.example.com:443@*.x", "behind @: "},
		{"www.example.com#", "no name of a zone"},
		{"www.example.com#a b", "no name of a zone"},
		{"www.example.com#a@10.0.0.1", "the zone comes last"},
		{"smtp://mail.example.com", "protocol smtp is not supported by this version"},
		{"XMPP-server://x", "protocol xmpp-server is not supported by this version"},
		{"htps://www.example.com", "did you mean https?"},
		{"gopher://www.example.com", "there is no protocol 'gopher'"},
		{"./x.pem", "relative path"},
		{"/", "no file in the path"},
		{"//.//", "no file in the path"},
		{"file://host", "no path behind"},
		{"file://ho st/x", "no name of an instance"},
		{"file:///a%00b", "%00"},
		{"file:x.pem", "is no port"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct target target;
		struct err err;

		if (target_parse(&target, rows[i].in, "me", NULL, &err))
			fail_msg("'%s' passed as %s", rows[i].in, target.text);
		if (!strstr(err.text, rows[i].why))
			fail_msg("'%s': %s", rows[i].in, err.text);
		if (strstr(err.text, "secret"))
			fail_msg("tells the password: %s", err.text);
		assert_int_equal(err.class, ERR_INVALID);
	}
}

static void long_texts_are_refused(void **state UNUSED)
{
	size_t len = 100000;
	char *text = mem_new(len + 1);
	struct target target;
	struct err err;

	memset(text, 'a', len);
	assert_false(target_parse(&target, text, "me", NULL, &err));
	assert_non_null(strstr(err.text, "too long"));
	assert_true(strlen(err.text) < 200);
	/* Short enough to be read, too long to be written. */
	text[0] = '/';
	text[TARGET_TEXT_MAX] = 0;
	assert_false(target_parse(&target, text, "me", NULL, &err));
	assert_non_null(strstr(err.text, "1023"));
	mem_free(text);
}

static void same_documents(struct target *target)
{
	struct target back, copy;
	struct err err;
	json_t *json = sample_reparse(target_to_json(target));

	if (!target_from_json(&back, json, &err))
		fail_msg("%s", err.text);
	assert_string_equal(back.text, target->text);
	assert_string_equal(back.id, target->id);
	assert_int_equal(back.protocol, target->protocol);
	assert_true(str_eq(back.instance, target->instance));
	assert_true(sample_same(target_to_json(&back), json_incref(json)));
	target_copy(&copy, &back);
	assert_true(sample_same(target_to_json(&copy), json));
	target_finish(&copy);
	target_finish(&back);
}

static void documents_round_trip(void **state UNUSED)
{
	rand_seed(1);
	for (int i = 0; i < 500; i++) {
		struct target target;

		random_target(&target);
		same_documents(&target);
		target_finish(&target);
	}
}

static void documents_refused(void **state UNUSED)
{
	static const char *const rows[] = {
		"null",
		"{}",
		"{\"target\": 1}",
		"{\"target\": \"www.example.com\"}",
		"{\"target\": \"WWW.example.com:443\"}",
		"{\"target\": \"www.example.com:443#default\"}",
		"{\"target\": \"file:///a%2fb\"}",
		"{\"target\": \"a:1\", \"server_name\": \"A\"}",
		"{\"target\": \"a:1\", \"server_name\": \"a b\"}",
		"{\"target\": \"a:1\", \"owner\": 1}",
		"{\"target\": \"a:1\", \"note\": \"a\\u0000b\"}",
		"{\"target\": \"a:1\", \"tags\": [1]}",
		"{\"target\": \"a:1\", \"tags\": {\"a\": 1}}",
		"{\"target\": \"a:1\", \"policy\": {\"family\": 1}}",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct target target;
		struct err err = {ERR_NONE, ""};
		json_t *json = json_parse(rows[i], strlen(rows[i]), 4096, &err);

		/* A NUL in a text does not even pass the parser. */
		if (json && target_from_json(&target, json, &err))
			fail_msg("%s passed", rows[i]);
		assert_true(strlen(err.text) > 0);
		json_decref(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_have_one_text),
		cmocka_unit_test(parts_are_set),
		cmocka_unit_test(files_have_one_text),
		cmocka_unit_test(own_files_have_three_slashes),
		cmocka_unit_test(refusals_say_why),
		cmocka_unit_test(long_texts_are_refused),
		cmocka_unit_test(documents_round_trip),
		cmocka_unit_test(documents_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
