# EXPIRYD_CFLAG(VARIABLE, FLAG): append FLAG to VARIABLE where the compiler takes it without a
# word; clang only warns about what it does not know, hence -Werror.
AC_DEFUN([EXPIRYD_CFLAG], [
	AC_MSG_CHECKING([whether $CC takes $2])
	expiryd_save_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS -Werror $2"
	AC_COMPILE_IFELSE([AC_LANG_SOURCE([[int main(void) { return 0; }]])],
		[AC_MSG_RESULT([yes]); $1="${$1:+${$1} }$2"],
		[AC_MSG_RESULT([no])])
	CFLAGS=$expiryd_save_CFLAGS
])

# EXPIRYD_LDFLAG(VARIABLE, FLAG): the same for the linker.
AC_DEFUN([EXPIRYD_LDFLAG], [
	AC_MSG_CHECKING([whether the linker takes $2])
	expiryd_save_LDFLAGS=$LDFLAGS
	LDFLAGS="$LDFLAGS $2"
	AC_LINK_IFELSE([AC_LANG_SOURCE([[int main(void) { return 0; }]])],
		[AC_MSG_RESULT([yes]); $1="${$1:+${$1} }$2"],
		[AC_MSG_RESULT([no])])
	LDFLAGS=$expiryd_save_LDFLAGS
])
