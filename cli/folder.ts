import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and those above it; one that is there already is left alone. Step by step, because on some file systems
 * (/proc) Node's own recursive way never ends.
 */
export function makeFolder(path: string): void {
  const parent = dirname(resolve(path));
  if (!existsSync(parent)) makeFolder(parent);
  // Fails with EEXIST only where a file of that name is in the way.
  if (!existsSync(path)) mkdirSync(path);
  else mkdirSync(path, { recursive: true });
}
