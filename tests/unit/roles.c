/*
 * See roles.h. Each part is a function of one look; most say what they were told to say and are
 * done. A part that is to be killed prints a line, which the test sees as a log line, and waits.
 */
#include "lib/base/sys.h"
#include "tests/unit/roles.h"

#include "lib/base/digest.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/loop/timer.h"
#include "lib/wire/msg.h"
#include "lib/wire/role.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

static struct {
	struct loop *loop;
	struct channel *channel;
	struct role_page *page;
	int fd;
	bool reader;
	char *memory;  /* a directory */
	uint64_t held; /* item of which nothing is said until a timer or a cancel */
	struct timer timer;
	struct timer beat;
} me;

static void must(bool ok)
{
	if (!ok)
		exit(90);
}

/* Names the item, as a prober does while it takes a step for it. */
static void step(uint64_t item)
{
	atomic_store(&me.page->item, item);
	atomic_fetch_add(&me.page->steps, 1);
}

static void say(const char *text)
{
	fprintf(stderr, "<6>%s\n", text);
}

/* --- what is said --- */

static void done(uint64_t item)
{
	atomic_store(&me.page->pending, 0);
	atomic_store(&me.page->item, 0);
	must(msg_send_done(me.channel, &(struct msg_done){.item = item}));
}

static void served(struct endpoint *endpoint, const char *address, const struct attachment *ders,
		   size_t count)
{
	endpoint_init(endpoint);
	str_copy(endpoint->address, sizeof(endpoint->address), address);
	str_copy(endpoint->stage, sizeof(endpoint->stage), "done");
	endpoint->probed_at = 0;
	endpoint->proof = true;
	endpoint->has_cert = true;
	digest_sha256_hex(ders[0].data, ders[0].len, endpoint->cert.sha256);
	endpoint->cert.subject = str_dup("CN=leaf");
	endpoint->cert.issuer = str_dup("CN=ca");
	endpoint->cert.serial = str_dup("01");
	endpoint->cert.key_type = str_dup("EC");
	endpoint->cert.signature = str_dup("ecdsa-with-SHA256");
	endpoint->cert.not_after = 1000;
	endpoint->chain_len = count - 1;
	endpoint->chain = MEM_NEW_ARRAY(count, struct chain_link);
	for (size_t i = 1; i < count; i++) {
		digest_sha256_hex(ders[i].data, ders[i].len, endpoint->chain[i - 1].sha256);
		endpoint->chain[i - 1].subject = str_dup("CN=ca");
		endpoint->chain[i - 1].issuer = str_dup("CN=ca");
		endpoint->chain[i - 1].not_after = 2000;
	}
}

/* The leaf's bytes are the text, the issuer's always the same. */
static void tell(uint64_t item, const char *address, const char *leaf, const char *member, bool lie)
{
	const struct attachment ders[] = {
		{(const uint8_t *)leaf, strlen(leaf)},
		{(const uint8_t *)"the issuer", 10},
	};
	struct msg_result result = {.item = item, .ders = ders, .ders_len = 2};

	result.member = str_dup(member);
	served(&result.endpoint, address, ders, 2);
	if (lie)
		memset(result.endpoint.cert.sha256, 'a', 64);
	must(msg_send_result(me.channel, &result));
	msg_result_finish(&result);
}

static void tell_plain(uint64_t item, const char *address, enum outcome outcome, bool same)
{
	struct msg_result result = {.item = item, .same = same};

	endpoint_init(&result.endpoint);
	str_copy(result.endpoint.address, sizeof(result.endpoint.address), address);
	result.endpoint.outcome = outcome;
	result.endpoint.duration_ms = 7;
	must(msg_send_result(me.channel, &result));
	msg_result_finish(&result);
}

/* --- parts --- */

static bool happened_before(const char *what)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", me.memory, what);
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
	if (fd < 0)
		return true;
	close(fd);
	return false;
}

