import { Command } from 'commander';
import { packageVersion } from '../input/packageFiles.ts';
import type { ExitCode } from './exit.ts';
import { collect, levelChoice, positiveNumber, wholeNumber, withCaseOptions } from './options.ts';
import type { Terminal } from './terminal.ts';

/** Runs the work of the chosen command and keeps its exit code. */
export type Act = (work: () => Promise<ExitCode>) => Promise<void>;

const THREADS = 'threads (default: all, where it takes long)';

/** What `--results` is, for every command that has it. */
const KNOWN_RESULTS = 'keep results here, and simulate only what program, data or study changed since';

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
    .option('--debug', 'show where an internal error happened')
    .version(packageVersion(), '-V, --version', 'print the version');

  withCaseOptions(tree.command('run').argument('[study]', 'study: an id, a file, or - for standard input'))
    .description('simulate once and print a summary; without a study, from flags alone')
    .option('--out <dir>', 'write result.json here')
    .option('--trace <file>', 'write a timeline for ui.perfetto.dev; - for standard output')
    .option('--offline-plan <file>', "write the planner's addresses as TFLite Micro's OfflineMemoryAllocation")
    .option('--json', 'print the result as JSON')
    .action((study, options) => act(async () => (await import('./run.ts')).run(terminal, study, options)));

  withCaseOptions(tree.command('fit').argument('[study]', 'study: an id, a file, or - for standard input'))
    .description('does it fit, what holds the space, and the nearest changes that fit; exits 3 when it does not')
    .option('--across <machines>', 'a verdict for each of these machines, such as a100-40g,a100-80g,h100-sxm')
    .option('--json', 'print the breakdown as JSON')
    .action((study, options) => act(async () => (await import('./fit.ts')).fit(terminal, study, options)));

  withCaseOptions(tree.command('explain').argument('[study]', 'study: an id, a file, or - for standard input'))
    .description('where the time goes, what binds, and what a little more of each resource buys')
    .option('--by <share>', 'how much better each number of the machine is made', '10%')
    .option('--workers <n>', THREADS, wholeNumber(1))
    .option('--json', 'print the figures as JSON')
    .action((study, options) => act(async () => (await import('./explain.ts')).explain(terminal, study, options)));

  withCaseOptions(tree.command('sweep').argument('<study>', 'study: an id, a file, or - for standard input'))
    .description('simulate every combination of the varied values; goes on where it was stopped')
    .requiredOption('--vary <path=a,b,c>', 'values of one field, YAML between commas; may be repeated', collect)
    .option('--workers <n>', THREADS, wholeNumber(1))
    .option('--shard <i/n>', 'only the i-th of n parts of the points')
    .option('--out <dir>', 'keep results.jsonl and results.csv here')
    .option('--json', 'print all points as JSON')
    .action((study, options) => act(async () => (await import('./sweep.ts')).sweep(terminal, study, options)));

  tree
    .command('validate')
    .argument('[studies...]', 'studies or systems (default: all)')
    .description('run every claim: published, simulated, error, pass; exits 1 on a miss')
    .option('--json', 'print the rows as JSON')
    .option('--report-only', 'exit 0 when everything ran, whatever the claims say')
    .option('--plot <dir>', 'write the figures of the studies here')
    .option('--workers <n>', THREADS, wholeNumber(1))
    .option('--results <dir>', KNOWN_RESULTS)
    .action((studies, options) =>
      act(async () => (await import('./validate.ts')).validate(terminal, studies, options)),
    );

  tree
    .command('check')
    .argument('[studies...]', 'studies or systems (default: all)')
    .description('compare what the studies cost with a baseline; exits 1 where a cost grew beyond the limit')
    .requiredOption('--baseline <file>', 'the baseline file')
    .option('--update', 'write what was found into the baseline')
    .option('--max-increase <share>', 'how much worse a cost may be', '2%')
    .option('--workers <n>', THREADS, wholeNumber(1))
    .option('--results <dir>', KNOWN_RESULTS)
    .option('--json', 'print what moved as JSON')
    .action((studies, options) => act(async () => (await import('./check.ts')).check(terminal, studies, options)));

  withCaseOptions(
    tree
      .command('compare')
      .argument(
        '[studies or results...]',
        'studies or result.json files; the first is the reference (none: from flags alone)',
      ),
  )
    .description('runs side by side, as Markdown')
    .option('--cases', 'every case of the studies (default: only where a single study is named)')
    .option('--presets <a,b,…>', 'the same run under each of these KV presets, or all of them, against the one without')
    .option('--metric <name>', 'a metric to show (default: every cost); may be repeated', collect)
    .option('--pareto <a,b>', 'the two metrics of the Pareto front (default: speed and peak memory)')
    .option('--workers <n>', THREADS, wholeNumber(1))
    .option('--json', 'print the comparison as JSON')
    .action((refs, options) => act(async () => (await import('./compare.ts')).compare(terminal, refs, options)));

  tree
    .command('plot')
    .argument('<study or result>', 'a study, or a result.json file')
    .argument('<dir>', 'folder of the figures')
    .description('write the figures: SVG, PDF, PNG, CSV and Vega-Lite of each; prints the paths')
    .option(
      '--figure <spec>',
      'a kind, or {kind: …, option: …}, instead of the declared ones; may be repeated',
      collect,
    )
    .action((ref, dir, options) => act(async () => (await import('./plot.ts')).plot(terminal, ref, dir, options)));

  tree
    .command('map')
    .argument('[buffers]', 'CSV (id,lower,upper,size and more) or JSON; - for standard input')
    .description('give buffers their addresses: exits 0 with a plan, 1 without one in time, 3 when none can fit')
    .option('--capacity <bytes>', 'bytes that all must fit in, such as 1048576 or 1 MiB (default: as few as can be)')
    .option('--minimize', 'look for the lowest plan, even when one within the capacity is known')
    .option('--time-limit <s>', 'seconds after which the best plan so far is printed (default: 60)', positiveNumber)
    .option('--workers <n>', 'threads that search (1)', wholeNumber(1))
    .option('--validate', 'check the plan by a walk through time and say so')
    .option('--closed', 'the upper times are still in use, as in IREE and TFLite Micro')
    .option('--seed <n>', 'seed of the search', wholeNumber(0))
    .option('-o, --out <file>', 'write the buffers with their offsets; - for standard output')
    .option('--svg <file>', 'draw the plan: address over time')
    .option('--online', 'run the same lives through a caching allocator and compare')
    .option('--curve <file>', 'draw what that allocator takes over time beside the plan')
    .option(
      '--two-level <program>',
      'place a program, made by rule, a network or JSON, in a fast and a slow memory instead',
    )
    .option('--machine <id>', 'memories of this machine, in place of those of the program')
    .option(
      '--levels <which>',
      'with --machine: how many of its memories from the fastest, or their ids: onchip,cpu (2)',
      levelChoice,
    )
    .option('--fast <bytes>', 'with --two-level: bytes of the fastest memory, in place of what it has')
    .option('--size <n>', 'with --two-level: what repeats in a program made by rule', wholeNumber(1))
    .option('--width <n>', 'with --two-level: size of one, in a program made by rule', wholeNumber(1))
    .option(
      '--dim <name=n>',
      'with --two-level: value of a dimension that an .onnx file leaves open; repeated',
      collect,
    )
    .option('--objective <what>', 'with --two-level: time, energy or money')
    .option('--play', 'with --two-level: let an agent play it, one JSON document a line')
    .option('--json', 'print the answer as JSON')
    .action((file, options) => act(async () => (await import('./map.ts')).map(terminal, file, options)));

  tree
    .command('import')
    .argument('<format>', 'tierflow list formats')
    .argument('<file>', 'the file to read')
    .description('turn a model or trace of another tool into a file of ours')
    .requiredOption('-o, --out <file>', 'the file to write; - for standard output')
    .option('--id <id>', 'id of what is imported')
    .option('--dim <name=n>', 'value of a dimension that an .onnx file leaves open; may be repeated', collect)
    .action((format, file, options) =>
      act(async () => (await import('./importFile.ts')).importToFile(terminal, format, file, options)),
    );

  tree
    .command('list')
    .argument('<kind>', 'machines, models, policies, presets, studies, systems, metrics, figures or formats')
    .description('list what there is to choose from')
    .option('--json', 'print an array of objects with an id')
    .action((kind, options) => act(async () => (await import('./list.ts')).list(terminal, kind, options)));

  tree
    .command('show')
    .argument('<id>', 'id of a machine, model or study')
    .description('print the file behind an id')
    .action((id) => act(async () => (await import('./show.ts')).show(terminal, id)));

  tree
    .command('init')
    .argument('[file]', 'the file to write; - for standard output', 'study.yaml')
    .description('write a commented study to start from')
    .option('--force', 'overwrite the file')
    .action((file, options) => act(async () => (await import('./init.ts')).init(terminal, file, options)));

  tree
    .command('schema')
    .argument('[kind]', 'study, machine, model or baseline', 'study')
    .description('print the JSON Schema of a kind of file, for editors')
    .action((kind) => act(async () => (await import('./schema.ts')).schema(terminal, kind)));

  tree
    .command('completion')
    .argument('<shell>', 'bash, zsh or fish')
    .description('print the completion script of a shell')
    .action((shell) => act(async () => (await import('./completion.ts')).completion(terminal, tree, shell)));

  return tree;
}
