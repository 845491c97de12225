import { unknownName } from '../input/errors.ts';
import { stableJson } from '../reports/json.ts';
import { textTable } from '../reports/table.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { ListedSystem } from './systemsText.ts';
import type { Terminal } from './terminal.ts';

/** A row of a list: an `id` and a few facts. */
type Entry = Readonly<Record<string, unknown>> & { readonly id: string };

/** What can be listed; each loads only what it needs. */
const KINDS: Readonly<Record<string, () => Promise<readonly Entry[]>>> = {
  machines: async () => {
    const { listMachines } = await import('../hardware/load.ts');
    return listMachines().map(({ id, title, variants }) => ({ id, title, variants }));
  },
  models: async () => {
    const { listAllModels, readAnyModel } = await import('../workloads/load.ts');
    return listAllModels().map((id) => ({ id, title: readAnyModel(id).title }));
  },
  studies: async () => {
    const { listStudies, readStudy } = await import('../studies/load.ts');
    return listStudies().map((id) => {
      const { frame, cases } = readStudy(id);
      const claims = cases.reduce((sum, item) => sum + item.claims.length, 0);
      return { id, title: frame.title, cases: cases.length, claims };
    });
  },
  policies: async () => {
    const { listPolicies } = await import('../policies/index.ts');
    return listPolicies();
  },
  systems: async () => {
    return (await listedSystems()).map(({ system, status: { status, claims, passed }, studies }) => {
      const { id, n, paper, kind, models, preset = '', figures } = system;
      return { id, status, n, paper, kind, models, study: studies, preset, claims, passed, figures };
    });
  },
  presets: async () => {
    const { listPresets, readPreset } = await import('../policies/presets/load.ts');
    return listPresets().map((id) => {
      const { title, params } = readPreset(id);
      return { id, title, params: Object.keys(params) };
    });
  },
  metrics: async () => {
    const { listMetrics } = await import('../reports/metrics.ts');
    return listMetrics().map(({ pattern, unit, direction, meaning }) => ({ id: pattern, unit, direction, meaning }));
  },
  figures: async () => {
    const { listCharts } = await import('../reports/files.ts');
    return listCharts();
  },
  formats: async () => {
    const { listFormats, loadImporter } = await import('../workloads/importFile.ts');
    const importers = await Promise.all(listFormats().map(loadImporter));
    return importers.map(({ format, description }) => ({ id: format, description }));
  },
};

/** Every system with its status and studies. */
export async function listedSystems(): Promise<ListedSystem[]> {
  const { listStudies, readSystems, readSystemStatuses } = await import('../studies/load.ts');
  const { studiesOf } = await import('../studies/systems.ts');
  const statuses = readSystemStatuses();
  const studies = listStudies();
  const unknown = { status: 'mechanism only', claims: 0, passed: 0 };
  return readSystems().map((system) => {
    return { system, status: statuses[system.id] ?? unknown, studies: studiesOf(system, studies) };
  });
}

export const LIST_KINDS = Object.keys(KINDS);

/** Prints every entry of a kind. */
export async function list(terminal: Terminal, kind: string, options: { readonly json?: boolean }): Promise<ExitCode> {
  const load = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (!load) throw unknownName('kind', kind, LIST_KINDS, { file: 'list' });
  if (kind === 'systems' && options.json !== true) {
    const { systemsText } = await import('./systemsText.ts');
    terminal.print(systemsText(await listedSystems(), terminal));
    return EXIT.ok;
  }
  const entries = await load();
  if (options.json) {
    terminal.print(stableJson(entries));
    return EXIT.ok;
  }
  const columns = [...new Set(entries.flatMap((entry) => Object.keys(entry)))];
  const cell = (value: unknown): string => (Array.isArray(value) ? value.join(', ') : String(value ?? ''));
  const rows = entries.map((entry) => columns.map((column) => cell(entry[column])));
  terminal.print(
    `${textTable(
      columns.map((head) => ({ head })),
      rows,
    )}\n`,
  );
  return EXIT.ok;
}
