import { expect, test } from 'vitest';
import { fieldReference } from './fieldTable.ts';

test('the reference page says what the schema says (vitest -u rewrites it)', async () => {
  const page = fieldReference();
  expect(page).toMatch(/\| \*\*capacity_bytes\*\* +\| bytes +\| Bytes the device has +\|/);
  expect(page).toMatch(/\| h2d_duplex_bytes_per_s +\| bytes\/s +\|/);
  expect(page).not.toMatch(/\| +\|$/m);
  await expect(page).toMatchFileSnapshot('../docs/hardware-fields.md');
});
