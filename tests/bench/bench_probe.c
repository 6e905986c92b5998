/*
 * What does a look cost beyond OpenSSL's handshake? Endpoints on loopback are looked at part by
 * part, in turns: by a bare handshake loop, by a prober in its sandbox through lib/wire/lookers,
 * and by a whole keeper with its store in a file. First looks, then the usual ones that find the
 * same certificate again. CPU is of each process by itself and the peers' is not counted; a ratio
 * is the median of the parts', each taken against the bare loop's part of the same minute. Set
 * BENCH_ENDPOINTS for fewer than 10,000.
 */
#include "lib/base/sys.h"
#include "daemon/keeper/jobs.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/wire/role.h"
#include "probes/prober.h"
#include "tests/bench/gauge.h"
#include "tests/bench/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define IN_FLIGHT 256
#define PARTS 20
#define PASSES 2 /* the first one is of first looks */
#define TRACED 500
#define DEADLINE_MS (60 * MS_SECOND)

static struct {
	uint32_t endpoints, part;
	int port;
	char folder[200];
	char roots[256];
} bench;

static void ensure(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench_probe: %s\n", what);
	exit(1);
}

static char *endpoint_text(uint32_t i)
{
	struct in_addr address;
	char name[32], where[INET_ADDRSTRLEN];

	endpoint_name(i, name);
	endpoint_address(i, &address);
	inet_ntop(AF_INET, &address, where, sizeof(where));
	return str_printf("%s:%d@%s", name, bench.port, where);
}

/* --- actors: processes that do one part when told ------------------------------------------ */

struct order {
	uint32_t first, count;
};
struct actor {
	int32_t pid;
	int fd;
};
typedef void actor_fn(int fd);

static struct actor actor_start(actor_fn *play)
{
	struct actor actor;
	int pair[2];

	ensure(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "socketpair");
	fflush(stdout);
	actor.pid = fork();
	ensure(actor.pid >= 0, "fork");
	if (actor.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(pair[0]);
		play(pair[1]);
		_exit(0);
	}
	close(pair[1]);
	actor.fd = pair[0];
	return actor;
}

/* Answers with the process id of the actor's prober, 0: it has none. */
static int32_t actor_do(const struct actor *actor, uint32_t first, uint32_t count)
{
	struct order order = {first, count};
	int32_t prober = -1;

	ensure(write(actor->fd, &order, sizeof(order)) == (ssize_t)sizeof(order) &&
		       read(actor->fd, &prober, sizeof(prober)) == (ssize_t)sizeof(prober),
	       "a process of the bench has died");
	return prober;
}

static bool actor_hear(int fd, struct order *order)
{
	return read(fd, order, sizeof(*order)) == (ssize_t)sizeof(*order);
}

static void actor_answer(int fd, int32_t prober)
{
	ensure(write(fd, &prober, sizeof(prober)) == (ssize_t)sizeof(prober), "answer");
}

static void actor_stop(const struct actor *actor)
{
	/* A later actor has inherited the descriptor: to close it alone would end nothing. */
	shutdown(actor->fd, SHUT_RDWR);
	close(actor->fd);
	waitpid(actor->pid, NULL, 0);
}

static void play_bare(int fd)
{
	struct bare *bare = bare_new(bench.port, IN_FLIGHT);
	struct order order;

	while (actor_hear(fd, &order)) {
		bare_run(bare, order.first, order.count);
		actor_answer(fd, 0);
	}
}

/* --- the pool: one prober through lib/wire/lookers ------------------------------------------ */

struct pool {
	struct loop *loop;
	struct lookers *lookers;
	struct target *targets;
	struct observation *known;
	uint32_t next, end, flying;
};
struct slot {
	struct pool *pool;
	uint32_t i;
};

static void look_next(struct slot *slot);

static void on_looked(void *arg, struct look_result *result)
{
	struct slot *slot = arg;
	struct pool *pool = slot->pool;
	struct observation *seen = &result->observation;

	if (observation_outcome(seen) != OUTCOME_OK) {
		fprintf(stderr, "bench_probe: a look: %s\n", seen->endpoints[0].error);
		exit(1);
	}
	observation_finish(&pool->known[slot->i]);
	pool->known[slot->i] = *seen;
	*seen = (struct observation){0};
	pool->flying--;
	if (pool->next < pool->end)
		look_next(slot);
	else if (pool->flying == 0)
		loop_stop(pool->loop);
}

