/*
 * The certificates of a file's content: PEM blocks among whatever else stands there, or one DER.
 * Called by the reader, and for the roots. Other blocks, keys above all, are passed over line by
 * line and never decoded. What a certificate says is read.c's.
 */
#include "lib/tls/read.h"

#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/tls/der.h"

#define PEM_BEGIN "-----BEGIN "
#define PEM_END "-----END "
#define PEM_DASHES "-----"
#define BASE64_MAX (READ_CERT_MAX / 3 * 4 + 4)

struct line {
	const char *text;
	size_t len;
};

struct scan {
	const char *at, *end;
	size_t number; /* of the line last taken */
	bool trusted;  /* the block has more behind its certificate */
	size_t others; /* blocks that hold no certificate */
	struct buf base64, der;
	struct err *err;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

/* Lines end in LF, CR LF or CR; blanks around them do not count. */
static bool next_line(struct scan *scan, struct line *out)
{
	const char *from = scan->at, *to;

	if (scan->at == scan->end)
		return false;
	while (scan->at < scan->end && *scan->at != '\n' && *scan->at != '\r')
		scan->at++;
	to = scan->at;
	if (scan->at < scan->end && *scan->at++ == '\r' && scan->at < scan->end &&
	    *scan->at == '\n')
		scan->at++;
	scan->number++;
	while (from < to && is_blank(*from))
		from++;
	while (from < to && is_blank(to[-1]))
		to--;
	*out = (struct line){.text = from, .len = (size_t)(to - from)};
	return true;
}

/* The label of a BEGIN or END line. */
static bool pem_label(const struct line *line, const char *word, struct line *label)
{
	size_t before = strlen(word), after = strlen(PEM_DASHES);

	if (line->len < before + after || memcmp(line->text, word, before) != 0 ||
	    memcmp(line->text + line->len - after, PEM_DASHES, after) != 0)
		return false;
	*label = (struct line){.text = line->text + before, .len = line->len - before - after};
	return true;
}

static bool line_is(const struct line *line, const char *text)
{
	return line->len == strlen(text) && memcmp(line->text, text, line->len) == 0;
}

static bool is_certificate(const struct line *label)
{
	return line_is(label, "CERTIFICATE") || line_is(label, "X509 CERTIFICATE") ||
	       line_is(label, "TRUSTED CERTIFICATE");
}

static bool broken(struct scan *scan, size_t begin, const char *what)
{
	return err_set(scan->err, ERR_INVALID, "line %zu: the certificate that begins here %s",
		       begin, what);
}

/* From behind the BEGIN line to the END line; the DER is in scan->der. */
static bool read_block(struct scan *scan, const struct line *label)
{
	size_t begin = scan->number;
	struct line line, end;

	buf_reset(&scan->base64);
	buf_reset(&scan->der);
	for (;;) {
		if (!next_line(scan, &line) || pem_label(&line, PEM_BEGIN, &end))
			return broken(scan, begin, "has no end");
		if (pem_label(&line, PEM_END, &end))
			break;
		buf_add(&scan->base64, line.text, line.len);
	}
	if (end.len != label->len || memcmp(end.text, label->text, end.len) != 0)
		return broken(scan, begin, "ends under another label");
	if (scan->base64.overflow)
		return broken(scan, begin, "is larger than any honest one");
	if (scan->base64.len == 0)
		return broken(scan, begin, "is empty");
	if (!base64_decode(&scan->der, buf_text(&scan->base64), scan->base64.len))
		return broken(scan, begin, "is not base64");
	return true;
}

/* OpenSSL's TRUSTED CERTIFICATE has settings behind the certificate. */
static struct der block_der(const struct scan *scan)
{
	struct der all = {.data = (const uint8_t *)scan->der.data, .len = scan->der.len};
	struct der from = all, content, whole;

	if (scan->trusted && der_take_tag(&from, DER_SEQUENCE, &content, &whole))
		return whole;
	return all;
}

static bool read_pem(struct scan *scan, read_cert_fn *each, void *arg, size_t *count)
{
	struct line line, label;
	struct der der;

	while (next_line(scan, &line)) {
		if (!pem_label(&line, PEM_BEGIN, &label))
			continue;
		if (!is_certificate(&label)) {
			scan->others++;
			continue;
		}
		scan->trusted = line_is(&label, "TRUSTED CERTIFICATE");
		if (*count == READ_CERTS_MAX)
			return err_set(scan->err, ERR_FULL, "line %zu: more than %d certificates",
				       scan->number, READ_CERTS_MAX);
		if (!read_block(scan, &label))
			return false;
		++*count;
		der = block_der(scan);
		if (!each(arg, der.data, der.len))
			return true;
	}
	return true;
}

/* A certificate begins with two sequences; a key or a PKCS#12 has a number in second place. */
static bool read_single(const uint8_t *data, size_t len, read_cert_fn *each, void *arg,
			size_t *count, struct err *err)
{
	struct der from = {.data = data, .len = len}, content, body;

	if (!der_take_tag(&from, DER_SEQUENCE, &content, NULL))
		return err_set(err, ERR_INVALID, "no certificate: neither PEM nor whole DER");
	if (!der_take_tag(&content, DER_SEQUENCE, &body, NULL))
		return err_set(err, ERR_INVALID, "no certificate: DER of another kind");
	if (from.len > 0)
		return err_set(err, ERR_INVALID, "bytes behind the end of the certificate");
	*count = 1;
	each(arg, data, len);
	return true;
}

bool read_file_certs(const void *data, size_t len, read_cert_fn *each, void *arg, size_t *count,
		     struct err *err)
{
	struct scan scan = {.at = data, .end = (const char *)data + len, .err = err};
	const uint8_t *bytes = data;
	bool ok;

	*count = 0;
	if (len > READ_FILE_MAX)
		return err_set(err, ERR_FULL, "larger than %d bytes", READ_FILE_MAX);
	if (len == 0)
		return err_set(err, ERR_INVALID, "no certificate: empty");
	buf_init(&scan.base64, BASE64_MAX);
	buf_init(&scan.der, READ_CERT_MAX + 3);
	ok = read_pem(&scan, each, arg, count);
	buf_finish(&scan.base64);
	buf_finish(&scan.der);
	if (!ok || *count > 0)
		return ok;
	if (scan.others > 0)
		return err_set(err, ERR_INVALID, "no certificate among %zu other PEM blocks",
			       scan.others);
	if (bytes[0] == DER_SEQUENCE)
		return read_single(bytes, len, each, arg, count, err);
	return err_set(err, ERR_INVALID, "no certificate: neither PEM nor DER");
}
