/*
 * The system call filter of each role, as one table: what is allowed, what is refused with an
 * error because the C library or OpenSSL tries it without need, and, by not being there, what ends
 * the process. A role calls sandbox_close once, when its files are read and its loop is made.
 * Loading the filter needs the seccomp call itself: the shipped unit allows it beside
 * @system-service.
 */
#include "lib/base/sys.h"
#include "lib/wire/sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef __has_feature
#define CLANG_HAS_ASAN __has_feature(address_sanitizer)
#else
#define CLANG_HAS_ASAN 0
#endif
#if defined(__SANITIZE_ADDRESS__) || CLANG_HAS_ASAN
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

enum {
	PROBER = 1 << SANDBOX_PROBER,
	READER = 1 << SANDBOX_READER,
	BOTH = PROBER | READER,
};

#define ALLOW SCMP_ACT_ALLOW
/* Refused like a file that may not be read, so that what is lazily looked for (openssl.cnf, time
 * zones, a name service, /proc) is found missing and the caller goes on with what it has. */
#define REFUSE SCMP_ACT_ERRNO(EACCES)
#define FORBID SCMP_ACT_ERRNO(EPERM)

/* The low bits of a socket's type; the others are SOCK_CLOEXEC and SOCK_NONBLOCK. */
#define TYPE_MASK 0xf
#define IS(arg, value)                         \
	{                                      \
		(arg), SCMP_CMP_EQ, (value), 0 \
	}
#define IS_MASKED(arg, mask, value)                        \
	{                                                  \
		(arg), SCMP_CMP_MASKED_EQ, (mask), (value) \
	}
#define CALL(name, roles, action)                      \
	{                                              \
		SCMP_SYS(name), (roles), (action), 0,  \
		{                                      \
			{                              \
				0, _SCMP_CMP_MIN, 0, 0 \
			}                              \
		}                                      \
	}
#define CALL1(name, roles, action, a)                 \
	{                                             \
		SCMP_SYS(name), (roles), (action), 1, \
		{                                     \
			a                             \
		}                                     \
	}
#define SOCKET(family, type, protocol)                                                \
	{                                                                             \
		SCMP_SYS(socket), PROBER, ALLOW, 3,                                   \
		{                                                                     \
			IS(0, family), IS_MASKED(1, TYPE_MASK, type), IS(2, protocol) \
		}                                                                     \
	}

struct rule {
	int call; /* below 0: this machine has no such call, and libseccomp passes it over */
	unsigned roles;
	uint32_t action;
	unsigned args_len;
	struct scmp_arg_cmp args[3];
};

