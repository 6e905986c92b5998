/*
 * The generic half of loading: a map is read by its table of keys, each value by its type. Every
 * fault is noted with its place and loading goes on, so that all are found in one go.
 */
#include "config/schema.h"

#include "lib/base/digest.h"
#include "lib/base/str.h"
#include "lib/base/text.h"

#include <stdarg.h>

#define TEXT_MAX 4096

bool load_fault(struct loader *loader, const struct node *node, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fault_add(loader->faults, &node->place, false, "%s", text);
	return false;
}

bool load_text(struct loader *loader, const struct node *node, const char *what, const char **out)
{
	if (node->type != NODE_SCALAR)
		return load_fault(loader, node, "%s must be a single value, not a %s", what,
				  node->type == NODE_LIST ? "list" : "map");
	if (node_is_null(node))
		return load_fault(loader, node, "%s has no value", what);
	if (strlen(node->text) > TEXT_MAX)
		return load_fault(loader, node, "%s is longer than %d bytes", what, TEXT_MAX);
	if (!text_is_utf8(node->text, strlen(node->text)))
		return load_fault(loader, node, "%s is not valid UTF-8", what);
	*out = node->text;
	return true;
}

static void store_string(struct loader *loader, void *field, const char *text)
{
	char **slot = field;

	if (loader->heap) {
		mem_free(*slot);
		*slot = str_dup(text);
	} else {
		*slot = arena_str(&loader->config->arena, text);
	}
}

static bool read_bool(struct loader *loader, const struct node *node, const char *text, bool *out)
{
	*out = str_eq(text, "true") || str_eq(text, "yes") || str_eq(text, "on");
	if (*out || str_eq(text, "false") || str_eq(text, "no") || str_eq(text, "off"))
		return true;
	return load_fault(loader, node, "%s must be true or false, not %s", loader->path, text);
}

static bool read_int(struct loader *loader, const struct key *key, const struct node *node,
		     const char *text, int64_t *out)
{
	if (str_eq(text, "auto") && str_eq(key->fallback, "auto")) {
		*out = 0;
		return true;
	}
	if (str_to_i64(text, key->min, key->max, out))
		return true;
	return load_fault(loader, node, "%s must be a whole number from %lld to %lld, not %s",
			  loader->path, (long long)key->min, (long long)key->max, text);
}

static bool read_duration(struct loader *loader, const struct key *key, const struct node *node,
			  const char *text, int64_t *out)
{
	char low[64], high[64];

	if (!str_to_duration_ms(text, out))
		return load_fault(loader, node,
				  "%s must be a time such as 90s, 15m, 24h, 30d or 2w, not %s",
				  loader->path, text);
	if (*out >= key->min && *out <= key->max)
		return true;
	duration_text(key->min, low, sizeof(low));
	duration_text(key->max, high, sizeof(high));
	return load_fault(loader, node, "%s must lie between %s and %s, not %s", loader->path, low,
			  high, text);
}

static bool read_rate(struct loader *loader, const struct key *key, const struct node *node,
		      const char *text, int64_t *out)
{
	char digits[32];
	size_t len = strlen(text);

	if (str_ends(text, "/s"))
		len -= 2;
	if (len < sizeof(digits)) {
		memcpy(digits, text, len);
		digits[len] = '\0';
		if (str_to_i64(digits, key->min, key->max, out))
			return true;
	}
	return load_fault(loader, node,
			  "%s must be a rate such as 500/s, from %lld to %lld, not %s",
			  loader->path, (long long)key->min, (long long)key->max, text);
}

static bool read_band(struct loader *loader, const struct key *key, const struct node *node,
		      const char *text, int64_t *out)
{
	const char *dots = strstr(text, "..");
	char first[64];

	if (!dots) {
		if (!read_duration(loader, key, node, text, &out[0]))
			return false;
		out[1] = out[0];
		return true;
	}
	if ((size_t)(dots - text) >= sizeof(first))
		return load_fault(loader, node, "%s must be like 24h..48h", loader->path);
	memcpy(first, text, (size_t)(dots - text));
	first[dots - text] = '\0';
	if (!read_duration(loader, key, node, first, &out[0]) ||
	    !read_duration(loader, key, node, dots + 2, &out[1]))
		return false;
	if (out[0] <= out[1])
		return true;
	return load_fault(loader, node, "%s: the band %s ends before it begins", loader->path,
			  text);
}

