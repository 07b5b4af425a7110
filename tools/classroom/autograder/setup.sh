#!/bin/sh
# Gradescope runs this once, as root, when it makes the machine that grades: install what the tree
# needs, asking nothing.
export DEBIAN_FRONTEND=noninteractive
exec sh "$(dirname "$0")/tree/tools/setup.sh"
