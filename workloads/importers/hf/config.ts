import {
  describeValue,
  InputError,
  type InputIssue,
  nearestName,
  oneOf,
  type YamlSource,
} from '../../../input/index.ts';

/** Reads fields of a `config.json` that go by different names in different architectures, and says where one is missing. */
export class Config {
  readonly #source: YamlSource;
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(source: YamlSource) {
    this.#source = source;
    this.#values = source.value as Record<string, unknown>;
  }

  /** The first of `names` that holds something; null counts as absent. */
  #find(names: readonly string[]): { readonly name: string; readonly value: unknown } | undefined {
    const name = names.find((key) => this.#values[key] !== undefined && this.#values[key] !== null);
    return name === undefined ? undefined : { name, value: this.#values[name] };
  }

  has(name: string): boolean {
    return this.#find([name]) !== undefined;
  }

  /** Whether a list is absent or empty. */
  isEmptyList(name: string): boolean {
    const value = this.#find([name])?.value;
    return value === undefined || (Array.isArray(value) && value.length === 0);
  }

  /** A whole number of at least 1 under the first of `names` that is there. */
  count(...names: readonly string[]): number {
    const found = this.#find(names);
    if (!found) throw this.#missing(names, 'a whole number');
    if (typeof found.value !== 'number' || !Number.isInteger(found.value) || found.value < 1) {
      throw this.refuse(found.name, 'a whole number of at least 1');
    }
    return found.value;
  }

  countOr(fallback: number, ...names: readonly string[]): number {
    return this.#find(names) ? this.count(...names) : fallback;
  }

  flagOr(fallback: boolean, name: string): boolean {
    const found = this.#find([name]);
    if (!found) return fallback;
    if (typeof found.value !== 'boolean') throw this.refuse(name, 'true or false');
    return found.value;
  }

  text(...names: readonly string[]): string {
    const found = this.#find(names);
    if (!found) throw this.#missing(names, 'text');
    if (typeof found.value !== 'string') throw this.refuse(found.name, 'text');
    return found.value;
  }

  textOr(fallback: string, ...names: readonly string[]): string {
    return this.#find(names) ? this.text(...names) : fallback;
  }

  /** The value that `choices` gives for the text under one of `names`. */
  choice<T>(
    choices: Readonly<Record<string, T>>,
    what: string,
    fallback: string | null,
    ...names: readonly string[]
  ): T {
    const found = fallback === null ? this.text(...names) : this.textOr(fallback, ...names);
    const known = Object.keys(choices);
    if (!known.includes(found)) {
      throw this.#error(this.#find(names)?.name ?? names[0]!, {
        code: 'unknown_name',
        problem: `unknown ${what} ${JSON.stringify(found)}`,
        found,
        expected: oneOf(known),
        nearest: nearestName(found, known),
      });
    }
    return choices[found]!;
  }

  /** The error for a field whose value cannot be used. */
  refuse(name: string, expected: string): InputError {
    const found = describeValue(this.#values[name]);
    return this.#error(name, { code: 'bad_value', problem: `${name} is ${found}`, found, expected });
  }

  #missing(names: readonly string[], expected: string): InputError {
    return new InputError({
      code: 'missing_key',
      problem: `the key ${names.map((name) => `"${name}"`).join(' or ')} is missing`,
      found: names[0],
      expected,
      place: this.#source.place([]),
    });
  }

  #error(name: string, issue: Omit<InputIssue, 'place'>): InputError {
    return new InputError({ ...issue, place: this.#source.place([name]) });
  }
}
