/*
 * Keys with a form of their own: thresholds, severities, zones, purpose, tags, store, roots,
 * listen.
 */
#include "config/schema.h"

#include "lib/base/str.h"

#include <unistd.h>

static bool threshold_entry(struct loader *loader, const struct node *node, struct threshold *out)
{
	const struct node *at = node, *severity = NULL;
	const char *text;
	struct err err = {0};

	if (node->type == NODE_MAP) {
		at = node_get(node, "at");
		severity = node_get(node, "severity");
		for (size_t i = 0; i + 1 < node->len; i += 2)
			if (!str_eq(node->items[i].text, "at") &&
			    !str_eq(node->items[i].text, "severity"))
				return load_fault(loader, &node->items[i],
						  "a threshold has only at and severity, not %s",
						  node->items[i].text);
		if (!at)
			return load_fault(loader, node, "a threshold needs at:");
	}
	if (!load_text(loader, at, "a threshold", &text))
		return false;
	if (!threshold_parse(out, text, &err))
		return load_fault(loader, at, "%s", err.text);
	if (!severity)
		return true;
	if (!load_text(loader, severity, "severity", &text))
		return false;
	if (!severity_parse(text, &out->severity) || out->severity == SEVERITY_OFF)
		return load_fault(loader, severity,
				  "severity must be critical, warning or info, not %s", text);
	return true;
}

/* field is policy.thresholds; its length stands behind it in the same structure. */
bool load_thresholds(struct loader *loader, const struct key *key, const struct node *node,
		     void *field)
{
	struct policy *policy = CONTAINER_OF(field, struct policy, thresholds);
	struct threshold list[THRESHOLDS_MAX] = {{0}};
	bool ok = true;

	(void)key;
	if (node->type != NODE_LIST || node->len == 0)
		return load_fault(loader, node, "%s must be a list such as [\"1/4\", 7d]",
				  loader->path);
	if (node->len > THRESHOLDS_MAX)
		return load_fault(loader, node, "%s: at most %d thresholds", loader->path,
				  THRESHOLDS_MAX);
	for (size_t i = 0; i < node->len; i++)
		ok = threshold_entry(loader, &node->items[i], &list[i]) && ok;
	if (!ok)
		return false;
	memcpy(policy->thresholds, list, sizeof(list));
	policy->thresholds_len = node->len;
	return true;
}

static const char *finding_next(const void *arg, size_t i)
{
	(void)arg;
	return i < FINDING_COUNT ? finding_kind_text((enum finding_kind)i) : NULL;
}

bool load_severities(struct loader *loader, const struct key *key, const struct node *node,
		     void *field)
{
	signed char *severities = field;
	bool ok = true;

	(void)key;
	if (node->type != NODE_MAP)
		return load_fault(loader, node, "%s must be a map such as {self_signed: off}",
				  loader->path);
	for (size_t i = 0; i + 1 < node->len; i += 2) {
		enum finding_kind kind;
		enum severity severity;
		const char *name = node->items[i].text, *text;

		if (!finding_kind_parse(name, &kind)) {
			const char *near = str_nearest(name, finding_next, NULL);

			ok = load_fault(loader, &node->items[i], "there is no finding %s%s%s", name,
					near ? "; did you mean " : "", near ? near : "");
		} else if (!load_text(loader, &node->items[i + 1], name, &text)) {
			ok = false;
		} else if (!severity_parse(text, &severity)) {
			ok = load_fault(loader, &node->items[i + 1],
					"severity must be critical, warning, info or off, not %s",
					text);
		} else {
			severities[kind] = (signed char)severity;
		}
	}
	return ok;
}

bool load_unreachable(struct loader *loader, const struct key *key, const struct node *node,
		      void *field)
{
	const char *text;

	(void)key;
	if (!load_text(loader, node, loader->path, &text))
		return false;
	*(bool *)field = str_eq(text, "any");
	if (*(bool *)field || str_eq(text, "all"))
		return true;
	return load_fault(loader, node, "%s must be any or all, not %s", loader->path, text);
}

bool load_role(struct loader *loader, const struct key *key, const struct node *node, void *field)
{
	const char *text;

	(void)key;
	if (!load_text(loader, node, loader->path, &text))
		return false;
	*(bool *)field = str_eq(text, "operate");
	if (*(bool *)field || str_eq(text, "read"))
		return true;
	return load_fault(loader, node, "%s must be read or operate, not %s", loader->path, text);
}

