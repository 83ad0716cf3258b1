# Completions of sessctl for bash. The words come from sessctl itself.
_sessctl() {
    local current=${COMP_WORDS[COMP_CWORD]} paths= value _
    COMPREPLY=()
    # bash splits --option=value into three words.
    [[ $current == '=' ]] && current=
    while IFS=$'\t' read -r value _; do
        if [[ -z $paths ]]; then
            paths=$value
        else
            printf -v value %q "$value"
            COMPREPLY+=("$value")
        fi
    done < <("$1" __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    case $paths in
        files) paths=-f ;;
        directories) paths=-d ;;
        *) return ;;
    esac
    compopt -o filenames 2>/dev/null
    while IFS= read -r value; do
        COMPREPLY+=("$value")
    done < <(compgen "$paths" -- "$current")
}
complete -F _sessctl sessctl