struct choice_arg {
	const char *const *choices;
};

static const char *choice_next(const void *arg, size_t i)
{
	return ((const struct choice_arg *)arg)->choices[i];
}

static bool read_word(struct loader *loader, const struct key *key, const struct node *node,
		      const char *text, int *out)
{
	struct choice_arg arg = {key->choices};
	const char *near = str_nearest(text, choice_next, &arg);
	char all[256] = "";

	for (int i = 0; key->choices[i]; i++) {
		size_t used = strlen(all);

		if (str_eq(key->choices[i], text)) {
			*out = i;
			return true;
		}
		snprintf(all + used, sizeof(all) - used, "%s%s", i ? ", " : "", key->choices[i]);
	}
	if (near)
		return load_fault(loader, node, "%s: there is no %s; did you mean %s?",
				  loader->path, text, near);
	return load_fault(loader, node, "%s must be one of %s, not %s", loader->path, all, text);
}

bool load_is_name(const char *text)
{
	size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				  "_.-");

	return len > 0 && len <= 64 && text[len] == '\0';
}

static bool read_name(struct loader *loader, const struct node *node, const char *text, void *field)
{
	if (!load_is_name(text))
		return load_fault(
			loader, node,
			"%s must be 1 to 64 letters, digits, dots, dashes or underscores, "
			"not %s",
			loader->path, text);
	store_string(loader, field, text);
	return true;
}

static bool read_one_line(struct loader *loader, const struct node *node, const char *text,
			  void *field)
{
	if (strpbrk(text, "\r\n"))
		return load_fault(loader, node, "%s must be a single line", loader->path);
	store_string(loader, field, text);
	return true;
}

static bool read_path(struct loader *loader, const char *text, void *field)
{
	char *absolute = text[0] == '/' ? str_dup(text) : str_printf("%s/%s", loader->folder, text);

	store_string(loader, field, absolute);
	mem_free(absolute);
	return true;
}

static bool read_choice_text(struct loader *loader, const struct key *key, const struct node *node,
			     const char *text, void *field)
{
	int ignored;

	if (!read_word(loader, key, node, text, &ignored))
		return false;
	store_string(loader, field, text);
	return true;
}

static bool read_scalar(struct loader *loader, const struct key *key, const struct node *node,
			void *field)
{
	const char *text;
	int64_t number;
	int word;
	bool flag;

	if (!load_text(loader, node, loader->path, &text))
		return false;
	switch (key->type) {
	case KEY_BOOL:
		if (!read_bool(loader, node, text, &flag))
			return false;
		*(bool *)field = flag;
		return true;
	case KEY_INT:
		if (!read_int(loader, key, node, text, &number))
			return false;
		*(int64_t *)field = number;
		return true;
	case KEY_SMALL:
		if (!read_int(loader, key, node, text, &number))
			return false;
		*(int *)field = (int)number;
		return true;
	case KEY_DURATION:
		return read_duration(loader, key, node, text, field);
	case KEY_RATE:
		return read_rate(loader, key, node, text, field);
	case KEY_BAND:
		return read_band(loader, key, node, text, field);
	case KEY_WORD:
		if (!read_word(loader, key, node, text, &word))
			return false;
		*(int *)field = word;
		return true;
	case KEY_CHOICE:
		return read_choice_text(loader, key, node, text, field);
	case KEY_NAME:
		return read_name(loader, node, text, field);
	case KEY_TEXT:
		return read_one_line(loader, node, text, field);
	case KEY_PATH:
		return read_path(loader, text, field);
	case KEY_SECRET:
	case KEY_MAP:
	case KEY_OTHER:
		break;
	}
	bug("key %s is no scalar", key->name);
}

static const char *key_next(const void *arg, size_t i)
{
	return ((const struct key *)arg)[i].name;
}

static const struct key *find_key(const struct key *keys, const char *name)
{
	for (size_t i = 0; keys[i].name; i++)
		if (str_eq(keys[i].name, name))
			return &keys[i];
	return NULL;
}

