/*
 * See members.h. Certificates are found by subject in a table, so that a bundle of thousands costs
 * no square; how many of one subject are looked at has a ceiling, since a hostile file could make
 * them all the same. Used by the reader alone; no I/O.
 */
#include "lib/base/sys.h"
#include "probes/members.h"

#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/tls/read.h"
#include "probes/sight.h"

#include <uthash.h>

#define SAME_SUBJECT_MAX 64
/* Members that are no certificates: enough to find what is wrong with the file. */
#define BAD_TOLD_MAX 16
#define NAME_MAX_LEN 200
/* Room in a frame for the chain of one member; an honest one takes a hundredth of it. */
#define CHAIN_BYTES_MAX ((size_t)768 * 1024)

struct held {
	struct cert cert; /* zeroed when it does not parse */
	char *error;	  /* why not, else NULL */
	uint8_t *der;
	size_t len;
	bool issues;	   /* another one of the file */
	bool reached;	   /* belongs to some member's chain */
	size_t marked;	   /* number of the walk that saw it last */
	size_t same;	   /* next of the same subject, index + 1 */
	UT_hash_handle hh; /* by sha256 */
};

struct subject {
	size_t first; /* index + 1 */
	size_t count;
	UT_hash_handle hh; /* by text, borrowed from the first */
};

struct member {
	size_t leaf;
	char *name;
	char *base; /* before numbering */
};

struct members {
	struct role_page *page;
	struct held **held;
	size_t held_len, held_cap;
	struct held *by_sha256;
	struct subject *subjects;
	struct member *list;
	size_t len;
	bool one_chain;
	bool each;
	size_t walks;
	size_t bad; /* of those held */
};

struct walk {
	size_t at[ENDPOINT_CHAIN_MAX + 1];
	size_t len;
};

struct members *members_new(struct role_page *page)
{
	struct members *members = MEM_NEW(struct members);
	members->page = page;
	return members;
}

void members_free(struct members *members)
{
	struct subject *subject, *next;

	if (!members)
		return;
	HASH_ITER(hh, members->subjects, subject, next) {
		HASH_DEL(members->subjects, subject);
		mem_free(subject);
	}
	HASH_CLEAR(hh, members->by_sha256);
	for (size_t i = 0; i < members->held_len; i++) {
		cert_finish(&members->held[i]->cert);
		mem_free(members->held[i]->error);
		mem_free(members->held[i]->der);
		mem_free(members->held[i]);
	}
	for (size_t i = 0; i < members->len; i++) {
		mem_free(members->list[i].name);
		mem_free(members->list[i].base);
	}
	mem_free(members->held);
	mem_free(members->list);
	mem_free(members);
}

void members_each(struct members *members)
{
	members->each = true;
}

/* --- what is held ---------------------------------------------------------------------------- */

static void index_subject(struct members *members, size_t i)
{
	struct held *held = members->held[i];
	const char *text = held->cert.subject;
	struct subject *subject = NULL;

	HASH_FIND_STR(members->subjects, text, subject);
	if (!subject) {
		subject = MEM_NEW(struct subject);
		HASH_ADD_KEYPTR(hh, members->subjects, text, strlen(text), subject);
	}
	if (subject->count == SAME_SUBJECT_MAX)
		return;
	subject->count++;
	held->same = subject->first;
	subject->first = i + 1;
}

void members_add(struct members *members, const uint8_t *der, size_t len)
{
	char sha256[SHA256_HEX_LEN + 1];
	struct held *held = NULL;
	struct err err = {0};

	page_step(members->page);
	digest_sha256_hex(der, len, sha256);
	if (!members->each)
		HASH_FIND(hh, members->by_sha256, sha256, SHA256_HEX_LEN, held);
	if (held)
		return;
	if (members->held_len == members->held_cap) {
		members->held_cap = members->held_cap ? 2 * members->held_cap : 16;
		members->held = mem_resize(members->held, members->held_cap, sizeof(held));
	}
	held = MEM_NEW(struct held);
	held->der = mem_dup(der, len);
	held->len = len;
	if (!read_der(&held->cert, der, len, &err)) {
		cert_init(&held->cert);
		held->error = str_dup(err.text);
		members->bad++;
	}
	str_copy(held->cert.sha256, sizeof(held->cert.sha256), sha256);
	if (!members->each)
		HASH_ADD(hh, members->by_sha256, cert.sha256, SHA256_HEX_LEN, held);
	members->held[members->held_len++] = held;
	if (!held->error && !members->each)
		index_subject(members, members->held_len - 1);
}

/* --- who issued whom ------------------------------------------------------------------------- */

