# SPDX-License-Identifier: GPL-2.0-or-later
"""What shells run to complete a host's address and a guest's name.

Guests have their directories where perfmon.kernel.paths says; a shell looks there itself, because
starting Python for a key stroke would be felt.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import Template
from typing import Final

ADDRESSES: Final = "_perfmon_addresses"
GUESTS: Final = "_perfmon_guests"
SCHEMES: Final = "embedded: mach: unix: tcp: ssh:"

# A colon breaks a word of bash's in two: what was typed without a blank between belongs together,
# and of what there is to choose from bash wants what follows the colon.
_BASH: Final = """\
_perfmon_guests() {
  local guest directory=~/.local/state/perfmon/guests names=()
  [[ -d $$XDG_RUNTIME_DIR ]] && directory=$$XDG_RUNTIME_DIR/perfmon
  for guest in "$$directory"/*/guest.json; do
    [[ -e $$guest ]] && guest=$${guest%/*} && names+=("$$2$${guest##*/}")
  done
  compgen -W "$${names[*]}" -- "$$1"
}
_perfmon_addresses() {
  compgen -W "$schemes" -- "$$1"
  _perfmon_guests "$$1" qemu:
}
_perfmon() {
  local line=$$COMP_LINE words=() word=0 at rest typed
  for at in "$${!COMP_WORDS[@]}"; do
    rest=$${line#"$${line%%[![:space:]]*}"}
    if [[ $$at -gt 0 && $$rest == "$$line" &&
          ( $${COMP_WORDS[at]} == :* || $${COMP_WORDS[at-1]} == *: ) ]]; then
      words[-1]+=$${COMP_WORDS[at]}
    else
      words+=("$${COMP_WORDS[at]}")
    fi
    line=$${rest#"$${COMP_WORDS[at]}"}
    [[ $$at -eq $$COMP_CWORD ]] && word=$$(($${#words[@]} - 1))
  done
  local COMP_WORDS=("$${words[@]}") COMP_CWORD=$$word
  _shtab_perfmon
  typed=$${COMP_WORDS[COMP_CWORD]}
  [[ $$typed == *:* ]] && COMPREPLY=("$${COMPREPLY[@]#"$${typed%"$${typed##*:}"}"}")
  [[ $${COMPREPLY[*]} == *: ]] && compopt -o nospace 2> /dev/null
  return 0
}
"""

BASH_ENTRY: Final = "complete -o bashdefault -F _perfmon perfmon"
"""Behind the script, in place of its own entry."""

_ZSH: Final = """\
_perfmon_guest_names() {
  local directory=~/.local/state/perfmon/guests
  [[ -d $$XDG_RUNTIME_DIR ]] && directory=$$XDG_RUNTIME_DIR/perfmon
  reply=($$directory/*/guest.json(N:h:t))
}
_perfmon_guests() {
  local -a reply; _perfmon_guest_names; compadd -a reply
}
_perfmon_addresses() {
  local -a reply; _perfmon_guest_names
  compadd -S '' $schemes; compadd qemu:$${^reply}
}
"""

_FISH: Final = """\
function _perfmon_guests
  set -l directory ~/.local/state/perfmon/guests
  test -d "$$XDG_RUNTIME_DIR"; and set directory $$XDG_RUNTIME_DIR/perfmon
  for guest in $$directory/*/guest.json
    echo (basename (dirname $$guest))
  end
end
function _perfmon_addresses
  printf '%s\\n' $schemes qemu:(_perfmon_guests)
end
"""

FUNCTIONS: Final[Mapping[str, str]] = {
    shell: Template(script).substitute(schemes=SCHEMES)
    for shell, script in (("bash", _BASH), ("zsh", _ZSH), ("fish", _FISH))
}
"""The functions' definitions, by shell."""
