/*
 * lib/wire/msg: each message sent over a channel comes back field by field; each field of the
 * wrong type, out of range or missing is refused with its name, and what nobody knows passes.
 */
#include "lib/base/sys.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/base/str.h"
#include "lib/loop/timer.h"
#include "lib/wire/msg.h"
#include "tests/unit/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

static struct {
	struct loop *loop;
	struct timer guard;
	struct channel *out, *in;
	void (*check)(const struct frame *frame, const void *sent);
	const void *sent;
	int seen;
} f;

static void on_guard(void *arg UNUSED)
{
	fail_msg("no frame came in time");
}

static void on_frame(void *arg UNUSED, struct frame *frame)
{
	f.check(frame, f.sent);
	f.seen++;
	loop_stop(f.loop);
}

static void on_gone(void *arg UNUSED, const char *why)
{
	fail_msg("the channel has ended: %s", why);
}

static int set_up(void **state UNUSED)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return -1;
	f.loop = loop_new();
	timer_init(&f.guard, f.loop, on_guard, NULL);
	timer_set(&f.guard, 30000);
	f.out = channel_new(f.loop, pair[0], on_frame, on_gone, NULL);
	f.in = channel_new(f.loop, pair[1], on_frame, on_gone, NULL);
	f.seen = 0;
	return 0;
}

static int tear_down(void **state UNUSED)
{
	channel_free(f.out);
	channel_free(f.in);
	timer_clear(&f.guard);
	loop_free(f.loop);
	return 0;
}

/* The frame that was just sent is looked at by check. */
static void arrive(void (*check)(const struct frame *, const void *), const void *sent)
{
	int before = f.seen;

	f.check = check;
	f.sent = sent;
	while (f.seen == before)
		loop_run(f.loop);
}

/* --- each message comes back --- */

static void check_setup(const struct frame *frame, const void *arg)
{
	const struct msg_setup *sent = arg;
	struct msg_setup got;

	assert_true(msg_parse_setup(&got, frame, NULL));
	assert_true(str_eq(got.roots, sent->roots));
	assert_true(str_eq(got.resolver, sent->resolver));
	assert_true(str_eq(got.resolv_conf, sent->resolv_conf));
	assert_true(str_eq(got.hosts_file, sent->hosts_file));
	assert_int_equal(got.concurrency, sent->concurrency);
	assert_int_equal(got.per_address, sent->per_address);
	assert_int_equal(got.rate, sent->rate);
	assert_int_equal(got.log_level, sent->log_level);
	msg_setup_finish(&got);
}

static void setup_comes_back(void **state UNUSED)
{
	const struct msg_setup empty = {0};
	struct msg_setup full = {
		.roots = (char[]){"/etc/roots.pem"},
		.resolver = (char[]){"192.0.2.1, 192.0.2.2"},
		.resolv_conf = (char[]){"/etc/resolv.conf"},
		.hosts_file = (char[]){""},
		.concurrency = 512,
		.per_address = 4,
		.rate = 500,
		.log_level = 3,
	};
	struct msg_setup copy;

	assert_true(msg_send_setup(f.out, &empty));
	arrive(check_setup, &empty);
	msg_setup_copy(&copy, &full);
	assert_true(msg_send_setup(f.out, &copy));
	arrive(check_setup, &full);
	msg_setup_finish(&copy);
	msg_setup_finish(&copy);
}

static void check_ready(const struct frame *frame, const void *arg)
{
	const struct msg_ready *sent = arg;
	struct msg_ready got;

	assert_true(msg_parse_ready(&got, frame, NULL));
	assert_int_equal(got.roots, sent->roots);
	assert_int_equal(got.resolvers, sent->resolvers);
	assert_string_equal(got.generation, sent->generation);
	assert_string_equal(got.warning, sent->warning);
}

static void ready_comes_back(void **state UNUSED)
{
	struct msg_ready ready = {
		.roots = 140,
		.generation = "0123456789abcdef",
		.resolvers = 2,
		.warning = "the roots cannot be read",
	};

	assert_true(msg_send_ready(f.out, &ready));
	arrive(check_ready, &ready);
	ready = (struct msg_ready){0};
	assert_true(msg_send_ready(f.out, &ready));
	arrive(check_ready, &ready);
}

