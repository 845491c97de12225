import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../../input/packageFiles.ts';

/** The README and the guides, by their path in the package. */
export function pages(): { readonly path: string; readonly text: string }[] {
  const guides = readdirSync(join(packageFolder(), 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', 'CHANGELOG.md', ...guides.map((name) => `docs/${name}`)].map((path) => ({
    path,
    text: readFileSync(join(packageFolder(), path), 'utf8'),
  }));
}

const BLOCK = /^```(\w*)\n([\s\S]*?)^```$/gm;

/** Bodies of the code blocks of one language. */
export function blocks(text: string, language: string): string[] {
  return [...text.matchAll(BLOCK)].flatMap(([, name, body]) => (name === language ? [body!] : []));
}

/** The text with the body of every code block of one language replaced by what `make` gives for it. */
export async function withBlocks(
  text: string,
  language: string,
  make: (body: string) => string | Promise<string>,
): Promise<string> {
  let result = '';
  let end = 0;
  for (const match of text.matchAll(BLOCK)) {
    if (match[1] !== language) continue;
    result += `${text.slice(end, match.index)}\`\`\`${language}\n${await make(match[2]!)}\`\`\``;
    end = match.index + match[0].length;
  }
  return result + text.slice(end);
}

/** The words of a shell line: quotes hold spaces together, what follows a `#` or a pipe is not part of it. */
export function words(line: string): string[] {
  const found: string[] = [];
  for (const [part] of line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)) {
    if (part === '|' || part === '&&' || part.startsWith('#')) break;
    found.push(part.replaceAll(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double));
  }
  return found;
}

/** Words after `tierflow` of every command of ours in a shell block, whichever way the program is called. */
export function commands(block: string): string[][] {
  return block
    .replaceAll('\\\n', ' ')
    .split('\n')
    .flatMap((line) => {
      const match = /^\s*(?:- run: )?(?:npx tierflow|node dist\/cli\.js|tierflow) (.*)$/.exec(line);
      return match ? [words(match[1]!)] : [];
    });
}
