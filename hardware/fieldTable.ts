import * as v from 'valibot';
import { dimensionOf, type SchemaNode, schemaNode } from '../input/schemaNode.ts';
import { arraySchema } from './arraySchema.ts';
import { directionsOf } from './ids.ts';
import { diskLinkSchema, hostLinkSchema, peerLinkSchema } from './linkSchema.ts';
import { computeSchema, machineSchema, memorySchema } from './schema.ts';

/**
 * The fields of a machine file as Markdown, made from the schema's own descriptions.
 * @module
 */

const PROVENANCE: ReadonlySet<string> = new Set(['source', 'fitted_on', 'illustrative']);

interface Row {
  readonly field: string;
  readonly unit: string;
  readonly meaning: string;
}

const UNITS: Readonly<Record<string, string>> = {
  bytes: 'bytes',
  bytes_per_s: 'bytes/s',
  s: 's',
  fraction: 'fraction',
  count: 'count',
  flop_per_s: 'FLOP/s',
  flops: 'FLOP',
  j_per_byte: 'J/byte',
  w: 'W',
  usd_per_h: 'USD/h',
  gco2e_per_kwh: 'gCO2e/kWh',
};

const PLAIN_NUMBER = / \(a plain number is in [^)]*\)\.?$/;

/** The parts of a schema that the table shows, optional and required alike. */
function open(schema: unknown): { readonly node: SchemaNode; readonly optional: boolean; readonly meaning: string } {
  const node = schemaNode(schema as v.GenericSchema);
  const inner = node.wrapped ?? node;
  const meaning = v.getDescription(inner as unknown as v.GenericSchema) ?? '';
  return { node: inner, optional: node.wrapped !== undefined, meaning: meaning.replace(PLAIN_NUMBER, '') };
}

function unitOf(node: SchemaNode): string {
  const dimension = dimensionOf(node);
  if (dimension !== undefined) return UNITS[dimension] ?? dimension;
  const item = node.item;
  if (item?.items) return `[${item.items.map(unitOf).join(', ')}] …`;
  if (node.type === 'union') return ((node.options ?? []) as SchemaNode[]).map(unitOf).join(' or ');
  return node.type === 'number' ? 'number' : '';
}

function rows(schema: unknown, prefix = ''): Row[] {
  return Object.entries(open(schema).node.entries ?? {}).flatMap(([name, part]): Row[] => {
    if (PROVENANCE.has(name)) return [];
    const { node, optional, meaning } = open(part);
    const field = prefix + name;
    const row = { field: optional ? field : `**${field}**`, unit: unitOf(node), meaning };
    const byDtype = node.entries !== undefined && Object.hasOwn(node.entries, 'fp16');
    if (byDtype) return [{ ...row, unit: unitOf(open(node.entries!['fp16']).node) }];
    return node.entries ? [row, ...rows(node, `${field}.`)] : [row];
  });
}

function table(title: string, list: readonly Row[]): string {
  const cells = list.map(({ field, unit, meaning }) => [field, unit, meaning.replaceAll('|', '\\|')]);
  const widths = ['field', 'unit', 'meaning'].map((name, i) =>
    Math.max(name.length, ...cells.map((row) => row[i]!.length)),
  );
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  const rule = widths.map((width) => '-'.repeat(width));
  return [`## ${title}`, '', ...[['field', 'unit', 'meaning'], rule, ...cells].map(line), ''].join('\n');
}

/** The reference page: one table a map, required fields in bold. */
export function fieldReference(): string {
  const parts = new Set(['memories', 'links', 'compute', 'arrays', 'variants']);
  const entries = Object.fromEntries(Object.entries(machineSchema.entries).filter(([name]) => !parts.has(name)));
  const variant = (open(machineSchema.entries.variants).node.value ?? {}) as SchemaNode;
  const link = (id: string) => `links.${id} (${directionsOf(id).join(', ')})`;
  return [
    '# Fields of a machine file',
    '',
    'Made from the schema (`hardware/schema.ts`) by the tests; do not edit. Required fields are bold. Every quantity',
    'may be a plain number in the unit shown or text with a unit (`12.5 GB/s`, `16 GiB`, `20 us`). Every map may also',
    'have `source`, `fitted_on` and `illustrative` (see [Machines](hardware.md)).',
    '',
    table('the file', rows({ entries, type: 'strict_object' })),
    table('memories.*', rows(memorySchema)),
    table(`${link('pcie')}, c2c`, rows(hostLinkSchema)),
    table(link('nvme'), rows(diskLinkSchema)),
    table(`${link('nvlink')}, net, csd_p2p`, rows(peerLinkSchema)),
    table('compute.*', rows(computeSchema)),
    table('arrays.*', rows(arraySchema)),
    table('variants.*', rows(variant)),
  ].join('\n');
}
