import { relative } from 'node:path';
import { InputError } from '../../input/errors.ts';
import { packageFolder } from '../../input/packageFiles.ts';
import { tierflow } from '../cli/harness.ts';
import { words } from './markdown.ts';

/**
 * A `console` block with what its commands print today. A line beginning with `$ ` is a command; what follows, up to the
 * next one, is its output. Understood are `tierflow …`, a final `| head -n N`, `| tail -n N` or `| grep TEXT`, and
 * `echo $?`.
 */
export async function runConsole(block: string): Promise<string> {
  let text = '';
  let code = 0;
  for (const line of block.split('\n').filter((candidate) => candidate.startsWith('$ '))) {
    text += `${line}\n`;
    if (line === '$ echo $?') {
      text += `${code}\n`;
      continue;
    }
    const [, program, rest] = /^\$ (\w+) (.*)$/.exec(line)!;
    if (program !== 'tierflow') throw new InputError({ code: 'bad_value', problem: `cannot run ${line}` });
    const said = await tierflow(...words(rest!));
    code = said.code;
    // Files of the package stand under its own folder, wherever that is from here.
    const home = packageFolder();
    const printed = [home, relative(process.cwd(), home)].reduce(
      (text, folder) => text.replaceAll(`${folder}/`, ''),
      `${said.out}${said.err}`,
    );
    const output = filtered(printed, / \| (\w+)(?: -n (\d+))?(?: '?([^']*)'?)?$/.exec(rest!));
    // A block may stand between other text, so trailing spaces and empty ends are dropped.
    text += `${output.replaceAll(/ +$/gm, '').replace(/\n+$/, '')}\n`;
  }
  return text;
}

function filtered(text: string, pipe: RegExpExecArray | null): string {
  if (pipe === null) return text;
  const lines = text.replace(/\n$/, '').split('\n');
  const [, tool, count, pattern] = pipe;
  if (tool === 'head') return lines.slice(0, Number(count)).join('\n');
  if (tool === 'tail') return lines.slice(-Number(count)).join('\n');
  if (tool === 'grep') return lines.filter((line) => line.includes(pattern!)).join('\n');
  throw new InputError({ code: 'bad_value', problem: `cannot run ${tool}` });
}