static bool is_issuer(const struct cert *issuer, const struct cert *cert)
{
	if (issuer == cert || cert->self_signed || !(issuer->is_ca || issuer->self_signed))
		return false;
	return !cert->authority_key_id || !issuer->subject_key_id ||
	       str_eq(cert->authority_key_id, issuer->subject_key_id);
}

/* The next issuer of cert behind `after` (index + 1, 0: from the first), as index + 1; 0: no more.
 */
static size_t next_issuer(const struct members *members, const struct cert *cert, size_t after)
{
	size_t at = 0;

	if (after > 0) {
		at = members->held[after - 1]->same;
	} else if (cert->issuer && *cert->issuer) {
		struct subject *subject = NULL;
		HASH_FIND_STR(members->subjects, cert->issuer, subject);
		at = subject ? subject->first : 0;
	}
	while (at > 0 && !is_issuer(&members->held[at - 1]->cert, cert))
		at = members->held[at - 1]->same;
	return at;
}

/* The certificate and all above it, nearest first, each once. */
static void walk_up(struct members *members, size_t leaf, struct walk *walk)
{
	size_t number = ++members->walks;

	walk->at[0] = leaf;
	walk->len = 1;
	members->held[leaf]->marked = number;
	for (size_t i = 0; i < walk->len; i++) {
		const struct cert *cert = &members->held[walk->at[i]]->cert;
		for (size_t at = next_issuer(members, cert, 0); at > 0;
		     at = next_issuer(members, cert, at)) {
			struct held *issuer = members->held[at - 1];
			if (issuer->marked == number || walk->len == ARRAY_LEN(walk->at))
				continue;
			issuer->marked = number;
			walk->at[walk->len++] = at - 1;
		}
	}
}

static void mark_issuers(struct members *members)
{
	for (size_t i = 0; i < members->held_len; i++) {
		const struct cert *cert = &members->held[i]->cert;
		for (size_t at = next_issuer(members, cert, 0); at > 0;
		     at = next_issuer(members, cert, at))
			members->held[at - 1]->issues = true;
	}
}

/* --- members --------------------------------------------------------------------------------- */

static bool add_member(struct members *members, size_t leaf, struct err *err)
{
	struct walk walk;

	if (members->len == MEMBERS_MAX)
		return err_set(err, ERR_FULL, "more than %d certificates that issued no other",
			       MEMBERS_MAX);
	page_step(members->page);
	members->list[members->len++] = (struct member){.leaf = leaf};
	walk_up(members, leaf, &walk);
	for (size_t i = 0; i < walk.len; i++)
		members->held[walk.at[i]]->reached = true;
	/* Bad ones stand in nobody's way: they are told with the chain they came with. */
	members->one_chain = members->len == 1 && walk.len + members->bad == members->held_len;
	return true;
}

/* Those that issued no other; then, for authorities that issued each other, whom nobody reached. */
static bool find_members(struct members *members, struct err *err)
{
	for (size_t i = 0; i < members->held_len; i++)
		if (!members->held[i]->error && !members->held[i]->issues &&
		    !add_member(members, i, err))
			return false;
	for (size_t i = 0; i < members->held_len; i++)
		if (!members->held[i]->error && !members->held[i]->reached &&
		    !add_member(members, i, err))
			return false;
	if (members->one_chain)
		return true;
	for (size_t i = 0, bad = 0; i < members->held_len && bad < BAD_TOLD_MAX; i++) {
		if (!members->held[i]->error)
			continue;
		bad++;
		if (!add_member(members, i, err))
			return false;
	}
	return true;
}

/* The value of the subject's last RDN, which stands first in the text: "CN=Some Root,O=ACME". */
static char *last_rdn(const char *subject)
{
	const char *value = subject ? strchr(subject, '=') : NULL;
	char *out;
	size_t len = 0;

	if (!value)
		return NULL;
	out = str_dup(value + 1);
	for (const char *p = out; *p && *p != ',' && *p != '+'; p++) {
		if (*p == '\\' && p[1])
			p++;
		out[len++] = *p;
	}
	out[len] = 0;
	return out;
}

/* A '#' would be taken for a number, see number_names. The cut may not split a character. */
static void tidy(char *name)
{
	size_t len = strlen(name);
	if (len > NAME_MAX_LEN) {
		len = NAME_MAX_LEN;
		while (len > 0 && ((unsigned char)name[len] & 0xc0) == 0x80)
			len--;
		name[len] = 0;
	}
	for (char *p = name; *p; p++)
		if (*p == '#')
			*p = '_';
}

static char *base_name(const struct cert *cert)
{
	char *name = cert->names_len > 0 ? str_dup(cert->names[0]) : last_rdn(cert->subject);
	if (name)
		tidy(name);
	if (name && *name)
		return name;
	mem_free(name);
	return str_dup_n(cert->sha256, 16);
}

/* Of members with one name, the one that ends last has it plain, so that the name follows a renewal
 * while the old certificate is still in the file. */
