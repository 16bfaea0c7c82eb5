function __tgl_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __tgl_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __tgl_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __tgl_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __tgl_parse_tokens -S
    set -l unparsed_tokens (__tgl_tokens -pc)
    switch $unparsed_tokens[1]
    case 'tgl'
        __tgl_parse_subcommand 0 'env-file=' 'set=+' 'q/quiet' 'debug' 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'run'
            __tgl_parse_subcommand 0 'env-file=' 'set=+' 'q/quiet' 'debug' 'check' 'json' 'version' 'h/help'
        case 'login'
            __tgl_parse_subcommand 0 'env-file=' 'set=+' 'q/quiet' 'debug' 'phone=' 'qr' 'status' 'logout' 'json' 'version' 'h/help'
        case 'search'
            __tgl_parse_subcommand -r 1 'env-file=' 'set=+' 'q/quiet' 'debug' 'chat=+' 'from=+' 'since=' 'until=' 'deleted' 'limit=' 'json' 'version' 'h/help'
        case 'export'
            __tgl_parse_subcommand 0 'env-file=' 'set=+' 'q/quiet' 'debug' 'format=' 'out=' 'chat=+' 'since=' 'until=' 'deleted' 'edited' 'media=' 'raw' 'since-last' 'force' 'key-file=' 'json' 'version' 'h/help'
        case 'decrypt'
            __tgl_parse_subcommand -r 1 'env-file=' 'set=+' 'q/quiet' 'debug' 'out=' 'force' 'r/recursive' 'key-file=' 'jobs=' 'json' 'version' 'h/help'
        case 'purge'
            __tgl_parse_subcommand 0 'env-file=' 'set=+' 'q/quiet' 'debug' 'dry-run' 'older-than=' 'type=+' 'chat=+' 'only=+' 'keep-deleted' 'vacuum' 'json' 'version' 'h/help'
        case 'backup'
            __tgl_parse_subcommand 1 'env-file=' 'set=+' 'q/quiet' 'debug' 'out=' 'media' 'keep=' 'verify' 'json' 'version' 'h/help'
        case 'health'
            __tgl_parse_subcommand 0 'env-file=' 'set=+' 'q/quiet' 'debug' 'url=' 'timeout=' 'json' 'version' 'h/help'
        case 'keygen'
            __tgl_parse_subcommand -r 1 'env-file=' 'set=+' 'q/quiet' 'debug' 'out=' 'force' 'env' 'check' 'key-file=' 'json' 'version' 'h/help'
        case 'migrate'
            __tgl_parse_subcommand 0 'env-file=' 'set=+' 'q/quiet' 'debug' 'status' 'dry-run' 'from-python=' 'repair' 'from=' 'json' 'version' 'h/help'
        case 'help'
            __tgl_parse_subcommand -r 1 'version'
        end
    end
end

function __tgl_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __tgl_parse_subcommand -S -a positional_count
    argparse -s r -- $argv
    set -l option_specs $argv[2..]
    set -l is_repeating_positional $_flag_r
    set -el _flag_r
    set -a commands $unparsed_tokens[1]
    set positional_index 0
    while true
        set -e unparsed_tokens[1]
        argparse -sn "$commands" $option_specs -- $unparsed_tokens 2> /dev/null
        set unparsed_tokens $argv
        set positional_index (math $positional_index + 1)
        for non_repeating_flag_or_option in $non_repeating_flags_or_options
            if set -ql "_flag_$(string replace -a - _ -- $non_repeating_flag_or_option)"
                set non_repeating_flags_or_options_absent 1
                break
            end
        end
        test (count $unparsed_tokens) -eq 0 -o \( -z "$is_repeating_positional" -a "$positional_index" -gt "$positional_count" \) && break
    end
end