static void check_look(const struct frame *frame, const void *arg)
{
	const struct msg_look *sent = arg;
	struct msg_look got;
	struct err err = {0};

	if (!msg_parse_look(&got, frame, &err))
		fail_msg("%s", err.text);
	assert_int_equal(got.item, sent->item);
	assert_int_equal(got.now, sent->now);
	assert_int_equal(got.deadline_ms, sent->deadline_ms);
	assert_int_equal(got.all_addresses, sent->all_addresses);
	assert_true(sample_same(target_to_json(&got.target), target_to_json(&sent->target)));
	assert_int_equal(got.known_len, sent->known_len);
	for (size_t i = 0; i < got.known_len; i++) {
		const struct msg_known *a = &got.known[i], *b = &sent->known[i];

		assert_string_equal(a->address, b->address);
		assert_string_equal(a->generation, b->generation);
		assert_int_equal(a->path_until, b->path_until);
		assert_int_equal(a->chain_len, b->chain_len);
		for (size_t k = 0; k < a->chain_len; k++)
			assert_string_equal(a->chain[k], b->chain[k]);
	}
	msg_look_finish(&got);
}

static void random_known(struct msg_known *out)
{
	str_copy(out->address, sizeof(out->address), "2001:db8::1");
	str_copy(out->generation, sizeof(out->generation), rand_between(0, 1) ? "00ff" : "");
	out->path_until = rand_between(0, 1) ? TIME_UNKNOWN : (int64_t)rand_u64();
	out->chain_len = (size_t)rand_between(0, ENDPOINT_CHAIN_MAX + 1);
	for (size_t i = 0; i < out->chain_len; i++)
		digest_sha256_hex(&i, sizeof(i), out->chain[i]);
}

static void look_comes_back(void **state UNUSED)
{
	rand_seed(7);
	for (int round = 0; round < 100; round++) {
		struct msg_look look = {
			.item = (uint64_t)rand_between(1, INT64_MAX),
			.now = (int64_t)rand_u64(),
			.deadline_ms = rand_between(1, 60000),
			.all_addresses = rand_between(0, 1),
			.known_len = (size_t)rand_between(0, OBSERVATION_ENDPOINTS_MAX),
		};

		look.known = MEM_NEW_ARRAY(look.known_len, struct msg_known);
		for (size_t i = 0; i < look.known_len; i++)
			random_known(&look.known[i]);
		random_target(&look.target);
		assert_true(msg_send_look(f.out, &look));
		arrive(check_look, &look);
		msg_look_finish(&look);
	}
}

static void check_read(const struct frame *frame, const void *arg UNUSED)
{
	uint64_t item;
	int64_t now;
	char c;

	assert_true(msg_parse_read(&item, &now, frame, NULL));
	assert_int_equal(item, 9);
	assert_int_equal(now, -5);
	assert_int_equal(read(frame->fd, &c, 1), 1);
}

static void read_comes_with_a_descriptor(void **state UNUSED)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_true(msg_send_read(f.out, 9, -5, fds[0]));
	close(fds[0]);
	close(fds[1]);
	arrive(check_read, NULL);
}

static void check_read_refused(const struct frame *frame, const void *arg UNUSED)
{
	uint64_t item;
	int64_t now;
	struct err err = {0};

	assert_false(msg_parse_read(&item, &now, frame, &err));
	assert_non_null(strstr(err.text, "descriptor"));
}

static void read_without_a_descriptor_is_refused(void **state UNUSED)
{
	assert_true(msg_send_read(f.out, 9, -5, -1));
	arrive(check_read_refused, NULL);
}

static void check_cancel(const struct frame *frame, const void *arg UNUSED)
{
	uint64_t item;

	assert_true(msg_parse_cancel(&item, frame, NULL));
	assert_int_equal(item, 77);
}

static void cancel_comes_back(void **state UNUSED)
{
	assert_true(msg_send_cancel(f.out, 77));
	arrive(check_cancel, NULL);
}

static void check_result(const struct frame *frame, const void *arg)
{
	const struct msg_result *sent = arg;
	struct msg_result got;
	struct err err = {0};

	if (!msg_parse_result(&got, frame, &err))
		fail_msg("%s", err.text);
	assert_int_equal(got.item, sent->item);
	assert_int_equal(got.same, sent->same);
	assert_true(str_eq(got.member, sent->member));
	assert_true(sample_same(endpoint_to_json(&got.endpoint, NULL, TIME_UNKNOWN),
				endpoint_to_json(&sent->endpoint, NULL, TIME_UNKNOWN)));
	assert_int_equal(got.ders_len, sent->ders_len);
	for (size_t i = 0; i < got.ders_len; i++)
		assert_memory_equal(got.ders[i].data, sent->ders[i].data, got.ders[i].len);
	msg_result_finish(&got);
}

