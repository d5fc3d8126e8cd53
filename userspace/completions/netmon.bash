# SPDX-License-Identifier: GPL-2.0-only
# bash completion for netmon(1)

_netmon_interfaces() {
  local interface
  echo all
  for interface in /sys/class/net/*; do
    [ ! -e "$interface/ifindex" ] || echo "${interface##*/}" # bonding_masters lies there, too
  done
}

_netmon() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  case $prev in
    --interval | -i | --count | -n) return ;; # a number
    --timestamp)
      mapfile -t COMPREPLY < <(compgen -W 's ms us' -- "$cur")
      return
      ;;
  esac
  case $cur in
    -*) mapfile -t COMPREPLY < <(compgen -W '--interval --count --once --rates --exclude --timestamp --details --help --version' -- "$cur") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$(_netmon_interfaces)" -- "$cur") ;;
  esac
}

complete -F _netmon netmon
