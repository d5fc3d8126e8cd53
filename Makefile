# SPDX-License-Identifier: GPL-2.0-only
# The verbs for people; what is built stands in src/Kbuild.  `make help` lists them.

MODULES   := localhost_monitor l2packet_counter kstat netmon_proc process_monitor
MODULE    ?= l2packet_counter
INTERFACE ?=
KDIR      ?= /lib/modules/$(shell uname -r)/build

chosen := $(if $(filter all,$(MODULE)),$(MODULES),$(MODULE))
ifneq ($(filter-out $(MODULES),$(chosen)),)
$(error MODULE=$(MODULE): one of "$(MODULES)" is wanted, or all)
endif

# What INTERFACE= means to a module, the file people read, and what its log lines begin with.
param_l2packet_counter = interface=$(or $(INTERFACE),eth0)
param_netmon_proc      = $(INTERFACE:%=iface=%)

file_localhost_monitor = /proc/localhost_stats
file_l2packet_counter  = /proc/l2packet_counter
file_kstat             = /proc/kstat/nout
file_netmon_proc       = /proc/netmon
file_process_monitor   = /proc/process_monitor

prefix_process_monitor = PROCESS_MONITOR
prefix = $(or $(prefix_$1),$1)

define newline


endef
# $(call each,COMMAND): a recipe that runs COMMAND, in which $1 is the module.
each = $(foreach m,$(chosen),$(call $1,$m)$(newline)	)

build:
	$(MAKE) -C src KDIR=$(KDIR) modules
	@for m in $(MODULES); do ln -sf src/$$m.ko $$m.ko; done

clean:
	$(MAKE) -C src KDIR=$(KDIR) clean
	@rm -f $(MODULES:%=%.ko)

# What was built here comes first, else what is installed.
do_load = @if [ -e src/$1.ko ]; then set -x; insmod src/$1.ko $(param_$1); else set -x; modprobe $1 $(param_$1); fi
load:
	$(call each,do_load)

do_unload = rmmod $1
unload:
	$(call each,do_unload)

do_reload = @if [ -d /sys/module/$1 ]; then rmmod $1; fi
reload:
	$(call each,do_reload)
	$(call each,do_load)

do_status = @if [ -d /sys/module/$1 ]; then \
		echo "$1: loaded, version $$(cat /sys/module/$1/version)"; \
		grep -H . /sys/module/$1/parameters/* | sed 's|.*/|  |; s|:|=|'; \
	else echo "$1: not loaded"; fi
status:
	$(call each,do_status)

do_stats = @cat $(file_$1)
stats:
	$(call each,do_stats)

do_reset = @$(if $(filter netmon_proc,$1),echo "netmon_proc: the kernel's own figures, nothing to reset",echo reset > $(file_$1))
reset:
	$(call each,do_reset)

do_dmesg = @dmesg | grep -F '$(prefix)' || echo "$1: no line in the kernel log"
dmesg:
	$(call each,do_dmesg)

do_info = @modinfo $$(if [ -e src/$1.ko ]; then echo src/$1.ko; else echo $1; fi)
info:
	$(call each,do_info)

test:
	tests/run

help:
	@echo 'make build             build all modules for KDIR ($(KDIR))'
	@echo 'make clean             remove what was built'
	@echo 'make load              insmod what was built here, else modprobe what is installed'
	@echo 'make unload | reload   take it out | take it out and in again'
	@echo 'make status | info     is it loaded, its parameters | modinfo'
	@echo 'make stats | reset     print | zero its file in /proc'
	@echo 'make dmesg             its lines in the kernel log'
	@echo 'make test              boot virtual machines and run every test (tests/run)'
	@echo
	@echo 'MODULE=NAME or all     which module (default l2packet_counter):'
	@echo '                       $(MODULES)'
	@echo 'INTERFACE=NAME         l2packet_counter: what to watch (default eth0); netmon_proc: what to show'

.PHONY: build clean load unload reload status stats reset dmesg info test help
