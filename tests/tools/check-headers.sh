#!/bin/sh
exec "$SOURCE/tools/check-headers" "$SOURCE"
