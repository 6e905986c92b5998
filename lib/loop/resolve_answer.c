/*
 * What DNS answers say: from a packet to addresses or to the reason why there are none, and from
 * the two answers to A and AAAA to one result. Pure; ldns reads the packet.
 */
#include "lib/loop/resolve_inside.h"

#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "lib/base/text.h"

#include <ldns/ldns.h>
#include <stdarg.h>

/* libunbound follows at most 11; we only walk over what it found. */
#define ALIASES_MAX 32

const char *resolve_status_text(enum resolve_status status)
{
	switch (status) {
	case RESOLVE_OK:
		return "ok";
	case RESOLVE_NO_NAME:
		return "no such name";
	case RESOLVE_NO_ADDRESS:
		return "no address";
	case RESOLVE_BOGUS:
		return "bogus";
	case RESOLVE_SERVFAIL:
		return "resolver failure";
	case RESOLVE_TIMEOUT:
		return "timeout";
	case RESOLVE_NO_RESOLVER:
		return "no resolver";
	}
	bug("resolve status %d", status);
}

void resolve_detail(struct resolve_result *result, const char *fmt, ...)
{
	struct buf text, escaped;
	va_list args;

	buf_init(&text, 1024);
	buf_init(&escaped, 8192);
	va_start(args, fmt);
	buf_vprintf(&text, fmt, args);
	va_end(args);
	text_terminal(&escaped, buf_text(&text), text.len);
	str_copy(result->detail, sizeof(result->detail), buf_text(&escaped));
	buf_finish(&escaped);
	buf_finish(&text);
}

void resolve_result_add(struct resolve_result *result, const struct address *address)
{
	for (size_t i = 0; i < result->count; i++) {
		if (address_equal(&result->addresses[i], address))
			return;
	}
	if (result->count == RESOLVE_ADDRESSES_MAX)
		result->truncated = true;
	else
		result->addresses[result->count++] = *address;
}

/* --- one answer -------------------------------------------------------------------------- */

static void record_add(struct resolve_result *out, const ldns_rr *record, int type)
{
	struct address address;
	const ldns_rdf *data = ldns_rr_rdf(record, 0);
	void *place;
	size_t len;

	memset(&address, 0, sizeof(address));
	if (type == LDNS_RR_TYPE_AAAA) {
		address.v6.sin6_family = AF_INET6;
		place = &address.v6.sin6_addr;
		len = sizeof(address.v6.sin6_addr);
	} else {
		address.v4.sin_family = AF_INET;
		place = &address.v4.sin_addr;
		len = sizeof(address.v4.sin_addr);
	}
	if (!data || ldns_rdf_size(data) != len)
		return;
	memcpy(place, ldns_rdf_data(data), len);
	resolve_result_add(out, &address);
}

/* Only what belongs to the name or to what it is an alias of. libunbound puts a chain in order. */
static void chain_walk(const ldns_rr_list *records, const ldns_rdf *name, int type,
		       struct resolve_result *out)
{
	const ldns_rdf *owner = name;
	int aliases = 0;

	for (size_t i = 0; i < ldns_rr_list_rr_count(records); i++) {
		const ldns_rr *record = ldns_rr_list_rr(records, i);

		if (ldns_dname_compare(ldns_rr_owner(record), owner) != 0)
			continue;
		if ((int)ldns_rr_get_type(record) == type) {
			record_add(out, record, type);
		} else if (ldns_rr_get_type(record) == LDNS_RR_TYPE_CNAME &&
			   ldns_rr_rdf(record, 0) && ++aliases <= ALIASES_MAX) {
			owner = ldns_rr_rdf(record, 0);
		}
	}
}

static void rcode_read(int rcode, struct resolve_result *out)
{
	if (rcode == LDNS_RCODE_NXDOMAIN) {
		out->status = RESOLVE_NO_NAME;
		resolve_detail(out, "the name does not exist (NXDOMAIN)");
	} else if (rcode == LDNS_RCODE_SERVFAIL) {
		out->status = RESOLVE_SERVFAIL;
		resolve_detail(out, "the resolver failed (SERVFAIL)");
	} else {
		out->status = RESOLVE_SERVFAIL;
		resolve_detail(out, "the resolver answered with code %d", rcode);
	}
}

static void packet_read(const struct resolve_answer *answer, struct resolve_result *out)
{
	ldns_pkt *packet = NULL;
	ldns_rdf *name = ldns_dname_new_frm_str(answer->name);

	if (!name || ldns_wire2pkt(&packet, answer->packet, answer->packet_len) != LDNS_STATUS_OK) {
		out->status = RESOLVE_SERVFAIL;
		resolve_detail(out, "the answer cannot be read");
	} else if (ldns_pkt_get_rcode(packet) != LDNS_RCODE_NOERROR) {
		rcode_read((int)ldns_pkt_get_rcode(packet), out);
	} else {
		chain_walk(ldns_pkt_answer(packet), name, answer->type, out);
		out->status = out->count > 0 ? RESOLVE_OK : RESOLVE_NO_ADDRESS;
		if (out->count == 0)
			resolve_detail(out, "the name has no address");
	}
	ldns_pkt_free(packet);
	ldns_rdf_deep_free(name);
}

void resolve_answer_read(const struct resolve_answer *answer, struct resolve_result *out)
{
	*out = (struct resolve_result){.status = RESOLVE_SERVFAIL};
	/* First: a bogus answer comes with code 0 and its addresses. */
	if (answer->bogus) {
		out->status = RESOLVE_BOGUS;
		resolve_detail(out, "%s",
			       answer->why_bogus ? answer->why_bogus : "DNSSEC validation failed");
	} else if (answer->rcode != 0) {
		rcode_read(answer->rcode, out);
	} else {
		packet_read(answer, out);
	}
}

/* --- two answers ------------------------------------------------------------------------- */

/* When no answer has an address: how much each says about the name. */
static int weight(enum resolve_status status)
{
	switch (status) {
	case RESOLVE_BOGUS:
		return 5;
	case RESOLVE_NO_NAME: /* holds for every type */
		return 4;
	case RESOLVE_SERVFAIL: /* the other type might have one: it may be tried again */
		return 3;
	case RESOLVE_TIMEOUT:
		return 2;
	case RESOLVE_NO_ADDRESS:
		return 1;
	case RESOLVE_OK:
	case RESOLVE_NO_RESOLVER:
		return 0;
	}
	bug("resolve status %d", status);
}

void resolve_results_merge(const struct resolve_result *const *answers, size_t len,
			   struct resolve_result *out)
{
	const struct resolve_result *worst = NULL;

	*out = (struct resolve_result){.status = RESOLVE_NO_ADDRESS};
	for (size_t i = 0; i < len; i++) {
		for (size_t j = 0; j < answers[i]->count; j++)
			resolve_result_add(out, &answers[i]->addresses[j]);
		out->truncated |= answers[i]->truncated;
		if (!worst || weight(answers[i]->status) > weight(worst->status))
			worst = answers[i];
	}
	if (!worst)
		return;
	out->status = out->count > 0 ? RESOLVE_OK : worst->status;
	/* Also beside addresses of the other family: why there are not more. */
	if (out->count == 0 || weight(worst->status) > weight(RESOLVE_NO_ADDRESS))
		str_copy(out->detail, sizeof(out->detail), worst->detail);
}
