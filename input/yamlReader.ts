import { isAlias, isMap, isScalar, isSeq, type ParsedNode, type Scalar } from 'yaml';
import { describeValue, InputError, type InputIssue, type Place, quote } from './errors.ts';
import { isForbiddenKey, type Path } from './path.ts';

/** Values in the document after every alias is written out. */
const MAX_VALUES = 200_000;

interface Read {
  readonly value: unknown;
  /** Values in it, aliases written out. */
  readonly values: number;
  /** Levels of maps and lists. */
  readonly depth: number;
}

/**
 * Turns the nodes of one document into plain data. An alias shares the value of its anchor; what it would take when
 * written out is only counted, so an alias bomb is refused without being built.
 */
export class YamlReader {
  readonly #placeAt: (offset: number) => Place;
  readonly #maxDepth: number;
  readonly #anchors = new Map<string, ParsedNode>();
  readonly #aliases = new Map<ParsedNode, ParsedNode>();
  readonly #finished = new Map<ParsedNode, Read>();
  #total = 0;

  constructor(placeAt: (offset: number) => Place, maxDepth: number) {
    this.#placeAt = placeAt;
    this.#maxDepth = maxDepth;
  }

  read(node: ParsedNode): unknown {
    return this.#read(node, 1).value;
  }

  #read(node: ParsedNode, level: number): Read {
    if (isAlias(node)) return this.#readAlias(node, level);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    this.#grow(node, 1);
    const read = isScalar(node) ? { value: this.#scalar(node), values: 1, depth: 0 } : this.#readParts(node, level);
    if (node.anchor !== undefined) this.#finished.set(node, read);
    return read;
  }

  #readParts(node: ParsedNode, level: number): Read {
    if (level > this.#maxDepth) this.#tooDeep(node);
    let values = 1;
    let depth = 0;
    const part = (child: ParsedNode | null): unknown => {
      if (child === null) return null;
      const read = this.#read(child, level + 1);
      values += read.values;
      depth = Math.max(depth, read.depth);
      return read.value;
    };
    if (isSeq<ParsedNode>(node)) return { value: node.items.map(part), values, depth: depth + 1 };
    if (!isMap<ParsedNode, ParsedNode | null>(node)) throw this.#error(node, 'yaml_syntax', 'bad YAML: unknown node');
    const map: Record<string, unknown> = {};
    for (const { key, value } of node.items) {
      const name = this.#key(key);
      if (Object.hasOwn(map, name)) {
        throw this.#error(key, 'duplicate_key', `the key ${quote(name)} is given twice`, { found: name });
      }
      map[name] = part(value);
    }
    return { value: map, values, depth: depth + 1 };
  }

  #readAlias(node: ParsedNode & { source: string }, level: number): Read {
    const target = this.#anchors.get(node.source);
    if (!target) throw this.#error(node, 'yaml_syntax', `no anchor &${node.source} stands before this alias`);
    const read = this.#finished.get(target);
    if (!read) throw this.#error(node, 'yaml_syntax', `the alias *${node.source} contains itself`);
    this.#aliases.set(node, target);
    if (level + read.depth - 1 > this.#maxDepth) this.#tooDeep(node);
    this.#grow(node, read.values);
    return read;
  }

  #key(node: ParsedNode): string {
    const name = keyText(node);
    if (name === undefined) {
      throw this.#error(node, 'yaml_syntax', 'a key is not a name', { expected: 'plain text before the colon' });
    }
    if (isForbiddenKey(name)) throw this.#error(node, 'forbidden_key', `the key ${quote(name)} is not allowed`);
    if (name === '<<') {
      throw this.#error(node, 'forbidden_key', 'merge keys (<<) are not part of YAML 1.2', {
        expected: 'the keys written out, or an alias for a whole value',
      });
    }
    if (isScalar(node) && node.anchor !== undefined) {
      this.#anchors.set(node.anchor, node);
      this.#finished.set(node, { value: name, values: 1, depth: 0 });
    }
    return name;
  }

  #scalar(node: Scalar.Parsed): unknown {
    const { value } = node;
    if (typeof value === 'bigint') {
      const number = Number(value);
      if (Number.isSafeInteger(number)) return number;
      const found = (node.source ?? '').slice(0, 40);
      const problem = `the whole number ${found} is beyond 2^53 and would be changed`;
      throw this.#error(node, 'bad_number', problem, { found, expected: 'text in quotes, or a number such as 1e18' });
    }
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw this.#error(node, 'bad_number', `${node.source} is not a finite number`, { found: node.source });
    }
    if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      return value;
    }
    throw this.#error(node, 'yaml_syntax', `bad YAML: ${describeValue(value)} is not plain data`);
  }

  #grow(node: ParsedNode, values: number): void {
    this.#total += values;
    if (this.#total <= MAX_VALUES) return;
    const expected = `at most ${MAX_VALUES} values, aliases written out`;
    throw this.#error(node, 'too_big', 'the document has too many values', { expected });
  }

  #tooDeep(node: ParsedNode): never {
    const expected = `at most ${this.#maxDepth} levels`;
    throw this.#error(node, 'too_deep', 'maps and lists are nested too deeply', { expected });
  }

  #error(node: ParsedNode, code: InputIssue['code'], problem: string, more: Partial<InputIssue> = {}): InputError {
    return new InputError({ code, problem, ...more, place: this.#placeAt(node.range[0]) });
  }

  /** The offset of the value at `path`, or of its key; of the deepest node on the way where the path leads nowhere. */
  offsetOf(root: ParsedNode, path: Path, part: 'key' | 'value'): number {
    let node = root;
    let offset = root.range[0];
    for (const [index, segment] of path.entries()) {
      node = this.#aliases.get(node) ?? node;
      let key: ParsedNode | undefined;
      let next: ParsedNode | null | undefined;
      if (isMap<ParsedNode, ParsedNode | null>(node)) {
        const pair = node.items.find((item) => keyText(item.key) === String(segment));
        key = pair?.key;
        next = pair?.value ?? key;
      } else if (isSeq<ParsedNode>(node)) {
        next = node.items[Number(segment)];
      }
      if (!next) return offset;
      offset = (part === 'key' && index === path.length - 1 && key ? key : next).range[0];
      node = next;
    }
    return offset;
  }
}

/** The name a key gives: its text, a number as it is written, or undefined for anything else. */
function keyText(node: ParsedNode | null): string | undefined {
  if (!isScalar(node)) return undefined;
  if (typeof node.value === 'string') return node.value;
  return typeof node.value === 'bigint' || typeof node.value === 'number' ? node.source : undefined;
}
