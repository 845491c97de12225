import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { buildTree } from '../../cli/tree.ts';
import { packageFolder } from '../../input/packageFiles.ts';
import { blocks, commands, pages } from './markdown.ts';

const guides = pages();

/** The anchor GitHub gives a heading. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

const anchorsOf = (text: string): string[] => [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchor(heading!));

test.each(guides)('links of $path resolve', ({ path, text }) => {
  const prose = text.replaceAll(/^```[\s\S]*?^```$|^ {4}.*$/gm, '');
  const broken = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link]) => {
    if (/^https?:/.test(link!)) return [];
    const [file, section] = link!.split('#');
    const target = file === '' ? path : join(dirname(path), file!);
    const full = join(packageFolder(), target);
    if (!existsSync(full)) return [link];
    return section === undefined || anchorsOf(readFileSync(full, 'utf8')).includes(section) ? [] : [link];
  });
  expect(broken).toEqual([]);
});

test('every guide is in the index', () => {
  const index = guides.find(({ path }) => path === 'docs/README.md')!.text;
  const missing = guides.flatMap(({ path }) => {
    const name = path.slice('docs/'.length);
    return !path.startsWith('docs/') || name === 'README.md' || index.includes(`](${name})`) ? [] : [name];
  });
  expect(missing).toEqual([]);
});

/** Folders of the source tree that a path in running text may begin with. */
const TOP = 'bench|cli|docs|hardware|input|policies|reports|schemas|sim|studies|tests|workloads';

test.each(guides)('files that $path names are there', ({ path, text }) => {
  if (path === 'CHANGELOG.md') return;
  const named = [...text.matchAll(new RegExp(`\`((?:${TOP})/[\\w./-]*)\``, 'g'))].map(([, name]) => name!);
  const illustrative = (name: string): boolean => /^studies\/mine|\bmy-|double-buffer|[A-Z]{3}/.test(name);
  expect(named.filter((name) => !illustrative(name) && !existsSync(join(packageFolder(), name)))).toEqual([]);
});

test.each(guides)('commands in $path are commands', async ({ text }) => {
  const shell = [...blocks(text, 'sh'), ...blocks(text, 'console').map((body) => body.replaceAll(/^\$ /gm, ''))];
  for (const command of [...shell, ...blocks(text, 'yaml')].flatMap(commands)) {
    const said: string[] = [];
    const terminal = {
      print: (printed: string) => void said.push(printed),
      note: (printed: string) => void said.push(printed),
      env: {},
      printsToScreen: false,
      notesToScreen: false,
      width: 80,
      threads: 1,
    };
    let acted = false;
    const tree = buildTree(terminal, async () => {
      acted = true;
    });
    await tree.parseAsync(command, { from: 'user' }).catch(() => {});
    expect(acted || command.includes('--help'), `tierflow ${command.join(' ')}\n${said.join('')}`).toBe(true);
  }
});
