#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# completion.sh FILE: what the completion offers for half-written lines.
set -euo pipefail

# The file is checked by itself.
# shellcheck source=/dev/null
source "$1"
failed=0

# offers LINE EXPECTED: the last word of LINE is the unfinished one ("" after a blank).
offers() {
    local line=$1 expected=$2
    read -ra COMP_WORDS <<<"$line"
    [[ $line == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _ccmem
    [[ ${COMPREPLY[*]-} == "$expected" ]] && return
    echo "'$line' offers '${COMPREPLY[*]-}', not '$expected'" >&2
    failed=1
}

offers 'ccmem re' 'report replay'
offers 'ccmem report --format s' 'speedscope'
offers 'ccmem report --table si' 'sites sizes'
offers 'ccmem report --value leaked_' 'leaked_bytes leaked_count'
offers 'ccmem report --t' '--to --top --table'
offers 'ccmem diff --format ' 'text json html'
offers 'ccmem diff --t' '--top'
offers 'ccmem profile --mode ' 'full sample count'
offers 'ccmem profile --m' '--mode'
offers 'ccmem at' 'attach'
offers 'ccmem attach --mode s' 'sample'
offers 'ccmem attach --f' '--for'
offers 'ccmem detach 0' ''
offers 'ccmem info --' '--allocator --format --short'
offers 'ccmem info --format ' 'text json'
offers 'ccmem info --allocator t' 'tcmalloc'
offers 'ccmem profile -- tru' "$(compgen -c tru | paste -sd ' ')"
offers 'ccmem run --allocator je' 'jemalloc'
offers 'ccmem run --allocator system -- tru' "$(compgen -c tru | paste -sd ' ')"
exit "$failed"
