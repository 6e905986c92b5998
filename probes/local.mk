# Sources and headers of probes, one a line, in alphabetical order.
noinst_LIBRARIES += probes/libprobes.a
probes_libprobes_a_SOURCES = \
	probes/forwarders.c \
	probes/forwarders.h \
	probes/look.c \
	probes/look.h \
	probes/lookup.c \
	probes/lookup.h \
	probes/members.c \
	probes/members.h \
	probes/page.h \
	probes/pass.c \
	probes/pass.h \
	probes/probe.c \
	probes/probe.h \
	probes/prober.c \
	probes/prober.h \
	probes/reader.c \
	probes/roots.c \
	probes/roots.h \
	probes/route.c \
	probes/route.h \
	probes/sight.c \
	probes/sight.h

# The same with a leaf called poison.crash.test or poison.stall.test in it to kill or hold the role
# that parses it: for tests of the keeper. Built only where a check_PROGRAM names it, never shipped.
EXTRA_LIBRARIES = probes/libprobes_hooks.a
probes_libprobes_hooks_a_SOURCES = $(probes_libprobes_a_SOURCES)
probes_libprobes_hooks_a_CPPFLAGS = $(AM_CPPFLAGS) -DEXPIRYD_TEST_HOOKS
LIBS_PROBES_HOOKS = probes/libprobes_hooks.a $(LIBS_WIRE)
# Automake cleans no EXTRA_LIBRARIES.
CLEANFILES += probes/libprobes_hooks.a
