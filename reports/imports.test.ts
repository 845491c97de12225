import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { listChartKinds } from './files.ts';

/** Every module that loading this file loads at once: static imports that are not of types, followed through our own files. */
function loaded(entry: URL, seen = new Set<string>()): Set<string> {
  const path = fileURLToPath(entry);
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const match of readFileSync(path, 'utf8').matchAll(/^(?:import|export)\s(?!type\b)[^;]*?from '([^']+)'/gm)) {
    const name = match[1]!;
    if (name.startsWith('.')) loaded(new URL(name, entry), seen);
    else seen.add(name);
  }
  return seen;
}

const packages = (file: string): string[] =>
  [...loaded(new URL(file, import.meta.url))].filter((name) => !name.startsWith('/')).sort();

describe('what a report loads', () => {
  it('follows imports at all', () => {
    expect(
      [...loaded(new URL('summary.ts', import.meta.url))].some((path) => path.endsWith('input/formatQuantity.ts')),
    ).toBe(true);
    expect(packages('charts/bars.ts')).toContain('d3-scale');
  });

  it.each(['summary.ts', 'json.ts', 'claims.ts', 'table.ts', 'metrics.ts', 'perfetto.ts'])(
    '%s loads no package',
    (file) => {
      expect(packages(file)).toEqual([]);
    },
  );

  it('files.ts and render.ts load no drawing package before they draw', () => {
    for (const file of ['files.ts', 'render.ts', 'pdf.ts', 'png.ts']) {
      expect(packages(file).filter((name) => /d3|jsdom|resvg|pdfkit/.test(name))).toEqual([]);
    }
  });

  it('charts know no module of Node and no document of their own', async () => {
    for (const kind of await listChartKinds()) {
      expect(packages(`charts/${kind}.ts`).filter((name) => !['d3-scale', 'valibot', 'yaml'].includes(name))).toEqual(
        [],
      );
    }
  });
});
