# SPDX-License-Identifier: GPL-2.0-only
# fish completion for kmonctl(1)

set -l commands status stats top exits macs metrics check load apply reset kstat start stop doctor selftest version help
set -l modules @KMON_MODULES@

complete -c kmonctl -f
complete -c kmonctl -s h -l help -d 'Show the help'
complete -c kmonctl -n "not __fish_seen_subcommand_from $commands" -l version -d 'Show the version'
complete -c kmonctl -n "__fish_seen_subcommand_from $commands" -s j -l json -d 'print Print JSON instead of text'
complete -c kmonctl -n "__fish_seen_subcommand_from $commands" -l color -x -a 'auto always never' -d 'Colours'

set -l first "not __fish_seen_subcommand_from $commands"
complete -c kmonctl -n "$first" -a status -d 'Show which modules are running, and what is wrong'
complete -c kmonctl -n "$first" -a stats -d 'Show what the modules counted'
complete -c kmonctl -n "$first" -a top -d 'Show the rates of every module, live'
complete -c kmonctl -n "$first" -a exits -d 'Show each process as it exits'
complete -c kmonctl -n "$first" -a macs -d 'List the MAC addresses that were seen'
complete -c kmonctl -n "$first" -a metrics -d 'Print the counts for Prometheus'
complete -c kmonctl -n "$first" -a check -d 'Check the configuration'
complete -c kmonctl -n "$first" -a load -d 'Load the enabled modules'
complete -c kmonctl -n "$first" -a apply -d 'Load the enabled modules and apply the configuration'
complete -c kmonctl -n "$first" -a reset -d 'Zero the text views in /proc'
complete -c kmonctl -n "$first" -a kstat -d 'Start or stop kstat, or set its step'
complete -c kmonctl -n "$first" -a start -d 'The same as kmonctl kstat start'
complete -c kmonctl -n "$first" -a stop -d 'The same as kmonctl kstat stop'
complete -c kmonctl -n "$first" -a doctor -d 'Find what is wrong'
complete -c kmonctl -n "$first" -a selftest -d 'Test the modules on this machine'
complete -c kmonctl -n "$first" -a version -d 'Show the versions'
complete -c kmonctl -n "$first" -a help -d 'Show the help of a command'

complete -c kmonctl -n '__fish_seen_subcommand_from stats reset' -a "$modules"
complete -c kmonctl -n '__fish_seen_subcommand_from stats' -l top -x -d 'MAC addresses to show for each interface'
complete -c kmonctl -n '__fish_seen_subcommand_from stats' -s i -l interval -x -d 'Show totals and rates every so many seconds'
complete -c kmonctl -n '__fish_seen_subcommand_from top' -l once -d 'Print one page and exit'
complete -c kmonctl -n '__fish_seen_subcommand_from top' -s i -l interval -x -d 'Seconds between readings'
complete -c kmonctl -n '__fish_seen_subcommand_from exits' -s f -l follow -d 'Run until Ctrl-C'
complete -c kmonctl -n '__fish_seen_subcommand_from exits' -l since -x -d 'Failed exits from the journal'
complete -c kmonctl -n '__fish_seen_subcommand_from exits' -l failed -d 'Only exits with a non-zero code or by a signal'
complete -c kmonctl -n '__fish_seen_subcommand_from exits' -l seconds -x -d 'Run for so many seconds'
complete -c kmonctl -n '__fish_seen_subcommand_from exits' -s n -l count -x -d 'Exit after showing so many'
complete -c kmonctl -n '__fish_seen_subcommand_from exits' -l summary -d 'Totals by name at the end'
complete -c kmonctl -n '__fish_seen_subcommand_from exits' -l name -x -d 'Only processes with this name'
complete -c kmonctl -n '__fish_seen_subcommand_from exits' -l pid -x -d 'Only this process'
complete -c kmonctl -n '__fish_seen_subcommand_from exits' -l ppid -x -d 'Only children of this process'
complete -c kmonctl -n '__fish_seen_subcommand_from exits' -l code -x -d 'Only exits with this code'
complete -c kmonctl -n '__fish_seen_subcommand_from exits' -l signal -x -d 'Only exits by this signal'
complete -c kmonctl -n '__fish_seen_subcommand_from exits' -l uid -x -d 'Only processes of this user'
complete -c kmonctl -n '__fish_seen_subcommand_from exits' -l cgroup -r -d 'Only processes in this cgroup'
complete -c kmonctl -n '__fish_seen_subcommand_from macs' -l sort -x -a 'frames bytes seen address' -d 'Sort by'
complete -c kmonctl -n '__fish_seen_subcommand_from metrics' -l textfile -x -a '(__fish_complete_directories)' -d 'Write kmon.prom in this directory'
complete -c kmonctl -n '__fish_seen_subcommand_from metrics' -l openmetrics -d 'Print OpenMetrics 1.0'
complete -c kmonctl -n '__fish_seen_subcommand_from metrics' -l top -x -d 'MAC addresses to show for each interface'
complete -c kmonctl -n '__fish_seen_subcommand_from check' -F
complete -c kmonctl -n '__fish_seen_subcommand_from kstat' -a 'start stop counter'
complete -c kmonctl -n '__fish_seen_subcommand_from help' -a "$commands"
complete -c kmonctl -n '__fish_seen_subcommand_from selftest' -a 'basic traffic stress all'
complete -c kmonctl -n '__fish_seen_subcommand_from selftest' -l interface -x -a '(__fish_print_interfaces)' -d 'Also watch this interface'
complete -c kmonctl -n '__fish_seen_subcommand_from selftest' -l stop-service -d 'Stop kmon.service for the tests, then restore it'
