/*
 * What a reload changes, in lines for log and terminal. Secrets are compared and never shown.
 */
#include "config/schema.h"

#include "lib/base/buf.h"
#include "lib/base/str.h"

#include <uthash.h>

#define DIFF_MAX (1024 * 1024)

struct named {
	const char *id;
	const struct target *target;
	bool met;
	UT_hash_handle hh;
};

static const struct config_setting *find_setting(const struct config *config, const char *path)
{
	for (size_t i = 0; i < config->settings_len; i++)
		if (str_eq(config->settings[i].path, path))
			return &config->settings[i];
	return NULL;
}

static void setting_line(struct buf *out, const struct config_setting *was,
			 const struct config_setting *is)
{
	const struct config_setting *any = is ? is : was;

	if (was && is && str_eq(was->digest, is->digest))
		return;
	buf_printf(out, "%s: %s -> %s%s\n", any->path, was ? was->shown : "(default)",
		   is ? is->shown : "(default)", any->restart ? " (needs a restart)" : "");
}

static void diff_settings(struct buf *out, const struct config *from, const struct config *to)
{
	for (size_t i = 0; i < to->settings_len; i++)
		setting_line(out, find_setting(from, to->settings[i].path), &to->settings[i]);
	for (size_t i = 0; i < from->settings_len; i++)
		if (!find_setting(to, from->settings[i].path))
			setting_line(out, &from->settings[i], NULL);
}

static const char *target_key(const struct config_target *target)
{
	return target->glob ? target->pattern : target->target.id;
}

static bool same_target(const struct target *a, const struct target *b)
{
	json_t *ja = target_to_json(a), *jb = target_to_json(b);
	bool same = json_equal(ja, jb);

	json_decref(ja);
	json_decref(jb);
	return same;
}

static void diff_targets(struct buf *out, const struct config *from, const struct config *to)
{
	struct named *all = MEM_NEW_ARRAY(from->targets_len, struct named), *index = NULL, *found;
	size_t added = 0, changed = 0, removed = 0;

	for (size_t i = 0; i < from->targets_len; i++) {
		all[i].id = target_key(&from->targets[i]);
		all[i].target = &from->targets[i].target;
		HASH_ADD_KEYPTR(hh, index, all[i].id, strlen(all[i].id), &all[i]);
	}
	for (size_t i = 0; i < to->targets_len; i++) {
		const char *key = target_key(&to->targets[i]);

		HASH_FIND_STR(index, key, found);
		if (!found) {
			added++;
			continue;
		}
		found->met = true;
		changed += !same_target(found->target, &to->targets[i].target);
	}
	for (size_t i = 0; i < from->targets_len; i++)
		removed += !all[i].met;
	if (added || changed || removed)
		buf_printf(out, "targets: %zu added, %zu changed, %zu removed\n", added, changed,
			   removed);
	HASH_CLEAR(hh, index);
	mem_free(all);
}

static bool same_secret(const struct secret *a, const struct secret *b)
{
	return a->len == b->len && (!a->len || memcmp(a->bytes, b->bytes, a->len) == 0);
}

static const struct config_notifier *find_notifier(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->notifiers_len; i++)
		if (str_eq(config->notifiers[i].name, name))
			return &config->notifiers[i];
	return NULL;
}

static void diff_notifiers(struct buf *out, const struct config *from, const struct config *to)
{
	for (size_t i = 0; i < to->notifiers_len; i++) {
		const struct config_notifier *is = &to->notifiers[i];
		const struct config_notifier *was = find_notifier(from, is->name);

		if (!was)
			buf_printf(out, "notifiers.%s: added\n", is->name);
		else if (!same_secret(&was->url, &is->url) ||
			 !same_secret(&was->secret, &is->secret) ||
			 !str_eq(was->ca_file, is->ca_file) || was->timeout_ms != is->timeout_ms ||
			 !str_eq(was->type, is->type))
			buf_printf(out, "notifiers.%s: changed\n", is->name);
	}
	for (size_t i = 0; i < from->notifiers_len; i++)
		if (!find_notifier(to, from->notifiers[i].name))
			buf_printf(out, "notifiers.%s: removed\n", from->notifiers[i].name);
}

static void diff_tokens(struct buf *out, const struct config *from, const struct config *to)
{
	bool same = from->http.tokens_len == to->http.tokens_len;

	for (size_t i = 0; same && i < to->http.tokens_len; i++)
		same = str_eq(from->http.tokens[i].name, to->http.tokens[i].name) &&
		       from->http.tokens[i].operate == to->http.tokens[i].operate &&
		       same_secret(&from->http.tokens[i].token, &to->http.tokens[i].token);
	if (!same)
		buf_add_str(out, "http.tokens: changed\n");
}

char *config_diff(const struct config *from, const struct config *to)
{
	struct buf out;
	char *text;

	buf_init(&out, DIFF_MAX);
	diff_settings(&out, from, to);
	diff_targets(&out, from, to);
	diff_notifiers(&out, from, to);
	diff_tokens(&out, from, to);
	text = out.len ? buf_take(&out) : str_dup("");
	buf_finish(&out);
	return text;
}

bool config_needs_restart(const struct config *from, const struct config *to, struct err *err)
{
	for (int pass = 0; pass < 2; pass++) {
		const struct config *a = pass ? to : from, *b = pass ? from : to;

		for (size_t i = 0; i < a->settings_len; i++) {
			const struct config_setting *one = &a->settings[i];
			const struct config_setting *other = find_setting(b, one->path);

			if (one->restart && (!other || !str_eq(one->digest, other->digest))) {
				err_set(err, ERR_INVALID, "%s", one->path);
				return true;
			}
		}
	}
	return false;
}