static const struct rule rules[] = {
	/* bytes in and out of what is open already */
	CALL(read, BOTH, ALLOW),
	CALL(readv, BOTH, ALLOW),
	CALL(write, BOTH, ALLOW),
	CALL(writev, BOTH, ALLOW),
	CALL(recvfrom, BOTH, ALLOW),
	CALL(recvmsg, BOTH, ALLOW),
	CALL(sendto, BOTH, ALLOW),
	CALL(sendmsg, BOTH, ALLOW),
	CALL(shutdown, BOTH, ALLOW),
	CALL(close, BOTH, ALLOW),
	CALL(fcntl, BOTH, ALLOW),
	CALL(fcntl64, BOTH, ALLOW),
	CALL(lseek, BOTH, ALLOW),
	CALL(_llseek, BOTH, ALLOW),
	CALL(fstat, BOTH, ALLOW),
	CALL(fstat64, BOTH, ALLOW),
	CALL(pread64, READER, ALLOW),
	/* fstat of a newer C library. A path could stand where the empty one should: that tells of
	 * a file's existence, which the reader, without any socket, can tell nobody but the keeper.
	 */
	CALL1(newfstatat, READER, ALLOW, IS_MASKED(3, AT_EMPTY_PATH, AT_EMPTY_PATH)),
	CALL1(newfstatat, READER, REFUSE, IS_MASKED(3, AT_EMPTY_PATH, 0)),
	CALL1(ioctl, BOTH, ALLOW, IS(1, FIONBIO)),
	CALL1(ioctl, BOTH, ALLOW, IS(1, FIONREAD)),
	CALL1(ioctl, BOTH, FORBID, IS(1, TCGETS)),

	/* the internet, and no other family: the control socket of the keeper is an AF_UNIX one */
	SOCKET(AF_INET, SOCK_STREAM, 0),
	SOCKET(AF_INET, SOCK_STREAM, IPPROTO_TCP),
	SOCKET(AF_INET, SOCK_DGRAM, 0),
	SOCKET(AF_INET, SOCK_DGRAM, IPPROTO_UDP),
	SOCKET(AF_INET6, SOCK_STREAM, 0),
	SOCKET(AF_INET6, SOCK_STREAM, IPPROTO_TCP),
	SOCKET(AF_INET6, SOCK_DGRAM, 0),
	SOCKET(AF_INET6, SOCK_DGRAM, IPPROTO_UDP),
	CALL1(socket, PROBER, REFUSE, IS(0, AF_UNIX)),
	CALL1(socket, PROBER, REFUSE, IS(0, AF_NETLINK)),
	CALL(socket, READER, REFUSE),
	CALL(connect, PROBER, ALLOW),
	CALL(bind, PROBER, ALLOW), /* the source ports of name lookups */
	CALL(getsockname, PROBER, ALLOW),
	CALL(getpeername, PROBER, ALLOW),
	CALL(getsockopt, BOTH, ALLOW),
	CALL(setsockopt, BOTH, ALLOW),
	CALL(recvmmsg, PROBER, ALLOW),
	CALL(sendmmsg, PROBER, ALLOW),

	/* waiting */
	CALL(epoll_create1, BOTH, ALLOW),
	CALL(epoll_ctl, BOTH, ALLOW),
	CALL(epoll_wait, BOTH, ALLOW),
	CALL(epoll_pwait, BOTH, ALLOW),
	CALL(epoll_pwait2, BOTH, ALLOW),
	CALL(poll, BOTH, ALLOW),
	CALL(ppoll, BOTH, ALLOW),
	CALL(select, BOTH, ALLOW),
	CALL(_newselect, BOTH, ALLOW),
	CALL(pselect6, BOTH, ALLOW),
	CALL(timerfd_create, BOTH, ALLOW),
	CALL(timerfd_settime, BOTH, ALLOW),
	CALL(timerfd_gettime, BOTH, ALLOW),
	CALL(eventfd2, BOTH, ALLOW),
	CALL(futex, BOTH, ALLOW),
	CALL(nanosleep, BOTH, ALLOW),
	CALL(clock_nanosleep, BOTH, ALLOW),
	CALL(restart_syscall, BOTH, ALLOW),
	CALL(sched_yield, BOTH, ALLOW),

	/* time, chance, memory */
	CALL(clock_gettime, BOTH, ALLOW),
	CALL(clock_gettime64, BOTH, ALLOW),
	CALL(clock_getres, BOTH, ALLOW),
	CALL(gettimeofday, BOTH, ALLOW),
	CALL(time, BOTH, ALLOW),
	CALL(getrandom, BOTH, ALLOW),
	CALL(brk, BOTH, ALLOW),
	CALL1(mmap, BOTH, ALLOW, IS_MASKED(2, PROT_EXEC, 0)),
	CALL1(mmap2, BOTH, ALLOW, IS_MASKED(2, PROT_EXEC, 0)),
	CALL1(mprotect, BOTH, ALLOW, IS_MASKED(2, PROT_EXEC, 0)),
	CALL(mremap, BOTH, ALLOW),
	CALL(munmap, BOTH, ALLOW),
	CALL(madvise, BOTH, ALLOW),

	/* itself, and its end; tgkill of itself, which abort() needs, is added below */
	CALL(getpid, BOTH, ALLOW),
	CALL(getppid, BOTH, ALLOW),
	CALL(gettid, BOTH, ALLOW),
	CALL(getuid, BOTH, ALLOW),
	CALL(geteuid, BOTH, ALLOW),
	CALL(getgid, BOTH, ALLOW),
	CALL(getegid, BOTH, ALLOW),
	CALL(getrusage, BOTH, ALLOW),
	CALL(sysinfo, BOTH, ALLOW), /* qsort asks how much memory there is */
	CALL(getrlimit, BOTH, ALLOW),
	CALL(ugetrlimit, BOTH, ALLOW),
	CALL1(prlimit64, BOTH, ALLOW, IS(2, 0)), /* to ask, not to set */
	CALL(rt_sigaction, BOTH, ALLOW),
	CALL(rt_sigprocmask, BOTH, ALLOW),
	CALL(rt_sigreturn, BOTH, ALLOW),
	CALL(sigreturn, BOTH, ALLOW),
	CALL(sigaltstack, BOTH, ALLOW),
	CALL(exit, BOTH, ALLOW),
	CALL(exit_group, BOTH, ALLOW),

	/* tried without need, and answered */
	CALL(open, BOTH, REFUSE),
	CALL(openat, BOTH, REFUSE),
	CALL(openat2, BOTH, REFUSE),
	CALL(stat, BOTH, REFUSE),
	CALL(stat64, BOTH, REFUSE),
	CALL(lstat, BOTH, REFUSE),
	CALL(lstat64, BOTH, REFUSE),
	CALL(newfstatat, PROBER, REFUSE),
	CALL(fstatat64, BOTH, REFUSE),
	CALL(statx, BOTH, REFUSE),
	CALL(access, BOTH, REFUSE),
	CALL(faccessat, BOTH, REFUSE),
	CALL(faccessat2, BOTH, REFUSE),
	CALL(readlink, BOTH, REFUSE),
	CALL(readlinkat, BOTH, REFUSE),
	CALL(getcwd, BOTH, REFUSE),
	CALL(uname, BOTH, FORBID),
	CALL(prctl, BOTH, FORBID),
	CALL(sched_getaffinity, BOTH, FORBID),
	CALL(mlock, BOTH, FORBID),
	CALL(rseq, BOTH, FORBID),
	CALL(membarrier, BOTH, FORBID),
#if SANITIZED
	/* A report asks for a symbolizer, which it shall not have: it comes without names, but it
	 * comes. */
	CALL(pipe, BOTH, FORBID),
	CALL(pipe2, BOTH, FORBID),
	CALL(clone, BOTH, FORBID),
	CALL(clone3, BOTH, FORBID),
	CALL(fork, BOTH, FORBID),
	CALL(vfork, BOTH, FORBID),
	CALL(socketpair, BOTH, FORBID),
#endif
};

