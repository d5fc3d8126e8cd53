# SPDX-License-Identifier: GPL-2.0-only
# bash completion for kmonctl(1)

_kmonctl() {
  local modules='@KMON_MODULES@'
  local commands='status stats top exits macs history alert metrics check load apply reset kstat start stop doctor selftest version help'
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} options='' words=''
  COMPREPLY=()

  if [ "$COMP_CWORD" = 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$cur")
    return
  fi
  case $prev in
    --top | --interval | -i | --seconds | --count | -n | --pid | --ppid | --code | --uid | --replay) return ;; # a number
    --since | --last | --from | --to | --at) return ;; # a time
    --warning | -w | --critical | -c | --device | --column | --name | --cgroup) return ;; # what only who asks knows
    --color)
      mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$cur")
      return
      ;;
    --textfile)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -d -- "$cur")
      return
      ;;
    --sort)
      mapfile -t COMPREPLY < <(compgen -W 'frames bytes seen address' -- "$cur")
      return
      ;;
    --by)
      mapfile -t COMPREPLY < <(compgen -W 'interval 5min hour day month' -- "$cur")
      return
      ;;
    --signal)
      mapfile -t COMPREPLY < <(compgen -A signal -- "$cur")
      return
      ;;
    --interface)
      mapfile -t COMPREPLY < <(compgen -W "$(cd /sys/class/net && echo *)" -- "$cur")
      return
      ;;
  esac
  case ${COMP_WORDS[1]} in
    status | load | apply | start | stop | doctor | version) ;;
    help) words=$commands ;;
    kstat) words='start stop counter' ;;
    macs) options='--sort' ;;
    history) options='--last --from --to --by --top --device --csv' words='devices interfaces loopback tcp exits' ;;
    alert) options='--last --from --to --device --column --warning --critical' words='devices interfaces loopback tcp exits' ;;
    metrics) options='--textfile --openmetrics --top' ;;
    stats) options='--top --interval' words=$modules ;;
    reset) words=${modules/netmon_proc /} ;; # that one has nothing to reset
    top) options='--once --interval --at --replay' ;;
    exits) options='--follow --since --failed --seconds --count --summary --name --pid --ppid --code --signal --uid --cgroup' ;;
    selftest) options='--interface --stop-service' words='basic traffic stress all' ;;
    check)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      ;;
    *) return ;;
  esac
  case $cur in
    -*) mapfile -t COMPREPLY < <(compgen -W "$options --json --color --help" -- "$cur") ;;
    *) [ -z "$words" ] || mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur") ;;
  esac
}

complete -F _kmonctl kmonctl
