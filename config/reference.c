/*
 * The reference, from the table that parses: Markdown, or the body of expiryd.yaml(5).
 */
#include "config/schema.h"

#include "lib/base/buf.h"
#include "lib/base/str.h"

#define REFERENCE_MAX (1024 * 1024)

static const char markdown_head[] =
	"# Configuration reference\n"
	"\n"
	"Made from the table that parses the file (`docs/make-reference`); do not edit.\n"
	"\n"
	"One YAML file, and `conf.d/*.yaml` beside it in name order: lists and maps of several\n"
	"files join, any other key may stand once. Every key has a default. All faults are\n"
	"reported at once, each as `file:line:column`, by `expiryd --check-config` too; a bad\n"
	"file on reload leaves the running configuration in force and raises a `config` alert.\n"
	"\n"
	"Times are written `90s`, `15m`, `24h`, `30d`, `2w`, or several together. A secret is\n"
	"`{file: PATH}`, `{env: NAME}` (taken out of the environment once read) or\n"
	"`{credential: NAME}` (systemd); written out it is refused in a file that others can\n"
	"read. Relative paths begin at the folder of the main file.\n";

static const char *type_text(const struct key *key)
{
	switch (key->type) {
	case KEY_BOOL:
		return "true or false";
	case KEY_INT:
	case KEY_SMALL:
		return "number";
	case KEY_DURATION:
		return "time";
	case KEY_RATE:
		return "rate";
	case KEY_BAND:
		return "time or band of times";
	case KEY_WORD:
	case KEY_CHOICE:
		return "word";
	case KEY_NAME:
		return "name";
	case KEY_TEXT:
		return "text";
	case KEY_PATH:
		return "path";
	case KEY_SECRET:
		return "secret";
	case KEY_MAP:
		return "map";
	case KEY_OTHER:
		return "see the example";
	}
	return "";
}

static void range_text(const struct key *key, struct buf *out)
{
	char low[64], high[64];

	if (key->type == KEY_INT || key->type == KEY_SMALL || key->type == KEY_RATE) {
		buf_printf(out, ", %lld to %lld", (long long)key->min, (long long)key->max);
	} else if (key->type == KEY_DURATION || key->type == KEY_BAND) {
		duration_text(key->min, low, sizeof(low));
		duration_text(key->max, high, sizeof(high));
		buf_printf(out, ", %s to %s", low, high);
	}
}

static void key_markdown(struct buf *out, const struct key *key, const char *path)
{
	buf_printf(out, "\n### `%s%s%s`\n\n%s\n\nType: %s", path, path[0] ? "." : "", key->name,
		   key->help, type_text(key));
	range_text(key, out);
	buf_add_str(out, ".");
	if (key->fallback)
		buf_printf(out, " Default: `%s`.", key->fallback);
	if (key->example)
		buf_printf(out, " Example: `%s`.", key->example);
	if (key->restart)
		buf_add_str(out, " Takes effect at the next start.");
	buf_add_str(out, "\n");
}

static void mdoc_text(struct buf *out, const char *text)
{
	/* A line that begins with a dot or a quote would be a macro; a backslash an escape. */
	if (text[0] == '.' || text[0] == '\'')
		buf_add_str(out, "\\&");
	for (; *text; text++) {
		if (*text == '\\')
			buf_add_str(out, "\\e");
		else
			buf_add_char(out, *text);
	}
}

static void key_mdoc(struct buf *out, const struct key *key, const char *path)
{
	buf_printf(out, ".It Ic %s%s%s\n", path, path[0] ? "." : "", key->name);
	mdoc_text(out, key->help);
	buf_printf(out, "\nType: %s", type_text(key));
	range_text(key, out);
	buf_add_str(out, ".\n");
	if (key->fallback) {
		buf_add_str(out, "Default:\n.Ql ");
		mdoc_text(out, key->fallback);
		buf_add_str(out, " .\n");
	}
	if (key->example) {
		buf_add_str(out, "Example:\n.Dl ");
		mdoc_text(out, key->example);
		buf_add_str(out, "\n");
	}
	if (key->restart)
		buf_add_str(out, "Takes effect at the next start.\n");
}

static const char *sub_path(const struct key *key)
{
	if (key->sub == keys_target)
		return "targets[]";
	if (key->sub == keys_notifier)
		return "notifiers.NAME";
	if (key->sub == keys_token)
		return "http.tokens[]";
	return key->name;
}

static void walk(struct buf *out, const struct key *keys, const char *path, bool mdoc)
{
	for (size_t i = 0; keys[i].name; i++) {
		const struct key *key = &keys[i];
		char below[128];

		(mdoc ? key_mdoc : key_markdown)(out, key, path);
		if (!key->sub)
			continue;
		if (key->type == KEY_MAP && path[0])
			snprintf(below, sizeof(below), "%s.%s", path, key->name);
		else
			snprintf(below, sizeof(below), "%s", sub_path(key));
		walk(out, key->sub, below, mdoc);
	}
}

char *config_reference(bool mdoc)
{
	struct buf out;
	char *text;

	buf_init(&out, REFERENCE_MAX);
	if (mdoc)
		buf_add_str(&out, ".Bl -tag -width Ds\n");
	else
		buf_add_str(&out, markdown_head);
	walk(&out, keys_root, "", mdoc);
	if (mdoc)
		buf_add_str(&out, ".El\n");
	text = buf_take(&out);
	buf_finish(&out);
	return text;
}
