/*
 * The table of keys: name, type, range, default, help. The loader, the diff and the reference are
 * all driven by it, so that nothing about a key is said twice.
 */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include "config/node.h"

enum key_type {
	KEY_BOOL,
	KEY_INT,      /* int64_t */
	KEY_SMALL,    /* int */
	KEY_DURATION, /* int64_t, ms */
	KEY_RATE,     /* int64_t a second: "500/s" */
	KEY_BAND,     /* two int64_t, ms: "24h..48h" or one duration */
	KEY_WORD,     /* int, index into choices */
	KEY_CHOICE,   /* const char *, one of choices */
	KEY_NAME,     /* const char *, 1..64 of [A-Za-z0-9_.-] */
	KEY_TEXT,     /* const char *, one line of UTF-8 */
	KEY_PATH,     /* const char *, absolute (relative ones start at the file's folder) */
	KEY_SECRET,   /* struct secret */
	KEY_MAP,      /* keys of its own: sub */
	KEY_OTHER,    /* read by its own function */
};

struct loader;
struct key {
	const char *name;
	enum key_type type;
	size_t offset;		    /* in the structure of its table */
	const char *fallback;	    /* as it would be written; NULL: none (absent) */
	int64_t min, max;	    /* KEY_INT, KEY_DURATION, KEY_RATE, KEY_BAND */
	const char *const *choices; /* KEY_WORD; ends with NULL */
	const struct key *sub;	    /* KEY_MAP */
	bool (*read)(struct loader *loader, const struct key *key, const struct node *node,
		     void *field); /* KEY_OTHER */
	bool restart;		   /* a reload does not change it */
	const char *example;	   /* for the reference, when the fallback does not show the form */
	const char *help;	   /* one sentence or two */
};
extern const struct key keys_root[];	 /* offsets in struct config */
extern const struct key keys_target[];	 /* offsets in struct target */
extern const struct key keys_notifier[]; /* offsets in struct config_notifier */
extern const struct key keys_token[];	 /* offsets in struct config_token */

/* What the loader carries along. */
struct loader {
	struct config *config;
	struct faults *faults;
	const char *folder; /* of the main file, for relative paths */
	bool exposed;	    /* the file being read can be read by others */
	bool for_cli;
	bool listed;	/* in a list or map of names: the diff has lines of its own */
	bool heap;	/* strings are owned by the structure (a target's), not by the arena */
	char path[256]; /* of the key being read, "probe.retry" */
	size_t settings_cap;
};
/* Reads every entry of a map by its table; base is the structure. Unknown keys are faults with the
 * nearest known one. Fallbacks are laid first. */
bool load_map(struct loader *loader, const struct key *keys, const struct node *map, void *base);
void load_fallbacks(struct loader *loader, const struct key *keys, void *base);
bool load_fault(struct loader *loader, const struct node *node, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/* The text of a scalar; false with a fault when it is something else. */
bool load_text(struct loader *loader, const struct node *node, const char *what, const char **out);

/* 1 to 64 letters, digits, dots, dashes or underscores. */
bool load_is_name(const char *text);

/* Readers of KEY_OTHER, in load_*.c. */
bool load_targets(struct loader *, const struct key *, const struct node *, void *);
bool load_notifiers(struct loader *, const struct key *, const struct node *, void *);
bool load_tokens(struct loader *, const struct key *, const struct node *, void *);
bool load_thresholds(struct loader *, const struct key *, const struct node *, void *);
bool load_zones(struct loader *, const struct key *, const struct node *, void *);
bool load_purpose(struct loader *, const struct key *, const struct node *, void *);
bool load_severities(struct loader *, const struct key *, const struct node *, void *);
bool load_unreachable(struct loader *, const struct key *, const struct node *, void *);
bool load_tags(struct loader *, const struct key *, const struct node *, void *);
bool load_store(struct loader *, const struct key *, const struct node *, void *);
bool load_roots(struct loader *, const struct key *, const struct node *, void *);
bool load_listen(struct loader *, const struct key *, const struct node *, void *);
bool load_role(struct loader *, const struct key *, const struct node *, void *);
bool load_url(struct loader *, const struct key *, const struct node *, void *);
bool load_secret(struct loader *loader, const struct node *node, bool url, struct secret *out);
void secret_finish(struct secret *secret);

#endif
