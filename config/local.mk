# Sources and headers of config, one a line, in alphabetical order.
noinst_LIBRARIES += config/libconfig.a
config_libconfig_a_SOURCES = \
	config/config.c \
	config/config.h \
	config/diff.c \
	config/fault.c \
	config/load.c \
	config/load_notifiers.c \
	config/load_targets.c \
	config/load_values.c \
	config/node.h \
	config/reference.c \
	config/schema.c \
	config/schema.h \
	config/secret.c \
	config/yaml.c
