/*
 * The extensions of a certificate that say something about names, places to ask, and use. One
 * pass, one row per extension; of one that stands twice (which RFC 5280 forbids) the first counts,
 * and one that cannot be parsed is as if it were not there.
 */
#include "lib/tls/read_parts.h"

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/tls/der.h"
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <strings.h>

#define TLS_FEATURE_STATUS_REQUEST 5 /* RFC 7633 */
#define TLS_FEATURE_STATUS_REQUEST_V2 17

static void add_text(char ***list, size_t *len, char *text)
{
	*list = mem_resize(*list, *len + 1, sizeof(**list));
	(*list)[(*len)++] = text;
}

static void add_name(struct cert *out, char *text)
{
	out->names_total++;
	if (out->names_len < CERT_NAMES_MAX)
		add_text(&out->names, &out->names_len, text);
	else
		mem_free(text);
}

static void add_dns(struct cert *out, const ASN1_STRING *string)
{
	char *text = read_bytes(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string));
	struct in6_addr address;

	str_lower(text);
	/* Among the names only an iPAddress may look like one (RFC 9525 6.3). */
	if (inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1) {
		char *marked = str_printf("dns:%s", text);

		mem_free(text);
		text = marked;
	}
	add_name(out, text);
}

static void add_address(struct cert *out, const ASN1_STRING *octets)
{
	int len = ASN1_STRING_length(octets);
	char text[INET6_ADDRSTRLEN];

	/* Other lengths are no address (8 and 32 are ranges, for name constraints only). */
	if (len != 4 && len != 16)
		return;
	inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(octets), text, sizeof(text));
	add_name(out, str_dup(text));
}

static void read_subject_names(struct cert *out, void *value)
{
	GENERAL_NAMES *names = value;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_DNS)
			add_dns(out, name->d.dNSName);
		else if (name->type == GEN_IPADD)
			add_address(out, name->d.iPAddress);
		else if (name->type == GEN_EMAIL && out->emails_len < CERT_NAMES_MAX)
			add_text(&out->emails, &out->emails_len, read_string(name->d.rfc822Name));
	}
	GENERAL_NAMES_free(names);
}

/* Into *url when it is none yet and this is one for a web client. */
static void take_url(char **url, const GENERAL_NAME *name)
{
	char *text;

	if (*url || name->type != GEN_URI)
		return;
	text = read_bytes(ASN1_STRING_get0_data(name->d.uniformResourceIdentifier),
			  (size_t)ASN1_STRING_length(name->d.uniformResourceIdentifier));
	if (strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0)
		*url = text;
	else
		mem_free(text);
}

static void read_access(struct cert *out, void *value)
{
	AUTHORITY_INFO_ACCESS *access = value;

	for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access); i++) {
		const ACCESS_DESCRIPTION *place = sk_ACCESS_DESCRIPTION_value(access, i);
		int method = OBJ_obj2nid(place->method);

		if (method == NID_ad_OCSP)
			take_url(&out->ocsp_url, place->location);
		else if (method == NID_ad_ca_issuers)
			take_url(&out->issuer_url, place->location);
	}
	AUTHORITY_INFO_ACCESS_free(access);
}

static void read_crl_points(struct cert *out, void *value)
{
	CRL_DIST_POINTS *points = value;

	for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
		const DIST_POINT_NAME *name = sk_DIST_POINT_value(points, i)->distpoint;

		/* Type 0 is fullName; the other form is relative to the issuer's name. */
		if (!name || name->type != 0)
			continue;
		for (int j = 0; j < sk_GENERAL_NAME_num(name->name.fullname); j++)
			take_url(&out->crl_url, sk_GENERAL_NAME_value(name->name.fullname, j));
	}
	CRL_DIST_POINTS_free(points);
}

static void read_basic_constraints(struct cert *out, void *value)
{
	BASIC_CONSTRAINTS *constraints = value;

	out->is_ca = constraints->ca != 0;
	BASIC_CONSTRAINTS_free(constraints);
}

static void read_features(struct cert *out, void *value)
{
	TLS_FEATURE *features = value;

	for (int i = 0; i < sk_ASN1_INTEGER_num(features); i++) {
		long feature = ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i));

		if (feature == TLS_FEATURE_STATUS_REQUEST ||
		    feature == TLS_FEATURE_STATUS_REQUEST_V2)
			out->must_staple = true;
	}
	TLS_FEATURE_free(features);
}

static void read_subject_key_id(struct cert *out, void *value)
{
	ASN1_OCTET_STRING *id = value;

	out->subject_key_id = read_hex(ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id));
	ASN1_OCTET_STRING_free(id);
}

static void read_authority_key_id(struct cert *out, void *value)
{
	AUTHORITY_KEYID *id = value;

	if (id->keyid)
		out->authority_key_id = read_hex(ASN1_STRING_get0_data(id->keyid),
						 (size_t)ASN1_STRING_length(id->keyid));
	AUTHORITY_KEYID_free(id);
}

static size_t take_u16(struct der *from)
{
	size_t value = (size_t)from->data[0] << 8 | from->data[1];

	from->data += 2;
	from->len -= 2;
	return value;
}

/* RFC 6962 3.3: a list inside an OCTET STRING inside the extension's. Only counted. */
static void read_scts(struct cert *out, X509_EXTENSION *extension)
{
	const ASN1_OCTET_STRING *data = X509_EXTENSION_get_data(extension);
	struct der value = {.data = ASN1_STRING_get0_data(data),
			    .len = (size_t)ASN1_STRING_length(data)};
	struct der list;
	size_t len;

	if (!der_take_tag(&value, DER_OCTET_STRING, &list, NULL) || list.len < 2)
		return;
	len = take_u16(&list);
	if (len < list.len)
		list.len = len;
	while (list.len >= 2) {
		len = take_u16(&list);
		if (len > list.len)
			return;
		list.data += len;
		list.len -= len;
		out->scts++;
	}
}

static const struct {
	int nid;
	void (*read)(struct cert *out, void *value); /* takes value */
} rows[] = {
	{NID_authority_key_identifier, read_authority_key_id},
	{NID_basic_constraints, read_basic_constraints},
	{NID_crl_distribution_points, read_crl_points},
	{NID_info_access, read_access},
	{NID_subject_alt_name, read_subject_names},
	{NID_subject_key_identifier, read_subject_key_id},
	{NID_tlsfeature, read_features},
};

void read_extensions(struct cert *out, const X509 *x509)
{
	bool seen[ARRAY_LEN(rows)] = {false}, seen_scts = false;

	for (int i = 0; i < X509_get_ext_count(x509); i++) {
		X509_EXTENSION *extension = X509_get_ext(x509, i);
		int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));

		if (nid == NID_ct_precert_scts && !seen_scts) {
			seen_scts = true;
			read_scts(out, extension);
		}
		for (size_t row = 0; row < ARRAY_LEN(rows); row++) {
			void *value;

			if (rows[row].nid != nid || seen[row])
				continue;
			seen[row] = true;
			value = X509V3_EXT_d2i(extension);
			if (value)
				rows[row].read(out, value);
		}
	}
	ERR_clear_error();
}
