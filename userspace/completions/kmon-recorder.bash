# SPDX-License-Identifier: GPL-2.0-only
# bash completion for kmon-recorder(8)

_kmon_recorder() {
  local cur=${COMP_WORDS[COMP_CWORD]}
  case ${COMP_WORDS[COMP_CWORD - 1]} in
    --state | --runtime) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    *) mapfile -t COMPREPLY < <(compgen -W '--state --runtime --help --version' -- "$cur") ;;
  esac
}

complete -F _kmon_recorder kmon-recorder
