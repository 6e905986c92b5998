/*
 * The path search: which of the certificates sent leads to an anchor, and which way lasts longest.
 * It goes down from the anchors first, so that signatures are only checked with keys that are
 * already trusted: what a hostile server sends beside its chain verifies under none of them and
 * costs nothing more. Then up from the leaf over what was verified, best end first. Called by the
 * prober for each chain that is new; pure but for the anchors' cache of parsed certificates.
 */
#include "lib/tls/chain_parts.h"

#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/text.h"
#include "lib/tls/library.h"
#include "lib/tls/read.h"
#include "lib/tls/read_parts.h"
#include <openssl/err.h>
#include <openssl/x509v3.h>

const char *chain_verdict_text(enum chain_verdict verdict)
{
	switch (verdict) {
	case CHAIN_TRUSTED:
		return "trusted";
	case CHAIN_TIME:
		return "time";
	case CHAIN_SELF_SIGNED:
		return "self_signed";
	case CHAIN_UNKNOWN_ROOT:
		return "unknown_root";
	case CHAIN_ISSUER_MISSING:
		return "issuer_missing";
	case CHAIN_BAD_SIGNATURE:
		return "bad_signature";
	case CHAIN_INVALID:
		return "invalid";
	case CHAIN_BUDGET:
		return "budget";
	}
	return "unknown";
}

/* ---- the certificates in play --------------------------------------------------------------- */

static bool key_digest(const X509 *x509, uint8_t out[SHA256_LEN])
{
	uint8_t *spki = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &spki);

	if (len > 0)
		digest_sha256(spki, (size_t)len, out);
	OPENSSL_free(spki);
	return len > 0;
}

/* Takes x509 when owned. False, and nothing added, when it cannot be part of a path. */
static bool add_node(struct search *search, X509 *x509, bool owned, const char *sha256)
{
	struct node *node = &search->nodes[search->len];

	if (!x509 || search->len == CHAIN_NODES_MAX)
		goto failed;
	*node = (struct node){.x509 = x509, .owned = owned, .anchor = !owned};
	if (!read_time(X509_get0_notBefore(x509), &node->not_before) ||
	    !read_time(X509_get0_notAfter(x509), &node->not_after) || !key_digest(x509, node->key))
		goto failed;
	str_copy(node->sha256, sizeof(node->sha256), sha256);
	node->subject = chain_name_hash(X509_get_subject_name(x509));
	node->issuer = chain_name_hash(X509_get_issuer_name(x509));
	search->len++;
	return true;
failed:
	if (owned)
		X509_free(x509);
	return false;
}

static bool has_node(const struct search *search, const char *sha256)
{
	for (size_t i = 0; i < search->len; i++) {
		if (strcmp(search->nodes[i].sha256, sha256) == 0)
			return true;
	}
	return false;
}

/* The anchor that this certificate itself is, or NULL. */
static struct anchor *same_anchor(const struct search *search, const X509 *x509, const char *sha256)
{
	size_t count;
	struct anchor *anchor = anchors_find(search->anchors,
					     chain_name_hash(X509_get_subject_name(x509)), &count);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(anchor[i].sha256, sha256) == 0)
			return &anchor[i];
	}
	return NULL;
}

static bool add_sent(struct search *search, const uint8_t *der, size_t len)
{
	char sha256[SHA256_HEX_LEN + 1];
	const uint8_t *end = der;
	struct anchor *anchor;
	X509 *x509;

	digest_sha256_hex(der, len, sha256);
	if (has_node(search, sha256))
		return true;
	x509 = len <= READ_CERT_MAX ? d2i_X509(NULL, &end, (long)len) : NULL;
	if (x509 && end != der + len) {
		X509_free(x509);
		return false;
	}
	anchor = x509 ? same_anchor(search, x509, sha256) : NULL;
	if (!anchor)
		return add_node(search, x509, true, sha256);
	X509_free(x509);
	return add_node(search, anchor_x509(anchor), false, sha256);
}

static void add_anchors(struct search *search)
{
	size_t sent = search->len;

	for (size_t i = 0; i < sent; i++) {
		size_t count;
		struct anchor *anchor = anchors_find(search->anchors, search->nodes[i].issuer,
						     &count);

		for (size_t j = 0; j < count; j++) {
			if (!has_node(search, anchor[j].sha256))
				add_node(search, anchor_x509(&anchor[j]), false, anchor[j].sha256);
		}
	}
}

/* ---- who issued whom ------------------------------------------------------------------------ */

bool search_names_issuer(const struct search *search, size_t child, size_t issuer)
{
	const struct node *below = &search->nodes[child], *above = &search->nodes[issuer];

	/* The key identifiers are hints, which real CAs get wrong; the signature decides. */
	return below->issuer == above->subject &&
	       X509_NAME_cmp(X509_get_issuer_name(below->x509),
			     X509_get_subject_name(above->x509)) == 0;
}