static void result_comes_back(void **state UNUSED)
{
	static const uint8_t der[] = "certificate";
	struct attachment ders[ENDPOINT_CHAIN_MAX + 1];

	for (size_t i = 0; i < ARRAY_LEN(ders); i++)
		ders[i] = (struct attachment){der, sizeof(der) - i % 5};
	rand_seed(8);
	for (int round = 0; round < 100; round++) {
		struct msg_result result = {.item = 1 + (uint64_t)round, .ders = ders};

		random_endpoint(&result.endpoint);
		result.same = rand_between(0, 1);
		if (rand_between(0, 1))
			result.member = str_dup("alias \xe2\x82\xac");
		if (result.endpoint.has_cert && !result.same)
			result.ders_len = 1 + result.endpoint.chain_len;
		assert_true(msg_send_result(f.out, &result));
		arrive(check_result, &result);
		msg_result_finish(&result);
	}
}

static void check_result_refused(const struct frame *frame, const void *arg UNUSED)
{
	struct msg_result got;
	struct err err = {0};

	assert_false(msg_parse_result(&got, frame, &err));
	assert_non_null(strstr(err.text, "certificate"));
}

/* Each certificate comes with its bytes, and no bytes come alone. */
static void result_with_other_certificates_is_refused(void **state UNUSED)
{
	static const uint8_t der[] = "certificate";
	const struct attachment ders[2] = {{der, sizeof(der)}, {der, 0}};
	struct msg_result result = {.item = 1, .ders = ders};

	result.endpoint = sample_served("192.0.2.1", 'a', NOW);
	assert_true(msg_send_result(f.out, &result));
	arrive(check_result_refused, NULL);
	result.ders_len = 2;
	assert_true(msg_send_result(f.out, &result));
	arrive(check_result_refused, NULL);
	result.ders_len = 1;
	result.ders = ders + 1;
	assert_true(msg_send_result(f.out, &result));
	arrive(check_result_refused, NULL);
	result.ders = ders;
	result.same = true;
	assert_true(msg_send_result(f.out, &result));
	arrive(check_result_refused, NULL);
	endpoint_finish(&result.endpoint);
	result.endpoint = sample_dead("192.0.2.1", OUTCOME_REFUSED);
	result.same = false;
	assert_true(msg_send_result(f.out, &result));
	arrive(check_result_refused, NULL);
	endpoint_finish(&result.endpoint);
}

static void check_done(const struct frame *frame, const void *arg)
{
	const struct msg_done *sent = arg;
	struct msg_done got;

	assert_true(msg_parse_done(&got, frame, NULL));
	assert_int_equal(got.item, sent->item);
	assert_int_equal(got.released, sent->released);
	assert_int_equal(got.ours, sent->ours);
	assert_int_equal(got.one_chain, sent->one_chain);
	assert_int_equal(got.families_skipped, sent->families_skipped);
	assert_string_equal(got.error, sent->error);
}

static void done_comes_back(void **state UNUSED)
{
	struct msg_done done = {.item = 1, .ours = true, .families_skipped = 3, .error = "no way"};

	assert_true(msg_send_done(f.out, &done));
	arrive(check_done, &done);
	done = (struct msg_done){.item = INT64_MAX, .released = true, .one_chain = true};
	assert_true(msg_send_done(f.out, &done));
	arrive(check_done, &done);
}

/* --- each wrong field is refused --- */

static bool parses(unsigned type, json_t *json, struct err *err)
{
	const struct frame frame = {.type = type, .json = json, .fd = 0};
	struct msg_setup setup;
	struct msg_ready ready;
	struct msg_look look;
	struct msg_result result;
	struct msg_done done;
	uint64_t item;
	int64_t now;
	bool ok = false;

	switch ((enum msg_type)type) {
	case MSG_SETUP:
		ok = msg_parse_setup(&setup, &frame, err);
		if (ok)
			msg_setup_finish(&setup);
		return ok;
	case MSG_READY:
		return msg_parse_ready(&ready, &frame, err);
	case MSG_LOOK:
		ok = msg_parse_look(&look, &frame, err);
		if (ok)
			msg_look_finish(&look);
		return ok;
	case MSG_READ:
		return msg_parse_read(&item, &now, &frame, err);
	case MSG_CANCEL:
		return msg_parse_cancel(&item, &frame, err);
	case MSG_RESULT:
		ok = msg_parse_result(&result, &frame, err);
		if (ok)
			msg_result_finish(&result);
		return ok;
	case MSG_DONE:
		return msg_parse_done(&done, &frame, err);
	}
	return false;
}

