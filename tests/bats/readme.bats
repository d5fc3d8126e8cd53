#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The commands of README.md, typed exactly as written there, on a machine where kmon.service runs. A command that no test
# types is a failure: add it here, or remove it from the README.
# shellcheck disable=SC2016,SC2154 # the README has `NAME`; output and status are set by run

load ../lib/service

readme=/kmon/README.md

# commands: the README's indented lines, without their comments.
commands() { sed -nE 's/^    ([^ ].*)$/\1/p' "$readme" | sed -E 's/ +#.*//'; }

# type_it COMMAND: runs it as this guest's root, who needs no sudo.
type_it() { run bash -c "set -o pipefail; ${1//sudo /}"; }

# typed_in FILE TEXT: the test in FILE types it.
typed_in() { grep -qF -- "$2" "/kmon/tests/$1"; }

top_shows() { tmux -L kmon-readme capture-pane -p -t top | grep -q "$1"; }

setup_file() {
  throwaway
  cp "$config" "$BATS_FILE_TMPDIR/default.toml"
  [ -e /sys/class/net/eth0 ] || ip link add eth0 type veth peer name eth0p
  ip link set eth0 up
  ip link set eth0p up
}

teardown_file() { ip link del eth0 2>/dev/null || true; }

@test "readme: has commands, and fewer than 150 lines" {
  [ "$(commands | wc -l)" -ge 15 ]
  [ "$(wc -l <"$readme")" -lt 150 ]
}

@test "readme: each command does what it says" {
  local command
  while IFS= read -r command; do
    echo "# $command" >&3
    case $command in
      'kmonctl top')
        tmux -L kmon-readme new-session -d -s top -x 80 -y 24 'kmonctl top'
        on_teardown tmux -L kmon-readme kill-server
        wait_until 30 top_shows localhost_monitor
        tmux -L kmon-readme send-keys -t top q
        ;;
      *' --follow '*)
        (sleep 3 && storm --processes 3 --code 7 --name kmon-readme >/dev/null) 3>&- &
        type_it "timeout -s INT 8 $command || [ \$? = 124 ]"
        assert_success
        assert_regex "$output" 'kmon-readme +7 '
        ;;
      'netmon eth0 | head -3')
        type_it "$command"
        assert_success
        assert_equal "$(jq -r .interface <<<"$output" | sort | uniq -c | tr -s ' ')" ' 3 eth0'
        ;;
      *'enable --now kmon-exporter.socket'*)
        type_it "$command"
        assert_success
        on_teardown systemctl disable --now kmon-exporter.socket kmon-exporter.service
        run bash -c 'exec 3<>/dev/tcp/127.0.0.1/9778; printf "GET /healthz HTTP/1.0\r\n\r\n" >&3; head -n 1 <&3'
        assert_output --partial ' 200 '
        ;;
      'kmonctl status' | 'kmonctl stats' | 'kmonctl macs' | 'kmonctl doctor' | 'cat /proc/'* | *'systemctl reload kmon')
        type_it "$command"
        assert_success
        ;;
      'sudo ./install.sh --vm') typed_in package/tour 'What install.sh --vm shows' ;;
      'sudo ./install.sh') typed_in package/running.bats 'run /kmon/install.sh --packages /srv/kmon/new --yes' ;;
      'sudo kmonctl selftest --stop-service') typed_in bats/selftest.bats 'kmonctl selftest' ;;
      'sudo tests/run --quick') ;; # this runs these very tests
      *)
        echo "no test types: $command" >&2
        return 1
        ;;
    esac
  done < <(commands)
}

@test "readme: each module and file of its table exists" {
  local row file files modules=0
  while IFS= read -r row; do
    modules=$((modules + 1))
    [ -d "/sys/module/$(grep -oP '\[`\K[a-z0-9_]+(?=`\])' <<<"$row")" ]
    files=$(grep -o '/proc/[a-z0-9_/]*' <<<"$row")
    for file in $files; do cat "$file"; done # a file may be empty if no frame has come yet
  done < <(grep -F '](docs/modules.md#' "$readme")
  assert_equal "$modules" 5
}