static void look_next(struct slot *slot)
{
	struct pool *pool = slot->pool;
	uint32_t i = slot->i = pool->next++;
	const struct look_request request = {
		.target = &pool->targets[i],
		.now = clock_wall_ms(),
		.deadline_ms = DEADLINE_MS,
		.all_addresses = true,
		.known = pool->known[i].len > 0 ? &pool->known[i] : NULL,
		.file = -1,
	};

	pool->flying++;
	look_start(pool->lookers, &request, on_looked, slot);
}

static void on_note(void *arg UNUSED, enum lookers_level level, const char *phrase,
		    const char *detail)
{
	if (level != LOOKERS_INFO)
		fprintf(stderr, "bench_probe: %s: %s\n", phrase, detail);
}

static void pool_make(struct pool *pool)
{
	const struct lookers_config config = {
		.probers = 1,
		.setup = {.roots = bench.roots,
			  .concurrency = IN_FLIGHT,
			  .per_address = 4,
			  .log_level = LOG_LEVEL_WARN},
	};

	pool->loop = loop_new();
	pool->targets = MEM_NEW_ARRAY(bench.endpoints, struct target);
	pool->known = MEM_NEW_ARRAY(bench.endpoints, struct observation);
	for (uint32_t i = 0; i < bench.endpoints; i++) {
		char *text = endpoint_text(i);
		ensure(target_parse(&pool->targets[i], text, "", NULL, NULL), text);
		mem_free(text);
	}
	pool->lookers = lookers_new(pool->loop, &config, on_note, NULL);
	while (!lookers_ready(pool->lookers)) {
		loop_turn(pool->loop);
		usleep(1000);
	}
}

static void play_pool(int fd)
{
	struct pool pool = {0};
	struct slot slots[IN_FLIGHT];
	struct order order;
	int32_t pid = 0;

	pool_make(&pool);
	lookers_pids(pool.lookers, &pid, 1);
	while (actor_hear(fd, &order)) {
		if (order.count == 0) { /* only who it is */
			actor_answer(fd, pid);
			continue;
		}
		pool.next = order.first;
		pool.end = order.first + order.count;
		for (uint32_t i = 0; i < IN_FLIGHT && pool.next < pool.end; i++) {
			slots[i].pool = &pool;
			look_next(&slots[i]);
		}
		loop_run(pool.loop);
		actor_answer(fd, pid);
	}
	lookers_free(pool.lookers);
}

/* --- the keeper, with its store in a file --------------------------------------------------- */

struct house {
	struct loop *loop;
	struct keeper *keeper;
	struct timer timer;
	int64_t wanted; /* commits */
};

static struct config *house_config(void)
{
	char *path = str_printf("%s/expiryd.yaml", bench.folder);
	FILE *file = fopen(path, "w");
	struct faults faults = {0};

	ensure(file, path);
	fprintf(file,
		"store: sqlite://%s/store.db\ninstance: {name: bench}\nlog: {level: error}\n"
		"probe: {concurrency: %d, rate: 100000/s, probers: 1, timeout: 60s, roots: %s}\n"
		"targets:\n",
		bench.folder, IN_FLIGHT, bench.roots);
	for (uint32_t i = 0; i < bench.endpoints; i++) {
		char *text = endpoint_text(i);
		fprintf(file, " - \"%s\"\n", text);
		mem_free(text);
	}
	fclose(file);
	struct config *config = config_load(path, &faults);
	char *text = faults_text(&faults);
	ensure(config, text);
	mem_free(text);
	faults_finish(&faults);
	mem_free(path);
	return config;
}

static void on_house_look(void *arg)
{
	struct house *house = arg;

	if (house->keeper->counters.commits >= house->wanted)
		loop_stop(house->loop);
	else
		timer_set(&house->timer, 10);
}

static void on_due(void *arg, struct store_answer *answer)
{
	struct house *house = arg;

	ensure(answer->status == STORE_OK, answer->err.text);
	claims_kick(house->keeper->claims);
}

/* Their time has come again. */
static void house_due(struct house *house, const struct order *order)
{
	const struct config *config = house->keeper->config;
	struct store_job_change *jobs = MEM_NEW_ARRAY(order->count, struct store_job_change);
	struct store_commit commit = {.jobs = jobs, .jobs_len = order->count};

	for (uint32_t i = 0; i < order->count; i++)
		jobs[i] = (struct store_job_change){
			.verb = JOB_ENSURE,
			.kind = JOB_PROBE,
			.subject = config->targets[order->first + i].target.id,
			.zone = "default",
			.lane = "",
			.due = clock_wall_ms(),
		};
	store_commit(house->keeper->store, &commit, on_due, house);
	mem_free(jobs);
}