/* A message of the type that is right in all its fields. */
static json_t *good(unsigned type)
{
	static const char *const texts[] = {
		[MSG_SETUP] = "{\"roots\":\"system\",\"concurrency\":1,\"per_address\":1,"
			      "\"rate\":0,\"log_level\":2}",
		[MSG_READY] = "{\"roots\":1,\"generation\":\"00ff\",\"resolvers\":1,"
			      "\"warning\":\"\"}",
		[MSG_LOOK] = "{\"item\":1,\"now\":0,\"deadline_ms\":1000,\"all_addresses\":true,"
			     "\"known\":[{\"address\":\"192.0.2.1\",\"chain\":[],"
			     "\"generation\":\"\",\"path_until\":0}]}",
		[MSG_READ] = "{\"item\":1,\"now\":0}",
		[MSG_CANCEL] = "{\"item\":1}",
		[MSG_RESULT] = "{\"item\":1,\"same\":false,\"member\":null}",
		[MSG_DONE] = "{\"item\":1,\"released\":false,\"ours\":false,\"one_chain\":false,"
			     "\"families_skipped\":0,\"error\":null}",
	};
	json_t *json = json_parse(texts[type], strlen(texts[type]), 10000, NULL);

	if (type == MSG_LOOK) {
		struct target target;

		assert_true(target_parse(&target, "www.example.com", "", NULL, NULL));
		json_put(json, "target", target_to_json(&target));
		target_finish(&target);
	}
	if (type == MSG_RESULT) {
		struct endpoint endpoint = sample_dead("192.0.2.1", OUTCOME_REFUSED);

		json_put(json, "endpoint", endpoint_to_json(&endpoint, NULL, TIME_UNKNOWN));
		endpoint_finish(&endpoint);
	}
	return json;
}

static void good_ones_pass(void **state UNUSED)
{
	for (unsigned type = MSG_SETUP; type <= MSG_DONE; type++) {
		json_t *json = good(type);
		struct err err = {0};

		json_put_str(json, "from the future", "passed over");
		if (!parses(type, json, &err))
			fail_msg("%u: %s", type, err.text);
		json_decref(json);
	}
}

static const struct {
	unsigned type;
	const char *key;
	const char *value; /* JSON in an array; NULL: the member is missing */
} wrong[] = {
	{MSG_SETUP, "roots", "[1]"},
	{MSG_SETUP, "resolver", "[{}]"},
	{MSG_SETUP, "concurrency", "[-1]"},
	{MSG_SETUP, "concurrency", NULL},
	{MSG_SETUP, "per_address", "[1.5]"},
	{MSG_SETUP, "rate", "[\"1\"]"},
	{MSG_SETUP, "log_level", "[4]"},
	{MSG_READY, "roots", "[-1]"},
	{MSG_READY, "roots", "[10000000000]"},
	{MSG_READY, "generation", "[\"0123456789abcdef0\"]"},
	{MSG_READY, "generation", "[\"G\"]"},
	{MSG_READY, "resolvers", NULL},
	{MSG_READY, "warning", "[true]"},
	{MSG_LOOK, "item", "[0]"},
	{MSG_LOOK, "item", "[-1]"},
	{MSG_LOOK, "item", "[\"1\"]"},
	{MSG_LOOK, "item", NULL},
	{MSG_LOOK, "now", "[null]"},
	{MSG_LOOK, "deadline_ms", "[0]"},
	{MSG_LOOK, "deadline_ms", "[86400001]"},
	{MSG_LOOK, "all_addresses", "[1]"},
	{MSG_LOOK, "target", "[[]]"},
	{MSG_LOOK, "target", "[{}]"},
	{MSG_LOOK, "target", NULL},
	{MSG_LOOK, "known", NULL},
	{MSG_LOOK, "known", "[{}]"},
	{MSG_LOOK, "known", "[[1]]"},
	{MSG_LOOK, "known", "[[{\"address\":\"a\",\"path_until\":0}]]"},
	{MSG_LOOK, "known", "[[{\"chain\":[1],\"path_until\":0}]]"},
	{MSG_LOOK, "known", "[[{\"chain\":[\"00\"],\"path_until\":0}]]"},
	{MSG_LOOK, "known", "[[{\"chain\":[],\"path_until\":true}]]"},
	{MSG_LOOK, "known", "[[{\"chain\":[],\"generation\":\"zz\",\"path_until\":0}]]"},
	{MSG_READ, "item", "[0]"},
	{MSG_READ, "now", "[\"x\"]"},
	{MSG_CANCEL, "item", NULL},
	{MSG_RESULT, "item", "[0]"},
	{MSG_RESULT, "same", NULL},
	{MSG_RESULT, "same", "[0]"},
	{MSG_RESULT, "member", "[7]"},
	{MSG_RESULT, "endpoint", NULL},
	{MSG_RESULT, "endpoint", "[{}]"},
	{MSG_RESULT, "endpoint", "[{\"outcome\":\"nice\"}]"},
	{MSG_DONE, "item", "[9223372036854775808.0]"},
	{MSG_DONE, "released", NULL},
	{MSG_DONE, "ours", "[\"no\"]"},
	{MSG_DONE, "one_chain", "[null]"},
	{MSG_DONE, "families_skipped", "[-1]"},
	{MSG_DONE, "error", "[[]]"},
};