static void part_ok(uint64_t item)
{
	tell(item, "192.0.2.1", "the leaf", NULL, false);
	done(item);
}
static void part_two(uint64_t item)
{
	tell(item, "192.0.2.1", "the leaf", NULL, false);
	tell(item, "192.0.2.2", "another leaf", NULL, false);
	done(item);
}
static void part_same(uint64_t item)
{
	tell_plain(item, "192.0.2.1", OUTCOME_OK, true);
	done(item);
}
static void part_refused(uint64_t item)
{
	tell_plain(item, "192.0.2.1", OUTCOME_REFUSED, false);
	done(item);
}
static void part_nothing(uint64_t item)
{
	done(item);
}
static void part_released(uint64_t item)
{
	must(msg_send_done(me.channel, &(struct msg_done){.item = item, .released = true}));
}
static void part_ours(uint64_t item)
{
	must(msg_send_done(me.channel, &(struct msg_done){
					       .item = item,
					       .ours = true,
					       .families_skipped = 2,
					       .error = "no route",
				       }));
}
static void part_crash(uint64_t item)
{
	tell(item, "192.0.2.1", "the leaf", NULL, false);
	step(item);
	signal(SIGABRT, SIG_DFL);
	abort();
}
/* Names an item that is none of its own. */
static void part_framer(uint64_t item)
{
	step(item + 1000);
	signal(SIGABRT, SIG_DFL);
	abort();
}
/* The first time only, whoever asks. */
static void part_crashonce(uint64_t item)
{
	if (!happened_before("crashonce"))
		part_crash(item);
	part_ok(item);
}
static void part_exit(uint64_t item)
{
	step(item);
	exit(3);
}
/* An honest death: nobody was being worked on. */
static void part_quit(uint64_t item UNUSED)
{
	exit(0);
}
static void part_spin(uint64_t item)
{
	volatile bool forever = true;

	atomic_store(&me.page->pending, 2);
	step(item);
	while (forever)
		continue;
}
static void part_lie(uint64_t item)
{
	tell(item, "192.0.2.1", "the leaf", NULL, true);
	done(item);
}
static void part_flood(uint64_t item)
{
	for (int i = 0; i < 100; i++)
		tell_plain(item, "192.0.2.1", OUTCOME_REFUSED, false);
	done(item);
}
static void part_chatter(uint64_t item)
{
	for (int i = 0; i < 5000; i++)
		say("chatter");
	part_ok(item);
}
static void part_garbage(uint64_t item UNUSED)
{
	must(write(me.fd, "HTTP/1.1 200 OK\r\n", 17) == 17);
}
static void part_unparsed(uint64_t item UNUSED)
{
	json_t *json = json_object();

	must(channel_send(me.channel, MSG_RESULT, json, NULL, 0, -1));
	json_decref(json);
}
static void part_wrongway(uint64_t item)
{
	must(msg_send_cancel(me.channel, item));
}
static void part_future(uint64_t item)
{
	tell_plain(item + 1000, "192.0.2.1", OUTCOME_REFUSED, false);
}
/* Names the item and waits to be killed from outside. */
static void part_hold(uint64_t item)
{
	atomic_store(&me.page->pending, 1);
	step(item);
	say("holding");
}
static void part_holdonce(uint64_t item)
{
	if (happened_before("holdonce"))
		part_ok(item);
	else
		part_hold(item);
}
/* Accepted, waiting on the network: nobody is named. */
static void part_wait(uint64_t item UNUSED)
{
	atomic_store(&me.page->pending, 1);
	say("waiting");
}
static void part_waitonce(uint64_t item)
{
	if (happened_before("waitonce"))
		part_ok(item);
	else
		part_wait(item);
}
/* Alive, but the look is lost. */
static void part_lost(uint64_t item UNUSED)
{
	atomic_store(&me.page->pending, 1);
	timer_set(&me.beat, 100);
}
static void part_slow(uint64_t item)
{
	me.held = item;
	timer_set(&me.timer, 300);
}
/* Answers a cancel with all that was asked before. */
static void part_late(uint64_t item)
{
	me.held = item;
	say("late");
}

static const struct {
	const char *name;
	void (*play)(uint64_t item);
} parts[] = {
	{"chatter", part_chatter},   {"crash", part_crash},	  {"crashonce", part_crashonce},
	{"exit", part_exit},	     {"flood", part_flood},	  {"framer", part_framer},
	{"future", part_future},     {"garbage", part_garbage},	  {"hold", part_hold},
	{"holdonce", part_holdonce}, {"late", part_late},	  {"lie", part_lie},
	{"lost", part_lost},	     {"nothing", part_nothing},	  {"ok", part_ok},
	{"ours", part_ours},	     {"quit", part_quit},	  {"refused", part_refused},
	{"released", part_released}, {"same", part_same},	  {"slow", part_slow},
	{"spin", part_spin},	     {"two", part_two},		  {"unparsed", part_unparsed},
	{"wait", part_wait},	     {"waitonce", part_waitonce}, {"wrongway", part_wrongway},
};

