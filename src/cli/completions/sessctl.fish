# Completions of sessctl for fish. The words come from sessctl itself.
function __sessctl_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l lines ($words[1] __complete -- $words[2..-1] 2>/dev/null)
    printf '%s\n' $lines[2..-1]
    switch "$lines[1]"
        case files
            __fish_complete_path (string replace -r '^--[^=]*=' '' -- (commandline -ct))
        case directories
            __fish_complete_directories (string replace -r '^--[^=]*=' '' -- (commandline -ct)) ''
    end
end
complete -c sessctl -f -a '(__sessctl_complete)'
