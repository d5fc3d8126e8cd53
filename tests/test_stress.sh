#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: test_stress.sh [[--interface] IF] and the other options of run_tests.sh: its suite stress.
exec "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/run_tests.sh" stress "$@"
