/*
 * Page after page of probe jobs, each made due with one commit.
 */
#include "daemon/keeper/sweep.h"

#include "daemon/keeper/jobs.h"
#include "daemon/keeper/batch.h"
#include "lib/base/mem.h"
#include "lib/base/rand.h"

struct sweep {
	struct keeper *keeper;
	int64_t spread_ms;
	void (*done)(void *arg, int64_t count);
	void *arg;
	struct store_call *call;
	char *cursor;
	bool more;
	int64_t count;
};

static void next_page(struct sweep *sweep);

void sweep_cancel(struct sweep *sweep)
{
	if (!sweep)
		return;
	store_cancel(sweep->call);
	mem_free(sweep->cursor);
	mem_free(sweep);
}

static void finish(struct sweep *sweep, int64_t count)
{
	void (*done)(void *, int64_t) = sweep->done;
	void *arg = sweep->arg;

	claims_kick(sweep->keeper->claims);
	sweep_cancel(sweep);
	if (done)
		done(arg, count);
}

static void on_moved(void *arg, struct store_answer *answer)
{
	struct sweep *sweep = arg;

	sweep->call = NULL;
	if (answer->status != STORE_OK)
		finish(sweep, -1);
	else
		next_page(sweep);
}

static void on_page(void *arg, struct store_answer *answer)
{
	struct sweep *sweep = arg;
	struct batch batch = {0};

	sweep->call = NULL;
	if (answer->status != STORE_OK) {
		finish(sweep, -1);
		return;
	}
	mem_free(sweep->cursor);
	sweep->cursor = str_dup(answer->cursor);
	sweep->more = answer->cursor != NULL;
	for (size_t i = 0; i < answer->docs_len; i++) {
		struct store_doc *doc = &answer->docs[i];
		json_t *json = json_parse(doc->body, doc->body_len, STORE_BODY_MAX, NULL);
		const char *zone = json_get_str(json, "zone"), *lane = json_get_str(json, "lane");

		batch_job(&batch, JOB_ENSURE, JOB_PROBE, doc->id, zone ? zone : "default",
			  lane ? lane : "", clock_wall_ms() + rand_between(0, sweep->spread_ms));
		sweep->count++;
		json_decref(json);
	}
	sweep->call = batch_commit(&batch, sweep->keeper->store, on_moved, sweep);
	batch_finish(&batch);
}

static void next_page(struct sweep *sweep)
{
	struct store_page page = {.kind = "job/" JOB_PROBE,
				  .min = INT64_MIN,
				  .max = INT64_MAX,
				  .cursor = sweep->cursor,
				  .limit = 500};

	if (!sweep->more)
		finish(sweep, sweep->count);
	else
		sweep->call = store_page(sweep->keeper->store, &page, on_page, sweep);
}

struct sweep *sweep_all(struct keeper *keeper, int64_t spread_ms,
			void (*done)(void *arg, int64_t count), void *arg)
{
	struct sweep *sweep = MEM_NEW(struct sweep);

	sweep->keeper = keeper;
	sweep->spread_ms = spread_ms;
	sweep->done = done;
	sweep->arg = arg;
	sweep->more = true;
	next_page(sweep);
	return sweep;
}
