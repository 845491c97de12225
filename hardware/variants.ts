import { InputError, type Place, unknownName } from '../input/errors.ts';
import { isMap, type Path } from '../input/path.ts';
import type { YamlSource } from '../input/yaml.ts';

/**
 * A variant of a machine is the same file with a few values changed, each under the variant's own source.
 * @module
 */

type Data = Record<string, unknown>;

/** Fields that name a memory: they need no source. */
const NAMES: ReadonlySet<string> = new Set(['memory', 'from', 'to']);

/** The ids of the variants that the data of a machine file declares. */
export function variantIds(data: unknown): string[] {
  const variants = isMap(data) ? data['variants'] : undefined;
  return isMap(variants) ? Object.keys(variants) : [];
}

/**
 * The machine `source` describes with variant `id` applied: its id is `machine/variant`, its title the variant's, and
 * places of changed values lead to the variant.
 * @throws InputError when there is no such variant, or when it sets a value of a map that is not there.
 */
export function applyVariant(source: YamlSource, id: string): YamlSource {
  const base = source.value as Data;
  const variants = isMap(base['variants']) ? base['variants'] : {};
  const variant = Object.hasOwn(variants, id) ? variants[id] : undefined;
  if (variant === undefined) {
    throw unknownName(`variant of ${String(base['id'])}`, id, Object.keys(variants), { file: source.file });
  }
  const at: Path = ['variants', id];
  if (!isMap(variant) || !isMap(variant['set'])) {
    const problem = `the variant ${JSON.stringify(id)} sets nothing`;
    throw new InputError({ code: 'missing_key', problem, expected: 'a map "set"', place: source.place(at) });
  }
  const { variants: _, ...copy } = structuredClone(base);
  copy['id'] = `${String(base['id'])}/${id}`;
  if (variant['title'] !== undefined) copy['title'] = variant['title'];
  const fits = isMap(variant['fitted_on']) ? variant['fitted_on'] : {};
  const places = new Map<string, Path>();
  for (const [path, value] of Object.entries(variant['set'])) {
    const keys = path.split('.');
    const field = keys.pop()!;
    const owner = ownerOf(copy, keys, () => source.place([...at, 'set', path], 'key'));
    if (isMap(value)) owner[field] = { source: variant['source'], ...value };
    else owner[field] = value;
    if (!isMap(value) && !NAMES.has(field) && keys[0] !== 'roles') {
      attribute(owner, field, variant['source'], fits[path]);
    }
    places.set(pathKey([...keys, field]), [...at, 'set', path]);
  }
  const placeOf = (path: Path, part?: 'key' | 'value'): Place => {
    for (let n = path.length; n > 0; n--) {
      const set = places.get(pathKey(path.slice(0, n)));
      if (set) return source.place([...set, ...path.slice(n)], part);
    }
    return source.place(path, part);
  };
  return { file: source.file, value: copy, place: placeOf };
}

const pathKey = (path: Path): string => JSON.stringify(path.map(String));

/** The map at `keys`, which must be there: a variant changes a machine, it does not grow one. */
function ownerOf(root: Data, keys: readonly string[], place: () => Place): Data {
  let map = root;
  for (const [i, key] of keys.entries()) {
    const next = Object.hasOwn(map, key) ? map[key] : undefined;
    if (!isMap(next)) {
      const path = keys.slice(0, i).join('.');
      throw unknownName(`key${path ? ` in ${path}` : ''}`, key, Object.keys(map), place());
    }
    map = next;
  }
  return map;
}

/** Puts the field under the variant's source, and its fit, if any, under the variant's claims. */
function attribute(owner: Data, field: string, source: unknown, claims: unknown): void {
  const before = owner['source'];
  const kept = isMap(before) ? before : before === undefined ? {} : { default: before };
  if (source !== undefined) owner['source'] = { ...kept, [field]: source };
  const fits = { ...(isMap(owner['fitted_on']) ? owner['fitted_on'] : {}) };
  delete fits[field];
  if (claims !== undefined) fits[field] = claims;
  if (Object.keys(fits).length > 0) owner['fitted_on'] = fits;
  else delete owner['fitted_on'];
  const open = Array.isArray(owner['illustrative']) ? owner['illustrative'].filter((name) => name !== field) : [];
  if (open.length > 0) owner['illustrative'] = open;
  else delete owner['illustrative'];
}
