import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** Who may import whom: arrows point one way (docs/house.md). */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  sim: ['sim'],
  input: ['input'],
  hardware: ['hardware', 'sim', 'input'],
  workloads: ['workloads', 'sim', 'input'],
  policies: ['policies', 'sim', 'input'],
  reports: ['reports', 'sim', 'input'],
  studies: ['studies', 'reports', 'policies', 'workloads', 'hardware', 'sim', 'input'],
  cli: ['cli', 'studies', 'reports', 'policies', 'workloads', 'hardware', 'sim', 'input'],
};

/** Files that read and write for their folder; everything else there must also run in a browser. */
const NODE_FILES = /(^|\/)(load|files?|yamlFiles|package|discover|worker|store|importFile)\w*\.ts$/;
const BROWSER_FOLDERS = ['sim', 'input', 'hardware', 'workloads', 'policies'];

const root = normalize(join(dirname(fileURLToPath(import.meta.url)), '..', '..'));

function sources(folder: string): string[] {
  return readdirSync(join(root, folder)).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(join(root, path)).isDirectory()) return sources(path);
    return path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.endsWith('.d.ts') ? [path] : [];
  });
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s+'([^']+)'|import\('([^']+)'\)|import\(`([^`]+)`\)|(?:^|\n)\s*import\s+'([^']+)'/g;

function importsOf(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8');
  return [...text.matchAll(IMPORT)].map((match) => (match[1] ?? match[2] ?? match[3] ?? match[4])!);
}

describe('imports', () => {
  for (const [folder, allowed] of Object.entries(MAY_IMPORT)) {
    it(`of ${folder}/ go only to ${allowed.join(', ')}`, () => {
      const wrong: string[] = [];
      let seen = 0;
      for (const path of sources(folder)) {
        for (const target of importsOf(path)) {
          if (!target.startsWith('.')) continue;
          seen += 1;
          const [top] = relative(root, join(root, dirname(path), target)).split('/');
          if (!allowed.includes(top!)) wrong.push(`${path} → ${target}`);
        }
      }
      expect(seen).toBeGreaterThan(0);
      expect(wrong).toEqual([]);
    });
  }

  it('of node: stand only in the files that read and write', () => {
    const wrong = BROWSER_FOLDERS.flatMap(sources).filter(
      (path) => importsOf(path).some((target) => target.startsWith('node:')) && !NODE_FILES.test(path),
    );
    expect(wrong).toEqual([]);
  });
});
