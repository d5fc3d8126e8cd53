#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Prints what localhost_monitor has counted.

stats=/proc/localhost_stats

if [ ! -r "$stats" ]; then
	echo "print_localhost_stats.sh: $stats does not exist: load the module first (insmod localhost_monitor.ko)" >&2
	exit 1
fi
echo "Localhost traffic statistics"
date
cat "$stats"