static void wrong_fields_are_refused(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		json_t *json = good(wrong[i].type);
		struct err err = {0};

		if (wrong[i].value) {
			json_t *value = json_parse(wrong[i].value, strlen(wrong[i].value), 1000,
						   NULL);

			assert_non_null(value);
			json_object_set(json, wrong[i].key, json_array_get(value, 0));
			json_decref(value);
		} else {
			json_object_del(json, wrong[i].key);
		}
		if (parses(wrong[i].type, json, &err))
			fail_msg("%u %s %s passed", wrong[i].type, wrong[i].key, wrong[i].value);
		assert_string_not_equal(err.text, "");
		json_decref(json);
	}
}

static void long_texts_are_refused(void **state UNUSED)
{
	char text[5000];
	struct err err = {0};

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	static const struct {
		unsigned type;
		const char *key;
	} texts[] = {
		{MSG_SETUP, "roots"}, {MSG_SETUP, "hosts_file"}, {MSG_READY, "warning"},
		{MSG_DONE, "error"},  {MSG_RESULT, "member"},
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		json_t *json = good(texts[i].type);

		json_put_str(json, texts[i].key, text);
		assert_false(parses(texts[i].type, json, &err));
		assert_non_null(strstr(err.text, texts[i].key));
		json_decref(json);
	}
}

static void too_many_known_are_refused(void **state UNUSED)
{
	json_t *json = good(MSG_LOOK);
	json_t *known = json_get_array(json, "known");
	struct err err = {0};

	while (json_array_size(known) <= OBSERVATION_ENDPOINTS_MAX)
		json_array_append(known, json_array_get(known, 0));
	assert_false(parses(MSG_LOOK, json, &err));
	json_decref(json);
}

static void another_type_is_refused(void **state UNUSED)
{
	json_t *json = good(MSG_DONE);
	const struct frame frame = {.type = MSG_READY, .json = json, .fd = -1};
	const struct frame attached = {.type = MSG_DONE, .json = json, .attachments_len = 1};
	struct msg_done done;

	assert_false(msg_parse_done(&done, &frame, NULL));
	assert_false(msg_parse_done(&done, &attached, NULL));
	json_decref(json);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(setup_comes_back),
		TEST(ready_comes_back),
		TEST(look_comes_back),
		TEST(read_comes_with_a_descriptor),
		TEST(read_without_a_descriptor_is_refused),
		TEST(cancel_comes_back),
		TEST(result_comes_back),
		TEST(result_with_other_certificates_is_refused),
		TEST(done_comes_back),
		cmocka_unit_test(good_ones_pass),
		cmocka_unit_test(wrong_fields_are_refused),
		cmocka_unit_test(long_texts_are_refused),
		cmocka_unit_test(too_many_known_are_refused),
		cmocka_unit_test(another_type_is_refused),
	};

	return cmocka_run_group_tests_name("wire/msg", tests, NULL, NULL);
}
