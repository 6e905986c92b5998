/*
 * Values for the tests of model and rules. The random ones are as odd as a real one may be: texts
 * that need escaping, times before 1970, everything that may be absent absent half of the time.
 */
#include "tests/unit/sample.h"

#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/base/str.h"

void sample_set(char **text, const char *value)
{
	mem_free(*text);
	*text = str_dup(value);
}

struct endpoint sample_served(const char *address, char digit, int64_t not_after)
{
	struct endpoint out;

	endpoint_init(&out);
	str_copy(out.address, sizeof(out.address), address);
	str_copy(out.stage, sizeof(out.stage), "done");
	out.probed_at = NOW;
	out.proof = true;
	out.has_cert = true;
	memset(out.cert.sha256, digit, 64);
	out.cert.subject = str_dup("CN=www.example.com");
	out.cert.issuer = str_dup("CN=Example CA");
	out.cert.serial = str_dup("0a");
	out.cert.key_type = str_dup("EC");
	out.cert.signature = str_dup("ecdsa-with-SHA256");
	out.cert.not_after = not_after;
	out.cert.not_before = not_after - DAYS(90);
	out.trust = TRUST_TRUSTED;
	out.name_matches = 1;
	return out;
}

struct endpoint sample_dead(const char *address, enum outcome outcome)
{
	struct endpoint out;

	endpoint_init(&out);
	str_copy(out.address, sizeof(out.address), address);
	str_copy(out.stage, sizeof(out.stage), "connect");
	out.probed_at = NOW;
	out.outcome = outcome;
	return out;
}

struct observation sample_look(struct endpoint *endpoints)
{
	struct observation out;

	observation_init(&out);
	out.at = NOW;
	/* Only the last one was never initialised: 0 is no time of any of them. */
	while (endpoints->probed_at != 0) {
		if (!observation_add_take(&out, endpoints++))
			abort();
	}
	return out;
}

/* ---- random ------------------------------------------------------------------------------- */

static bool coin(void)
{
	return rand_between(0, 1);
}

static size_t below(size_t n)
{
	return (size_t)rand_between(0, (int64_t)n - 1);
}

static char *any_text(void)
{
	static const char *const bits[] = {
		"a",	"Z",	" ",	    "\"",	    "\\",
		"\n",	"\x1b", "\xc3\xa4", "\xe2\x80\xae", "\xf0\x9f\x94\x92",
		"=1+1", "</b>", "7"};
	char text[64] = "";
	size_t len = 0, n = 1 + below(8);

	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s",
					bits[below(ARRAY_LEN(bits))]);
	return str_dup(text);
}

static char *maybe_text(void)
{
	return coin() ? any_text() : NULL;
}

static void any_hex(char *out, size_t digits)
{
	for (size_t i = 0; i < digits; i++)
		out[i] = "0123456789abcdef"[below(16)];
	out[digits] = 0;
}

/* Milliseconds as often as not; from year 0 to 9999. */
static int64_t any_time(void)
{
	int64_t seconds = rand_between(INT64_C(-62167219200), INT64_C(253402300799));

	return seconds * 1000 + (coin() ? rand_between(0, 999) : 0);
}

static int64_t maybe_time(void)
{
	return coin() ? any_time() : TIME_UNKNOWN;
}

static void any_address(char out[64])
{
	if (coin())
		snprintf(out, 64, "10.%d.0.%d", (int)below(256), (int)below(256));
	else
		snprintf(out, 64, "2001:db8::%x", (unsigned)below(65536));
}

static void any_tags(struct tag **tags, size_t *len)
{
	size_t n = below(4);

	*len = n;
	*tags = n ? MEM_NEW_ARRAY(n, struct tag) : NULL;
	/* Sorted by key, as they always are. */
	for (size_t i = 0; i < n; i++)
		(*tags)[i] = (struct tag){str_printf("%c key", (int)('a' + i)), any_text()};
}

static void any_policy(struct policy *policy)
{
	policy->refresh_min_ms = rand_between(1, MS_DAY);
	policy->refresh_max_ms = rand_between(MS_DAY, MS_WEEK);
	policy->retry_attempts = (int)rand_between(1, 9);
	policy->family = (enum family)below(4);
	policy->unreachable_any = coin();
	policy->repeat_ms = rand_between(1, MS_WEEK);
	policy->thresholds_len = below(THRESHOLDS_MAX + 1);
	for (size_t i = 0; i < policy->thresholds_len; i++) {
		struct threshold *threshold = &policy->thresholds[i];

		*threshold = (struct threshold){.severity = (enum severity)below(4)};
		if (coin()) {
			threshold->num = (int)rand_between(1, 5);
			threshold->den = (int)rand_between(5, 99);
		} else {
			threshold->ms = rand_between(0, DAYS(400));
		}
	}
	for (int i = 0; i < FINDING_COUNT; i++)
		policy->severities[i] = (signed char)rand_between(-1, SEVERITY_CRITICAL);
}

