#!/bin/sh
# Each rule of tools/check-style catches what it is for, and lets a good file pass.
set -u
tree=$TMPDIR/tree
mkdir -p "$tree/lib/base"
status=0
head='/* What this file owns, in prose. */\n#include "lib/base/sys.h"\n'

# style TEXT: a tree of one C file with this text, checked.
style() {
	printf "$1" > "$tree/lib/base/x.c"
	said=$("$SOURCE/tools/check-style" "$tree" 2>&1)
}
passes() {
	style "$1" || { echo "not allowed: $said"; status=1; }
}
caught() {
	if style "$1"; then
		echo "not caught: $2"
		status=1
	else
		case $said in
		"lib/base/x.c:$3: "*"$2"*) ;;
		*) echo "said '$said', not '$2' on line $3"; status=1 ;;
		esac
	fi
}
long=$(printf '%090d' 0)

passes "$head"'int x;\n'
passes "$head"'typedef void done_fn(void *arg);\ntypedef int (*cmp_fn)(const void *,\n\tint);\n'
passes "$head"'static const char *url = "http://x";\n/* see http://x */\n'
passes "$head"'/*\n * A block.\n */\n'
caught 'int x;\n' 'no opening comment' 1
caught '/* x */\nint x;\n' 'no opening comment' 1
caught "$head"'int x;' 'no line break' 1
caught "$head"'int x; \n' 'trailing blank' 3
caught "$head"'    int x;\n' 'indented by blanks' 3
caught "$head"'\tint x;\n  \tint y;\n' 'indented by blanks' 4
caught "$head"'int x; // why\n' 'a // comment' 3
caught "$head"'typedef struct x x_t;\n' 'typedef of what is no function' 3
caught "$head"'typedef struct { int (*f)(void); } x_t;\n' 'typedef of what is no function' 3
caught "$head"'typedef int number;\n' 'typedef of what is no function' 3
caught "$head\t/* $long */"'\n' '104 columns' 3
caught '/* What this file owns, in prose. */\n#include <stdio.h>\n' 'first include' 2

exit $status