/* Cross-certificates of one CA share its key: what one verifies, all do. */
static enum edge same_key_edge(const struct search *search, size_t child, size_t issuer)
{
	for (size_t i = 0; i < search->len; i++) {
		if (search->edges[child][i] != EDGE_UNKNOWN &&
		    memcmp(search->nodes[i].key, search->nodes[issuer].key, SHA256_LEN) == 0)
			return (enum edge)search->edges[child][i];
	}
	return EDGE_UNKNOWN;
}

bool search_verifies(struct search *search, size_t child, size_t issuer)
{
	enum edge edge = same_key_edge(search, child, issuer);
	EVP_PKEY *key;

	if (edge == EDGE_UNKNOWN) {
		if (search->signatures == CHAIN_SIGNATURES) {
			search->exhausted = true;
			return false;
		}
		search->signatures++;
		key = X509_get0_pubkey(search->nodes[issuer].x509);
		edge = key && X509_verify(search->nodes[child].x509, key) == 1 ? EDGE_GOOD
									       : EDGE_BAD;
	}
	search->edges[child][issuer] = (uint8_t)edge;
	return edge == EDGE_GOOD;
}

/* What the leaf could descend from, by names: nobody else's signature is worth a check. */
static void mark_relevant(struct search *search)
{
	size_t queue[CHAIN_NODES_MAX], len = 1;

	queue[0] = 0;
	search->nodes[0].relevant = true;
	for (size_t i = 0; i < len; i++) {
		for (size_t j = 0; j < search->len; j++) {
			if (search->nodes[j].relevant || search->nodes[queue[i]].anchor ||
			    !search_names_issuer(search, queue[i], j))
				continue;
			search->nodes[j].relevant = true;
			queue[len++] = j;
		}
	}
}

static void mark_reached(struct search *search)
{
	size_t queue[CHAIN_NODES_MAX], len = 0;

	for (size_t i = 0; i < search->len; i++) {
		if (search->nodes[i].anchor && search->nodes[i].relevant) {
			search->nodes[i].reached = true;
			queue[len++] = i;
		}
	}
	for (size_t i = 0; i < len; i++) {
		for (size_t child = 0; child < search->len; child++) {
			struct node *node = &search->nodes[child];

			if (node->anchor || !node->relevant || child == queue[i] ||
			    !search_names_issuer(search, child, queue[i]) ||
			    !search_verifies(search, child, queue[i]) || node->reached)
				continue;
			node->reached = true;
			queue[len++] = child;
		}
	}
}

/* ---- paths ---------------------------------------------------------------------------------- */

static bool valid_at(const struct node *node, int64_t at)
{
	/* The second of notAfter is included. */
	return node->not_before <= at && at < node->not_after + MS_SECOND;
}

static void judge_path(struct search *search, size_t len)
{
	X509 *path[CHAIN_PATH_MAX];
	int64_t until = INT64_MAX;
	bool valid = true;
	size_t at;
	int code;

	for (size_t i = 0; i < len; i++) {
		const struct node *node = &search->nodes[search->path[i]];

		path[i] = node->x509;
		valid = valid && valid_at(node, search->at);
		until = node->not_after < until ? node->not_after : until;
	}
	if (search->best_len > 0 &&
	    (valid == search->best_valid ? until <= search->best_until : search->best_valid))
		return;
	code = path_check(anchors_store(search->anchors), path, len, &at);
	if (code != X509_V_OK) {
		if (search->invalid == X509_V_OK) {
			search->invalid = code;
			search->invalid_at = search->path[at];
		}
		return;
	}
	memcpy(search->best, search->path, len * sizeof(search->path[0]));
	search->best_len = len;
	search->best_valid = valid;
	search->best_until = until;
}

/* Already on the path, or the same CA under another certificate: that way leads in circles. */
static bool on_path(const struct search *search, size_t len, size_t node)
{
	const struct node *new = &search->nodes[node];

	for (size_t i = 0; i < len; i++) {
		const struct node *old = &search->nodes[search->path[i]];

		if (search->path[i] == node ||
		    (old->subject == new->subject &&memcmp(old->key, new->key, SHA256_LEN) == 0))
			return true;
	}
	return false;
}

/* Nothing above can mend what is no better than the best path already. */
static bool hopeless(const struct search *search, size_t node)
{
	return search->best_valid && (search->nodes[node].not_after <= search->best_until ||
				      !valid_at(&search->nodes[node], search->at));
}

