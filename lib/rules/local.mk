# Sources and headers of lib/rules, one a line, in alphabetical order.
noinst_LIBRARIES += lib/rules/librules.a
lib_rules_librules_a_SOURCES = \
	lib/rules/due.c \
	lib/rules/due.h \
	lib/rules/expiry.c \
	lib/rules/explain.c \
	lib/rules/judge.c \
	lib/rules/judge.h \
	lib/rules/proof.c \
	lib/rules/reaching.c \
	lib/rules/route.c \
	lib/rules/rule.c \
	lib/rules/rule.h \
	lib/rules/transition.c \
	lib/rules/transition.h \
	lib/rules/trusting.c
