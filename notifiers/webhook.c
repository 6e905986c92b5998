/*
 * The signed webhook: POST of the body, its HMAC in X-Expiryd-Signature, the delivery id in
 * X-Expiryd-Delivery and Idempotency-Key, the same on every try. 2xx ends it; 408, 425, 429, 5xx
 * and no answer are tried again; any other answer is a refusal. The secret stays in this file's
 * memory.
 */
#include "notifiers/notifier.h"

#include "lib/base/digest.h"
#include "lib/base/mem.h"

#define ANSWER_MAX 1024
#define HEADERS_MAX 5
#define SIGNATURE_LEN (7 + SHA256_HEX_LEN)

struct webhook {
	struct notifier notifier;
	struct http_client *http;
	char *url;
	char *ca_file;
	char *secret;
	size_t secret_len;
	int64_t timeout_ms;
};

struct delivery {
	struct http_exchange *exchange;
	delivery_done_fn *done;
	void *arg;
};

static void webhook_close(struct notifier *notifier)
{
	struct webhook *webhook = CONTAINER_OF(notifier, struct webhook, notifier);

	if (webhook->url)
		mem_wipe(webhook->url, strlen(webhook->url));
	if (webhook->secret)
		mem_wipe(webhook->secret, webhook->secret_len);
	mem_free(webhook->url);
	mem_free(webhook->secret);
	mem_free(webhook->ca_file);
	mem_free(webhook);
}

static struct notifier *webhook_open(const struct config_notifier *config, struct http_client *http,
				     struct loop *loop, struct err *err)
{
	struct webhook *webhook;

	(void)loop;
	if (!config->url.bytes) {
		err_set(err, ERR_INVALID, "a webhook needs a url");
		return NULL;
	}
	if (!http_url_check(config->url.bytes, err))
		return NULL;
	webhook = MEM_NEW(struct webhook);
	webhook->http = http;
	webhook->url = str_dup(config->url.bytes);
	webhook->ca_file = str_dup(config->ca_file);
	webhook->timeout_ms = config->timeout_ms;
	if (config->secret.bytes) {
		webhook->secret = mem_dup(config->secret.bytes, config->secret.len);
		webhook->secret_len = config->secret.len;
	}
	return &webhook->notifier;
}

static void sign(const struct webhook *webhook, const char *body, char out[SIGNATURE_LEN + 1])
{
	uint8_t mac[SHA256_LEN];

	digest_hmac_sha256(webhook->secret, webhook->secret_len, body, strlen(body), mac);
	memcpy(out, "sha256=", 7);
	hex_encode(mac, sizeof(mac), out + 7);
}

static enum delivery_status status_of(int code)
{
	if (code >= 200 && code < 300)
		return DELIVERY_DONE;
	if (code == 410)
		return DELIVERY_GONE;
	if (code == 408 || code == 425 || code == 429 || code >= 500)
		return DELIVERY_RETRY;
	return DELIVERY_REFUSED;
}

static void on_answer(void *arg, const struct http_answer *answer)
{
	struct delivery *delivery = arg;
	delivery_done_fn *done = delivery->done;
	void *owner = delivery->arg;
	struct delivery_result result = {.retry_after_ms = answer->retry_after_ms};

	mem_free(delivery);
	if (answer->failure == HTTP_OK) {
		result.status = status_of(answer->status);
		snprintf(result.detail, sizeof(result.detail), "HTTP %d%s%.200s", answer->status,
			 answer->body_len ? ": " : "", answer->body_len ? answer->body : "");
	} else {
		result.status = answer->failure == HTTP_BAD_URL ? DELIVERY_REFUSED : DELIVERY_RETRY;
		snprintf(result.detail, sizeof(result.detail), "%s: %.200s",
			 http_failure_text(answer->failure), answer->detail);
	}
	done(owner, &result);
}

static struct delivery *webhook_start(struct notifier *notifier,
				      const struct delivery_message *message,
				      delivery_done_fn *done, void *arg)
{
	struct webhook *webhook = CONTAINER_OF(notifier, struct webhook, notifier);
	struct delivery *delivery = MEM_NEW(struct delivery);
	char *body = message_body(message);
	char signature[SIGNATURE_LEN + 1];
	struct http_header headers[HEADERS_MAX] = {
		{"Content-Type", "application/json"},
		{"User-Agent", PACKAGE_NAME "/" PACKAGE_VERSION},
		{"X-Expiryd-Delivery", message->id},
		{"Idempotency-Key", message->id},
	};
	struct http_request request = {
		.method = "POST",
		.url = webhook->url,
		.headers = headers,
		.headers_len = 4,
		.body = body,
		.body_len = strlen(body),
		.timeout_ms = webhook->timeout_ms,
		.ca_file = webhook->ca_file,
		.answer_max = ANSWER_MAX,
	};

	if (webhook->secret) {
		sign(webhook, body, signature);
		headers[request.headers_len++] = (struct http_header){"X-Expiryd-Signature",
								      signature};
	}
	delivery->done = done;
	delivery->arg = arg;
	delivery->exchange = http_start(webhook->http, &request, on_answer, delivery);
	mem_free(body);
	return delivery;
}

static void webhook_cancel(struct delivery *delivery)
{
	if (!delivery)
		return;
	http_cancel(delivery->exchange);
	mem_free(delivery);
}

const struct notifier_row notifier_webhook = {
	.type = "webhook",
	.open = webhook_open,
	.close = webhook_close,
	.start = webhook_start,
	.cancel = webhook_cancel,
	.timeout_ms = MS_MINUTE,
};