static void play_keeper(int fd)
{
	struct house house = {.loop = loop_new()};
	struct keeper_options options = {.no_listeners = true, .no_heartbeat = true};
	struct err err = {0};
	struct order order;
	int32_t pid;

	log_set_level(LOG_LEVEL_ERROR);
	timer_init(&house.timer, house.loop, on_house_look, &house);
	while (actor_hear(fd, &order)) {
		house.wanted += order.count;
		if (!house.keeper) {
			/* New targets are looked at once without being asked. */
			house.keeper = keeper_new(house.loop, house_config(), &options, &err);
			ensure(house.keeper, err.text);
		} else if (order.count > 0) {
			house_due(&house, &order);
		}
		timer_set(&house.timer, 0);
		loop_run(house.loop);
		pid = 0;
		lookers_pids(house.keeper->lookers, &pid, 1);
		actor_answer(fd, pid);
	}
	keeper_free(house.keeper);
}

/* --- the run -------------------------------------------------------------------------------- */

enum row { ROW_BARE, ROW_PROBER, ROW_POOL, ROW_KEEPER, ROW_KEEPER_PROBER, ROWS };
static const char *const row_texts[ROWS] = {
	[ROW_BARE] = "bare handshake loop",	     [ROW_PROBER] = "prober",
	[ROW_POOL] = "  and who asks it (lib/wire)", [ROW_KEEPER] = "keeper, SQLite in a file",
	[ROW_KEEPER_PROBER] = "  and its prober",
};
struct column {
	double us[ROWS][PARTS * PASSES], ratio[ROWS][PARTS * PASSES];
	size_t len[ROWS];
	double calls[ROWS]; /* -1: not known */
};
static struct column first_looks, same_looks;
static struct actor bare, pool, keeper;
static int32_t prober, keeper_prober;

static double cpu_us(int32_t pid, int64_t before, uint32_t count)
{
	return (double)(gauge_cpu_ns(pid) - before) / 1e3 / count;
}

static void note(struct column *column, enum row row, double us, double bare_us)
{
	size_t i = column->len[row]++;

	column->us[row][i] = us;
	column->ratio[row][i] = us / bare_us;
}

static double bare_part(uint32_t first, uint32_t count)
{
	int64_t before = gauge_cpu_ns(bare.pid);

	actor_do(&bare, first, count);
	return cpu_us(bare.pid, before, count);
}

/* One part, by each in turn: A B, then B A, because the machine's mood drifts. */
static void part_run(struct column *column, uint32_t part, bool with_keeper)
{
	uint32_t first = part * bench.part, count = bench.part;
	double bare_us = part % 2 == 0 ? bare_part(first, count) : 0;
	int64_t prober_before = gauge_cpu_ns(prober), before = gauge_cpu_ns(pool.pid);

	actor_do(&pool, first, count);
	double prober_us = cpu_us(prober, prober_before, count);
	double pool_us = cpu_us(pool.pid, before, count);
	if (part % 2 == 1)
		bare_us = bare_part(first, count);
	note(column, ROW_BARE, bare_us, bare_us);
	note(column, ROW_PROBER, prober_us, bare_us);
	note(column, ROW_POOL, pool_us, bare_us);
	if (!with_keeper)
		return;
	before = gauge_cpu_ns(keeper.pid);
	prober_before = gauge_cpu_ns(keeper_prober);
	actor_do(&keeper, first, count);
	note(column, ROW_KEEPER, cpu_us(keeper.pid, before, count), bare_us);
	note(column, ROW_KEEPER_PROBER, cpu_us(keeper_prober, prober_before, count), bare_us);
}

/* The keeper's first: all at once, for adding targets and looking at them cannot be told apart. */
static void keeper_begin(void)
{
	int64_t before = gauge_cpu_ns(keeper.pid);
	double bare_us = gauge_median(first_looks.us[ROW_BARE], first_looks.len[ROW_BARE]);

	keeper_prober = actor_do(&keeper, 0, bench.endpoints);
	note(&first_looks, ROW_KEEPER, cpu_us(keeper.pid, before, bench.endpoints), bare_us);
	note(&first_looks, ROW_KEEPER_PROBER, cpu_us(keeper_prober, 0, bench.endpoints), bare_us);
}

