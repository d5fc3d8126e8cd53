# SPDX-License-Identifier: GPL-2.0-only
# bash completion for kmon-exporter(8)

_kmon_exporter() {
  mapfile -t COMPREPLY < <(compgen -W '--help --version' -- "${COMP_WORDS[COMP_CWORD]}")
}

complete -F _kmon_exporter kmon-exporter
