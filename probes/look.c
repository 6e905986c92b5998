/*
 * See look.h. An operation in the house's shape: LOOK_RESOLVE until the name's addresses are known,
 * LOOK_PROBE while its places wait for their passes and are probed. The deadline of the operation
 * is that of waiting for passes; each probe has its own. What became of a place is told the moment
 * it is known, except where one address is enough: then a failed one is kept until the next has
 * answered.
 */
#include "lib/base/sys.h"
#include "probes/look.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/loop/op.h"
#include "probes/page.h"
#include "probes/probe.h"
#include "probes/route.h"
#include "probes/sight.h"

#define STAGGER_MIN_MS 250

enum look_stage { LOOK_RESOLVE, LOOK_PROBE };
static const char *const stages[] = {
	[LOOK_RESOLVE] = "resolve",
	[LOOK_PROBE] = "probe",
};

enum place_state { PLACE_IDLE, PLACE_ASKED, PLACE_PROBED, PLACE_ENDED };
struct place {
	struct look_item *item;
	enum place_state state;
	struct address address;
	struct pass pass;
	struct probe *probe;
};

struct look_item {
	struct op op;
	const struct looks *looks;
	struct msg_look look;
	int64_t started_mono;
	struct lookup *lookup;
	char *lookup_error;
	bool resolved;
	int left_out; /* addresses without a local route */
	struct place *places;
	size_t places_len;
	size_t begun; /* places that got a probe */
	size_t ended; /* of those */
	size_t ours;  /* of those, on our side */
	bool lookup_ours;
	bool answered;	       /* one address was enough, and it answered */
	struct endpoint *kept; /* the first failure, where one address is enough */
	struct timer stagger;
	look_item_result_fn *on_result;
	look_item_done_fn *done;
	void *arg;
};

static int64_t elapsed_ms(const struct look_item *item)
{
	return clock_mono_ms() - item->started_mono;
}

static void item_drop(struct look_item *item)
{
	op_finish(&item->op);
	timer_clear(&item->stagger);
	lookup_cancel(item->lookup);
	for (size_t i = 0; i < item->places_len; i++) {
		probe_cancel(item->places[i].probe);
		pass_end(&item->places[i].pass);
	}
	if (item->kept)
		endpoint_finish(item->kept);
	mem_free(item->kept);
	mem_free(item->places);
	mem_free(item->lookup_error);
	msg_look_finish(&item->look);
	mem_free(item);
}

static enum want finish(struct look_item *item, bool released)
{
	look_item_done_fn *done = item->done;
	void *arg = item->arg;
	bool ours = item->begun ? item->ours == item->begun : item->lookup_ours;
	const struct msg_done message = {
		.item = item->look.item,
		.released = released,
		.ours = ours && !released,
		.families_skipped = item->left_out,
	};
	log_debug("look finished", "target", item->look.target.text, "places",
		  LOG_NUM(item->places_len), "begun", LOG_NUM(item->begun), "ours",
		  message.ours ? "yes" : "no", "released", released ? "yes" : "no", "ms",
		  LOG_NUM(elapsed_ms(item)), NULL);
	item_drop(item);
	done(arg, &message);
	return WANT_GONE;
}

/* --- what is told ---------------------------------------------------------------------------- */

static void endpoint_begin(struct endpoint *endpoint, const struct look_item *item,
			   const struct address *address)
{
	endpoint_init(endpoint);
	/* The keeper's clock, not ours: it may be a scripted one. */
	endpoint->probed_at = item->look.now + elapsed_ms(item);
	if (!address)
		return;
	address_text(address, endpoint->address);
	/* The interface of a link-local address is this machine's business: no part of the address.
	 */
	endpoint->address[strcspn(endpoint->address, "%")] = 0;
}

static void tell(struct look_item *item, const struct msg_result *result)
{
	item->on_result(item->arg, result);
}

