import { expect, it } from 'vitest';
import { seriesStyles } from './themes.ts';

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `series ${index}`);

it('tells 64 series apart by colour and marker', () => {
  const looks = [...seriesStyles(names(64)).values()].map(({ color, marker }) => `${color} ${marker}`);
  expect(new Set(looks).size).toBe(64);
});

it('gives a stream its own style in every company', () => {
  const alone = seriesStyles(['kv_read']).get('kv_read');
  expect(seriesStyles([...names(20), 'kv_read']).get('kv_read')).toBe(alone);
});
