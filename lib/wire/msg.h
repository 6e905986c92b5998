/*
 * Each message between keeper and roles: written here, and parsed here as if from an enemy.
 * Payloads are the JSON documents of lib/model; DER travels as attachment.
 */
#ifndef LIB_WIRE_MSG_H
#define LIB_WIRE_MSG_H

#include "lib/model/observation.h"
#include "lib/wire/frame.h"

enum msg_type {
	MSG_SETUP = 1, /* keeper -> role, first */
	MSG_READY,     /* role -> keeper: files read, sandbox closed */
	MSG_LOOK,      /* keeper -> prober */
	MSG_READ,      /* keeper -> reader, with the file's descriptor */
	MSG_CANCEL,    /* keeper -> role: silence */
	MSG_RESULT,    /* role -> keeper: one endpoint (prober) or one member (reader) */
	MSG_DONE,      /* role -> keeper: the item is complete */
};

struct msg_setup {
	char *roots;			/* "system" or a file's path; NULL: judge no trust */
	char *resolver;			/* "system" or servers, see resolver_config */
	char *resolv_conf, *hosts_file; /* NULL: the system's */
	int64_t concurrency;		/* connections at once */
	int64_t per_address;		/* connections at once to one address */
	int64_t rate;			/* new connections a second, 0: no limit */
	int log_level;
};
void msg_setup_finish(struct msg_setup *setup);
void msg_setup_copy(struct msg_setup *dst, const struct msg_setup *src);

struct msg_ready {
	int64_t roots; /* anchors loaded */
	char generation[17];
	int64_t resolvers; /* forwarders known; 0: names cannot be resolved */
	char warning[256]; /* "" or what an operator should know (roots file unreadable...) */
};

/* One address as it was last seen. */
struct msg_known {
	char address[64];
	char chain[ENDPOINT_CHAIN_MAX + 1][65]; /* leaf first */
	size_t chain_len;
	char generation[17];
	int64_t path_until;
};
struct msg_look {
	uint64_t item;
	struct target target;
	int64_t now;	     /* wall ms: the instant trust is judged at */
	int64_t deadline_ms; /* for the whole look */
	bool all_addresses;  /* false: one that answers is enough (probe without --all-addresses) */
	/* what is known per address, for "same" */
	struct msg_known *known;
	size_t known_len;
};
void msg_look_finish(struct msg_look *look);

struct msg_result {
	uint64_t item;
	/* The certificate facts are as known: endpoint holds only what is fresh. */
	bool same;
	char *member; /* reader: the member's name, else NULL */
	struct endpoint endpoint;
	/* Leaf first, then the chain as sent, one for each that the endpoint tells of; none when
	 * same. Borrowed from the frame. */
	const struct attachment *ders;
	size_t ders_len;
};
void msg_result_finish(struct msg_result *result);

struct msg_done {
	uint64_t item;
	bool released;	/* could not start in time: no attempt was made */
	bool ours;	/* failed on our side */
	bool one_chain; /* reader: the file's certificates form one chain */
	int families_skipped;
	char error[256];
};

/* Writers: false when the channel refused. Parsers: false with err; out finished by the caller on
 * success. */
bool msg_send_setup(struct channel *channel, const struct msg_setup *setup) MUST_CHECK;
bool msg_send_ready(struct channel *channel, const struct msg_ready *ready) MUST_CHECK;
bool msg_send_look(struct channel *channel, const struct msg_look *look) MUST_CHECK;
bool msg_send_read(struct channel *channel, uint64_t item, int64_t now, int fd) MUST_CHECK;
/* As msg_send_read, but every certificate is to be a member of its own, in the file's order. */
bool msg_send_read_each(struct channel *channel, uint64_t item, int64_t now, int fd) MUST_CHECK;
bool msg_send_cancel(struct channel *channel, uint64_t item) MUST_CHECK;
bool msg_send_result(struct channel *channel, const struct msg_result *result) MUST_CHECK;
bool msg_send_done(struct channel *channel, const struct msg_done *done) MUST_CHECK;

bool msg_parse_setup(struct msg_setup *out, const struct frame *frame, struct err *err) MUST_CHECK;
bool msg_parse_ready(struct msg_ready *out, const struct frame *frame, struct err *err) MUST_CHECK;
bool msg_parse_look(struct msg_look *out, const struct frame *frame, struct err *err) MUST_CHECK;
bool msg_parse_read(uint64_t *item, int64_t *now, const struct frame *frame,
		    struct err *err) MUST_CHECK;
/* Of a frame that msg_parse_read took: was it sent by msg_send_read_each? */
bool msg_read_each(const struct frame *frame);
bool msg_parse_cancel(uint64_t *item, const struct frame *frame, struct err *err) MUST_CHECK;
bool msg_parse_result(struct msg_result *out, const struct frame *frame,
		      struct err *err) MUST_CHECK;
bool msg_parse_done(struct msg_done *out, const struct frame *frame, struct err *err) MUST_CHECK;

#endif
