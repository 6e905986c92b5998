/*
 * Tags as values and as the JSON object they are for users: keys and values are texts, keys are
 * unique by the nature of an object and sorted here, so that equal tags are equal bytes.
 */
#include "lib/model/tags.h"

#include "lib/base/mem.h"
#include "lib/model/codec.h"

#define TAG_MAX 4096

struct tag *tags_copy(const struct tag *tags, size_t len)
{
	struct tag *copy;

	if (len == 0)
		return NULL;
	copy = MEM_NEW_ARRAY(len, struct tag);
	for (size_t i = 0; i < len; i++)
		copy[i] = (struct tag){str_dup(tags[i].key), str_dup(tags[i].value)};
	return copy;
}

void tags_finish(struct tag *tags, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		mem_free(tags[i].key);
		mem_free(tags[i].value);
	}
	mem_free(tags);
}

json_t *tags_to_json(const struct tag *tags, size_t len)
{
	json_t *json = json_object();

	for (size_t i = 0; i < len; i++)
		json_put_str(json, tags[i].key, tags[i].value ? tags[i].value : "");
	return json;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct tag *)a)->key, ((const struct tag *)b)->key);
}

bool tags_from_json(const json_t *object, struct tag **out, size_t *out_len, struct err *err)
{
	const char *key;
	json_t *tags, *value;
	size_t n = 0;

	if (!codec_object(object, "tags", TARGET_TAGS_MAX, &tags, err))
		return false;
	json_object_foreach(tags, key, value) {
		if (!json_is_string(value) || strlen(key) > TAG_MAX ||
		    json_string_length(value) > TAG_MAX)
			return codec_refuse(err, "tags", "a value is not a text, or too long");
	}
	if (json_object_size(tags) == 0)
		return true;
	*out = MEM_NEW_ARRAY(json_object_size(tags), struct tag);
	json_object_foreach(tags, key, value)
		(*out)[n++] = (struct tag){str_dup(key), str_dup(json_string_value(value))};
	*out_len = n;
	qsort(*out, n, sizeof(**out), by_key);
	return true;
}
