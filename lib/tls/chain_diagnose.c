/*
 * Why no path reaches an anchor, for the person who must mend it: climbs from the leaf over what
 * was sent, as far as names and signatures carry, and says where it ends. Called by the search when
 * it found no whole path.
 */
#include "lib/tls/chain_parts.h"

#include "lib/base/str.h"

enum end { END_SELF_SIGNED, END_NO_ISSUER, END_BAD_SIGNATURE, END_COUNT };

struct climb {
	size_t queue[CHAIN_NODES_MAX];
	size_t len;
	bool seen[CHAIN_NODES_MAX];
	bool met[END_COUNT];  /* some way up ends so */
	size_t at[END_COUNT]; /* ... at this node, the first time */
};

static void end_at(struct climb *climb, enum end end, size_t node)
{
	if (!climb->met[end])
		climb->at[end] = node;
	climb->met[end] = true;
}

static void step(struct search *search, struct climb *climb, size_t node)
{
	bool named = false, verified = false;

	if (search_names_issuer(search, node, node) && search_verifies(search, node, node)) {
		end_at(climb, END_SELF_SIGNED, node);
		return;
	}
	for (size_t i = 0; i < search->len; i++) {
		if (i == node || !search_names_issuer(search, node, i))
			continue;
		named = true;
		if (!search_verifies(search, node, i))
			continue;
		verified = true;
		if (!climb->seen[i])
			climb->queue[climb->len++] = i;
		climb->seen[i] = true;
	}
	if (!verified)
		end_at(climb, named ? END_BAD_SIGNATURE : END_NO_ISSUER, node);
}

enum chain_verdict search_diagnose(struct search *search, char *detail, size_t detail_len)
{
	struct climb climb = {.queue = {0}, .len = 1};
	size_t *at = climb.at;

	climb.seen[0] = true;
	for (size_t i = 0; i < climb.len; i++)
		step(search, &climb, climb.queue[i]);
	if (search->exhausted) {
		str_copy(detail, detail_len, "too many ways to try");
		return CHAIN_BUDGET;
	}
	if (climb.met[END_SELF_SIGNED] && at[END_SELF_SIGNED] == 0) {
		search_say(search, detail, detail_len, "self-signed", 0);
		return CHAIN_SELF_SIGNED;
	}
	if (climb.met[END_SELF_SIGNED]) {
		search_say(search, detail, detail_len, "not an anchor of ours",
			   at[END_SELF_SIGNED]);
		return CHAIN_UNKNOWN_ROOT;
	}
	if (climb.met[END_BAD_SIGNATURE] && !climb.met[END_NO_ISSUER]) {
		search_say(search, detail, detail_len, "its issuer's key does not verify it",
			   at[END_BAD_SIGNATURE]);
		return CHAIN_BAD_SIGNATURE;
	}
	if (climb.met[END_NO_ISSUER])
		search_say(search, detail, detail_len, "its issuer was not sent",
			   at[END_NO_ISSUER]);
	else
		str_copy(detail, detail_len, "what was sent issues itself in a circle");
	return CHAIN_ISSUER_MISSING;
}
