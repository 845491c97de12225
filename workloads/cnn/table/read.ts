import { InputError, isMap, type Place, validate, type YamlSource } from '../../../input/index.ts';
import { parseLine } from './line.ts';
import { rowName, rowSpec } from './row.ts';
import { networkSchema, type TableRow } from './schema.ts';
import type { LayerSpec } from './spec.ts';

/**
 * A network file: layers as they were written, shapes still to be found for a resolution and a width.
 * @module
 */

export interface TableLayer {
  readonly spec: LayerSpec;
  readonly place: Place;
  /** The row of another tool's table, whose own counts are checked. */
  readonly declared: TableRow | null;
}

export interface NetworkTable {
  readonly kind: 'network';
  readonly id: string;
  readonly title: string;
  readonly source: string;
  /** Channels, height, width. */
  readonly input: readonly [number, number, number];
  /** Padding of sliding windows that say nothing. */
  readonly padding: 'half' | 'same' | 'valid';
  readonly layers: readonly TableLayer[];
  readonly published: readonly { readonly macs?: number; readonly parameters?: number; readonly source: string }[];
}

/** Whether a YAML document is a network and not another kind of model. */
export const isNetworkSource = ({ value }: YamlSource): boolean =>
  isMap(value) && Object.hasOwn(value, 'input') && Array.isArray(value['layers']);

/**
 * The network of a YAML file. `name` stands in where the file has no id.
 * @throws InputError for a wrong shape, an unknown operator, layer or input.
 */
export function readNetworkTable(source: YamlSource, name: string): NetworkTable {
  const file = validate(networkSchema, source);
  const names = new Map<number | string, string>([[-1, 'input']]);
  file.layers.forEach((layer, index) => {
    if (typeof layer !== 'string') names.set(layer.id ?? index, rowName(layer, index));
  });
  const hasNorm = file.norm === 'batch';
  const layers = file.layers.map((layer, index): TableLayer => {
    const place = source.place(['layers', index]);
    if (typeof layer === 'string') {
      return { spec: parseLine(layer, hasNorm ? 'output' : 'none', place), place, declared: null };
    }
    const nameOf = (input: number | string): string => names.get(input) ?? String(input);
    return { spec: rowSpec(layer, index, nameOf, hasNorm, place), place, declared: layer };
  });
  checkNames(layers);
  const id = file.id ?? file.name ?? name;
  return {
    kind: 'network',
    id,
    title: file.title ?? id,
    source: file.source,
    input: file.input,
    padding: file.padding,
    layers,
    published: (file.published ?? []).map((figure) => {
      if (!('what' in figure)) return figure as NetworkTable['published'][number];
      const { what, value, source: from } = figure;
      return { ...(what === 'macs' ? { macs: value } : what === 'params' ? { parameters: value } : {}), source: from };
    }),
  };
}

function checkNames(layers: readonly TableLayer[]): void {
  const known = new Set(['input']);
  for (const { spec, place } of layers) {
    for (const input of spec.inputs ?? []) {
      if (known.has(input)) continue;
      throw new InputError({
        code: 'unknown_name',
        problem: `layer ${JSON.stringify(spec.name)} reads ${JSON.stringify(input)}, which no layer before it is called`,
        found: input,
        expected: 'the name of an earlier layer, or "input"',
        place,
      });
    }
    if (known.has(spec.name)) {
      throw new InputError({
        code: 'duplicate_key',
        problem: `two layers are called ${JSON.stringify(spec.name)}`,
        found: spec.name,
        place,
      });
    }
    known.add(spec.name);
  }
}
