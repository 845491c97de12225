import { expect, test, vi } from 'vitest';
import { canonicalJson, contentHash } from './canonical.ts';

test('the order of keys changes nothing', () => {
  expect(canonicalJson({ b: [1, { d: 2, c: 3 }], a: null })).toBe('{"a":null,"b":[1,{"c":3,"d":2}]}');
});

test('members that are undefined are left out', () => {
  expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
});

test('the hash is SHA-256 of the canonical text', async () => {
  // printf '{"a":1}' | sha256sum
  const hash = '015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862';
  expect(await contentHash({ a: 1 })).toBe(hash);
  // As in a browser.
  const builtin = vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
  expect(await contentHash({ a: 1 })).toBe(hash);
  builtin.mockRestore();
});