#if SANITIZED
/* The leak check starts a thread that opens /proc and traces us: not under a filter. Roles are
 * checked for leaks where they run without one, in the unit tests. The name is the sanitizer's. */
int __lsan_is_turned_off(void);
static int leaks_unchecked;
int __lsan_is_turned_off(void)
{
	return leaks_unchecked;
}
#endif

static int rules_add(scmp_filter_ctx filter, enum sandbox_role role)
{
	struct scmp_arg_cmp self = IS(0, (scmp_datum_t)getpid());
	int rc = seccomp_rule_add_array(filter, ALLOW, SCMP_SYS(tgkill), 1, &self);

	for (size_t i = 0; i < ARRAY_LEN(rules) && rc == 0; i++)
		if (rules[i].roles & 1U << role)
			rc = seccomp_rule_add_array(filter, rules[i].action, rules[i].call,
						    rules[i].args_len, rules[i].args);
	return rc;
}

static bool filter_load(enum sandbox_role role, struct err *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc;

	if (!filter)
		return err_set(err, ERR_INTERNAL, "sandbox: no filter could be made");
	rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (rc == 0)
		rc = rules_add(filter, role);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	if (rc != 0)
		return err_set(err, ERR_DENIED, "sandbox: the filter was refused: %s",
			       strerror(-rc));
	return true;
}

bool sandbox_close(enum sandbox_role role, struct err *err)
{
	const struct rlimit none = {0, 0};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_set(err, ERR_DENIED, "sandbox: no_new_privs: %s", strerror(errno));
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return err_set(err, ERR_DENIED, "sandbox: no core: %s", strerror(errno));
	/* Nobody of the same user may look into this memory either. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return err_set(err, ERR_DENIED, "sandbox: not dumpable: %s", strerror(errno));
	if (!filter_load(role, err))
		return false;
#if SANITIZED
	leaks_unchecked = 1;
#endif
	return true;
}