static void unknown_key(struct loader *loader, const struct key *keys, const struct node *name)
{
	const char *near = str_nearest(name->text, key_next, keys);

	if (near)
		load_fault(loader, name, "unknown key %s%s%s; did you mean %s?", loader->path,
			   loader->path[0] ? "." : "", name->text, near);
	else
		load_fault(loader, name, "unknown key %s%s%s", loader->path,
			   loader->path[0] ? "." : "", name->text);
}

/* Digest over everything a value says, so that any change is seen. */
static void add_node(struct buf *out, const struct node *node)
{
	if (node->type == NODE_SCALAR) {
		buf_printf(out, "%zu:%s", strlen(node->text), node->text);
		return;
	}
	buf_add_char(out, node->type == NODE_MAP ? '{' : '[');
	for (size_t i = 0; i < node->len; i++)
		add_node(out, &node->items[i]);
	buf_add_char(out, ']');
}

static void note_setting(struct loader *loader, const struct key *key, const struct node *node)
{
	struct config *config = loader->config;
	struct config_setting *setting;
	struct buf text;

	/* What is compared piece by piece, or belongs to a list, has a diff of its own. */
	if (loader->heap || loader->listed || key->type == KEY_MAP || key->sub)
		return;
	if (config->settings_len == loader->settings_cap) {
		size_t cap = loader->settings_cap ? loader->settings_cap * 2 : 32;
		struct config_setting *grown = arena_alloc(&config->arena, cap * sizeof(*grown));

		if (config->settings_len)
			memcpy(grown, config->settings, config->settings_len * sizeof(*grown));
		config->settings = grown;
		loader->settings_cap = cap;
	}
	buf_init(&text, 1024 * 1024);
	add_node(&text, node);
	setting = &config->settings[config->settings_len++];
	setting->path = arena_str(&config->arena, loader->path);
	setting->shown = key->type == KEY_SECRET     ? "***"
			 : node->type == NODE_SCALAR ? arena_str(&config->arena, node->text)
						     : "(changed)";
	digest_sha256_hex(buf_text(&text), text.len, setting->digest);
	setting->restart = key->restart;
	buf_finish(&text);
}

static bool read_key(struct loader *loader, const struct key *key, const struct node *node,
		     void *base)
{
	void *field = (char *)base + key->offset;

	note_setting(loader, key, node);
	if (key->type == KEY_MAP)
		return load_map(loader, key->sub, node, base);
	if (key->type == KEY_OTHER)
		return key->read(loader, key, node, field);
	if (key->type == KEY_SECRET)
		return load_secret(loader, node, false, field);
	return read_scalar(loader, key, node, field);
}

bool load_map(struct loader *loader, const struct key *keys, const struct node *map, void *base)
{
	size_t outer = strlen(loader->path);
	bool ok = true;

	if (map->type != NODE_MAP) {
		if (node_is_null(map))
			return true;
		return load_fault(loader, map, "%s must be a map of keys",
				  loader->path[0] ? loader->path : "the configuration");
	}
	for (size_t i = 0; i + 1 < map->len; i += 2) {
		const struct key *key = find_key(keys, map->items[i].text);

		if (!key) {
			unknown_key(loader, keys, &map->items[i]);
			ok = false;
			continue;
		}
		snprintf(loader->path + outer, sizeof(loader->path) - outer, "%s%s",
			 outer ? "." : "", key->name);
		ok = read_key(loader, key, &map->items[i + 1], base) && ok;
		loader->path[outer] = '\0';
	}
	return ok;
}

void load_fallbacks(struct loader *loader, const struct key *keys, void *base)
{
	for (size_t i = 0; keys[i].name; i++) {
		const struct key *key = &keys[i];
		struct node node = {.type = NODE_SCALAR,
				    .place = {.file = "default"},
				    .text = key->fallback,
				    .quoted = true};
		void *field = (char *)base + key->offset;

		if (key->type == KEY_MAP)
			load_fallbacks(loader, key->sub, base);
		else if (key->fallback && key->type == KEY_OTHER)
			key->read(loader, key, &node, field);
		else if (key->fallback)
			read_scalar(loader, key, &node, field);
	}
}
