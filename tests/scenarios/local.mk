# Scenarios: text files with a clock, played by the real keeper. The runner is a check_PROGRAM,
# the files are in EXTRA_DIST.