static void tell_plain(struct look_item *item, const struct address *address, enum outcome outcome,
		       const char *stage, const char *error)
{
	struct msg_result result = {.item = item->look.item};
	endpoint_begin(&result.endpoint, item, address);
	result.endpoint.outcome = outcome;
	result.endpoint.error = str_dup(error);
	result.endpoint.duration_ms = elapsed_ms(item);
	str_copy(result.endpoint.stage, sizeof(result.endpoint.stage), stage);
	tell(item, &result);
	endpoint_finish(&result.endpoint);
}

static const struct msg_known *known_of(const struct look_item *item, const char *address)
{
	for (size_t i = 0; i < item->look.known_len; i++)
		if (str_eq(item->look.known[i].address, address))
			return &item->look.known[i];
	return NULL;
}

/* A handshake that OpenSSL broke off over a malformed leaf is told as what it is. */
static void judge_bad_leaf(struct endpoint *endpoint, const struct err *err)
{
	if (endpoint->outcome != OUTCOME_OK && endpoint->outcome != OUTCOME_TLS_ERROR)
		return;
	endpoint->outcome = OUTCOME_BAD_CERTIFICATE;
	mem_free(endpoint->error);
	endpoint->error = str_dup(err->text);
}

/* Certificates into the result's endpoint; ders (room for the whole chain) are lent to it. */
static void judge_session(struct look_item *item, const struct session *session,
			  struct msg_result *result, struct attachment *ders)
{
	const uint8_t *bytes[SESSION_CHAIN_MAX];
	size_t lens[SESSION_CHAIN_MAX];
	struct sight_certs certs = {bytes, lens, session_chain_len(session)};
	const struct target *target = &item->look.target;
	struct err err = {0};

	for (size_t i = 0; i < certs.count; i++) {
		bytes[i] = session_chain_der(session, i, &lens[i]);
		ders[i] = (struct attachment){bytes[i], lens[i]};
	}
	if (!sight_certificates(&result->endpoint, &certs, &err)) {
		judge_bad_leaf(&result->endpoint, &err);
		return;
	}
	sight_trust(&result->endpoint, &certs, item->looks->anchors, target_server_name(target),
		    item->look.now);
	result->ders = ders;
	result->ders_len = certs.count;
}

static void tell_probe(struct look_item *item, const struct address *address,
		       const struct probe_result *seen)
{
	const struct session *session = seen->session;
	struct msg_result result = {.item = item->look.item};
	struct endpoint *endpoint = &result.endpoint;
	struct attachment ders[SESSION_CHAIN_MAX];

	endpoint_begin(endpoint, item, address);
	endpoint->outcome = (enum outcome)seen->outcome;
	endpoint->error = str_dup(seen->error);
	endpoint->duration_ms = seen->duration_ms;
	endpoint->proof = seen->outcome == OUTCOME_OK;
	str_copy(endpoint->stage, sizeof(endpoint->stage), seen->stage);
	if (session)
		sight_connection(endpoint, session);
	if (session && session_chain_len(session) > 0) {
		result.same = sight_is_known(session, known_of(item, endpoint->address),
					     item->looks->anchors, item->look.now);
		if (!result.same)
			judge_session(item, session, &result, ders);
	}
	tell(item, &result);
	endpoint_finish(endpoint);
}

/* --- places ---------------------------------------------------------------------------------- */

static void ask_next(struct look_item *item);

/* The next address is worth a try: this one was not there, or let the time pass. */
static bool is_absent(const struct probe_result *seen)
{
	return str_eq(seen->stage, "connect") || seen->outcome == OUTCOME_TIMEOUT;
}

static void keep_failure(struct look_item *item, const struct address *address,
			 const struct probe_result *seen)
{
	if (!item->kept) {
		item->kept = MEM_NEW(struct endpoint);
		endpoint_begin(item->kept, item, address);
		item->kept->outcome = (enum outcome)seen->outcome;
		item->kept->error = str_dup(seen->error);
		item->kept->duration_ms = seen->duration_ms;
		str_copy(item->kept->stage, sizeof(item->kept->stage), seen->stage);
	}
	ask_next(item);
}

