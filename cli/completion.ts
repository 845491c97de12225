import type { Command } from 'commander';
import { unknownName } from '../input/errors.ts';
import { listStudies } from '../studies/load.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { LIST_KINDS } from './list.ts';
import type { Terminal } from './terminal.ts';

/** What may follow a command: its options, and words where its first argument has a known set. */
interface Words {
  readonly name: string;
  readonly description: string;
  readonly options: readonly { readonly flag: string; readonly description: string }[];
  readonly arguments: readonly string[];
}

const SHELLS: Readonly<Record<string, (commands: readonly Words[]) => string>> = { bash, zsh, fish };

/** Prints the completion script of a shell, made from the tree of commands. */
export async function completion(terminal: Terminal, tree: Command, shell: string): Promise<ExitCode> {
  const make = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
  if (!make) throw unknownName('shell', shell, Object.keys(SHELLS));
  terminal.print(make(wordsOf(tree)));
  return EXIT.ok;
}

function wordsOf(tree: Command): Words[] {
  const studies = listStudies();
  const known: Readonly<Record<string, readonly string[]>> = {
    list: LIST_KINDS,
    completion: Object.keys(SHELLS),
  };
  return tree.commands.map((command) => {
    const takesStudy = command.registeredArguments.some((argument) => /stud/.test(argument.name()));
    return {
      name: command.name(),
      description: command.description(),
      options: command.options.map(({ long, short, description }) => ({ flag: long ?? short ?? '', description })),
      arguments: known[command.name()] ?? (takesStudy ? studies : []),
    };
  });
}

function bash(commands: readonly Words[]): string {
  const cases = commands.map(({ name, options, arguments: words }) => {
    return `    ${name}) words="${[...options.map(({ flag }) => flag), ...words].join(' ')}" ;;`;
  });
  return `# tierflow completion bash >> ~/.bashrc
_tierflow() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${commands.map(({ name }) => name).join(' ')}"
  else
    case "\${COMP_WORDS[1]}" in
${cases.map((line) => `  ${line}`).join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current"))
}
complete -o filenames -F _tierflow tierflow
`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function zsh(commands: readonly Words[]): string {
  const described = (name: string, description: string): string =>
    quoted(`${name.replaceAll(':', '\\:')}:${description.replaceAll(':', '\\:')}`);
  const cases = commands.map(({ name, options, arguments: words }) => {
    const flags = options.map(({ flag, description }) => described(flag, description)).join(' ');
    return `    ${name}) local -a flags=(${flags}); _describe option flags; compadd -- ${words.join(' ')}; _files ;;`;
  });
  return `#compdef tierflow
# tierflow completion zsh > ~/.zfunc/_tierflow
_tierflow() {
  local -a commands=(${commands.map(({ name, description }) => described(name, description)).join(' ')})
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  case "$words[2]" in
${cases.join('\n')}
  esac
}
_tierflow "$@"
`;
}

function fish(commands: readonly Words[]): string {
  const lines = commands.flatMap(({ name, description, options, arguments: words }) => [
    `complete -c tierflow -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`,
    ...options.map(({ flag, description: text }) => {
      return `complete -c tierflow -n '__fish_seen_subcommand_from ${name}' -l ${flag.replace(/^--/, '')} -d ${quoted(text)}`;
    }),
    ...(words.length > 0
      ? [`complete -c tierflow -n '__fish_seen_subcommand_from ${name}' -a ${quoted(words.join(' '))}`]
      : []),
  ]);
  return `# tierflow completion fish > ~/.config/fish/completions/tierflow.fish\n${lines.join('\n')}\n`;
}
