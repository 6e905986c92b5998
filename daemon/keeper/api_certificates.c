/*
 * GET /api/v1/certificates/SHA256: a certificate that was seen, as PEM, as DER, or what is known of
 * its document. A prefix of 8 digits or more stands for the whole. The keeper parses no
 * certificate: what one says is in the targets that present it.
 */
#include "daemon/keeper/api_inside.h"

#include "lib/base/digest.h"
#include "lib/base/str.h"

#define PEM_COLUMNS 64
#define PEM_MAX ((size_t)2 * STORE_BODY_MAX)

enum form { FORM_JSON, FORM_PEM, FORM_DER };
struct certificate_call {
	struct api_call call;
	enum form form;
	char digits[SHA256_HEX_LEN + 1];
};

static struct certificate_call *certificate_of(struct api_call *call)
{
	return CONTAINER_OF(call, struct certificate_call, call);
}

/* RFC 7468. */
static void pem_encode(struct buf *out, const void *der, size_t len)
{
	struct buf line;

	buf_init(&line, PEM_MAX);
	base64_encode(&line, der, len);
	buf_add_str(out, "-----BEGIN CERTIFICATE-----\n");
	for (size_t at = 0; at < line.len; at += PEM_COLUMNS) {
		size_t part = line.len - at < PEM_COLUMNS ? line.len - at : PEM_COLUMNS;

		buf_add(out, line.data + at, part);
		buf_add_char(out, '\n');
	}
	buf_add_str(out, "-----END CERTIFICATE-----\n");
	buf_finish(&line);
}

static void answer_json(struct api_call *call, const struct store_doc *doc, const char *pem)
{
	json_t *json = api_object(call, "expiryd.certificate/1"), *stored = lister_parse(doc);

	json_put_str(json, "sha256", doc->id);
	json_put_int(json, "bytes", (int64_t)doc->blob_len);
	json_put_str(json, "stored_at", json_get_str(stored, "stored_at"));
	json_put_str(json, "pem", pem);
	json_decref(stored);
	api_answer_json(call, json);
}

static void answer(struct api_call *call, const struct store_doc *doc)
{
	struct buf pem;

	if (!doc->blob) {
		api_problem(call, 404, "The bytes of certificate %s were not kept.", doc->id);
		return;
	}
	buf_init(&pem, PEM_MAX);
	pem_encode(&pem, doc->blob, doc->blob_len);
	switch (certificate_of(call)->form) {
	case FORM_JSON:
		answer_json(call, doc, buf_text(&pem));
		break;
	case FORM_PEM:
		api_answer(call, 200, "application/x-pem-file", pem.data, pem.len);
		break;
	case FORM_DER:
		api_answer(call, 200, "application/pkix-cert", doc->blob, doc->blob_len);
		break;
	}
	buf_finish(&pem);
}

static void on_found(void *arg, struct store_answer *found)
{
	struct api_call *call = arg;
	json_t *candidates;

	if (api_failed(call, found))
		return;
	if (found->docs_len == 1) {
		answer(call, &found->docs[0]);
		return;
	}
	if (found->docs_len == 0) {
		api_problem(call, 404, "There is no certificate %s.", certificate_of(call)->digits);
		return;
	}
	candidates = json_array();
	for (size_t i = 0; i < found->docs_len && i < API_CANDIDATES_MAX; i++)
		json_array_append_new(candidates, json_text(found->docs[i].id));
	api_problem_with(call, 409, "candidates", candidates,
			 "%s begins the SHA-256 of several certificates.",
			 certificate_of(call)->digits);
}

static enum form form_of(char *key)
{
	size_t len = strlen(key);
	enum form form = str_ends(key, ".pem")	 ? FORM_PEM
			 : str_ends(key, ".der") ? FORM_DER
						 : FORM_JSON;

	if (form != FORM_JSON)
		key[len - strlen(".pem")] = '\0';
	return form;
}

void api_get_certificate(void *arg, struct httpd_request *request)
{
	struct api_call *call = api_begin(arg, request, API_READ, sizeof(struct certificate_call),
					  NULL);
	struct store_page page = {.kind = KIND_CERT,
				  .min = INT64_MIN,
				  .max = INT64_MAX,
				  .limit = API_CANDIDATES_MAX + 1};
	char *key;

	if (!call)
		return;
	key = arena_str(&call->arena, httpd_path_rest(request));
	certificate_of(call)->form = form_of(key);
	if (!api_is_prefix(key, SHA256_HEX_LEN, certificate_of(call)->digits)) {
		api_problem(call, 404,
			    "A certificate is asked for by its SHA-256, or 8 digits of "
			    "it or more.");
		return;
	}
	page.id_prefix = certificate_of(call)->digits;
	call->store = store_page(call->keeper->store, &page, on_found, call);
}
