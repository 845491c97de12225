import type { Command } from 'commander';
import { markdownTable } from '../reports/table.ts';

const EXIT_CODES = [
  [0, 'fine'],
  [1, 'a claim, a budget or a baseline failed'],
  [2, 'bad input or usage; the message says where, what was found, what was expected and the nearest valid name'],
  [3, 'the work cannot fit or cannot proceed on this machine; the message says why and what would fit'],
  [4, 'an internal error'],
  [130, 'stopped with Ctrl-C, or `map` by a signal before its buffers were read'],
] as const;

/** The text of docs/commands.md, made from the tree of commands. */
export function commandsMarkdown(tree: Command): string {
  const lines = [
    '# Commands',
    '',
    'Data goes to standard output and everything else to standard error, errors under `--json` too; `--json` prints',
    'exactly one JSON document. `-` stands for standard input or output. `NO_COLOR` switches colours off. Every command',
    'takes `--debug`, which shows where an internal error happened, and `--help`.',
    '',
    'A study is an id of the catalogue (`tierflow list studies`), a YAML file, or `-`. Where several studies may be named,',
    'a system (`flexgen`) or a folder stands for all of its own.',
    '',
    markdownTable([{ head: 'exit code', align: 'right' }, { head: 'meaning' }], EXIT_CODES),
  ];
  for (const command of tree.commands) lines.push('', ...commandLines(command));
  return `${lines.join('\n')}\n`;
}

function commandLines(command: Command): string[] {
  const lines = [`## ${command.name()}`, '', '```', `tierflow ${command.name()} ${command.usage()}`, '```', ''];
  const description = command.description();
  lines.push(`${description.charAt(0).toUpperCase()}${description.slice(1)}.`);
  const rows = [
    ...command.registeredArguments.map((argument) => {
      const name = argument.required ? `<${argument.name()}>` : `[${argument.name()}]`;
      return row(name, argument.description, argument.defaultValue, argument.required);
    }),
    ...command.options.map((option) => row(option.flags, option.description, option.defaultValue, option.mandatory)),
  ];
  if (rows.length > 0) lines.push('', markdownTable([{ head: 'argument or option' }, { head: 'meaning' }], rows));
  return lines;
}

function row(name: string, description: string, standard: unknown, required: boolean): readonly [string, string] {
  const tail = standard !== undefined ? ` (default: \`${standard}\`)` : required ? ' (required)' : '';
  return [`\`${name}\``, description + tail];
}
