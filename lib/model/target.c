/*
 * A target as a value: made, copied, given its canonical text and id, written and read. The text
 * is the identity (contract 2), so it is made in one place, here, from the parts; the stored
 * document holds the text and the attributes, and the parts are read back from the text.
 */
#include "lib/model/target.h"

#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/text.h"
#include "lib/model/codec.h"
#include "lib/model/tags.h"

#define ATTRIBUTE_MAX 4096
#define NOTE_MAX 65536

const char *protocol_text(enum protocol protocol)
{
	switch (protocol) {
	case PROTOCOL_TLS:
		return "tls";
	case PROTOCOL_HTTPS:
		return "https";
	case PROTOCOL_FILE:
		return "file";
	}
	bug("protocol %d", (int)protocol);
}

void target_init(struct target *target)
{
	*target = (struct target){.protocol = PROTOCOL_TLS, .port = 443};
	target->zone = str_dup("default");
	policy_init(&target->policy);
}

void target_finish(struct target *target)
{
	if (!target)
		return;
	mem_free(target->host);
	mem_free(target->connect);
	mem_free(target->zone);
	mem_free(target->path);
	mem_free(target->instance);
	mem_free(target->member);
	mem_free(target->server_name);
	mem_free(target->organization);
	mem_free(target->owner);
	mem_free(target->note);
	mem_free(target->runbook);
	tags_finish(target->tags, target->tags_len);
	memset(target, 0, sizeof(*target));
}

void target_copy(struct target *dst, const struct target *src)
{
	*dst = *src;
	dst->host = str_dup(src->host);
	dst->connect = str_dup(src->connect);
	dst->zone = str_dup(src->zone);
	dst->path = str_dup(src->path);
	dst->instance = str_dup(src->instance);
	dst->member = str_dup(src->member);
	dst->server_name = str_dup(src->server_name);
	dst->organization = str_dup(src->organization);
	dst->owner = str_dup(src->owner);
	dst->note = str_dup(src->note);
	dst->runbook = str_dup(src->runbook);
	dst->tags = tags_copy(src->tags, src->tags_len);
}

/* A path or member inside a URL-like text: what would end it, break a line or not be UTF-8 goes as
 * %XX, so that every path has exactly one text and every text one path. */
static void add_encoded(struct buf *out, const char *s, bool is_path)
{
	bool utf8 = text_is_utf8(s, strlen(s));

	for (const char *p = s; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c <= ' ' || c == 0x7f || c == '%' || (c == '#' && is_path) ||
		    (c >= 0x80 && !utf8))
			buf_printf(out, "%%%02X", c);
		else
			buf_add_char(out, (char)c);
	}
}

static bool canonical_file(const struct target *target, struct buf *out, struct err *err)
{
	if (!target->path || target->path[0] != '/')
		return err_set(err, ERR_INVALID, "the path of a file target begins with /");
	buf_printf(out, "file://%s", target->instance ? target->instance : "");
	add_encoded(out, target->path, true);
	if (target->member) {
		buf_add_char(out, '#');
		add_encoded(out, target->member, false);
	}
	return true;
}

static bool canonical_host(const struct target *target, struct buf *out, struct err *err)
{
	bool v6 = target->host && strchr(target->host, ':');

	if (!target->host)
		return err_set(err, ERR_INVALID, "there is no host");
	if (target->port == 0)
		return err_set(err, ERR_INVALID, "there is no port");
	buf_printf(out, v6 ? "[%s]:%u" : "%s:%u", target->host, target->port);
	if (target->connect)
		buf_printf(out, "@%s", target->connect);
	if (target->zone && !str_eq(target->zone, "default"))
		buf_printf(out, "#%s", target->zone);
	return true;
}

bool target_canonical(struct target *target, struct err *err)
{
	struct buf text;
	bool ok;

	buf_init(&text, TARGET_TEXT_MAX - 1);
	ok = target->protocol == PROTOCOL_FILE ? canonical_file(target, &text, err)
					       : canonical_host(target, &text, err);
	if (ok && text.overflow)
		ok = err_set(err, ERR_INVALID, "a target has at most %d characters",
			     TARGET_TEXT_MAX - 1);
	if (ok) {
		str_copy(target->text, sizeof(target->text), buf_text(&text));
		digest_short_id(target->text, target->id);
	}
	buf_finish(&text);
	return ok;
}

const char *target_server_name(const struct target *target)
{
	return target->server_name ? target->server_name : target->host;
}

json_t *target_to_json(const struct target *target)
{
	json_t *json = json_object();

	json_put_str(json, "target", target->text);
	/* The text says everything else: tls and https share one. */
	if (target->protocol == PROTOCOL_HTTPS)
		json_put_str(json, "protocol", protocol_text(target->protocol));
	codec_put_str(json, "server_name", target->server_name);
	codec_put_str(json, "organization", target->organization);
	codec_put_str(json, "owner", target->owner);
	codec_put_str(json, "note", target->note);
	codec_put_str(json, "runbook", target->runbook);
	codec_put(json, "tags", tags_to_json(target->tags, target->tags_len));
	codec_put(json, "policy", policy_to_json(&target->policy));
	return json;
}

static bool server_name_from_json(struct target *out, const json_t *json, struct err *err)
{
	char checked[TARGET_TEXT_MAX];

	if (!codec_str(json, "server_name", 254, &out->server_name, err))
		return false;
	if (out->server_name &&
	    (!host_check(out->server_name, checked, err) || !str_eq(checked, out->server_name)))
		return codec_refuse(err, "server_name", "not a host as it is written here");
	return true;
}

static bool attributes_from_json(struct target *out, const json_t *json, struct err *err)
{
	json_t *policy;

	if (str_eq(json_get_str(json, "protocol"), "https") && out->protocol == PROTOCOL_TLS)
		out->protocol = PROTOCOL_HTTPS;
	return server_name_from_json(out, json, err) &&
	       codec_str(json, "organization", ATTRIBUTE_MAX, &out->organization, err) &&
	       codec_str(json, "owner", ATTRIBUTE_MAX, &out->owner, err) &&
	       codec_str(json, "note", NOTE_MAX, &out->note, err) &&
	       codec_str(json, "runbook", NOTE_MAX, &out->runbook, err) &&
	       tags_from_json(json, &out->tags, &out->tags_len, err) &&
	       codec_object(json, "policy", 256, &policy, err) &&
	       (!policy || policy_from_json(&out->policy, policy, err));
}

bool target_from_json(struct target *out, const json_t *json, struct err *err)
{
	char text[TARGET_TEXT_MAX] = "";

	if (!codec_is_object(json, "target", err) ||
	    !codec_text(json, "target", text, sizeof(text), err) ||
	    !target_parse(out, text, "", NULL, err))
		return false;
	if (!str_eq(out->text, text))
		err_set(err, ERR_INVALID, "target: not in its canonical form");
	else if (attributes_from_json(out, json, err))
		return true;
	target_finish(out);
	return false;
}
