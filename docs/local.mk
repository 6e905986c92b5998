# Manual pages go to dist_man_MANS, pages to read to dist_doc_DATA. The configuration's reference is
# made from the table that parses it, and kept in the tree so that it can be read there.
dist_doc_DATA += \
	docs/architecture.md \
	docs/configuration.md \
	docs/performance.md

noinst_PROGRAMS += docs/make-reference
docs_make_reference_SOURCES = docs/make-reference.c
docs_make_reference_LDADD = $(LIBS_CONFIG)

TESTS += docs/check-reference.sh
EXTRA_DIST += docs/check-reference.sh