static int by_name_and_end(const void *a, const void *b, void *arg)
{
	const struct members *members = arg;
	const struct member *left = &members->list[*(const size_t *)a];
	const struct member *right = &members->list[*(const size_t *)b];
	const struct cert *left_cert = &members->held[left->leaf]->cert;
	const struct cert *right_cert = &members->held[right->leaf]->cert;
	int order = strcmp(left->base, right->base);

	if (order != 0)
		return order;
	if (left_cert->not_after != right_cert->not_after)
		return left_cert->not_after > right_cert->not_after ? -1 : 1;
	return strcmp(left_cert->sha256, right_cert->sha256);
}

static void number_names(struct members *members)
{
	size_t *order = MEM_NEW_ARRAY(members->len, size_t);
	size_t number = 0;

	for (size_t i = 0; i < members->len; i++) {
		order[i] = i;
		members->list[i].base = base_name(&members->held[members->list[i].leaf]->cert);
	}
	qsort_r(order, members->len, sizeof(*order), by_name_and_end, members);
	for (size_t i = 0; i < members->len; i++) {
		struct member *member = &members->list[order[i]];
		bool again = i > 0 && str_eq(member->base, members->list[order[i - 1]].base);
		number = again ? number + 1 : 1;
		member->name = number > 1 ? str_printf("%s#%zu", member->base, number)
					  : str_dup(member->base);
	}
	mem_free(order);
}

static bool group_each(struct members *members, struct err *err)
{
	if (members->held_len > MEMBERS_MAX)
		return err_set(err, ERR_FULL, "more than %d certificates", MEMBERS_MAX);
	for (size_t i = 0; i < members->held_len; i++)
		members->list[members->len++] = (struct member){.leaf = i,
								.name = str_printf("%zu", i + 1)};
	return true;
}

bool members_group(struct members *members, struct err *err)
{
	members->list = MEM_NEW_ARRAY(MEMBERS_MAX, struct member);
	if (members->each)
		return group_each(members, err);
	mark_issuers(members);
	if (!find_members(members, err))
		return false;
	/* One certificate that does not parse is the one chain of its file too. */
	if (members->held_len == 1)
		members->one_chain = true;
	number_names(members);
	return true;
}

size_t members_len(const struct members *members)
{
	return members->len;
}

bool members_one_chain(const struct members *members)
{
	return members->one_chain;
}

/* --- results --------------------------------------------------------------------------------- */

static void tell_bad(const struct members *members, struct endpoint *endpoint, size_t i)
{
	endpoint->outcome = OUTCOME_BAD_CERTIFICATE;
	mem_free(endpoint->error);
	endpoint->error = str_printf("certificate %zu of %zu in the file (%zu are bad): %s", i + 1,
				     members->held_len, members->bad, members->held[i]->error);
}

static size_t chain_of(const struct members *members, const struct walk *walk, const uint8_t **ders,
		       size_t *lens)
{
	size_t count = 0, bytes = 0;
	while (count < walk->len) {
		const struct held *held = members->held[walk->at[count]];
		bytes += held->len;
		if (bytes > CHAIN_BYTES_MAX)
			break;
		ders[count] = held->der;
		lens[count++] = held->len;
	}
	return count;
}

void members_result(struct members *members, size_t i, struct msg_result *out,
		    struct attachment ders[ENDPOINT_CHAIN_MAX + 1])
{
	const struct member *member = &members->list[i];
	const uint8_t *bytes[ENDPOINT_CHAIN_MAX + 1];
	size_t lens[ENDPOINT_CHAIN_MAX + 1];
	struct endpoint *endpoint = &out->endpoint;
	struct walk walk;

	*out = (struct msg_result){.member = members->one_chain ? NULL : member->name};
	endpoint_init(endpoint);
	endpoint->outcome = OUTCOME_OK;
	str_copy(endpoint->stage, sizeof(endpoint->stage), "read");
	if (members->each)
		walk = (struct walk){.at = {member->leaf}, .len = 1};
	else
		walk_up(members, member->leaf, &walk);
	struct sight_certs certs = {bytes, lens, chain_of(members, &walk, bytes, lens)};
	if (members->held[member->leaf]->error) {
		tell_bad(members, endpoint, member->leaf);
		return;
	}
	if (!sight_certificates(endpoint, &certs, NULL))
		bug("a certificate parses only once");
	for (size_t k = 0; k < certs.count; k++)
		ders[k] = (struct attachment){bytes[k], lens[k]};
	out->ders = ders;
	out->ders_len = certs.count;
	for (size_t k = 0; members->one_chain && k < members->held_len; k++)
		if (members->held[k]->error) {
			tell_bad(members, endpoint, k);
			return;
		}
}
