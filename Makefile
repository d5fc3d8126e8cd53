# SPDX-License-Identifier: GPL-2.0-only
# Commands for people; src/Kbuild lists what is built.  `make help` explains them.

MODULES   := localhost_monitor l2packet_counter kstat netmon_proc process_monitor
MODULE    ?= l2packet_counter
INTERFACE ?=
KDIR      ?= /lib/modules/$(shell uname -r)/build

chosen := $(if $(filter all,$(MODULE)),$(MODULES),$(MODULE))
ifneq ($(filter-out $(MODULES),$(chosen)),)
$(error MODULE=$(MODULE): expected one of "$(MODULES)", or all)
endif

# With built-in rules, make would build `install` from install.sh.
MAKEFLAGS += --no-builtin-rules

# modinfo is not always in an ordinary user's PATH.
export PATH := $(PATH):/usr/sbin:/sbin
sudo := $(if $(filter-out 0,$(shell id -u)),sudo)

# For each module: the parameter that INTERFACE= sets, its text view, and how its log lines begin.
param_l2packet_counter = $(INTERFACE:%='interface=%')
param_netmon_proc      = $(INTERFACE:%='iface=%')

file_localhost_monitor = /proc/localhost_stats
file_l2packet_counter  = /proc/l2packet_counter
file_kstat             = /proc/kstat/nout
file_netmon_proc       = /proc/netmon
file_process_monitor   = /proc/process_monitor

prefix_process_monitor = PROCESS_MONITOR
prefix = $(or $(prefix_$1),$1)

# The test commands, linked here as the modules are.
tests := run_tests.sh test_module.sh test_traffic.sh test_stress.sh

define newline


endef
# $(call each,COMMAND): a recipe that runs COMMAND, in which $1 is the module.
each = $(foreach m,$(chosen),$(call $1,$m)$(newline)	)

build: modules netmon

modules:
	$(MAKE) -C src KDIR=$(KDIR) modules
	@for m in $(MODULES); do ln -sf src/$$m.ko $$m.ko; done
	@for t in $(tests); do ln -sf tests/$$t $$t; done

# One static file. If tools are missing, `make` does not fail: the modules do not need them.
netmon:
	@mkdir -p build
	@if cmake --preset netmon-static >build/netmon.log 2>&1; then \
		cmake --build --preset netmon-static && ln -sf build/netmon-static/userspace/netmon/netmon netmon; \
	else echo "netmon is not built; on Debian 12 or later: sudo apt install cmake g++ ninja-build libcli11-dev libexpected-dev"; fi

clean:
	@rm -rf $(MODULES:%=%.ko) $(tests) netmon build/netmon.log build/netmon-static
	@rm -rf build/probes 2>/dev/null || $(sudo) rm -rf build/probes # run_tests.sh makes it, as root
	@! [ -d build ] || rmdir --ignore-fail-on-non-empty build
	$(MAKE) -C src KDIR=$(KDIR) clean

# Prefer what was built here to what is installed.
insert = if [ -e src/$1.ko ]; then set -x; $(sudo) insmod src/$1.ko $2; else set -x; $(sudo) modprobe $1 $2; fi

do_load = @$(call insert,$1,$(param_$1))
load:
	$(call each,do_load)

loaded = [ -d /sys/module/$1 ] || { echo "$1 is not loaded; do: make load MODULE=$1" >&2; exit 1; }

do_unload = @$(loaded); set -x; $(sudo) rmmod $1
unload:
	$(call each,do_unload)

# Keeps the current settings except INTERFACE=. If the new module does not load, the previous one is loaded again, the installed one if need be.
do_reload = @set --; for file in /sys/module/$1/parameters/*; do \
		[ ! -e "$$file" ] || set -- "$$@" "$${file\#\#*/}=$$(cat "$$file")"; done; \
	was=$$\#; [ "$$was" = 0 ] || $(sudo) rmmod $1 || exit; \
	($(call insert,$1,"$$@" $(param_$1))) || { \
		if [ "$$was" != 0 ]; then ($(call insert,$1,"$$@")) || $(sudo) modprobe $1 "$$@" && echo "$1 is back as it was" >&2; fi; \
		exit 1; }
reload:
	$(call each,do_reload)

do_status = @if [ -d /sys/module/$1 ]; then \
		echo "$1: loaded, version $$(cat /sys/module/$1/version)"; \
		grep -H . /sys/module/$1/parameters/* | sed 's|.*/|  |; s|:|=|'; \
	else echo "$1: not loaded"; fi
status:
	$(call each,do_status)

do_stats = @$(loaded); cat $(file_$1)
stats:
	$(call each,do_stats)

reset_by = echo reset | $(sudo) tee $(file_$1) >/dev/null
reset_by_netmon_proc = echo "netmon_proc shows the kernel's own figures: there is nothing to reset"
do_reset = @$(loaded); $(or $(reset_by_$1),$(reset_by))
reset:
	$(call each,do_reset)

# Use sudo only if the user may not read the log.
do_dmesg = @log=$$(dmesg 2>/dev/null || $(sudo) dmesg) && \
	{ printf '%s\n' "$$log" | grep -F '$(prefix)' || echo "$1: no line in the kernel log"; }
dmesg:
	$(call each,do_dmesg)

do_info = @modinfo $$(if [ -e src/$1.ko ]; then echo src/$1.ko; else echo $1; fi)
info:
	$(call each,do_info)

install:
	$(sudo) ./install.sh $(INTERFACE:%=--interface '%')

test:
	$(sudo) tests/run

help:
	@echo 'make build             build netmon, and all modules for KDIR ($(KDIR))'
	@echo 'make clean             remove what was built'
	@echo 'make load              insmod what was built here, or modprobe what is installed'
	@echo 'make unload | reload   unload it | unload and load it again with the same parameters'
	@echo 'make status | info     show whether it is loaded, and its parameters | run modinfo'
	@echo 'make stats | reset     print | zero its file in /proc'
	@echo 'make dmesg             print its lines in the kernel log'
	@echo 'make install           build and install the packages, start the service (install.sh)'
	@echo 'make test              boot virtual machines and run every test (tests/run)'
	@echo
	@echo 'MODULE=NAME or all     which module (default l2packet_counter):'
	@echo '                       $(MODULES)'
	@echo 'INTERFACE=NAME         l2packet_counter: what to watch (default eth0); netmon_proc: what to show'
	@echo 'Commands that need root use sudo.'

.PHONY: build modules netmon clean load unload reload status stats reset dmesg info install test help
