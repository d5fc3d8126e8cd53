#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: test_module.sh [[--interface] IF] and the other options of run_tests.sh: its suite basic.
exec "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/run_tests.sh" basic "$@"
