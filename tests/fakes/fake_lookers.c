/*
 * Looks out of a script, in virtual time.
 */
#include "tests/fakes/fake_lookers.h"

#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/loop/timer.h"

#include <utlist.h>

struct look {
	struct lookers *lookers;
	struct target target;
	struct timer timer;
	look_done_fn *done;
	void *arg;
	struct look *prev, *next;
};
struct lookers {
	struct loop *loop;
	struct look *looks;
	size_t inflight;
};

static fake_answer_fn *script;
static void *script_arg;
int64_t fake_look_ms = 5;
size_t fake_looks_started;
size_t fake_looks_inflight_max;

void fake_lookers_script(fake_answer_fn *answer, void *arg)
{
	script = answer;
	script_arg = arg;
}

struct lookers *lookers_new(struct loop *loop, const struct lookers_config *config,
			    lookers_note_fn *note, void *arg)
{
	struct lookers *lookers = MEM_NEW(struct lookers);

	(void)config;
	(void)note;
	(void)arg;
	lookers->loop = loop;
	return lookers;
}

void lookers_reload(struct lookers *lookers, const struct lookers_config *config)
{
	(void)lookers;
	(void)config;
}

static void look_free(struct look *look)
{
	DL_DELETE(look->lookers->looks, look);
	look->lookers->inflight--;
	timer_clear(&look->timer);
	target_finish(&look->target);
	mem_free(look);
}

void lookers_free(struct lookers *lookers)
{
	struct look *look, *next;

	if (!lookers)
		return;
	DL_FOREACH_SAFE(lookers->looks, look, next)
		look_free(look);
	mem_free(lookers);
}

static void answer(void *arg)
{
	struct look *look = arg;
	look_done_fn *done = look->done;
	void *owner = look->arg;
	struct look_result result = {0};

	observation_init(&result.observation);
	result.observation.at = clock_wall_ms();
	script(script_arg, &look->target, clock_wall_ms(), &result);
	look_free(look);
	done(owner, &result);
	observation_finish(&result.observation);
}

struct look *look_start(struct lookers *lookers, const struct look_request *request,
			look_done_fn *done, void *arg)
{
	struct look *look = MEM_NEW(struct look);

	look->lookers = lookers;
	target_copy(&look->target, request->target);
	look->done = done;
	look->arg = arg;
	DL_APPEND(lookers->looks, look);
	fake_looks_started++;
	if (++lookers->inflight > fake_looks_inflight_max)
		fake_looks_inflight_max = lookers->inflight;
	timer_init(&look->timer, lookers->loop, answer, look);
	timer_set(&look->timer, fake_look_ms);
	return look;
}

void look_cancel(struct look *look)
{
	if (look)
		look_free(look);
}

size_t lookers_inflight(const struct lookers *lookers)
{
	return lookers->inflight;
}

bool lookers_ready(const struct lookers *lookers)
{
	(void)lookers;
	return true;
}

const struct msg_ready *lookers_facts(const struct lookers *lookers)
{
	static const struct msg_ready facts = {
		.roots = 1, .generation = "0123456789abcdef", .resolvers = 1};

	(void)lookers;
	return &facts;
}

size_t lookers_pids(const struct lookers *lookers, int32_t *out, size_t max)
{
	(void)lookers;
	(void)out;
	(void)max;
	return 0;
}

static void fill_cert(struct cert *out, const struct fake_cert *cert)
{
	char text[512];

	snprintf(text, sizeof(text), "%s/%s/%lld/%lld", cert->name,
		 cert->serial ? cert->serial : "", (long long)cert->not_before,
		 (long long)cert->not_after);
	cert_init(out);
	digest_sha256_hex(text, strlen(text), out->sha256);
	digest_sha256_hex(text, strlen(text) / 2, out->spki_sha256);
	out->subject = str_printf("CN=%s", cert->name);
	out->common_name = str_dup(cert->name);
	out->names = MEM_NEW_ARRAY(1, char *);
	out->names[0] = str_dup(cert->name);
	out->names_len = out->names_total = 1;
	out->issuer = str_dup("CN=Fake CA");
	out->serial = str_dup(cert->serial ? cert->serial : "01");
	out->not_before = cert->not_before;
	out->not_after = cert->not_after;
	out->key_type = str_dup("EC");
	out->key_bits = 256;
	out->key_curve = str_dup("P-256");
	out->signature = str_dup("ecdsa-with-SHA256");
}

void fake_endpoint_ok(struct look_result *result, const char *address, const struct fake_cert *cert,
		      int64_t now)
{
	struct endpoint endpoint;

	endpoint_init(&endpoint);
	str_copy(endpoint.address, sizeof(endpoint.address), address);
	endpoint.outcome = OUTCOME_OK;
	str_copy(endpoint.stage, sizeof(endpoint.stage), "done");
	endpoint.probed_at = now;
	endpoint.duration_ms = 5;
	endpoint.proof = true;
	endpoint.tls_version = str_dup("TLSv1.3");
	endpoint.has_cert = true;
	fill_cert(&endpoint.cert, cert);
	str_copy(endpoint.earliest_expiry.sha256, 65, endpoint.cert.sha256);
	endpoint.earliest_expiry.not_after = cert->not_after;
	endpoint.trust = cert->trust == TRUST_UNKNOWN ? TRUST_TRUSTED : cert->trust;
	if (endpoint.trust == TRUST_TRUSTED)
		endpoint.path_expiry = endpoint.earliest_expiry;
	endpoint.name_matches = 1;
	observation_add_take(&result->observation, &endpoint);
}

void fake_endpoint_failed(struct look_result *result, const char *address, enum outcome outcome,
			  const char *error, int64_t now)
{
	struct endpoint endpoint;

	endpoint_init(&endpoint);
	str_copy(endpoint.address, sizeof(endpoint.address), address);
	endpoint.outcome = outcome;
	endpoint.error = str_dup(error);
	str_copy(endpoint.stage, sizeof(endpoint.stage), "connect");
	endpoint.probed_at = now;
	observation_add_take(&result->observation, &endpoint);
}
