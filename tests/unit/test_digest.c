/*
 * lib/base/digest: published vectors (FIPS 180, RFC 4231, RFC 4648), ids that may never change,
 * and strictness of the decoders.
 */
#include "lib/base/digest.h"
#include "lib/base/rand.h"
#include "lib/base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void sha256_vectors(void **state UNUSED)
{
	static const struct {
		const char *text;
		const char *hex;
	} table[] = {
		{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	};
	char hex[SHA256_HEX_LEN + 1];
	size_t i;

	digest_prepare();
	for (i = 0; i < ARRAY_LEN(table); i++) {
		digest_sha256_hex(table[i].text, strlen(table[i].text), hex);
		assert_string_equal(hex, table[i].hex);
	}
	digest_sha256_hex(NULL, 0, hex);
	assert_string_equal(hex, table[0].hex);
}

static void hmac_is(const void *key, size_t key_len, const char *text, const char *hex)
{
	uint8_t mac[SHA256_LEN];
	char ours[SHA256_HEX_LEN + 1];

	digest_hmac_sha256(key, key_len, text, strlen(text), mac);
	hex_encode(mac, sizeof(mac), ours);
	assert_string_equal(ours, hex);
}

static void hmac_vectors(void **state UNUSED)
{
	uint8_t key[131];

	memset(key, 0x0b, 20);
	hmac_is(key, 20, "Hi There",
		"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	hmac_is("Jefe", 4, "what do ya want for nothing?",
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	hmac_is(key, sizeof(key), "Test Using Larger Than Block-Size Key - Hash Key First",
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	/* An empty key is a key, and not the one before. */
	hmac_is("", 0, "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
	hmac_is(NULL, 0, "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void ids_never_change(void **state UNUSED)
{
	static const struct {
		const char *parts[3];
		const char *uuid;
	} table[] = {
		{{NULL}, "ebb8a058-6360-525c-8d0d-7ef758a17622"},
		{{"a", NULL}, "d2c19f82-9ec2-521a-824f-32026d240e9b"},
		{{"a", "b", NULL}, "1c690b18-b7d1-5555-9260-bfb670d9b764"},
		{{"ab", NULL}, "fc19c37c-edea-53fe-8665-f9d547ebdbae"},
		{{"expired", "example.org:443", NULL}, "78238842-18e4-5528-b69f-e7758a3e2879"},
	};
	char uuid[UUID_TEXT_LEN + 1];
	char id[SHORT_ID_LEN + 1];
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		digest_uuid5(table[i].parts, uuid);
		assert_string_equal(uuid, table[i].uuid);
	}
	digest_short_id("example.org:443", id);
	assert_string_equal(id, "3f56b5fb01044d4144568708c6a52c9a");
}

static void compares(void **state UNUSED)
{
	assert_true(digest_equal("abc", "abc", 3));
	assert_false(digest_equal("abc", "abd", 3));
	assert_true(digest_equal("abc", "abd", 2));
	assert_true(digest_equal("", "", 0));
}

static void hex_both_ways(void **state UNUSED)
{
	static const char *const wrong[] = {"",	    "0",    "00f",  "00ff0", "00ff00",
					    "00fg", "0x00", "00 f", " 00ff"};
	const uint8_t bytes[] = {0x00, 0x7f, 0x80, 0xff};
	uint8_t back[4];
	char hex[9];
	size_t i;

	hex_encode(bytes, sizeof(bytes), hex);
	assert_string_equal(hex, "007f80ff");
	assert_true(hex_decode("007F80fF", back, sizeof(back)));
	assert_memory_equal(back, bytes, sizeof(bytes));
	for (i = 0; i < ARRAY_LEN(wrong); i++)
		assert_false(hex_decode(wrong[i], back, 2));
	assert_false(hex_decode(NULL, back, 2));
	assert_true(hex_decode("", back, 0));
	hex_encode(bytes, 0, hex);
	assert_string_equal(hex, "");
}

static void base64_vectors(void **state UNUSED)
{
	static const struct {
		const char *plain;
		const char *text;
	} table[] = {
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
		{"\xfb\xff\xbf", "+/+/"},
	};
	struct buf buf;
	size_t i;

	buf_init(&buf, 100);
	for (i = 0; i < ARRAY_LEN(table); i++) {
		buf_reset(&buf);
		base64_encode(&buf, table[i].plain, strlen(table[i].plain));
		assert_string_equal(buf_text(&buf), table[i].text);
		buf_reset(&buf);
		assert_true(base64_decode(&buf, table[i].text, strlen(table[i].text)));
		assert_string_equal(buf_text(&buf), table[i].plain);
	}
	buf_finish(&buf);
}

static void base64_is_strict(void **state UNUSED)
{
	static const char *const wrong[] = {
		"Z",	 "Zg",	     "Zg=",	 "Zg===",      "=",    "====",
		"Z===",	 "Zg==Zg==", "Zm8=Zg==", "Zh==",       "Zm9=", "Zm9v\n",
		"Zm 9v", "Zm9v ",    "Z-_v",	 "Zm\xc3\xa4", "=g==", "Zg=v",
	};
	struct buf buf;
	size_t i;

	buf_init(&buf, 8);
	buf_add_str(&buf, "kept");
	for (i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_false(base64_decode(&buf, wrong[i], strlen(wrong[i])));
		assert_string_equal(buf_text(&buf), "kept");
	}
	assert_false(base64_decode(&buf, "AA\0A", 4));
	/* The ceiling too takes all back. */
	assert_false(base64_decode(&buf, "Zm9vYmFy", 8));
	assert_string_equal(buf_text(&buf), "kept");
	assert_true(buf.overflow);
	buf_finish(&buf);
}

static void base64_returns_any_bytes(void **state UNUSED)
{
	uint8_t bytes[200];
	struct buf text;
	struct buf back;
	size_t len;

	buf_init(&text, 400);
	buf_init(&back, 400);
	for (len = 0; len <= sizeof(bytes); len++) {
		rand_bytes(bytes, len);
		buf_reset(&text);
		buf_reset(&back);
		base64_encode(&text, bytes, len);
		assert_int_equal(text.len, (len + 2) / 3 * 4);
		assert_true(base64_decode(&back, buf_text(&text), text.len));
		assert_int_equal(back.len, len);
		assert_memory_equal(buf_text(&back), bytes, len);
	}
	buf_finish(&text);
	buf_finish(&back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_vectors),   cmocka_unit_test(hmac_vectors),
		cmocka_unit_test(ids_never_change), cmocka_unit_test(compares),
		cmocka_unit_test(hex_both_ways),    cmocka_unit_test(base64_vectors),
		cmocka_unit_test(base64_is_strict), cmocka_unit_test(base64_returns_any_bytes),
	};

	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
