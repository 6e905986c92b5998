/*
 * The list of targets: text as a person writes it, or a map of keys; a pattern of files is kept as
 * a pattern. Two spellings of one target are folded, the first one counts.
 */
#include "config/schema.h"

#include "lib/base/buf.h"
#include "lib/base/str.h"

#include <uthash.h>

/* What only shapes the target's text; read apart from the attributes. */
struct place_keys {
	const char *host, *file, *protocol, *connect;
	int64_t port;
};

struct seen {
	const char *id;
	UT_hash_handle hh;
};

static bool is_pattern(const char *path)
{
	return strpbrk(path, "*?[") != NULL;
}

static bool is_path(const char *text)
{
	return text[0] == '/' || str_starts(text, "./") || str_starts(text, "../") ||
	       str_starts(text, "file://");
}

static bool set_pattern(struct loader *loader, const struct node *node, const char *text,
			struct config_target *out)
{
	const char *path = text;
	char *absolute;

	if (str_starts(text, "file://")) {
		path = text + strlen("file://");
		if (path[0] != '/')
			return load_fault(
				loader, node,
				"a pattern of files names this machine's: file:///PATH, not %s",
				text);
	}
	absolute = path[0] == '/' ? str_dup(path) : str_printf("%s/%s", loader->folder, path);
	out->glob = true;
	out->pattern = arena_str(&loader->config->arena, absolute);
	out->target.protocol = PROTOCOL_FILE;
	mem_free(absolute);
	return true;
}

static bool set_text(struct loader *loader, const struct node *node, const char *text,
		     struct config_target *out)
{
	struct err err = {0};
	struct target parsed;

	if (is_path(text) && is_pattern(text))
		return set_pattern(loader, node, text, out);
	if (!target_parse(&parsed, text, loader->config->instance.name, loader->folder, &err))
		return load_fault(loader, node, "%s", err.text);
	target_finish(&out->target);
	out->target = parsed;
	return true;
}

static bool is_place_key(const char *name)
{
	static const char *const names[] = {"host", "file", "port", "protocol", "connect"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq(names[i], name))
			return true;
	return false;
}

static bool read_places(struct loader *loader, const struct node *map, struct place_keys *out)
{
	const struct node *node;
	const char *port;
	bool ok = true;

	if ((node = node_get(map, "host")) != NULL)
		ok = load_text(loader, node, "host", &out->host) && ok;
	if ((node = node_get(map, "file")) != NULL)
		ok = load_text(loader, node, "file", &out->file) && ok;
	if ((node = node_get(map, "protocol")) != NULL)
		ok = load_text(loader, node, "protocol", &out->protocol) && ok;
	if ((node = node_get(map, "connect")) != NULL)
		ok = load_text(loader, node, "connect", &out->connect) && ok;
	if ((node = node_get(map, "port")) != NULL) {
		if (!load_text(loader, node, "port", &port))
			ok = false;
		else if (!str_to_i64(port, 1, 65535, &out->port))
			ok = load_fault(loader, node, "port must be from 1 to 65535, not %s", port);
	}
	return ok;
}

/* The parts as one text, so that target_parse alone decides what a target is. */
static bool join_places(struct loader *loader, const struct node *map,
			const struct place_keys *places, struct buf *out)
{
	bool v6 = places->host && strchr(places->host, ':') &&
		  strchr(places->host, ':') != strrchr(places->host, ':') &&
		  places->host[0] != '[' && !strstr(places->host, "://");

	if (!places->host == !places->file)
		return load_fault(loader, map, "a target needs either host or file");
	if (places->file) {
		if (places->port || places->protocol || places->connect)
			return load_fault(loader, map,
					  "a file has no port, protocol or connect address");
		buf_add_str(out, places->file);
		return true;
	}
	if (places->protocol)
		buf_printf(out, "%s://", places->protocol);
	buf_printf(out, v6 ? "[%s]" : "%s", places->host);
	if (places->port)
		buf_printf(out, ":%lld", (long long)places->port);
	else if (places->connect && !strchr(places->host, ':'))
		buf_add_str(out, ":443");
	if (places->connect)
		buf_printf(out, "@%s", places->connect);
	return true;
}

static bool read_attributes(struct loader *loader, const struct node *map,
			    struct config_target *out)
{
	/* The places were read; what remains goes through the table. */
	struct node rest = *map;
	bool ok;

	rest.items = arena_alloc(&loader->config->arena, map->len * sizeof(*rest.items));
	rest.len = 0;
	for (size_t i = 0; i + 1 < map->len; i += 2) {
		if (is_place_key(map->items[i].text))
			continue;
		rest.items[rest.len++] = map->items[i];
		rest.items[rest.len++] = map->items[i + 1];
	}
	loader->heap = true;
	ok = load_map(loader, keys_target, &rest, &out->target);
	loader->heap = false;
	return ok;
}

static bool read_map(struct loader *loader, const struct node *map, struct config_target *out)
{
	struct place_keys places = {0};
	struct err err = {0};
	struct buf text;
	bool ok;

	buf_init(&text, 4 * TARGET_TEXT_MAX);
	ok = read_places(loader, map, &places) && join_places(loader, map, &places, &text) &&
	     set_text(loader, map, buf_text(&text), out);
	buf_finish(&text);
	out->target.policy = loader->config->policy;
	ok = read_attributes(loader, map, out) && ok;
	if (ok && !out->glob && !target_canonical(&out->target, &err))
		ok = load_fault(loader, map, "%s", err.text);
	return ok;
}

static bool read_target(struct loader *loader, const struct node *node, struct config_target *out)
{
	const char *text;

	target_init(&out->target);
	out->place = node->place;
	if (node->type == NODE_MAP)
		return read_map(loader, node, out);
	if (!load_text(loader, node, "a target", &text) || !set_text(loader, node, text, out))
		return false;
	out->target.policy = loader->config->policy;
	return true;
}

static bool fold(struct seen **seen, struct seen *room, const struct target *target)
{
	struct seen *found;

	HASH_FIND_STR(*seen, target->id, found);
	if (found)
		return true;
	room->id = target->id;
	HASH_ADD_KEYPTR(hh, *seen, room->id, strlen(room->id), room);
	return false;
}

bool load_targets(struct loader *loader, const struct key *key, const struct node *node,
		  void *field)
{
	struct config *config = loader->config;
	struct seen *seen = NULL, *rooms;
	bool ok = true;

	(void)key;
	(void)field;
	if (loader->for_cli)
		return true;
	if (node->type != NODE_LIST)
		return node_is_null(node) ||
		       load_fault(loader, node,
				  "targets must be a list, each on a line of its own "
				  "behind a dash");
	config->targets = MEM_NEW_ARRAY(node->len, struct config_target);
	rooms = MEM_NEW_ARRAY(node->len, struct seen);
	for (size_t i = 0; i < node->len; i++) {
		struct config_target *target = &config->targets[config->targets_len];

		snprintf(loader->path, sizeof(loader->path), "targets");
		if (!read_target(loader, &node->items[i], target)) {
			ok = false;
			target_finish(&target->target);
			*target = (struct config_target){0};
		} else if (!target->glob && fold(&seen, &rooms[i], &target->target)) {
			target_finish(&target->target);
			*target = (struct config_target){0};
		} else {
			config->targets_len++;
		}
	}
	HASH_CLEAR(hh, seen);
	mem_free(rooms);
	return ok;
}
