import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listMachines } from '../hardware/load.ts';
import { unknownName } from '../input/errors.ts';
import { packageFolder } from '../input/packageFiles.ts';
import { listPresets } from '../policies/presets/load.ts';
import { listStudies, studyFile } from '../studies/load.ts';
import { listNetworks } from '../workloads/load.ts';
import { listModels } from '../workloads/models/load.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { listedSystems } from './list.ts';
import { systemText } from './systemsText.ts';
import type { Terminal } from './terminal.ts';

interface Shown {
  readonly kind: string;
  readonly id: string;
  readonly file: string;
}

/** Prints the file behind an id, and says on standard error where it stands; of a system, what is known of it. */
export async function show(terminal: Terminal, id: string): Promise<ExitCode> {
  const all = catalogue();
  const found = all.filter((entry) => entry.id === id);
  const [first, ...others] = found;
  const systems = await listedSystems();
  const system = systems.find((candidate) => candidate.system.id === id);
  if (system !== undefined) {
    for (const other of found) terminal.note(`also a ${other.kind}: ${other.file}\n`);
    terminal.print(systemText(system, terminal));
    return EXIT.ok;
  }
  if (!first || !existsSync(first.file)) {
    throw unknownName('id', id, [...all.map((entry) => entry.id), ...systems.map((listed) => listed.system.id)]);
  }
  terminal.note(`${first.kind} ${first.file}\n`);
  for (const other of others) terminal.note(`also a ${other.kind}: ${other.file}\n`);
  terminal.print(readFileSync(first.file, 'utf8'));
  return EXIT.ok;
}

/** Everything that has an id and a file. */
function catalogue(): Shown[] {
  const machines = listMachines().flatMap(({ id, file, variants }) =>
    [id, ...variants.map((variant) => `${id}/${variant}`)].map((name) => ({ kind: 'machine', id: name, file })),
  );
  const models = listModels().map((id) => {
    return { kind: 'model', id, file: join(packageFolder(), 'workloads', 'models', `${id}.yaml`) };
  });
  const networks = listNetworks().map((id) => {
    return { kind: 'network', id, file: join(packageFolder(), 'workloads', 'networks', `${id}.yaml`) };
  });
  const studies = listStudies().map((id) => ({ kind: 'study', id, file: studyFile(id) }));
  const presets = listPresets().map((id) => {
    return { kind: 'preset', id, file: join(packageFolder(), 'policies', 'presets', `${id}.yaml`) };
  });
  return [...machines, ...models, ...networks, ...studies, ...presets];
}