static void trace(enum row row, int32_t pid, const struct actor *actor)
{
	struct gauge_calls calls;
	uint32_t count = TRACED < bench.endpoints ? TRACED : bench.endpoints;

	if (!gauge_calls_start(&calls, pid, bench.folder))
		return;
	actor_do(actor, 0, count);
	int64_t total = gauge_calls_stop(&calls);
	same_looks.calls[row] = total < 0 ? -1 : (double)total / count;
}

static void trace_all(void)
{
	for (int row = 0; row < ROWS; row++)
		first_looks.calls[row] = same_looks.calls[row] = -1;
	trace(ROW_BARE, bare.pid, &bare);
	trace(ROW_PROBER, prober, &pool);
	trace(ROW_POOL, pool.pid, &pool);
	trace(ROW_KEEPER, keeper.pid, &keeper);
	trace(ROW_KEEPER_PROBER, keeper_prober, &keeper);
}

static int32_t row_pid(enum row row)
{
	switch (row) {
	case ROW_BARE:
		return bare.pid;
	case ROW_PROBER:
		return prober;
	case ROW_POOL:
		return pool.pid;
	case ROW_KEEPER:
		return keeper.pid;
	case ROW_KEEPER_PROBER:
		return keeper_prober;
	case ROWS:
		break;
	}
	bug("a row that is none");
}

static void column_print(const char *title, struct column *column)
{
	printf("%-30s %11s %7s %11s %10s\n", title, "CPU each", "ratio", "calls each", "peak RSS");
	for (int row = 0; row < ROWS; row++) {
		size_t len = column->len[row];
		char calls[16] = "-";

		if (len == 0)
			continue;
		if (column->calls[row] >= 0)
			snprintf(calls, sizeof(calls), "%.1f", column->calls[row]);
		printf("  %-28s %8.0f us %7.2f %11s %6.1f MiB\n", row_texts[row],
		       gauge_median(column->us[row], len), gauge_median(column->ratio[row], len),
		       calls, (double)gauge_peak_kib(row_pid((enum row)row)) / 1024);
	}
}

static void folder_remove(void)
{
	static const char *const names[] = {"roots.pem",    "expiryd.yaml", "store.db",
					    "store.db-wal", "store.db-shm", "store.db.lock"};
	char path[300];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", bench.folder, names[i]);
		unlink(path);
	}
	rmdir(bench.folder);
}

static void bench_run(void)
{
	for (int pass = 0; pass < PASSES; pass++) {
		for (uint32_t i = 0; i < PARTS; i++)
			part_run(pass == 0 ? &first_looks : &same_looks, i, pass > 0);
		if (pass == 0)
			keeper_begin();
	}
	trace_all();
	printf("%u endpoints on loopback, %d at once, one prober; medians of parts of %u\n",
	       bench.endpoints, IN_FLIGHT, bench.part);
	column_print("first looks", &first_looks);
	column_print("looks that find the same", &same_looks);
}

static void set_up(void)
{
	const char *tmp = getenv("TMPDIR"), *wanted = getenv("BENCH_ENDPOINTS");
	uint64_t endpoints = 10000;

	ensure(!wanted || str_to_u64(wanted, 100, 60000, &endpoints),
	       "BENCH_ENDPOINTS is 100 to 60000");
	bench.part = (uint32_t)endpoints / PARTS;
	bench.endpoints = bench.part * PARTS;
	snprintf(bench.folder, sizeof(bench.folder), "%s/bench-probe.XXXXXX", tmp ? tmp : "/tmp");
	ensure(mkdtemp(bench.folder), "mkdtemp");
	snprintf(bench.roots, sizeof(bench.roots), "%s/roots.pem", bench.folder);
}

int main(int argc, char **argv)
{
	if (role_wanted(argc, argv))
		return prober_main();
	set_up();
	struct peer *peer = peer_new(bench.roots);
	bench.port = peer_port(peer);
	pid_t server = fork();
	ensure(server >= 0, "fork");
	if (server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		peer_serve(peer);
	}
	bare = actor_start(play_bare);
	pool = actor_start(play_pool);
	keeper = actor_start(play_keeper);
	prober = actor_do(&pool, 0, 0);
	bench_run();
	actor_stop(&bare);
	actor_stop(&pool);
	actor_stop(&keeper);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	folder_remove();
	return 0;
}
