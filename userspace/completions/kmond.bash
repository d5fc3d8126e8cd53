# SPDX-License-Identifier: GPL-2.0-only
# bash completion for kmond(8)

_kmond() {
  mapfile -t COMPREPLY < <(compgen -W '--load --reload --help --version' -- "${COMP_WORDS[COMP_CWORD]}")
}

complete -F _kmond kmond
