import { InputError } from '../../../input/index.ts';
import { type ChakraNode, SIZE_ATTRIBUTES, tensorsIn } from './node.ts';

/**
 * The JSON forms: a list of nodes under `workload_graph` or `nodes`, or objects one after the other as Chakra's own
 * jsonizer writes them.
 * @module
 */

type Fields = Readonly<Record<string, unknown>>;

/** @throws InputError with the offset where the text is no JSON, or the node that lacks something. */
export function readJson(text: string, file: string): ChakraNode[] {
  const roots = objectsOf(text, file);
  const listed = roots.flatMap((root) => root['workload_graph'] ?? root['nodes'] ?? []) as unknown[];
  const nodes = listed.length > 0 ? listed : roots.filter((root) => 'id' in root || 'Id' in root);
  return nodes.map((node, index) => {
    if (typeof node !== 'object' || node === null || Array.isArray(node)) {
      throw refuse(`node ${index} is no object`, file);
    }
    return nodeOf(node as Fields, index, file);
  });
}

const refuse = (problem: string, file: string): InputError =>
  new InputError({ code: 'bad_value', problem, expected: 'a Chakra execution trace in JSON', place: { file } });

/** Top-level objects, one after the other. */
function objectsOf(text: string, file: string): Fields[] {
  const objects: Fields[] = [];
  let depth = 0;
  let start = -1;
  let inText = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]!;
    if (inText) {
      if (sign === '\\') at += 1;
      else if (sign === '"') inText = false;
    } else if (sign === '"') inText = true;
    else if (sign === '{') {
      if (depth === 0) start = at;
      depth += 1;
    } else if (sign === '}') {
      depth -= 1;
      if (depth < 0) throw refuse(`a bracket closes nothing (offset ${at})`, file);
      if (depth > 0) continue;
      objects.push(parsed(text.slice(start, at + 1), start, file));
    } else if (depth === 0 && sign.trim() !== '')
      throw refuse(`${JSON.stringify(sign)} stands between objects (offset ${at})`, file);
  }
  if (depth !== 0 || inText) throw refuse(`the text ends inside an object (offset ${start})`, file);
  return objects;
}

function parsed(text: string, offset: number, file: string): Fields {
  try {
    return JSON.parse(text) as Fields;
  } catch (error) {
    const at = /position (\d+)/.exec(String(error))?.[1];
    throw refuse(`this is no JSON (offset ${offset + Number(at ?? 0)})`, file);
  }
}

/** Names under which the forms keep a field. */
const NAMES = {
  id: ['id', 'Id'],
  name: ['name', 'Name'],
  type: ['type', 'NodeType'],
  control: ['ctrlDeps', 'ctrl_deps'],
  data: ['dataDeps', 'data_deps'],
  duration: ['durationMicros', 'duration_micros', 'runtime'],
} as const;

const TYPES: readonly string[] = [
  'INVALID_NODE',
  'METADATA_NODE',
  'MEM_LOAD_NODE',
  'MEM_STORE_NODE',
  'COMP_NODE',
  'COMM_SEND_NODE',
  'COMM_RECV_NODE',
  'COMM_COLL_NODE',
];

function nodeOf(node: Fields, index: number, file: string): ChakraNode {
  const take = (field: keyof typeof NAMES): unknown =>
    NAMES[field].map((name) => node[name]).find((v) => v !== undefined);
  const number = (value: unknown, what: string): number => {
    // Protocol Buffers write 64-bit numbers as text.
    const found = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
    if (typeof found === 'number' && Number.isFinite(found)) return found;
    throw refuse(`node ${index} has ${what} ${JSON.stringify(value)}, which is no number`, file);
  };
  const list = (value: unknown, what: string): number[] => {
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw refuse(`node ${index} has ${what} that are no list`, file);
    return value.map((one) => number(one, what));
  };
  const type = take('type') ?? 0;
  const attributes = attributesOf(node);
  const onHost = node['is_cpu_op'] ?? attributes['is_cpu_op'];
  const sizes = SIZE_ATTRIBUTES.map((name) => node[name] ?? attributes[name]).filter((value) => value !== undefined);
  return {
    id: number(take('id') ?? 0, 'an id'),
    name: String(take('name') ?? ''),
    type: typeof type === 'string' && TYPES.includes(type) ? TYPES.indexOf(type) : number(type, 'a type'),
    data: list(take('data'), 'dependencies'),
    control: list(take('control'), 'dependencies'),
    duration_ns: 1000 * number(take('duration') ?? 0, 'a duration'),
    inputs: tensorsIn(valuesOf(node['inputs'])),
    outputs: tensorsIn(valuesOf(node['outputs'])),
    bytes: Math.max(0, ...sizes.map((value) => number(value, 'a size'))),
    on_host: onHost === undefined ? null : onHost === true || onHost === 1,
    place: `node ${index}`,
  };
}

/** What a node's inputs or outputs say, as text. */
function valuesOf(io: unknown): string {
  if (typeof io !== 'object' || io === null) return '';
  const values = (io as Fields)['values'];
  return typeof values === 'string' ? values : JSON.stringify(values ?? []);
}

/** Attributes by name: the one field beside the name is the value. */
function attributesOf(node: Fields): Readonly<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const attribute of Array.isArray(node['attr']) ? node['attr'] : []) {
    if (typeof attribute !== 'object' || attribute === null) continue;
    const { name, ...rest } = attribute as Record<string, unknown>;
    found[String(name)] = Object.entries(rest).find(([key]) => /val$/i.test(key))?.[1];
  }
  return found;
}
