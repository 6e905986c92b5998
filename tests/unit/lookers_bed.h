/*
 * The bed that tests of lookers lie in: a loop, a pool of roles that play parts (roles.c), looks by
 * the dozen and what became of each. Its tear-down counts deaths, descriptors and children.
 */
#ifndef TESTS_UNIT_LOOKERS_BED_H
#define TESTS_UNIT_LOOKERS_BED_H

#include "lib/base/sys.h"
#include "lib/loop/timer.h"
#include "lib/wire/lookers.h"
#include "lib/wire/role.h"
#include "tests/unit/roles.h"
#include "tests/unit/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define ASKED_MAX 200

/* One look and what became of it. */
struct asked {
	struct look *look;
	int done;
	bool released, crashed, one_chain;
	struct observation seen;
	size_t certs_len, members_len;
	char names[200]; /* of the members, each with a blank behind */
	struct asked *cancels;
};

struct lookers_bed {
	struct loop *loop;
	struct lookers *lookers;
	struct timer guard;
	char memory[200];
	struct asked asked[ASKED_MAX];
	size_t asked_len;
	int deaths, deaths_expected, infos, warnings;
	char detail[1500]; /* of the last note */
	size_t lines;
	int kill_signo; /* sent to all roles at each line "holding" or "waiting" */
	int fds_before;
	bool inside; /* look_start runs */
};
extern struct lookers_bed f;

int bed_set_up(void **state);
int bed_tear_down(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_set_up, bed_tear_down)

struct lookers_config config_of(size_t probers, const char *roots);
void start_with(const struct lookers_config *config);
void start(size_t probers, const char *roots);
int32_t a_pid(void); /* of a role, 0: none lives */

/* The part to be played is the host's first label, or the file's first word. */
struct asked *ask_with(const char *host, int64_t deadline_ms, const struct observation *known,
		       int file);
struct asked *ask(const char *host);
struct asked *ask_file(const char *content, int64_t deadline_ms);
void until(const struct asked *asked); /* done */
void until_ready(void);
void until_lines(size_t lines);

enum outcome outcome_of(const struct asked *asked);
void is_ok(const struct asked *asked);
void is_ours(const struct asked *asked);
void is_crash(const struct asked *asked);

#endif
