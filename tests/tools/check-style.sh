#!/bin/sh
exec "$SOURCE/tools/check-style" "$SOURCE"
