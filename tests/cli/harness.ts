import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { main } from '../../cli/main.ts';

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process and keeps what it printed. */
export async function tierflow(...args: readonly string[]): Promise<Said> {
  let out = '';
  let err = '';
  const code = await main(args, {
    print: (text) => {
      out += text;
    },
    note: (text) => {
      err += text;
    },
    env: {},
    printsToScreen: false,
    notesToScreen: false,
    width: 80,
    threads: 1,
  });
  return { code, out, err };
}

/** The one JSON document a command printed; throws where there is anything beside it. */
export async function tierflowJson(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly data: never }> {
  const { code, out } = await tierflow(...args);
  return { code, data: JSON.parse(out) as never };
}

/** A folder of this test file that is removed at its end. */
export function scratch(): {
  readonly path: (name: string) => string;
  readonly write: (name: string, text: string) => string;
} {
  const folder = mkdtempSync(join(tmpdir(), 'tierflow-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const path = (name: string): string => join(folder, name);
  return {
    path,
    write(name, text) {
      writeFileSync(path(name), text);
      return path(name);
    },
  };
}
