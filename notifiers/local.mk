# Sources and headers of notifiers, one a line, in alphabetical order.
noinst_LIBRARIES += notifiers/libnotifiers.a
notifiers_libnotifiers_a_SOURCES = \
	notifiers/message.c \
	notifiers/notifier.h \
	notifiers/table.c \
	notifiers/webhook.c
