# Manual pages go to dist_man_MANS, pages to read to dist_doc_DATA.
