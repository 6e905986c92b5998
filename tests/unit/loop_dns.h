/*
 * A small DNS server on 127.0.0.1, UDP and TCP, in the test's own loop. What it answers is in the
 * first label of the name asked for:
 *
 *	v4, v6, both	addresses 192.0.2.1, 2001:db8::1
 *	nx, servfail, refused	that code
 *	chain		an alias of link, that of end, which has both addresses
 *	ring		an alias of ring2, and that of ring
 *	many		40 addresses
 *	trunc		nothing but TC over UDP, 40 addresses over TCP
 *	stranger	an address of another name
 *	garbage		bytes that are no DNS message
 *	silent, silent6	nothing at all; nothing to AAAA
 *	held		v4's answer, when the test says so
 */
#ifndef TESTS_UNIT_LOOP_DNS_H
#define TESTS_UNIT_LOOP_DNS_H

#include "lib/loop/loop.h"

struct dns;
struct dns *dns_new(struct loop *loop);
void dns_free(struct dns *dns);
/* "127.0.0.1@PORT" */
const char *dns_servers(const struct dns *dns);
/* Whether a question's name held text. (A count would count the late question of a stranger, who
 * had this port before.) */
bool dns_asked_for(const struct dns *dns, const char *text);
int dns_asked_tcp(const struct dns *dns);	/* questions by TCP */
int dns_held(const struct dns *dns);		/* questions for held.* not answered yet */
void dns_release(struct dns *dns);		/* answers them, and further ones at once */
void dns_silence(struct dns *dns, bool silent); /* the whole server */

#endif