void random_target(struct target *out)
{
	static const char *const texts[] = {
		"www.example.com:443",	     "https://www.example.com",
		"[2001:db8::1]:8443#edge",   "mail.example.com:465@10.0.0.9#dmz",
		"file:///etc/ssl/a%20b.pem", "file://edge-1/etc/ssl/x.p12#w%23ww"};
	struct err err;

	if (!target_parse(out, texts[below(ARRAY_LEN(texts))], "", NULL, &err))
		abort();
	if (coin())
		out->server_name = str_dup("front.example.com");
	out->organization = maybe_text();
	out->owner = maybe_text();
	out->note = maybe_text();
	out->runbook = maybe_text();
	any_tags(&out->tags, &out->tags_len);
	if (coin())
		any_policy(&out->policy);
}

static void any_cert(struct cert *cert)
{
	size_t n = below(4);

	any_hex(cert->sha256, 64);
	cert->subject = any_text();
	cert->issuer = any_text();
	cert->common_name = maybe_text();
	cert->serial = str_dup("0a1b");
	cert->not_before = any_time() / 1000 * 1000;
	cert->not_after = any_time() / 1000 * 1000;
	cert->key_type = str_dup("EC");
	cert->key_bits = 256;
	cert->key_curve = coin() ? str_dup("P-256") : NULL;
	cert->signature = str_dup("ecdsa-with-SHA256");
	any_hex(cert->spki_sha256, 64);
	cert->names = n ? MEM_NEW_ARRAY(n, char *) : NULL;
	for (size_t i = 0; i < n; i++)
		cert->names[i] = any_text();
	cert->names_len = n;
	cert->names_total = n + below(2);
	cert->is_ca = coin();
	cert->self_signed = coin();
	cert->issuer_url = maybe_text();
	cert->scts = (int)below(4);
}

static void any_dated(struct dated *dated)
{
	if (coin())
		return;
	any_hex(dated->sha256, 64);
	dated->not_after = any_time();
}

static void any_tls(struct endpoint *out)
{
	out->tls_version = str_dup("TLSv1.3");
	out->tls_cipher = str_dup("TLS_AES_256_GCM_SHA384");
	out->tls_group = coin() ? str_dup("X25519") : NULL;
	out->tls_alpn = coin() ? str_dup("h2") : NULL;
	out->post_quantum = coin();
}

void random_endpoint(struct endpoint *out)
{
	endpoint_init(out);
	if (coin())
		any_address(out->address);
	out->outcome = (enum outcome)below(OUTCOME_COUNT);
	out->error = maybe_text();
	str_copy(out->stage, sizeof(out->stage), coin() ? "handshake" : "");
	out->probed_at = maybe_time();
	out->duration_ms = rand_between(0, 10000);
	out->proof = coin();
	if (coin())
		any_tls(out);
	any_dated(&out->earliest_expiry);
	any_dated(&out->path_expiry);
	out->trust = (enum trust)below(TRUST_BUDGET + 1);
	out->trust_detail = maybe_text();
	if (coin())
		any_hex(out->trust_generation, 16);
	out->name_matches = (int)rand_between(-1, 1);
	if (coin())
		return;
	out->has_cert = true;
	any_cert(&out->cert);
	out->chain_len = below(4);
	out->chain = out->chain_len ? MEM_NEW_ARRAY(out->chain_len, struct chain_link) : NULL;
	for (size_t i = 0; i < out->chain_len; i++) {
		any_hex(out->chain[i].sha256, 64);
		out->chain[i].subject = maybe_text();
		out->chain[i].issuer = maybe_text();
		out->chain[i].not_after = maybe_time();
	}
}

void random_observation(struct observation *out)
{
	size_t n = 1 + below(4);

	observation_init(out);
	out->at = maybe_time();
	out->ours = coin();
	out->families_skipped = (int)below(3);
	for (size_t i = 0; i < n; i++) {
		struct endpoint endpoint;

		random_endpoint(&endpoint);
		if (!observation_add_take(out, &endpoint))
			abort();
	}
}

static void copy_take(char *out, size_t out_len, char *text)
{
	str_copy(out, out_len, text ? text : "");
	mem_free(text);
}

static void any_places(char (*places)[64], size_t *len)
{
	*len = below(4);
	for (size_t i = 0; i < *len; i++)
		any_address(places[i]);
}