/* The verified issuer of the path's end that ends last, of those not tried. */
static bool next_issuer(const struct search *search, size_t len, const bool *tried, size_t *out)
{
	size_t child = search->path[len - 1];
	bool found = false;

	for (size_t i = 0; i < search->len; i++) {
		if (tried[i] || search->edges[child][i] != EDGE_GOOD || !search->nodes[i].reached ||
		    on_path(search, len, i))
			continue;
		if (!found || search->nodes[i].not_after > search->nodes[*out].not_after)
			*out = i;
		found = true;
	}
	return found;
}

static void walk(struct search *search, size_t len)
{
	bool tried[CHAIN_NODES_MAX] = {false};
	size_t issuer = 0;

	if (search->nodes[search->path[len - 1]].anchor) {
		judge_path(search, len);
		return;
	}
	if (len == CHAIN_PATH_MAX)
		return;
	while (next_issuer(search, len, tried, &issuer)) {
		if (search->candidates == CHAIN_CANDIDATES) {
			search->exhausted = true;
			return;
		}
		search->candidates++;
		tried[issuer] = true;
		if (hopeless(search, issuer))
			continue;
		search->path[len] = issuer;
		walk(search, len + 1);
	}
}

/* ---- the verdict ---------------------------------------------------------------------------- */

void search_say(const struct search *search, char *detail, size_t detail_len, const char *sentence,
		size_t node)
{
	char *subject = read_name(X509_get_subject_name(search->nodes[node].x509));
	struct buf text;

	/* The buffer's ceiling cuts between characters. */
	buf_init(&text, detail_len - 1);
	buf_add_str(&text, sentence);
	buf_add_str(&text, ": ");
	text_utf8(&text, *subject ? subject : "(no subject)",
		  strlen(*subject ? subject : "(no subject)"));
	str_copy(detail, detail_len, buf_text(&text));
	buf_finish(&text);
	mem_free(subject);
}

static void say_time(const struct search *search, struct chain_result *out)
{
	char sentence[64], when[CLOCK_TEXT_MAX];

	for (size_t i = 0; i < search->best_len; i++) {
		const struct node *node = &search->nodes[search->best[i]];

		if (valid_at(node, search->at))
			continue;
		if (node->not_before > search->at)
			snprintf(sentence, sizeof(sentence), "not valid before %s",
				 clock_rfc3339(node->not_before, when));
		else
			snprintf(sentence, sizeof(sentence), "ended %s",
				 clock_rfc3339(node->not_after, when));
		search_say(search, out->detail, sizeof(out->detail), sentence, search->best[i]);
		return;
	}
}

static void tell_path(const struct search *search, struct chain_result *out)
{
	out->path_len = search->best_len;
	out->path_until = search->best_until;
	for (size_t i = 0; i < search->best_len; i++) {
		const struct node *node = &search->nodes[search->best[i]];

		str_copy(out->path_sha256[i], sizeof(out->path_sha256[i]), node->sha256);
		if (node->not_after == search->best_until)
			out->path_earliest = (int)i;
	}
	out->verdict = search->best_valid ? CHAIN_TRUSTED : CHAIN_TIME;
	if (!search->best_valid)
		say_time(search, out);
}

static void tell(struct search *search, struct chain_result *out)
{
	if (search->best_len > 0) {
		tell_path(search, out);
	} else if (search->invalid != X509_V_OK) {
		out->verdict = CHAIN_INVALID;
		search_say(search, out->detail, sizeof(out->detail),
			   X509_verify_cert_error_string(search->invalid), search->invalid_at);
	} else {
		out->verdict = search_diagnose(search, out->detail, sizeof(out->detail));
	}
}

void chain_verify(const struct anchors *anchors, const uint8_t *const *ders, const size_t *lens,
		  size_t count, int64_t at_wall_ms, struct chain_result *out)
{
	struct search *search = MEM_NEW(struct search);

	memset(out, 0, sizeof(*out));
	out->path_until = INT64_MIN;
	search->anchors = anchors;
	search->at = at_wall_ms;
	ERR_clear_error();
	if (count > 0 && add_sent(search, ders[0], lens[0])) {
		for (size_t i = 1; i < count && search->len < CHAIN_SENT_MAX; i++)
			(void)add_sent(search, ders[i], lens[i]);
		add_anchors(search);
		mark_relevant(search);
		mark_reached(search);
		walk(search, 1);
		tell(search, out);
	} else {
		out->verdict = CHAIN_INVALID;
		str_copy(out->detail, sizeof(out->detail), "the leaf is malformed");
	}
	for (size_t i = 0; i < search->len; i++) {
		if (search->nodes[i].owned)
			X509_free(search->nodes[i].x509);
	}
	mem_free(search);
	ERR_clear_error();
}
