import { Command } from 'commander';
import type { ExitCode } from './exit.ts';
import { withCaseOptions } from './options.ts';
import type { Terminal } from './terminal.ts';

/** Runs the work of the chosen command and keeps its exit code. */
export type Act = (work: () => Promise<ExitCode>) => Promise<void>;

/**
 * The tree of commands. Only names, options and help stand here; the code of a command is loaded when it runs, so that
 * help is instant.
 */
export function buildTree(terminal: Terminal, act: Act): Command {
  const tree = new Command('tierflow')
    .description('Simulates accelerator memory hierarchies: time, peak memory, traffic, energy and money.')
    .exitOverride()
    .configureOutput({ writeOut: terminal.print, writeErr: terminal.note })
    .showHelpAfterError('(tierflow --help lists the commands)')
    .option('--debug', 'show where an internal error happened');

  withCaseOptions(tree.command('run').argument('[study]', 'study: an id, a file, or - for standard input'))
    .description('simulate once and print a summary; without a study, from flags alone')
    .option('--out <dir>', 'write result.json here')
    .option('--trace <file>', 'write a timeline for ui.perfetto.dev; - for standard output')
    .option('--json', 'print the result as JSON')
    .action((study, options) => act(async () => (await import('./run.ts')).run(terminal, study, options)));

  tree
    .command('validate')
    .argument('[studies...]', 'studies or systems (default: all)')
    .description('run every claim: published, simulated, error, pass; exits 1 on a miss')
    .option('--json', 'print the rows as JSON')
    .option('--report-only', 'exit 0 when everything ran, whatever the claims say')
    .option('--plot <dir>', 'write the figures of the studies here')
    .action((studies, options) =>
      act(async () => (await import('./validate.ts')).validate(terminal, studies, options)),
    );

  tree
    .command('list')
    .argument('<kind>', 'machines, models, studies, metrics, …')
    .description('list what the catalogue holds')
    .option('--json', 'print an array of objects with an id')
    .action((kind, options) => act(async () => (await import('./list.ts')).list(terminal, kind, options)));

  return tree;
}