static void on_probe_done(void *arg, const struct probe_result *seen)
{
	struct place *place = arg;
	struct look_item *item = place->item;
	uint64_t before = page_enter(item->looks->page, item->look.item);

	place->probe = NULL;
	place->state = PLACE_ENDED;
	pass_end(&place->pass);
	item->ended++;
	item->ours += seen->ours;
	if (!item->look.all_addresses && is_absent(seen)) {
		keep_failure(item, &place->address, seen);
	} else {
		item->answered = true;
		tell_probe(item, &place->address, seen);
	}
	op_wake(&item->op);
	page_leave(item->looks->page, before);
}

static const char *sni_of(const struct target *target)
{
	const char *name = target_server_name(target);
	struct address literal;
	return name && !address_parse(name, &literal) ? name : NULL;
}

static void on_granted(void *arg)
{
	struct place *place = arg;
	struct look_item *item = place->item;
	struct address to = place->address;

	address_set_port(&to, item->look.target.port);
	const struct probe_config config = {
		.address = to,
		.server_name = sni_of(&item->look.target),
		.context = item->looks->context,
		.deadline_ms = item->look.deadline_ms - elapsed_ms(item),
		.page = item->looks->page,
		.item = item->look.item,
	};
	place->state = PLACE_PROBED;
	item->begun++;
	place->probe = probe_start(item->looks->loop, &config, on_probe_done, place);
}

static void ask(struct place *place)
{
	place->state = PLACE_ASKED;
	pass_ask(&place->pass, place->item->looks->passes, &place->address, on_granted, place);
}

/* One address is enough: the next one that was not asked for, and a time after which a silent one
 * is not waited for alone. */
static void ask_next(struct look_item *item)
{
	for (size_t i = 0; i < item->places_len; i++) {
		if (item->places[i].state != PLACE_IDLE)
			continue;
		ask(&item->places[i]);
		int64_t share_ms = item->look.deadline_ms / 4;
		timer_set(&item->stagger, share_ms > STAGGER_MIN_MS ? share_ms : STAGGER_MIN_MS);
		return;
	}
}

static void on_stagger(void *arg)
{
	ask_next(arg);
}

static size_t waiting(const struct look_item *item)
{
	size_t count = 0;
	for (size_t i = 0; i < item->places_len; i++)
		count += item->places[i].state == PLACE_ASKED;
	return count;
}

/* What got no pass in time would get no honest time to answer either. Such a place is no failure of
 * the target's: it is left out (released), or named as not looked at beside those that were. */
static void give_up_waiting(struct look_item *item)
{
	for (size_t i = 0; i < item->places_len; i++) {
		struct place *place = &item->places[i];
		if (place->state != PLACE_ASKED && place->state != PLACE_IDLE)
			continue;
		pass_end(&place->pass);
		place->state = PLACE_ENDED;
		if (item->begun > 0 && item->look.all_addresses)
			tell_plain(item, &place->address, OUTCOME_CANCELLED, "connect",
				   "not looked at: too many connections at once");
	}
	timer_clear(&item->stagger);
}

static enum want begin_places(struct look_item *item)
{
	int64_t left_ms = item->look.deadline_ms - elapsed_ms(item);
	/* A quarter of the time is kept for the probe itself. */
	op_deadline(&item->op, left_ms > 4 ? left_ms - left_ms / 4 : 1);
	if (!item->look.all_addresses) {
		ask_next(item);
		return WANT_WAKE;
	}
	for (size_t i = 0; i < item->places_len; i++)
		ask(&item->places[i]);
	return WANT_WAKE;
}

/* --- stages ---------------------------------------------------------------------------------- */

static void take_addresses(struct look_item *item, const struct address *found, size_t count)
{
	struct address picked[RESOLVE_ADDRESSES_MAX];
	if (count > RESOLVE_ADDRESSES_MAX)
		count = RESOLVE_ADDRESSES_MAX;
	item->places_len = route_pick(item->look.target.policy.family, found, count, picked,
				      &item->left_out);
	item->places = MEM_NEW_ARRAY(item->places_len, struct place);
	for (size_t i = 0; i < item->places_len; i++) {
		item->places[i].item = item;
		item->places[i].address = picked[i];
	}
}

