import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { InputError } from '../input/errors.ts';
import { packageFolder } from '../input/packageFiles.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { makeFolder } from './folder.ts';
import type { Terminal } from './terminal.ts';

export interface InitOptions {
  readonly force?: boolean;
}

/** Writes a study to start from; `-` prints it. */
export async function init(terminal: Terminal, file: string, options: InitOptions): Promise<ExitCode> {
  const folder = file === '-' ? '.' : dirname(resolve(file));
  const schema = relative(folder, join(packageFolder(), 'schemas', 'study.schema.json'))
    .split(sep)
    .join('/');
  const text = template(schema);
  if (file === '-') {
    terminal.print(text);
    return EXIT.ok;
  }
  if (existsSync(file) && !options.force) {
    throw new InputError({
      code: 'bad_value',
      problem: 'this file exists',
      expected: 'another name, or --force',
      place: { file },
    });
  }
  makeFolder(folder);
  writeFileSync(file, text);
  terminal.note(`${file} is a study; try it with: tierflow run ${file}\n`);
  return EXIT.ok;
}

function template(schema: string): string {
  return `# yaml-language-server: $schema=${schema}
# A study: a machine, a workload and a policy. \`tierflow run\` simulates it, \`tierflow validate\` judges its claims,
# \`tierflow plot\` draws its figures.
title: What this study asks

# tierflow list machines; an id, id/variant, the path of a machine file, or a machine written out here.
machine: t4-gcp

# tierflow list models
workload: {kind: generate, model: opt-6.7b, prompt: 512, output: 32, batch: 2}

# Without a policy everything stays in the fast memory. tierflow list policies
policy:
  placement:
    kind: percent
    weights: [50, 50] # percent on the GPU and on the host; the rest on disk
    kv: [100, 0]
    activations: [100, 0]
  precision: {weight_bits: 16, kv_bits: 16}

# Published figures of this very case, each with its source.
# claims:
#   - {id: a-name, metric: throughput.tokens_per_s, value: 25.26, use: validate, source: "Work, table"}

# Further cases, each a few fields away from the above.
cases:
  - id: all-on-gpu
    set: {policy.placement.weights: [100, 0]}
  - id: four-bit
    set: {policy.precision.weight_bits: 4}

# tierflow list figures
figures:
  - {kind: breakdown}
`;
}