void random_findings(struct findings *out)
{
	out->len = 0;
	for (int kind = 0; kind < FINDING_COUNT; kind++) {
		struct finding *finding = &out->list[out->len];

		if (coin())
			continue;
		out->len++;
		finding_init(finding, (enum finding_kind)kind, (enum severity)below(4));
		copy_take(finding->text, sizeof(finding->text), maybe_text());
		str_copy(finding->at, sizeof(finding->at), coin() ? "leaf" : "chain[2]");
		any_places(finding->places, &finding->places_len);
		finding->places_total = finding->places_len + below(3);
		finding->not_after = maybe_time();
		if (coin())
			any_hex(finding->certificate, 64);
		finding->threshold = (int)rand_between(-1, THRESHOLDS_MAX);
		str_copy(finding->threshold_text, sizeof(finding->threshold_text),
			 coin() ? "1/4" : "");
		finding->threshold_at = maybe_time();
	}
}

static void any_story(struct alert *out)
{
	out->episode = rand_between(0, 1000);
	out->seen = (int)below(9);
	out->first_seen_at = maybe_time();
	out->started_at = maybe_time();
	out->last_told_at = maybe_time();
	out->ended_at = maybe_time();
	out->repeat_at = maybe_time();
	out->told_severity = (enum severity)below(4);
	out->reason = (enum end_reason)below(END_COUNT);
	out->event = (enum alert_event)below(EVENT_COUNT);
	str_copy(out->event_id, sizeof(out->event_id),
		 coin() ? "7f3a91c2-0000-5000-8000-000000000001" : "");
	out->event_at = maybe_time();
	out->next_at = maybe_time();
}

static void any_expiry(struct alert *out)
{
	out->threshold = (int)rand_between(-1, THRESHOLDS_MAX);
	str_copy(out->threshold_text, sizeof(out->threshold_text), coin() ? "30d" : "");
	out->threshold_at = maybe_time();
	out->told_not_after = maybe_time();
	out->not_after = maybe_time();
	if (coin())
		any_hex(out->certificate, 64);
	if (coin())
		any_hex(out->told_certificate, 64);
}

void random_alert(struct alert *out)
{
	alert_init(out);
	alert_name(out, "site-1", (enum alert_kind)below(ALERT_KIND_COUNT), "www.example.com:443",
		   coin());
	out->severity = (enum severity)below(4);
	out->previous_severity = (enum severity)below(4);
	out->status = (enum alert_status)below(ALERT_STATUS_COUNT);
	out->text = maybe_text();
	str_copy(out->at, sizeof(out->at), coin() ? "host" : "");
	any_places(out->places, &out->places_len);
	any_expiry(out);
	any_story(out);
	if (coin()) {
		out->ack_by = any_text();
		out->ack_why = maybe_text();
		out->ack_at = maybe_time();
		out->ack_until = maybe_time();
		out->ack_severity = (enum severity)below(4);
	}
	out->organization = maybe_text();
	out->owner = maybe_text();
	out->note = maybe_text();
	out->runbook = maybe_text();
	any_tags(&out->tags, &out->tags_len);
	out->told_len = below(4);
	for (size_t i = 0; i < out->told_len; i++)
		out->told[i] = any_text();
}

void random_record(struct record *out)
{
	record_init(out);
	target_finish(&out->target);
	random_target(&out->target);
	out->sources_len = below(4);
	for (size_t i = 0; i < out->sources_len; i++)
		out->sources[i] = any_text();
	out->first_seen = maybe_time();
	out->last_ok = maybe_time();
	out->last_changed = maybe_time();
	out->last_looked = maybe_time();
	out->baseline = coin();
	out->ignored = coin();
	out->has_look = coin();
	if (out->has_look)
		random_observation(&out->look);
	out->outcome = (enum outcome)below(OUTCOME_COUNT);
	out->error = maybe_text();
	out->failed_stage = maybe_text();
	random_findings(&out->findings);
	out->schedule.attempts = (int)below(6);
	out->schedule.rest_until = maybe_time();
	out->schedule.next_at = maybe_time();
	str_copy(out->schedule.reason, sizeof(out->schedule.reason), coin() ? "retry" : "");
	out->schedule.first_failed_at = maybe_time();
	out->schedule.clock_epoch = rand_between(INT64_MIN / 2, INT64_MAX / 2);
	out->schedule.clock_looks = (int)below(3);
	out->alerts = (unsigned)below((size_t)1 << ALERT_KIND_COUNT);
}

/* ---- JSON --------------------------------------------------------------------------------- */

json_t *sample_reparse(json_t *json)
{
	char *text = json_write(json);
	json_t *again;
	struct err err;

	json_decref(json);
	again = json_parse(text, strlen(text), (size_t)1 << 24, &err);
	if (!again)
		bug("own JSON is refused: %s", err.text);
	mem_free(text);
	return again;
}

bool sample_same(json_t *a, json_t *b)
{
	bool same = json_equal(a, b);

	json_decref(a);
	json_decref(b);
	return same;
}
