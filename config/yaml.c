/*
 * The only door to libyaml: its events become a tree of nodes with places. Bounded in depth and
 * number; anchors and aliases are refused, so no file can blow up; a key written twice is a fault.
 */
#include "config/node.h"

#include "lib/base/str.h"

#include <yaml.h>

struct reading {
	yaml_parser_t parser;
	struct arena *arena;
	const char *name;
	struct faults *faults;
	size_t nodes;
};

struct growing {
	struct node *items;
	size_t len, cap;
};

const char *yaml_version(void)
{
	return yaml_get_version_string();
}

static struct config_place place_of(const struct reading *reading, const yaml_mark_t *mark)
{
	return (struct config_place){.file = reading->name,
				     .line = (int)mark->line + 1,
				     .column = (int)mark->column + 1};
}

static bool broken(struct reading *reading)
{
	const yaml_parser_t *parser = &reading->parser;
	struct config_place place = place_of(reading, &parser->problem_mark);

	fault_add(reading->faults, &place, false, "%s%s%s",
		  parser->problem ? parser->problem : "the file is no YAML",
		  parser->context ? ", " : "", parser->context ? parser->context : "");
	return false;
}

static bool next(struct reading *reading, yaml_event_t *event)
{
	return yaml_parser_parse(&reading->parser, event) ? true : broken(reading);
}

static bool refuse(struct reading *reading, const yaml_event_t *event, const char *why)
{
	struct config_place place = place_of(reading, &event->start_mark);

	fault_add(reading->faults, &place, false, "%s", why);
	return false;
}

static struct node *grow(struct reading *reading, struct growing *growing)
{
	if (growing->len == growing->cap) {
		size_t cap = growing->cap ? growing->cap * 2 : 8;
		struct node *items = arena_alloc(reading->arena, cap * sizeof(*items));

		if (growing->len)
			memcpy(items, growing->items, growing->len * sizeof(*items));
		growing->items = items;
		growing->cap = cap;
	}
	return &growing->items[growing->len++];
}

static bool check_duplicate(struct reading *reading, const struct growing *map)
{
	const struct node *key = &map->items[map->len - 1];

	for (size_t i = 0; i + 2 < map->len; i += 2)
		if (str_eq(map->items[i].text, key->text)) {
			fault_add(reading->faults, &key->place, false,
				  "the key %s stands twice; first in line %d", key->text,
				  map->items[i].place.line);
			return false;
		}
	return true;
}

static bool read_value(struct reading *reading, const yaml_event_t *event, struct node *out,
		       int depth);

static bool read_members(struct reading *reading, struct node *out, int depth)
{
	bool map = out->type == NODE_MAP;
	yaml_event_type_t end = map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
	struct growing growing = {0};
	bool ok = true;

	while (ok) {
		yaml_event_t event;

		if (!next(reading, &event))
			return false;
		if (event.type == end) {
			yaml_event_delete(&event);
			break;
		}
		ok = read_value(reading, &event, grow(reading, &growing), depth);
		if (ok && map && growing.len % 2 == 1) {
			if (growing.items[growing.len - 1].type != NODE_SCALAR)
				ok = refuse(reading, &event, "a key must be a single word");
			else
				check_duplicate(reading, &growing);
		}
		yaml_event_delete(&event);
	}
	out->items = growing.items;
	out->len = growing.len;
	return ok;
}

static bool read_scalar(struct reading *reading, const yaml_event_t *event, struct node *out)
{
	const char *value = (const char *)event->data.scalar.value;

	if (strlen(value) != event->data.scalar.length)
		return refuse(reading, event, "a value holds a NUL character");
	out->type = NODE_SCALAR;
	out->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	out->text = arena_str(reading->arena, value);
	return true;
}

static bool has_anchor(const yaml_event_t *event)
{
	if (event->type == YAML_SCALAR_EVENT)
		return event->data.scalar.anchor != NULL;
	if (event->type == YAML_SEQUENCE_START_EVENT)
		return event->data.sequence_start.anchor != NULL;
	if (event->type == YAML_MAPPING_START_EVENT)
		return event->data.mapping_start.anchor != NULL;
	return event->type == YAML_ALIAS_EVENT;
}

static bool read_value(struct reading *reading, const yaml_event_t *event, struct node *out,
		       int depth)
{
	out->place = place_of(reading, &event->start_mark);
	if (depth >= NODE_DEPTH_MAX)
		return refuse(reading, event, "values are nested too deeply");
	if (++reading->nodes > NODES_MAX)
		return refuse(reading, event, "the file holds too many values");
	if (has_anchor(event))
		return refuse(reading, event,
			      "anchors and aliases are not supported: write it out");
	if (event->type == YAML_SCALAR_EVENT)
		return read_scalar(reading, event, out);
	if (event->type == YAML_SEQUENCE_START_EVENT)
		out->type = NODE_LIST;
	else if (event->type == YAML_MAPPING_START_EVENT)
		out->type = NODE_MAP;
	else
		return refuse(reading, event, "a value is missing here");
	return read_members(reading, out, depth + 1);
}

static bool read_document(struct reading *reading, struct node *out)
{
	yaml_event_t event;
	bool ok = true, done = false, seen = false;

	while (ok && !done) {
		if (!next(reading, &event))
			return false;
		if (event.type == YAML_STREAM_END_EVENT) {
			done = true;
		} else if (event.type != YAML_STREAM_START_EVENT &&
			   event.type != YAML_DOCUMENT_START_EVENT &&
			   event.type != YAML_DOCUMENT_END_EVENT) {
			ok = seen ? refuse(reading, &event, "only one document a file is read")
				  : read_value(reading, &event, out, 0);
			seen = true;
		}
		yaml_event_delete(&event);
	}
	return ok;
}

bool yaml_parse(struct arena *arena, const char *name, const char *text, size_t len,
		struct node *out, struct faults *faults)
{
	struct reading reading = {.arena = arena, .name = name, .faults = faults};
	bool ok;

	*out = (struct node){.type = NODE_MAP, .place = {.file = name, .line = 1, .column = 1}};
	if (!yaml_parser_initialize(&reading.parser))
		bug("libyaml does not start");
	yaml_parser_set_encoding(&reading.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reading.parser, (const unsigned char *)text, len);
	ok = read_document(&reading, out);
	yaml_parser_delete(&reading.parser);
	if (ok && out->type == NODE_SCALAR && node_is_null(out))
		*out = (struct node){.type = NODE_MAP, .place = out->place};
	return ok;
}

struct node *node_get(const struct node *map, const char *key)
{
	for (size_t i = 0; map->type == NODE_MAP && i + 1 < map->len; i += 2)
		if (str_eq(map->items[i].text, key))
			return &map->items[i + 1];
	return NULL;
}

bool node_is_null(const struct node *node)
{
	return node->type == NODE_SCALAR && !node->quoted &&
	       (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
		strcmp(node->text, "null") == 0);
}
