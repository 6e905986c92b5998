/*
 * lib/tls/name: what stands for a host and what does not (RFC 9525 6.3).
 */
#include "lib/tls/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct {
	const char *host, *pattern;
	bool matches;
} cases[] = {
	{"www.example.com", "www.example.com", true},
	{"WWW.Example.COM", "www.example.com", true},
	{"www.example.com", "WWW.EXAMPLE.com", true},
	{"www.example.com.", "www.example.com", true},
	{"www.example.com", "www.example.com.", false},
	{"www.example.com..", "www.example.com", false},
	{"www.example.com", "example.com", false},
	{"example.com", "www.example.com", false},
	{"localhost", "localhost", true},
	{"a_b.example.com", "a_b.example.com", true},
	{"xn--bcher-kva.example", "xn--bcher-kva.example", true},
	/* A wildcard is the whole left-most label and stands for exactly one. */
	{"www.example.com", "*.example.com", true},
	{"WWW.example.com.", "*.Example.com", true},
	{"xn--bcher-kva.example.com", "*.example.com", true},
	{"example.com", "*.example.com", false},
	{"a.b.example.com", "*.example.com", false},
	{".example.com", "*.example.com", false},
	{"www.example.com", "w*.example.com", false},
	{"www.example.com", "*w.example.com", false},
	{"www.example.com", "**.example.com", false},
	{"www.example.com", "www.*.com", false},
	{"www.example.com", "*.*.com", false},
	{"www.example.com", "*", false},
	{"localhost", "*", false},
	{"*.example.com", "*.example.com", false},
	/* A whole registry is nobody's. */
	{"example.com", "*.com", false},
	{"www.example.com", "*.", false},
	{"www.example.com", "*..example.com", false},
	{"a.example.com", "*.example.com.", false},
	/* Addresses stand for themselves, in any spelling of theirs. */
	{"192.0.2.7", "192.0.2.7", true},
	{"192.0.2.7", "192.0.2.8", false},
	{"192.0.2.7", "*.0.2.7", false},
	{"192.0.2.7", "dns:192.0.2.7", false},
	{"2001:db8::7", "2001:db8:0:0::7", true},
	{"2001:DB8::7", "2001:db8::7", true},
	{"2001:db8::7", "2001:db8::8", false},
	{"::ffff:192.0.2.7", "192.0.2.7", false},
	{"192.0.2.7", "c000:207::", false},
	{"0.0.0.0", "::", false},
	/* What the reader made of odd bytes matches nothing. */
	{"good.test", "good.test\\00.evil.test", false},
	{"good.test\\00.evil.test", "good.test\\00.evil.test", false},
	{"good.test", "good.test ", false},
	{"good test", "good test", false},
	{"b\xc3\xbc"
	 "cher.example",
	 "b\xc3\xbc"
	 "cher.example",
	 false},
	{"", "", false},
	{".", ".", false},
	{"", "*.example.com", false},
	{"a..b", "a..b", false},
};

static void each_pair(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (name_matches_pattern(cases[i].host, cases[i].pattern) != cases[i].matches)
			fail_msg("\"%s\" against \"%s\"", cases[i].host, cases[i].pattern);
	}
}

static void any_of_several(void **state UNUSED)
{
	const char *const names[] = {"a.example", "*.b.example", "192.0.2.7"};

	assert_true(name_matches("x.b.example", names, 3));
	assert_true(name_matches("192.0.2.7", names, 3));
	assert_false(name_matches("b.example", names, 3));
	assert_false(name_matches("192.0.2.7", names, 2));
	assert_false(name_matches("a.example", NULL, 0));
}

static void too_long(void **state UNUSED)
{
	char label[80], name[300];

	memset(label, 'a', 63);
	memcpy(label + 63, ".example", 9);
	assert_true(name_matches_pattern(label, label));
	memset(label, 'a', 64);
	memcpy(label + 64, ".example", 9);
	assert_false(name_matches_pattern(label, label));
	for (size_t i = 0; i < 299; i++)
		name[i] = i % 2 ? '.' : 'a';
	name[253] = '\0';
	assert_true(name_matches_pattern(name, name));
	name[253] = '.';
	name[255] = '\0';
	assert_false(name_matches_pattern(name, name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_pair),
		cmocka_unit_test(any_of_several),
		cmocka_unit_test(too_long),
	};

	return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
