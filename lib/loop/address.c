/*
 * IP addresses: text to address and back, comparison, length. No names, no ports in text.
 */
#include "lib/loop/resolve.h"

#include "lib/base/str.h"

#include <arpa/inet.h>
#include <net/if.h>

bool address_parse(const char *text, struct address *out)
{
	char host[INET6_ADDRSTRLEN];
	const char *zone = strchr(text, '%');
	size_t len = zone ? (size_t)(zone - text) : strlen(text);
	uint64_t index;

	memset(out, 0, sizeof(*out));
	if (len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	if (!zone && inet_pton(AF_INET, host, &out->v4.sin_addr) == 1) {
		out->v4.sin_family = AF_INET;
		return true;
	}
	if (inet_pton(AF_INET6, host, &out->v6.sin6_addr) != 1)
		return false;
	out->v6.sin6_family = AF_INET6;
	if (!zone)
		return true;
	/* The number first: a sandbox lets nobody ask for the name. */
	if (str_to_u64(zone + 1, 1, UINT32_MAX, &index))
		out->v6.sin6_scope_id = (uint32_t)index;
	else
		out->v6.sin6_scope_id = if_nametoindex(zone + 1);
	return out->v6.sin6_scope_id != 0;
}

const char *address_text(const struct address *address, char out[ADDRESS_TEXT_MAX])
{
	char zone[IF_NAMESIZE];
	size_t len;

	out[0] = '\0';
	if (address->sa.sa_family == AF_INET) {
		inet_ntop(AF_INET, &address->v4.sin_addr, out, ADDRESS_TEXT_MAX);
		return out;
	}
	if (address->sa.sa_family != AF_INET6)
		return out;
	inet_ntop(AF_INET6, &address->v6.sin6_addr, out, ADDRESS_TEXT_MAX);
	len = strlen(out);
	if (address->v6.sin6_scope_id == 0)
		return out;
	if (if_indextoname(address->v6.sin6_scope_id, zone))
		snprintf(out + len, ADDRESS_TEXT_MAX - len, "%%%s", zone);
	else
		snprintf(out + len, ADDRESS_TEXT_MAX - len, "%%%u", address->v6.sin6_scope_id);
	return out;
}

/* Ports do not count. */
bool address_equal(const struct address *a, const struct address *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	return memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof(a->v6.sin6_addr)) == 0 &&
	       a->v6.sin6_scope_id == b->v6.sin6_scope_id;
}

socklen_t address_len(const struct address *address)
{
	return address->sa.sa_family == AF_INET6 ? sizeof(address->v6) : sizeof(address->v4);
}

void address_set_port(struct address *address, uint16_t port)
{
	if (address->sa.sa_family == AF_INET6)
		address->v6.sin6_port = htons(port);
	else
		address->v4.sin_port = htons(port);
}
