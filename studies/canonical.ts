/**
 * One spelling per value, so that equal inputs have equal hashes whatever the order their keys were written in.
 * @module
 */

/** JSON with the keys of every map in code-unit order and no spaces. `undefined` members are left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

/** SHA-256 of the canonical JSON, in lower-case hexadecimal. */
export async function contentHash(value: unknown): Promise<string> {
  const text = canonicalJson(value);
  // Node's own where there is one: it takes Node longer to load WebCrypto than to simulate a network.
  const node = globalThis.process?.getBuiltinModule?.('node:crypto');
  if (node) return node.createHash('sha256').update(text).digest('hex');
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const known = new WeakMap<object, Promise<string>>();

/** The same for an object that never changes, such as a machine that many runs share: hashed once. */
export function sharedHash(value: object): Promise<string> {
  const hash = known.get(value) ?? contentHash(value);
  known.set(value, hash);
  return hash;
}
