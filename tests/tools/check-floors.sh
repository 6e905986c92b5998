#!/bin/sh
exec "$SOURCE/tools/check-floors" "$SOURCE"
