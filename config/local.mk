# Sources and headers of config, one a line, in alphabetical order.
noinst_LIBRARIES += config/libconfig.a
config_libconfig_a_SOURCES =