function __tgl_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __tgl_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__tgl_tokens -p)
    if test -z "$(__tgl_tokens -t)"
        set -l index (count (__tgl_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'tgl' -f
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl" env-file' -l 'env-file' -d 'Read settings from this file (default: .env in the working directory, if present).' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl"' -l 'set' -d 'Override a setting; may be given several times.' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl" q quiet' -l 'quiet' -s 'q' -d 'Log warnings and errors only.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl" debug' -l 'debug' -d 'Log more; the same as DEBUG_MODE=true.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl" version' -l 'version' -d 'Show the version.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_positional "tgl" -eq 1' -fa 'run' -d 'Keep every message, and post what is deleted or edited to the log chat.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_positional "tgl" -eq 1' -fa 'login' -d 'Sign in to Telegram as your account.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_positional "tgl" -eq 1' -fa 'search' -d 'Search the archive, deleted messages and earlier versions included.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_positional "tgl" -eq 1' -fa 'export' -d 'Write the archive in a form others read.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_positional "tgl" -eq 1' -fa 'decrypt' -d 'Decrypt recovered media.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_positional "tgl" -eq 1' -fa 'purge' -d 'Remove what has been kept long enough.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_positional "tgl" -eq 1' -fa 'backup' -d 'Copy the archive and the session, also while \'tgl run\' is running.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_positional "tgl" -eq 1' -fa 'health' -d 'Ask the running service whether it is well.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_positional "tgl" -eq 1' -fa 'keygen' -d 'Make a key for recovered media, or check the one that is set.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_positional "tgl" -eq 1' -fa 'migrate' -d 'Bring the data directory up to date, or take over the one of the Python service.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_positional "tgl" -eq 1' -fa 'help' -d 'Show subcommand help information.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl run" env-file' -l 'env-file' -d 'Read settings from this file (default: .env in the working directory, if present).' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl run"' -l 'set' -d 'Override a setting; may be given several times.' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl run" q quiet' -l 'quiet' -s 'q' -d 'Log warnings and errors only.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl run" debug' -l 'debug' -d 'Log more; the same as DEBUG_MODE=true.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl run" check' -l 'check' -d 'Look at settings, data directory, key, session, Telegram, clock, log chat and health endpoint, say each in a line, and end.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl run" json' -l 'json' -d 'With --check: print one JSON object a line.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl run" version' -l 'version' -d 'Show the version.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl run" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl login" env-file' -l 'env-file' -d 'Read settings from this file (default: .env in the working directory, if present).' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl login"' -l 'set' -d 'Override a setting; may be given several times.' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl login" q quiet' -l 'quiet' -s 'q' -d 'Log warnings and errors only.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl login" debug' -l 'debug' -d 'Log more; the same as DEBUG_MODE=true.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl login" phone' -l 'phone' -d 'The account\'s phone number, in international form.' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl login" qr' -l 'qr' -d 'Draw a QR code to be scanned with Telegram on your phone, instead of asking for phone number and code.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl login" status' -l 'status' -d 'Say who is signed in, on which data centre.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl login" logout' -l 'logout' -d 'End the session on the server and forget it.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl login" json' -l 'json' -d 'Print one JSON object.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl login" version' -l 'version' -d 'Show the version.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl login" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl search" env-file' -l 'env-file' -d 'Read settings from this file (default: .env in the working directory, if present).' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl search"' -l 'set' -d 'Override a setting; may be given several times.' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl search" q quiet' -l 'quiet' -s 'q' -d 'Log warnings and errors only.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl search" debug' -l 'debug' -d 'Log more; the same as DEBUG_MODE=true.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl search"' -l 'chat' -d 'Only in this chat, by id or @name; may be given several times.' -rfka '(__tgl_custom_completion ---completion search -- --chat (count (__tgl_tokens -pc)) (__tgl_tokens -tC))'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl search"' -l 'from' -d 'Only what this person wrote, by id or @name; may be given several times.' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl search" since' -l 'since' -d 'Only what was sent then or later: 2026-11-23, 2026-11-23T10:00, or how long ago, as in 7d.' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl search" until' -l 'until' -d 'Only what was sent before.' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl search" deleted' -l 'deleted' -d 'Only messages that were deleted.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl search" limit' -l 'limit' -d 'How many messages at most.' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl search" json' -l 'json' -d 'Print one JSON object for each message; offsets count UTF-16 code units.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl search" version' -l 'version' -d 'Show the version.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl search" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl export" env-file' -l 'env-file' -d 'Read settings from this file (default: .env in the working directory, if present).' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl export"' -l 'set' -d 'Override a setting; may be given several times.' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl export" q quiet' -l 'quiet' -s 'q' -d 'Log warnings and errors only.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl export" debug' -l 'debug' -d 'Log more; the same as DEBUG_MODE=true.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl export" format' -l 'format' -d 'What to write: jsonl, json, csv or html.' -rfka 'jsonl json csv html'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl export" out' -l 'out' -d 'Write to this file, to this directory, or to standard output for \'-\', the default; html needs a directory.' -rF
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl export"' -l 'chat' -d 'Only this chat, by id or @name; may be given several times.' -rfka '(__tgl_custom_completion ---completion export -- --chat (count (__tgl_tokens -pc)) (__tgl_tokens -tC))'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl export" since' -l 'since' -d 'Only what was sent then or later: 2026-11-23, 2026-11-23T10:00, or how long ago, as in 7d.' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl export" until' -l 'until' -d 'Only what was sent before.' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl export" deleted' -l 'deleted' -d 'Only deleted messages; with --edited, deleted or edited ones.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl export" edited' -l 'edited' -d 'Only edited messages.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl export" media' -l 'media' -d 'What to do with media files: link, copy or none.' -rfka 'link copy none'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl export" raw' -l 'raw' -d 'Add media and service messages as Telegram sent them, by the schema\'s names (jsonl, json).'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl export" since-last' -l 'since-last' -d 'Only what is new, edited or deleted since the last export to the same directory.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl export" force' -l 'force' -d 'Replace what is there.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl export" key-file' -l 'key-file' -d 'Take the key from this file instead of the settings; several keys, one a line, for files from before a change.' -rF
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl export" json' -l 'json' -d 'Print one JSON object with what was exported.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl export" version' -l 'version' -d 'Show the version.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl export" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl decrypt" env-file' -l 'env-file' -d 'Read settings from this file (default: .env in the working directory, if present).' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl decrypt"' -l 'set' -d 'Override a setting; may be given several times.' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl decrypt" q quiet' -l 'quiet' -s 'q' -d 'Log warnings and errors only.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl decrypt" debug' -l 'debug' -d 'Log more; the same as DEBUG_MODE=true.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_positional "tgl decrypt" -ge 1' -F
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl decrypt" out' -l 'out' -d 'Write to this directory, to this file when one file is given, or to standard output for \'-\'.' -rF
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl decrypt" force' -l 'force' -d 'Replace outputs that exist.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl decrypt" r recursive' -l 'recursive' -s 'r' -d 'Look into subdirectories too.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl decrypt" key-file' -l 'key-file' -d 'Take the key from this file instead of the settings; several keys, one a line, for files from before a change.' -rF
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl decrypt" jobs' -l 'jobs' -d 'How many files at a time (default: one for each processor).' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl decrypt" json' -l 'json' -d 'Print one JSON object for each file.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl decrypt" version' -l 'version' -d 'Show the version.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl decrypt" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl purge" env-file' -l 'env-file' -d 'Read settings from this file (default: .env in the working directory, if present).' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl purge"' -l 'set' -d 'Override a setting; may be given several times.' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl purge" q quiet' -l 'quiet' -s 'q' -d 'Log warnings and errors only.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl purge" debug' -l 'debug' -d 'Log more; the same as DEBUG_MODE=true.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl purge" dry-run' -l 'dry-run' -d 'Only say what would go.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl purge" older-than' -l 'older-than' -d 'Remove what is older, whatever the settings say: a number with s, m, h, d or w.' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl purge"' -l 'type' -d 'Only chats of this type; may be given several times.' -rfka 'user group channel bot'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl purge"' -l 'chat' -d 'Only this chat, by id or @name; may be given several times.' -rfka '(__tgl_custom_completion ---completion purge -- --chat (count (__tgl_tokens -pc)) (__tgl_tokens -tC))'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl purge"' -l 'only' -d 'Only this; may be given several times (default: messages and buffer).' -rfka 'messages buffer deleted-media'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl purge" keep-deleted' -l 'keep-deleted' -d 'Leave messages that their senders have deleted.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl purge" vacuum' -l 'vacuum' -d 'Give what is free in the database back to the disk.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl purge" json' -l 'json' -d 'Print one JSON object.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl purge" version' -l 'version' -d 'Show the version.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl purge" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl backup" env-file' -l 'env-file' -d 'Read settings from this file (default: .env in the working directory, if present).' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl backup"' -l 'set' -d 'Override a setting; may be given several times.' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl backup" q quiet' -l 'quiet' -s 'q' -d 'Log warnings and errors only.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl backup" debug' -l 'debug' -d 'Log more; the same as DEBUG_MODE=true.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl backup" out' -l 'out' -d 'Make the backup in this folder (default: DATA_ROOT/backups).' -rfa '(__tgl_complete_directories)'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl backup" media' -l 'media' -d 'Bring the media files along.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl backup" keep' -l 'keep' -d 'Remove all but the newest of the backups in that folder.' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl backup" verify' -l 'verify' -d 'Check the backup against its manifest: the one that was made, or the folder given.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_positional "tgl backup" -eq 1' -fa '(__tgl_complete_directories)'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl backup" json' -l 'json' -d 'Print one JSON object.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl backup" version' -l 'version' -d 'Show the version.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl backup" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl health" env-file' -l 'env-file' -d 'Read settings from this file (default: .env in the working directory, if present).' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl health"' -l 'set' -d 'Override a setting; may be given several times.' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl health" q quiet' -l 'quiet' -s 'q' -d 'Log warnings and errors only.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl health" debug' -l 'debug' -d 'Log more; the same as DEBUG_MODE=true.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl health" url' -l 'url' -d 'Ask here.' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl health" timeout' -l 'timeout' -d 'Seconds to wait for the answer.' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl health" json' -l 'json' -d 'Print one JSON object.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl health" version' -l 'version' -d 'Show the version.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl health" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl keygen" env-file' -l 'env-file' -d 'Read settings from this file (default: .env in the working directory, if present).' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl keygen"' -l 'set' -d 'Override a setting; may be given several times.' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl keygen" q quiet' -l 'quiet' -s 'q' -d 'Log warnings and errors only.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl keygen" debug' -l 'debug' -d 'Log more; the same as DEBUG_MODE=true.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_positional "tgl keygen" -ge 1' -F
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl keygen" out' -l 'out' -d 'Write the key to this file, which only you can read.' -rF
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl keygen" force' -l 'force' -d 'Replace the file of --out; what was encrypted with the key in it can then not be opened any more.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl keygen" env' -l 'env' -d 'Write a line for an env file: DELETED_MEDIA_KEY_B64=…'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl keygen" check' -l 'check' -d 'Check the key that is set, make none.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl keygen" key-file' -l 'key-file' -d 'Take the key from this file instead of the settings; several keys, one a line, for files from before a change.' -rF
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl keygen" json' -l 'json' -d 'Print JSON: one object, or with --check one for each file.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl keygen" version' -l 'version' -d 'Show the version.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl keygen" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl migrate" env-file' -l 'env-file' -d 'Read settings from this file (default: .env in the working directory, if present).' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl migrate"' -l 'set' -d 'Override a setting; may be given several times.' -rfka ''
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl migrate" q quiet' -l 'quiet' -s 'q' -d 'Log warnings and errors only.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl migrate" debug' -l 'debug' -d 'Log more; the same as DEBUG_MODE=true.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl migrate" status' -l 'status' -d 'Say what there is, and change nothing.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl migrate" dry-run' -l 'dry-run' -d 'Say what would be done, and change nothing.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl migrate" from-python' -l 'from-python' -d 'Add what this data directory of the Python service holds.' -rfa '(__tgl_complete_directories)'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl migrate" repair' -l 'repair' -d 'Recover a damaged archive from the newest backup and from what can be read of it.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl migrate" from' -l 'from' -d 'With --repair: build on this backup, or on the newest in this folder (default: DATA_ROOT/backups).' -rfa '(__tgl_complete_directories)'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl migrate" json' -l 'json' -d 'Print one JSON object.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl migrate" version' -l 'version' -d 'Show the version.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl migrate" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tgl' -n '__tgl_should_offer_completions_for_flags_or_options "tgl help" version' -l 'version' -d 'Show the version.'