static void play(uint64_t item, const char *text)
{
	size_t len = strcspn(text, ".\n 0123456789");

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (strlen(parts[i].name) == len && strncmp(parts[i].name, text, len) == 0) {
			parts[i].play(item);
			return;
		}
	exit(91);
}

static void on_timer(void *arg UNUSED)
{
	uint64_t item = me.held;

	me.held = 0;
	part_ok(item);
}

static void on_beat(void *arg UNUSED)
{
	atomic_fetch_add(&me.page->steps, 1);
	timer_set(&me.beat, 100);
}

/* --- the reader's parts: in the file, "member NAME" on each line, or a prober's part --- */

static void read_file(uint64_t item, int fd)
{
	char text[1000], *line = text, *end;
	ssize_t len = read(fd, text, sizeof(text) - 1);

	must(len >= 0);
	text[len] = '\0';
	if (!str_starts(text, "member ")) {
		play(item, text);
		return;
	}
	for (; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		tell(item, "", line, line + strlen("member "), false);
	}
	must(msg_send_done(me.channel, &(struct msg_done){.item = item, .one_chain = true}));
}

/* --- frames --- */

static void start(const struct msg_setup *setup)
{
	struct msg_ready ready = {.roots = 2, .resolvers = setup->concurrency};
	char digest[SHA256_HEX_LEN + 1];

	me.memory = str_dup(setup->hosts_file);
	if (str_eq(setup->roots, ROLES_EXIT))
		exit(4);
	if (str_eq(setup->roots, ROLES_SILENT))
		return;
	if (str_eq(setup->roots, ROLES_GARBAGE))
		part_garbage(0);
	if (str_eq(setup->roots, ROLES_WARN))
		str_copy(ready.warning, sizeof(ready.warning), "the roots are stale");
	digest_sha256_hex(setup->roots ? setup->roots : "", setup->roots ? strlen(setup->roots) : 0,
			  digest);
	digest[16] = '\0';
	str_copy(ready.generation, sizeof(ready.generation), digest);
	must(msg_send_ready(me.channel, &ready));
}

static void on_frame(void *arg UNUSED, struct frame *frame)
{
	struct msg_setup setup;
	struct msg_look look;
	uint64_t item = 0;
	int64_t now;

	switch ((enum msg_type)frame->type) {
	case MSG_SETUP:
		must(msg_parse_setup(&setup, frame, NULL));
		start(&setup);
		msg_setup_finish(&setup);
		return;
	case MSG_LOOK:
		must(!me.reader && msg_parse_look(&look, frame, NULL));
		play(look.item, look.target.host);
		msg_look_finish(&look);
		return;
	case MSG_READ:
		/* One at a time, and from its beginning. */
		must(me.reader && me.held == 0 && msg_parse_read(&item, &now, frame, NULL));
		read_file(item, frame->fd);
		return;
	case MSG_CANCEL:
		must(msg_parse_cancel(&item, frame, NULL));
		if (item == me.held)
			part_ok(item);
		me.held = 0;
		return;
	case MSG_READY:
	case MSG_RESULT:
	case MSG_DONE:
		break;
	}
	exit(92);
}

static void on_gone(void *arg UNUSED, const char *why UNUSED)
{
	loop_stop(me.loop);
}

int roles_play(const char *name)
{
	struct err err = {0};

	prctl(PR_SET_DUMPABLE, 0); /* a crash here is no news */
	if (!role_enter(&me.page, &me.fd, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	me.reader = str_eq(name, "reader");
	me.loop = loop_new();
	timer_init(&me.timer, me.loop, on_timer, NULL);
	timer_init(&me.beat, me.loop, on_beat, NULL);
	me.channel = channel_new(me.loop, me.fd, on_frame, on_gone, NULL);
	loop_run(me.loop);
	timer_clear(&me.timer);
	timer_clear(&me.beat);
	channel_free(me.channel);
	loop_free(me.loop);
	mem_free(me.memory);
	return 0;
}
