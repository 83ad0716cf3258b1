#compdef sessctl
# Completions of sessctl for zsh. The words come from sessctl itself.
_sessctl() {
    local line value paths
    local -a lines values
    lines=("${(@f)$("${words[1]}" __complete -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
    paths=$lines[1]
    for line in "${(@)lines[2,-1]}"; do
        value=${line%%$'\t'*}
        values+=("${value//:/\\:}:${line#*$'\t'}")
    done
    (( $#values )) && _describe -V sessctl values
    case $paths in
        files) compset -P '--*='; _files ;;
        directories) compset -P '--*='; _files -/ ;;
    esac
}
if [[ $funcstack[1] == _sessctl ]]; then
    _sessctl "$@"
else
    compdef _sessctl sessctl
fi
