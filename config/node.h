/*
 * A configuration file as a tree that remembers where each value was written. Made by yaml.c (the
 * only door to libyaml), read by the loader. Scalars are text: what they mean is decided by the key
 * that expects them, never by YAML's own typing.
 */
#ifndef CONFIG_NODE_H
#define CONFIG_NODE_H

#include "config/config.h"

#define NODE_DEPTH_MAX 16
#define NODES_MAX 4000000
#define YAML_FILE_MAX (256 * 1024 * 1024)

enum node_type { NODE_SCALAR, NODE_LIST, NODE_MAP };
struct node {
	enum node_type type;
	struct config_place place;
	const char *text;   /* of a scalar */
	bool quoted;	    /* "..." or '...': never null */
	struct node *items; /* of a list; of a map: key, value, key, value... */
	size_t len;	    /* items; of a map: 2 * entries */
};

/* The whole file in the arena; an empty file is an empty map. False when it could not be parsed (a
 * fault was added). name: as shown in faults; it must outlive the tree. */
bool yaml_parse(struct arena *arena, const char *name, const char *text, size_t len,
		struct node *out, struct faults *faults) MUST_CHECK;
/* Run-time version of the library: "0.2.5". */
const char *yaml_version(void);

/* The value under a key of a map, or NULL. */
struct node *node_get(const struct node *map, const char *key);
bool node_is_null(const struct node *node);

void fault_add(struct faults *faults, const struct config_place *place, bool warning,
	       const char *fmt, ...) PRINTF_LIKE(4, 5);

#endif
