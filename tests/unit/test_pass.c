/*
 * Leave to connect: the overall gate, the gate of each address, the rate, the order of asking, and
 * withdrawal in each state. Passes are freed with nobody left in them, or passes_free tells.
 */
#include "lib/base/sys.h"
#include "tests/unit/peers.h"

#include "lib/base/clock.h"
#include "probes/pass.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct asker {
	struct pass pass;
	struct loop *loop;
	int granted;
	int *order;
	int place;	   /* in the order of granting, from 1 */
	struct pass *ends; /* another one, from inside the grant */
};

static void on_granted(void *arg)
{
	struct asker *asker = arg;
	asker->granted++;
	asker->place = ++*asker->order;
	if (asker->ends)
		pass_end(asker->ends);
}

static void turns(struct loop *loop)
{
	for (int i = 0; i < 5; i++)
		loop_turn(loop);
}

static void ask(struct asker *asker, struct loop *loop, struct passes *passes, const char *text,
		int *order)
{
	struct address address;
	assert_true(address_parse(text, &address));
	*asker = (struct asker){.loop = loop, .order = order};
	pass_ask(&asker->pass, passes, &address, on_granted, asker);
	assert_int_equal(asker->granted, 0); /* never from inside */
}

static void test_per_address(void **state)
{
	(void)state;
	struct loop *loop = loop_new();
	struct passes *passes = passes_new(loop, &(struct passes_config){.per_address = 2});
	struct asker busy[5], other;
	int order = 0;

	for (int i = 0; i < 5; i++)
		ask(&busy[i], loop, passes, "192.0.2.1", &order);
	ask(&other, loop, passes, "2001:db8::1", &order);
	turns(loop);
	assert_int_equal(order, 3);
	assert_int_equal(other.granted, 1); /* not held up by a busy neighbour */
	pass_end(&busy[3].pass);	    /* withdrawn while it stands behind */
	pass_end(&busy[0].pass);
	turns(loop);
	assert_int_equal(busy[2].place, 4); /* in the order of asking */
	assert_int_equal(busy[4].granted, 0);
	pass_end(&busy[1].pass);
	turns(loop);
	assert_int_equal(busy[4].granted, 1);
	pass_end(&busy[2].pass);
	pass_end(&busy[4].pass);
	pass_end(&other.pass);
	pass_end(&other.pass); /* nothing when there is none */
	passes_free(passes);
	loop_free(loop);
}

static void test_overall(void **state)
{
	(void)state;
	struct loop *loop = loop_new();
	struct passes *passes = passes_new(loop, &(struct passes_config){.concurrency = 1});
	struct asker askers[4];
	int order = 0;

	for (int i = 0; i < 4; i++)
		ask(&askers[i], loop, passes, "192.0.2.1", &order);
	turns(loop);
	assert_int_equal(order, 1);
	pass_end(&askers[1].pass); /* withdrawn while it is ready */
	pass_end(&askers[0].pass);
	turns(loop);
	assert_int_equal(askers[2].granted, 1);
	assert_int_equal(askers[1].granted, 0);
	askers[3].ends = &askers[3].pass; /* given back from inside the grant */
	pass_end(&askers[2].pass);
	turns(loop);
	assert_int_equal(order, 3);
	passes_free(passes);
	loop_free(loop);
}

static void test_rate(void **state)
{
	(void)state;
	struct loop *loop = loop_new();
	struct passes *passes = passes_new(loop, &(struct passes_config){.rate = 40});
	struct asker askers[20];
	int order = 0;
	int64_t started = clock_mono_ms();

	for (int i = 0; i < 20; i++)
		ask(&askers[i], loop, passes, "192.0.2.1", &order);
	turns(loop);
	assert_in_range(order, 1, 12); /* the burst is a quarter of a second's worth */
	while (order < 20)
		loop_turn(loop);
	assert_in_range(clock_mono_ms() - started, 200, 2000);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(askers[i].place, i + 1);
		pass_end(&askers[i].pass);
	}
	passes_free(passes);
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_per_address),
		cmocka_unit_test(test_overall),
		cmocka_unit_test(test_rate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
