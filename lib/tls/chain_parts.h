/*
 * What the files of the path search share: the anchors' index, the certificates in play, and the
 * check of one whole path. Inside this folder only.
 */
#ifndef LIB_TLS_CHAIN_PARTS_H
#define LIB_TLS_CHAIN_PARTS_H

#include "lib/tls/chain.h"
#include <openssl/x509.h>

#define CHAIN_PATH_MAX 16    /* as in struct chain_result */
#define CHAIN_SENT_MAX 64    /* certificates looked at; more than any session keeps */
#define CHAIN_NODES_MAX 128  /* with the anchors that could end their paths */
#define CHAIN_SIGNATURES 100 /* checked for one verdict: milliseconds each at the worst */
#define CHAIN_CANDIDATES 500 /* steps from a certificate to a possible issuer */

/* ---- anchors.c */

struct anchor {
	uint8_t *der;
	size_t len;
	char sha256[65];
	unsigned long subject; /* chain_name_hash */
	X509 *x509;	       /* parsed when first needed */
};
/* Equal for names that RFC 5280 7.1 takes for the same. */
unsigned long chain_name_hash(const X509_NAME *name);
/* The anchors whose subject has this hash, one after the other; NULL and 0 when none. */
struct anchor *anchors_find(const struct anchors *anchors, unsigned long subject, size_t *count);
/* NULL when it cannot be parsed. */
X509 *anchor_x509(struct anchor *anchor);
/* For path_check: a store without certificates. */
X509_STORE *anchors_store(const struct anchors *anchors);

/* ---- chain_path.c */

/*
 * All that RFC 5280 asks of a path but signatures and times, which the search has checked: CA,
 * path length, key usage, purpose, names, algorithms. X509_V_OK, or OpenSSL's code and the index
 * of the certificate it is about.
 */
int path_check(X509_STORE *store, X509 *const *path, size_t len, size_t *at);
/* The callbacks that path_check needs. */
X509_STORE *path_store_new(void);

/* ---- chain.c, for chain_diagnose.c */

enum edge { EDGE_UNKNOWN, EDGE_GOOD, EDGE_BAD };

struct node {
	X509 *x509;
	bool owned; /* else the anchor's */
	bool anchor;
	bool relevant; /* by names alone, the leaf could descend from it */
	bool reached;  /* by signatures, it descends from an anchor */
	char sha256[65];
	uint8_t key[32]; /* of the subjectPublicKeyInfo */
	unsigned long subject, issuer;
	int64_t not_before, not_after;
};

struct search {
	const struct anchors *anchors;
	int64_t at;
	struct node nodes[CHAIN_NODES_MAX]; /* the leaf first */
	size_t len;
	uint8_t edges[CHAIN_NODES_MAX][CHAIN_NODES_MAX]; /* enum edge, [subject][issuer] */
	int signatures, candidates;
	bool exhausted;
	size_t path[CHAIN_PATH_MAX]; /* being walked */
	size_t best[CHAIN_PATH_MAX];
	size_t best_len; /* 0: none yet */
	bool best_valid; /* at the instant */
	int64_t best_until;
	int invalid;	   /* OpenSSL's code for the first whole path that failed */
	size_t invalid_at; /* the node it is about */
};

/* By name only. */
bool search_names_issuer(const struct search *search, size_t child, size_t issuer);
/* The issuer's key verifies the child; false too when the budget is used up. */
bool search_verifies(struct search *search, size_t child, size_t issuer);
/* No whole path: the verdict that says what is missing. */
enum chain_verdict search_diagnose(struct search *search, char *detail, size_t detail_len);
/* "sentence: subject" of a node. */
void search_say(const struct search *search, char *detail, size_t detail_len, const char *sentence,
		size_t node);

#endif
