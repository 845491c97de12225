import type * as v from 'valibot';
import { oneOf, quote } from './errors.ts';
import { isMap, type Path } from './path.ts';
import { type Dimension, describeDimension } from './units.ts';

/** The parts of a valibot schema that messages are made from, whatever its kind. */
export interface SchemaNode {
  readonly type: string;
  readonly expects?: string | null;
  readonly entries?: Readonly<Record<string, SchemaNode>>;
  readonly options?: readonly unknown[];
  readonly key?: unknown;
  readonly item?: SchemaNode;
  readonly items?: readonly SchemaNode[];
  readonly value?: SchemaNode;
  readonly rest?: SchemaNode;
  readonly wrapped?: SchemaNode;
  readonly literal?: unknown;
  readonly getter?: (input: unknown) => SchemaNode;
  readonly pipe?: readonly { readonly type: string; readonly dimension?: Dimension }[];
}

export function schemaNode(schema: v.GenericSchema): SchemaNode {
  return schema as unknown as SchemaNode;
}

/** The dimension of a `quantity` schema, else undefined. */
export function dimensionOf(node: SchemaNode): Dimension | undefined {
  return node.pipe?.find((item) => item.type === 'quantity')?.dimension;
}

/** The node without optional, nullable and lazy around it. */
export function unwrap(node: SchemaNode, value?: unknown): SchemaNode {
  let inner = node;
  for (let i = 0; i < 100; i++) {
    if (inner.wrapped) inner = inner.wrapped;
    else if (inner.getter) inner = inner.getter(value);
    else return inner;
  }
  return inner;
}

const schemas = (options: readonly unknown[] = []): SchemaNode[] => options as SchemaNode[];

/** The nodes that may describe `value`: alternatives are opened, and a variant gives the options its kind names. */
export function alternatives(node: SchemaNode, value: unknown): SchemaNode[] {
  const inner = unwrap(node, value);
  if (dimensionOf(inner) !== undefined) return [inner];
  if (inner.type === 'union' || inner.type === 'intersect') {
    return schemas(inner.options).flatMap((option) => alternatives(option, value));
  }
  if (inner.type !== 'variant') return [inner];
  const kind = isMap(value) ? value[String(inner.key)] : undefined;
  const all = schemas(inner.options).flatMap((option) => alternatives(option, value));
  const named = all.filter((option) => literalsOf(option.entries?.[String(inner.key)]).includes(kind));
  return named.length > 0 ? named : all;
}

/** The alternatives of a union, unions within it opened too; any other node is its own only alternative. */
export function unionOptions(node: SchemaNode, value: unknown): SchemaNode[] {
  const inner = unwrap(node, value);
  if (inner.type !== 'union' || dimensionOf(inner) !== undefined) return [inner];
  return schemas(inner.options).flatMap((option) => unionOptions(option, value));
}

/** The nodes that may describe what stands at `path` below `value`. */
export function nodesAt(root: SchemaNode, value: unknown, path: Path): SchemaNode[] {
  let nodes = [root];
  let here = value;
  for (const segment of path) {
    nodes = nodes.flatMap((node) => alternatives(node, here)).flatMap((node) => child(node, segment) ?? []);
    here = typeof here === 'object' && here !== null ? (here as Record<string | number, unknown>)[segment] : undefined;
  }
  return nodes;
}

function child(node: SchemaNode, segment: string | number): SchemaNode | undefined {
  if (typeof segment === 'number') return node.items?.[segment] ?? node.item ?? node.rest;
  if (node.entries && Object.hasOwn(node.entries, segment)) return node.entries[segment];
  return node.rest ?? (node.type === 'record' ? node.value : undefined);
}

/** The keys that maps of these schemas may have. */
export function keysOf(nodes: readonly SchemaNode[]): string[] {
  return [...new Set(nodes.flatMap((node) => Object.keys(node.entries ?? {})))];
}

/** The values that a literal, a picklist or a union of them allows. */
export function literalsOf(node: SchemaNode | undefined): unknown[] {
  if (!node) return [];
  const inner = unwrap(node);
  if (inner.type === 'literal') return [inner.literal];
  if (inner.type === 'picklist' || inner.type === 'enum') return [...(inner.options ?? [])];
  if (inner.type === 'union') return schemas(inner.options).flatMap(literalsOf);
  return [];
}

/** The values that the discriminator `key` of these alternatives may have. */
export function kindsOf(nodes: readonly SchemaNode[], key: string): string[] {
  return [...new Set(nodes.flatMap((node) => literalsOf(node.entries?.[key])).map(String))];
}

const NOUNS: Readonly<Record<string, string>> = {
  number: 'a number',
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  record: 'a map',
  object: 'a map',
  strict_object: 'a map',
  loose_object: 'a map',
  object_with_rest: 'a map',
  null: 'null',
  any: 'a value',
  unknown: 'a value',
};

/** What a schema expects, as a clause: `a number`, `one of a, b`, `a bandwidth such as "12.3 GB/s"`. */
export function describeSchema(node: SchemaNode): string {
  const inner = unwrap(node);
  const dimension = dimensionOf(inner);
  if (dimension) return describeDimension(dimension);
  const words = inner.type !== 'union' || unionOptions(inner, undefined).every((o) => literalsOf(o).length > 0);
  const literals = words ? literalsOf(inner) : [];
  if (literals.length > 0 && literals.every((literal) => typeof literal === 'string')) return oneOf(literals);
  if (literals.length > 0) return literals.map((l) => (typeof l === 'string' ? quote(l) : String(l))).join(' or ');
  if (inner.type === 'variant') {
    const key = String(inner.key);
    return `a map whose ${quote(key)} is ${oneOf(kindsOf(alternatives(inner, undefined), key))}`;
  }
  if (inner.type === 'union') return [...new Set(schemas(inner.options).map(describeSchema))].join(', or ');
  if (inner.type.endsWith('tuple')) return `a list of ${inner.items?.length ?? 0} values`;
  const keys = Object.keys(inner.entries ?? {});
  if (keys.length > 0)
    return `a map with ${keys.length > 1 ? 'the keys' : 'the key'} ${keys.slice(0, 8).join(', ')}${keys.length > 8 ? ', …' : ''}`;
  return NOUNS[inner.type] ?? inner.expects ?? 'another value';
}
