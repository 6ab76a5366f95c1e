# SPDX-License-Identifier: MIT
# Bash completion of ccmem. Everything after -- belongs to the program that is run.
# shellcheck shell=bash

_ccmem_options() {
    case $1 in
        profile) echo '-o --mode --interval --html --json --live --follow --dormant -f -q --' ;;
        attach) echo '-o --mode --interval --for --json -f -q' ;;
        report) echo '--format -o -f --from --to --top --table --value --suppress --all-leaks --debuginfod -q' ;;
        diff) echo '--fail-if --format -o -f --top --suppress --all-leaks --debuginfod -q' ;;
        replay) echo '--allocator --format' ;;
        advise) echo '-n --format --' ;;
        run) echo '--allocator --' ;;
        info) echo '--allocator --format --short' ;;
    esac
}

# Processes that can be attached to: those that have a door mapped.
_ccmem_dormant() {
    local maps
    for maps in /proc/[0-9]*/maps; do
        if grep -qs '\.door$' "$maps"; then
            maps=${maps#/proc/}
            echo "${maps%/maps}"
        fi
    done
}

# What may come after a word: an option's argument, a process; nothing where it is a file or a number.
_ccmem_values() {
    case $1:$2 in
        attach:attach | attach:-q | detach:detach) _ccmem_dormant ;;
        profile:--mode | attach:--mode) echo 'full sample count' ;;
        profile:--live) echo '127.0.0.1:9464' ;;
        report:--format) echo 'text json csv html prometheus pprof collapsed speedscope' ;;
        report:--table)
            echo 'summary sites stacks frames threads sizes hot_sizes timeline latency lifetimes' \
                'flow leaks findings warnings' ;;
        report:--value)
            echo 'bytes_at_peak alloc_bytes alloc_count live_bytes live_count leaked_bytes' \
                'leaked_count temporary_count' ;;
        diff:--format) echo 'text json html' ;;
        *:--format) echo 'text json' ;;
        *:--allocator) echo 'system mimalloc jemalloc tcmalloc' ;;
    esac
}

_ccmem() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]} i values
    COMPREPLY=()

    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(
            compgen -W 'profile attach detach report diff replay advise run info' -- "$word")
        return
    fi
    for ((i = 2; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} == -- ]]; then
            if ((i == COMP_CWORD - 1)); then
                mapfile -t COMPREPLY < <(compgen -c -- "$word")
            else
                mapfile -t COMPREPLY < <(compgen -f -- "$word")
            fi
            return
        fi
    done
    values=$(_ccmem_values "$command" "$previous")
    if [[ -n $values ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$values" -- "$word")
        ((${#COMPREPLY[@]})) && return
    fi
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_ccmem_options "$command")" -- "$word")
    elif [[ -z $values ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}

complete -o filenames -F _ccmem ccmem
