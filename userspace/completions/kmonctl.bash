# SPDX-License-Identifier: GPL-2.0-only
# bash completion for kmonctl(1)

_kmonctl() {
  local modules='localhost_monitor l2packet_counter kstat netmon_proc process_monitor'
  local commands='status stats top exits check apply reset start stop doctor selftest version'
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} options='' words=''
  COMPREPLY=()

  if [ "$COMP_CWORD" = 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$cur")
    return
  fi
  case $prev in
    --top | --interval | --seconds) return ;; # a number
    --interface)
      mapfile -t COMPREPLY < <(compgen -W "$(cd /sys/class/net && echo *)" -- "$cur")
      return
      ;;
  esac
  case ${COMP_WORDS[1]} in
    status | apply | start | stop | doctor | version) ;;
    stats) options='--top' words=$modules ;;
    reset) words=${modules/netmon_proc /} ;; # that one has nothing to reset
    top) options='--once --interval' ;;
    exits) options='--follow --failed --seconds' ;;
    selftest) options='--interface --stop-service' words='basic traffic stress all' ;;
    check)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      ;;
    *) return ;;
  esac
  case $cur in
    -*) mapfile -t COMPREPLY < <(compgen -W "$options --json --help" -- "$cur") ;;
    *) [ -z "$words" ] || mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur") ;;
  esac
}

complete -F _kmonctl kmonctl