static void on_lookup(void *arg, const struct lookup_result *result)
{
	struct look_item *item = arg;
	uint64_t before = page_enter(item->looks->page, item->look.item);

	item->lookup = NULL;
	item->resolved = true;
	item->lookup_error = str_dup(result->error);
	item->lookup_ours = result->ours;
	if (!result->error)
		take_addresses(item, result->addresses, result->count);
	op_wake(&item->op);
	page_leave(item->looks->page, before);
}

static int families_of(enum family family)
{
	switch (family) {
	case FAMILY_AUTO:
	case FAMILY_ANY:
		return RESOLVE_V4 | RESOLVE_V6;
	case FAMILY_4:
		return RESOLVE_V4;
	case FAMILY_6:
		return RESOLVE_V6;
	}
	bug("a policy names a family that is none");
}

static enum want begin(struct look_item *item)
{
	const struct target *target = &item->look.target;
	const char *where = target->connect ? target->connect : target->host;
	struct address literal;

	if (!where)
		bug("a look without a host");
	if (address_parse(where, &literal)) {
		item->resolved = true;
		take_addresses(item, &literal, 1);
		return WANT_AGAIN;
	}
	item->lookup = lookup_start(item->looks->lookups, where, families_of(target->policy.family),
				    item->look.deadline_ms, on_lookup, item);
	return WANT_WAKE;
}

static enum want step_resolve(struct look_item *item, enum wake wake)
{
	if (wake == WAKE_START)
		return begin(item);
	if (!item->resolved)
		return WANT_WAKE;
	if (item->lookup_error) {
		tell_plain(item, NULL, OUTCOME_DNS_ERROR, "resolve", item->lookup_error);
		return finish(item, false);
	}
	if (item->places_len == 0) {
		tell_plain(item, NULL, OUTCOME_DNS_ERROR, "resolve",
			   "no address of the family asked for");
		return finish(item, false);
	}
	op_go(&item->op, LOOK_PROBE);
	return begin_places(item);
}

static enum want step_probe(struct look_item *item, enum wake wake)
{
	if (wake == WAKE_DEADLINE)
		give_up_waiting(item);
	if (!item->look.all_addresses && item->answered)
		return finish(item, false);
	if (item->ended < item->begun || waiting(item) > 0)
		return WANT_WAKE;
	if (item->begun == 0)
		return finish(item, true);
	if (item->kept)
		tell(item, &(struct msg_result){.item = item->look.item, .endpoint = *item->kept});
	return finish(item, false);
}

static enum want step(struct op *op, enum wake wake)
{
	struct look_item *item = CONTAINER_OF(op, struct look_item, op);
	struct role_page *page = item->looks->page;
	uint64_t before = page_enter(page, item->look.item);
	enum want want = WANT_WAKE;

	switch ((enum look_stage)op->stage) {
	case LOOK_RESOLVE:
		want = step_resolve(item, wake);
		break;
	case LOOK_PROBE:
		want = step_probe(item, wake);
		break;
	}
	page_leave(page, before);
	return want;
}

struct look_item *look_item_start(const struct looks *looks, struct msg_look *look,
				  look_item_result_fn *on_result, look_item_done_fn *done,
				  void *arg)
{
	struct look_item *item = MEM_NEW(struct look_item);
	item->looks = looks;
	item->look = *look;
	memset(look, 0, sizeof(*look));
	item->started_mono = clock_mono_ms();
	item->on_result = on_result;
	item->done = done;
	item->arg = arg;
	timer_init(&item->stagger, looks->loop, on_stagger, item);
	/* No deadline yet: the lookup has its own, and the places set one for their waiting. */
	op_start(&item->op, looks->loop, "look", stages, step, 0);
	item->op.fd = -1;
	return item;
}

void look_item_cancel(struct look_item *item)
{
	if (item)
		item_drop(item);
}
