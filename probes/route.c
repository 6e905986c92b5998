/*
 * See route.h. Used where a name has addresses of both families, to leave out the one this machine
 * cannot send to, and after a failed connect, to tell our missing route from a far one. Nothing
 * is remembered: routes change, and the question costs three system calls.
 */
#include "lib/base/sys.h"
#include "probes/route.h"

#include <errno.h>
#include <unistd.h>

bool route_exists(const struct address *address)
{
	int fd = socket(address->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return errno != EAFNOSUPPORT;
	struct address there = *address;
	address_set_port(&there, 9);
	bool exists = true;
	if (connect(fd, &there.sa, address_len(&there)) != 0)
		/* EADDRNOTAVAIL: a family without any address of ours, as where IPv6 is switched
		 * off. */
		exists = errno != ENETUNREACH && errno != EADDRNOTAVAIL;
	close(fd);
	return exists;
}

static size_t pick_family(int sa_family, const struct address *found, size_t count,
			  struct address *out)
{
	size_t picked = 0;
	for (size_t i = 0; i < count; i++)
		if (sa_family == AF_UNSPEC || found[i].sa.sa_family == sa_family)
			out[picked++] = found[i];
	return picked;
}

static bool family_has(int sa_family, const struct address *found, size_t count, bool with_route)
{
	for (size_t i = 0; i < count; i++)
		if (found[i].sa.sa_family == sa_family && (!with_route || route_exists(&found[i])))
			return true;
	return false;
}

static int family_auto(const struct address *found, size_t count)
{
	/* With one family there is nothing to choose, and the usual look pays nothing. */
	if (!family_has(AF_INET, found, count, false) || !family_has(AF_INET6, found, count, false))
		return AF_UNSPEC;
	bool v4 = family_has(AF_INET, found, count, true);
	bool v6 = family_has(AF_INET6, found, count, true);
	if (v4 == v6)
		return AF_UNSPEC;
	return v4 ? AF_INET : AF_INET6;
}

size_t route_pick(enum family family, const struct address *found, size_t count,
		  struct address *out, int *left_out)
{
	size_t picked = 0;

	*left_out = 0;
	switch (family) {
	case FAMILY_AUTO:
		picked = pick_family(family_auto(found, count), found, count, out);
		*left_out = (int)(count - picked);
		return picked;
	case FAMILY_ANY:
		return pick_family(AF_UNSPEC, found, count, out);
	case FAMILY_4:
		return pick_family(AF_INET, found, count, out);
	case FAMILY_6:
		return pick_family(AF_INET6, found, count, out);
	}
	bug("a policy names a family that is none");
}
