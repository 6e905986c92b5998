/*
 * What the certificates of one file are to each other: one chain, or several members, each a
 * certificate that issued none of the others, with its issuers from the file. By names and key ids,
 * without any signature: a file is judged by its owner's rules, not by a peer's trust.
 */
#ifndef PROBES_MEMBERS_H
#define PROBES_MEMBERS_H

#include "lib/wire/msg.h"
#include "probes/page.h"

#define MEMBERS_MAX 2000

struct members;
struct members *members_new(struct role_page *page); /* page: may be NULL */
void members_free(struct members *members);	     /* accepts NULL */
/* Before the first: every certificate will be a member of its own, without a chain, named by its
 * number in the file; the same one again and one that does not parse too. */
void members_each(struct members *members);

/* Copies and parses one certificate; the same one again is left out. One that does not parse is
 * kept as what it is. */
void members_add(struct members *members, const uint8_t *der, size_t len);
/* After the last: groups and names. False with err when there are more than MEMBERS_MAX. */
bool members_group(struct members *members, struct err *err) MUST_CHECK;

size_t members_len(const struct members *members);
bool members_one_chain(const struct members *members);
/* Fills item-less result of member i (member borrowed, NULL when one chain; ders into `ders`); the
 * caller finishes out->endpoint only. */
void members_result(struct members *members, size_t i, struct msg_result *out,
		    struct attachment ders[ENDPOINT_CHAIN_MAX + 1]);

#endif