/* One word or a list of words, each of the form of a name. */
static bool load_names(struct loader *loader, const struct node *node, const char ***out,
		       size_t *out_len)
{
	const struct node *items = node->type == NODE_SCALAR ? node : node->items;
	size_t len = node->type == NODE_SCALAR ? 1 : node->len;
	const char **names = arena_alloc(&loader->config->arena, len * sizeof(*names));

	if (node->type == NODE_MAP || len == 0 || len > 32)
		return load_fault(loader, node, "%s must be a list of 1 to 32 names", loader->path);
	for (size_t i = 0; i < len; i++) {
		const char *text;

		if (!load_text(loader, &items[i], loader->path, &text))
			return false;
		if (!load_is_name(text))
			return load_fault(loader, &items[i],
					  "%s: 1 to 64 letters, digits, dots, dashes or "
					  "underscores, not %s",
					  loader->path, text);
		names[i] = arena_str(&loader->config->arena, text);
	}
	*out = names;
	*out_len = len;
	return true;
}

bool load_zones(struct loader *loader, const struct key *key, const struct node *node, void *field)
{
	const char **names;
	size_t len;

	(void)key;
	(void)field;
	if (!load_names(loader, node, &names, &len))
		return false;
	/* A target's canonical text is lower case, its zone with it. */
	for (size_t i = 0; i < len; i++) {
		char *low = str_dup(names[i]);

		str_lower(low);
		names[i] = arena_str(&loader->config->arena, low);
		mem_free(low);
	}
	loader->config->instance.zones = names;
	loader->config->instance.zones_len = len;
	return true;
}

bool load_purpose(struct loader *loader, const struct key *key, const struct node *node,
		  void *field)
{
	const char **names;
	size_t len;
	unsigned purpose = 0;

	(void)key;
	(void)field;
	if (!load_names(loader, node, &names, &len))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (str_eq(names[i], "probe"))
			purpose |= PURPOSE_PROBE;
		else if (str_eq(names[i], "notify"))
			purpose |= PURPOSE_NOTIFY;
		else
			return load_fault(loader, node, "a purpose is probe or notify, not %s",
					  names[i]);
	}
	loader->config->instance.purpose = purpose;
	return true;
}

bool load_store(struct loader *loader, const struct key *key, const struct node *node, void *field)
{
	const char *text;

	(void)key;
	if (!load_text(loader, node, "store", &text))
		return false;
	if (!str_starts(text, "sqlite:///") && !str_eq(text, "sqlite::memory:"))
		return load_fault(loader, node,
				  "store must be sqlite:///ABSOLUTE/PATH (or sqlite::memory: for "
				  "trying things out), not %s",
				  text);
	*(const char **)field = arena_str(&loader->config->arena, text);
	return true;
}

bool load_roots(struct loader *loader, const struct key *key, const struct node *node, void *field)
{
	const char *text;

	(void)key;
	if (!load_text(loader, node, loader->path, &text))
		return false;
	if (str_eq(text, "system")) {
		*(const char **)field = "system";
		return true;
	}
	if (text[0] != '/') {
		char *absolute = str_printf("%s/%s", loader->folder, text);

		text = arena_str(&loader->config->arena, absolute);
		mem_free(absolute);
	}
	if (access(text, R_OK) != 0)
		return load_fault(loader, node, "%s: %s cannot be read", loader->path, text);
	*(const char **)field = arena_str(&loader->config->arena, text);
	return true;
}

bool load_listen(struct loader *loader, const struct key *key, const struct node *node, void *field)
{
	const char *text, *colon;
	uint64_t port;

	(void)key;
	if (!load_text(loader, node, loader->path, &text))
		return false;
	colon = strrchr(text, ':');
	if (!colon || colon == text || !str_to_u64(colon + 1, 0, 65535, &port))
		return load_fault(loader, node,
				  "%s must be ADDRESS:PORT such as 127.0.0.1:9843, not %s",
				  loader->path, text);
	*(const char **)field = arena_str(&loader->config->arena, text);
	return true;
}

static int by_tag(const void *a, const void *b)
{
	return strcmp(((const struct tag *)a)->key, ((const struct tag *)b)->key);
}

bool load_tags(struct loader *loader, const struct key *key, const struct node *node, void *field)
{
	struct target *target = field; /* offset 0: the tags' fields are two */
	bool ok = true;

	(void)key;
	if (node->type != NODE_MAP || node->len / 2 > TARGET_TAGS_MAX)
		return load_fault(loader, node, "%s must be a map of at most %d words",
				  loader->path, TARGET_TAGS_MAX);
	target->tags = MEM_NEW_ARRAY(node->len / 2, struct tag);
	for (size_t i = 0; i + 1 < node->len; i += 2) {
		const char *value;

		if (!load_text(loader, &node->items[i + 1], node->items[i].text, &value)) {
			ok = false;
			continue;
		}
		target->tags[target->tags_len++] = (struct tag){.key = str_dup(node->items[i].text),
								.value = str_dup(value)};
	}
	if (target->tags_len)
		qsort(target->tags, target->tags_len, sizeof(*target->tags), by_tag);
	return ok;
}
