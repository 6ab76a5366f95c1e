# SPDX-License-Identifier: MIT
# Bash completion of ccmem. Everything after -- belongs to the program that is run.
# shellcheck shell=bash

_ccmem_options() {
    case $1 in
        profile) echo '-o --mode --interval --html --json --live --follow -f -q --' ;;
        report) echo '--format -o --from --to --top' ;;
        diff) echo '--fail-if --format' ;;
        replay) echo '--allocator --format' ;;
        advise) echo '-n --format --' ;;
        run) echo '--allocator --' ;;
        info) echo '--allocator --format --short' ;;
    esac
}

# Words that an option's argument may be; nothing where it is a file or a number.
_ccmem_values() {
    case $1:$2 in
        profile:--mode) echo 'full sample count' ;;
        report:--format) echo 'text json csv html prometheus pprof collapsed speedscope' ;;
        *:--format) echo 'text json' ;;
        *:--allocator) echo 'system mimalloc jemalloc tcmalloc' ;;
    esac
}

_ccmem() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]} i values
    COMPREPLY=()

    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W 'profile report diff replay advise run info' -- "$word")
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
    elif [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_ccmem_options "$command")" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}

complete -o filenames -F _ccmem ccmem
